"""topnet's client against TLS servers of other programs: openssl and Python."""

import contextlib
import re
import socket
import ssl
import subprocess
import threading
import unittest

from support.cases import FolderCase
from support.independent_client import DATA
from support.program import topnet
from support.trust import pin


class OpensslServer:
    """A context in which `openssl s_server` runs, with the identity in `state`; gives its address."""

    def __init__(self, state, *args):
        self.state, self.args = state, args

    def __enter__(self):
        self.process = subprocess.Popen(
            ["openssl", "s_server", "-accept", "127.0.0.1:0", "-tls1_3",
             "-cert", self.state + "/identity.crt", "-key", self.state + "/identity.key",
             *self.args], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for line in self.process.stdout:
            if match := re.match(rb"ACCEPT (?:.*):(\d+)\s", line):
                return f"127.0.0.1:{match[1].decode()}"
        raise AssertionError("openssl s_server did not start")

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


class TheClient(FolderCase):
    def setUp(self):
        super().setUp()
        self.report, self.server = self.path("report"), self.path("server")
        self.pin = pin(self.server)
        with open(self.report, "wb") as file:
            file.write(b"old")

    def assert_fetch_fails(self, address, status, *args, expected):
        result = topnet("fetch", address, "--state-dir", self.client, "-o", self.report, *args)
        self.assert_fails(result, status, f"topnet: fetch from {address}: ", expected)
        with open(self.report, "rb") as file:
            self.assertEqual(file.read(), b"old")

    def test_a_tls_server_without_the_protocol(self):
        for args in ([], ["-alpn", "h2"]):
            with self.subTest(args), OpensslServer(self.server, *args) as address:
                self.assert_fetch_fails(address, 8, "--pin", self.pin, expected="check that a topnet server")

    def test_the_key_is_compared_first(self):
        with OpensslServer(self.server, "-alpn", "topnet/1") as address:
            self.assert_fetch_fails(address, 4, expected="--pin SHA256:")

    def serve_once(self, act):
        """Starts a TLS server that calls `act` with its only connection; returns its address."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.server + "/identity.crt", self.server + "/identity.key")
        context.set_alpn_protocols(["topnet/1"])

        def run():
            connection = context.wrap_socket(listener.accept()[0], server_side=True)
            connection.recv(1000)  # the request
            act(connection)

        thread = threading.Thread(target=run)
        thread.start()
        self.addCleanup(thread.join)
        return f"127.0.0.1:{listener.getsockname()[1]}"

    def test_a_server_that_ends_the_connection_inside_a_frame(self):
        half_a_frame = bytes([DATA, 0, 0, 0, 100]) + b"# topnet report 1\n"

        def close_notify(connection):
            connection.sendall(half_a_frame)
            with contextlib.suppress(OSError):  # the client sends no close_notify
                connection.unwrap()
            connection.close()

        def hang_up(connection):
            connection.sendall(half_a_frame)
            connection.shutdown(socket.SHUT_RDWR)
            connection.close()

        def reset(connection):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.close()

        for act, expected in [(close_notify, "ended inside a frame"),
                              (hang_up, "the connection broke: "), (reset, "the connection broke: ")]:
            with self.subTest(act.__name__):
                self.assert_fetch_fails(self.serve_once(act), 8, "--pin", self.pin, expected=expected)


if __name__ == "__main__":
    unittest.main()
