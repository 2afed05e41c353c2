"""A fault at every call of `fetch`: FILE has its old bytes or a complete report, and the exit status agrees."""

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
    """Fetches into one file over and over, with the state directory `state`, or as a newly enrolled client."""

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
        self.reports_before = self.server.status()["work"]["client_reports_received"]

    def is_report(self, contents):
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

    def check(self, fault, result, has_old):
        contents = self.contents()
        is_new = contents is not None and self.is_report(contents)
        self.tally.check("files", is_new or contents == (OLD if has_old else None),
                         f"{fault}: incomplete file: {contents!r}")
        message = result.stderr.decode(errors="replace")
        if result.returncode == 0:
            self.tally.check("exits with 0", is_new, f"{fault}: exit 0 without a report")
        elif result.returncode > 0:
            self.tally.check("other exits", "topnet: " in message, f"{fault}: exit {result.returncode}: {message!r}")
            is_mentioned = any(text in message for text in ("the report is stored", "the file was replaced"))
            self.tally.check("other exits", not is_new or is_mentioned,
                             f"{fault}: the stored report is not mentioned: {message!r}")
        else:
            self.tally.check("kills", result.returncode == -signal.SIGKILL, f"{fault}: signal {result}")
        received = self.server.status()["work"]["client_reports_received"] - self.reports_before
        self.tally.check("client reports", received == 1 if result.returncode == 0 else received in (0, 1),
                         f"{fault}: exit {result.returncode}, and {received} client reports received")

    def check_clean_run(self, fault):
        """The next run succeeds, and removes what the failed one has left."""
        result = run(self.command)
        self.tally.check("next runs", result.returncode == 0 and os.listdir(self.target) == ["report"],
                         f"{fault}: the next run: {result}, {os.listdir(self.target)}")


def inject(share=1.0):
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
            if fault.kind == KILL or number % 7 == 0:
                fetch.check_clean_run(fault)
    return tally
