"""A fault at every call of the commands that change keys and trust: the files have their old contents or
the new ones, and what was said to be done is."""

import os
import shutil
import tempfile

from support.program import TOPNET, Server
from support.trust import clients, enrol, invite, pin, servers, trust
from faults.injection import KILL, Tally, count_calls, faults_of, has_happened, run, with_fault


class Machine:
    """A state directory that begins each time as it was."""

    def __init__(self, folder, template):
        self.template = template
        self.state = os.path.join(folder, "state")

    def restore(self):
        shutil.rmtree(self.state, ignore_errors=True)
        shutil.copytree(self.template, self.state)

    def look(self):
        """Everything that is not to be lost, as the commands show it."""
        with open(os.path.join(self.state, "invites"), encoding="utf-8") as file:
            invites = sorted(line.split()[0] for line in file if line.strip() and line[0] != "#")
        return {"clients": {name: entry["pin"] for name, entry in clients(self.state).items()},
                "servers": {address: entry["pin"] for address, entry in servers(self.state).items()},
                "invites": invites, "pin": pin(self.state)}


def try_command(tally, machine, words, share):
    command = [TOPNET, "trust", *words, "--state-dir", machine.state]
    machine.restore()
    before = machine.look()
    result, counts = count_calls(command)
    assert result.returncode == 0, result
    after = machine.look()
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "log")
        for fault in faults_of(counts, share=share):
            machine.restore()
            result = run([*with_fault(fault, log), *command])
            tally.counts["faults"] += has_happened(fault, log)
            found = machine.look()
            for what, contents in found.items():
                # Each rotation makes a key of its own.
                may_be = (before[what], after[what])
                is_one = contents in may_be or (what == "pin" and words[0] == "rotate")
                tally.check(what, is_one, f"{words[0]}, {fault}: {what}: {contents}, and not one of {may_be}")
            if result.returncode == 0 and words[0] != "rotate":
                tally.check("done", found == after, f"{words[0]}, {fault}: said to be done: {found}")
            if fault.how == KILL:
                again = run(command)
                tally.check("runs behind it", again.returncode in (0, 1), f"{words[0]}, {fault}: {again}")


def try_first_use(tally, folder, share):
    """The first use of a state directory: it has an identity behind the next one, the same from then on."""
    state, log = os.path.join(folder, "new"), os.path.join(folder, "log")
    command = [TOPNET, "trust", "show", "--state-dir", state]
    result, counts = count_calls(command)
    assert result.returncode == 0, result
    for fault in faults_of(counts, share=share):
        shutil.rmtree(state, ignore_errors=True)
        result = run([*with_fault(fault, log), *command])
        tally.counts["faults"] += has_happened(fault, log)
        shown = result.stdout.decode().strip()
        found = pin(state)
        tally.check("pin", result.returncode != 0 or shown == found, f"show, {fault}: {shown}, then {found}")


def trial(share=1.0):
    tally = Tally("faults in trust")
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        for name in ("db1", "db2"):
            enrol(server, name, os.path.join(folder, name))
        invite(server, "db3")
        with Server() as other:
            enrol(other, "web01", server.state)
            trust(server.state, "rotate")
            machine = Machine(folder, server.state)
            for words in (("invite", "db4"), ("revoke", "db1"), ("forget", other.address), ("rotate",),
                          ("rotate", "--commit", "--force")):
                try_command(tally, machine, words, share)
        try_first_use(tally, folder, share)
    return tally
