"""Fifty clients at once that finish, hold, drop out anywhere, are revoked and let in again, while
strangers knock; then the server ends in the middle of it. Under the sanitizers too."""

import collections
import contextlib
import os
import random
import tempfile
import threading
import unittest

from support.independent_client import ACK, ERROR, REQUEST, TOP, Client, made_up_top
from support.program import Server, wait_until
from support.replay import replayable
from support.status import Watch
from support.trust import done, enrol, pin, trust

CLIENTS = 50
NAMES = 4
ROUNDS = NAMES  # of revoking one, and letting it in again
WRONG_SECRET = "0123456789abcdef" * 2
QUESTION = {"top": 5, "sort": "cpu", "format": "text", "delay": None, "hold": 30}


class Refused(Exception):
    """The server has said why it does not go on."""


class Visitor(Client):
    """A client that takes an ERROR for what it is, wherever it comes."""

    def read(self):
        kind, payload = super().read()
        if kind == ERROR:
            raise Refused(payload["code"])
        return kind, payload


class Crowd:
    """Clients that come back until the server is gone. What has come of them is in `seen`."""

    def __init__(self, server, states, stranger):
        self.server = server
        self.states = states
        self.stranger = stranger
        self.lock = threading.Lock()
        self.seen = collections.Counter()
        self.acknowledged = 0
        seeds = replayable()
        self.threads = [threading.Thread(target=self.run, args=(random.Random(seeds.random()),))
                        for _ in range(CLIENTS)]

    def run(self, dice):
        while True:
            try:
                end = self.visit(dice)
            except ConnectionRefusedError:
                return
            except Refused as refusal:
                end = str(refusal)
            except (EOFError, OSError):
                end = "cut off"
            except Exception as error:  # said by the test's own thread
                end = repr(error)
            with self.lock:
                self.seen[end] += 1

    def visit(self, dice):
        """One connection; returns what it was."""
        is_stranger = dice.random() < 0.1
        client = Visitor(self.server.port, self.stranger if is_stranger else dice.choice(self.states))
        with contextlib.closing(client.connection):
            leaves = dice.choice(["connected", "asked", "read a frame", "owes its top", "owes an answer",
                                  "never", "never", "never", "never", "never"])
            if leaves == "connected":
                return "left"
            if is_stranger and dice.random() < 0.5:
                client.join(WRONG_SECRET)
            for _ in range(dice.choice([1, 1, 3])):
                if leaves in ("asked", "read a frame"):
                    client.send(REQUEST, QUESTION)
                    if leaves == "read a frame":
                        client.read()
                    return "left"
                client.fetch(top=5, hold=30)
                if leaves == "owes its top":
                    return "left"
                if leaves == "owes an answer":
                    client.send(TOP, made_up_top())
                    return "left"
                answer, _ = client.send_top()[1]
                if answer != ACK:
                    return f"{answer} for a top"
                with self.lock:
                    self.acknowledged += 1
                # Some hold for so long that their connection goes on in another thread.
                threading.Event().wait(dice.choice([0, 0.01, 0.4]))
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


class Storm(unittest.TestCase):
    def test_storm(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        states = [os.path.join(folder.name, f"client-{i}") for i in range(NAMES)]
        stranger = os.path.join(folder.name, "stranger")
        pin(stranger)
        with Server("--max-clients", "1000") as server:
            for i, state in enumerate(states):
                enrol(server, f"client-{i}", state)
            with Crowd(server, states, stranger) as crowd:
                with Watch(server):
                    for i in range(ROUNDS):
                        done(trust(server.state, "revoke", f"client-{i % NAMES}"))
                        wait_until(lambda: crowd.seen["not_enrolled"] > i)
                        enrol(server, f"client-{i % NAMES}", states[i % NAMES])
                    wait_until(lambda: crowd.seen["served"] >= CLIENTS)
                acknowledged = crowd.acknowledged
                work = server.status()["work"]
                server.process.terminate()
                self.assertEqual(server.process.wait(timeout=30), 0)
        self.assertGreaterEqual(work["tops_received"], acknowledged)
        self.assertEqual(set(crowd.seen) - {"served", "left", "not_enrolled", "join_refused",
                                            "shutting_down", "cut off"}, set())
        for kind in ("served", "left", "not_enrolled", "join_refused"):
            self.assertGreater(crowd.seen[kind], 0, kind)


if __name__ == "__main__":
    unittest.main()
