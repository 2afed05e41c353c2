"""`topnet trust revoke` disconnects a client of a running server at once, in every state, and no other client."""

import os
import unittest

from support.cases import FolderCase
from support.independent_client import ACK, ERROR, Client
from support.program import Server, wait_until
from support.status import CounterCheck
from support.trust import Holder, clients, done, enrol, invite, pin, secret_of, states, trust

REVOKED = "this client's enrolment has been revoked; ask the server's user for a new invite"


class Revoked(FolderCase):
    def revoke(self, server, name="db1"):
        self.assertEqual(done(trust(server.state, "revoke", name)), "")

    def assert_counters(self, server, **outcomes):
        counters = wait_until(lambda: (found := server.status()["counters"])["active"] == 0 and found)
        self.assertEqual({name: count for name, count in counters.items() if count},
                         outcomes | {"accepted": sum(outcomes.values())})

    def assert_fetch_is_refused(self, server, state):
        self.assert_fails(server.fetch("--pin", pin(server.state), state=state), 5)

    def test_in_its_hold(self):
        """Its exchange is complete: it is told, and exits with 0."""
        with Server() as server, CounterCheck(server):
            enrol(server, "db1", self.client)
            with Holder(server, self.client) as holder:
                wait_until(lambda: states(server).get("db1") == ["idle"])
                self.revoke(server)
                status, lines = holder.end()
            self.assertEqual(status, 0)
            self.assertEqual(lines[1:], ["topnet: the hold ended early: " + REVOKED])
            self.assert_fetch_is_refused(server, self.client)
            self.assert_counters(server, completed=1, refused_auth=2)

    def test_before_its_request(self):
        with Server() as server, CounterCheck(server):
            enrol(server, "db1", self.client)
            client = Client(server.port, self.client)
            wait_until(lambda: states(server).get("db1") == ["waiting"])
            self.revoke(server)
            self.assertEqual(client.read(), (ERROR, {"code": "not_enrolled", "message": REVOKED}))
            self.assertEqual(client.connection.recv(1), b"")
            client.close()
            self.assert_counters(server, completed=1, refused_auth=1)

    def test_before_its_client_report(self):
        with Server() as server, CounterCheck(server):
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
        """It gets no report, and is disconnected before the window ends."""
        with Server() as server, CounterCheck(server):
            enrol(server, "db1", self.client)
            with Holder(server, self.client, "--delay", "3000") as client:
                wait_until(lambda: states(server).get("db1") == ["reporting"])
                self.revoke(server)
                status, lines = client.end()
            self.assertEqual((status, len(lines)), (5, 1), lines)
            self.assertIn(REVOKED, lines[0])
            self.assert_counters(server, completed=1, refused_auth=1)

    def test_while_the_server_shuts_down(self):
        """Only enrolled clients may complete their exchange."""
        with Server() as server:
            enrol(server, "db1", self.client)
            with Holder(server, self.client, "--delay", "5") as client:
                wait_until(lambda: states(server).get("db1") == ["reporting"])
                server.process.terminate()
                self.revoke(server)
                status, lines = client.end()
            self.assertEqual((status, len(lines)), (5, 1), lines)
            self.assertIn(REVOKED, lines[0])
            self.assertEqual(server.process.wait(timeout=30), 0)

    def test_others_notice_nothing(self):
        with Server() as server, CounterCheck(server):
            for name in ("db1", "db2"):
                enrol(server, name, self.path(name))
            other = Client(server.port, self.path("db2"))
            other.fetch(hold=300)
            self.assertEqual(other.send_client_report()[1][0], ACK)  # its connection holds
            with Holder(server, self.path("db1")) as first, \
                    Holder(server, self.path("db2")) as second, \
                    Holder(server, server.state) as local:
                wait_until(lambda: states(server) == {"db1": ["idle"], "db2": ["idle"] * 2,
                                                      "local": ["idle"]})
                self.revoke(server)
                self.assertEqual(first.end()[0], 0)
                wait_until(lambda: states(server) == {"db2": ["idle"] * 2, "local": ["idle"]})
                self.assertTrue(second.is_running() and local.is_running())
                other.fetch()
                self.assertEqual(other.send_client_report()[1][0], ACK)
                other.close()

    def test_several_connections_of_one_client(self):
        with Server() as server, CounterCheck(server):
            enrol(server, "db1", self.client)
            held = [Client(server.port, self.client) for _ in range(5)]
            wait_until(lambda: states(server).get("db1") == ["waiting"] * 5)
            self.revoke(server)
            for client in held:
                self.assertEqual(client.read()[1]["code"], "not_enrolled")
                client.close()
            self.assert_counters(server, completed=1, refused_auth=5)

    def test_one_that_has_joined_on_the_same_connection(self):
        with Server() as server, CounterCheck(server):
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
            self.replace(server, "# empty\n", 0o600)
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

    def test_a_file_that_others_can_read_admits_no_client_and_disconnects_none(self):
        with Server() as server:
            enrol(server, "db1", self.client)
            enrol(server, "db2", self.path("db2"))
            with open(os.path.join(server.state, "clients"), encoding="utf-8") as file:
                text = file.read()
            with Holder(server, server.state), Holder(server, self.path("db2")):
                wait_until(lambda: states(server) == {"local": ["idle"], "db2": ["idle"]})
                path = self.replace(server, text, 0o644)
                for _ in range(10):
                    self.assertNotEqual(server.fetch(state=self.client).returncode, 0)
                    self.assertEqual(server.fetch().returncode, 0)
                os.chmod(path, 0o600)
                wait_until(lambda: server.fetch(state=self.client).returncode == 0)
                self.assertIn("local", states(server))

    def test_a_line_that_is_removed_while_others_can_read_the_file(self):
        """The change counts as soon as the mode is corrected."""
        with Server() as server:
            enrol(server, "db1", self.client)
            with Holder(server, self.client) as holder:
                wait_until(lambda: states(server) == {"db1": ["idle"]})
                path = self.replace(server, "# empty\n", 0o644)
                while path not in server.next_line():
                    pass  # lines about the client's join and fetch
                self.assertTrue(holder.is_running())
                os.chmod(path, 0o600)
                status, lines = holder.end()
            self.assertEqual((status, lines[1:]), (0, ["topnet: the hold ended early: " + REVOKED]))

    def test_it_stays_out(self):
        """The invite that it has used does not admit it again."""
        with Server() as server:
            code = invite(server, "db1")
            done(trust(self.client, "join", code))
            self.revoke(server, "db1")
            self.assertEqual(trust(self.client, "join", code).returncode, 5)
            self.assertEqual(clients(server.state), {})
            self.assert_fetch_is_refused(server, self.client)

    def test_an_unknown_name(self):
        with Server() as server:
            enrol(server, "db1", self.client)
            for name in ("db2", "local", "DB1", "*"):
                self.assert_fails(trust(server.state, "revoke", name), 1, f"there is no client '{name}'")
            self.assertEqual(list(clients(server.state)), ["db1"])

    def test_while_no_server_runs(self):
        """It can be invited again."""
        with Server() as server:
            enrol(server, "db1", self.client)
            server.stop()
            self.revoke(server)
            with Server("--listen", server.address, state=server.state):
                self.assert_fetch_is_refused(server, self.client)
                enrol(server, "db1", self.client)
                self.assertEqual(server.fetch(state=self.client).returncode, 0)


if __name__ == "__main__":
    unittest.main()
