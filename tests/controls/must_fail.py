"""Runs one test of tests/e2e on a program that is broken on purpose, and fails unless the test does."""

import sys
import unittest

from support.program import Server

SKIPPED = 77


def main(name):
    # Nothing else is broken: a program that does not even run would fail every test.
    with Server() as server:
        fetched = server.fetch()
    if fetched.returncode != 0:
        print(f"the program does not work at all: {fetched.stderr.decode()}")
        return 1
    suite = unittest.defaultTestLoader.loadTestsFromName(name)
    result = unittest.TextTestRunner(stream=sys.stdout).run(suite)
    if result.skipped:
        return SKIPPED
    # An error is no failure: the test may not even have begun.
    if result.testsRun == 1 and result.failures and not result.errors:
        return 0
    print(f"{name} does not see what is broken")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
