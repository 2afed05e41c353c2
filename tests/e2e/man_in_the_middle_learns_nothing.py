"""A proxy with a TLS key of its own between two machines: the client notices before it sends anything."""

import os
import unittest

from support.cases import FolderCase
from support.man_in_the_middle import ManInTheMiddle
from support.program import Server, topnet, wait_until
from support.trust import clients, enrol, invite, pin, servers, trust

OLD = b"the last report\n"


class InTheMiddle(FolderCase):
    def setUp(self):
        super().setUp()
        self.file = self.path("report")
        with open(self.file, "wb") as file:
            file.write(OLD)

    def fetch(self, address, *args):
        return topnet("fetch", address, "--state-dir", self.client, "-o", self.file, *args)

    def stored(self):
        with open(self.file, "rb") as file:
            return file.read()

    def assert_stopped(self, result, proxy, *expected):
        """By the proxy's key, with nothing sent and nothing stored."""
        self.assert_fails(result, 4, proxy.pin, *expected)
        wait_until(lambda: proxy.outcomes)
        self.assertIn("no handshake", proxy.outcomes[0])
        self.assertEqual(proxy.seen, b"")
        self.assertEqual(self.stored(), OLD)

    def divert(self, proxy, server):
        """Puts the proxy's address in the place of the server's in the client's list of servers."""
        path = os.path.join(self.client, "servers")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.assertIn(server.address, text)
        new = path + ".new"
        with open(os.open(new, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            file.write(text.replace(server.address, proxy.address))
        os.rename(new, path)

    def test_in_front_of_a_known_server(self):
        with Server() as server, ManInTheMiddle(server.port) as proxy:
            enrol(server, "db1", self.client)
            learned = servers(self.client)[server.address]["since"]
            self.divert(proxy, server)
            self.assert_stopped(self.fetch(proxy.address), proxy, pin(server.state), learned,
                                "CHANGED", "topnet trust forget " + proxy.address)
            self.assertEqual(servers(self.client)[proxy.address]["pin"], pin(server.state))

    def test_in_front_of_a_server_that_is_known_at_another_address(self):
        with Server() as server, ManInTheMiddle(server.port) as proxy:
            enrol(server, "db1", self.client)
            self.assert_stopped(self.fetch(proxy.address), proxy, "not known here")
            self.assertEqual(list(servers(self.client)), [server.address])

    def test_in_front_of_a_server_with_a_pin_option(self):
        with Server() as server, ManInTheMiddle(server.port) as proxy:
            enrol(server, "db1", self.client)
            self.assert_stopped(self.fetch(proxy.address, "--pin", pin(server.state)), proxy, "--pin")

    def test_in_front_of_the_same_machine(self):
        with Server(state=self.client) as server, ManInTheMiddle(server.port) as proxy:
            self.assert_stopped(self.fetch(proxy.address), proxy, "not known here")

    def test_in_front_of_a_join(self):
        with Server() as server, ManInTheMiddle(server.port) as proxy:
            code = invite(server, "db1", host=proxy.address)
            self.assert_stopped(trust(self.client, "join", code), proxy, pin(server.state))
            self.assertEqual((clients(server.state), servers(self.client)), ({}, {}))
            self.assertEqual(server.status()["counters"]["accepted"], 0)

    def test_an_invite_with_the_proxys_pin_is_refused_by_the_server(self):
        """The client trusts the proxy and sends the secret; the server notices that it is for another server."""
        with Server() as server, ManInTheMiddle(server.port) as proxy:
            code = invite(server, "db1", host=proxy.address)
            changed = code.replace(pin(server.state).removeprefix("SHA256:"),
                                   proxy.pin.removeprefix("SHA256:"))
            self.assert_fails(trust(self.client, "join", changed), 5, "not for this server")
            self.assertEqual((clients(server.state), servers(self.client)), ({}, {}))

    def test_a_client_that_trusts_the_proxy_is_read(self):
        """The control: the proxy works, and reads what clients send."""
        with Server() as server, ManInTheMiddle(server.port) as proxy:
            enrol(server, "proxy", proxy.state)
            result = self.fetch(proxy.address, "--pin", proxy.pin)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertTrue(self.stored().startswith(b"# topnet report 1\n"))
            self.assertIn(b'"top":10', proxy.seen)



if __name__ == "__main__":
    unittest.main()
