"""A report accounts for the CPU time of its window, including that of processes that started and exited in it."""

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

# The same without waiting for them: the kernel then drops their CPU time.
UNREAPED_LOOP = """
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

# Other processes of the machine may disturb one window, but not all of them.
ATTEMPTS = 5


class Loop:
    """A context in which a shell, or the command `args`, starts processes all the time; gives its pid."""

    def __init__(self, *args):
        self.args = args or ("sh", "-c", LOOP)

    def __enter__(self):
        self.child = subprocess.Popen(self.args, start_new_session=True)
        wait_until(self.has_started_children)
        return self.child.pid

    def has_started_children(self):
        with open(f"/proc/{self.child.pid}/stat", "rb") as file:
            fields = file.read().rsplit(b")", 1)[1].split()
        with open(f"/proc/{self.child.pid}/task/{self.child.pid}/children", "rb") as file:
            return file.read() or int(fields[13]) + int(fields[14]) > 0

    def __exit__(self, *_):
        os.killpg(self.child.pid, signal.SIGKILL)
        self.child.wait()


def scan(*args):
    result = topnet("scan", "-f", "json", *args)
    assert result.returncode == 0, result
    return json.loads(result.stdout)


def assert_window(test, window, seconds):
    """It is as long as requested, or longer if the machine was too busy to end it in time."""
    test.assertEqual(window["kind"], "interval")
    test.assertGreaterEqual(window["seconds"], seconds)


class Accounts(unittest.TestCase):
    def assert_parts_add_up(self, accounting):
        parts = ["listed_ticks", "other_ticks", "exited_ticks", "interrupt_ticks",
                 "unexplained_ticks"]
        self.assertEqual(sum(accounting[part] for part in parts), accounting["busy_ticks"])
        for part in parts[:-1]:
            self.assertGreaterEqual(accounting[part], 0)

    def test_nearly_all_of_a_loop_of_short_processes_is_explained(self):
        ratios = []
        with Loop() as loop:
            for _ in range(ATTEMPTS):
                report = scan("-d", "2", "-n", "10")
                assert_window(self, report["window"], 2.0)
                accounting = report["accounting"]
                self.assert_parts_add_up(accounting)
                parents = {each["pid"]: each for each in accounting["exited_by_parent"]}
                self.assertIn(loop, parents)
                self.assertEqual(parents[loop]["name"], "sh")
                # Ticks of processes that no list could show.
                self.assertGreater(parents[loop]["ticks"], 10)
                ratios.append(accounting["explained_ratio"])
                if 0.95 <= ratios[-1] <= 1.05:
                    return
        self.fail(f"explained: {ratios}")

    def test_unreaped_children_are_unexplained(self):
        ratios = []
        with Loop(sys.executable, "-c", UNREAPED_LOOP) as loop:
            for _ in range(ATTEMPTS):
                accounting = scan("-d", "1")["accounting"]
                self.assert_parts_add_up(accounting)
                self.assertNotIn(loop, [each["pid"] for each in accounting["exited_by_parent"]])
                ratios.append(accounting["unexplained_ticks"] / accounting["busy_ticks"])
                if ratios[-1] > 0.1:
                    return
        self.fail(f"unexplained: {ratios}")

    def test_an_exited_child_counts_with_what_it_used_inside_the_window(self):
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
            ours = [each["ticks"] for each in accounting["exited_by_parent"]
                    if each["pid"] == os.getpid()]
            # 10 ticks or a little more: the 150 from before the window do not count.
            self.assertLess(sum(ours), 100)
            if ours and ours[0] >= 10:
                return
        self.fail("it never exited inside a window")

    def test_since_boot_only_an_exhaustive_scan_knows_exited_processes(self):
        accounting = scan()["accounting"]
        self.assertIsNone(accounting["exited_ticks"])
        self.assertIsNone(accounting["explained_ratio"])
        self.assertEqual(accounting["exited_by_parent"], [])
        self.assertEqual(accounting["busy_ticks"],
                         accounting["listed_ticks"] + accounting["other_ticks"] +
                         accounting["interrupt_ticks"] + accounting["unexplained_ticks"])
        accounting = scan("--exhaustive")["accounting"]
        self.assert_parts_add_up(accounting)
        self.assertGreater(accounting["exited_ticks"], 0)
        self.assertLessEqual(len(accounting["exited_by_parent"]), 5)

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
            self.assertIsNotNone(document["accounting"]["exited_ticks"])
            status = server.status()
            assert_window(self, status["reports"][0]["window"], 0.3)
            self.assertEqual(status["work"]["scans"], 1)


def is_asleep(pid):
    """Whether the process sleeps until the end of its window."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        return file.read().rsplit(b") ", 1)[1].startswith(b"S")


if __name__ == "__main__":
    unittest.main()
