"""The real program, as a user runs it, and what it is tried on."""

import json
import os
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

TOPNET = os.environ["TOPNET"]


def topnet(*words, wrapper=(), **options):
    """Runs topnet to its end and returns its output, as bytes, and its exit status. `wrapper` is a
    command that runs the one behind it."""
    if "input" not in options:
        options["stdin"] = subprocess.DEVNULL
    return subprocess.run([*wrapper, TOPNET, *words], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60, check=False, **options)


def require_fault_injection(test):
    """Skips `test` where strace cannot fail the program's system calls one by one."""
    if os.environ.get("TOPNET_SANITIZE"):
        test.skipTest("a sanitizer makes system calls of its own; the release build is tested")
    if not shutil.which("strace"):
        test.skipTest("strace is not installed")


def strace(*words):
    """Runs strace to its end: its options, then topnet's words."""
    return subprocess.run(["strace", "-f", *words], stdin=subprocess.DEVNULL,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60, check=False)


def fake_process(root, pid, comm, user=0, system=0, start=1, state="S"):
    """Writes ROOT/PID/stat as Linux would; `comm` is bytes."""
    os.makedirs(os.path.join(root, str(pid)))
    with open(os.path.join(root, str(pid), "stat"), "wb") as file:
        file.write(b"%d (%s) %s 1 %d %d 0 -1 4194560 100 200 0 0 %d %d 7 8 20 0 1 0 %d 172466176 "
                   b"3017 18446744073709551615 1 1 0 0 0 0 671173123 4096 1260 0 0 0 17 1 0 0 0 0 "
                   b"0 0 0 0 0 0 0 0 0\n"
                   % (pid, comm, state.encode(), pid, pid, user, system, start))


def fake_file(root, name, text):
    path = os.path.join(root, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)


def count_rows(report):
    """How many processes a report in text lists; `report` is bytes."""
    return len([line for line in report.splitlines() if not line.startswith(b"# ")]) - 1


def wait_until(condition, seconds=30):
    """Polls until `condition()` is true, and returns what it gave; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not so within {seconds} s: {condition}")
        time.sleep(0.02)


def cpu_ticks(pid):
    """User and system ticks and start time, read from /proc independently of topnet."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        fields = file.read().rsplit(b")", 1)[1].split()
    return int(fields[11]), int(fields[12]), int(fields[19])


class Burner:
    """A process called `comm` that burns CPU until it is left."""

    def __init__(self, comm):
        self.comm = comm

    def __enter__(self):
        code = "import sys; open('/proc/self/comm', 'wb').write(bytes.fromhex(sys.argv[1]))\nwhile True: pass"
        self.child = subprocess.Popen([sys.executable, "-c", code, self.comm.hex()])
        wait_until(self.has_its_name)
        wait_until(lambda: sum(cpu_ticks(self.child.pid)[:2]) >= 10)
        return self.child.pid

    def has_its_name(self):
        with open(f"/proc/{self.child.pid}/comm", "rb") as file:
            return file.read() == self.comm + b"\n"

    def __exit__(self, *_):
        self.child.kill()
        self.child.wait()


class Server:
    """`topnet serve` on a port that it picks, with a state directory of its own unless given."""

    def __init__(self, *words, state=None, wrapper=()):
        self.words = words
        self.wrapper = wrapper  # a command that ends by becoming the one behind it
        self.folder = tempfile.TemporaryDirectory()
        self.state = state or os.path.join(self.folder.name, "state")

    def __enter__(self):
        self.process = subprocess.Popen(
            [*self.wrapper, TOPNET, "serve", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0",
             "--state-dir", self.state, *self.words],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, bufsize=0)
        self.unread = b""
        self.said = []
        try:
            self.wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def wait_until_ready(self):
        last = "serving" if "off" in self.words else "status page"
        while not self.said or not self.said[-1].startswith("topnet: " + last):
            line = self.next_line()
            if not line:
                raise RuntimeError(f"serve did not start: {self.said}")
            self.said.append(line)
        if "setpriv" not in self.wrapper and os.geteuid() == 0 and \
                "running as root" not in self.next_line():
            raise RuntimeError("serve does not say that it needs no root")
        ready = {line.split()[1]: line.rsplit(" ", 1)[1] for line in self.said}
        self.page = ready.get("status")
        self.address = ready["serving"]
        self.port = int(self.address.rsplit(":", 1)[1])

    def fetch(self, *words, state=None):
        return topnet("fetch", self.address, "--state-dir", state or self.state, *words)

    def status(self):
        """What /status.json says."""
        with urllib.request.urlopen(self.page + ".json", timeout=20) as answer:
            return json.load(answer)

    def resident_kib(self, what="VmRSS:"):
        """How much memory it has, in KiB; with VmHWM: the most that it has had."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith(what))

    def refuses_connections(self):
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except ConnectionRefusedError:
            return True
        except ConnectionResetError:
            pass  # at the very moment
        return False

    def threads(self):
        """The names of its threads, sorted."""
        names = []
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            try:
                with open(f"/proc/{self.process.pid}/task/{task}/comm", encoding="utf-8") as file:
                    names.append(file.read().strip())
            except OSError:
                continue  # It has ended meanwhile.
        return sorted(names)

    def next_line(self):
        """What the server says next on standard error; empty at its end."""
        while b"\n" not in self.unread:
            if not select.select([self.process.stderr], [], [], 60)[0]:
                raise AssertionError(f"the server says nothing more: {self.unread}")
            piece = self.process.stderr.read(65536)
            if not piece:
                break
            self.unread += piece
        line, _, self.unread = self.unread.partition(b"\n")
        return line.decode()

    def stop(self):
        """Ends it with SIGTERM; returns its exit status."""
        self.process.terminate()
        return self.process.wait(timeout=30)

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()
        self.folder.cleanup()
