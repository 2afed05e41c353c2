"""From nothing to a report in two commands; and an invite is good for one key, one server and its
time."""

import json
import os
import re
import shutil
import sys
import tempfile
import unittest

from support.independent_client import ERROR, JOINED, Client
from support.man_in_the_middle import ManInTheMiddle
from support.program import Server, topnet, wait_until
from support.trust import clients, done, enrol, invite, pin, secret_of, servers, trust
from support.two_machines import SERVER, two_machines

# A secret that nobody has given out.
MADE_UP = "0123456789abcdef" * 2


class Folder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def state(self, name):
        return os.path.join(self.folder, name)

    def assert_fails(self, result, code, said):
        message = result.stderr.decode()
        self.assertEqual((result.returncode, result.stdout, message.count("\n")), (code, b"", 1),
                         message)
        self.assertIn(said, message)


class TwoMachines(Folder):
    def test_from_nothing_to_a_report(self):
        server_machine, client_machine = two_machines(self)
        at_home, away = self.state("at home"), self.state("away")
        with Server("--listen", SERVER + ":0", state=at_home, wrapper=server_machine.inside) as server:
            self.assertTrue(server.address.startswith(SERVER + ":"))
            stranger = topnet("fetch", server.address, "--state-dir", away,
                              wrapper=client_machine.inside)
            self.assert_fails(stranger, 4, "which is not known here")

            line = done(trust(at_home, "invite", "db1", "--host", server.address,
                              wrapper=server_machine.inside))
            name, *words = line.split()
            self.assertEqual(name, "topnet")
            done(topnet(*words, "--state-dir", away, wrapper=client_machine.inside))
            report = topnet("fetch", server.address, "--state-dir", away,
                            wrapper=client_machine.inside)
            self.assertTrue(done(report).startswith("# topnet report 1\n"))

            read = ("import sys, urllib.request; "
                    "print(urllib.request.urlopen(sys.argv[1], timeout=20).read().decode())")
            page = server_machine.run(sys.executable, "-c", read, server.page + ".json").stdout
            reports = json.loads(page)["reports"]
            self.assertEqual([each["client"] for each in reports], ["db1"])
            self.assertFalse(reports[0]["peer"].startswith(SERVER), "it came from another machine")
        self.assertEqual(clients(at_home)["db1"]["pin"], pin(away))
        self.assertEqual(servers(away)[server.address]["pin"], pin(at_home))


class Invites(Folder):
    def test_the_line_has_the_documented_form(self):
        state = self.state("state")
        result = trust(state, "invite", "db1", "--host", "web01.example:1234")
        form = r"topnet trust join topnet1/web01\.example:1234/([A-Za-z0-9_-]{43})/[0-9a-f]{32}\n"
        match = re.fullmatch(form, done(result))
        self.assertTrue(match, result.stdout)
        self.assertEqual("SHA256:" + match[1], pin(state))

    def test_the_secret_is_not_kept(self):
        state = self.state("state")
        secret = secret_of(done(trust(state, "invite", "db1", "--host", "web01")).strip())
        kept = b""
        for name in os.listdir(state):
            with open(os.path.join(state, name), "rb") as file:
                kept += file.read()
        self.assertIn(b"db1", kept)
        self.assertNotIn(secret.encode(), kept)

    def test_it_is_read_from_standard_input(self):
        with Server() as server:
            code = invite(server, "a")
            done(trust(self.state("a"), "join", "-", input=code.encode() + b"\n"))
            line = done(trust(server.state, "invite", "b", "--host", server.address))
            done(trust(self.state("b"), "join", "-", input=line.encode()))
            line = done(trust(server.state, "invite", "c", "--host", server.address))
            done(trust(self.state("c"), "join", line.strip()))
            self.assertEqual(sorted(clients(server.state)), ["a", "b", "c"])
            for name in "abc":
                self.assertEqual(server.fetch(state=self.state(name)).returncode, 0)

    def test_our_own_key_needs_none(self):
        with Server() as server:
            result = trust(server.state, "join", invite(server, "db1"))
            self.assert_fails(result, 5, "own key")
            self.assertEqual(clients(server.state), {})

    def test_what_is_no_invite_is_a_mistake_of_the_user(self):
        for text in ("", "topnet1/a:1/b/c", "topnet2/" + "a:1/" + "A" * 43 + "/" + MADE_UP):
            result = trust(self.state("state"), "join", "-", input=text.encode())
            self.assert_fails(result, 2, "no invite")

    def test_another_key_cannot_use_it_again_and_the_server_says_so(self):
        with Server() as server:
            code = invite(server, "db1")
            done(trust(self.state("first"), "join", code))
            self.assertIn("joined as db1", server.next_line())
            self.assert_fails(trust(self.state("thief"), "join", code), 5, "already used")
            self.assertIn("already used by another key", server.next_line())
            self.assertEqual(server.fetch(state=self.state("first")).returncode, 0)
            stranger = server.fetch("--pin", pin(server.state), state=self.state("thief"))
            self.assertEqual(stranger.returncode, 5)
            self.assertEqual(clients(server.state)["db1"]["pin"], pin(self.state("first")))

    def test_the_same_key_may_repeat_it(self):
        with Server() as server:
            code = invite(server, "db1")
            for _ in range(3):
                done(trust(self.state("db1"), "join", code))
            self.assertEqual(list(clients(server.state)), ["db1"])
            self.assertEqual(server.fetch(state=self.state("db1")).returncode, 0)

    def test_an_answer_that_was_lost_burns_nothing(self):
        with Server() as server:
            code = invite(server, "db1")
            pin(self.state("db1"))
            lost = Client(server.port, self.state("db1"))
            lost.send(7, {"secret": secret_of(code), "server": lost.pin})
            lost.connection.close()
            wait_until(lambda: "db1" in clients(server.state))
            done(trust(self.state("db1"), "join", code))
            self.assertEqual(server.fetch(state=self.state("db1")).returncode, 0)

    def test_a_join_lets_the_same_connection_ask(self):
        with Server() as server:
            pin(self.state("db1"))
            client = Client(server.port, self.state("db1"))
            self.assertEqual(client.join(secret_of(invite(server, "db1"))),
                             (JOINED, {"name": "db1"}))
            self.assertTrue(client.fetch())
            client.send_top()
            client.close()

    def test_expired(self):
        with Server() as server:
            code = invite(server, "db1", "--ttl", "1s")
            # Each try that comes too early is one of the same key, and lets it in once more.
            expired = wait_until(lambda: (result := trust(self.state("db1"), "join", code)) and
                                 result.returncode != 0 and result)
            self.assert_fails(expired, 5, "expired")

    def test_unknown_and_withdrawn(self):
        with Server() as server:
            code = invite(server, "db1")
            made_up = code.replace(secret_of(code), MADE_UP)
            self.assert_fails(trust(self.state("db1"), "join", made_up), 5, "unknown invite")
            done(trust(server.state, "revoke", "db1"))
            self.assert_fails(trust(self.state("db1"), "join", code), 5, "unknown invite")
            earlier, later = invite(server, "db1"), invite(server, "db1")
            self.assert_fails(trust(self.state("db1"), "join", earlier), 5, "unknown invite")
            done(trust(self.state("db1"), "join", later))

    def test_not_for_this_server(self):
        with Server() as server:
            secret = secret_of(invite(server, "db1"))
            pin(self.state("db1"))
            client = Client(server.port, self.state("db1"))
            kind, answer = client.join(secret, pin(self.state("another server")))
            self.assertEqual(kind, ERROR)
            self.assertEqual(answer["code"], "join_refused")
            self.assertIn("not for this server", answer["message"])
            client.close()
            self.assertEqual(clients(server.state), {})
            self.assertIn("not for this server", server.next_line())
            right = Client(server.port, self.state("db1"))
            self.assertEqual(right.join(secret)[0], JOINED)
            right.close()

    def test_names_that_cannot_be_given(self):
        with Server() as server:
            enrol(server, "db1", self.state("db1"))
            for name in ("local", "db1", "", "a" * 65, "a b", "a/b", "\u00e9"):
                result = trust(server.state, "invite", name, "--host", server.address)
                self.assertEqual((result.returncode, result.stdout), (2 if not name else 1, b""))
                self.assertEqual(result.stderr.count(b"\n"), 1)

    def test_nothing_is_sent_to_a_server_with_another_pin(self):
        with Server() as server, ManInTheMiddle() as other:
            code = invite(server, "db1", host=other.address)
            result = trust(self.state("db1"), "join", code)
            self.assert_fails(result, 4, other.pin)
            wait_until(lambda: other.outcomes)
            self.assertEqual(other.seen, b"")
            self.assertIn("no handshake", other.outcomes[0])
            self.assertEqual(servers(self.state("db1")), {})

    def test_what_is_sent_to_a_server_with_the_right_pin_is_seen(self):
        """The control of the test above."""
        with ManInTheMiddle(answer=b"\x09\0\0\0\0") as server:
            code = f"topnet1/{server.address}/{server.pin.removeprefix('SHA256:')}/{MADE_UP}"
            self.assertEqual(trust(self.state("db1"), "join", code).returncode, 8)
            self.assertIn(MADE_UP.encode(), server.seen)


class Root(Folder):
    def test_manages_the_state_of_another_user(self):
        """who goes on being served by it"""
        if os.geteuid() != 0 or not shutil.which("setpriv"):
            self.skipTest("only root can become somebody else, and by setpriv")
        nobody = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
        os.chmod(self.folder, 0o777)
        state = self.state("nobody")
        with Server(state=state, wrapper=nobody) as server:
            enrol(server, "db1", self.state("db1"))
            self.assertEqual(server.fetch(state=self.state("db1")).returncode, 0)
            done(trust(state, "rotate"))
            self.assertEqual(server.fetch(state=self.state("db1")).returncode, 0)
            done(trust(state, "rotate", "--commit"))
            self.assertEqual(server.fetch(state=self.state("db1")).returncode, 0)
        self.assertEqual({os.stat(os.path.join(state, name)).st_uid for name in os.listdir(state)},
                         {65534})


class Strangers(Folder):
    def test_failed_joins_are_counted_and_do_not_lock_the_right_one_out(self):
        with Server() as server:
            code = invite(server, "db1")
            made_up = code.replace(secret_of(code), MADE_UP)
            for _ in range(6):
                self.assert_fails(trust(self.state("db1"), "join", made_up), 5, "unknown invite")
            counters = server.status()["counters"]
            self.assertEqual((counters["accepted"], counters["refused_auth"]), (6, 6))
            done(trust(self.state("db1"), "join", code))

    def test_a_stranger_may_join_and_nothing_else(self):
        with Server() as server:
            pin(self.state("db1"))
            for kind in range(0, 7):
                client = Client(server.port, self.state("db1"))
                client.send(kind, {"top": 1, "sort": "cpu", "format": "text", "delay": None,
                                   "hold": 0})
                answer, refusal = client.read()
                self.assertEqual(answer, ERROR)
                self.assertEqual(refusal["code"], "not_enrolled" if kind else "protocol")
                client.close()


if __name__ == "__main__":
    unittest.main()
