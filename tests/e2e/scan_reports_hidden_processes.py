"""hidepid, a PID namespace or a missing /proc is mentioned in the report, in JSON and once on standard error."""

import json
import os
import shutil
import subprocess
import tempfile
import unittest

from support.program import TOPNET, Server, topnet

NAMESPACE = "this is a PID namespace (a container); processes outside of it are not seen"
OTHER_PROC = "/proc belongs to another PID namespace"
HIDEPID = "/proc hides the processes of other users (hidepid)"


def run(*args):
    return subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=60, check=False)


class Visibility(unittest.TestCase):
    def require(self, *args):
        """Skips the test if the prefix `args` fails even without topnet."""
        result = run(*args, "true")
        if result.returncode != 0:
            self.skipTest(f"{args[0]} cannot do that here: {result.stderr.decode().strip()}")

    def assert_reported(self, reason, *wrapper):
        """Scans with the prefix `wrapper`; returns the JSON document."""
        message = f"topnet: not every process can be seen: {reason}\n".encode()
        text = run(*wrapper, TOPNET, "scan")
        self.assertEqual((text.returncode, text.stderr), (0, message))
        self.assertIn(f"\n# visibility: {reason}\n".encode(), text.stdout)
        result = run(*wrapper, TOPNET, "scan", "-f", "json")
        self.assertEqual((result.returncode, result.stderr), (0, message))
        document = json.loads(result.stdout)
        self.assertEqual(document["visibility"], {"hidden": True, "reason": reason})
        return document

    def test_in_a_pid_namespace(self):
        wrapper = ["unshare", "--map-root-user", "--pid", "--fork", "--mount-proc"]
        self.require(*wrapper)
        document = self.assert_reported(NAMESPACE, *wrapper)
        self.assertEqual([row["pid"] for row in document["processes"]], [1])
        window = run(*wrapper, TOPNET, "scan", "-d", "0.1", "-f", "json")
        self.assertEqual(json.loads(window.stdout)["visibility"]["reason"], NAMESPACE)

    def test_with_the_proc_of_another_namespace_no_clock_is_read_by_a_wrong_pid(self):
        wrapper = ["unshare", "--map-root-user", "--pid", "--fork"]
        self.require(*wrapper)
        document = self.assert_reported(OTHER_PROC, *wrapper)
        # These are the processes of the outer namespace, read from stat files.
        self.assertGreater(document["processes_seen"], 1)
        self.assertIsNotNone(document["accounting"]["exited_ticks"])

    def test_with_hidepid(self):
        if os.geteuid() != 0:
            self.skipTest("only root can mount /proc with hidepid and then become another user")
        with tempfile.TemporaryDirectory() as folder:
            # Every user has to reach the program.
            os.chmod(folder, 0o755)
            program = shutil.copy(TOPNET, folder)
            for option in ("hidepid=2", "hidepid=1"):
                script = f'mount -t proc -o {option} proc /proc && exec "$@"'
                wrapper = ["unshare", "--pid", "--mount", "--fork", "sh", "-c", script, "sh", "sh",
                           "-c", '"$@"; exit $?', "sh", "setpriv", "--reuid=65534",
                           "--regid=65534", "--clear-groups"]
                self.require(*wrapper)
                for args in (["scan"], ["scan", "--exhaustive"], ["scan", "-d", "0.1"]):
                    with self.subTest(option=option, args=args):
                        result = run(*wrapper, program, *args, "-f", "json")
                        self.assertEqual(
                            (result.returncode, result.stderr.decode()),
                            (0, f"topnet: not every process can be seen: {HIDEPID}\n"))
                        document = json.loads(result.stdout)
                        self.assertEqual(document["visibility"],
                                         {"hidden": True, "reason": HIDEPID})
                        self.assertNotIn(1, [row["pid"] for row in document["processes"]])

    def test_with_hidepid_a_server_sees_what_scan_sees(self):
        if os.geteuid() != 0:
            self.skipTest("only root can mount /proc with hidepid and then become another user")
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o777)
            program = shutil.copy(TOPNET, folder)
            unprivileged = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
            for option, user, hidden in (("hidepid=2", unprivileged, HIDEPID), ("hidepid=2,gid=1", [], NAMESPACE)):
                script = f'mount -t proc -o {option} proc /proc && "$@"; exit $?'
                # The second shell is the process that the server has to see.
                wrapper = ["unshare", "--pid", "--mount", "--fork", "--kill-child", "sh", "-c", script, "sh", *user,
                           "sh", "-c", f'shift; {program} "$@"; exit $?', "sh"]
                self.require(*wrapper[:-4], "true")
                with self.subTest(option), Server(wrapper=wrapper, state=os.path.join(folder, option)) as server:
                    self.assertEqual([line for line in server.startup_lines if "Landlock" in line],
                                     ["topnet: running without Landlock, because /proc is mounted with hidepid: "
                                      "Landlock would hide all processes from the server"])
                    self.assertEqual(server.next_line(), f"topnet: not every process can be seen: {hidden}")
                    document = json.loads(server.fetch("-f", "json").stdout)
                    self.assertIn("sh", [row["name"] for row in document["processes"]])
                    self.assertEqual(document["visibility"], {"hidden": True, "reason": hidden})

    def test_of_another_mount_with_hidepid(self):
        if os.geteuid() != 0:
            self.skipTest("only root can mount /proc with hidepid and then become another user")
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            program, root = shutil.copy(TOPNET, folder), os.path.join(folder, "proc")
            os.mkdir(root)
            wrapper = ["unshare", "--pid", "--mount", "--fork", "sh", "-c",
                       f'mount -t proc -o hidepid=2 proc {root} && "$@"', "sh"]
            self.require(*wrapper)
            result = run(*wrapper, "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", program, "scan",
                         "--proc-root", root)
            self.assertEqual(result.stderr.decode(), "topnet: not every process can be seen: "
                             f"{root} hides the processes of other users (hidepid)\n")

    def test_without_proc(self):
        if os.environ.get("TOPNET_SANITIZE"):
            self.skipTest("a sanitizer needs /proc for itself")
        wrapper = ["unshare", "--map-root-user", "--mount", "sh", "-c",
                   'mount -t tmpfs tmpfs /proc && exec "$@"', "sh"]
        self.require(*wrapper)
        for args in (["scan"], ["scan", "-d", "0.1"], ["scan", "--exhaustive"]):
            result = run(*wrapper, TOPNET, *args)
            self.assertEqual((result.returncode, result.stdout, result.stderr),
                             (1, b"", b"topnet: found no process under /proc; it has to be a proc "
                                      b"file system or a copy of one\n"))

    def test_of_a_copy_only_unreadable_processes_are_reported(self):
        with tempfile.TemporaryDirectory() as root:
            for pid, text in [(1, None), (2, "x")]:
                os.mkdir(os.path.join(root, str(pid)))
                with open(os.path.join(root, str(pid), "stat"), "w", encoding="ascii") as file:
                    file.write(text or "1 (a) S 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1 1\n")
            result = topnet("scan", "--proc-root", root)
            self.assertEqual(result.stderr,
                             b"topnet: not every process can be seen: 1 processes cannot be read\n")
            self.assertIn(b"\n# visibility: 1 processes cannot be read\n", result.stdout)


if __name__ == "__main__":
    unittest.main()
