"""Fifty clients at once that finish, hold, leave anywhere, are revoked and enrolled again, beside unknown clients;
then the server shuts down. It also runs under the sanitizers."""

import collections
import contextlib
import random
import threading
import unittest

from support.cases import FolderCase
from support.independent_client import ACK, ERROR, REQUEST, TOP, Client, sample_client_report
from support.program import Server, wait_until
from support.replay import replayable
from support.status import CounterCheck
from support.trust import done, enrol, pin, trust

CLIENTS = 50
NAMES = 4
REVOCATIONS = 2  # each followed by a new enrolment

UNUSED_SECRET = "0123456789abcdef" * 2
QUERY = {"top": 5, "sort": "cpu", "format": "text", "delay": None, "hold": 30}


class Refused(Exception):
    """The server has sent an ERROR."""


class Visitor(Client):
    """A client that raises Refused for an ERROR at any time."""

    def read(self):
        kind, payload = super().read()
        if kind == ERROR:
            raise Refused(payload["code"])
        return kind, payload


class Crowd:
    """A context in which clients connect again and again until the server has ended. `outcomes` counts how their
    connections ended."""

    def __init__(self, server, states, unknown_client):
        self.server = server
        self.states = states
        self.unknown_client = unknown_client
        self.lock = threading.Lock()
        self.outcomes = collections.Counter()
        self.acknowledged = 0
        seeds = replayable()
        self.threads = [threading.Thread(target=self.run, args=(random.Random(seeds.random()),))
                        for _ in range(CLIENTS)]

    def run(self, rng):
        while True:
            try:
                end = self.visit(rng)
            except ConnectionRefusedError:
                return
            except Refused as refusal:
                end = str(refusal)
            except (EOFError, OSError):
                end = "cut off"
            except Exception as error:  # reported by the test's thread
                end = repr(error)
            with self.lock:
                self.outcomes[end] += 1

    def visit(self, rng):
        """One connection; returns how it ended."""
        is_unknown = rng.random() < 0.1
        client = Visitor(self.server.port, self.unknown_client if is_unknown else rng.choice(self.states))
        with contextlib.closing(client.connection):
            leaves_after = rng.choice(["handshake", "REQUEST", "a frame", "END", "TOP"] + [None] * 5)
            if leaves_after == "handshake":
                return "left"
            if is_unknown and rng.random() < 0.5:
                client.join(UNUSED_SECRET)
            for _ in range(rng.choice([1, 1, 3])):
                if leaves_after in ("REQUEST", "a frame"):
                    client.send(REQUEST, QUERY)
                    if leaves_after == "a frame":
                        client.read()
                    return "left"
                client.fetch(top=5, hold=30)
                if leaves_after == "TOP":
                    client.send(TOP, sample_client_report())
                if leaves_after:
                    return "left"
                answer, _ = client.send_client_report()[1]
                if answer != ACK:
                    return f"{answer} for a client report"
                with self.lock:
                    self.acknowledged += 1
                # Some hold for so long that the server moves their connection to another thread.
                threading.Event().wait(rng.choice([0, 0.01, 0.4]))
            client.close()
            return "served"

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.server.process.terminate()
        for thread in self.threads:
            thread.join()


class Storm(FolderCase):
    def test_storm(self):
        states = [self.path(f"client-{i}") for i in range(NAMES)]
        pin(self.client)
        with Server("--max-clients", "1000") as server:
            for i, state in enumerate(states):
                enrol(server, f"client-{i}", state)
            with Crowd(server, states, self.client) as crowd:
                with CounterCheck(server):
                    for i in range(REVOCATIONS):
                        done(trust(server.state, "revoke", f"client-{i}"))
                        wait_until(lambda: crowd.outcomes["not_enrolled"] > i)
                        enrol(server, f"client-{i}", states[i])
                    wait_until(lambda: crowd.outcomes["served"] >= CLIENTS)
                acknowledged = crowd.acknowledged
                work = server.status()["work"]
                server.process.terminate()
                self.assertEqual(server.process.wait(timeout=30), 0)
        self.assertGreaterEqual(work["client_reports_received"], acknowledged)
        self.assertEqual(set(crowd.outcomes) - {"served", "left", "not_enrolled", "join_refused",
                                                "shutting_down", "cut off"}, set())
        for kind in ("served", "left", "not_enrolled", "join_refused"):
            self.assertGreater(crowd.outcomes[kind], 0, kind)


if __name__ == "__main__":
    unittest.main()
