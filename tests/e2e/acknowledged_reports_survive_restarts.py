"""An acknowledged client report is shown after any end of the server, once and as it was sent, until it is pruned;
one that could not be stored is not acknowledged."""

import contextlib
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import struct
import subprocess
import tempfile
import unittest

from support.cases import FolderCase
from support.chaos import BACK, Proxy
from support.clock import at, require_other_clocks
from support.independent_client import ACK, DATA, END, Client
from support.program import TOPNET, Server, topnet
from support.small_disk import fill, on_small_disk, require_small_disk
from support.status import get

REPORT = b"# topnet report 1\n"


def frame(kind, payload):
    return struct.pack(">BI", kind, len(payload)) + payload


REPORT_FRAMES = frame(DATA, REPORT) + frame(END, json.dumps(
    {"length": len(REPORT), "sha256": hashlib.sha256(REPORT).hexdigest()}).encode())


def send_client_reports(server, count, **fields):
    """Sends sample client reports, with the pids 1, 2, …"""
    client = Client(server.port, server.state)
    for pid in range(1, count + 1):
        client.exchange(pid=pid, **fields)
    client.close()


def pids(server):
    return [report["pid"] for report in server.status()["reports"]]


class Stored(FolderCase):
    def setUp(self):
        super().setUp()
        self.state = self.path("state")
        self.database = os.path.join(self.state, "tops.db")

    def test_however_the_server_ends(self):
        hostile = "\\x1b[31m</td><script>';--\N{SNOWMAN}"
        with Server(state=self.state) as server:
            send_client_reports(server, 3, name=hostile, window={"kind": "interval", "seconds": 1.5},
                      user_ticks=2**62, system_ticks=0)
            before = server.status()["reports"]
            self.assertEqual([report["name"] for report in before], [hostile] * 3)
            server.process.send_signal(signal.SIGKILL)
            server.process.wait()
        for args in ((), ("--no-tls",)):
            with Server(*args, state=self.state) as server:
                self.assertEqual(server.status()["reports"], before)
                self.assertEqual(server.stop(), 0)
        self.assertFalse(os.path.exists(self.database + "-wal"), "a clean shutdown removes the log")

    def test_a_client_report_that_is_sent_again(self):
        with Server(state=self.state) as server:
            first = Client(server.port, self.state)
            first.fetch()
            report, _ = first.send_client_report(pid=7)
            first.close()
        with Server(state=self.state) as server:
            again = Client(server.port, self.state)
            again.fetch()
            self.assertEqual(again.send_client_report(id=report, pid=8), (report, (ACK, {"id": report})))
            again.close()
            self.assertEqual(pids(server), [7])
            self.assertEqual(server.status()["work"]["client_reports_received"], 0)

    def test_until_there_are_too_many(self):
        with Server("--keep-tops", "4", state=self.state) as server:
            send_client_reports(server, 6)
            self.assertEqual(pids(server), [6, 5, 4, 3])
        with Server("--keep-tops", "2", state=self.state) as server:
            self.assertEqual(pids(server), [6, 5])
        with Server(state=self.state) as server:
            self.assertEqual(pids(server), [6, 5])

    def test_until_they_are_too_old(self):
        require_other_clocks(self)
        with Server(state=self.state, wrapper=at("-3d")) as server:
            send_client_reports(server, 2)
        with Server("--keep-days", "4", state=self.state) as server:
            self.assertEqual(pids(server), [2, 1])
        with Server("--keep-days", "2", state=self.state) as server:
            self.assertEqual(pids(server), [])

    def test_a_wrong_clock(self):
        """No report is deleted. Those from the future are marked until the client's next one."""
        require_other_clocks(self)
        with Server(state=self.state) as server:
            send_client_reports(server, 2)
        with Server(state=self.state, wrapper=at("+1y")) as server:
            send_client_reports(server, 1)
        with Server(state=self.state) as server:
            marked = [(report["pid"], report["in_future"]) for report in server.status()["reports"]]
            self.assertEqual(marked, [(1, True), (2, False), (1, False)])
            self.assertIn(">in the future</span>", get(server.page, "/status")[2].decode())
            send_client_reports(server, 1)
            latest = server.status()["clients"][0]["reports"]
            self.assertEqual([report["in_future"] for report in latest], [False, True, False, False])

    def test_the_time_of_the_last_report_is_kept_without_the_report(self):
        def last_report(server):
            return re.search("^topnet_client_last_report.*local.*", get(server.page, "/metrics")[2].decode(),
                             re.MULTILINE)[0]

        with Server(state=self.state) as server:
            send_client_reports(server, 1)
            before = last_report(server)
            self.assertEqual(server.stop(), 0)
        os.remove(self.database)
        with Server(state=self.state) as server:
            self.assertEqual((pids(server), last_report(server)), ([], before))

    def test_100_are_shown_and_more_are_stored(self):
        with Server(state=self.state) as server:
            send_client_reports(server, 130)
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
                             f"topnet: process {server.process.pid} already serves from the state directory "
                             f"{self.state}; stop it, or choose another directory with --state-dir\n")
            self.assertEqual(server.fetch().returncode, 0)


class Corrupt(FolderCase):
    """A database that cannot be used is renamed, one line reports it, and the server continues with a new one."""

    def setUp(self):
        super().setUp()
        self.state = self.path("state")
        self.database = os.path.join(self.state, "tops.db")
        with Server(state=self.state) as server:
            send_client_reports(server, 3)
            self.assertEqual(server.stop(), 0)

    def line(self, why, number=1):
        return (f"topnet: the database {self.database} cannot be used: {why}; renamed to "
                f"tops.db.corrupt-{number}, starting a new one")

    def set_version(self, version):
        with contextlib.closing(sqlite3.connect(self.database)) as database:
            database.execute(f"PRAGMA user_version = {version}")

    def overwrite(self):
        """Overwrites the database in place, also while a server has it open."""
        with open(self.database, "r+b") as file:
            file.write(b"\x07" * os.path.getsize(self.database))

    def assert_renamed(self, why):
        with Server(state=self.state) as server:
            self.assertEqual(server.startup_lines[0], self.line(why))
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
        """It is not replaced."""
        self.set_version(3)
        result = topnet("serve", "--listen", "127.0.0.1:0", "--http", "off", "--state-dir", self.state)
        self.assertEqual((result.returncode, result.stderr.decode()),
                         (6, f"topnet: could not open {self.database}: it has version 3 of its format, and this topnet "
                             "knows version 2; use a newer topnet, or move the file away\n"))

    def test_a_link_a_fifo_and_a_directory(self):
        for plant in (lambda: os.symlink("/dev/null", self.database), lambda: os.mkfifo(self.database),
                      lambda: os.mkdir(self.database)):
            with self.subTest():
                os.rename(self.state, tempfile.mkdtemp(dir=self.folder) + "/state")
                os.mkdir(self.state, 0o700)
                plant()
                self.assert_renamed("tops.db is not a regular file")

    def test_under_a_running_server(self):
        """The client that sends a report at that moment gets its acknowledgement."""
        # The log is all that is left of a database that was removed.
        damage = (("file is not a database", self.overwrite, "1"),
                  ("it was removed or replaced while in use", lambda: os.remove(self.database), "2-wal"))
        for why, act, number in damage:
            with self.subTest(why), Server(state=self.state) as server:
                before = pids(server)
                act()
                send_client_reports(server, 2)
                self.assertEqual(server.next_line(), self.line(why, number))
                self.assertEqual(pids(server), [2, 1, *before])
                server.process.kill()
                server.process.wait()
            with Server(state=self.state) as server:
                self.assertEqual(pids(server), [2, 1])
                self.assertEqual(server.stop(), 0)


class NoRoom(unittest.TestCase):
    """On a full disk the client report is not acknowledged, which the client reports; the fetched report stays."""

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
                self.assertEqual(result.returncode, 1, result.stderr)
                self.assertEqual(result.stderr.decode(),
                                 f"topnet: fetch from {server.address}: the server could not store the "
                                 "client report: No space left on device; the server's log has the reason; the report "
                                 "is stored, but the server has not acknowledged the busiest process\n")
                with open(report, encoding="utf-8") as file:
                    self.assertTrue(file.readline().startswith("# topnet report"))
                self.assertEqual(len(pids(server)), 1)
                os.remove(inside + "/fill")
                self.assertEqual(server.fetch("-n", "1", state=own).returncode, 0)
                self.assertEqual(len(pids(server)), 2)


class Repeated(unittest.TestCase):
    """fetch repeats a client report that was not acknowledged once, and it is never stored twice."""

    def test_the_acknowledgement_is_lost(self):
        with Server("--no-tls") as server, Proxy(server.port) as proxy:
            args = ("--no-tls", "--state-dir", server.state, "-n", "1")
            topnet("fetch", proxy.address, *args)
            length = proxy.forwarded[BACK]
            proxy.fault, proxy.next_faults = (BACK, length - 10, "fin"), []
            result = topnet("fetch", proxy.address, *args)
            self.assertEqual((result.returncode, result.stderr.count(b"\n")), (0, 1), result.stderr)
            self.assertEqual(len(pids(server)), 2)
            self.assertEqual(server.status()["work"]["client_reports_received"], 2)

    def test_the_next_handshake_breaks_too(self):
        """As with a server that is restarted twice."""
        with Server() as server, Proxy(server.port) as proxy:
            args = ("--state-dir", server.state, "-n", "1")
            topnet("fetch", proxy.address, *args)
            length = proxy.forwarded[BACK]
            for kind in ("fin", "rst"):
                proxy.fault, proxy.next_faults = (BACK, length - 60, kind), [(BACK, 100, kind), (BACK, 0, kind)]
                result = topnet("fetch", proxy.address, *args)
                self.assertEqual((result.returncode, result.stderr.count(b"\n")), (0, 1), result.stderr)
                self.assertEqual(proxy.next_faults, [])
            self.assertEqual(len(pids(server)), 3)

    def test_the_server_starts_again(self):
        """It was killed after it had received the client report."""
        with tempfile.TemporaryDirectory() as folder:
            with socket.create_server(("127.0.0.1", 0)) as listener:
                address = "127.0.0.1:%d" % listener.getsockname()[1]
                fetch = subprocess.Popen([TOPNET, "fetch", address, "--no-tls", "-o", folder + "/report"],
                                         stderr=subprocess.PIPE)
                connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(REPORT_FRAMES)
                sent = json.loads(connection.recv(65536)[5:])
            with Server("--no-tls", "--listen", address) as server:
                message = fetch.communicate(timeout=60)[1]
                self.assertEqual((fetch.returncode, message.count(b"\n")), (0, 1), message)
                self.assertEqual([report["pid"] for report in server.status()["reports"]], [sent["pid"]])
            with open(folder + "/report", "rb") as file:
                self.assertEqual(file.read(), REPORT, "the report of the first connection")

    def test_the_server_does_not_start_again(self):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            address = "127.0.0.1:%d" % listener.getsockname()[1]
            fetch = subprocess.Popen([TOPNET, "fetch", address, "--no-tls", "--connect-timeout", "0.5"],
                                     stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            connection, _ = listener.accept()
        with connection:
            connection.recv(65536)
            connection.sendall(REPORT_FRAMES)
            connection.recv(65536)
        message = fetch.communicate(timeout=60)
        self.assertEqual((fetch.returncode, message[0]), (3, REPORT))
        self.assertRegex(message[1].decode(), f"^topnet: fetch from {address}: the connection broke, and reconnecting "
                         "failed: .*Connection refused; .*; the report is stored, but the server has not "
                         "acknowledged the busiest process\n$")


if __name__ == "__main__":
    unittest.main()
