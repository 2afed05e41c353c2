"""A client's name is the one that it was enrolled under: no other name that it sends has an effect."""

import os
import subprocess
import unittest

from support.cases import FolderCase
from support.independent_client import ACK, END, ERROR, JOINED, REQUEST, Client, tls_context
from support.program import Server, wait_until
from support.trust import clients, enrol, invite, pin, secret_of, states

NAMES = {"name": "web01", "client": "web01", "as": "local", "host": "web01", "NAME": "web01",
         "learned_pin": "SHA256:" + "A" * 43}
QUERY = {"top": 1, "sort": "cpu", "format": "text", "delay": None, "hold": 300}
UNUSED_SECRET = "0123456789abcdef" * 2


class Names(FolderCase):
    def setUp(self):
        super().setUp()
        self.web01, self.db1 = self.path("web01"), self.path("db1")

    def certificate(self, name, key):
        """A TLS context with a certificate of `key` for the name `name`."""
        path = self.path("claim.crt")
        subprocess.run(["openssl", "req", "-x509", "-new", "-key", key, "-out", path, "-days", "1",
                        "-subj", f"/O={name}/CN={name}", "-addext", f"subjectAltName=DNS:{name}"],
                       check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
        context = tls_context()
        context.load_cert_chain(path, key)
        return context

    def assert_is_db1(self, server, client):
        """An exchange of this client is shown and logged as db1's, and as no other client's."""
        client.send(REQUEST, QUERY | {"client": "web01", "name": "web01", "host": "web01"})
        while client.read()[0] != END:
            pass
        answer = client.send_client_report(host="web01", client="web01", user="web01", learned_pin=None)[1]
        self.assertEqual(answer[0], ACK)
        wait_until(lambda: states(server) == {"db1": ["idle"]})
        document = server.status()
        self.assertEqual((document["reports"][0]["client"], document["reports"][0]["host"]),
                         ("db1", "web01"))
        line = server.next_line()
        while " has joined as " in line:
            line = server.next_line()
        self.assertTrue(line.startswith("topnet: db1 127.0.0.1:"), line)

    def test_in_a_request_and_in_a_client_report(self):
        with Server() as server:
            enrol(server, "web01", self.web01)
            enrol(server, "db1", self.db1)
            client = Client(server.port, self.db1)
            self.assert_is_db1(server, client)
            client.close()

    def test_in_a_certificate(self):
        """A certificate with db1's key and another name counts as db1 if db1 is enrolled, and else as unknown."""
        with Server() as server:
            enrol(server, "web01", self.web01)
            pin(self.db1)
            claims = [self.certificate(name, os.path.join(self.db1, "identity.key")) for name in ("web01", "local")]
            for claim in claims:
                client = Client(server.port, context=claim)
                client.send(REQUEST, QUERY)
                self.assertEqual(client.read()[1]["code"], "not_enrolled")
                client.close()
            enrol(server, "db1", self.db1)
            while "joined as db1" not in server.next_line():
                pass
            for claim in claims:
                client = Client(server.port, context=claim)
                self.assert_is_db1(server, client)
                client.close()

    def test_in_a_join(self):
        """The first one, a repetition by the enrolled client, and those with the secret of another invite or of none."""
        with Server() as server:
            enrol(server, "web01", self.web01)
            code = invite(server, "db1")
            pin(self.db1)
            client = Client(server.port, self.db1)
            for secret in (secret_of(code), secret_of(code), secret_of(invite(server, "db2")), UNUSED_SECRET):
                self.assertEqual(client.join(secret, **NAMES), (JOINED, {"name": "db1"}))
            self.assert_is_db1(server, client)
            client.close()
            self.assertEqual({name: entry["pin"] for name, entry in clients(server.state).items()},
                             {"web01": pin(self.web01), "db1": pin(self.db1)})


if __name__ == "__main__":
    unittest.main()
