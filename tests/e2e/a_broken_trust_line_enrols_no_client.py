"""A line of a trust file that cannot be parsed is reported by file and number, and has no other effect."""

import os
import unittest

from support.cases import FolderCase
from support.program import Server, wait_until
from support.trust import enrol, pin, trust


def write(state, name, text):
    path = os.path.join(state, name)
    with open(path + ".new", "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(text)
    os.rename(path + ".new", path)
    return path


class BrokenLines(FolderCase):
    def test_of_clients_at_the_start_and_while_the_server_runs(self):
        with Server() as server:
            own = pin(self.client)
            path = write(server.state, "clients", f"# mine\ndb1 {own} yesterday\n")
            result = server.fetch("--pin", pin(server.state), state=self.client)
            self.assertEqual(result.returncode, 5)
            # The line on the refused client may come first.
            lines = server.next_line() + server.next_line()
            self.assertIn(f"{path}:2 is not a valid entry", lines)
            self.assertIn(f"{path}:2 is not a valid entry",
                          trust(server.state, "clients").stderr.decode())
            server.stop()
            with Server(state=server.state) as again:
                self.assertIn(f"{path}:2 is not a valid entry", again.startup_lines[0])
                self.assertEqual(again.fetch("--pin", pin(server.state), state=self.client).returncode, 5)
                write(server.state, "clients", f"db1 {own} 2026-11-23T20:01:02.123Z\n")
                wait_until(lambda: again.fetch("--pin", pin(server.state), state=self.client).returncode == 0)

    def test_of_servers(self):
        with Server() as server:
            enrol(server, "db1", self.client)
            path = os.path.join(self.client, "servers")
            with open(path, encoding="utf-8") as file:
                text = file.read()
            write(self.client, "servers", text.replace("SHA256:", "SHA256;"))
            result = server.fetch(state=self.client)
            self.assertEqual(result.returncode, 4)
            self.assertIn(f"{path}:2 is not a valid entry", result.stderr.decode())


if __name__ == "__main__":
    unittest.main()
