"""A server and a machine to measure: `topnet serve` as a process of its own, and any number of processes
beside it."""

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
    """`topnet serve` with a state directory of its own."""

    def __init__(self, *words):
        self.folder = tempfile.TemporaryDirectory()
        self.state = os.path.join(self.folder.name, "state")
        self.log = open(os.path.join(self.folder.name, "log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            [os.path.join(BUILD, "topnet"), "serve", "--listen", "127.0.0.1:0", "--http",
             "127.0.0.1:0", "--max-clients", "20000", "--state-dir", self.state, *words],
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

    def load(self, *words):
        """What exchange_load says of itself, how much CPU the server took, and its scans."""
        cpu, scans = self.cpu_seconds(), self.work()["scans"]
        result = json.loads(subprocess.run(self.loader(*words), check=True, stdin=subprocess.DEVNULL,
                                           stdout=subprocess.PIPE).stdout)
        result["cpu"] = self.cpu_seconds() - cpu
        result["scans"] = self.work()["scans"] - scans
        return result

    def loader(self, *words, address=None):
        return [os.path.join(BENCH, "exchange_load"), address or self.address, self.state,
                *[str(word) for word in words]]

    @contextlib.contextmanager
    def beside(self, *words, address=None):
        """While exchange_load holds what it has connected: what it says of that."""
        with subprocess.Popen(self.loader(*words, address=address), stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE) as holder:
            yield json.loads(holder.stdout.readline())
            holder.stdin.close()


@contextlib.contextmanager
def spawned(count):
    """`count` more processes, that sleep."""
    with subprocess.Popen([os.path.join(BENCH, "spawn_processes"), str(count)],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE) as generator:
        generator.stdout.readline()
        yield
        generator.stdin.close()


def row(figure, to_reach, reached):
    print(f"| {figure} | {to_reach} | {reached} |")
