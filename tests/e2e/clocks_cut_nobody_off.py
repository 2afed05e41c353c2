"""A clock that is two years off, on either side, changes nothing between machines that know each
other."""

import datetime
import os
import subprocess
import tempfile
import unittest

from support.clock import at, require_other_clocks
from support.program import TOPNET, Server, topnet, wait_until
from support.trust import clients, done, enrol, invite, servers, trust

YEARS = ("-2y", "+2y")


def years_off(time):
    """How far a time in RFC 3339 is from ours, in whole years."""
    then = datetime.datetime.fromisoformat(time.replace("Z", "+00:00"))
    return round((then - datetime.datetime.now(datetime.timezone.utc)).days / 365)


class Clocks(unittest.TestCase):
    def setUp(self):
        require_other_clocks(self)
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.client = os.path.join(folder.name, "client")

    def fetch(self, server, *wrapper):
        return topnet("fetch", server.address, "--state-dir", self.client, "-n", "1",
                      wrapper=wrapper)

    def test_the_clock_is_off(self):
        """The control: what is faked is seen by the program."""
        for offset, years in zip(YEARS, (-2, 2)):
            with Server(wrapper=at(offset)) as server:
                self.assertEqual(years_off(server.status()["server"]["started"]), years)
            run = subprocess.run([*at(offset), TOPNET, "scan", "-f", "json"], check=True, timeout=60,
                                 stdout=subprocess.PIPE)
            self.assertIn(str(datetime.date.today().year + years).encode(), run.stdout[:500])

    def test_of_a_client_that_is_known(self):
        with Server() as server:
            enrol(server, "db1", self.client)
            for offset in YEARS:
                with self.subTest(offset):
                    result = self.fetch(server, *at(offset))
                    self.assertEqual(result.returncode, 0, result.stderr)

    def test_of_a_server_that_is_known(self):
        with Server() as server:
            enrol(server, "db1", self.client)
            server.stop()
            for offset in YEARS:
                with self.subTest(offset), Server("--listen", server.address, state=server.state,
                                                  wrapper=at(offset)) as again:
                    result = self.fetch(again)
                    self.assertEqual(result.returncode, 0, result.stderr)
                    self.assertEqual(again.fetch().returncode, 0)

    def test_of_both_in_opposite_directions(self):
        for offset, other in (YEARS, reversed(YEARS)):
            with self.subTest(offset), Server(wrapper=at(offset)) as server:
                code = done(trust(server.state, "invite", "db1", "--host", server.address,
                                  wrapper=at(offset))).split()[-1]
                done(trust(self.client, "join", code, wrapper=at(other)))
                result = self.fetch(server, *at(other))
                self.assertEqual(result.returncode, 0, result.stderr)

    def test_identities_that_were_made_with_it_work_without_it(self):
        for offset in YEARS:
            with self.subTest(offset), tempfile.TemporaryDirectory() as folder:
                state, client = os.path.join(folder, "server"), os.path.join(folder, "client")
                done(trust(state, "show", wrapper=at(offset)))
                done(trust(client, "show", wrapper=at(offset)))
                with Server(state=state) as server:
                    enrol(server, "db1", client)
                    self.assertEqual(server.fetch(state=client).returncode, 0)
                    self.assertEqual(server.fetch().returncode, 0)

    def test_of_an_invite_it_is_the_servers_that_counts(self):
        with Server(wrapper=at("+1h")) as ahead:
            expired = invite(ahead, "db1")  # by our clock
            result = trust(self.client, "join", expired)
            self.assertEqual(result.returncode, 5)
            self.assertIn(b"expired", result.stderr)
        for offset in YEARS:
            with self.subTest(offset), Server() as server:
                done(trust(self.client, "join", invite(server, "db1"), wrapper=at(offset)))
                self.assertEqual(years_off(servers(self.client)[server.address]["since"]),
                                 int(offset[:2]))
                self.assertEqual(years_off(clients(server.state)["db1"]["since"]), 0)

    def test_a_revocation_needs_no_clock(self):
        with Server() as server:
            enrol(server, "db1", self.client)
            done(trust(server.state, "revoke", "db1", wrapper=at("-2y")))
            wait_until(lambda: self.fetch(server, *at("+2y")).returncode == 5)


if __name__ == "__main__":
    unittest.main()
