"""The fast way on this machine, against the exhaustive one: the same rows, of far fewer files."""

import json
import os
import re
import subprocess
import sys
import threading
import time
import unittest

from support.program import TOPNET, cpu_ticks, require_fault_injection, topnet, wait_until

# A leader that ends while its other thread lives on: a zombie whose process still runs.
ZOMBIE_LEADER = """
import ctypes, threading, time
def live():
    deadline = time.thread_time() + 0.05
    while time.thread_time() < deadline: pass
    time.sleep(1000)
threading.Thread(target=live).start()
ctypes.CDLL(None).syscall({exit}, 0)
"""
EXIT = {"x86_64": 60, "aarch64": 93}.get(os.uname().machine)

BURN = """
import os, sys, time
user, system = float(sys.argv[1]), float(sys.argv[2])
while time.process_time() < user: pass
zero = os.open("/dev/zero", os.O_RDONLY)
while os.times().system < system: os.read(zero, 1 << 20)
print(flush=True)
time.sleep(1000)
"""


class Population:
    """Processes of every kind that a ranking can go wrong with; all idle once it is there."""

    def __init__(self):
        self.children = []
        self.ends = threading.Event()
        self.coming_and_going = threading.Thread(target=self.come_and_go)

    def __enter__(self):
        for _ in range(150):  # ties: so little that it is no tick, or one
            self.start("sleep", "1000")
        burners = [self.start(sys.executable, "-c", BURN, str(user), str(system),
                              stdout=subprocess.PIPE)
                   for user, system in [(0.05, 0), (0.05, 0), (0, 0.05), (0.1, 0.1), (0.2, 0),
                                        (0.2, 0), (0, 0.2)]]
        for burner in burners:
            burner.stdout.readline()
        if EXIT:
            leader = self.start(sys.executable, "-c", ZOMBIE_LEADER.format(exit=EXIT))
            wait_until(lambda: state_of(leader.pid) == "Z")
            wait_until(lambda: sum(cpu_ticks(leader.pid)[:2]) >= 5)
        self.zombie = self.start("true")
        wait_until(lambda: state_of(self.zombie.pid) == "Z")
        self.coming_and_going.start()
        return self

    def start(self, *words, **options):
        child = subprocess.Popen(words, stdin=subprocess.DEVNULL, **options)
        self.children.append(child)
        return child

    def come_and_go(self):
        while not self.ends.wait(0.01):
            subprocess.run(["true"], check=True)

    def __exit__(self, *_):
        self.ends.set()
        if self.coming_and_going.ident:
            self.coming_and_going.join()
        for child in self.children:
            child.kill()
            child.wait()
            if child.stdout:
                child.stdout.close()


def state_of(pid):
    with open(f"/proc/{pid}/stat", "rb") as file:
        return file.read().rsplit(b") ", 1)[1][:1].decode()


def read_all():
    """User and system ticks and start time of all processes, by pid."""
    seen = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                seen[int(entry)] = cpu_ticks(entry)
            except (FileNotFoundError, ProcessLookupError):
                continue  # It has ended meanwhile.
    return seen


def rows_of(*words):
    result = topnet("scan", "-f", "json", *words)
    assert (result.returncode, result.stderr) == (0, b""), result
    return json.loads(result.stdout)["processes"]


def figures(row):
    """All but the name: a kernel thread's tells what it did last."""
    return (row["pid"], row["start_time_ticks"], row["user_ticks"], row["system_ticks"],
            row["cpu_ticks"])


KEYS = {"cpu": lambda ticks: ticks[0] + ticks[1], "user": lambda ticks: ticks[0],
        "system": lambda ticks: ticks[1]}


class Rows(unittest.TestCase):
    def setUp(self):
        if not self.can_ask_clocks():
            self.skipTest("no CPU clock of another process can be asked here")
        self.population = Population()
        self.addCleanup(self.population.__exit__)
        self.population.__enter__()

    def can_ask_clocks(self):
        return time.clock_gettime(~os.getpid() << 3 | 2) > 0

    def compare(self, count, key):
        before = read_all()
        fast = rows_of("-n", str(count), "-s", key)
        all_of_them = rows_of("-n", "100000", "-s", key, "--exhaustive")
        after = read_all()
        idle = {pid for pid in before if before[pid] == after.get(pid)}
        self.assertGreater(len(idle), 150, "too little stayed as it was to compare anything")
        self.assertLessEqual(len(fast), count)
        # Of what did not change, everything that must be in the list is, in the same order.
        expected = [figures(row) for row in all_of_them if row["pid"] in idle]
        found = [figures(row) for row in fast if row["pid"] in idle]
        self.assertEqual(found, expected[:len(found)])
        for row in fast:
            if row["pid"] in idle:
                self.assertEqual((row["user_ticks"], row["system_ticks"], row["start_time_ticks"]),
                                 before[row["pid"]])
        # And nothing is left out: what changed can have taken the other places alone.
        missing = min(count, len(expected)) - len(found)
        changing = [row for row in fast if row["pid"] not in idle]
        self.assertLessEqual(missing, len(changing))
        for row in changing:
            if row["pid"] in before and missing > 0:
                ticks = KEYS[key]((row["user_ticks"], row["system_ticks"]))
                self.assertGreaterEqual(ticks, KEYS[key](before[row["pid"]]))
        return len(found)

    def test_every_row_of_a_process_that_stays_as_it_is_is_that_of_reading_everything(self):
        compared = sum(self.compare(count, key)
                       for key in KEYS for count in (1, 3, 10, 50, 120, 100000))
        self.assertGreater(compared, 3 * 150)

    def test_the_zombies_are_ranked_as_what_they_have_used(self):
        states = {row["pid"]: row["state"] for row in rows_of("-n", "100000")}
        self.assertEqual(states[self.population.zombie.pid], "Z")
        if EXIT:
            leaders = [row for row in rows_of("-n", "100000")
                       if row["state"] == "Z" and row["cpu_ticks"] >= 5]
            self.assertNotEqual(leaders, [])


class Files(unittest.TestCase):
    def stats_opened(self, *words):
        """How many stat files of processes are opened."""
        result = subprocess.run(["strace", "-f", "-e", "trace=openat", TOPNET, "scan", *words],
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, timeout=60, check=True)
        return len(re.findall(rb'"\d+/stat"', result.stderr))

    def test_the_stat_files_of_those_alone_that_can_be_in_the_list_are_opened(self):
        require_fault_injection(self)
        sleepers = [subprocess.Popen(["sleep", "1000"]) for _ in range(100)]
        burners = [subprocess.Popen([sys.executable, "-c", BURN, str(0.1 + i / 20), "0"],
                                    stdout=subprocess.PIPE) for i in range(5)]
        try:
            for burner in burners:
                burner.stdout.readline()
            self.assertGreater(self.stats_opened("--exhaustive"), 100)
            self.assertLess(self.stats_opened("-n", "3"), 50)
        finally:
            for child in sleepers + burners:
                child.kill()
                child.wait()
                if child.stdout:
                    child.stdout.close()


if __name__ == "__main__":
    unittest.main()
