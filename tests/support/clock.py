"""Programs that see another time than we do."""

import glob
import os

LIBRARY = "/usr/lib/*/faketime/libfaketimeMT.so.1"


def require_other_clocks(test):
    """Skips `test` where there are none."""
    if os.environ.get("TOPNET_SANITIZE"):
        test.skipTest("a sanitizer has to be the first library; the release build is tested")
    if not glob.glob(LIBRARY):
        test.skipTest("faketime is not installed")


def at(offset):
    """A command that runs the one behind it with a clock that is so far off: "+2y", "-1h"."""
    # The clocks that deadlines go by are none of those that are ever set.
    return ("env", "LD_PRELOAD=" + glob.glob(LIBRARY)[0], "FAKETIME=" + offset,
            "FAKETIME_DONT_FAKE_MONOTONIC=1", "FAKETIME_DONT_RESET=1", "NO_FAKE_STAT=1")
