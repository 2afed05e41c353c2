"""Addresses and names move, and questions are asked once; a key that has changed always stops."""

import os
import shutil
import tempfile
import unittest

from support.program import Server, topnet
from support.terminal import on_a_terminal
from support.trust import done, enrol, invite, pin, servers, trust


class Known(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.client = os.path.join(folder.name, "client")

    def fetch(self, address, *words):
        return topnet("fetch", address, "--state-dir", self.client, "-n", "1", *words)

    def assert_untrusted(self, result, *said):
        message = result.stderr.decode()
        self.assertEqual((result.returncode, result.stdout, message.count("\n")), (4, b"", 1),
                         message)
        for words in said:
            self.assertIn(words, message)

    def test_an_address_is_as_it_was_typed(self):
        with Server() as server:
            enrol(server, "db1", self.client)
            self.assertEqual(list(servers(self.client)), [server.address])
            for _ in range(2):
                result = self.fetch(server.address)
                self.assertEqual((result.returncode, result.stderr.count(b"\n")), (0, 1))
            self.assertEqual(list(servers(self.client)), [server.address])

    def test_another_name_of_the_same_server_is_said_once(self):
        with Server() as server:
            enrol(server, "db1", self.client)
            moved = f"localhost:{server.port}"
            said = self.fetch(moved).stderr.decode()
            self.assertIn(f"topnet: {moved} shows the key that {server.address} is known by", said)
            self.assertEqual(said.count("\n"), 2)
            self.assertEqual({address: entry["pin"] for address, entry in
                              servers(self.client).items()},
                             dict.fromkeys([server.address, moved], pin(server.state)))
            self.assertEqual(self.fetch(moved).stderr.count(b"\n"), 1)

    def copied(self, state):
        """A state directory with the same key and clients, for one more server at the same time."""
        copy = os.path.join(self.folder, "copy")
        shutil.copytree(state, copy)
        return copy

    def test_a_server_on_another_port_is_known_by_its_key(self):
        with Server() as server:
            enrol(server, "db1", self.client)
            with Server(state=self.copied(server.state)) as moved:
                result = self.fetch(moved.address)
                self.assertEqual((result.returncode, result.stderr.count(b"\n")), (0, 2))

    def test_an_entry_accepts_its_own_key_only(self):
        """not that of another entry, and not this machine's own"""
        with Server() as first, Server() as second:
            enrol(first, "db1", self.client)
            enrol(second, "db1", self.client)
            second.stop()
            with Server("--listen", second.address, state=self.copied(first.state)):
                self.assert_untrusted(self.fetch(second.address), "CHANGED", pin(first.state),
                                      pin(second.state))
            with Server("--listen", second.address, state=self.client):
                self.assert_untrusted(self.fetch(second.address), "CHANGED", pin(self.client))

    def test_a_changed_key_stops_until_the_old_one_is_forgotten(self):
        with Server() as server:
            enrol(server, "db1", self.client)
            known = servers(self.client)[server.address]
            server.stop()
            with Server("--listen", server.address) as changed:
                forget = f"topnet trust forget {server.address}"
                for _ in range(2):
                    self.assert_untrusted(self.fetch(server.address), "CHANGED", known["pin"],
                                          known["since"], pin(changed.state), forget, self.client)
                self.assertEqual(servers(self.client)[server.address], known)
                done(trust(self.client, "forget", server.address))
                self.assertEqual(servers(self.client), {})
                self.assert_untrusted(self.fetch(server.address), "not known here")
                enrol(changed, "db1", self.client)
                self.assertEqual(self.fetch(server.address).returncode, 0)

    def test_a_changed_key_is_no_question_on_a_terminal(self):
        with Server() as server:
            enrol(server, "db1", self.client)
            server.stop()
            with Server("--listen", server.address):
                code, output, shown = self.fetch_on_a_terminal("yes", server)
                self.assertEqual((code, output), (4, b""))
                self.assertIn("CHANGED", shown)
                self.assertNotIn("yes", shown)

    def test_an_unknown_server_without_a_terminal(self):
        with Server() as server:
            self.assert_untrusted(self.fetch(server.address), "not known here", pin(server.state),
                                  self.client, "--pin")
            self.assertEqual(servers(self.client), {})

    def test_an_invite_does_not_replace_a_known_key(self):
        with Server() as server:
            enrol(server, "db1", self.client)
            known = servers(self.client)[server.address]
            server.stop()
            with Server("--listen", server.address) as other:
                code = invite(other, "db1")
                result = trust(self.client, "join", code)
                self.assertEqual((result.returncode, result.stderr.count(b"\n")), (4, 1))
                for word in (known["pin"], known["since"], pin(other.state), "trust forget"):
                    self.assertIn(word, result.stderr.decode())
                self.assertEqual(servers(self.client)[server.address], known)
                done(trust(self.client, "forget", other.address))
                done(trust(self.client, "join", code))

    def test_a_pin_is_for_one_call(self):
        with Server() as server:
            enrol(server, "db1", self.client)
            done(trust(self.client, "forget", server.address))
            self.assertEqual(self.fetch(server.address, "--pin", pin(server.state)).returncode, 0)
            self.assertEqual(servers(self.client), {})
            self.assert_untrusted(self.fetch(server.address), "not known here")

    def test_a_pin_is_for_that_key_alone(self):
        with Server() as server:
            enrol(server, "db1", self.client)
            other = pin(os.path.join(self.folder, "other"))
            self.assert_untrusted(self.fetch(server.address, "--pin", other), pin(server.state),
                                  "--pin")

    def test_forgetting_what_is_not_known(self):
        result = trust(self.client, "forget", "web01")
        self.assertEqual((result.returncode, result.stderr.count(b"\n")), (1, 1))
        self.assertIn(b"web01:8676", result.stderr)

    # --- The question

    def fetch_on_a_terminal(self, answer, server, **options):
        return on_a_terminal(answer, "fetch", server.address, "--state-dir", self.client, "-n", "1",
                             **options)

    def let_in(self, server):
        """The server knows the client, but not the other way round."""
        enrol(server, "db1", self.client)
        done(trust(self.client, "forget", server.address))

    def test_yes_and_the_pin_are_remembered(self):
        with Server() as server:
            for answer in ("yes", pin(server.state)):
                with self.subTest(answer):
                    self.let_in(server)
                    code, output, shown = self.fetch_on_a_terminal(answer, server)
                    self.assertEqual(code, 0, shown)
                    self.assertTrue(output.startswith(b"# topnet report 1\n"))
                    self.assertIn(pin(server.state), shown)
                    self.assertEqual(servers(self.client)[server.address]["pin"], pin(server.state))
                    self.assertEqual(self.fetch(server.address).returncode, 0)
                    done(trust(server.state, "revoke", "db1"))

    def test_everything_else_is_no(self):
        with Server() as server:
            self.let_in(server)
            other = pin(os.path.join(self.folder, "other"))
            for answer in ("", "no", "y", "YES", "yes ", " ", other, pin(server.state)[:-1],
                           pin(server.state).lower(), "\x04"):
                with self.subTest(answer):
                    code, output, shown = self.fetch_on_a_terminal(answer, server)
                    self.assertEqual((code, output), (4, b""), shown)
                    self.assertIn("(no): ", shown)
                    self.assertEqual(servers(self.client), {})

    def test_a_terminal_on_one_side_is_none(self):
        with Server() as server:
            self.let_in(server)
            code, output, shown = self.fetch_on_a_terminal("yes", server, standard_error=False)
            self.assertEqual((code, output, shown.count("\n")), (4, b"", 1))
            self.assertEqual(servers(self.client), {})

    def test_a_join_asks_nothing(self):
        with Server() as server:
            code = invite(server, "db1").replace(pin(server.state)[7:], pin(self.client)[7:])
            status, output, shown = on_a_terminal("yes", "trust", "join", code, "--state-dir",
                                                  self.client)
            self.assertEqual((status, output), (4, b""), shown)
            self.assertNotIn("(no)", shown)


if __name__ == "__main__":
    unittest.main()
