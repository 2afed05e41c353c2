"""Connections that break anywhere, in either direction, or that have a bit flipped: fetch exits with 0 only if
it has the complete report, never hangs, and FILE has its old bytes or a complete report."""

import contextlib
import os
import queue
import tempfile
import threading
import unittest

from support.chaos import BACK, FORWARD, Proxy
from support.program import Server, topnet
from support.status import problem_with
from support.trust import pin

WORKERS = 4
OLD = b"old\n"


class BrokenConnections(unittest.TestCase):
    def fetch_all(self, server, faults, *args):
        """One fetch for each of `faults`, in parallel through several proxies; {fault: exit status}."""
        pending = queue.SimpleQueue()
        for fault in faults:
            pending.put(fault)
        results, problems = {}, []

        def work():
            with Proxy(server.port) as proxy, tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "report")
                with contextlib.suppress(queue.Empty):
                    while True:
                        proxy.fault = pending.get_nowait()
                        with open(path, "wb") as file:
                            file.write(OLD)
                        result = topnet("fetch", proxy.address, "-n", "1", "-o", path, "--max-time",
                                        "20", *args)
                        results[proxy.fault] = result.returncode
                        if problem := self.problem(result, path):
                            problems.append((proxy.fault, problem, result.stderr))

        threads = [threading.Thread(target=work) for _ in range(WORKERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(problems[:3], [], f"{len(problems)} of {len(results)}")
        self.assertEqual(len(results), len(faults))
        return results

    def problem(self, result, path):
        with open(path, "rb") as file:
            stored = file.read()
        is_complete = stored.startswith(b"# topnet report 1\n") and stored.endswith(b"\n") and \
            len([line for line in stored.splitlines() if not line.startswith(b"#")]) == 2
        if stored != OLD and not is_complete:
            return "half a report"
        if result.returncode == 0 and not is_complete:
            return "exit status 0 without a report"
        if result.returncode != 0 and is_complete and b"the report is stored" not in result.stderr:
            return "the message does not mention that the report is stored"
        if result.returncode not in (0, 3, 4, 5, 8) or result.stderr.count(b"\n") != 1:
            return f"exit status {result.returncode}"
        return None

    def lengths(self, server, *args):
        """The number of bytes of a complete exchange in each direction."""
        with Proxy(server.port) as proxy:
            self.assertEqual(topnet("fetch", proxy.address, "-n", "1", *args).returncode, 0)
            return proxy.forwarded

    def test_cut_anywhere(self):
        """Without TLS, which does not change the protocol. client_test.cpp cuts at each byte."""
        with Server("--no-tls") as server:
            args = ("--no-tls", "--state-dir", server.state)
            lengths = self.lengths(server, *args)
            results = self.fetch_all(server, [(direction, at, kind) for direction in (FORWARD, BACK)
                                              for at in range(0, lengths[direction], 27)
                                              for kind in ("fin", "rst")], *args)
            # The numbers in a report and in a client report vary in length by a few bytes.
            ends = [at for (_, at, _), status in results.items() if status == 0]
            self.assertTrue(all(at > min(lengths) - 50 for at in ends), ends)
            self.assertIsNone(problem_with(server.status()))

    def test_cut_or_changed_under_tls(self):
        """A flipped bit is always noticed."""
        with Server() as server:
            args = ("--state-dir", server.state, "--pin", pin(server.state))
            lengths = self.lengths(server, *args)
            results = self.fetch_all(server, [(direction, at, kind) for direction in (FORWARD, BACK)
                                              for at in range(0, lengths[direction] - 100, 197)
                                              for kind in ("fin", "rst", "flip")], *args)
            self.assertNotIn(0, results.values())
            self.assertIsNone(problem_with(server.status()))

    def test_late_or_byte_by_byte(self):
        """Slow connections are served."""
        with Server() as server:
            args = ("--state-dir", server.state, "--pin", pin(server.state))
            lengths = self.lengths(server, *args)
            faults = [(direction, at, "stall") for direction in (FORWARD, BACK)
                      for at in range(0, lengths[direction] - 100, lengths[direction] // 6)]
            faults += [(direction, 0, "dribble") for direction in (FORWARD, BACK)]
            results = self.fetch_all(server, faults, *args)
            self.assertEqual(set(results.values()), {0})
            self.assertIsNone(problem_with(server.status()))


if __name__ == "__main__":
    unittest.main()
