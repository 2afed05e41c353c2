"""The memory that is not there: every allocation of `fetch` fails once."""

import os
import tempfile

from support.failing_malloc import LIBRARY
from support.program import Server
from torture.client import Fetch
from torture.injection import Tally, run, share_of


def trial(share=1.0):
    tally = Tally("allocations that fail in fetch")
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        fetch = Fetch(server, folder, tally)
        count_file = os.path.join(folder, "count")
        fetch.prepare(True)
        result = run(fetch.command, env=os.environ | {"LD_PRELOAD": LIBRARY, "COUNT_ALLOCATIONS_IN": count_file})
        assert result.returncode == 0, result
        with open(count_file, encoding="ascii") as file:
            count = int(file.read())
        for number, which in enumerate(share_of(range(1, count + 1), share)):
            has_old = number % 2 == 0
            fetch.prepare(has_old)
            result = run(fetch.command, env=os.environ | {"LD_PRELOAD": LIBRARY, "FAIL_ALLOCATION": str(which)})
            tally.counts["faults"] += 1
            # The JSON library allocates in destructors: without memory for that, nothing more can be said.
            fetch.check(f"allocation {which} of {count}", result, has_old, ["topnet: out of memory\n"])
        fetch.check_clean_run("all allocations")
    return tally
