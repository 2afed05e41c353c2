"""A clock that is two years off, on either side, changes nothing between machines that trust each other."""

import datetime
import shutil
import unittest

from support.cases import FolderCase
from support.clock import at, require_other_clocks
from support.program import Server, topnet, wait_until
from support.trust import clients, done, enrol, invite, servers, trust

YEARS = ("-2y", "+2y")


def years_off(time):
    """How far a time in RFC 3339 is from the present, in whole years."""
    then = datetime.datetime.fromisoformat(time.replace("Z", "+00:00"))
    return round((then - datetime.datetime.now(datetime.timezone.utc)).days / 365)


class Clocks(FolderCase):
    def setUp(self):
        super().setUp()
        require_other_clocks(self)

    def fetch(self, server, *wrapper):
        return topnet("fetch", server.address, "--state-dir", self.client, "-n", "1",
                      wrapper=wrapper)

    def test_the_program_sees_the_wrong_clock(self):
        """The control."""
        with Server(wrapper=at("-2y")) as server:
            self.assertEqual(years_off(server.status()["server"]["started"]), -2)

    def test_of_a_known_client(self):
        with Server() as server:
            enrol(server, "db1", self.client)
            for offset in YEARS:
                with self.subTest(offset):
                    done(self.fetch(server, *at(offset)))

    def test_of_a_known_server(self):
        with Server() as server:
            enrol(server, "db1", self.client)
            server.stop()
            for offset in YEARS:
                with self.subTest(offset), Server("--listen", server.address, state=server.state,
                                                  wrapper=at(offset)) as again:
                    done(self.fetch(again))
                    done(again.fetch())

    def test_of_both_when_their_keys_are_made(self):
        """In opposite directions; afterwards the keys work with correct clocks."""
        for offset, other in (YEARS, reversed(YEARS)):
            with self.subTest(offset), Server(wrapper=at(offset)) as server:
                shutil.rmtree(self.client, ignore_errors=True)
                code = done(trust(server.state, "invite", "db1", "--host", server.address,
                                  wrapper=at(offset))).split()[-1]
                done(trust(self.client, "join", code, wrapper=at(other)))
                done(self.fetch(server, *at(other)))
                server.stop()
                with Server("--listen", server.address, state=server.state) as again:
                    done(self.fetch(again))

    def test_invites_expire_by_the_servers_clock(self):
        with Server(wrapper=at("+1h")) as ahead:
            self.assert_fails(trust(self.client, "join", invite(ahead, "db1")), 5, "expired")
        with Server() as server:
            done(trust(self.client, "join", invite(server, "db1"), wrapper=at("+2y")))
            self.assertEqual(years_off(servers(self.client)[server.address]["since"]), 2)
            self.assertEqual(years_off(clients(server.state)["db1"]["since"]), 0)

    def test_a_revocation_needs_no_clock(self):
        with Server() as server:
            enrol(server, "db1", self.client)
            done(trust(server.state, "revoke", "db1", wrapper=at("-2y")))
            wait_until(lambda: self.fetch(server, *at("+2y")).returncode == 5)


if __name__ == "__main__":
    unittest.main()
