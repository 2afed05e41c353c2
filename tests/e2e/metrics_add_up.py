"""Between two scrapes, the series of /metrics add up to all CPU time of the machine, and their number is bounded."""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest

from support.program import Burner, Server, wait_until
from support.status import get
from support.trust import done, enrol, trust

LINE = re.compile(r'([a-z_]+)(?:\{(.*)\})? ([0-9.e+-]+|\+Inf)')
LABEL = re.compile(r'([a-z_]+)="((?:[^"\\\n]|\\[\\"n])*)"')
LABELS = {"version", "outcome", "group", "mode", "client", "le"}
PARTS = {"topnet_group_cpu_seconds_total": 1, "topnet_exited_cpu_seconds_total": 1,
         "topnet_interrupt_cpu_seconds_total": 1, "topnet_unexplained_cpu_seconds_total": 1,
         "topnet_overexplained_cpu_seconds_total": -1}
BUSY = "topnet_host_cpu_busy_seconds_total"
# Starts 60 processes with different names, each of which uses 60 ms of CPU time.
MANY_NAMES = """
import os, time
for i in range(60):
    if os.fork() == 0:
        open('/proc/self/comm', 'w').write(f'name {i}')
        end = time.process_time() + 0.06
        while time.process_time() < end: pass
        time.sleep(60)
        os._exit(0)
time.sleep(60)
"""


def scrape(server):
    status, headers, body = get(server.page, "/metrics")
    assert status == 200 and headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    return body.decode()


def parse(text):
    """Each series' value, by its name and labels."""
    series = {}
    for line in text.splitlines():
        if line.startswith("#"):
            continue
        name, labels, value = LINE.fullmatch(line).groups()
        pairs = LABEL.findall(labels or "")
        assert ",".join(f'{key}="{label}"' for key, label in pairs) == (labels or ""), line
        assert (name, tuple(pairs)) not in series, line
        series[name, tuple(pairs)] = float(value)
    return series


def value(series, name):
    return sum(each for (other, _), each in series.items() if other == name)


class Metrics(unittest.TestCase):
    def scrapes(self, server, count):
        """`count` scrapes, each of another window."""
        series = []
        while len(series) < count:
            def is_another():
                now = parse(scrape(server))
                return (not series or now != series[-1]) and (BUSY, ()) in now and (
                    not series or now[BUSY, ()] != series[-1][BUSY, ()]) and now
            series.append(wait_until(is_another))
        return series

    def groups(self, series):
        return {dict(labels)["group"] for name, labels in series if name == "topnet_group_cpu_seconds_total"}

    def test_counters_add_up_and_never_decrease(self):
        # Started before the server, so that it is among the busiest when names get their groups.
        with Burner(b'a"} 1\n\\'), Server("--metric-groups", "8") as server, contextlib.ExitStack() as stack:
            loop = subprocess.Popen(["timeout", "60", "sh", "-c", "while :; do sh -c :; done"])
            stack.callback(loop.wait)
            stack.callback(loop.terminate)
            series = self.scrapes(server, 3)
            for before, now in zip(series, series[1:]):
                explained = sum(sign * (value(now, name) - value(before, name)) for name, sign in PARTS.items())
                self.assertAlmostEqual(explained, value(now, BUSY) - value(before, BUSY), places=6)
                for (name, labels), each in before.items():
                    if name.endswith(("_total", "_bucket", "_count", "_sum")):
                        self.assertGreaterEqual(now[name, labels], each, (name, labels))
            self.assertGreater(value(series[-1], "topnet_exited_cpu_seconds_total"), 0)
            self.assertIn('a\\"} 1\\\\x0a\\\\\\\\', self.groups(series[-1]))

    def test_the_number_of_groups_is_bounded(self):
        with Server("--metric-groups", "5") as server:
            names = subprocess.Popen([sys.executable, "-c", MANY_NAMES], start_new_session=True)
            try:
                series = wait_until(lambda: (now := parse(scrape(server))) and len(self.groups(now)) == 6 and now)
                later = self.scrapes(server, 2)[-1]
            finally:
                os.killpg(names.pid, signal.SIGKILL)
                names.wait()
            self.assertEqual(self.groups(series), self.groups(later))
            self.assertIn("_other", self.groups(later))

    def test_labels_are_names_and_never_pids_or_addresses(self):
        with Server() as server:
            self.assertEqual(server.fetch("--out", "/dev/null").returncode, 0)
            text = scrape(server)
            series = parse(text)
            self.assertLessEqual({key for _, labels in series for key, _ in labels}, LABELS)
            self.assertNotIn("127.0.0.1", text)
            clients = [labels for name, labels in series if name.startswith("topnet_client_last")]
            self.assertEqual(clients, [(("client", "local"),)])
            for name, at_least in [("topnet_reports_sent_total", 1), ("topnet_scan_duration_seconds_count", 1),
                                   ("topnet_handshake_duration_seconds_count", 1),
                                   ("process_resident_memory_bytes", 1 << 20), ("process_max_fds", 64),
                                   ("process_cpu_seconds_total", 0.001), ("process_open_fds", 5)]:
                self.assertGreaterEqual(series[name, ()], at_least, name)

    def test_a_client_is_a_label_while_it_is_enrolled(self):
        def clients():
            return [dict(labels)["client"] for name, labels in parse(scrape(server))
                    if name.startswith("topnet_client_last")]
        with Server() as server, tempfile.TemporaryDirectory() as folder:
            state = os.path.join(folder, "db1")
            enrol(server, "db1", state)
            self.assertEqual(clients(), [])
            self.assertEqual(server.fetch("--out", "/dev/null", state=state).returncode, 0)
            self.assertEqual(clients(), ["db1"])
            done(trust(server.state, "revoke", "db1"))
            self.assertEqual(clients(), [])
            self.assertEqual([each["client"] for each in server.status()["clients"]], ["db1"])

    def test_a_client_that_is_not_enrolled_is_not_a_label(self):
        with Server("--no-tls") as server:
            self.assertEqual(server.fetch("--no-tls", "--out", "/dev/null").returncode, 0)
            series = parse(scrape(server))
            self.assertEqual(series["topnet_client_reports_received_total", ()], 1)
            self.assertEqual([name for name, _ in series if name.startswith("topnet_client_last")], [])

    def test_promtool_accepts_it(self):
        if not shutil.which("promtool"):
            self.skipTest("promtool is not installed")
        with Server() as server, Burner(b'a"} 1\n\\'):
            wait_until(lambda: BUSY in scrape(server))
            self.assertEqual(server.fetch("--out", "/dev/null").returncode, 0)
            checked = subprocess.run(["promtool", "check", "metrics"], input=scrape(server).encode(), timeout=60,
                                     stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
            self.assertEqual((checked.returncode, checked.stdout), (0, b""))


if __name__ == "__main__":
    unittest.main()
