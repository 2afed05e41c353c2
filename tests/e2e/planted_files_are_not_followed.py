"""Symbolic links, FIFOs, devices and folders in place of files that topnet writes, also if a process swaps them
all the time, and disks that are read-only or gone: no other file is written, and no process hangs."""

import contextlib
import os
import shutil
import socket
import subprocess
import threading
import unittest

from support.cases import FolderCase
from support.independent_client import ACK, Client
from support.program import TOPNET, Server, topnet
from support.small_disk import on_small_disk, require_small_disk
from support.trust import enrol, trust

PRECIOUS = b"not to be touched\n"
WRITTEN = ["tops.db", "tops.db-wal", "tops.db-journal", "serve.lock", "identity.key", "identity.crt", "clients",
           "invites", "servers", "identity.next.key", "identity.previous", "identity.pki", "reports", "last-reports", "machine-id"]


def link(path, victim):
    os.symlink(victim, path)


def fifo(path, _):
    os.mkfifo(path)


def device(path, _):
    os.mknod(path, 0o600 | 0o020000, os.makedev(1, 3))  # what /dev/null is


def unix_socket(path, _):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)


def folder(path, _):
    os.mkdir(path)


KINDS = [link, fifo, device, unix_socket, folder]


def remove(path):
    with contextlib.suppress(OSError):
        os.rmdir(path) if os.path.isdir(path) and not os.path.islink(path) else os.remove(path)


class Planted(FolderCase):
    def setUp(self):
        super().setUp()
        self.state = self.path("state")
        os.mkdir(self.state, 0o700)
        self.victim = self.path("victim")
        with open(self.victim, "wb") as file:
            file.write(PRECIOUS)

    def assert_untouched(self):
        with open(self.victim, "rb") as file:
            self.assertEqual(file.read(), PRECIOUS)

    def kinds(self):
        """Those of KINDS that can be created here."""
        for kind in KINDS:
            with contextlib.suppress(PermissionError):
                kind(self.path("spare"), self.victim)
                remove(self.path("spare"))
                yield kind

    def test_in_the_state_directory(self):
        """The server refuses to start, or quarantines it and serves."""
        template = self.path("template")
        with Server(state=template) as server:
            self.assertEqual(server.fetch().returncode, 0)
            trust(template, "invite", "db1")
            server.stop()
        served = 0
        for kind in self.kinds():
            for name in WRITTEN:
                with self.subTest(kind=kind.__name__, name=name):
                    shutil.rmtree(self.state, ignore_errors=True)
                    shutil.copytree(template, self.state)
                    path = os.path.join(self.state, name)
                    shutil.rmtree(path) if name == "reports" else remove(path)
                    kind(path, self.victim)
                    served += self.serves_or_refuses()
                    self.assert_untouched()
        self.assertGreater(served, 10)

    def serves_or_refuses(self):
        """Returns whether it serves; else it has printed the reason in one line."""
        trust(self.state, "revoke", "db1")
        try:
            with Server("--no-tls", state=self.state) as server:
                client = Client(server.port)
                client.connection.settimeout(10)
                with client.connection:
                    try:
                        client.fetch(top=1)
                    except AssertionError:  # the server has answered with an ERROR
                        return False
                    self.assertEqual(client.send_client_report()[1][0], ACK)
                return True
        except RuntimeError as error:
            self.assertRegex(str(error), r"^serve did not start: \['topnet: [^']*'\]$")
            return False

    def test_a_link_to_a_fifo_while_the_server_runs(self):
        """The report's time and address are lost. The server continues and stops in time."""
        with Server(state=self.state) as server:
            enrol(server, "db1", self.path("db1"))
            fifo(self.path("fifo"), None)
            link(os.path.join(self.state, "last-reports"), self.path("fifo"))
            self.assertEqual(server.fetch(state=self.path("db1")).returncode, 0)
            self.assertEqual(server.stop(), 0)
            self.assertIn(b"last-reports: it is a symbolic link; remove it\n", server.process.stderr.read())

    def test_a_file_in_place_of_the_reports(self):
        with open(self.state + "/reports", "wb"):
            pass
        self.assert_fails(topnet("serve", "--no-tls", "--listen", "127.0.0.1:0", "--state-dir", self.state), 6,
                          "reports: it is not a directory; move it to another place")

    def test_at_the_file_of_fetch(self):
        with Server("--no-tls", state=self.state) as server:
            for kind in self.kinds():
                with self.subTest(kind=kind.__name__):
                    path = self.path("report")
                    kind(path, self.victim)
                    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK) if kind == fifo else None
                    result = server.fetch("--no-tls", "-o", path)
                    self.assertEqual(result.returncode, 0 if kind in (fifo, device) else 6, result.stderr)
                    self.assertEqual(result.stderr.count(b"\n"), 1)
                    if reader:
                        self.assertTrue(os.read(reader, 65536).startswith(b"# topnet report 1\n"))
                        os.close(reader)
                    self.assert_untouched()
                    remove(path)

    @contextlib.contextmanager
    def swapping(self, path):
        """A context in which a thread puts one kind after the other at `path`, as fast as possible."""
        has_ended = threading.Event()
        kinds = [kind for kind in self.kinds() if kind is not folder]
        spare = self.path("spare")

        def swap():
            while not has_ended.is_set():
                for kind in kinds:
                    kind(spare, self.victim)
                    os.rename(spare, path)
                with open(spare, "wb"):
                    pass
                os.rename(spare, path)
                remove(path)

        thread = threading.Thread(target=swap)
        thread.start()
        try:
            yield
        finally:
            has_ended.set()
            thread.join()

    def test_that_are_swapped_at_the_file_of_fetch(self):
        path = self.path("report")
        with Server("--no-tls", state=self.state) as server, self.swapping(path), self.reading(path):
            statuses = {server.fetch("--no-tls", "-n", "1", "-o", path).returncode for _ in range(60)}
        self.assertLessEqual(statuses, {0, 6})
        self.assert_untouched()

    @contextlib.contextmanager
    def reading(self, path):
        """A context in which a thread opens `path` for reading all the time, since fetch waits for a FIFO's reader."""
        has_ended = threading.Event()

        def read():
            while not has_ended.is_set():
                with contextlib.suppress(OSError):
                    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
                    has_ended.wait(0.001)
                    os.close(descriptor)

        thread = threading.Thread(target=read)
        thread.start()
        try:
            yield
        finally:
            has_ended.set()
            thread.join()


class Disks(FolderCase):
    def setUp(self):
        super().setUp()
        require_small_disk(self)
        self.disk = self.path("disk")
        os.mkdir(self.disk)

    def serve(self):
        return Server("--no-tls", state=self.disk + "/state", wrapper=on_small_disk(self.disk, "1m"))

    def fetch(self, server):
        return topnet("fetch", server.address, "--no-tls", "-n", "1", "--state-dir", self.folder + "/own")

    def test_a_state_directory_that_is_removed(self):
        with self.serve() as server:
            self.assertEqual(self.fetch(server).returncode, 0)
            shutil.rmtree(f"/proc/{server.process.pid}/root{self.disk}/state")
            result = self.fetch(server)
            self.assertEqual(result.returncode, 1)
            self.assertIn(b"the server could not", result.stderr)
            self.assertEqual(server.status()["counters"]["internal_error"], 1)
            self.assertEqual(server.stop(), 0)

    def test_a_read_only_state_directory(self):
        script = 'mkdir -m 700 "$0/state"; mount -o remount,ro "$0"; exec "$@"'
        for args in (["serve", "--no-tls", "--listen", "127.0.0.1:0", "--http", "off"], ["trust", "show"],
                      ["scan", "-o", self.disk + "/report"]):
            where = [] if args[0] == "scan" else ["--state-dir", self.disk + "/state"]
            result = subprocess.run([*on_small_disk(self.disk), "sh", "-c", script, self.disk, TOPNET, *args, *where],
                                    stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                    timeout=60, check=False)
            lines = [line for line in result.stderr.decode().splitlines() if line.startswith("topnet: ")]
            self.assertEqual((result.returncode, len(lines)), (6, 1), result.stderr)
            self.assertIn("Read-only file system", lines[0])


if __name__ == "__main__":
    unittest.main()
