"""`topnet trust revoke` works at once on a server that runs, on whatever the client is doing; and on
nobody else."""

import os
import tempfile
import unittest

from support.independent_client import ACK, ERROR, Client
from support.program import Server, wait_until
from support.status import Watch
from support.trust import Holder, clients, done, enrol, invite, pin, secret_of, states, trust

REVOKED = "this client's enrolment has been revoked"


class Revoked(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.client = self.state("client")

    def state(self, name):
        return os.path.join(self.folder, name)

    def revoke(self, server, name="db1"):
        self.assertEqual(done(trust(server.state, "revoke", name)), "")

    def assert_counters(self, server, **outcomes):
        counters = wait_until(lambda: (found := server.status()["counters"])["active"] == 0 and found)
        self.assertEqual({name: count for name, count in counters.items() if count},
                         outcomes | {"accepted": sum(outcomes.values())})

    def assert_refused(self, server, state):
        result = server.fetch("--pin", pin(server.state), state=state)
        self.assertEqual((result.returncode, result.stdout), (5, b""))
        self.assertEqual(result.stderr.count(b"\n"), 1)

    def test_in_its_hold(self):
        """its exchange is complete: it is told, and ends well"""
        with Server() as server, Watch(server):
            enrol(server, "db1", self.client)
            with Holder(server, self.client) as holder:
                wait_until(lambda: states(server).get("db1") == ["idle"])
                self.revoke(server)
                status, said = holder.end()
            self.assertEqual(status, 0)
            self.assertEqual(said[1:], ["topnet: the server ended the hold: " + REVOKED])
            self.assert_refused(server, self.client)
            self.assert_counters(server, completed=1, refused_auth=2)

    def test_before_its_request(self):
        with Server() as server, Watch(server):
            enrol(server, "db1", self.client)
            client = Client(server.port, self.client)
            wait_until(lambda: states(server).get("db1") == ["waiting"])
            self.revoke(server)
            self.assertEqual(client.read(), (ERROR, {"code": "not_enrolled", "message": REVOKED}))
            self.assertEqual(client.connection.recv(1), b"")
            client.close()
            self.assert_counters(server, completed=1, refused_auth=1)

    def test_before_its_top(self):
        with Server() as server, Watch(server):
            enrol(server, "db1", self.client)
            client = Client(server.port, self.client)
            client.fetch()
            wait_until(lambda: states(server).get("db1") == ["receiving"])
            self.revoke(server)
            self.assertEqual(client.read(), (ERROR, {"code": "not_enrolled", "message": REVOKED}))
            client.close()
            self.assert_counters(server, completed=1, refused_auth=1)
            self.assertEqual(server.status()["reports"], [])

    def test_in_the_window_of_its_report(self):
        """it gets no report, and does not keep its connection until the window is over"""
        with Server() as server, Watch(server):
            enrol(server, "db1", self.client)
            with Holder(server, self.client, "--delay", "3000") as client:
                wait_until(lambda: states(server).get("db1") == ["reporting"])
                self.revoke(server)
                status, said = client.end()
            self.assertEqual((status, len(said)), (5, 1), said)
            self.assertIn(REVOKED, said[0])
            self.assert_counters(server, completed=1, refused_auth=1)

    def test_while_the_server_ends(self):
        """an exchange that may still end is not that of a client who is revoked"""
        with Server() as server:
            enrol(server, "db1", self.client)
            with Holder(server, self.client, "--delay", "5") as client:
                wait_until(lambda: states(server).get("db1") == ["reporting"])
                server.process.terminate()
                self.revoke(server)
                status, said = client.end()
            self.assertEqual((status, len(said)), (5, 1), said)
            self.assertIn(REVOKED, said[0])
            self.assertEqual(server.process.wait(timeout=30), 0)

    def test_others_notice_nothing(self):
        with Server() as server, Watch(server):
            for name in ("db1", "db2"):
                enrol(server, name, self.state(name))
            other = Client(server.port, self.state("db2"))
            other.fetch(hold=300)
            self.assertEqual(other.send_top()[1][0], ACK)
            with Holder(server, self.state("db1")) as first, \
                    Holder(server, self.state("db2")) as second, \
                    Holder(server, server.state) as local:
                wait_until(lambda: states(server) == {"db1": ["idle"], "db2": ["idle"] * 2,
                                                      "local": ["idle"]})
                self.revoke(server)
                self.assertEqual(first.end()[0], 0)
                wait_until(lambda: states(server) == {"db2": ["idle"] * 2, "local": ["idle"]})
                self.assertTrue(second.is_running() and local.is_running())
                other.fetch()
                self.assertEqual(other.send_top()[1][0], ACK)
                other.close()

    def test_several_connections_of_one_client(self):
        with Server() as server, Watch(server):
            enrol(server, "db1", self.client)
            held = [Client(server.port, self.client) for _ in range(5)]
            wait_until(lambda: states(server).get("db1") == ["waiting"] * 5)
            self.revoke(server)
            for client in held:
                self.assertEqual(client.read()[1]["code"], "not_enrolled")
                client.close()
            self.assert_counters(server, completed=1, refused_auth=5)

    def test_one_that_has_joined_on_the_same_connection(self):
        with Server() as server, Watch(server):
            pin(self.client)
            client = Client(server.port, self.client)
            client.join(secret_of(invite(server, "db1")))
            self.revoke(server)
            self.assertEqual(client.read()[1]["code"], "not_enrolled")
            client.close()
            self.assert_counters(server, refused_auth=1)

    def test_a_line_that_is_removed_by_hand(self):
        with Server() as server:
            enrol(server, "db1", self.client)
            client = Client(server.port, self.client)
            wait_until(lambda: states(server).get("db1") == ["waiting"])
            self.replace(server, "# nobody\n", 0o600)
            self.assertEqual(client.read()[1]["code"], "not_enrolled")
            client.close()

    def replace(self, server, text, mode):
        """Replaces the server's list of clients by hand; returns its path."""
        path = os.path.join(server.state, "clients")
        with open(path + ".new", "w", encoding="utf-8") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
        os.rename(path + ".new", path)
        return path

    def test_a_file_that_cannot_be_read_lets_nobody_in_and_ends_nothing(self):
        with Server() as server:
            enrol(server, "db1", self.client)
            enrol(server, "db2", self.state("db2"))
            with open(os.path.join(server.state, "clients"), encoding="utf-8") as file:
                text = file.read()
            with Holder(server, server.state), Holder(server, self.state("db2")):
                wait_until(lambda: states(server) == {"local": ["idle"], "db2": ["idle"]})
                path = self.replace(server, text, 0o644)
                for _ in range(10):
                    self.assertNotEqual(server.fetch(state=self.client).returncode, 0)
                    self.assertEqual(server.fetch().returncode, 0)
                os.chmod(path, 0o600)
                wait_until(lambda: server.fetch(state=self.client).returncode == 0)
                self.assertIn("local", states(server))

    def test_a_line_that_is_removed_while_the_file_cannot_be_read(self):
        """it counts as soon as the file can be"""
        with Server() as server:
            enrol(server, "db1", self.client)
            with Holder(server, self.client) as holder:
                wait_until(lambda: states(server) == {"db1": ["idle"]})
                path = self.replace(server, "# nobody\n", 0o644)
                while path not in server.next_line():
                    pass  # That it has joined, and has fetched.
                self.assertTrue(holder.is_running())
                os.chmod(path, 0o600)
                status, said = holder.end()
            self.assertEqual((status, said[1:]), (0, ["topnet: the server ended the hold: " + REVOKED]))

    def test_it_stays_out(self):
        """by an invite of before it cannot come back, whichever name that was for"""
        with Server() as server:
            first = invite(server, "db1")
            done(trust(self.client, "join", first))
            second = invite(server, "db2")
            done(trust(self.client, "join", second))
            self.assertEqual(list(clients(server.state)), ["db2"])
            self.revoke(server, "db2")
            for code in (first, second):
                self.assertEqual(trust(self.client, "join", code).returncode, 5)
            self.assertEqual(clients(server.state), {})
            self.assert_refused(server, self.client)

    def test_it_can_be_invited_again(self):
        with Server() as server:
            enrol(server, "db1", self.client)
            self.revoke(server)
            self.assert_refused(server, self.client)
            enrol(server, "db1", self.client)
            self.assertEqual(server.fetch(state=self.client).returncode, 0)

    def test_nobody(self):
        with Server() as server:
            enrol(server, "db1", self.client)
            for name in ("db2", "local", "DB1", "*"):
                result = trust(server.state, "revoke", name)
                self.assertEqual((result.returncode, result.stdout, result.stderr.count(b"\n")),
                                 (1, b"", 1))
                self.assertIn(f"there is no client '{name}'", result.stderr.decode())
            self.assertEqual(list(clients(server.state)), ["db1"])

    def test_without_a_server_that_runs(self):
        with Server() as server:
            enrol(server, "db1", self.client)
            server.stop()
            self.revoke(server)
            with Server("--listen", server.address, state=server.state):
                self.assert_refused(server, self.client)


if __name__ == "__main__":
    unittest.main()
