"""Unknown clients use no slot of enrolled clients, and none that an enrolled client needs for its handshake."""

import contextlib
import os
import socket
import threading
import unittest

from support.cases import FolderCase
from support.independent_client import ERROR, Client, tls_context
from support.program import Server, wait_until
from support.replay import replayable
from support.status import CounterCheck
from support.trust import done, enrol, invite, pin, trust

GARBAGE = [b"\x16\x03\x01\x00\x05hello", b"GET / HTTP/1.1\r\n\r\n", b"\0" * 600, b"\x16\x03\x01\x40\x00",
           replayable().randbytes(300)]
HANDSHAKES = 128  # slots


def send(server, data):
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=20)
    connection.sendall(data)
    return connection


class Strangers:
    """A context in which clients connect again as soon as the server has disconnected them: some send garbage, the
    others complete the handshake, with the key in `state` or with none, and send nothing."""

    def __init__(self, server, state):
        self.has_ended = threading.Event()
        contexts = [tls_context(), tls_context(state)]
        self.threads = [threading.Thread(target=self.send_garbage, args=(server, i)) for i in range(4)]
        self.threads += [threading.Thread(target=self.shake_hands, args=(server, contexts[i % 2])) for i in range(8)]

    def send_garbage(self, server, i):
        while not self.has_ended.wait(0.005):
            with contextlib.suppress(OSError), send(server, GARBAGE[i % len(GARBAGE)]) as connection:
                connection.settimeout(2)
                connection.recv(100)
            i += 1

    def shake_hands(self, server, context):
        while not self.has_ended.wait(0.005):
            with contextlib.suppress(OSError, EOFError), Client(server.port, context=context) as client:
                client.connection.settimeout(2)
                client.read_exactly(10000)

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
        self.connections = contextlib.ExitStack()
        self.addCleanup(self.connections.close)

    def begin_handshakes(self, server, count):
        """Connections that have sent the first byte of a handshake."""
        for _ in range(count):
            self.connections.enter_context(send(server, b"\x16"))

    def test_an_enrolled_client_gets_every_report_and_a_new_one_can_join(self):
        """Beside all kinds of unknown clients, more than there are slots."""
        pin(self.path("unknown"))
        with Server() as server, CounterCheck(server):
            enrol(server, "db1", self.client)
            code = invite(server, "db2")
            self.begin_handshakes(server, HANDSHAKES)
            wait_until(lambda: server.status()["counters"]["active"] == HANDSHAKES)
            with Strangers(server, self.path("unknown")):
                memory = []
                for _ in range(20):
                    result = server.fetch(state=self.client)
                    self.assertEqual(result.returncode, 0, result.stderr.decode())
                    memory.append(server.resident_kib())
                done(trust(self.path("db2"), "join", code))
            # Each connection reuses the memory of an earlier one.
            if not os.environ.get("TOPNET_SANITIZE"):
                self.assertLess(max(memory[10:]) - max(memory[:10]), 4096)
            counters = server.status()["counters"]
            for name in ("refused_busy", "refused_auth", "handshake_failed"):
                self.assertGreater(counters[name], 0, name)

    def test_a_client_without_a_key_is_refused_before_it_sends_anything(self):
        """E1"""
        with Server() as server, CounterCheck(server):
            client = Client(server.port, context=tls_context())
            kind, refusal = client.read()
            self.assertEqual((kind, refusal["code"]), (ERROR, "not_enrolled"))
            client.close()
            wait_until(lambda: server.status()["counters"]["refused_auth"] == 1)

    def test_a_refused_key_is_logged_once(self):
        with Server() as server:
            for _ in range(3):
                self.assertEqual(server.fetch("--pin", pin(server.state), state=self.client).returncode, 5)
            self.assertIn(f"its key {pin(self.client)} is not enrolled", server.next_line())
            enrol(server, "db1", self.client)
            self.assertIn("has joined as db1", server.next_line())

    def test_enrolled_clients_are_never_evicted(self):
        with Server() as server, CounterCheck(server):
            enrol(server, "db1", self.client)
            held = [Client(server.port, self.client), Client(server.port, server.state)]
            for client in held:
                client.exchange(hold=300)
            self.begin_handshakes(server, HANDSHAKES + 20)
            self.assertEqual(server.fetch(state=self.client).returncode, 0)
            for client in held:
                client.exchange()
                client.close()

    def test_they_use_no_slot_of_enrolled_clients(self):
        with Server("--max-clients", "1") as server, CounterCheck(server):
            self.begin_handshakes(server, HANDSHAKES)
            for _ in range(5):
                self.assertEqual(server.fetch().returncode, 0)


if __name__ == "__main__":
    unittest.main()
