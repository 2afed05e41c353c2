"""Between two machines sits a proxy with a TLS key of its own: it is noticed before anything is sent."""

import os
import tempfile
import unittest

from support.man_in_the_middle import ManInTheMiddle
from support.program import Server, topnet, wait_until
from support.trust import clients, done, enrol, invite, pin, servers, trust

OLD = b"the last report\n"


class InTheMiddle(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.client = os.path.join(folder.name, "client")
        self.file = os.path.join(folder.name, "report")
        with open(self.file, "wb") as file:
            file.write(OLD)

    def fetch(self, address, *words):
        return topnet("fetch", address, "--state-dir", self.client, "-o", self.file, *words)

    def stored(self):
        with open(self.file, "rb") as file:
            return file.read()

    def assert_stopped(self, result, proxy, *said):
        """By a key that is not trusted, with nothing sent and nothing stored."""
        message = result.stderr.decode()
        self.assertEqual((result.returncode, result.stdout, message.count("\n")), (4, b"", 1),
                         message)
        for words in (proxy.pin, *said):
            self.assertIn(words, message)
        wait_until(lambda: proxy.outcomes)
        self.assertIn("no handshake", proxy.outcomes[0])
        self.assertEqual(proxy.seen, b"")
        self.assertEqual(self.stored(), OLD)

    def divert(self, proxy, server):
        """From now on, the client reaches the proxy where it has reached the server."""
        path = os.path.join(self.client, "servers")
        with open(path, encoding="utf-8") as file:
            text = file.read()
        self.assertIn(server.address, text)
        new = path + ".new"
        with open(os.open(new, os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            file.write(text.replace(server.address, proxy.address))
        os.rename(new, path)

    def test_on_the_way_to_a_server_that_is_known(self):
        with Server() as server, ManInTheMiddle(server.port) as proxy:
            enrol(server, "db1", self.client)
            learned = servers(self.client)[server.address]["since"]
            self.divert(proxy, server)
            self.assert_stopped(self.fetch(proxy.address), proxy, pin(server.state), learned,
                                "CHANGED", "topnet trust forget " + proxy.address)
            self.assertEqual(servers(self.client)[proxy.address]["pin"], pin(server.state))

    def test_on_the_way_to_a_server_that_is_known_elsewhere(self):
        with Server() as server, ManInTheMiddle(server.port) as proxy:
            enrol(server, "db1", self.client)
            self.assert_stopped(self.fetch(proxy.address), proxy, "not known here")
            self.assertEqual(list(servers(self.client)), [server.address])

    def test_on_the_way_to_the_key_of_the_command_line(self):
        with Server() as server, ManInTheMiddle(server.port) as proxy:
            enrol(server, "db1", self.client)
            self.assert_stopped(self.fetch(proxy.address, "--pin", pin(server.state)), proxy, "--pin")

    def test_on_the_way_to_ourselves(self):
        with Server(state=self.client) as server, ManInTheMiddle(server.port) as proxy:
            self.assert_stopped(self.fetch(proxy.address), proxy, "not known here")

    def test_on_the_way_of_a_join(self):
        with Server() as server, ManInTheMiddle(server.port) as proxy:
            code = invite(server, "db1", host=proxy.address)
            self.assert_stopped(trust(self.client, "join", code), proxy, pin(server.state))
            self.assertEqual((clients(server.state), servers(self.client)), ({}, {}))
            self.assertEqual(server.status()["counters"]["accepted"], 0)

    def test_an_invite_that_it_has_changed_is_refused_by_the_server(self):
        """The client is told the proxy's pin, and so hands the secret over; the server notices."""
        with Server() as server, ManInTheMiddle(server.port) as proxy:
            code = invite(server, "db1", host=proxy.address)
            changed = code.replace(pin(server.state).removeprefix("SHA256:"),
                                   proxy.pin.removeprefix("SHA256:"))
            result = trust(self.client, "join", changed)
            self.assertEqual(result.returncode, 5)
            self.assertIn(b"not for this server", result.stderr)
            self.assertEqual((clients(server.state), servers(self.client)), ({}, {}))

    def test_who_trusts_it_is_read(self):
        """The control: it is a whole proxy, and what it is sent is seen."""
        with Server() as server, ManInTheMiddle(server.port) as proxy:
            enrol(server, "proxy", proxy.state)
            result = self.fetch(proxy.address, "--pin", proxy.pin)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertTrue(self.stored().startswith(b"# topnet report 1\n"))
            self.assertIn(b'"top":10', proxy.seen)

    def test_without_it_the_same_fetch_is_served(self):
        with Server() as server:
            enrol(server, "db1", self.client)
            done(self.fetch(server.address))
            self.assertTrue(self.stored().startswith(b"# topnet report 1\n"))


if __name__ == "__main__":
    unittest.main()
