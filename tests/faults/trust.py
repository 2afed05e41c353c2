"""A fault at every call of the commands that change keys and trust: the files have their old contents or the new
ones, and the new ones if the command exited with 0."""

import os
import shutil
import tempfile

from support.program import TOPNET, Server
from support.trust import clients, enrol, invite, pin, servers, trust
from faults.injection import KILL, Tally, count_calls, faults_of, has_happened, run, with_fault


class StateDirectory:
    """A copy of a template that can be restored."""

    def __init__(self, folder, template):
        self.template = template
        self.path = os.path.join(folder, "state")

    def restore(self):
        shutil.rmtree(self.path, ignore_errors=True)
        shutil.copytree(self.template, self.path)

    def contents(self):
        """Everything that must not be lost, as the commands show it."""
        with open(os.path.join(self.path, "invites"), encoding="utf-8") as file:
            invites = sorted(line.split()[0] for line in file if line.strip() and line[0] != "#")
        return {"clients": {name: entry["pin"] for name, entry in clients(self.path).items()},
                "servers": {address: entry["pin"] for address, entry in servers(self.path).items()},
                "invites": invites, "pin": pin(self.path)}


def try_command(tally, state, args, share):
    command = [TOPNET, "trust", *args, "--state-dir", state.path]
    state.restore()
    before = state.contents()
    result, counts = count_calls(command)
    assert result.returncode == 0, result
    after = state.contents()
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "log")
        for fault in faults_of(counts, share=share):
            state.restore()
            result = run([*with_fault(fault, log), *command])
            tally.counts["faults"] += has_happened(fault, log)
            found = state.contents()
            for kind, contents in found.items():
                # Each rotation makes a new key.
                allowed = (before[kind], after[kind])
                is_allowed = contents in allowed or (kind == "pin" and args[0] == "rotate")
                tally.check(kind, is_allowed, f"{args[0]}, {fault}: {kind}: {contents}, and not one of {allowed}")
            if result.returncode == 0 and args[0] != "rotate":
                tally.check("exits with 0", found == after, f"{args[0]}, {fault}: exit 0, but: {found}")
            if fault.kind == KILL:
                again = run(command)
                tally.check("next runs", again.returncode in (0, 1), f"{args[0]}, {fault}: {again}")


def try_first_use(tally, folder, share):
    """The first use of a state directory: afterwards it has an identity, which does not change any more."""
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


def inject(share=1.0):
    tally = Tally("faults in trust")
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        for name in ("db1", "db2"):
            enrol(server, name, os.path.join(folder, name))
        invite(server, "db3")
        with Server() as other:
            enrol(other, "web01", server.state)
            trust(server.state, "rotate")
            state = StateDirectory(folder, server.state)
            for args in (("invite", "db4"), ("revoke", "db1"), ("forget", other.address), ("rotate",),
                          ("rotate", "--commit", "--force")):
                try_command(tally, state, args, share)
        try_first_use(tally, folder, share)
    return tally
