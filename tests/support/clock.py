"""Programs that run with a wrong clock."""

import glob
import os

LIBRARY = "/usr/lib/*/faketime/libfaketimeMT.so.1"


def require_other_clocks(test):
    """Skips `test` if the clock cannot be faked here."""
    if os.environ.get("TOPNET_SANITIZE"):
        test.skipTest("a sanitizer has to be the first library; the release build is tested")
    if not glob.glob(LIBRARY):
        test.skipTest("faketime is not installed")


def at(offset):
    """A prefix for a command that runs it with its clock off by `offset`, such as "+2y" or "-1h"."""
    # Deadlines use the monotonic clock, which nothing sets: only the wall clock is faked.
    return ("env", "LD_PRELOAD=" + glob.glob(LIBRARY)[0], "FAKETIME=" + offset,
            "FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME_DONT_RESET=1", "NO_FAKE_STAT=1")
