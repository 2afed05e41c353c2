"""A client's name is the one that the server's user gave it: nothing that a client sends is another."""

import os
import subprocess
import tempfile
import unittest

from support.independent_client import ACK, ERROR, JOINED, REQUEST, Client, tls_context
from support.program import Server, wait_until
from support.trust import clients, enrol, invite, pin, secret_of, states

NAMES = {"name": "web01", "client": "web01", "as": "local", "host": "web01", "NAME": "web01",
         "learned_pin": "SHA256:" + "A" * 43}
ASKED = {"top": 1, "sort": "cpu", "format": "text", "delay": None, "hold": 300}
MADE_UP = "0123456789abcdef" * 2


class Names(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.web01, self.db1 = self.state("web01"), self.state("db1")

    def state(self, name):
        return os.path.join(self.folder, name)

    def certificate(self, name, key):
        """A context with a certificate of `key` that says that it is `name`'s."""
        path = os.path.join(self.folder, "claim.crt")
        subprocess.run(["openssl", "req", "-x509", "-new", "-key", key, "-out", path, "-days", "1",
                        "-subj", f"/O={name}/CN={name}", "-addext", f"subjectAltName=DNS:{name}"],
                       check=True, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
        context = tls_context()
        context.load_cert_chain(path, key)
        return context

    def assert_is_db1(self, server, client):
        """An exchange of this client is shown and said as db1's, and as nobody else's."""
        client.send(REQUEST, ASKED | {"client": "web01", "name": "web01", "host": "web01"})
        while client.read()[0] != 3:
            pass
        answer = client.send_top(host="web01", client="web01", user="web01", learned_pin=None)[1]
        self.assertEqual(answer[0], ACK)
        wait_until(lambda: states(server) == {"db1": ["idle"]})
        document = server.status()
        self.assertEqual((document["reports"][0]["client"], document["reports"][0]["host"]),
                         ("db1", "web01"))
        line = server.next_line()
        while " has joined as " in line:
            line = server.next_line()
        self.assertTrue(line.startswith("topnet: db1 127.0.0.1:"), line)

    def test_in_a_request_and_in_a_top(self):
        with Server() as server:
            enrol(server, "web01", self.web01)
            enrol(server, "db1", self.db1)
            client = Client(server.port, self.db1)
            self.assert_is_db1(server, client)
            client.close()

    def test_in_a_certificate(self):
        """whose key is that of db1, and which says that it is another's"""
        with Server() as server:
            enrol(server, "web01", self.web01)
            enrol(server, "db1", self.db1)
            for name in ("web01", "local"):
                claim = self.certificate(name, os.path.join(self.db1, "identity.key"))
                client = Client(server.port, context=claim)
                self.assert_is_db1(server, client)
                client.close()

    def test_in_the_certificate_of_a_stranger(self):
        with Server() as server:
            enrol(server, "web01", self.web01)
            pin(self.db1)
            for name in ("web01", "local"):
                claim = self.certificate(name, os.path.join(self.db1, "identity.key"))
                client = Client(server.port, context=claim)
                client.send(REQUEST, ASKED)
                self.assertEqual(client.read()[1]["code"], "not_enrolled")
                client.close()

    def test_in_a_join(self):
        with Server() as server:
            pin(self.db1)
            client = Client(server.port, self.db1)
            answer = client.join(secret_of(invite(server, "db1")), **NAMES)
            self.assertEqual(answer, (JOINED, {"name": "db1"}))
            self.assert_is_db1(server, client)
            client.close()
            self.assertEqual(list(clients(server.state)), ["db1"])

    def test_in_a_join_of_one_that_is_enrolled(self):
        """by its own invite once more, and by none"""
        with Server() as server:
            enrol(server, "web01", self.web01)
            code = invite(server, "db1")
            pin(self.db1)
            client = Client(server.port, self.db1)
            for _ in range(3):
                self.assertEqual(client.join(secret_of(code), **NAMES), (JOINED, {"name": "db1"}))
            self.assert_is_db1(server, client)
            kind, answer = client.join(MADE_UP, **NAMES)
            self.assertEqual((kind, answer["code"]), (ERROR, "join_refused"))
            client.close()
            self.assertEqual({name: entry["pin"] for name, entry in clients(server.state).items()},
                             {"web01": pin(self.web01), "db1": pin(self.db1)})

if __name__ == "__main__":
    unittest.main()
