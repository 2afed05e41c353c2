"""What the machine was busy with inside a window: also the processes that came and went in it."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest

from support.program import TOPNET, Server, topnet, wait_until

# Starts one short process after the other, until it is killed; waits for each of them.
LOOP = "while :; do sh -c true; done"

# The same, but nobody waits: the kernel drops what they used.
DEAF_LOOP = """
import os, signal
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
while True:
    child = os.posix_spawn("/bin/sh", ["sh", "-c", "i=0; while [ $i -lt 2000 ]; do i=$((i+1)); done"],
                           os.environ)
    try:
        os.waitpid(child, 0)  # until it is gone
    except ChildProcessError:
        pass
"""

# Burns CPU, then waits for a line, burns a little more, and ends.
LONG_LIVED = """
import sys, time
while time.process_time() < 1.5: pass
print(flush=True)
sys.stdin.readline()
deadline = time.process_time() + 0.1
while time.process_time() < deadline: pass
"""

# The machine is shared: whatever else starts on it, or is kept from running, disturbs one window and
# not all of them.
ATTEMPTS = 5


class Loop:
    """A shell, or what `words` says, that starts processes until it is left."""

    def __init__(self, *words):
        self.words = words or ("sh", "-c", LOOP)

    def __enter__(self):
        self.child = subprocess.Popen(self.words, start_new_session=True)
        wait_until(self.has_children_behind_it)
        return self.child.pid

    def has_children_behind_it(self):
        """Whether it has started something; pids of its children are above its own, or began anew."""
        with open(f"/proc/{self.child.pid}/stat", "rb") as file:
            fields = file.read().rsplit(b")", 1)[1].split()
        with open(f"/proc/{self.child.pid}/task/{self.child.pid}/children", "rb") as file:
            return file.read() or int(fields[13]) + int(fields[14]) > 0

    def __exit__(self, *_):
        os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()


def scan(*words):
    result = topnet("scan", "-f", "json", *words)
    assert result.returncode == 0, result
    return json.loads(result.stdout)


def assert_window(test, window, seconds):
    """It is as long as was asked; longer where the machine was too busy to end it in time."""
    test.assertEqual(window["kind"], "interval")
    test.assertGreaterEqual(window["seconds"], seconds)


class Accounts(unittest.TestCase):
    def assert_parts_add_up(self, accounting):
        parts = ["listed_ticks", "other_ticks", "ended_ticks", "interrupt_ticks",
                 "unexplained_ticks"]
        self.assertEqual(sum(accounting[part] for part in parts), accounting["busy_ticks"])
        for part in parts[:-1]:
            self.assertGreaterEqual(accounting[part], 0)

    def test_nearly_all_of_a_loop_of_short_processes_is_explained(self):
        seen = []
        with Loop() as loop:
            for _ in range(ATTEMPTS):
                report = scan("-d", "2", "-n", "10")
                assert_window(self, report["window"], 2.0)
                accounting = report["accounting"]
                self.assert_parts_add_up(accounting)
                parents = {each["pid"]: each for each in accounting["ended_by_parent"]}
                self.assertIn(loop, parents)
                self.assertEqual(parents[loop]["name"], "sh")
                # Ticks that no list of processes could show.
                self.assertGreater(parents[loop]["ticks"], 10)
                seen.append(accounting["explained_ratio"])
                if 0.95 <= seen[-1] <= 1.05:
                    return
        self.fail(f"explained: {seen}")

    def test_what_a_parent_has_not_waited_for_is_unexplained(self):
        seen = []
        with Loop(sys.executable, "-c", DEAF_LOOP) as loop:
            for _ in range(ATTEMPTS):
                accounting = scan("-d", "1")["accounting"]
                self.assert_parts_add_up(accounting)
                self.assertNotIn(loop, [each["pid"] for each in accounting["ended_by_parent"]])
                seen.append(accounting["unexplained_ticks"] / accounting["busy_ticks"])
                if seen[-1] > 0.1:
                    return
        self.fail(f"unexplained: {seen}")

    def test_a_child_that_ends_counts_with_what_it_used_inside_the_window(self):
        for _ in range(ATTEMPTS):
            child = subprocess.Popen([sys.executable, "-c", LONG_LIVED], stdin=subprocess.PIPE,
                                     stdout=subprocess.PIPE)
            child.stdout.readline()
            window = subprocess.Popen([TOPNET, "scan", "-d", "2", "-f", "json"],
                                      stdout=subprocess.PIPE)
            wait_until(lambda: is_asleep(window.pid))
            child.communicate(b"\n", timeout=30)
            used = window.communicate(timeout=60)[0]
            accounting = json.loads(used)["accounting"]
            self.assert_parts_add_up(accounting)
            ours = [each["ticks"] for each in accounting["ended_by_parent"]
                    if each["pid"] == os.getpid()]
            # 10 ticks or a little more: the 150 from before the window are in none.
            self.assertLess(sum(ours), 100)
            if ours and ours[0] >= 10:
                return
        self.fail("it never ended inside a window")

    def test_since_boot_the_ended_are_told_apart_by_reading_everything_alone(self):
        accounting = scan()["accounting"]
        self.assertIsNone(accounting["ended_ticks"])
        self.assertIsNone(accounting["explained_ratio"])
        self.assertEqual(accounting["ended_by_parent"], [])
        self.assertEqual(accounting["busy_ticks"],
                         accounting["listed_ticks"] + accounting["other_ticks"] +
                         accounting["interrupt_ticks"] + accounting["unexplained_ticks"])
        accounting = scan("--exhaustive")["accounting"]
        self.assert_parts_add_up(accounting)
        self.assertGreater(accounting["ended_ticks"], 0)
        self.assertLessEqual(len(accounting["ended_by_parent"]), 5)

    def test_no_figure_of_a_window_is_negative_or_more_than_the_cpus_can_do(self):
        report = scan("-d", "0.2", "-n", "100000")
        most = 2 * report["cpus"] * report["window"]["seconds"] * report["clock_ticks_per_second"] + 100
        for row in report["processes"]:
            for key in ("user_ticks", "system_ticks", "cpu_ticks"):
                self.assertGreaterEqual(row[key], 0)
                self.assertLess(row[key], most)


class Fetched(unittest.TestCase):
    def test_a_window_is_the_servers_and_the_clients_own(self):
        with Server() as server, tempfile.TemporaryDirectory() as folder:
            file = os.path.join(folder, "report.json")
            result = server.fetch("-d", "0.3", "-f", "json", "-o", file)
            self.assertEqual(result.returncode, 0, result)
            with open(file, encoding="utf-8") as report:
                document = json.load(report)
            assert_window(self, document["window"], 0.3)
            self.assertIsNotNone(document["accounting"]["ended_ticks"])
            status = server.status()
            assert_window(self, status["reports"][0]["window"], 0.3)
            self.assertEqual(status["work"]["scans"], 1)


def is_asleep(pid):
    """Whether it waits for the end of its window."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        return file.read().rsplit(b") ", 1)[1].startswith(b"S")


if __name__ == "__main__":
    unittest.main()
