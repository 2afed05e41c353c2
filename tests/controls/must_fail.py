"""Runs one test of tests/e2e on a program that is broken on purpose, and fails unless the test does."""

import sys
import unittest

SKIPPED = 77


def main(name):
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
