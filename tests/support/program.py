"""The real program, as a user runs it, and processes for it to find."""

import contextlib
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


def topnet(*args, wrapper=(), **options):
    """Runs topnet to its end; returns a CompletedProcess with output in bytes. `wrapper` is a prefix, such as
    setpriv and its options."""
    if "input" not in options:
        options["stdin"] = subprocess.DEVNULL
    return subprocess.run([*wrapper, TOPNET, *args], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60, check=False, **options)


def require_fault_injection(test):
    """Skips `test` if strace cannot make the program's system calls fail here."""
    if os.environ.get("TOPNET_SANITIZE"):
        test.skipTest("a sanitizer makes system calls of its own; the release build is tested")
    if not shutil.which("strace"):
        test.skipTest("strace is not installed")


def strace(*args):
    """Runs strace to its end; `args` are its options, the program and the program's arguments."""
    return subprocess.run(["strace", "-f", *args], stdin=subprocess.DEVNULL,
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
    """The number of processes that a report in text, as bytes, lists."""
    return len([line for line in report.splitlines() if not line.startswith(b"# ")]) - 1


def wait_until(condition, seconds=30):
    """Polls until `condition()` is true and returns its value; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        result = condition()
        if result:
            return result
        if time.monotonic() > deadline:
            raise AssertionError(f"not true within {seconds} s: {condition}")
        time.sleep(0.02)


def cpu_ticks(pid):
    """User and system ticks and start time, read from /proc independently of topnet."""
    with open(f"/proc/{pid}/stat", "rb") as file:
        fields = file.read().rsplit(b")", 1)[1].split()
    return int(fields[11]), int(fields[12]), int(fields[19])


def all_cpu_ticks():
    """{pid: cpu_ticks(pid)} of all processes."""
    found = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # it has exited
                found[int(entry)] = cpu_ticks(entry)
    return found


class Burner:
    """A context in which a process called `comm` burns CPU; gives its pid."""

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
    """A context in which `topnet serve` runs, on ports that the kernel picks, by default with a state directory
    of its own. `startup_lines` are its first lines on standard error."""

    def __init__(self, *args, state=None, wrapper=()):
        self.args = args
        self.wrapper = wrapper  # a prefix that executes the command after it in the same process
        self.folder = tempfile.TemporaryDirectory()
        self.state = state or os.path.join(self.folder.name, "state")

    def __enter__(self):
        listen = [] if "--listen" in self.args else ["--listen", "127.0.0.1:0"]
        self.process = subprocess.Popen(
            [*self.wrapper, TOPNET, "serve", *listen, "--http", "127.0.0.1:0",
             "--state-dir", self.state, *self.args],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, bufsize=0)
        self.unread = b""
        self.startup_lines = []
        try:
            self.wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def wait_until_ready(self):
        last = "serving" if "off" in self.args else "status page"
        while not self.startup_lines or not self.startup_lines[-1].startswith("topnet: " + last):
            line = self.next_line()
            if not line:
                raise RuntimeError(f"serve did not start: {self.startup_lines}")
            self.startup_lines.append(line)
        if "setpriv" not in self.wrapper and os.geteuid() == 0 and \
                "running as root" not in self.next_line():
            raise RuntimeError("serve does not warn that it runs as root")
        ready = {line.split()[1]: line.rsplit(" ", 1)[1] for line in self.startup_lines}
        self.page = ready.get("status")
        self.address = ready["serving"]
        self.port = int(self.address.rsplit(":", 1)[1])

    def fetch(self, *args, state=None):
        return topnet("fetch", self.address, "--state-dir", state or self.state, *args)

    def status(self):
        """The document /status.json."""
        with urllib.request.urlopen(self.page + ".json", timeout=20) as answer:
            return json.load(answer)

    def resident_kib(self, field="VmRSS:"):
        """Its resident memory in KiB; with "VmHWM:" the peak."""
        with open(f"/proc/{self.process.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith(field))

    def refuses_connections(self):
        try:
            socket.create_connection(("127.0.0.1", self.port)).close()
        except ConnectionRefusedError:
            return True
        except ConnectionResetError:
            pass  # The listener closed between connecting and closing.
        return False

    def threads(self):
        """The names of its threads, sorted."""
        names = []
        for task in os.listdir(f"/proc/{self.process.pid}/task"):
            try:
                with open(f"/proc/{self.process.pid}/task/{task}/comm", encoding="utf-8") as file:
                    names.append(file.read().strip())
            except OSError:
                continue  # The thread has ended.
        return sorted(names)

    def next_line(self):
        """The next line of standard error; empty at its end."""
        while b"\n" not in self.unread:
            if not select.select([self.process.stderr], [], [], 60)[0]:
                raise AssertionError(f"no further line from the server: {self.unread}")
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
