"""The server is killed over and over under 50 clients: after every restart each acknowledged client report is there
once, also that of every `topnet fetch` that exited with 0."""

import collections
import contextlib
import itertools
import os
import shutil
import sqlite3
import subprocess
import tempfile
import threading

from support.independent_client import ACK, Client
from support.program import TOPNET, Server
from support.replay import replayable
from faults.injection import Tally

EXCHANGERS, FETCHERS = 40, 10
FIRST = 1000000  # the first pid of sample client reports; those of `topnet fetch` have real, lower pids


class Clients:
    """A context in which threads connect to a port again and again, whether or not a server listens."""

    def __init__(self, port):
        self.port = port
        self.numbers = itertools.count(FIRST)
        self.lock = threading.Lock()
        self.sent, self.acknowledged, self.fetched = set(), set(), 0
        self.statuses = collections.Counter()
        self.has_ended = threading.Event()
        targets = [self.exchange] * EXCHANGERS + [self.fetch] * FETCHERS
        self.threads = [threading.Thread(target=target) for target in targets]

    def exchange(self):
        while not self.has_ended.is_set():
            number = next(self.numbers)
            try:
                client = Client(self.port)
                with client.connection:
                    client.connection.settimeout(5)
                    client.fetch(top=1)
                    with self.lock:
                        self.sent.add(number)
                    _, (kind, _) = client.send_client_report(pid=number)
            except (OSError, EOFError, AssertionError):
                self.has_ended.wait(0.05)
                continue
            with self.lock:
                if kind == ACK:
                    self.acknowledged.add(number)

    def fetch(self):
        while not self.has_ended.is_set():
            result = subprocess.run([TOPNET, "fetch", f"127.0.0.1:{self.port}", "--no-tls", "-n", "1",
                                     "--connect-timeout", "3"], stdin=subprocess.DEVNULL, check=False,
                                    stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            with self.lock:
                self.statuses[result.returncode] += 1
                self.fetched += result.returncode == 0

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.has_ended.set()
        for thread in self.threads:
            thread.join()


def stored_in(state):
    """The pids of all client reports in the database of a server that does not run, the oldest first."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("tops.db", "tops.db-wal"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copy(os.path.join(state, name), folder)
        with contextlib.closing(sqlite3.connect(os.path.join(folder, "tops.db"))) as database:
            return [row[0] for row in database.execute(
                "SELECT json_extract(top, '$.pid') FROM tops ORDER BY sequence")]


def check(tally, number, clients, known, stored):
    acknowledged, fetched = known
    counts = collections.Counter(pid for pid in stored if pid >= FIRST)
    lost = [pid for pid in acknowledged if counts[pid] != 1]
    tally.check("restarts", not lost, f"kill {number}: lost or twice: {lost[:5]}")
    twice = [pid for pid, count in counts.items() if count > 1 or pid not in clients.sent]
    tally.check("lists", not twice, f"kill {number}: twice or never sent: {twice[:5]}")
    real = len(stored) - sum(counts.values())
    tally.check("lists", real >= fetched, f"kill {number}: {fetched} fetches exited with 0, {real} are stored")
    tally.counts["client reports"] = len(acknowledged) + fetched


def inject(share=1.0):
    tally = Tally("kills under 50 clients")
    rng = replayable()
    with tempfile.TemporaryDirectory() as folder:
        state = os.path.join(folder, "state")
        args = ["--no-tls", "--max-clients", "200", "--keep-tops", "10000000"]
        with Server(*args, state=state) as server:
            port = server.port
            server.stop()
        args += ["--listen", f"127.0.0.1:{port}"]
        with Clients(port) as clients:
            for number in range(max(3, round(200 * share))):
                with Server(*args, state=state) as server:
                    threading.Event().wait(rng.uniform(0.05, 1.5))
                    with clients.lock:
                        known = set(clients.acknowledged), clients.fetched
                    server.process.kill()
                    server.process.wait()
                    stored = stored_in(state)
                    check(tally, number, clients, known, stored)
                with Server(*args[:-2], state=state) as server:
                    shown = [report["pid"] for report in server.status()["reports"]]
                    tally.check("lists", shown == stored[:-101:-1], f"kill {number}: not all are shown")
        tally.counts["kills"] = tally.counts["restarts"]
        tally.check("fetches that exit with 0", clients.fetched > 0, f"none: {clients.statuses}")
        tally.counts["fetches that exit with 0"] = clients.fetched
    return tally
