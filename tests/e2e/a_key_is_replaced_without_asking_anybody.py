"""`topnet trust rotate`: clients learn the next key over connections that they trust, and never have
to be asked."""

import os
import shutil
import tempfile
import threading
import unittest

from support.independent_client import ACK, Client, tls_context
from support.program import Server, topnet, wait_until
from support.trust import Holder, clients, done, enrol, invite, pin, servers, states, trust


class Rotation(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.learned, self.late = self.state("learned"), self.state("late")

    def state(self, name):
        return os.path.join(self.folder, name)

    def with_the_key_of(self, server):
        """A state directory with the key that the server has now."""
        state = self.state("before")
        os.mkdir(state, 0o700)
        for name in ("identity.key", "identity.crt"):
            shutil.copy(os.path.join(server.state, name), state)
        return state

    def enrol_both(self, server):
        enrol(server, "learned", self.learned)
        enrol(server, "late", self.late)

    def announce(self, server):
        """The pin of the key to come."""
        return done(trust(server.state, "rotate")).strip()

    def commit(self, server, *words):
        return trust(server.state, "rotate", "--commit", *words)

    def shown(self, server):
        """The pin that the server shows to a new connection."""
        client = Client(server.port, context=tls_context())
        client.close()
        return client.pin

    def test_one_that_learned_and_one_that_did_not(self):
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
            self.assertEqual((refused.returncode, refused.stdout, refused.stderr.count(b"\n")),
                             (1, b"", 1))
            self.assertRegex(refused.stderr, b"[^a-z]late[^a-z]")
            self.assertNotIn(b": learned", refused.stderr)
            self.assertIn(b"--force", refused.stderr)
            self.assertEqual((pin(server.state), self.shown(server)), (old, old))

            with Holder(server, self.learned) as holder:
                wait_until(lambda: states(server).get("learned") == ["idle"])
                self.assertEqual(done(self.commit(server, "--force")).strip(), new)
                self.assertEqual(pin(server.state), new)
                wait_until(lambda: self.shown(server) == new)
                self.assertTrue(holder.is_running(), "who is there stays")
                self.assertEqual(states(server).get("learned"), ["idle"])

                for _ in range(2):
                    self.assertEqual(server.fetch(state=self.learned).returncode, 0)
                self.assertEqual(servers(self.learned)[server.address]["pin"], new)
                self.assertIsNone(servers(self.learned)[server.address]["next_pin"])
                refused = server.fetch(state=self.late)
                self.assertEqual((refused.returncode, refused.stdout), (4, b""))
                for words in (old, new, "CHANGED"):
                    self.assertIn(words, refused.stderr.decode())
            server.stop()

            with Server("--listen", server.address, state=server.state) as again:
                self.assertEqual(again.said[0], "topnet: pin " + new)
                self.assertEqual(again.fetch(state=self.learned).returncode, 0)
                self.assertEqual(again.fetch(state=self.late).returncode, 4)
                done(trust(self.late, "forget", server.address))
                done(trust(server.state, "revoke", "late"))
                enrol(again, "late", self.late)
                self.assertEqual(again.fetch(state=self.late).returncode, 0)

    def test_all_have_learned(self):
        with Server() as server:
            self.enrol_both(server)
            new = self.announce(server)
            for state in (self.learned, self.late):
                self.assertEqual(server.fetch(state=state).returncode, 0)
            self.assertEqual(done(self.commit(server)).strip(), new)
            wait_until(lambda: self.shown(server) == new)
            for state in (self.learned, self.late):
                self.assertEqual(server.fetch(state=state).returncode, 0)

    def test_a_client_that_was_away_while_it_was_put_in_use(self):
        """learns it before, comes by after a restart, and under another name of the server"""
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

    def test_nothing_to_put_in_use(self):
        with Server() as server:
            old = pin(server.state)
            for words in ((), ("--force",)):
                result = self.commit(server, *words)
                self.assertEqual((result.returncode, result.stdout), (1, b""))
                self.assertIn(b"topnet trust rotate", result.stderr)
            self.assertEqual(pin(server.state), old)

    def test_a_fetch_across_the_commit(self):
        """who has learned the key goes on knowing it, although it is not announced any more"""
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
        """under both, it is known by the key that it has"""
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

    def test_what_a_commit_leaves_behind_is_said(self):
        with Server() as server, Server() as other:
            done(trust(server.state, "join", invite(other, "web01")))
            invite(server, "db1")
            self.announce(server)
            said = self.commit(server).stderr.decode().splitlines()
            self.assertEqual(len(said), 2, said)
            self.assertIn(f"invite it again: {other.address}", said[0])
            self.assertIn("have to be made again: db1", said[1])

    def test_a_next_key_that_cannot_be_used(self):
        """is said, and ends nothing"""
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
            self.assertIn("going on with the keys of before", line)
            for words in (["rotate"], ["rotate", "--commit"], ["show"]):
                result = trust(server.state, *words)
                self.assertEqual((result.returncode, result.stdout), (6, b""), words)
                self.assertIn(path, result.stderr.decode())
            os.remove(path)
            self.assertEqual(server.fetch().returncode, 0)

    def test_force_without_commit(self):
        self.assertEqual(trust(self.state("server"), "rotate", "--force").returncode, 2)

    def test_only_the_previous_key_is_still_our_own(self):
        with Server() as server:
            first = self.with_the_key_of(server)
            for status in (0, 5):
                self.announce(server)
                done(self.commit(server))
                wait_until(lambda: self.shown(server) == pin(server.state))
                result = server.fetch("--pin", pin(server.state), state=first)
                self.assertEqual(result.returncode, status, result.stderr)

    def test_a_stranger_is_not_told_and_cannot_say_that_another_has_learned(self):
        with Server() as server:
            self.enrol_both(server)
            new = self.announce(server)
            pin(self.state("stranger"))
            client = Client(server.port, self.state("stranger"))
            client.send(1, {"top": 1, "sort": "cpu", "format": "text", "delay": None, "hold": 0})
            self.assertNotIn(new, str(client.read()))
            client.close()
            client = Client(server.port, self.learned)
            client.fetch()
            self.assertEqual(client.send_top(learned_pin=pin(self.late))[1][0], ACK)
            client.close()
            self.assertEqual([entry["learned_pin"] for entry in clients(server.state).values()],
                             [None, None])

    def test_a_pin_for_one_call_teaches_nothing(self):
        """the key that another server announces is not that of the entry"""
        with Server() as server:
            self.enrol_both(server)
            known = servers(self.learned)[server.address]
            server.stop()
            with Server("--listen", server.address) as other:
                other_client = self.state("for its invite")
                done(trust(other.state, "rotate"))
                shutil.copytree(self.learned, other_client)
                # As an attacker would have it: there, that server is another one.
                done(trust(other_client, "forget", other.address))
                enrol(other, "guest", other_client)
                result = other.fetch("--pin", pin(other.state), state=self.learned)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(servers(self.learned)[server.address], known)

    def test_this_machine_fetches_from_itself_at_every_moment(self):
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
                    # None may reach from before one commit to behind the next.
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
