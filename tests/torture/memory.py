"""The memory that is not there: every allocation of `fetch` fails once, and every one that `serve` makes for
a client."""

import os
import tempfile

from support.failing_malloc import LIBRARY, fails_in_threads
from support.program import Server, wait_until
from torture.client import Fetch
from torture.injection import Tally, run, share_of


def in_fetch(tally, share):
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
            fetch.check(f"allocation {which} of {count}", result, has_old)
        fetch.check_clean_run("all allocations")


def in_serve(tally, share):
    """Each client meets the next fault, until there are no further allocations for one to fail."""
    with tempfile.TemporaryDirectory() as folder:
        notes, state = os.path.join(folder, "notes"), os.path.join(folder, "state")
        with Server(state=state, wrapper=fails_in_threads("client-", notes, max(1, round(1 / share)))) as server:
            # As the server's own machine: the fault would meet an invite.
            fetch = Fetch(server, folder, tally, state)
            faults = -1
            while os.path.getsize(notes) > faults:
                faults = os.path.getsize(notes)
                fetch.prepare(faults % 2 == 0)
                result = run(fetch.command)
                fetch.check(f"fault {faults + 1} in serve", result, faults % 2 == 0)
                # The client's thread may have something left to do.
                wait_until(lambda: not server.status()["connections"])
            tally.counts["faults"] += faults
            tally.check("faults that have happened", faults > 10, f"{faults} in serve")
            fetch.check_clean_run("all allocations in serve")
            shown = server.status()["reports"]
            tally.check("servers that go on", server.stop() == 0, "the server has ended")
        with Server(state=state) as server:
            tally.check("lists", server.status()["reports"] == shown, "other tops are shown than before")


def trial(share=1.0):
    tally = Tally("allocations that fail in fetch and serve")
    in_fetch(tally, share)
    in_serve(tally, share)
    return tally
