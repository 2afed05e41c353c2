"""A share of tests/faults/run: each fault that can be injected loses no data."""

import unittest

from support.program import require_fault_injection
from faults import client, history, machine, server, trust


class InjectedFaults(unittest.TestCase):
    def assert_nothing_is_lost(self, faults, *args):
        require_fault_injection(self)
        tally = faults.inject(*args)
        print(tally)
        self.assertEqual(tally.problems, [])

    def test_in_fetch(self):
        self.assert_nothing_is_lost(client, 0.03)

    def test_in_serve(self):
        self.assert_nothing_is_lost(server, 0.01, ["old"])

    def test_in_serve_with_a_corrupt_database(self):
        self.assert_nothing_is_lost(server, 0.01, ["corrupt"])

    def test_in_trust(self):
        self.assert_nothing_is_lost(trust, 0.01)

    def test_power_failures(self):
        self.assert_nothing_is_lost(machine, 0.02)

    def test_kills_under_load(self):
        self.assert_nothing_is_lost(history, 0.015)


if __name__ == "__main__":
    unittest.main()
