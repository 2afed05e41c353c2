"""A fault at every call of `serve` that touches its state directory or a peer: what it has acknowledged is
shown by the next server, once and as it was sent, and nothing else is."""

import collections
import itertools
import os
import re
import shutil
import tempfile

from support.independent_client import ACK, Client
from support.program import Server
from support.trust import pin
from faults.injection import (FILE_CALLS, KILL, PEER_CALLS, Tally, faults_of, has_happened, occurrences, strace,
                               with_fault)

BEFORE = 3  # tops that are there at the start
NAMES = ("tops.db", "tops.db-wal", "tops.db-journal", "tops.db.corrupt-1", "serve.lock", "identity.key",
         "identity.crt", "reports")
GARBAGE = b"\x07" * 8192
SENT = ("host", "pid", "name", "window", "user_ticks", "system_ticks")
numbers = itertools.count(1)


def send_top(server):
    """Sends a top with a number of its own as its pid. Returns the number, and whether it is acknowledged."""
    number = next(numbers)
    try:
        client = Client(server.port)
        with client.connection:
            client.connection.settimeout(10)
            client.fetch(top=1)
            _, (kind, _) = client.send_top(**sent_with(number))
    except (OSError, EOFError, AssertionError):
        return number, False
    return number, kind == ACK


def sent_with(number):
    """What differs from one top to the next."""
    return {"pid": number, "name": f"process {number}", "host": None if number % 3 == 0 else f"db{number % 3}",
            "user_ticks": number * 7, "system_ticks": number % 5,
            "window": {"kind": "interval", "seconds": 0.5 + number % 4} if number % 2 else
                      {"kind": "since_start", "seconds": None}}


def spoil(state):
    """Leaves a database that cannot be used."""
    with open(os.path.join(state, "tops.db"), "wb") as file:
        file.write(GARBAGE)


class Template:
    """A state directory to begin with, and the tops that are to be shown of it: {number: report}."""

    def __init__(self, folder, name):
        self.name = name
        self.state = os.path.join(folder, name)
        self.tops = {}
        self.pin = None
        if name == "new":
            return
        with Server("--no-tls", state=self.state) as server:
            for _ in range(BEFORE):
                send_top(server)
            self.tops = {report["pid"]: report for report in server.status()["reports"]}
            server.stop()
        self.pin = pin(self.state)
        if name == "corrupt":
            spoil(self.state)
            self.tops = {}

    def copy_to(self, state):
        shutil.rmtree(state, ignore_errors=True)
        if self.pin:
            shutil.copytree(self.state, state)


class Trial:
    def __init__(self, folder, tally, templates):
        self.tally = tally
        self.templates = [Template(folder, name) for name in templates]
        self.state = os.path.join(folder, "state")
        self.log = os.path.join(folder, "log")

    def paths(self):
        """What restricts strace to calls that touch the state directory."""
        options = ["-P", self.state]
        for name in NAMES:
            options += ["-P", os.path.join(self.state, name)]
        return options

    def serve(self, wrapper, template, is_killed=False):
        """Serves from a copy of a template: {number: acknowledged}."""
        template.copy_to(self.state)
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
            self.tally.check("ends at the start", is_killed or "'topnet: " in said, said)
        return tops

    def renamed(self):
        """The databases that were taken for corrupt; one that a fault has left empty is no loss."""
        for name in os.listdir(self.state):
            if re.fullmatch(r"tops\.db\.corrupt-\d+", name):
                with open(os.path.join(self.state, name), "rb") as file:
                    if contents := file.read():
                        yield contents

    def check(self, fault, tops, template):
        what = (fault, template.name)
        with Server("--no-tls", state=self.state) as server:
            reports = server.status()["reports"]
        # SQLite takes what cannot be read for damaged.
        is_damage = fault.call == "pread64" and fault.how == "error=EIO"
        renamed = collections.Counter(self.renamed())
        renamed.subtract([GARBAGE] if template.name == "corrupt" else [])
        is_lost = any(renamed.values())
        self.tally.check("databases", is_damage or not is_lost, f"{what}: a sound database was renamed")
        found = collections.Counter(report["pid"] for report in reports)
        expected = {number for number, is_acknowledged in tops.items() if is_acknowledged} | set(template.tops)
        for number in () if is_damage and is_lost else expected:
            self.tally.check("tops", found[number] == 1, f"{what}: top {number} is there {found[number]} times")
        may_be = set(tops) | set(template.tops)
        strange = {number: count for number, count in found.items() if number not in may_be or count > 1}
        self.tally.check("lists", not strange, f"{what}: shown as well: {strange}")
        for report in reports:
            number = report["pid"]
            is_as_sent = {field: report[field] for field in SENT} == sent_with(number)
            is_as_before = report == template.tops.get(number, report)
            self.tally.check("rows", is_as_sent and is_as_before, f"{what}: not as it was sent: {report}")
        if template.pin:
            self.tally.check("identities", pin(self.state) == template.pin, f"{what}: another identity")

    def try_all(self, calls, options, share):
        for template in self.templates:
            self.serve(strace(self.log, "-e", "trace=" + ",".join(calls), *options), template)
            for fault in faults_of(occurrences(self.log), share=share):
                tops = self.serve(with_fault(fault, self.log, *options), template, fault.how == KILL)
                self.tally.counts["faults"] += has_happened(fault, self.log)
                self.check(fault, tops, template)


def trial(share=1.0, templates=("old", "new", "corrupt")):
    tally = Tally("faults in serve")
    with tempfile.TemporaryDirectory() as folder:
        work = Trial(folder, tally, templates)
        work.try_all(FILE_CALLS, work.paths(), share)
        work.try_all(PEER_CALLS, [], share)
    return tally
