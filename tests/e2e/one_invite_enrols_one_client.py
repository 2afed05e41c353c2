"""Two commands enrol a client and fetch a report; an invite is valid for one key, one server and a limited time."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import unittest

from support.cases import FolderCase
from support.independent_client import ERROR, JOIN, JOINED, Client
from support.program import Server, topnet, wait_until
from support.trust import clients, done, enrol, invite, pin, secret_of, servers, trust
from support.two_machines import SERVER, two_machines

UNUSED_SECRET = "0123456789abcdef" * 2  # of no invite


class TwoMachines(FolderCase):
    def test_invite_join_and_fetch(self):
        server_machine, client_machine = two_machines(self)
        at_home, away = self.path("at home"), self.path("away")
        with Server("--listen", SERVER + ":0", state=at_home, wrapper=server_machine.inside) as server:
            self.assertTrue(server.address.startswith(SERVER + ":"))
            unknown = topnet("fetch", server.address, "--state-dir", away,
                              wrapper=client_machine.inside)
            self.assert_fails(unknown, 4, "is not known here")

            line = done(trust(at_home, "invite", "db1", "--host", server.address,
                              wrapper=server_machine.inside))
            name, *args = line.split()
            self.assertEqual(name, "topnet")
            done(topnet(*args, "--state-dir", away, wrapper=client_machine.inside))
            report = topnet("fetch", server.address, "--state-dir", away,
                            wrapper=client_machine.inside)
            self.assertTrue(done(report).startswith("# topnet report 1\n"))

            read = ("import sys, urllib.request; "
                    "print(urllib.request.urlopen(sys.argv[1], timeout=20).read().decode())")
            page = server_machine.run(sys.executable, "-c", read, server.page + ".json").stdout
            reports = json.loads(page)["reports"]
            self.assertEqual([each["client"] for each in reports], ["db1"])
            self.assertFalse(reports[0]["peer"].startswith(SERVER), "the client runs on another machine")
        self.assertEqual(clients(at_home)["db1"]["pin"], pin(away))
        self.assertEqual(servers(away)[server.address]["pin"], pin(at_home))


class Invites(FolderCase):
    def test_the_line_has_the_documented_form(self):
        state = self.path("state")
        result = trust(state, "invite", "db1", "--host", "web01.example:1234")
        form = r"topnet trust join topnet1/web01\.example:1234/([A-Za-z0-9_-]{43})/[0-9a-f]{32}\n"
        match = re.fullmatch(form, done(result))
        self.assertTrue(match, result.stdout)
        self.assertEqual("SHA256:" + match[1], pin(state))

    def test_the_line_is_safe_to_paste(self):
        """`join` also accepts it with its quotes."""
        state = self.path("state")
        line = done(trust(state, "invite", "db1", "--host", "[::1]:1")).strip()
        self.assertTrue(shlex.split(line)[-1].startswith("topnet1/[::1]:1/"), line)
        self.assertIn("'", line)
        result = trust(self.path("client"), "join", "-", input=line.encode())
        self.assert_fails(result, 3, "join [::1]:1")
        for host in ("x;touch${IFS}PWNED;:1", "it's", "a\\b", 'a"b'):
            self.assert_fails(trust(state, "invite", "db1", "--host", host), 2, "is not")

    def test_a_host_name_that_other_machines_do_not_know_is_refused(self):
        if subprocess.run(["unshare", "--uts", "true"], stderr=subprocess.DEVNULL, check=False).returncode:
            self.skipTest("no UTS namespace can be created here; root may create one")
        inside = ("unshare", "--uts", "sh", "-c",
                  'name=$1; shift; printf %s "$name" >/proc/sys/kernel/hostname && exec "$@"', "sh")
        for name in ("localhost", "localhost.localdomain", "a.localhost", "(none)", "x;touch${IFS}PWNED;"):
            result = trust(self.path("state"), "invite", "db1", wrapper=(*inside, name))
            self.assert_fails(result, 2, f"'{name}' of this machine; add --host HOST:PORT")
        done(trust(self.path("state"), "invite", "db1", wrapper=(*inside, "web01.example")))

    def test_the_secret_is_not_stored(self):
        state = self.path("state")
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
            done(trust(self.path("a"), "join", "-", input=code.encode() + b"\n"))
            line = done(trust(server.state, "invite", "b", "--host", server.address))
            done(trust(self.path("b"), "join", "-", input=line.encode()))
            line = done(trust(server.state, "invite", "c", "--host", server.address))
            done(trust(self.path("c"), "join", line.strip()))
            self.assertEqual(sorted(clients(server.state)), ["a", "b", "c"])
            for name in "abc":
                self.assertEqual(server.fetch(state=self.path(name)).returncode, 0)

    def test_the_servers_own_key_needs_none(self):
        with Server() as server:
            result = trust(server.state, "join", invite(server, "db1"))
            self.assert_fails(result, 5, "own key")
            self.assertEqual(clients(server.state), {})

    def test_an_invalid_invite_is_a_usage_error(self):
        for text in ("", "topnet1/a:1/b/c", "topnet2/" + "a:1/" + "A" * 43 + "/" + UNUSED_SECRET):
            result = trust(self.path("state"), "join", "-", input=text.encode())
            self.assert_fails(result, 2, "not an invite")

    def test_another_key_cannot_use_it_again(self):
        """The server logs the attempt."""
        with Server() as server:
            code = invite(server, "db1")
            done(trust(self.path("first"), "join", code))
            self.assertIn("joined as db1", server.next_line())
            self.assert_fails(trust(self.path("thief"), "join", code), 5, "already used")
            self.assertRegex(server.next_line(), "already used by another key, so it may have been stolen$")
            self.assertEqual(server.fetch(state=self.path("first")).returncode, 0)
            self.assertEqual(server.fetch("--pin", pin(server.state), state=self.path("thief")).returncode, 5)
            self.assertEqual(clients(server.state)["db1"]["pin"], pin(self.path("first")))

    def test_the_same_key_may_repeat_it(self):
        """Also if the answer to the first JOIN was lost."""
        with Server() as server:
            code = invite(server, "db1")
            pin(self.path("db1"))
            lost = Client(server.port, self.path("db1"))
            lost.send(JOIN, {"secret": secret_of(code), "server": lost.pin})
            lost.connection.close()
            wait_until(lambda: "db1" in clients(server.state))
            for _ in range(2):
                done(trust(self.path("db1"), "join", code))
            self.assertEqual(list(clients(server.state)), ["db1"])
            self.assertEqual(server.fetch(state=self.path("db1")).returncode, 0)

    def test_after_a_join_the_same_connection_is_served(self):
        with Server() as server:
            pin(self.path("db1"))
            client = Client(server.port, self.path("db1"))
            self.assertEqual(client.join(secret_of(invite(server, "db1"))),
                             (JOINED, {"name": "db1"}))
            client.exchange()
            client.close()

    def test_unknown_and_withdrawn(self):
        with Server() as server:
            code = invite(server, "db1")
            made_up = code.replace(secret_of(code), UNUSED_SECRET)
            self.assert_fails(trust(self.path("db1"), "join", made_up), 5, "the invite is unknown or was withdrawn")
            done(trust(server.state, "revoke", "db1"))
            self.assert_fails(trust(self.path("db1"), "join", code), 5, "the invite is unknown or was withdrawn")
            earlier, later = invite(server, "db1"), invite(server, "db1")
            self.assert_fails(trust(self.path("db1"), "join", earlier), 5, "the invite is unknown or was withdrawn")
            done(trust(self.path("db1"), "join", later))

    def test_not_for_this_server(self):
        with Server() as server:
            secret = secret_of(invite(server, "db1"))
            pin(self.path("db1"))
            client = Client(server.port, self.path("db1"))
            kind, answer = client.join(secret, pin(self.path("another server")))
            self.assertEqual(kind, ERROR)
            self.assertEqual(answer["code"], "join_refused")
            self.assertIn("not for this server", answer["message"])
            client.close()
            self.assertEqual(clients(server.state), {})
            self.assertIn("not for this server", server.next_line())
            right = Client(server.port, self.path("db1"))
            self.assertEqual(right.join(secret)[0], JOINED)
            right.close()

    def test_invalid_names(self):
        with Server() as server:
            enrol(server, "db1", self.path("db1"))
            for name in ("local", "db1", "", "a" * 65, "a b", "a/b", "\u00e9"):
                result = trust(server.state, "invite", name, "--host", server.address)
                self.assertEqual((result.returncode, result.stdout), (2 if not name else 1, b""))
                self.assertEqual(result.stderr.count(b"\n"), 1)


class Root(FolderCase):
    def test_manages_the_state_of_another_user(self):
        """That user's server is not disturbed."""
        if os.geteuid() != 0 or not shutil.which("setpriv"):
            self.skipTest("only root can become another user, and needs setpriv for it")
        unprivileged = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
        os.chmod(self.folder, 0o777)
        state = self.path("unprivileged")
        with Server(state=state, wrapper=unprivileged) as server:
            enrol(server, "db1", self.path("db1"))
            self.assertEqual(server.fetch(state=self.path("db1")).returncode, 0)
            done(trust(state, "rotate"))
            self.assertEqual(server.fetch(state=self.path("db1")).returncode, 0)
            done(trust(state, "rotate", "--commit"))
            self.assertEqual(server.fetch(state=self.path("db1")).returncode, 0)
        self.assertEqual({os.stat(os.path.join(state, name)).st_uid for name in os.listdir(state)},
                         {65534})


class UnknownClients(FolderCase):
    def test_failed_joins_are_counted_and_do_not_block_the_invite(self):
        with Server() as server:
            code = invite(server, "db1")
            made_up = code.replace(secret_of(code), UNUSED_SECRET)
            for _ in range(6):
                self.assert_fails(trust(self.path("db1"), "join", made_up), 5, "the invite is unknown or was withdrawn")
            counters = server.status()["counters"]
            self.assertEqual((counters["accepted"], counters["refused_auth"]), (6, 6))
            done(trust(self.path("db1"), "join", code))

    def test_they_may_join_and_nothing_else(self):
        with Server() as server:
            pin(self.path("db1"))
            for kind in range(0, 7):
                client = Client(server.port, self.path("db1"))
                client.send(kind, {"top": 1, "sort": "cpu", "format": "text", "delay": None,
                                   "hold": 0})
                answer, refusal = client.read()
                self.assertEqual(answer, ERROR)
                self.assertEqual(refusal["code"], "not_enrolled" if kind else "protocol")
                client.close()


if __name__ == "__main__":
    unittest.main()
