"""A full disk at the server or at the client: the error is reported, old files stay, and the server goes on."""

import os
import shutil
import subprocess
import unittest

from support.cases import FolderCase
from support.program import TOPNET, Server
from support.small_disk import fill, on_small_disk, require_small_disk
from support.status import CounterCheck


class FullDisk(FolderCase):
    def setUp(self):
        super().setUp()
        self.disk = self.path("disk")
        os.mkdir(self.disk)
        require_small_disk(self)

    def test_at_the_server(self):
        with Server(state=self.disk + "/state", wrapper=on_small_disk(self.disk, "256k")) as server, \
                CounterCheck(server):
            disk = f"/proc/{server.process.pid}/root{self.disk}"
            own = self.path("own")
            os.mkdir(own, mode=0o700)
            for name in ("identity.key", "identity.crt"):
                shutil.copy(f"{disk}/state/{name}", own)
            self.assertEqual(server.fetch("-n", "1", state=own).returncode, 0)
            server.next_line()

            fill(disk)
            before = os.listdir(disk + "/state/reports")
            self.assert_fails(server.fetch("-n", "10", state=own), 1,
                              f"topnet: fetch from {server.address}: the server could not write the "
                              "report: No space left on device; the server's log has the reason\n")
            self.assertRegex(server.next_line(), r"^topnet: local 127\.0\.0\.1:\d+: could not write "
                                                 r"\S+/reports/report-\S+: No space left on device$")
            self.assertEqual(os.listdir(disk + "/state/reports"), before, "no incomplete file")

            os.remove(disk + "/fill")
            self.assertEqual(server.fetch("-n", "10", state=own).returncode, 0)
            self.assertIn("top 10", server.next_line())
            counters = server.status()["counters"]
            self.assertEqual((counters["accepted"], counters["internal_error"]), (3, 1))

    def test_at_the_start_of_a_server(self):
        full = ['head -c 1M /dev/zero >"$0/fill"; exec "$@"', self.disk]
        result = subprocess.run(
            [*on_small_disk(self.disk), "sh", "-c", *full, TOPNET, "serve", "--listen",
             "127.0.0.1:0", "--http", "off", "--state-dir", self.disk + "/state"],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60, check=False)
        lines = [line for line in result.stderr.decode().splitlines() if line.startswith("topnet:")]
        self.assertEqual((result.returncode, len(lines)), (6, 1), result.stderr)
        self.assertIn(f"could not write {self.disk}/state/identity", lines[0])
        self.assertIn("No space left on device", lines[0])

    def test_at_the_client(self):
        script = ('printf old >"$1/report.txt"; cat /dev/zero >"$1/fill" 2>/dev/null; '
                  'topnet=$2; shift 2; "$topnet" "$@"; echo "status $?"; cat "$0/report.txt"; '
                  'echo; ls -A "$0"')
        with Server() as server, CounterCheck(server):
            result = subprocess.run(
                [*on_small_disk(self.disk), "sh", "-c", script, self.disk, self.disk, TOPNET,
                 "fetch", server.address, "--state-dir", server.state, "-o",
                 self.disk + "/report.txt"],
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=60,
                check=False)
            self.assertEqual(result.stdout, b"status 6\nold\nfill\nreport.txt\n")
            self.assertEqual(result.stderr.decode(), f"topnet: could not write {self.disk}/report.txt"
                                                     ": No space left on device\n")
            self.assertEqual(server.fetch().returncode, 0)

if __name__ == "__main__":
    unittest.main()
