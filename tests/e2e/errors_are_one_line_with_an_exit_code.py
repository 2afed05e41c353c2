"""An error is one line on standard error, with the exit code of topnet(1)."""

import os
import shutil
import signal
import subprocess
import tempfile
import unittest

from support.program import TOPNET, fake_process, topnet, wait_until

SEE = "; see 'topnet scan --help'\n"


class Mistakes(unittest.TestCase):
    def assert_fails(self, args, code, message):
        result = topnet(*args)
        self.assertEqual((result.stderr.decode(), result.returncode, result.stdout),
                         ("topnet: " + message, code, b""), args)

    def test_usage(self):
        for args, message in [
                ([], "no command given; see 'topnet --help'\n"),
                (["scam"], "unknown command 'scam'; did you mean scan?\n"),
                (["top"], "unknown command 'top'; see 'topnet --help'\n"),
                (["help", "scna"], "unknown command 'scna'; did you mean scan?\n"),
                (["trust", "clinets"], "unknown command 'clinets'; did you mean clients?\n"),
                (["trust", "revoke"], "NAME is missing; see 'topnet trust revoke --help'\n"),
                (["trust", "invite", "db1", "--ttl", "15"],
                 "--ttl '15' is not a time; write a number with the unit ms, s, m, h or d; see 'topnet trust invite --help'\n"),
                (["fetch", "8676"], "HOST '8676' is not a host; is this a port? Write HOST:PORT"
                 "; see 'topnet fetch --help'\n"),
                (["scan", "-n", "x"], "--top 'x' is not a whole number from 1 to 100000" + SEE),
                (["scan", "-n", "100001"], "--top '100001' is not between 1 and 100000" + SEE),
                (["fetch", "--max-time", "25h"],
                 "--max-time '25h' is not between 1ms and 1d; see 'topnet fetch --help'\n"),
                (["fetch", "--connect-timeout", "0"],
                 "--connect-timeout '0' is not between 1ms and 1h; see 'topnet fetch --help'\n"),
                (["scan", "-o", ""], "--out '' is empty" + SEE),
                (["scan", "--proc-root", ""], "--proc-root '' is empty" + SEE),
                (["fetch", "--unsafe-plaintext"],
                 "--unsafe-plaintext requires --no-tls; add --no-tls, or omit --unsafe-plaintext\n"),
                (["serve", "--http", "off", "--http-tls"],
                 "--http-tls requires a status port; omit --http-tls, or replace --http off by an address\n"),
                (["serve", "--listen", "127.0.0.1:9", "--listen", "127.0.0.1:9"],
                 "--listen 127.0.0.1:9 is given twice; omit one\n"),
                (["serve", "--listen", "127.0.0.1"],
                 "--listen '127.0.0.1' has no port; add one: 127.0.0.1:8676; see 'topnet serve --help'\n"),
                (["scan", "--hold", "3"],
                 "unknown option '--hold'; --hold is an option of fetch" + SEE),
                (["scan", "-s", "memory"], "--sort 'memory' is not one of cpu, user, system" + SEE),
                (["scan", "-f", "xml"], "--format 'xml' is not one of text, json, csv" + SEE),
                (["scan", "-d", "1e1"],
                 "--delay '1e1' is not a time; write a number with the unit ms, s, m, h or d; without a unit "
                 "it is in seconds" + SEE),
                (["scan", "-d", "2h"], "--delay '2h' is not between 10ms and 1h" + SEE),
                (["scan", "--dealy", "1"], "unknown option '--dealy'; did you mean --delay?\n"),
                (["scan", "--verbose"], "unknown option '--verbose'" + SEE),
                (["scan", "-x"], "unknown option '-x'" + SEE),
                (["scan", "host"], "unexpected argument 'host'" + SEE),
                (["scan", "++"], "unexpected argument '++'" + SEE),
                (["scan", "--out"], "--out needs a value" + SEE),
                (["scan", "a\nb"], "unexpected argument 'a\\x0ab'" + SEE)]:
            self.assert_fails(args, 2, message)

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            link = os.path.join(folder, "link")
            os.symlink("elsewhere", link)
            for out, why in [
                    (folder, "it is a directory; name a file in it"),
                    (link, "it is a symbolic link; name the file that it points to"),
                    (folder + "/none/report", "No such file or directory"),
                    ("/dev/full", "No space left on device")]:
                self.assert_fails(["scan", "--out", out], 6, f"could not write {out}: {why}\n")

    def test_an_unwritable_file_is_refused_and_stays(self):
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o777)
            report = os.path.join(folder, "report")
            with open(report, "w", encoding="utf-8") as file:
                file.write("old")
            os.chmod(report, 0o444)
            unprivileged = {"user": 65534, "group": 65534} if os.geteuid() == 0 else {}
            if os.geteuid() == 0 and not reachable_by_all(TOPNET):
                self.skipTest("the program lies where only root can reach it")
            result = topnet("scan", "-o", report, **unprivileged)
            self.assertEqual((result.returncode, result.stderr.decode()),
                             (6, f"topnet: could not write {report}: Permission denied\n"))
            with open(report, encoding="utf-8") as file:
                self.assertEqual(file.read(), "old")

    def test_no_proc(self):
        with tempfile.TemporaryDirectory() as folder:
            self.assert_fails(
                ["scan", "--proc-root", folder], 1,
                f"found no process under {folder}; it has to be a proc file system or a copy of one\n")
            self.assert_fails(
                ["scan", "--proc-root", folder + "/none"], 1,
                f"could not read the processes under {folder}/none: No such file or directory\n")

    def test_a_copy_of_the_one_file_runs_every_command(self):
        with tempfile.TemporaryDirectory() as folder:
            alone = shutil.copy(TOPNET, folder)
            state = os.path.join(folder, "state")
            for args in (["scan"], ["trust", "show", "--state-dir", state], ["serve", "--help"], ["fetch", "--help"]):
                result = subprocess.run([alone, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
                self.assertEqual((result.returncode, result.stdout != b""), (0, True), result)

    def test_the_last_format_counts(self):
        for args, begin in ((["--json", "-f", "csv"], b"pid,"), (["-f", "csv", "--json"], b"{")):
            self.assertTrue(topnet("scan", "-n", "1", *args).stdout.startswith(begin), args)

    def test_a_full_standard_output_is_reported(self):
        with open("/dev/full", "wb") as full:
            for args in (["scan"], ["--help"], ["scan", "--help"], ["--version"]):
                result = subprocess.run([TOPNET, *args], stdout=full, stderr=subprocess.PIPE,
                                        check=False)
                self.assertEqual((result.returncode, result.stderr.decode()),
                                 (6, "topnet: could not write standard output: "
                                     "No space left on device\n"))


    def test_a_closed_destination_is_reported(self):
        for args, name in (("scan >&-", "standard output"), ("scan -o /dev/fd/9", "/dev/fd/9"),
                           ("scan -o /dev/fd/0 </dev/null", "/dev/fd/0")):
            result = subprocess.run(["bash", "-c", f'"$1" {args}', "bash", TOPNET],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            self.assertEqual((result.returncode, result.stdout, result.stderr.decode()),
                             (6, b"", f"topnet: could not write {name}: "
                                      "it is closed, or open for reading only\n"))

    def test_help_on_a_closed_standard_output(self):
        result = subprocess.run(["bash", "-c", '"$1" --help >&-', "bash", TOPNET],
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        self.assertEqual((result.returncode, result.stderr.decode()),
                         (6, "topnet: could not write standard output: Bad file descriptor\n"))


class EndsWithoutAMessage(unittest.TestCase):
    def test_a_reader_that_has_left(self):
        reader, writer = os.pipe()
        os.close(reader)
        result = subprocess.run([TOPNET, "scan", "-n", "100000"], stdout=writer,
                                stderr=subprocess.PIPE, check=False)
        os.close(writer)
        self.assertEqual((result.returncode, result.stderr), (0, b""))

    def test_a_full_pipe_that_does_not_block_is_waited_for(self):
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        with tempfile.TemporaryDirectory() as root, open(reader, "rb") as pipe:
            for pid in range(1, 2001):  # a report longer than a pipe holds
                fake_process(root, pid, b"process")
            with subprocess.Popen([TOPNET, "scan", "-n", "2000", "--proc-root", root],
                                  stdout=writer, stderr=subprocess.PIPE) as scan:
                os.close(writer)
                self.assertEqual(len(pipe.read().splitlines()), 2006)
                self.assertEqual((scan.wait(timeout=30), scan.stderr.read()), (0, b""))

    def test_head_takes_the_first_line(self):
        script = 'set -o pipefail; "$1" scan | head -1; echo "${PIPESTATUS[0]}"'
        result = subprocess.run(["bash", "-c", script, "bash", TOPNET], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, check=False)
        self.assertEqual((result.stdout, result.stderr), (b"# topnet report 1\n0\n", b""))

    def test_standard_descriptors_that_are_closed(self):
        with tempfile.TemporaryDirectory() as folder:
            report = os.path.join(folder, "report")
            script = '"$1" scan -o "$2" <&- >&- 2>&- && head -n 1 "$2"'
            result = subprocess.run(["bash", "-c", script, "bash", TOPNET, report],
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            self.assertEqual((result.returncode, result.stdout, result.stderr),
                             (0, b"# topnet report 1\n", b""))

    def test_without_dev_null_no_file_gets_the_number_of_a_closed_descriptor(self):
        wrapper = ["unshare", "--map-root-user", "--mount", "sh", "-c",
                   'mount -t tmpfs tmpfs /dev && exec "$@" >&- 2>&-', "sh"]
        if subprocess.run([*wrapper, "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
            self.skipTest("unshare cannot mount here")
        with tempfile.TemporaryDirectory() as folder:
            report = os.path.join(folder, "report")
            fake_process(folder, 1, b"init")
            os.mkdir(os.path.join(folder, "2"))
            os.mkdir(os.path.join(folder, "2", "stat"))  # leads to a message while the report is written
            result = topnet("scan", "--proc-root", folder, "-o", report, wrapper=wrapper)
            self.assertEqual((result.returncode, result.stderr), (0, b""))
            with open(report, "rb") as file:
                self.assertTrue(file.read().startswith(b"# topnet report 1\n"))

    def test_descriptors_have_names(self):
        with tempfile.TemporaryDirectory() as folder:
            for name, redirection in (("/dev/stdout", '>"$2"'), ("/dev/stderr", '2>"$2"'),
                                      ("/dev/fd/7", '7>"$2"'), ("/dev/stdout", '| cat >"$2"')):
                report = os.path.join(folder, "report")
                script = f'"$1" scan -n 1 -o {name} {redirection} && head -n 1 "$2"'
                result = subprocess.run(["bash", "-c", script, "bash", TOPNET, report],
                                        stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
                self.assertEqual((result.returncode, result.stdout, result.stderr),
                                 (0, b"# topnet report 1\n", b""), redirection)

    def test_process_substitution(self):
        script = 'coproc cat; exec 3<&"${COPROC[0]}" 4>&"${COPROC[1]}"; "$1" scan -o >(cat >&4) && ' \
                 'head -n 1 <&3'
        result = subprocess.run(["bash", "-c", script, "bash", TOPNET], stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE, check=False)
        self.assertEqual((result.returncode, result.stdout, result.stderr),
                         (0, b"# topnet report 1\n", b""))

    def test_an_interrupt_ends_with_130(self):
        with tempfile.TemporaryDirectory() as folder:
            fifo = os.path.join(folder, "fifo")
            os.mkfifo(fifo)  # without a reader, so that scan waits
            scan = subprocess.Popen([TOPNET, "scan", "-o", fifo], stderr=subprocess.PIPE)
            wait_until_interrupts_are_caught(scan.pid)
            scan.send_signal(signal.SIGINT)
            self.assertEqual((scan.communicate(timeout=10)[1], scan.returncode), (b"topnet: interrupted\n", 130))

    def test_as_process_1_a_signal_ends_it(self):
        wrapper = ["unshare", "--map-root-user", "--pid", "--fork", "--kill-child"]
        if subprocess.run([*wrapper, "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
            self.skipTest("unshare cannot create a PID namespace here")
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            with self.subTest(number):
                outer = subprocess.Popen([*wrapper, TOPNET, "scan", "-d", "1h"], stderr=subprocess.PIPE)
                self.addCleanup(outer.kill)
                pid = wait_until(lambda: child_of(outer.pid))
                wait_until_interrupts_are_caught(pid)
                os.kill(pid, number)
                line = b"topnet: interrupted\n" if number == signal.SIGINT else b""
                self.assertEqual((outer.communicate(timeout=30)[1], outer.returncode), (line, 128 + number))


def wait_until_interrupts_are_caught(pid):
    def catches_interrupts():
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
            caught = next(line for line in file if line.startswith("SigCgt")).split()[1]
        return int(caught, 16) & 1 << (signal.SIGINT - 1)

    wait_until(catches_interrupts)


def child_of(pid):
    """The pid of a process's only child; None if it has none."""
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        return int(file.read() or 0) or None


def reachable_by_all(path):
    while path != "/":
        if not os.stat(path).st_mode & 0o001:
            return False
        path = os.path.dirname(path)
    return True


if __name__ == "__main__":
    unittest.main()
