"""certs/make: a CA, a server and clients, each valid for its own purpose, with keys that only their owner reads."""

import os
import stat
import subprocess
import unittest

from support.cases import FolderCase

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def run(*args, **options):
    """Runs a program to its end; returns its exit status and its output."""
    result = subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, timeout=60, check=False, **options)
    return result.returncode, result.stdout.decode(errors="replace")


def make(*args, **options):
    return run(os.path.join(ROOT, "certs", "make"), *args, **options)


class Certificates(FolderCase):
    def setUp(self):
        super().setUp()
        self.ca = self.path("ca")

    def made(self, *args, into="ca"):
        status, output = make(self.path(into), *args)
        self.assertEqual(status, 0, output)
        return output

    def verify(self, certificate, *args, by="ca"):
        return run("openssl", "verify", "-x509_strict", "-CAfile",
                   self.path(by, "ca.crt"), *args,
                   os.path.join(self.ca, certificate))

    def test_server_and_client_certificates_are_valid_for_their_own_purpose_only(self):
        output = self.made()
        self.assertEqual([line.split(":")[0] for line in output.splitlines()],
                         [self.ca + "/ca.crt", f"{self.ca}/server.crt, {self.ca}/server.key",
                          f"{self.ca}/client.crt, {self.ca}/client.key"])
        for args in (["-verify_hostname", "localhost"], ["-verify_ip", "127.0.0.1"],
                      ["-verify_ip", "::1"]):
            status, output = self.verify("server.crt", "-purpose", "sslserver", *args)
            self.assertEqual(status, 0, output)
        status, output = self.verify("client.crt", "-purpose", "sslclient")
        self.assertEqual(status, 0, output)
        for args in (["server.crt", "-purpose", "sslclient"],
                      ["client.crt", "-purpose", "sslserver"],
                      ["server.crt", "-purpose", "sslserver", "-verify_hostname", "example.org"],
                      ["server.crt", "-purpose", "sslserver", "-verify_ip", "127.0.0.2"]):
            self.assertNotEqual(self.verify(*args)[0], 0, args)

    def test_hosts_clients_and_days_are_those_of_the_options(self):
        self.made("--host", "top.example.org", "--host", "192.0.2.7", "--client", "db1", "--client",
                  "db-2.example", "--days", "3")
        for args in (["-verify_hostname", "top.example.org"], ["-verify_ip", "192.0.2.7"]):
            status, output = self.verify("server.crt", "-purpose", "sslserver", *args)
            self.assertEqual(status, 0, output)
        self.assertNotEqual(self.verify("server.crt", "-verify_hostname", "localhost")[0], 0)
        for name in ("db1", "db-2.example"):
            status, output = run("openssl", "x509", "-noout", "-subject", "-in",
                               os.path.join(self.ca, name + ".crt"))
            self.assertEqual((status, output), (0, f"subject=CN = {name}\n"))
        for day, status in ((2, 0), (4, 1)):
            self.assertEqual(run("openssl", "x509", "-noout", "-checkend", str(day * 86400), "-in",
                                 os.path.join(self.ca, "db1.crt"))[0], status)

    def test_another_ca_does_not_verify_it(self):
        self.made()
        self.made(into="other")
        self.assertNotEqual(self.verify("server.crt", by="other")[0], 0)

    def test_a_certificate_cannot_sign_another_one(self):
        self.made()
        for name in ("server", "client"):
            text = run("openssl", "x509", "-noout", "-text", "-in",
                       os.path.join(self.ca, name + ".crt"))[1]
            self.assertRegex(text, r"Basic Constraints: critical\s+CA:FALSE")
            self.assertRegex(text, r"Key Usage: critical\s+Digital Signature\n")
            self.assertIn("NIST CURVE: P-256", text)

    def test_keys_are_readable_by_their_owner_only(self):
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
        files = [os.path.join(self.ca, name) for name in os.listdir(self.ca)]
        before = [os.stat(file).st_mtime_ns for file in files]
        status, output = make(self.ca)
        self.assertEqual(status, 6)
        self.assertIn("ca.key is there already", output)
        self.assertEqual([os.stat(file).st_mtime_ns for file in files], before)
        os.mkdir(self.path("open"), 0o755)
        status, output = make(self.path("open"))
        self.assertEqual((status, os.listdir(self.path("open"))), (6, []))
        self.assertIn("chmod 700", output)

    def test_a_usage_error_creates_nothing(self):
        for args in ([], ["--host", "a,DNS:b"], ["--host", ""], ["--host"], ["--client", "a/b"],
                      ["--client", "ca"], ["--client", "../x"], ["--client", "a", "--client", "a"],
                      ["--client", "a" * 65], ["--days", "0"], ["--days", "-1"], ["--days", "1.5"],
                      ["--force"], ["another folder"]):
            with self.subTest(args):
                status, output = make(*([self.ca] if args else []), *args)
                self.assertEqual(status, 2, output)
                self.assertFalse(os.path.exists(self.ca))

    def test_a_failure_leaves_nothing_behind(self):
        status, output = make(self.ca, "--host", "1.2.3.4.5")
        self.assertEqual(status, 1, output)
        self.assertIn("1.2.3.4.5", output)
        self.assertEqual(os.listdir(self.ca), [])


if __name__ == "__main__":
    unittest.main()
