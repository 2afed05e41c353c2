"""Whatever accept(2) says, and where there is no thread to be had: it is said once, counted, and over
when it is over."""

import os
import resource
import subprocess
import tempfile
import unittest

from support.independent_client import ACK, DATA, ERROR, Client
from support.program import Server, require_fault_injection, wait_until
from support.status import problem_with

ERRORS = {"ECONNABORTED": "Software caused connection abort", "ENFILE": "Too many open files in system",
          "ENOBUFS": "No buffer space available", "ENOMEM": "Cannot allocate memory",
          "EPROTO": "Protocol error", "EPERM": "Operation not permitted",
          "EMFILE": "Too many open files", "EAGAIN": None, "EINTR": None}
HOW_OFTEN = 4  # for each thread, as strace counts: there is one that accepts for each port


def tracer_of(pid):
    """Who traces all threads of a process; 0 for nobody."""
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
        words = [word for rule in rules for word in ("-e", "inject=" + rule)]
        # Seen from outside it is the server itself: a signal and /proc are its own.
        return ("strace", "-D", "-f", "-o", self.log, "-e", "trace=accept,accept4,poll", *words)

    def next_calls(self):
        """The call that its thread makes after each failed accept, and after the log line about it."""
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
        """of either name of the call, on both ports; each is followed by a rest"""
        for name, text in ERRORS.items():
            wrapper = self.injecting(f"accept,accept4:error={name}:when=1..{HOW_OFTEN}")
            with self.subTest(name), Server(wrapper=wrapper) as server:
                result = server.fetch()
                self.assertEqual(result.returncode, 0, result.stderr)
                document = server.status()
                said = []
                while "top 10" not in (line := server.next_line()):
                    said.append(line)
                if text is None:
                    self.assertEqual((said, document["work"]["accept_errors"]), ([], 0))
                else:
                    self.assertEqual(said, [f"topnet: could not accept a connection: {text}; "
                                            "trying again until it can be"])
                    self.assertEqual(document["work"]["accept_errors"], 2 * HOW_OFTEN)
                self.assertEqual(server.stop(), 0)
                rests = self.next_calls()
                self.assertGreaterEqual(len(rests), 2 * HOW_OFTEN)
                for call in rests:
                    self.assertRegex(call, r"^poll\(\[\{fd=\d+, events=POLLIN\}\], 1, [1-9]")


class Threads(unittest.TestCase):
    def test_none_to_be_had(self):
        require_fault_injection(self)
        log = tempfile.NamedTemporaryFile(prefix="strace-")
        self.addCleanup(log.close)
        # Counted for each thread: main starts three, and of the two that accept the fourth to the
        # sixth client are concerned.
        wrapper = ("strace", "-D", "-f", "-o", log.name, "-e", "trace=clone,clone3", "-e",
                   "inject=clone,clone3:error=EAGAIN:when=4..6")
        with Server(wrapper=wrapper) as server:
            answers = []
            for _ in range(8):
                try:
                    client = Client(server.port, server.state)
                    client.send(1, {"top": 1, "sort": "cpu", "format": "text", "delay": None,
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
            said = [line for line in iter(server.next_line, "") if "thread" in line]
            self.assertEqual(said, ["topnet: could not start a thread for a connection: Resource "
                                    "temporarily unavailable; it was turned away"])

    def test_none_for_a_connection_that_is_idle(self):
        """it stays in the thread that it has"""
        require_fault_injection(self)
        if os.geteuid() != 0:
            self.skipTest("only root may trace a server that has started")
        with Server() as server, tempfile.NamedTemporaryFile(prefix="strace-") as log:
            client = Client(server.port, server.state)
            client.fetch(hold=300)
            # Its thread is the only one that asks for another one now.
            with subprocess.Popen(["strace", "-f", "-o", log.name, "-p", str(server.process.pid), "-e",
                                   "trace=clone3", "-e", "inject=clone3:error=EAGAIN"],
                                  stderr=subprocess.DEVNULL) as tracer:
                wait_until(lambda: tracer_of(server.process.pid) == tracer.pid)
                client.send_top()
                wait_until(lambda: b"EAGAIN" in log.read())
                client.fetch()
                self.assertEqual(client.send_top()[1][0], ACK)
                tracer.terminate()
            client.close()


class Log(unittest.TestCase):
    def test_nobody_reads_it(self):
        """clients are served all the same, and what is lost is said"""
        with Server() as server:
            client = Client(server.port, server.state)
            try:
                for _ in range(1000):  # a pipe holds lines of some 400
                    client.fetch(top=1)
                    client.send_top()
            except TimeoutError:
                self.fail("the server waits for its reader")
            client.close()
            lines = [server.next_line() for _ in range(100)]
            self.assertEqual(server.fetch().returncode, 0)
            while "lost" not in (line := server.next_line()):
                self.assertIn(": top 1 in ", line)
                lines.append(line)
            lost = int(line.removeprefix("topnet: nobody read standard error; lines that are lost: "))
            self.assertEqual(len(lines) + lost, 1000)
            self.assertIn(": top 10 in ", server.next_line())


class Descriptors(unittest.TestCase):
    def test_none_to_be_had(self):
        """waits for the moment when there are some again"""
        with Server() as server:
            client = Client(server.port, server.state)
            client.fetch(hold=300)
            client.send_top()
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
            client.fetch()
            client.send_top()
            client.close()


if __name__ == "__main__":
    unittest.main()
