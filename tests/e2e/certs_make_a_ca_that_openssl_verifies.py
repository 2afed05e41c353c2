"""certs/make: a CA, a server and clients, each good for its own purpose, and no key for others."""

import os
import stat
import subprocess
import tempfile
import unittest

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def run(*words, **options):
    """Runs a program to its end; returns its exit status and all that it says."""
    result = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, timeout=60, check=False, **options)
    return result.returncode, result.stdout.decode(errors="replace")


def make(*words, **options):
    return run(os.path.join(ROOT, "certs", "make"), *words, **options)


class Certificates(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.ca = os.path.join(self.folder, "ca")

    def made(self, *words, into="ca"):
        status, said = make(os.path.join(self.folder, into), *words)
        self.assertEqual(status, 0, said)
        return said

    def verify(self, certificate, *words, by="ca"):
        return run("openssl", "verify", "-x509_strict", "-CAfile",
                   os.path.join(self.folder, by, "ca.crt"), *words,
                   os.path.join(self.ca, certificate))

    def test_a_server_and_a_client_are_what_they_should_be_and_nothing_else(self):
        said = self.made()
        self.assertEqual([line.split(":")[0] for line in said.splitlines()],
                         [self.ca + "/ca.crt", f"{self.ca}/server.crt, {self.ca}/server.key",
                          f"{self.ca}/client.crt, {self.ca}/client.key"])
        for words in (["-verify_hostname", "localhost"], ["-verify_ip", "127.0.0.1"],
                      ["-verify_ip", "::1"]):
            status, said = self.verify("server.crt", "-purpose", "sslserver", *words)
            self.assertEqual(status, 0, said)
        status, said = self.verify("client.crt", "-purpose", "sslclient")
        self.assertEqual(status, 0, said)
        for words in (["server.crt", "-purpose", "sslclient"],
                      ["client.crt", "-purpose", "sslserver"],
                      ["server.crt", "-purpose", "sslserver", "-verify_hostname", "example.org"],
                      ["server.crt", "-purpose", "sslserver", "-verify_ip", "127.0.0.2"]):
            self.assertNotEqual(self.verify(*words)[0], 0, words)

    def test_hosts_clients_and_days_are_taken(self):
        self.made("--host", "top.example.org", "--host", "192.0.2.7", "--client", "db1", "--client",
                  "db-2.example", "--days", "3")
        for words in (["-verify_hostname", "top.example.org"], ["-verify_ip", "192.0.2.7"]):
            status, said = self.verify("server.crt", "-purpose", "sslserver", *words)
            self.assertEqual(status, 0, said)
        self.assertNotEqual(self.verify("server.crt", "-verify_hostname", "localhost")[0], 0)
        for name in ("db1", "db-2.example"):
            status, said = run("openssl", "x509", "-noout", "-subject", "-in",
                               os.path.join(self.ca, name + ".crt"))
            self.assertEqual((status, said), (0, f"subject=CN = {name}\n"))
        for day, status in ((2, 0), (4, 1)):
            self.assertEqual(run("openssl", "x509", "-noout", "-checkend", str(day * 86400), "-in",
                                 os.path.join(self.ca, "db1.crt"))[0], status)

    def test_another_ca_is_not_this_one(self):
        self.made()
        self.made(into="other")
        self.assertEqual(self.verify("server.crt")[0], 0)
        self.assertNotEqual(self.verify("server.crt", by="other")[0], 0)

    def test_a_certificate_cannot_sign_another_one(self):
        self.made()
        for name in ("server", "client"):
            text = run("openssl", "x509", "-noout", "-text", "-in",
                       os.path.join(self.ca, name + ".crt"))[1]
            self.assertRegex(text, r"Basic Constraints: critical\s+CA:FALSE")
            self.assertRegex(text, r"Key Usage: critical\s+Digital Signature\n")
            self.assertIn("NIST CURVE: P-256", text)

    def test_keys_are_nobody_elses(self):
        self.assertEqual(make(self.ca, umask=0)[0], 0)
        self.assertEqual(stat.S_IMODE(os.stat(self.ca).st_mode), 0o700)
        self.assertEqual(sorted(os.listdir(self.ca)),
                         ["ca.crt", "ca.key", "client.crt", "client.key", "server.crt",
                          "server.key"])
        for name in os.listdir(self.ca):
            mode = stat.S_IMODE(os.stat(os.path.join(self.ca, name)).st_mode)
            self.assertEqual(mode, 0o600 if name.endswith(".key") else 0o644, name)

    def test_nothing_is_overwritten_and_an_open_folder_is_refused(self):
        self.made()

        def contents():
            result = {}
            for name in os.listdir(self.ca):
                with open(os.path.join(self.ca, name), "rb") as file:
                    result[name] = file.read()
            return result

        before = contents()
        status, said = make(self.ca)
        self.assertEqual(status, 6)
        self.assertIn("ca.key is there already", said)
        self.assertEqual(contents(), before)
        os.mkdir(os.path.join(self.folder, "open"), 0o755)
        status, said = make(os.path.join(self.folder, "open"))
        self.assertEqual((status, os.listdir(os.path.join(self.folder, "open"))), (6, []))
        self.assertIn("chmod 700", said)

    def test_a_mistake_in_the_command_line_makes_nothing(self):
        for words in ([], ["--host", "a,DNS:b"], ["--host", ""], ["--host"], ["--client", "a/b"],
                      ["--client", "ca"], ["--client", "../x"], ["--client", "a", "--client", "a"],
                      ["--client", "a" * 65], ["--days", "0"], ["--days", "-1"], ["--days", "1.5"],
                      ["--force"], ["another folder"]):
            with self.subTest(words):
                status, said = make(*([self.ca] if words else []), *words)
                self.assertEqual(status, 2, said)
                self.assertFalse(os.path.exists(self.ca))

    def test_a_failure_leaves_nothing_behind(self):
        status, said = make(self.ca, "--host", "1.2.3.4.5")
        self.assertEqual(status, 1, said)
        self.assertIn("1.2.3.4.5", said)
        self.assertEqual(os.listdir(self.ca), [])


if __name__ == "__main__":
    unittest.main()
