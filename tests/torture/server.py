"""A fault at every call of `serve` that touches its state directory or a peer: what it has acknowledged is
shown by the next server, once, and nothing else is."""

import collections
import itertools
import os
import shutil
import tempfile

from support.independent_client import ACK, Client
from support.program import Server
from support.trust import pin
from torture.injection import (FILE_CALLS, KILL, PEER_CALLS, Tally, faults_of, has_happened, occurrences, strace,
                               with_fault)

BEFORE = 3  # tops that are there at the start
NAMES = ("tops.db", "tops.db-wal", "tops.db-journal", "serve.lock", "identity.key", "identity.crt", "reports")
numbers = itertools.count(1)


def send_top(server):
    """Sends a top with a number of its own as its pid. Returns the number, and whether it is acknowledged."""
    number = next(numbers)
    try:
        client = Client(server.port)
        with client.connection:
            client.connection.settimeout(10)
            client.fetch(top=1)
            _, (kind, _) = client.send_top(pid=number)
    except (OSError, EOFError, AssertionError):
        return number, False
    return number, kind == ACK


def shown(server):
    return [report["pid"] for report in server.status()["reports"]]


class Trial:
    def __init__(self, folder, tally):
        self.folder, self.tally = folder, tally
        self.template = os.path.join(folder, "template")
        self.state = os.path.join(folder, "state")
        self.log = os.path.join(folder, "log")
        with Server("--no-tls", state=self.template) as server:
            self.before = [send_top(server)[0] for _ in range(BEFORE)]
            server.stop()
        self.pin = pin(self.template)

    def paths(self):
        """What restricts strace to calls that touch the state directory."""
        options = ["-P", self.state]
        for name in NAMES:
            options += ["-P", os.path.join(self.state, name)]
        return options

    def serve(self, wrapper, is_new, is_killed=False):
        """Serves from a copy of the template, or an empty directory: {number: acknowledged}."""
        shutil.rmtree(self.state, ignore_errors=True)
        if not is_new:
            shutil.copytree(self.template, self.state)
        tops = {}
        try:
            # Without -D it would be strace that is signalled.
            with Server("--no-tls", state=self.state, wrapper=("strace", "-D", *wrapper[1:])) as server:
                for _ in range(3):
                    number, is_acknowledged = send_top(server)
                    tops[number] = is_acknowledged
                status = server.stop()
                self.tally.check("servers that go on", is_killed or status == 0,
                                 f"{wrapper}: exit status {status}, {tops}")
        except RuntimeError as error:
            said = str(error)
            is_told = "'topnet: " in said or (said.endswith("[]") and is_killed)
            self.tally.check("ends at the start", is_told, said)
        return tops

    def check(self, what, tops, is_new):
        with Server("--no-tls", state=self.state) as server:
            found = collections.Counter(shown(server))
            said = " ".join(server.said)
        expected = {number for number, is_acknowledged in tops.items() if is_acknowledged}
        if not is_new:
            expected.update(self.before)
        may_be = set(tops) | set(self.before)
        for number in expected:
            self.tally.check("tops", found[number] == 1, f"{what}: top {number} is there {found[number]} times")
        strange = {number: count for number, count in found.items() if number not in may_be or count > 1}
        self.tally.check("lists", not strange, f"{what}: shown as well: {strange}")
        # What was never more than begun is no loss.
        self.tally.check("databases", "cannot be relied on" not in said or (is_new and "it is empty" in said),
                         f"{what}: {said}")
        if not is_new:
            self.tally.check("identities", pin(self.state) == self.pin, f"{what}: another identity")

    def try_all(self, calls, options, share):
        for is_new in (False, True):
            self.serve(strace(self.log, "-e", "trace=" + ",".join(calls), *options), is_new)
            for fault in faults_of(occurrences(self.log), share=share):
                tops = self.serve(with_fault(fault, self.log, *options), is_new, fault.how == KILL)
                self.tally.counts["faults"] += has_happened(fault, self.log)
                self.check((fault, "new" if is_new else "old"), tops, is_new)


def trial(share=1.0):
    tally = Tally("faults in serve")
    with tempfile.TemporaryDirectory() as folder:
        work = Trial(folder, tally)
        work.try_all(FILE_CALLS, work.paths(), share)
        work.try_all(PEER_CALLS, [], share)
    return tally
