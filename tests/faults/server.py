"""A fault at every call of `serve` that uses its state directory or a peer: the next server shows exactly the client
reports that were acknowledged, once and as they were sent."""

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

STORED = 3  # client reports that are stored at the start
NAMES = ("tops.db", "tops.db-wal", "tops.db-journal", "tops.db.corrupt-1", "serve.lock", "identity.key",
         "identity.crt", "reports")
GARBAGE = b"\x07" * 8192
SENT = ("host", "pid", "name", "window", "user_ticks", "system_ticks")
numbers = itertools.count(1)


def send_client_report(server):
    """Sends a client report with a unique number as its pid; returns the number, and whether it is acknowledged."""
    number = next(numbers)
    try:
        client = Client(server.port)
        with client.connection:
            client.connection.settimeout(10)
            client.fetch(top=1)
            _, (kind, _) = client.send_client_report(**sent_with(number))
    except (OSError, EOFError, AssertionError):
        return number, False
    return number, kind == ACK


def sent_with(number):
    """The fields that differ from one client report to the next."""
    return {"pid": number, "name": f"process {number}", "host": None if number % 3 == 0 else f"db{number % 3}",
            "user_ticks": number * 7, "system_ticks": number % 5,
            "window": {"kind": "interval", "seconds": 0.5 + number % 4} if number % 2 else
                      {"kind": "since_start", "seconds": None}}


def corrupt_database(state):
    with open(os.path.join(state, "tops.db"), "wb") as file:
        file.write(GARBAGE)


class Template:
    """A state directory to begin with, and the client reports in it: {number: report}."""

    def __init__(self, folder, name):
        self.name = name
        self.state = os.path.join(folder, name)
        self.reports = {}
        self.pin = None
        if name == "new":
            return
        with Server("--no-tls", state=self.state) as server:
            for _ in range(STORED):
                send_client_report(server)
            self.reports = {report["pid"]: report for report in server.status()["reports"]}
            server.stop()
        self.pin = pin(self.state)
        if name == "corrupt":
            corrupt_database(self.state)
            self.reports = {}

    def copy_to(self, state):
        shutil.rmtree(state, ignore_errors=True)
        if self.pin:
            shutil.copytree(self.state, state)


class Fixture:
    def __init__(self, folder, tally, templates):
        self.tally = tally
        self.templates = [Template(folder, name) for name in templates]
        self.state = os.path.join(folder, "state")
        self.log = os.path.join(folder, "log")

    def paths(self):
        """The options that restrict strace to calls that use the state directory."""
        options = ["-P", self.state]
        for name in NAMES:
            options += ["-P", os.path.join(self.state, name)]
        return options

    def serve(self, wrapper, template, is_killed=False):
        """Serves from a copy of a template: {number: acknowledged}."""
        template.copy_to(self.state)
        sent = {}
        try:
            # Without -D, signals would go to strace.
            with Server("--no-tls", state=self.state, wrapper=("strace", "-D", *wrapper[1:])) as server:
                for _ in range(3):
                    number, is_acknowledged = send_client_report(server)
                    sent[number] = is_acknowledged
                status = server.stop()
                self.tally.check("servers that continue", is_killed or status == 0,
                                 f"{wrapper}: exit status {status}, {sent}")
        except RuntimeError as error:
            message = str(error)
            self.tally.check("ends at the start", is_killed or "'topnet: " in message, message)
        return sent

    def renamed(self):
        """The databases that were renamed as corrupt; one that a fault has left empty does not count."""
        for name in os.listdir(self.state):
            if re.fullmatch(r"tops\.db\.corrupt-\d+", name):
                with open(os.path.join(self.state, name), "rb") as file:
                    if contents := file.read():
                        yield contents

    def check(self, fault, sent, template):
        what = (fault, template.name)
        with Server("--no-tls", state=self.state) as server:
            reports = server.status()["reports"]
        # SQLite treats a page that cannot be read as damaged.
        is_damage = fault.call == "pread64" and fault.kind == "error=EIO"
        renamed = collections.Counter(self.renamed())
        renamed.subtract([GARBAGE] if template.name == "corrupt" else [])
        is_lost = any(renamed.values())
        self.tally.check("databases", is_damage or not is_lost, f"{what}: an intact database was renamed")
        found = collections.Counter(report["pid"] for report in reports)
        expected = {number for number, is_acknowledged in sent.items() if is_acknowledged} | set(template.reports)
        for number in () if is_damage and is_lost else expected:
            self.tally.check("client reports", found[number] == 1,
                             f"{what}: client report {number} is shown {found[number]} times")
        allowed = set(sent) | set(template.reports)
        unexpected = {number: count for number, count in found.items() if number not in allowed or count > 1}
        self.tally.check("lists", not unexpected, f"{what}: also shown: {unexpected}")
        for report in reports:
            number = report["pid"]
            is_as_sent = {field: report[field] for field in SENT} == sent_with(number)
            is_as_before = report == template.reports.get(number, report)
            self.tally.check("rows", is_as_sent and is_as_before, f"{what}: not as it was sent: {report}")
        if template.pin:
            self.tally.check("identities", pin(self.state) == template.pin, f"{what}: another identity")

    def try_all(self, calls, options, share):
        for template in self.templates:
            self.serve(strace(self.log, "-e", "trace=" + ",".join(calls), *options), template)
            for fault in faults_of(occurrences(self.log), share=share):
                sent = self.serve(with_fault(fault, self.log, *options), template, fault.kind == KILL)
                self.tally.counts["faults"] += has_happened(fault, self.log)
                self.check(fault, sent, template)


def inject(share=1.0, templates=("old", "new", "corrupt")):
    tally = Tally("faults in serve")
    with tempfile.TemporaryDirectory() as folder:
        fixture = Fixture(folder, tally, templates)
        fixture.try_all(FILE_CALLS, fixture.paths(), share)
        fixture.try_all(PEER_CALLS, [], share)
    return tally
