"""Errors of accept(2) and of thread creation are logged once and counted, and the server recovers when they end."""

import os
import resource
import subprocess
import tempfile
import unittest

from support.independent_client import DATA, ERROR, REQUEST, Client
from support.program import Server, require_fault_injection, wait_until
from support.status import problem_with

ERRORS = {"ECONNABORTED": "Software caused connection abort", "ENFILE": "Too many open files in system",
          "ENOBUFS": "No buffer space available", "ENOMEM": "Cannot allocate memory",
          "EPROTO": "Protocol error", "EPERM": "Operation not permitted",
          "EMFILE": "Too many open files", "EAGAIN": None, "EINTR": None}
REPETITIONS = 4  # for each thread, as strace counts; each port has one thread that accepts


def tracer_of(pid):
    """The pid of the process that traces all threads of a process; 0 if there is none."""
    tracers = set()
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/status", encoding="ascii") as file:
            tracers.add(next(int(line.split()[1]) for line in file if line.startswith("TracerPid:")))
    return tracers.pop() if len(tracers) == 1 else 0


class Accepting(unittest.TestCase):
    def setUp(self):
        require_fault_injection(self)
        log = tempfile.NamedTemporaryFile(prefix="strace-")
        self.addCleanup(log.close)
        self.log = log.name

    def injecting(self, *rules):
        args = [word for rule in rules for word in ("-e", "inject=" + rule)]
        # With -D the child is the server itself, so that signals and /proc are those of the server.
        return ("strace", "-D", "-f", "-o", self.log, "-e", "trace=accept,accept4,poll", *args)

    def next_calls(self):
        """The call that a thread makes after each failed accept, apart from its log line."""
        calls, failed = [], set()
        with open(self.log, encoding="ascii", errors="replace") as file:
            for line in file:
                thread, call = line.split(maxsplit=1)
                if thread in failed and "POLLOUT" not in call and "resumed>" not in call:
                    calls.append(call)
                    failed.remove(thread)
                if "(INJECTED)" in call:
                    failed.add(thread)
        return calls

    def test_every_error(self):
        """Of accept and accept4, on both ports; each is followed by a pause."""
        for name, text in ERRORS.items():
            wrapper = self.injecting(f"accept,accept4:error={name}:when=1..{REPETITIONS}")
            with self.subTest(name), Server(wrapper=wrapper) as server:
                result = server.fetch()
                self.assertEqual(result.returncode, 0, result.stderr)
                document = server.status()
                lines = []
                while "top 10" not in (line := server.next_line()):
                    lines.append(line)
                if text is None:
                    self.assertEqual((lines, document["work"]["accept_errors"]), ([], 0))
                else:
                    self.assertEqual(lines, [f"topnet: could not accept a connection: {text}; "
                                            "will keep trying"])
                    self.assertEqual(document["work"]["accept_errors"], 2 * REPETITIONS)
                self.assertEqual(server.stop(), 0)
                pauses = self.next_calls()
                self.assertGreaterEqual(len(pauses), 2 * REPETITIONS)
                for call in pauses:
                    self.assertRegex(call, r"^poll\(\[\{fd=\d+, events=POLLIN\}\], 1, [1-9]")


class Threads(unittest.TestCase):
    def test_none_can_be_started(self):
        require_fault_injection(self)
        log = tempfile.NamedTemporaryFile(prefix="strace-")
        self.addCleanup(log.close)
        # strace counts for each thread: main starts three, and in each of the two threads that accept the fourth
        # to the sixth connection get no thread.
        wrapper = ("strace", "-D", "-f", "-o", log.name, "-e", "trace=clone,clone3", "-e",
                   "inject=clone,clone3:error=EAGAIN:when=4..6")
        with Server(wrapper=wrapper) as server:
            answers = []
            for _ in range(8):
                try:
                    client = Client(server.port, server.state)
                    client.send(REQUEST, {"top": 1, "sort": "cpu", "format": "text", "delay": None,
                                    "hold": 0})
                    answers.append(client.read())
                    client.connection.close()
                except OSError as error:
                    answers.append((error, None))
            self.assertEqual([kind for kind, _ in answers],
                             [DATA] * 3 + [ERROR] * 3 + [DATA] * 2)
            self.assertEqual({answer["code"] for _, answer in answers[3:6]}, {"busy"})
            for _ in range(3):
                server.status()
            for _ in range(3):
                self.assertRaises(OSError, server.status)
            document = wait_until(lambda: (found := server.status())["counters"]["active"] == 0
                                  and found)
            self.assertEqual(document["counters"]["refused_busy"], 3)
            self.assertEqual(document["work"]["thread_errors"], 6)
            self.assertIsNone(problem_with(document))
            self.assertEqual(server.fetch().returncode, 0)
            self.assertEqual(server.stop(), 0)
            lines = [line for line in iter(server.next_line, "") if "thread" in line]
            self.assertEqual(lines, ["topnet: could not start a thread for a connection: Resource "
                                    "temporarily unavailable; closed the connection"])

    def test_none_for_an_idle_connection(self):
        """It stays in its thread."""
        require_fault_injection(self)
        if os.geteuid() != 0:
            self.skipTest("only root may trace a server that has started")
        with Server() as server, tempfile.NamedTemporaryFile(prefix="strace-") as log:
            client = Client(server.port, server.state)
            client.fetch(hold=300)
            # Only the thread of that connection starts another one now.
            with subprocess.Popen(["strace", "-f", "-o", log.name, "-p", str(server.process.pid), "-e",
                                   "trace=clone3", "-e", "inject=clone3:error=EAGAIN"],
                                  stderr=subprocess.DEVNULL) as tracer:
                wait_until(lambda: tracer_of(server.process.pid) == tracer.pid)
                client.send_client_report()
                wait_until(lambda: b"EAGAIN" in log.read())
                client.exchange()
                tracer.terminate()
            client.close()


class Log(unittest.TestCase):
    def test_that_is_not_read(self):
        """Clients are served, and the number of lost lines is logged."""
        with Server() as server:
            client = Client(server.port, server.state)
            try:
                for _ in range(1000):  # a pipe holds some 400 lines
                    client.exchange()
            except TimeoutError:
                self.fail("the server waits for its reader")
            client.close()
            lines = [server.next_line() for _ in range(100)]
            self.assertEqual(server.fetch().returncode, 0)
            while "dropped" not in (line := server.next_line()):
                self.assertIn(": sent the top 1 (", line)
                lines.append(line)
            dropped = int(line.removeprefix("topnet: lines dropped because standard error was not read: "))
            self.assertEqual(len(lines) + dropped, 1000)
            self.assertIn(": sent the top 10 (", server.next_line())


class Descriptors(unittest.TestCase):
    def test_none_are_left(self):
        """The server waits until there are some again."""
        with Server() as server:
            client = Client(server.port, server.state)
            client.exchange(hold=300)
            used = server.status()["work"]["open_fds"]
            _, hard = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
            resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (used - 1, hard))
            waiting = Client(server.port)
            while "Too many open files" not in (line := server.next_line()):
                self.assertTrue(line)
            resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (hard, hard))
            waiting.connection.close()
            self.assertEqual(server.fetch().returncode, 0)
            self.assertGreater(server.status()["work"]["accept_errors"], 0)
            client.exchange()
            client.close()


if __name__ == "__main__":
    unittest.main()
