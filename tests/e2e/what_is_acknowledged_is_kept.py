"""A top that was acknowledged is shown after any end of the server, once and as it was sent, until it is
let go; one that was not kept is not acknowledged."""

import contextlib
import hashlib
import json
import os
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import tempfile
import unittest

from support.chaos import BACK, Proxy
from support.clock import at, require_other_clocks
from support.independent_client import ACK, DATA, END, Client
from support.program import TOPNET, Server, topnet
from support.small_disk import fill, on_small_disk, require_small_disk

REPORT = b"# topnet report 1\n"


def frame(kind, payload):
    return struct.pack(">BI", kind, len(payload)) + payload


WHOLE_REPORT = frame(DATA, REPORT) + frame(END, json.dumps(
    {"length": len(REPORT), "sha256": hashlib.sha256(REPORT).hexdigest()}).encode())


def send_tops(server, count, **fields):
    """Sends made-up tops; their pids are 1, 2, …"""
    client = Client(server.port, server.state)
    for pid in range(1, count + 1):
        client.fetch(top=1)
        _, (kind, answer) = client.send_top(pid=pid, **fields)
        assert kind == ACK, answer
    client.close()


def pids(server):
    return [report["pid"] for report in server.status()["reports"]]


class Kept(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.state = os.path.join(folder.name, "state")
        self.database = os.path.join(self.state, "tops.db")

    def test_however_the_server_ends(self):
        hostile = "\\x1b[31m</td><script>';--\N{SNOWMAN}"
        with Server(state=self.state) as server:
            send_tops(server, 3, name=hostile, window={"kind": "interval", "seconds": 1.5},
                      user_ticks=2**62, system_ticks=0)
            before = server.status()["reports"]
            self.assertEqual([report["name"] for report in before], [hostile] * 3)
            server.process.send_signal(signal.SIGKILL)
            server.process.wait()
        for words in ((), ("--no-tls",)):
            with Server(*words, state=self.state) as server:
                self.assertEqual(server.status()["reports"], before)
                self.assertEqual(server.stop(), 0)
        self.assertFalse(os.path.exists(self.database + "-wal"), "a server that is told to end tidies up")

    def test_a_top_that_comes_again(self):
        with Server(state=self.state) as server:
            first = Client(server.port, self.state)
            first.fetch()
            top, _ = first.send_top(pid=7)
            first.close()
        with Server(state=self.state) as server:
            again = Client(server.port, self.state)
            again.fetch()
            self.assertEqual(again.send_top(id=top, pid=8), (top, (ACK, {"id": top})))
            again.close()
            self.assertEqual(pids(server), [7])
            self.assertEqual(server.status()["work"]["tops_received"], 0)

    def test_until_there_are_too_many(self):
        with Server("--keep-tops", "4", state=self.state) as server:
            send_tops(server, 6)
            self.assertEqual(pids(server), [6, 5, 4, 3])
        with Server("--keep-tops", "2", state=self.state) as server:
            self.assertEqual(pids(server), [6, 5])
        with Server(state=self.state) as server:
            self.assertEqual(pids(server), [6, 5])

    def test_until_they_are_too_old(self):
        require_other_clocks(self)
        with Server(state=self.state, wrapper=at("-3d")) as server:
            send_tops(server, 2)
        with Server("--keep-days", "4", state=self.state) as server:
            self.assertEqual(pids(server), [2, 1])
        with Server("--keep-days", "2", state=self.state) as server:
            self.assertEqual(pids(server), [])
        with Server(state=self.state) as server:
            self.assertEqual(pids(server), [])

    def test_a_hundred_are_shown_and_more_are_kept(self):
        with Server(state=self.state) as server:
            send_tops(server, 130)
            self.assertEqual(pids(server), list(range(130, 30, -1)))
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            self.assertEqual(database.execute("SELECT count(*) FROM tops").fetchone(), (130,))
        with Server("--keep-tops", "120", state=self.state) as server:
            self.assertEqual(pids(server), list(range(130, 30, -1)))

    def test_two_servers(self):
        with Server(state=self.state) as server:
            result = topnet("serve", "--listen", "127.0.0.1:0", "--http", "off", "--state-dir", self.state)
            self.assertEqual(result.returncode, 1)
            self.assertEqual(result.stderr.decode(),
                             f"topnet: process {server.process.pid} serves with the state directory "
                             f"{self.state} already; end it, or name another one with --state-dir\n")
            self.assertEqual(server.fetch().returncode, 0)


class Corrupt(unittest.TestCase):
    """A database that cannot be used is renamed, which one line says, and the server goes on with a new one."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.state = os.path.join(folder.name, "state")
        self.database = os.path.join(self.state, "tops.db")
        with Server(state=self.state) as server:
            send_tops(server, 3)
            self.assertEqual(server.stop(), 0)

    def line(self, why, number=1):
        return (f"topnet: the database {self.database} cannot be used: {why}; renamed to "
                f"tops.db.corrupt-{number}, starting a new one")

    def set_version(self, version):
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            database.execute(f"PRAGMA user_version = {version}")

    def overwrite(self):
        """The file that the server has open, in place."""
        with open(self.database, "r+b") as file:
            file.write(b"\x07" * os.path.getsize(self.database))

    def assert_renamed(self, why):
        with Server(state=self.state) as server:
            self.assertEqual(server.said[0], self.line(why))
            self.assertEqual(pids(server), [])
            self.assertEqual(server.fetch().returncode, 0)
            self.assertEqual(len(pids(server)), 1)
        self.assertTrue(os.path.lexists(self.database + ".corrupt-1"))

    def test_garbage(self):
        self.overwrite()
        self.assert_renamed("file is not a database")

    def test_an_older_version(self):
        self.set_version(1)
        self.assert_renamed("it has version 1 of its format, and this topnet uses version 2")

    def test_a_newer_version(self):
        """which no server may replace"""
        self.set_version(3)
        result = topnet("serve", "--listen", "127.0.0.1:0", "--http", "off", "--state-dir", self.state)
        self.assertEqual((result.returncode, result.stderr.decode()),
                         (6, f"topnet: could not open {self.database}: it has version 3 of its format, and this topnet "
                             "knows version 2; use a newer topnet, or move the file away\n"))

    def test_what_is_no_file(self):
        for plant in (lambda: os.symlink("/dev/null", self.database), lambda: os.mkfifo(self.database),
                      lambda: os.mkdir(self.database)):
            with self.subTest():
                os.rename(self.state, tempfile.mkdtemp(dir=self.folder) + "/state")
                os.mkdir(self.state, 0o700)
                plant()
                self.assert_renamed("tops.db is not a regular file")

    def test_under_a_running_server(self):
        """the client that meets it is acknowledged all the same"""
        spoil = {"file is not a database": self.overwrite,
                 "it was removed or replaced while in use": lambda: os.remove(self.database)}
        for number, (why, how) in enumerate(spoil.items(), 1):
            with self.subTest(why), Server(state=self.state) as server:
                before = pids(server)
                how()
                send_tops(server, 2)
                self.assertEqual(server.next_line(), self.line(why, number))
                self.assertEqual(pids(server), [2, 1, *before])
                server.process.kill()
                server.process.wait()
            with Server(state=self.state) as server:
                self.assertEqual(pids(server), [2, 1])
                self.assertEqual(server.stop(), 0)


class NoRoom(unittest.TestCase):
    """On a full disk the top is not acknowledged, which the client says; its report stays."""

    def test_no_room(self):
        require_small_disk(self)
        with tempfile.TemporaryDirectory() as folder:
            disk, own = os.path.join(folder, "disk"), os.path.join(folder, "own")
            os.mkdir(disk)
            with Server(state=disk + "/state", wrapper=on_small_disk(disk, "256k")) as server:
                inside = f"/proc/{server.process.pid}/root{disk}"
                shutil.copytree(inside + "/state", own)
                self.assertEqual(server.fetch("-n", "1", state=own).returncode, 0)
                fill(inside, leaving=4096)  # room for a report, and for nothing more
                report = os.path.join(folder, "report")
                result = server.fetch("-o", report, "-n", "1", state=own)
                self.assertEqual(result.returncode, 8, result.stderr)
                self.assertEqual(result.stderr.decode(),
                                 f"topnet: fetch from {server.address}: the server could not keep the top "
                                 "process: No space left on device; the report is stored, and the top process "
                                 "is not acknowledged\n")
                with open(report, encoding="utf-8") as file:
                    self.assertTrue(file.readline().startswith("# topnet report"))
                self.assertEqual(len(pids(server)), 1)
                os.remove(inside + "/fill")
                self.assertEqual(server.fetch("-n", "1", state=own).returncode, 0)
                self.assertEqual(len(pids(server)), 2)


class Repeated(unittest.TestCase):
    """fetch sends a top again that was not acknowledged, once, and nothing is kept twice."""

    def test_the_acknowledgement_is_lost(self):
        with Server("--no-tls") as server, Proxy(server.port) as proxy:
            words = ("--no-tls", "--state-dir", server.state, "-n", "1")
            topnet("fetch", proxy.address, *words)
            whole = proxy.passed[BACK]
            proxy.spoil, proxy.then = (BACK, whole - 10, "fin"), []
            result = topnet("fetch", proxy.address, *words)
            self.assertEqual((result.returncode, result.stderr.count(b"\n")), (0, 1), result.stderr)
            self.assertEqual(len(pids(server)), 2)
            self.assertEqual(server.status()["work"]["tops_received"], 2)

    def test_and_the_next_handshake_breaks_as_well(self):
        """as with a server that ends, comes again, and ends again"""
        with Server() as server, Proxy(server.port) as proxy:
            words = ("--state-dir", server.state, "-n", "1")
            topnet("fetch", proxy.address, *words)
            whole = proxy.passed[BACK]
            for how in ("fin", "rst"):
                proxy.spoil, proxy.then = (BACK, whole - 60, how), [(BACK, 100, how), (BACK, 0, how)]
                result = topnet("fetch", proxy.address, *words)
                self.assertEqual((result.returncode, result.stderr.count(b"\n")), (0, 1), result.stderr)
                self.assertEqual(proxy.then, [])
            self.assertEqual(len(pids(server)), 3)

    def test_the_server_starts_again(self):
        """a moment after it was killed with the top in its hands"""
        with tempfile.TemporaryDirectory() as folder:
            with socket.create_server(("127.0.0.1", 0)) as listener:
                address = "127.0.0.1:%d" % listener.getsockname()[1]
                fetch = subprocess.Popen([TOPNET, "fetch", address, "--no-tls", "-o", folder + "/report"],
                                         stderr=subprocess.PIPE)
                connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(WHOLE_REPORT)
                top = json.loads(connection.recv(65536)[5:])
            with Server("--no-tls", "--listen", address) as server:
                said = fetch.communicate(timeout=60)[1]
                self.assertEqual((fetch.returncode, said.count(b"\n")), (0, 1), said)
                self.assertEqual([report["pid"] for report in server.status()["reports"]], [top["pid"]])
            with open(folder + "/report", "rb") as file:
                self.assertEqual(file.read(), REPORT, "the one that was promised with it")

    def test_no_server_is_there_any_more(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            address = "127.0.0.1:%d" % listener.getsockname()[1]
            fetch = subprocess.Popen([TOPNET, "fetch", address, "--no-tls", "--connect-timeout", "0.5"],
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(WHOLE_REPORT)
            connection.recv(65536)
        said = fetch.communicate(timeout=60)
        self.assertEqual((fetch.returncode, said[0]), (3, REPORT))
        self.assertRegex(said[1].decode(), f"^topnet: fetch from {address}: the connection broke, and there is "
                         "no other: .*Connection refused; the report is stored, and the top process is not "
                         "acknowledged\n$")


if __name__ == "__main__":
    unittest.main()
