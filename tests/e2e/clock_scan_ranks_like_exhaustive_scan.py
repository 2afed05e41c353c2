"""On this machine, the clock scan gives the same rows as the exhaustive scan, and reads far fewer files."""

import json
import os
import re
import subprocess
import sys
import threading
import time
import unittest

from support.program import TOPNET, all_cpu_ticks, cpu_ticks, require_fault_injection, topnet, wait_until

# A group leader that exits while its other thread runs: a zombie whose process still runs.
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
    """Processes of every kind that is difficult to rank; all are idle once the context is entered."""

    def __init__(self):
        self.children = []
        self.ends = threading.Event()
        self.coming_and_going = threading.Thread(target=self.come_and_go)

    def __enter__(self):
        for _ in range(150):  # ties: each has used one tick at most
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

    def start(self, *args, **options):
        child = subprocess.Popen(args, stdin=subprocess.DEVNULL, **options)
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



def rows_of(*args):
    result = topnet("scan", "-f", "json", *args)
    assert (result.returncode, result.stderr) == (0, b""), result
    return json.loads(result.stdout)["processes"]


def figures(row):
    """All but the name, since the names of kernel threads change."""
    return (row["pid"], row["start_time_ticks"], row["user_ticks"], row["system_ticks"],
            row["cpu_ticks"])


KEYS = {"cpu": lambda ticks: ticks[0] + ticks[1], "user": lambda ticks: ticks[0],
        "system": lambda ticks: ticks[1]}


class Rows(unittest.TestCase):
    def setUp(self):
        if time.clock_gettime(~os.getpid() << 3 | 2) <= 0:
            self.skipTest("CPU clocks of other processes cannot be read here")
        self.population = Population()
        self.addCleanup(self.population.__exit__)
        self.population.__enter__()


    def compare(self, count, key):
        before = all_cpu_ticks()
        fast = rows_of("-n", str(count), "-s", key)
        all_of_them = rows_of("-n", "100000", "-s", key, "--exhaustive")
        after = all_cpu_ticks()
        idle = {pid for pid in before if before[pid] == after.get(pid)}
        self.assertGreater(len(idle), 150, "too few processes stayed idle for a comparison")
        self.assertLessEqual(len(fast), count)
        # All idle processes that belong in the list are in it, in the same order.
        expected = [figures(row) for row in all_of_them if row["pid"] in idle]
        found = [figures(row) for row in fast if row["pid"] in idle]
        self.assertEqual(found, expected[:len(found)])
        for row in fast:
            if row["pid"] in idle:
                self.assertEqual((row["user_ticks"], row["system_ticks"], row["start_time_ticks"]),
                                 before[row["pid"]])
        # Rows of idle processes may be missing only if changing processes have overtaken them.
        missing = min(count, len(expected)) - len(found)
        changing = [row for row in fast if row["pid"] not in idle]
        self.assertLessEqual(missing, len(changing))
        for row in changing:
            if row["pid"] in before and missing > 0:
                ticks = KEYS[key]((row["user_ticks"], row["system_ticks"]))
                self.assertGreaterEqual(ticks, KEYS[key](before[row["pid"]]))
        return len(found)

    def test_rows_of_idle_processes_are_those_of_an_exhaustive_scan(self):
        compared = sum(self.compare(count, key)
                       for key in KEYS for count in (1, 3, 10, 50, 120, 100000))
        self.assertGreater(compared, 3 * 150)

    def test_zombies_are_ranked_by_what_they_have_used(self):
        states = {row["pid"]: row["state"] for row in rows_of("-n", "100000")}
        self.assertEqual(states[self.population.zombie.pid], "Z")
        if EXIT:
            leaders = [row for row in rows_of("-n", "100000")
                       if row["state"] == "Z" and row["cpu_ticks"] >= 5]
            self.assertNotEqual(leaders, [])


class Files(unittest.TestCase):
    def stats_opened(self, *args):
        """The number of processes' stat files that the scan opens."""
        result = subprocess.run(["strace", "-f", "-e", "trace=openat", TOPNET, "scan", *args],
                                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                stderr=subprocess.PIPE, timeout=60, check=True)
        return len(re.findall(rb'"\d+/stat"', result.stderr))

    def test_only_stat_files_of_candidates_are_opened(self):
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
