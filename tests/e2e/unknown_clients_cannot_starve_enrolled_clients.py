"""Silent sockets and garbage use only the slots for unauthenticated connections."""

import contextlib
import os
import socket
import threading
import time
import unittest

from support.cases import FolderCase
from support.independent_client import Client, tls_context
from support.program import Server, wait_until
from support.replay import replayable
from support.status import CounterCheck
from support.trust import enrol

GARBAGE = [b"\x16\x03\x01\x00\x05hello", b"GET / HTTP/1.1\r\n\r\n", b"\0" * 600, b"\x16\x03\x01\x40\x00",
           replayable().randbytes(300)]


def silent(server):
    return socket.create_connection(("127.0.0.1", server.port), timeout=20)


class Garbage:
    """A context in which threads send garbage on one connection after the other."""

    def __init__(self, server):
        self.server = server
        self.has_ended = threading.Event()
        self.threads = [threading.Thread(target=self.run, args=(i,)) for i in range(4)]

    def run(self, i):
        while not self.has_ended.wait(0.005):
            with contextlib.suppress(OSError), silent(self.server) as connection:
                connection.settimeout(2)
                connection.sendall(GARBAGE[i % len(GARBAGE)])
                connection.recv(100)
            i += 1

    def __enter__(self):
        for thread in self.threads:
            thread.start()

    def __exit__(self, *_):
        self.has_ended.set()
        for thread in self.threads:
            thread.join()


class UnknownClients(FolderCase):
    def setUp(self):
        super().setUp()
        self.sockets = contextlib.ExitStack()
        self.addCleanup(self.sockets.close)

    def add_silent(self, server, count):
        return [self.sockets.enter_context(silent(server)) for _ in range(count)]

    def counters(self, server):
        return server.status()["counters"]

    def test_an_enrolled_client_gets_every_report(self):
        """Beside 500 silent connections, and as much garbage as four threads can send."""
        with Server() as server, CounterCheck(server):
            enrol(server, "db1", self.client)
            self.add_silent(server, 500)
            with Garbage(server):
                memory = []
                for _ in range(60):
                    result = server.fetch(state=self.client)
                    self.assertEqual(result.returncode, 0, result.stderr.decode())
                    memory.append(server.resident_kib())
            # Each connection reuses the memory of an earlier one.
            if not os.environ.get("TOPNET_SANITIZE"):
                self.assertLess(max(memory[30:]) - max(memory[:30]), 4096)
            counters = self.counters(server)
            self.assertGreater(counters["refused_busy"], 0)
            self.assertGreaterEqual(counters["refused_busy"] + counters["timed_out"], 500 - 64)

    def test_the_oldest_is_evicted_and_only_as_many_as_needed(self):
        with Server() as server, CounterCheck(server):
            first = self.add_silent(server, 1)
            time.sleep(0.05)  # the kernel measures ages in steps of some milliseconds
            first += self.add_silent(server, 63)
            wait_until(lambda: self.counters(server)["active"] == 64)
            self.assertEqual(self.counters(server)["refused_busy"], 0)
            self.assertEqual(server.fetch().returncode, 0)
            self.assertEqual(first[0].recv(1), b"")
            counters = wait_until(lambda: (found := self.counters(server))["active"] == 63 and found)
            self.assertEqual((counters["refused_busy"], counters["completed"]), (1, 1))
            first[1].settimeout(0)
            self.assertRaises(BlockingIOError, first[1].recv, 1)

    def test_an_unknown_client_is_evicted_after_its_handshake_too(self):
        with Server() as server, CounterCheck(server):
            unknown_client = Client(server.port, context=tls_context())
            wait_until(lambda: self.counters(server)["active"] == 1)
            self.add_silent(server, 63)
            wait_until(lambda: self.counters(server)["active"] == 64)
            self.assertEqual(server.fetch().returncode, 0)
            with self.assertRaises((EOFError, OSError)):
                unknown_client.read()
            unknown_client.connection.close()
            wait_until(lambda: self.counters(server)["refused_busy"] == 1)

    def test_enrolled_clients_are_never_evicted(self):
        with Server() as server, CounterCheck(server):
            enrol(server, "db1", self.client)
            held = [Client(server.port, self.client), Client(server.port, server.state)]
            for client in held:
                client.exchange(hold=300)
            self.add_silent(server, 200)
            self.assertEqual(server.fetch(state=self.client).returncode, 0)
            for client in held:
                client.exchange()
                client.close()

    def test_they_use_no_slot_of_enrolled_clients(self):
        with Server("--max-clients", "1") as server, CounterCheck(server):
            self.add_silent(server, 60)
            for _ in range(5):
                self.assertEqual(server.fetch().returncode, 0)


if __name__ == "__main__":
    unittest.main()
