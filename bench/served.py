"""`topnet serve` as a process to be measured, and any number of processes beside it."""

import contextlib
import json
import os
import subprocess
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.join(os.path.dirname(HERE), "build", "release")
BENCH = os.path.join(BUILD, "bench")
TICKS = os.sysconf("SC_CLK_TCK")


def resident_kib(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))


class Server:
    """A context in which `topnet serve` runs with a state directory of its own."""

    def __init__(self, *args):
        self.folder = tempfile.TemporaryDirectory()
        self.state = os.path.join(self.folder.name, "state")
        self.log = open(os.path.join(self.folder.name, "log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "topnet"), "serve", "--listen", "127.0.0.1:0", "--http",
             "127.0.0.1:0", "--max-clients", "20000", "--state-dir", self.state, *args],
            stdin=subprocess.DEVNULL, stderr=self.log)
        self.address = self.page = None
        while not self.page:
            time.sleep(0.01)
            with open(self.log.name, encoding="utf-8") as file:
                for line in file:
                    if line.startswith("topnet: serving "):
                        self.address = line.split()[-1]
                    if " status page " in line:
                        self.page = line.split()[-1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()
        self.log.close()
        self.folder.cleanup()

    def cpu_seconds(self):
        with open(f"/proc/{self.process.pid}/stat", "rb") as file:
            fields = file.read().rsplit(b")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident_kib(self):
        return resident_kib(self.process.pid)

    def work(self):
        document = json.loads(subprocess.run(["curl", "-sf", self.page + ".json"], check=True,
                                             stdout=subprocess.PIPE).stdout)
        return document["work"]

    def load(self, *args):
        """The result of exchange_load, with the server's CPU time (`cpu`, in seconds) and its scans (`scans`)."""
        cpu, scans = self.cpu_seconds(), self.work()["scans"]
        result = json.loads(subprocess.run(self.loader(*args), check=True, stdin=subprocess.DEVNULL,
                                           stdout=subprocess.PIPE).stdout)
        result["cpu"] = self.cpu_seconds() - cpu
        result["scans"] = self.work()["scans"] - scans
        return result

    def loader(self, *args, address=None):
        return [os.path.join(BENCH, "exchange_load"), address or self.address, self.state,
                *[str(word) for word in args]]

    @contextlib.contextmanager
    def besieged(self, *counts):
        """A context in which stranger_load runs; gives a dictionary that has its result afterwards."""
        result = {}
        with subprocess.Popen([os.path.join(BENCH, "stranger_load"), self.address, *[str(each) for each in counts]],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as strangers:
            strangers.stdout.readline()
            yield result
            strangers.stdin.close()
            result |= json.loads(strangers.stdout.readline())

    @contextlib.contextmanager
    def beside(self, *args, address=None):
        """A context in which exchange_load holds its connections; gives its result."""
        with subprocess.Popen(self.loader(*args, address=address), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as holder:
            yield json.loads(holder.stdout.readline())
            holder.stdin.close()


@contextlib.contextmanager
def spawned(count):
    """A context with `count` more processes, which sleep."""
    with subprocess.Popen([os.path.join(BENCH, "spawn_processes"), str(count)],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as generator:
        generator.stdout.readline()
        yield
        generator.stdin.close()


def row(figure, target, measured):
    print(f"| {figure} | {target} | {measured} |")
