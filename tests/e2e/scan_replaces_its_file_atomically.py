"""--out FILE is replaced atomically: it has its old bytes or all of the new ones, whichever step fails."""

import fcntl
import os
import resource
import subprocess
import unittest

from support.cases import FolderCase
from support.program import TOPNET, require_fault_injection, strace, topnet, wait_until

FIRST_LINE = b"# topnet report 1\n"


class Out(FolderCase):
    def setUp(self):
        super().setUp()
        self.file = self.path("report.txt")

    def contents(self):
        with open(self.file, "rb") as file:
            return file.read()

    def write_old(self):
        with open(self.file, "wb") as file:
            file.write(b"old")

    def traced(self, injection):
        """Runs scan with a fault injected; returns its exit status and its message."""
        result = strace("-o", "/dev/null", "-e", "inject=" + injection,
                        TOPNET, "scan", "-o", self.file)
        return result.returncode, result.stderr.decode()

    def start(self, *faults):
        """Starts scan with faults injected."""
        return subprocess.Popen(
            ["strace", "-o", "/dev/null", *(f"--inject={fault}" for fault in faults), TOPNET, "scan", "-o", self.file],
            stdin=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def test_the_report_is_in_the_file_and_nothing_on_standard_output(self):
        result = topnet("scan", "-o", self.file)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (0, b"", b""))
        self.assertTrue(self.contents().startswith(FIRST_LINE))
        self.assertEqual(os.listdir(self.folder), ["report.txt"])

    def test_a_limit_on_file_sizes_is_an_error_like_a_full_disk(self):
        self.write_old()
        result = topnet("scan", "-o", self.file, preexec_fn=lambda: resource.setrlimit(
            resource.RLIMIT_FSIZE, (10, 10)))
        self.assertEqual(result.returncode, 6)
        self.assertEqual(result.stderr.decode(),
                         f"topnet: could not write {self.file}: File too large\n")
        self.assertEqual(self.contents(), b"old")

    def test_a_folder_that_cannot_be_synced_is_reported(self):
        require_fault_injection(self)
        self.write_old()
        status, message = self.traced("fsync:error=EIO:when=2")
        self.assertEqual((status, message),
                         (6, f"topnet: could not write {self.file}: the file was replaced, but its folder could not "
                          "be synced: Input/output error\n"))
        self.assertTrue(self.contents().startswith(FIRST_LINE))

    def test_a_run_that_removes_a_leftover_and_one_that_writes_do_not_disturb_each_other(self):
        require_fault_injection(self)
        number = self.number_of_the_unnamed_open()
        os.remove(self.file)

        unsupported = f"openat:error=EOPNOTSUPP:when={number}"
        # The first waits before it locks its new file, and before it renames it. Meanwhile the second
        # finds that file, locks it, waits again and removes it.
        writers = [self.start(unsupported, "flock:delay_enter=700000", "renameat:delay_enter=1500000")]
        wait_until(lambda: os.listdir(self.folder))
        writers.append(self.start(unsupported, "unlinkat:delay_enter=1000000"))
        for writer in writers:
            _, message = writer.communicate(timeout=60)
            self.assertEqual((writer.returncode, message), (0, b""))
        self.assertEqual(os.listdir(self.folder), ["report.txt"])

    def test_a_run_that_finds_another_file_under_the_name_leaves_it_alone(self):
        require_fault_injection(self)
        first = self.start("renameat:delay_enter=1500000")
        wait_until(lambda: os.listdir(self.folder))
        # Opens the first one's file, and locks it only when the name is the third one's.
        second = self.start("flock:delay_enter=2500000:when=2")
        self.assertEqual(first.communicate(timeout=60)[1], b"")
        third = self.start("renameat:delay_enter=2000000")
        self.assertEqual(third.communicate(timeout=60)[1], b"")
        second.communicate(timeout=60)
        self.assertEqual((first.returncode, third.returncode), (0, 0))
        self.assertEqual(os.listdir(self.folder), ["report.txt"])

    def test_a_run_that_hangs_between_link_and_rename_is_reported(self):
        self.write_old()
        taken = self.path(".report.txt.topnet-new")
        with open(taken, "wb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            result = topnet("scan", "-o", self.file)
        self.assertEqual((result.returncode, result.stderr.decode()),
                         (6, f"topnet: could not write {self.file}: another process is writing it; if there is none, "
                             f"remove {taken}\n"))
        self.assertEqual(self.contents(), b"old")

    def test_no_folder_is_listed(self):
        require_fault_injection(self)
        calls = strace("-y", "-e", "trace=getdents64", TOPNET, "scan", "-o", self.file).stderr.decode()
        self.assertIn("/proc", calls)
        self.assertNotIn(self.folder, calls)

    def number_of_the_unnamed_open(self):
        """The number, from 1, of the openat call that opens the unnamed file (O_TMPFILE)."""
        calls = strace("-e", "openat", TOPNET, "scan", "-o", self.file).stderr.decode()
        return next(i for i, line in enumerate(calls.splitlines(), 1) if "O_TMPFILE" in line)

    def test_a_file_system_without_unnamed_files(self):
        require_fault_injection(self)
        self.write_old()
        os.chmod(self.file, 0o640)
        number = self.number_of_the_unnamed_open()
        status, message = self.traced(f"openat:error=EOPNOTSUPP:when={number}")
        self.assertEqual((status, message), (0, ""))
        self.assertTrue(self.contents().startswith(FIRST_LINE))
        self.assertEqual(os.stat(self.file).st_mode & 0o777, 0o640)
        self.assertEqual(os.listdir(self.folder), ["report.txt"])

    def test_a_killed_run_leaves_the_old_file_and_the_next_run_cleans_up(self):
        require_fault_injection(self)
        self.write_old()
        status, _ = self.traced("renameat:error=EINTR:signal=KILL")
        self.assertNotEqual(status, 0)
        self.assertEqual(self.contents(), b"old")
        left = [name for name in os.listdir(self.folder) if name != "report.txt"]
        self.assertEqual(left, [".report.txt.topnet-new"], "the run was meant to die between link and rename")
        self.assertEqual(topnet("scan", "-o", self.file).returncode, 0)
        self.assertTrue(self.contents().startswith(FIRST_LINE))
        self.assertEqual(os.listdir(self.folder), ["report.txt"])


if __name__ == "__main__":
    unittest.main()
