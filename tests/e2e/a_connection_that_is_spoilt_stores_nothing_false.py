"""Cut anywhere, in both directions, or with a bit flipped: fetch never says that all is well where
it is not, never hangs, and FILE has its old bytes or a whole report."""

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


class Spoilt(unittest.TestCase):
    def fetch_all(self, server, spoils, *words):
        """One fetch for each of `spoils`, through proxies of their own; {spoil: exit status}."""
        todo = queue.SimpleQueue()
        for spoil in spoils:
            todo.put(spoil)
        results, problems = {}, []

        def work():
            with Proxy(server.port) as proxy, tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "report")
                with contextlib.suppress(queue.Empty):
                    while True:
                        proxy.spoil = todo.get_nowait()
                        with open(path, "wb") as file:
                            file.write(OLD)
                        result = topnet("fetch", proxy.address, "-n", "1", "-o", path, "--max-time",
                                        "20", *words)
                        results[proxy.spoil] = result.returncode
                        if problem := self.problem(result, path):
                            problems.append((proxy.spoil, problem, result.stderr))

        threads = [threading.Thread(target=work) for _ in range(WORKERS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(problems[:3], [], f"{len(problems)} of {len(results)}")
        self.assertEqual(len(results), len(spoils))
        return results

    def problem(self, result, path):
        with open(path, "rb") as file:
            stored = file.read()
        is_whole = stored.startswith(b"# topnet report 1\n") and stored.endswith(b"\n") and \
            len([line for line in stored.splitlines() if not line.startswith(b"#")]) == 2
        if stored != OLD and not is_whole:
            return "half a report"
        if result.returncode == 0 and not is_whole:
            return "no report, and all is said to be well"
        if result.returncode != 0 and is_whole and b"the report is stored" not in result.stderr:
            return "it is not said that the report is stored"
        if result.returncode not in (0, 3, 4, 5, 8) or result.stderr.count(b"\n") != 1:
            return f"exit status {result.returncode}"
        return None

    def lengths(self, server, *words):
        """How many bytes a whole exchange has in each direction."""
        with Proxy(server.port) as proxy:
            self.assertEqual(topnet("fetch", proxy.address, "-n", "1", *words).returncode, 0)
            return proxy.passed

    def assert_adds_up(self, server):
        self.assertIsNone(problem_with(server.status()))

    def test_cut_anywhere(self):
        """in the protocol, which is the same without TLS; client_test.cpp cuts at each byte"""
        with Server("--no-tls") as server:
            words = ("--no-tls", "--state-dir", server.state)
            passed = self.lengths(server, *words)
            results = self.fetch_all(server, [(direction, at, how) for direction in (FORWARD, BACK)
                                              for at in range(0, passed[direction], 9)
                                              for how in ("fin", "rst")], *words)
            # The numbers in a report and in a top vary in length by a few bytes.
            ends = [at for (_, at, _), status in results.items() if status == 0]
            self.assertTrue(all(at > min(passed) - 50 for at in ends), ends)
            self.assert_adds_up(server)

    def test_cut_or_changed_under_tls(self):
        """a bit that is flipped is found wherever it is"""
        with Server() as server:
            words = ("--state-dir", server.state, "--pin", pin(server.state))
            passed = self.lengths(server, *words)
            results = self.fetch_all(server, [(direction, at, how) for direction in (FORWARD, BACK)
                                              for at in range(0, passed[direction] - 100, 97)
                                              for how in ("fin", "rst", "flip")], *words)
            self.assertNotIn(0, results.values())
            self.assert_adds_up(server)

    def test_late_or_byte_by_byte(self):
        """what only takes its time arrives"""
        with Server() as server:
            words = ("--state-dir", server.state, "--pin", pin(server.state))
            passed = self.lengths(server, *words)
            spoils = [(direction, at, "stall") for direction in (FORWARD, BACK)
                      for at in range(0, passed[direction] - 100, passed[direction] // 6)]
            spoils += [(direction, 0, "dribble") for direction in (FORWARD, BACK)]
            results = self.fetch_all(server, spoils, *words)
            self.assertEqual(set(results.values()), {0})
            self.assert_adds_up(server)


if __name__ == "__main__":
    unittest.main()
