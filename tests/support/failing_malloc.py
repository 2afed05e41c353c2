"""Want of memory, one allocation at a time (see torture/failing_malloc.cpp)."""

import os

from support.program import TOPNET

LIBRARY = os.environ.get("FAILING_MALLOC") or os.path.join(os.path.dirname(TOPNET), "tests",
                                                           "libfailing_malloc.so")


def fails_in_threads(prefix, notes, step=1):
    """A wrapper for Server: in the thread PREFIXN the allocation N * `step` fails, for each number N,
    and in the thread PREFIX every allocation N * `step`; the file `notes` grows by a byte with each
    failure."""
    return ("env", "LD_PRELOAD=" + LIBRARY, "FAIL_IN_THREADS=" + prefix, f"FAIL_STEP={step}",
            "NOTE_FAILURES_IN=" + notes)
