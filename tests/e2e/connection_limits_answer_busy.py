"""A client that finds no free slot is told so at once, and gets one as soon as another client leaves."""

import os
import resource
import shutil
import tempfile
import unittest

from support.cases import FolderCase
from support.independent_client import ERROR, Client
from support.program import Server, topnet, wait_until
from support.status import CounterCheck
from support.trust import enrol, invite, pin, secret_of

BUSY = (ERROR, {"code": "busy", "message": "too many clients; try again later"})


class Slots(FolderCase):
    def hold(self, server, state, count):
        """Connections with the key of `state`, each of which has a slot."""
        before = self.waiting(server)
        clients = [Client(server.port, state) for _ in range(count)]
        wait_until(lambda: self.waiting(server) == before + count)
        return clients

    def waiting(self, server):
        return [each["state"] for each in server.status()["connections"]].count("waiting")

    def close(self, clients):
        for client in clients:
            client.close()

    def assert_busy(self, server, state):
        client = Client(server.port, state)
        self.assertEqual(client.read(), BUSY)
        client.close()

    def test_no_key_has_more_than_a_quarter(self):
        with Server("--max-clients", "8") as server, CounterCheck(server):
            for name in ("db1", "db2"):
                enrol(server, name, self.path(name))
            first = self.hold(server, self.path("db1"), 2)
            self.assert_busy(server, self.path("db1"))
            result = server.fetch(state=self.path("db1"))
            self.assertEqual((result.returncode, result.stdout), (5, b""))
            # Other clients have slots of their own.
            second = self.hold(server, self.path("db2"), 2)
            first.pop().close()
            wait_until(lambda: server.fetch(state=self.path("db1")).returncode == 0)
            self.close(first + second)

    def test_the_servers_own_key_may_have_all_of_them(self):
        with Server("--max-clients", "8") as server, CounterCheck(server):
            enrol(server, "db1", self.path("db1"))
            held = self.hold(server, server.state, 8)
            self.assert_busy(server, server.state)
            self.assert_busy(server, self.path("db1"))
            held.pop().close()
            wait_until(lambda: server.fetch(state=self.path("db1")).returncode == 0)
            self.close(held)

    def test_a_join_that_finds_no_slot_does_not_use_up_its_invite(self):
        with Server("--max-clients", "1") as server, CounterCheck(server):
            held = self.hold(server, server.state, 1)
            secret = secret_of(invite(server, "db1"))
            pin(self.path("db1"))
            client = Client(server.port, self.path("db1"))
            self.assertEqual(client.join(secret), BUSY)
            client.close()
            self.close(held)
            wait_until(lambda: server.status()["counters"]["active"] == 0)
            client = Client(server.port, self.path("db1"))
            client.join(secret)
            # The client that has joined has the slot.
            self.assert_busy(server, server.state)
            client.close()
            wait_until(lambda: server.status()["counters"]["refused_busy"] == 2)

    def test_without_tls_there_is_no_key_and_no_quarter(self):
        with Server("--no-tls", "--max-clients", "4") as server:
            held = self.hold(server, None, 4)
            self.assert_busy(server, None)
            self.close(held)


class Descriptors(unittest.TestCase):
    def limited(self, soft, hard):
        if not shutil.which("prlimit"):
            self.skipTest("prlimit is not installed")
        return ("prlimit", f"--nofile={soft}:{hard}")

    def test_the_soft_limit_is_raised(self):
        with Server(wrapper=self.limited(64, 1000)) as server:
            soft, hard = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
            self.assertEqual((soft, hard), (1000, 1000))

    def test_a_low_limit_lowers_max_clients(self):
        with Server(wrapper=self.limited(812, 812)) as server:
            self.assertEqual(server.startup_lines[0],
                             "topnet: reduced --max-clients from 1024 to 44, because the limit on open files is 812; "
                             "raise that limit (ulimit -Hn) to serve more clients")
            held = [Client(server.port, server.state) for _ in range(44)]
            wait_until(lambda: len(server.status()["connections"]) == 44)
            client = Client(server.port, server.state)
            self.assertEqual(client.read(), BUSY)
            client.close()
            for each in held:
                each.close()

    def test_too_low_a_limit_is_an_error(self):
        with tempfile.TemporaryDirectory() as folder:
            result = topnet("serve", "--state-dir", os.path.join(folder, "state"),
                            "--listen", "127.0.0.1:0", "--http", "off",
                            wrapper=self.limited(700, 700))
        self.assertEqual((result.returncode, result.stdout, result.stderr.count(b"\n")), (1, b"", 1))
        self.assertIn(b"a limit of 700 open files; raise the limit (ulimit -Hn) above 768", result.stderr)


if __name__ == "__main__":
    unittest.main()
