"""Section CONNECTION of topnet-protocol(7), tested with clients that share no code with topnet."""

import contextlib
import os
import shutil
import socket
import ssl
import subprocess
import unittest

from support.cases import FolderCase
from support.independent_client import ACK, REQUEST, Client, tls_context
from support.program import Server, topnet


def openssl(*args):
    """Runs openssl to its end; returns its exit status and its output."""
    result = subprocess.run(["openssl", *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                            stderr=subprocess.STDOUT, timeout=60, check=False)
    return result.returncode, result.stdout.decode(errors="replace")


class Handshake(FolderCase):
    def make(self, *args):
        status, output = openssl(*args)
        self.assertEqual(status, 0, output)


    def test_tls_1_3_only(self):
        """C1: an older version is refused"""
        with Server() as server:
            client = Client(server.port, server.state)
            self.assertEqual(client.connection.version(), "TLSv1.3")
            client.close()
            context = tls_context(server.state)
            context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
            with self.assertRaisesRegex(ssl.SSLError, "(?i)protocol.version"):
                Client(server.port, context=context)

    def test_suites_and_groups(self):
        """C2: those of the page are accepted, one by one, and no others"""
        def handshake(server, suite, group):
            return openssl("s_client", "-brief", "-connect", server.address, "-tls1_3", "-alpn",
                           "topnet/1", "-ciphersuites", suite, "-groups", group)

        with Server() as server:
            for suite in ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384",
                          "TLS_CHACHA20_POLY1305_SHA256"):
                for group in ("X25519", "P-256", "P-384"):
                    status, output = handshake(server, suite, group)
                    self.assertEqual(status, 0, output)
                    self.assertIn(f"Ciphersuite: {suite}\n", output)
            for suite, group in (("TLS_AES_128_CCM_SHA256", "X25519"),
                                 ("TLS_AES_128_GCM_SHA256", "P-521"),
                                 ("TLS_AES_128_GCM_SHA256", "X448")):
                status, output = handshake(server, suite, group)
                self.assertNotEqual(status, 0, output)
                self.assertIn("handshake failure", output)

    def test_the_alpn(self):
        """C3, E5: chosen among others; an alert if others are offered, an ERROR if none is"""
        with Server() as server:
            client = Client(server.port, context=tls_context(server.state, ["h2", "topnet/1"]))
            self.assertEqual(client.connection.selected_alpn_protocol(), "topnet/1")
            client.close()
            with self.assertRaisesRegex(ssl.SSLError, "(?i)no.application.protocol"):
                Client(server.port, context=tls_context(server.state, ["h2", "topnet/2"]))
            client = Client(server.port, context=tls_context(server.state, []))
            self.assert_refused(client, "protocol", "ALPN")

    def test_a_pin_is_computed_as_the_page_says_and_only_the_key_counts(self):
        """C4: another name and a date in the past do not matter"""
        with Server() as server:
            shutil.copy(os.path.join(server.state, "identity.key"), self.folder)
            key, request, certificate = (self.path("identity." + end)
                                         for end in ("key", "csr", "crt"))
            self.make("req", "-new", "-key", key, "-subj", "/CN=elsewhere", "-out", request)
            self.make("x509", "-req", "-in", request, "-signkey", key, "-days", "-1", "-out",
                      certificate)
            client = Client(server.port, self.folder)
            self.assertEqual("topnet: pin " + client.pin, server.startup_lines[0])
            client.fetch()
            self.assertEqual(client.send_client_report()[1][0], ACK)
            client.close()

    def test_unknown_clients_complete_the_handshake_and_are_refused(self):
        """C6, C10, E1: with any key, and with none"""
        other = self.path("other")
        topnet("trust", "show", "--state-dir", other)
        states = [other, None]
        for kind in ("rsa:2048", "ed25519", "ed448", "P-384", "P-521"):
            states.append(self.path(kind))
            os.mkdir(states[-1])
            key = ["ec", "-pkeyopt", "ec_paramgen_curve:" + kind] if kind.startswith("P-") else [kind]
            self.make("req", "-x509", "-newkey", *key, "-nodes", "-subj", "/CN=local", "-keyout",
                      states[-1] + "/identity.key", "-out", states[-1] + "/identity.crt")
        with Server() as server:
            for state in states:
                with self.subTest(state):
                    client = Client(server.port, context=tls_context(state))
                    client.send(REQUEST, {"top": 1})
                    self.assert_refused(client, "not_enrolled",
                                        "key is not enrolled" if state else "showed no key")

    def connect(self, context, port, session=None):
        """Connects until the server has answered; returns the session, and whether it was resumed."""
        raw = socket.create_connection(("127.0.0.1", port), timeout=20)
        with context.wrap_socket(raw, session=session) as connection:
            with contextlib.suppress(OSError):
                connection.sendall(b"\x09\0\0\0\0")
                connection.recv(1000)
            return connection.session, connection.session_reused

    def connect_twice(self, port, state=None):
        context = tls_context(state)
        session, _ = self.connect(context, port)
        return session.has_ticket, self.connect(context, port, session)[1]

    def test_nothing_can_be_resumed(self):
        """C7: there is no ticket, and a session that is offered again is not resumed"""
        # `openssl s_client -reconnect` cannot test this: it never waits for the tickets of TLS 1.3.
        with Server() as server:
            for state in (None, server.state):
                self.assertEqual(self.connect_twice(server.port, state), (False, False))


if __name__ == "__main__":
    unittest.main()
