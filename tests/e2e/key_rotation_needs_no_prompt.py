"""`topnet trust rotate`: clients learn the next key over connections that they trust, without a prompt."""

import os
import shutil
import threading
import unittest

from support.cases import FolderCase
from support.independent_client import ACK, Client, tls_context
from support.program import Server, topnet, wait_until
from support.trust import Holder, clients, done, enrol, invite, pin, servers, states, trust


class Rotation(FolderCase):
    def setUp(self):
        super().setUp()
        self.learned, self.late = self.path("learned"), self.path("late")

    def with_the_key_of(self, server):
        """A state directory with the key that the server has now."""
        state = self.path("before")
        os.mkdir(state, 0o700)
        for name in ("identity.key", "identity.crt"):
            shutil.copy(os.path.join(server.state, name), state)
        return state

    def enrol_both(self, server):
        enrol(server, "learned", self.learned)
        enrol(server, "late", self.late)

    def announce(self, server):
        """Announces the next key; returns its pin."""
        return done(trust(server.state, "rotate")).strip()

    def commit(self, server, *args):
        return trust(server.state, "rotate", "--commit", *args)

    def shown(self, server):
        """The pin that the server shows to a new connection."""
        client = Client(server.port, context=tls_context())
        client.connection.close()  # the server has refused the client already
        return client.pin

    def test_a_client_that_learned_the_key_and_one_that_did_not(self):
        with Server() as server:
            self.enrol_both(server)
            old = pin(server.state)
            new = self.announce(server)
            self.assertNotEqual(new, old)
            self.assertEqual(self.announce(server), new, "there is one next key")
            self.assertEqual((pin(server.state), self.shown(server)), (old, old))

            self.assertEqual(server.fetch(state=self.learned).returncode, 0)
            self.assertEqual(servers(self.learned)[server.address]["next_pin"], new)
            self.assertIsNone(servers(self.late)[server.address]["next_pin"])
            self.assertEqual({name: entry["learned_pin"] for name, entry in
                              clients(server.state).items()}, {"learned": new, "late": None})
            table = done(trust(server.state, "clients"))
            self.assertEqual(table.count(new), 1)
            self.assertIn(new, done(trust(self.learned, "servers")))

            refused = self.commit(server)
            self.assert_fails(refused, 1, "--force")
            self.assertRegex(refused.stderr, b"[^a-z]late[^a-z]")
            self.assertNotIn(b": learned", refused.stderr)
            self.assertEqual((pin(server.state), self.shown(server)), (old, old))

            with Holder(server, self.learned) as holder:
                wait_until(lambda: states(server).get("learned") == ["idle"])
                self.assertEqual(done(self.commit(server, "--force")).strip(), new)
                self.assertEqual(pin(server.state), new)
                wait_until(lambda: self.shown(server) == new)
                self.assertTrue(holder.is_running(), "its connection stays")
                self.assertEqual(states(server).get("learned"), ["idle"])

                for _ in range(2):
                    self.assertEqual(server.fetch(state=self.learned).returncode, 0)
                self.assertEqual(servers(self.learned)[server.address]["pin"], new)
                self.assertIsNone(servers(self.learned)[server.address]["next_pin"])
                refused = server.fetch(state=self.late)
                self.assertEqual((refused.returncode, refused.stdout), (4, b""))
                for args in (old, new, "CHANGED"):
                    self.assertIn(args, refused.stderr.decode())
            server.stop()

            with Server("--listen", server.address, state=server.state) as again:
                self.assertEqual(again.startup_lines[0], "topnet: pin " + new)
                self.assertEqual(again.fetch(state=self.learned).returncode, 0)
                self.assertEqual(again.fetch(state=self.late).returncode, 4)
                done(trust(self.late, "forget", server.address))
                done(trust(server.state, "revoke", "late"))
                enrol(again, "late", self.late)
                self.assertEqual(again.fetch(state=self.late).returncode, 0)

    def test_a_client_that_was_away_during_the_commit(self):
        """It has learned the key, and reaches the restarted server under another name."""
        with Server() as server:
            self.enrol_both(server)
            new = self.announce(server)
            self.assertEqual(server.fetch(state=self.learned).returncode, 0)
            server.stop()
            done(self.commit(server, "--force"))
            with Server("--listen", server.address, state=server.state) as again:
                moved = topnet("fetch", f"localhost:{again.port}", "--state-dir", self.learned)
                self.assertEqual(moved.returncode, 0, moved.stderr)
                self.assertEqual(servers(self.learned)[f"localhost:{again.port}"]["pin"], new)
                self.assertEqual(again.fetch(state=self.learned).returncode, 0)

    def test_a_commit_without_a_next_key(self):
        with Server() as server:
            old = pin(server.state)
            for args in ((), ("--force",)):
                result = self.commit(server, *args)
                self.assertEqual((result.returncode, result.stdout), (1, b""))
                self.assertIn(b"topnet trust rotate", result.stderr)
            self.assertEqual(pin(server.state), old)
        self.assertEqual(trust(self.path("server"), "rotate", "--force").returncode, 2)

    def test_a_fetch_across_the_commit(self):
        """The client still knows the key that it has learned, although it is no longer announced."""
        with Server() as server:
            enrol(server, "learned", self.learned)
            self.announce(server)
            self.assertEqual(server.fetch(state=self.learned).returncode, 0)
            with Holder(server, self.learned, "--delay", "2", "--hold", "0") as client:
                wait_until(lambda: states(server).get("learned") == ["reporting"])
                done(self.commit(server))
                self.assertEqual(client.end()[0], 0)
            self.assertEqual(server.fetch(state=self.learned).returncode, 0)

    def test_a_server_with_two_names(self):
        """Under both, it is known by its current key."""
        with Server() as server:
            enrol(server, "learned", self.learned)
            names = [server.address, f"localhost:{server.port}"]
            for name in names:
                self.fetch_by(name)
            for _ in range(3):
                self.announce(server)
                self.fetch_by(names[0])
                done(self.commit(server))
                wait_until(lambda: self.shown(server) == pin(server.state))
                self.fetch_by(names[0])
            self.fetch_by(names[1])

    def fetch_by(self, name):
        done(topnet("fetch", name, "--state-dir", self.learned))

    def test_a_commit_names_what_has_to_be_done_again(self):
        with Server() as server, Server() as other:
            done(trust(server.state, "join", invite(other, "web01")))
            invite(server, "db1")
            self.announce(server)
            lines = self.commit(server).stderr.decode().splitlines()
            self.assertEqual(len(lines), 2, lines)
            self.assertIn(f"invite this machine again: {other.address}", lines[0])
            self.assertIn("must be created again: db1", lines[1])

    def test_an_invalid_next_key(self):
        """It is reported, and the server goes on."""
        with Server() as server:
            enrol(server, "learned", self.learned)
            path = os.path.join(server.state, "identity.next.key")
            with Holder(server, self.learned) as holder:
                wait_until(lambda: states(server) == {"learned": ["idle"]})
                with open(path + ".new", "w", encoding="utf-8") as file:
                    os.fchmod(file.fileno(), 0o600)
                    file.write("no key\n")
                os.rename(path + ".new", path)
                self.assertEqual(server.fetch(state=self.learned).returncode, 0)
                done(trust(server.state, "revoke", "learned"))
                self.assertEqual(holder.end()[0], 0)
            while path not in (line := server.next_line()):
                self.assertTrue(line)
            self.assertIn("keeping the keys that were read before", line)
            for args in (["rotate"], ["rotate", "--commit"], ["show"]):
                result = trust(server.state, *args)
                self.assertEqual((result.returncode, result.stdout), (6, b""), args)
                self.assertIn(path, result.stderr.decode())
            os.remove(path)
            self.assertEqual(server.fetch().returncode, 0)
            while "the server's keys can be read again" not in (line := server.next_line()):
                self.assertTrue(line)

    def test_only_the_previous_key_still_counts_as_the_servers_own(self):
        with Server() as server:
            first = self.with_the_key_of(server)
            for status in (0, 5):
                self.announce(server)
                done(self.commit(server))
                wait_until(lambda: self.shown(server) == pin(server.state))
                result = server.fetch("--pin", pin(server.state), state=first)
                self.assertEqual(result.returncode, status, result.stderr)

    def test_an_unknown_client_learns_nothing_and_no_client_speaks_for_another(self):
        with Server() as server:
            self.enrol_both(server)
            new = self.announce(server)
            pin(self.path("unknown"))
            client = Client(server.port, self.path("unknown"))
            client.send(1, {"top": 1, "sort": "cpu", "format": "text", "delay": None, "hold": 0})
            self.assertNotIn(new, str(client.read()))
            client.close()
            client = Client(server.port, self.learned)
            client.fetch()
            self.assertEqual(client.send_client_report(learned_pin=pin(self.late))[1][0], ACK)
            client.close()
            self.assertEqual([entry["learned_pin"] for entry in clients(server.state).values()],
                             [None, None])

    def test_with_a_pin_option_no_key_is_learned(self):
        """The next key of a server with another key must not become that of the entry."""
        with Server() as server:
            self.enrol_both(server)
            known = servers(self.learned)[server.address]
            server.stop()
            with Server("--listen", server.address) as other:
                other_client = self.path("for its invite")
                done(trust(other.state, "rotate"))
                shutil.copytree(self.learned, other_client)
                # The attacker enrols with a copy of the client's identity.
                done(trust(other_client, "forget", other.address))
                enrol(other, "guest", other_client)
                result = other.fetch("--pin", pin(other.state), state=self.learned)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(servers(self.learned)[server.address], known)

    def test_the_servers_own_machine_fetches_across_ten_commits(self):
        with Server() as server:
            results, ended = ([], []), threading.Event()

            def fetch_on(own):
                while not ended.is_set():
                    own.append(server.fetch("-n", "1"))

            fetching = [threading.Thread(target=fetch_on, args=[own]) for own in results]
            for thread in fetching:
                thread.start()
            try:
                for _ in range(10):
                    before = [len(own) for own in results]
                    self.announce(server)
                    done(self.commit(server))
                    # No fetch may last from before one commit until after the next.
                    wait_until(lambda counts=before: all(len(own) >= count + 2 for own, count
                                                         in zip(results, counts)))
            finally:
                ended.set()
                for thread in fetching:
                    thread.join()
            failures = [result.stderr for own in results for result in own
                        if result.returncode != 0]
            self.assertEqual(failures, [])


if __name__ == "__main__":
    unittest.main()
