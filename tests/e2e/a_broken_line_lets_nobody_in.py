"""A line of a trust file that cannot be understood is named by file and number, and counts for nothing."""

import os
import tempfile
import unittest

from support.program import Server, wait_until
from support.trust import enrol, pin, trust


class BrokenLines(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.client = os.path.join(folder.name, "client")

    def write(self, state, name, text):
        path = os.path.join(state, name)
        with open(path + ".new", "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(text)
        os.rename(path + ".new", path)
        return path

    def test_let_nobody_in_and_are_named(self):
        """by a server that starts, and by one that runs"""
        with Server() as server:
            own = pin(self.client)
            path = self.write(server.state, "clients", f"# mine\ndb1 {own} yesterday\n")
            result = server.fetch("--pin", pin(server.state), state=self.client)
            self.assertEqual(result.returncode, 5)
            self.assertIn(f"{path}:2 cannot be understood", server.next_line())
            self.assertIn(f"{path}:2 cannot be understood",
                          trust(server.state, "clients").stderr.decode())
            server.stop()
            with Server(state=server.state) as again:
                self.assertIn(f"{path}:2 cannot be understood", again.said[0])
                self.assertEqual(again.fetch("--pin", pin(server.state), state=self.client).returncode,
                                 5)
                self.write(server.state, "clients", f"db1 {own} 2026-11-23T20:01:02.123Z\n")
                wait_until(lambda: again.fetch("--pin", pin(server.state),
                                               state=self.client).returncode == 0)

    def test_of_servers(self):
        with Server() as server:
            enrol(server, "db1", self.client)
            path = os.path.join(self.client, "servers")
            with open(path, encoding="utf-8") as file:
                text = file.read()
            self.write(self.client, "servers", text.replace("SHA256:", "SHA256;"))
            result = server.fetch(state=self.client)
            self.assertEqual(result.returncode, 4)
            self.assertIn(f"{path}:2 cannot be understood", result.stderr.decode())


if __name__ == "__main__":
    unittest.main()
