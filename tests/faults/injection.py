"""Faults that strace injects into one system call after the other of the real program."""

import collections
import os
import re
import subprocess
import tempfile

# The calls that use files, disks and peers.
FILE_CALLS = ["openat", "read", "pread64", "write", "pwrite64", "fsync", "fdatasync", "ftruncate", "linkat",
              "rename", "renameat", "unlink", "unlinkat", "mkdir", "fchown", "fchmod", "flock", "fcntl",
              "getdents64", "newfstatat"]
# The calls that change a disk: a run of any share kills the program at each of these.
CHANGES = ["write", "pwrite64", "fsync", "fdatasync", "ftruncate", "linkat", "rename", "renameat", "unlink",
           "unlinkat"]
PEER_CALLS = ["socket", "connect", "accept4", "poll", "ppoll", "recvfrom", "sendto", "shutdown"]
CALLS = FILE_CALLS + PEER_CALLS
KILL = "signal=KILL"
ERRORS = ["error=ENOSPC", "error=EDQUOT", "error=EIO", "error=EINTR"]

Fault = collections.namedtuple("Fault", "call occurrence kind")  # occurrences count from 1 in each thread


def strace(log, *options):
    """A prefix that runs a command under strace."""
    return ["strace", "-f", "-qq", "-o", log, "-e", "signal=none", *options]


def occurrences(log):
    """{call: count}, of the thread that has made the call most often."""
    counts = collections.Counter()
    with open(log, encoding="utf-8", errors="replace") as file:
        for line in file:
            if match := re.match(r"(\d+) +(\w+)\(", line):
                counts[match.groups()] += 1
    most = collections.Counter()
    for (_, call), count in counts.items():
        most[call] = max(most[call], count)
    return most


def faults_of(counts, kinds=(KILL, *ERRORS), share=1.0):
    """A fault for every occurrence of every call; of those outside of CHANGES only an even share."""
    every = [Fault(call, occurrence, kind) for kind in kinds for call in CALLS
             for occurrence in range(1, counts[call] + 1)]
    always = [fault for fault in every if fault.call in CHANGES and fault.kind == KILL]
    return always + share_of([fault for fault in every if fault not in always], share)


def share_of(every, share):
    """An even share of a list, with its first and its last element."""
    wanted = max(2, round(len(every) * share))
    return [every[i * (len(every) - 1) // (wanted - 1)] for i in range(wanted)]


def with_fault(fault, log, *options):
    """A prefix that runs a command and injects this fault."""
    return strace(log, "-e", f"trace={fault.call}",
                  "-e", f"inject={fault.call}:{fault.kind}:when={fault.occurrence}", *options)


def has_happened(fault, log):
    with open(log, encoding="utf-8", errors="replace") as file:
        text = file.read()
    # A call that its thread was killed in has no result.
    return "(INJECTED)" in text or (fault.kind == KILL and re.search(r"= \?|<unfinished \.\.\.>", text) is not None)


def run(command, **options):
    return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=120, check=False, **options)


def count_calls(command, *options):
    """Runs a command to its end; returns its result, and how often it made each call."""
    with tempfile.TemporaryDirectory() as folder:
        log = os.path.join(folder, "log")
        result = run([*strace(log, "-e", "trace=" + ",".join(CALLS), *options), *command])
        return result, occurrences(log)


class Tally:
    """The counts and the problems of a run."""

    def __init__(self, name):
        self.name = name
        self.counts = collections.Counter()
        self.problems = []

    def check(self, kind, condition, problem):
        """Counts one more check of this kind."""
        self.counts[kind] += 1
        if not condition:
            self.problems.append(problem)

    def __str__(self):
        found = "".join(f"\n  {problem}" for problem in self.problems[:10])
        counts = ", ".join(f"{kind}: {count}" for kind, count in sorted(self.counts.items()))
        return f"{self.name}: {counts}, lost: {len(self.problems)}{found}"
