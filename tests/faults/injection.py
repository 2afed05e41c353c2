"""Faults, put by strace into one system call after the other of the real program."""

import collections
import os
import re
import subprocess
import tempfile

# What touches files, disks and peers.
FILE_CALLS = ["openat", "read", "pread64", "write", "pwrite64", "fsync", "fdatasync", "ftruncate", "linkat",
              "rename", "renameat", "unlink", "unlinkat", "mkdir", "fchown", "fchmod", "flock", "fcntl",
              "getdents64", "newfstatat"]
# What changes what is on a disk: a run of any share kills the program at each of these.
CHANGES = ["write", "pwrite64", "fsync", "fdatasync", "ftruncate", "linkat", "rename", "renameat", "unlink",
           "unlinkat"]
PEER_CALLS = ["socket", "connect", "accept4", "poll", "ppoll", "recvfrom", "sendto", "shutdown"]
CALLS = FILE_CALLS + PEER_CALLS
KILL = "signal=KILL"
ERRORS = ["error=ENOSPC", "error=EDQUOT", "error=EIO", "error=EINTR"]

Fault = collections.namedtuple("Fault", "call occurrence how")  # the occurrence counts in each thread


def strace(log, *options):
    """The beginning of a command that runs what is behind it under strace."""
    return ["strace", "-f", "-qq", "-o", log, "-e", "signal=none", *options]


def occurrences(log):
    """How often a thread has made each call, the most of any: {call: count}."""
    counts = collections.Counter()
    with open(log, encoding="utf-8", errors="replace") as file:
        for line in file:
            if match := re.match(r"(\d+) +(\w+)\(", line):
                counts[match.groups()] += 1
    most = collections.Counter()
    for (_, call), count in counts.items():
        most[call] = max(most[call], count)
    return most


def faults_of(counts, hows=(KILL, *ERRORS), share=1.0):
    """A fault for every occurrence of every call, or of those that change nothing an even share."""
    every = [Fault(call, occurrence, how) for how in hows for call in CALLS
             for occurrence in range(1, counts[call] + 1)]
    always = [fault for fault in every if fault.call in CHANGES and fault.how == KILL]
    return always + share_of([fault for fault in every if fault not in always], share)


def share_of(every, share):
    """An even share of a list, its ends among them."""
    wanted = max(2, round(len(every) * share))
    return [every[i * (len(every) - 1) // (wanted - 1)] for i in range(wanted)]


def with_fault(fault, log, *options):
    """A command that runs the one behind it and lets this fault happen."""
    return strace(log, "-e", f"trace={fault.call}",
                  "-e", f"inject={fault.call}:{fault.how}:when={fault.occurrence}", *options)


def has_happened(fault, log):
    with open(log, encoding="utf-8", errors="replace") as file:
        text = file.read()
    # A call that its thread was killed in has no result.
    return "(INJECTED)" in text or (fault.how == KILL and re.search(r"= \?|<unfinished \.\.\.>", text) is not None)


def run(command, **options):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=120, check=False, **options)


def count_calls(command, *options):
    """Runs a command to its end: its result, and how often it makes each call."""
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "log")
        result = run([*strace(log, "-e", "trace=" + ",".join(CALLS), *options), *command])
        return result, occurrences(log)


class Tally:
    """What a trial has done and found."""

    def __init__(self, name):
        self.name = name
        self.counts = collections.Counter()
        self.problems = []

    def check(self, what, condition, problem):
        """Counts one more of what was checked."""
        self.counts[what] += 1
        if not condition:
            self.problems.append(problem)

    def __str__(self):
        found = "".join(f"\n  {problem}" for problem in self.problems[:10])
        counts = ", ".join(f"{what}: {count}" for what, count in sorted(self.counts.items()))
        return f"{self.name}: {counts}, lost: {len(self.problems)}{found}"
