"""A fault at every call of `fetch`: FILE has its old bytes or a whole report, and what it exits with is
true."""

import contextlib
import hashlib
import os
import signal
import tempfile

from support.program import TOPNET, Server
from support.trust import enrol
from faults.injection import KILL, Tally, count_calls, faults_of, has_happened, run, with_fault

OLD = b"old\n"


class Fetch:
    """Fetches into one file over and over, as the owner of `state`, or as a client that was let in."""

    def __init__(self, server, folder, tally, state=None):
        self.server, self.tally = server, tally
        self.state = state or os.path.join(folder, "client")
        self.target = os.path.join(folder, "target")
        self.file = os.path.join(self.target, "report")
        if not state:
            enrol(server, "db1", self.state)
        os.mkdir(self.target)
        self.command = [TOPNET, "fetch", server.address, "-n", "3", "--connect-timeout", "2", "--state-dir",
                        self.state, "-o", self.file]

    def prepare(self, has_old):
        for name in os.listdir(self.target):
            os.remove(os.path.join(self.target, name))
        if has_old:
            with open(self.file, "wb") as file:
                file.write(OLD)
        self.kept = self.server.status()["work"]["tops_received"]

    def is_whole(self, contents):
        """Whether these are the bytes of a report that the server has sent."""
        reports = os.path.join(self.server.state, "reports")
        for name in os.listdir(reports):
            with contextlib.suppress(FileNotFoundError), open(os.path.join(reports, name), "rb") as file:
                if hashlib.sha256(file.read()).digest() == hashlib.sha256(contents).digest():
                    return True
        return False

    def contents(self):
        try:
            with open(self.file, "rb") as file:
                return file.read()
        except FileNotFoundError:
            return None

    def check(self, what, result, has_old, may_be_said=()):
        contents = self.contents()
        is_new = contents is not None and self.is_whole(contents)
        self.tally.check("files", is_new or contents == (OLD if has_old else None),
                         f"{what}: half a file: {contents!r}")
        said = result.stderr.decode(errors="replace")
        if result.returncode == 0:
            self.tally.check("exits with 0", is_new, f"{what}: exit 0 without a report")
        elif result.returncode > 0:
            self.tally.check("other exits", "topnet: " in said, f"{what}: exit {result.returncode}: {said!r}")
            is_said = any(words in said for words in ("the report is stored", "it is replaced", *may_be_said))
            self.tally.check("other exits", not is_new or is_said,
                             f"{what}: not said to be stored: {said!r}")
        else:
            self.tally.check("kills", result.returncode == -signal.SIGKILL, f"{what}: signal {result}")
        kept = self.server.status()["work"]["tops_received"] - self.kept
        self.tally.check("tops", kept == 1 if result.returncode == 0 else kept in (0, 1),
                         f"{what}: exit {result.returncode}, and {kept} tops kept")

    def check_clean_run(self, what):
        """Whatever an earlier run has left is no hindrance, and is gone behind the next one."""
        result = run(self.command)
        self.tally.check("runs behind it", result.returncode == 0 and os.listdir(self.target) == ["report"],
                         f"{what}: the run behind it: {result}, {os.listdir(self.target)}")


def trial(share=1.0):
    tally = Tally("faults in fetch")
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        fetch = Fetch(server, folder, tally)
        fetch.prepare(True)
        result, counts = count_calls(fetch.command)
        assert result.returncode == 0, result
        log = os.path.join(folder, "log")
        for number, fault in enumerate(faults_of(counts, share=share)):
            has_old = number % 2 == 0
            fetch.prepare(has_old)
            result = run([*with_fault(fault, log), *fetch.command])
            tally.counts["faults"] += has_happened(fault, log)
            fetch.check(fault, result, has_old)
            if fault.how == KILL or number % 7 == 0:
                fetch.check_clean_run(fault)
    return tally
