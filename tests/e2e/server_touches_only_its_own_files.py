"""The files that a running server opens, and the privileges that it has given up."""

import errno
import os
import re
import shutil
import tempfile
import unittest

from support.independent_client import Client
from support.program import Server, require_fault_injection
from support.status import get
from support.trust import enrol

# Of other processes only their stat files.
ALLOWED = [r"/proc", r"\d+/stat", r"stat", r"loadavg", r"sys/kernel/pid_max", r"/proc/\d+/stat",
           r"/proc/sys/kernel/(hostname|random/boot_id)", r"/proc/self/(fd|task|stat|statm|status)",
           r"/proc/self/(cgroup|mountinfo)", r"/sys/fs/cgroup/(.*/)?cpu\.(max|cfs_(quota|period)_us)",
           r"/proc/stat", r"STATE(/.*)?", r"\.", r"\.[a-z.]*"]
FILE_CALLS = "open,openat,openat2,creat,execve,execveat,ptrace,process_vm_readv,process_vm_writev"


class Traced(unittest.TestCase):
    def opened(self, log, state):
        """[(call, path, further arguments)] of all calls since the server was ready to serve."""
        with open(log, encoding="utf-8", errors="replace") as file:
            text = file.read()
        _, _, rest = text.partition("prctl(PR_SET_NAME, \"accept\"")
        self.assertTrue(rest, text[-1000:])
        calls = re.findall(r'^\d+ +(\w+)\([^"\n]*"([^"]*)"(.*)$', rest, re.MULTILINE)
        return [(call, path.replace(state, "STATE"), rest) for call, path, rest in calls
                if call != "prctl"]

    def test_opened_files(self):
        require_fault_injection(self)
        with tempfile.TemporaryDirectory() as folder:
            log, client = os.path.join(folder, "log"), os.path.join(folder, "client")
            wrapper = ("strace", "-D", "-f", "-o", log, "-e", "trace=prctl," + FILE_CALLS)
            with Server(wrapper=wrapper) as server:
                enrol(server, "db1", client)
                for args in ((), ("-d", "0.1"), ("-f", "json", "-n", "1000")):
                    self.assertEqual(server.fetch(*args, state=client).returncode, 0)
                for path in ("/status", "/status.json", "/healthz", "/nothing"):
                    get(server.page, path)
                self.assertEqual(server.stop(), 0)
                calls = self.opened(log, server.state)
            self.assertGreater(len(calls), 20)
            self.assertEqual({call for call, _, _ in calls}, {"openat"})
            strange = [path for _, path, _ in calls
                       if not any(re.fullmatch(allowed, path) for allowed in ALLOWED)]
            self.assertEqual(strange, [])
            # An unnamed file (O_TMPFILE) belongs to the state directory, whose descriptor it is opened with.
            written = [path for _, path, rest in calls if re.search("O_WRONLY|O_RDWR|O_CREAT", rest)
                       and "O_TMPFILE" not in rest]
            self.assertEqual([path for path in written if not path.startswith("STATE")], [])
            self.assertTrue(written, "its reports, at least")

    def test_no_new_privileges(self):
        with Server() as server:
            with open(f"/proc/{server.process.pid}/status", encoding="ascii") as file:
                self.assertIn("NoNewPrivs:\t1\n", file.readlines())

    def test_other_programs_of_its_user_cannot_read_its_memory(self):
        if os.geteuid() != 0 or not shutil.which("setpriv"):
            self.skipTest("only root can become another user, and needs setpriv for it")
        unprivileged = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o777)
            with Server(state=os.path.join(folder, "state"), wrapper=unprivileged) as server:
                self.assertEqual(os.stat(f"/proc/{server.process.pid}/mem").st_uid, 0)
                client = Client(server.port, server.state)
                client.exchange()
                client.close()

    def test_it_cannot_write_outside_of_its_state_directory(self):
        require_fault_injection(self)
        with tempfile.TemporaryDirectory() as folder:
            log = os.path.join(folder, "log")
            wrapper = ("strace", "-D", "-f", "-o", log, "-e", "trace=landlock_restrict_self,"
                       "landlock_create_ruleset")
            with Server(wrapper=wrapper) as server:
                server.stop()
            with open(log, encoding="utf-8") as file:
                text = file.read()
            if "ENOSYS" in text or "EOPNOTSUPP" in text:
                self.skipTest("this kernel has no Landlock")
            self.assertRegex(text, r"landlock_restrict_self\(\d+, 0\) += 0")
            # A folder that is moved out of the state directory is no longer beneath the directory of the rule.
            with Server() as server:
                os.rename(os.path.join(server.state, "reports"), os.path.join(folder, "reports"))
                os.symlink(os.path.join(folder, "reports"), os.path.join(server.state, "reports"))
                result = server.fetch()
                self.assertEqual(result.returncode, 1)
                self.assertIn(b"Permission denied", result.stderr)

    def test_a_refused_protection_is_said_and_the_server_runs_without_it(self):
        require_fault_injection(self)
        for rule, expected in [
                ("landlock_create_ruleset:error=EPERM", ["create a Landlock ruleset: EPERM; running without Landlock"]),
                ("landlock_create_ruleset:error=ENOSYS", ["create a Landlock ruleset: ENOSYS; running without Landlock"]),
                ("landlock_add_rule:error=EINVAL", ["add a Landlock rule: EINVAL; running without Landlock"]),
                ("landlock_restrict_self:error=E2BIG", ["apply the Landlock ruleset: E2BIG; running without Landlock"]),
                ("prctl:error=EACCES:when=1..2", ["set no_new_privs: EACCES; running without no_new_privs",
                                                  "disable core dumps: EACCES; running without protection of its "
                                                  "memory"])]:
            wrapper = ("strace", "-D", "-f", "-o", os.devnull, "-e", "inject=" + rule)
            with self.subTest(rule), Server(wrapper=wrapper) as server:
                name = re.search("error=(E[A-Z0-9]+)", rule)[1]
                why = os.strerror(getattr(errno, name))
                lines = [line for line in server.startup_lines if "running without" in line]
                # Without no_new_privs, only root may use Landlock, so there is one more line for other users.
                self.assertEqual(lines[:len(expected)],
                                 ["topnet: could not " + each.replace(name, why) for each in expected])
                self.assertEqual(server.fetch().returncode, 0)


if __name__ == "__main__":
    unittest.main()
