"""A share of what tests/faults/run does: everything fails that can, and nothing is lost."""

import unittest

from support.program import require_fault_injection
from faults import client, history, machine, server, trust


class NoFault(unittest.TestCase):
    def nothing_is_lost(self, trial, *words):
        require_fault_injection(self)
        tally = trial.trial(*words)
        print(tally)
        self.assertEqual(tally.problems, [])

    def test_in_fetch(self):
        self.nothing_is_lost(client, 0.1)

    def test_in_serve(self):
        self.nothing_is_lost(server, 0.03, ["old"])

    def test_in_serve_that_replaces_its_database(self):
        self.nothing_is_lost(server, 0.03, ["corrupt"])

    def test_in_trust(self):
        self.nothing_is_lost(trust, 0.03)

    def test_of_power(self):
        self.nothing_is_lost(machine, 0.02)

    def test_of_the_server_under_load(self):
        self.nothing_is_lost(history, 0.015)


if __name__ == "__main__":
    unittest.main()
