"""A server is known by its key: its address may change, the client prompts once, and a changed key always stops
the client."""

import os
import shutil
import unittest

from support.cases import FolderCase
from support.program import Server, topnet
from support.terminal import on_a_terminal
from support.trust import done, enrol, invite, pin, servers, trust


class Known(FolderCase):
    def fetch(self, address, *args):
        return topnet("fetch", address, "--state-dir", self.client, "-n", "1", *args)

    def assert_untrusted(self, result, *expected):
        self.assert_fails(result, 4, *expected)

    def test_another_name_of_the_same_server_is_reported_once(self):
        """An entry has the address as it was typed."""
        with Server() as server:
            enrol(server, "db1", self.client)
            self.assertEqual(self.fetch(server.address).stderr.count(b"\n"), 1)
            self.assertEqual(list(servers(self.client)), [server.address])
            moved = f"localhost:{server.port}"
            message = self.fetch(moved).stderr.decode()
            self.assertIn(f"topnet: {moved} has the key of the known server {server.address}", message)
            self.assertEqual(message.count("\n"), 2)
            self.assertEqual({address: entry["pin"] for address, entry in
                              servers(self.client).items()},
                             dict.fromkeys([server.address, moved], pin(server.state)))
            self.assertEqual(self.fetch(moved).stderr.count(b"\n"), 1)

    def copied(self, state):
        """A state directory with the same key and clients, for one more server at the same time."""
        copy = self.path("copy")
        shutil.copytree(state, copy)
        return copy

    def test_a_copy_on_another_machine_warns_at_every_start(self):
        with open("/etc/machine-id", encoding="ascii") as file:
            if not file.read().strip():
                self.skipTest("this machine has no id")
        pin(self.client)
        with open(self.path("client", "machine-id"), "w", encoding="ascii") as file:
            file.write("0" * 32 + "\n")
        warning = "was copied from another machine"
        with Server(state=self.client) as server:
            self.assertIn(warning, server.startup_lines[0])
            self.assertIn(warning, self.fetch(server.address).stderr.decode())
        self.assertIn(warning, trust(self.client, "servers").stderr.decode())

    def test_a_server_on_another_port_is_known_by_its_key(self):
        with Server() as server:
            enrol(server, "db1", self.client)
            with Server(state=self.copied(server.state)) as moved:
                result = self.fetch(moved.address)
                self.assertEqual((result.returncode, result.stderr.count(b"\n")), (0, 2))

    def test_an_entry_accepts_its_own_key_only(self):
        """Not that of another entry, and not this machine's own."""
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

    def test_a_changed_key_causes_no_prompt(self):
        with Server() as server:
            enrol(server, "db1", self.client)
            server.stop()
            with Server("--listen", server.address):
                code, output, shown = self.fetch_on_a_terminal("yes", server)
                self.assertEqual((code, output), (4, b""))
                self.assertIn("CHANGED", shown)
                self.assertNotIn("yes", shown)


    def test_an_invite_does_not_replace_a_known_key(self):
        with Server() as server:
            enrol(server, "db1", self.client)
            known = servers(self.client)[server.address]
            server.stop()
            with Server("--listen", server.address) as other:
                code = invite(other, "db1")
                self.assert_untrusted(trust(self.client, "join", code), known["pin"], known["since"],
                                      pin(other.state), "trust forget")
                self.assertEqual(servers(self.client)[server.address], known)
                done(trust(self.client, "forget", other.address))
                done(trust(self.client, "join", code))

    def test_a_pin_option_counts_for_one_call_and_one_key(self):
        with Server() as server:
            enrol(server, "db1", self.client)
            done(trust(self.client, "forget", server.address))
            self.assertEqual(self.fetch(server.address, "--pin", pin(server.state)).returncode, 0)
            self.assertEqual(servers(self.client), {})
            self.assert_untrusted(self.fetch(server.address), "not known here", pin(server.state), self.client, "--pin")
            self.assert_untrusted(self.fetch(server.address, "--pin", pin(self.path("other"))), pin(server.state),
                                  "--pin")

    def test_forgetting_an_unknown_server(self):
        self.assert_fails(trust(self.client, "forget", "web01"), 1, "web01:8676")

    def test_forgetting_one_of_several_addresses_names_the_others(self):
        key = pin(self.client)
        path = os.path.join(self.client, "servers")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as file:
            for host in ("web01", "web02", "web03"):
                file.write(f"{host}:8676 {key} 2026-11-23T20:01:02.123Z\n")
        for host, others in (("web01", "web02:8676, web03:8676"), ("web02", "web03:8676"), ("web03", "")):
            stays = (f"topnet: its key is still trusted, since these addresses have it, too: {others}; "
                     "forget each of them to stop trusting it\n") if others else ""
            result = trust(self.client, "forget", host)
            self.assertEqual((result.returncode, result.stderr.decode()),
                             (0, f"topnet: forgot {host}:8676\n" + stays))

    # --- The prompt

    def fetch_on_a_terminal(self, answer, server, **options):
        return on_a_terminal(answer, "fetch", server.address, "--state-dir", self.client, "-n", "1",
                             **options)

    def enrol_and_forget(self, server):
        """Afterwards the server knows the client, but the client does not know the server."""
        enrol(server, "db1", self.client)
        done(trust(self.client, "forget", server.address))

    def test_yes_and_the_pin_are_remembered(self):
        with Server() as server:
            for answer in ("yes", pin(server.state)):
                with self.subTest(answer):
                    self.enrol_and_forget(server)
                    code, output, shown = self.fetch_on_a_terminal(answer, server)
                    self.assertEqual(code, 0, shown)
                    self.assertTrue(output.startswith(b"# topnet report 1\n"))
                    self.assertIn(pin(server.state), shown)
                    self.assertEqual(servers(self.client)[server.address]["pin"], pin(server.state))
                    self.assertEqual(self.fetch(server.address).returncode, 0)
                    done(trust(server.state, "revoke", "db1"))

    def test_every_other_answer_means_no(self):
        with Server() as server:
            self.enrol_and_forget(server)
            other = pin(self.path("other"))
            for answer in ("", "no", "y", "YES", "yes ", " ", other, pin(server.state)[:-1],
                           pin(server.state).lower(), "\x04"):
                with self.subTest(answer):
                    code, output, shown = self.fetch_on_a_terminal(answer, server)
                    self.assertEqual((code, output), (4, b""), shown)
                    self.assertIn("(default: no): ", shown)
                    self.assertEqual(servers(self.client), {})

    def test_there_is_no_prompt_if_standard_error_is_not_a_terminal(self):
        with Server() as server:
            self.enrol_and_forget(server)
            code, output, shown = self.fetch_on_a_terminal("yes", server, standard_error=False)
            self.assertEqual((code, output, shown.count("\n")), (4, b"", 1))
            self.assertEqual(servers(self.client), {})

    def test_a_join_does_not_prompt(self):
        with Server() as server:
            code = invite(server, "db1").replace(pin(server.state)[7:], pin(self.client)[7:])
            status, output, shown = on_a_terminal("yes", "trust", "join", code, "--state-dir",
                                                  self.client)
            self.assertEqual((status, output), (4, b""), shown)
            self.assertNotIn("(default: no)", shown)


if __name__ == "__main__":
    unittest.main()
