"""What sslscan and Python find when they try all that a server might speak."""

import contextlib
import shutil
import socket
import ssl
import subprocess
import tempfile
import unittest
import xml.etree.ElementTree

from support.independent_client import tls_context
from support.man_in_the_middle import ManInTheMiddle
from support.program import Server

SUITES = ["TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256"]


class Scanned(unittest.TestCase):
    def setUp(self):
        if not shutil.which("sslscan"):
            self.skipTest("sslscan is not installed")

    def scan(self, address):
        """What sslscan finds: (versions, suites, groups)."""
        with tempfile.NamedTemporaryFile() as file:
            subprocess.run(["sslscan", "--no-colour", "--xml=" + file.name, address],
                           stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, timeout=300,
                           check=True)
            found = xml.etree.ElementTree.parse(file.name).find("ssltest")
        versions = [f"{each.get('type')} {each.get('version')}" for each in found.iter("protocol")
                    if each.get("enabled") == "1"]
        return (versions, [(each.get("sslversion"), each.get("cipher"))
                           for each in found.iter("cipher")],
                sorted({each.get("name") for each in found.iter("group")}))

    def test_the_server(self):
        with Server() as server:
            versions, suites, groups = self.scan(server.address)
            self.assertEqual(versions, ["tls 1.3"])
            self.assertEqual(suites, [("TLSv1.3", name) for name in SUITES])
            self.assertEqual(groups, ["secp256r1 (NIST P-256)", "secp384r1 (NIST P-384)", "x25519"])

    def test_one_that_speaks_more(self):
        """The control: sslscan sees what is too much."""
        with ManInTheMiddle() as other:
            other.context.minimum_version = ssl.TLSVersion.TLSv1_2
            versions, suites, groups = self.scan(other.address)
            self.assertEqual(versions, ["tls 1.2", "tls 1.3"])
            self.assertIn(("TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384"), suites)
            self.assertIn("x448", groups)


class Resumed(unittest.TestCase):
    """Not with `openssl s_client -reconnect`: it never waits for the tickets of TLS 1.3."""

    def connect(self, context, port, session=None):
        """One connection, until the server has answered: the session, and whether it was resumed."""
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

    def test_nothing_is(self):
        with Server() as server:
            for state in (None, server.state):
                self.assertEqual(self.connect_twice(server.port, state), (False, False))

    def test_a_server_with_tickets_does(self):
        """The control."""
        with ManInTheMiddle(answer=b"\x06\0\0\0\x02{}") as other:
            other.context.num_tickets = 2
            port = int(other.address.rsplit(":", 1)[1])
            self.assertEqual(self.connect_twice(port), (True, True))


if __name__ == "__main__":
    unittest.main()
