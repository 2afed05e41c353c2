"""`serve` and `fetch` with certificates of a private CA, made by certs/make: chain, name, purpose and dates are
verified, and pinned keys still count."""

import os
import shutil
import signal
import subprocess
import unittest
import urllib.request

from support.cases import FolderCase
from support.clock import at, require_other_clocks
from support.program import Server, topnet
from support.trust import Holder, done, enrol, pin, trust

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def run(*args):
    subprocess.run(args, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                   timeout=60, check=True)


class PrivateCa(FolderCase):
    def setUp(self):
        super().setUp()
        self.make("ca", "--client", "db1", "--days", "30")

    def make(self, name, *args):
        run(os.path.join(ROOT, "certs", "make"), self.path(name), *args)

    def shown(self, name, ca="ca"):
        return ("--cert", self.path(ca, name + ".crt"), "--key", self.path(ca, name + ".key"))

    def ca(self, ca="ca"):
        return ("--ca", self.path(ca, "ca.crt"))

    def serve(self, *args, ca="ca", **options):
        return Server(*self.shown("server", ca), *args, **options)

    def assert_served(self, server, client, *args, state=None):
        """Its fetch succeeds, and the server knows it as `client`."""
        result = server.fetch(*args, state=state or self.client)
        self.assertEqual(result.returncode, 0, result.stderr.decode())
        self.assertEqual(server.status()["reports"][0]["client"], client)


class Verified(PrivateCa):
    def test_both_sides_by_their_certificates(self):
        with self.serve(*self.ca()) as server:
            self.assert_served(server, "db1@ca", *self.ca(), *self.shown("db1"))
            # The client stores nothing about it.
            self.assertEqual(done(trust(self.client, "servers")).count("\n"), 1)
            self.assert_fails(server.fetch(*self.shown("db1"), state=self.client), 4, "not known")

    def test_the_expiry_of_the_certificate_is_logged_at_the_start(self):
        with self.serve() as server:
            end = subprocess.run(["openssl", "x509", "-noout", "-enddate", "-in",
                                  self.path("ca", "server.crt")], stdout=subprocess.PIPE,
                                 stdin=subprocess.DEVNULL, check=True, timeout=60).stdout.decode()
            self.assertEqual(server.startup_lines[1], "topnet: the certificate is valid until " +
                             end.removeprefix("notAfter=").strip())

    def test_a_client_with_its_own_key_only(self):
        with self.serve(*self.ca()) as server:
            self.assert_fails(server.fetch(*self.ca(), state=self.client), 5, "key is not enrolled")
            self.assert_served(server, "local", *self.ca(), state=server.state)

    def test_an_enrolled_client_stays_enrolled(self):
        with Server() as server:
            enrol(server, "db9", self.client)
            server.stop()
            with self.serve(*self.ca(), state=server.state) as other:
                self.assert_served(other, "db9", *self.ca())
                # With a certificate of the CA it is known by the certificate's name.
                self.assert_served(other, "db1@ca", *self.ca(), *self.shown("db1"))

    def test_invites_and_a_machine_that_trusts_itself(self):
        """By the key of the certificate, while the server shows it."""
        with self.serve(*self.ca()) as server:
            enrol(server, "db9", self.client)
            self.assert_served(server, "db9")
            self.assert_served(server, "local", state=server.state)
            self.assertIn(server.startup_lines[0].rsplit(" ", 1)[1],
                          trust(server.state, "show").stderr.decode())
            server.stop()
            with Server(state=server.state) as other:
                self.assertEqual(trust(server.state, "show").stderr, b"")
                self.assert_served(other, "local", state=other.state)
                enrol(other, "db10", self.path("another"))

    def test_the_pin_of_the_certificate(self):
        with self.serve(*self.ca()) as server:
            shown = server.startup_lines[0].rsplit(" ", 1)[1]
            self.assertNotEqual(shown, pin(server.state))
            self.assert_served(server, "db1@ca", "--pin", shown, *self.shown("db1"))
            self.assert_fails(server.fetch("--pin", pin(server.state), *self.shown("db1"),
                                           state=self.client), 4, shown)


class Refused(PrivateCa):
    def test_a_server_of_another_ca(self):
        self.make("other")
        with self.serve(ca="other") as server:
            self.assert_fails(server.fetch(*self.ca(), state=self.client), 4, "certificate")

    def test_a_server_of_another_host(self):
        self.make("elsewhere", "--host", "web02.example.org", "--host", "192.0.2.7")
        with self.serve(ca="elsewhere") as server:
            self.assert_fails(server.fetch(*self.ca("elsewhere"), state=self.client), 4, "mismatch")
            by_name = topnet("fetch", f"localhost:{server.port}", *self.ca("elsewhere"),
                             "--state-dir", self.client)
            self.assert_fails(by_name, 4, "mismatch")

    def test_a_server_that_shows_a_clients_certificate(self):
        with Server(*self.shown("db1")) as server:
            self.assert_fails(server.fetch(*self.ca(), state=self.client), 4, "purpose")

    def test_a_client_of_another_ca_or_with_a_servers_certificate(self):
        self.make("other", "--client", "db1")
        with self.serve(*self.ca()) as server:
            self.assert_fails(server.fetch(*self.ca(), *self.shown("db1", "other"),
                                           state=self.client), 5, "key is not enrolled")
            self.assert_fails(server.fetch(*self.ca(), *self.shown("server"), state=self.client), 5)

    def test_a_client_of_the_ca_if_the_server_has_no_ca(self):
        with self.serve() as server:
            self.assert_fails(server.fetch(*self.ca(), *self.shown("db1"), state=self.client), 5)

    def test_dates(self):
        require_other_clocks(self)
        later, earlier = at("+60d"), at("-2d")
        args = ("--state-dir", self.client, *self.ca(), *self.shown("db1"))
        with self.serve(*self.ca()) as server:
            self.assert_fails(topnet("fetch", server.address, *args, wrapper=later), 4, "expired")
            self.assert_fails(topnet("fetch", server.address, *args, wrapper=earlier), 4,
                              "not yet valid")
        for clock in (later, earlier):
            with self.serve(*self.ca(), wrapper=clock) as server:
                self.assert_fails(server.fetch(*args[2:], state=self.client), 5)


class Names(PrivateCa):
    def sign(self, name):
        """Makes ca/hostile.crt, whose common name is `name`."""
        key, request = self.path("ca", "hostile.key"), self.path("request")
        run("openssl", "req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
            "-noenc", "-keyout", key, "-utf8", "-subj", "/CN=" + name, "-out", request)
        os.chmod(key, 0o600)
        run("openssl", "x509", "-req", "-in", request, "-CA", self.path("ca", "ca.crt"), "-CAkey",
            self.path("ca", "ca.key"), "-days", "2", "-out", self.path("ca", "hostile.crt"))

    def test_hostile_names_are_shown_as_text(self):
        for name, shown in [("a\x1b[31mb", "a\\x1b[31mb@ca"), ("<b>\u202e", "<b>\\xe2\\x80\\xae@ca"),
                            ("local", "local@ca")]:
            with self.subTest(name=name), self.serve(*self.ca()) as server:
                self.sign(name)
                self.assert_served(server, shown, *self.ca(), *self.shown("hostile"))


class Files(PrivateCa):
    def test_a_key_that_others_can_read(self):
        key = self.path("ca", "db1.key")
        os.chmod(key, 0o644)
        for command in ("fetch", "serve"):
            self.assert_fails(topnet(command, *self.shown("db1"), "--state-dir", self.client), 6,
                              "chmod 600 " + key)

    def test_a_key_behind_a_symbolic_link(self):
        """ACME clients store renewed certificates in this way."""
        for end in ("crt", "key"):
            os.symlink(self.path("ca", "db1." + end), self.path("live." + end))
        with self.serve(*self.ca()) as server:
            self.assert_served(server, "db1@ca", *self.ca(), "--cert", self.path("live.crt"),
                               "--key", self.path("live.key"))

    def test_a_key_of_another_certificate(self):
        self.assert_fails(topnet("fetch", "--cert", self.path("ca", "db1.crt"), "--key",
                                 self.path("ca", "server.key"), "--state-dir", self.client), 6,
                          "it does not belong to the certificate")

    def test_files_that_are_missing_or_invalid(self):
        nothing, certificate, key = self.path("nothing"), self.path("ca", "db1.crt"), self.path("ca", "server.key")
        for args, text in [(("--ca", nothing), nothing), (("--ca", key), key),
                           (("--cert", nothing, "--key", key), nothing),
                           (("--cert", certificate, "--key", nothing), nothing),
                           (("--cert", certificate, "--key", key), "it does not belong to the certificate")]:
            for command in ("fetch", "serve"):
                with self.subTest(args=args, command=command):
                    self.assert_fails(topnet(command, *args, "--state-dir", self.client), 6, text)

    def test_options_that_exclude_each_other(self):
        for args in [self.shown("db1")[:2], self.shown("db1")[2:], (*self.ca(), "--no-tls"),
                      (*self.shown("db1"), "--no-tls")]:
            for command in ("fetch", "serve"):
                with self.subTest(args=args, command=command):
                    self.assert_fails(topnet(command, *args, "--state-dir", self.client), 2)
        self.assert_fails(topnet("fetch", *self.ca(), "--pin", pin(self.client), "--state-dir",
                                 self.client), 2, "--pin")



class OpensslConfiguration(FolderCase):
    def configured(self, setting):
        """A prefix for commands that use OpenSSL with this setting."""
        with open(self.path("openssl.cnf"), "w", encoding="ascii") as file:
            file.write(f"openssl_conf = a\n[a]\nssl_conf = b\n[b]\nsystem_default = c\n[c]\n{setting}\n")
        return ("env", "OPENSSL_CONF=" + self.path("openssl.cnf"))

    def test_one_that_forbids_tls_1_3_or_the_keys(self):
        for setting, why in [("MaxProtocol = TLSv1.2", "forbids TLS 1.3"), ("Protocol = ALL,-TLSv1.3", "forbids TLS 1.3"),
                             ("CipherString = DEFAULT@SECLEVEL=5", "security level 5")]:
            for command in ("fetch", "serve"):
                with self.subTest(setting=setting, command=command):
                    self.assert_fails(topnet(command, "--state-dir", self.client, wrapper=self.configured(setting)), 1, why)

    def test_one_whose_algorithms_topnet_replaces(self):
        for setting in ("Groups = P-521", "SignatureAlgorithms = RSA+SHA256", "Ciphersuites = "):
            with self.subTest(setting=setting), Server(wrapper=self.configured(setting)) as server:
                self.assertEqual(server.fetch().returncode, 0)
                self.assertEqual(topnet("fetch", server.address, "--state-dir", server.state,
                                        wrapper=self.configured(setting)).returncode, 0)


class Followed(PrivateCa):
    def wait_for_line(self, server, text):
        while text not in (line := server.next_line()):
            self.assertTrue(line, f"the server ended before it printed: {text}")
        return line

    def switch_to(self, folder):
        """Replaces a symbolic link to the folder, as Kubernetes does with mounted secrets."""
        os.symlink(folder, self.path("..data_tmp"))
        os.rename(self.path("..data_tmp"), self.path("..data"))

    def test_certificate_and_key_after_a_switch_of_a_link_and_after_sighup(self):
        self.make("renewed")
        for end in ("crt", "key"):
            os.symlink("..data/server." + end, self.path("tls." + end))
        self.switch_to("ca")
        with Server("--cert", self.path("tls.crt"), "--key", self.path("tls.key")) as server:
            old = server.startup_lines[0].rsplit(" ", 1)[1]
            with Holder(server, server.state, "--pin", old) as holder:
                self.wait_for_line(server, "sent the top")
                self.switch_to("renewed")
                new = self.wait_for_line(server, "read the certificate files again").split("pin ")[1].split(",")[0]
                self.assertNotEqual(new, old)
                self.assertEqual(server.fetch("--pin", new).returncode, 0)
                self.assertTrue(holder.is_running())
                shutil.copy(self.path("ca", "server.key"), self.path("renewed"))
                self.wait_for_line(server, "it does not belong to the certificate")
                server.process.send_signal(signal.SIGHUP)
                self.assertIn("it does not belong to the certificate", self.wait_for_line(server, "SIGHUP"))
                self.assertEqual(server.fetch("--pin", new).returncode, 0)
                self.assertTrue(holder.is_running())
            self.assertEqual(server.stop(), 0)

    def test_the_token(self):
        token = self.path("token")
        with open(token, "w", encoding="ascii", opener=lambda *args: os.open(*args, 0o600)) as file:
            file.write("old")
        with Server("--http-token-file", token) as server:
            for text, line in [("new", "read the new token"), ("", "keeping the token"), ("new", "unchanged")]:
                with open(token, "w", encoding="ascii") as file:
                    file.write(text)
                self.wait_for_line(server, line)
                request = urllib.request.Request(server.page, headers={"Authorization": "Bearer new"})
                with urllib.request.urlopen(request, timeout=20) as answer:
                    self.assertEqual(answer.status, 200)
            server.process.send_signal(signal.SIGHUP)
            self.assertIn("unchanged", self.wait_for_line(server, "SIGHUP: the token"))

    def test_sighup_without_files_says_so(self):
        with Server() as server:
            server.process.send_signal(signal.SIGHUP)
            self.wait_for_line(server, "SIGHUP: no certificate, key, CA or token file is given")


if __name__ == "__main__":
    unittest.main()
