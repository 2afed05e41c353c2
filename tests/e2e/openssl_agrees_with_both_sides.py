"""openssl as the other end, for it knows TLS and nothing of topnet."""

import contextlib
import os
import re
import socket
import ssl
import subprocess
import tempfile
import threading
import unittest

from support.independent_client import DATA
from support.program import topnet


class OpensslServer:
    """openssl's server, with the identity of a state directory of its own."""

    def __init__(self, test, *words):
        folder = tempfile.TemporaryDirectory()
        test.addCleanup(folder.cleanup)
        self.state = os.path.join(folder.name, "state")
        self.pin = topnet("trust", "show", "--state-dir", self.state).stdout.decode().strip()
        self.words = words

    def __enter__(self):
        self.process = subprocess.Popen(
            ["openssl", "s_server", "-accept", "127.0.0.1:0", "-tls1_3",
             "-cert", self.state + "/identity.crt", "-key", self.state + "/identity.key",
             *self.words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        for line in self.process.stdout:
            if match := re.match(rb"ACCEPT (?:.*):(\d+)\s", line):
                return f"127.0.0.1:{match[1].decode()}"
        raise AssertionError("openssl s_server did not start")

    def __exit__(self, *_):
        self.process.kill()
        self.process.communicate()


class TheClient(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.report = os.path.join(folder.name, "report")
        self.state = os.path.join(folder.name, "state")
        with open(self.report, "wb") as file:
            file.write(b"old")

    def assert_fails(self, address, code, *words, said):
        result = topnet("fetch", address, "--state-dir", self.state, "-o", self.report, *words)
        message = result.stderr.decode()
        self.assertEqual((result.returncode, result.stdout, message.count("\n")), (code, b"", 1),
                         message)
        self.assertIn(f"topnet: fetch from {address}: ", message)
        self.assertIn(said, message)
        with open(self.report, "rb") as file:
            self.assertEqual(file.read(), b"old")

    def test_a_tls_server_that_does_not_know_the_protocol(self):
        server = OpensslServer(self)
        with server as address:
            self.assert_fails(address, 8, "--pin", server.pin, said="it does not speak topnet/1; is "
                              "that a topnet server")

    def test_a_tls_server_that_knows_another_protocol_only(self):
        server = OpensslServer(self, "-alpn", "h2")
        with server as address:
            self.assert_fails(address, 8, "--pin", server.pin, said="is that a topnet server")

    def test_trust_comes_first(self):
        with OpensslServer(self, "-alpn", "topnet/1") as address:
            self.assert_fails(address, 4, said="--pin SHA256:")

    def serve_once(self, act):
        """A TLS server in Python that does `act` with its one connection: its address and its pin."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        server = OpensslServer(self)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(server.state + "/identity.crt", server.state + "/identity.key")
        context.set_alpn_protocols(["topnet/1"])

        def run():
            connection = context.wrap_socket(listener.accept()[0], server_side=True)
            connection.recv(1000)  # the request
            act(connection)

        thread = threading.Thread(target=run)
        thread.start()
        self.addCleanup(thread.join)
        return f"127.0.0.1:{listener.getsockname()[1]}", server.pin

    def test_a_server_that_ends_in_the_middle(self):
        half_a_frame = bytes([DATA, 0, 0, 0, 100]) + b"# topnet report 1\n"

        def say_goodbye(connection):
            connection.sendall(half_a_frame)
            with contextlib.suppress(OSError):  # the client leaves without a goodbye of its own
                connection.unwrap()
            connection.close()

        def hang_up(connection):
            connection.sendall(half_a_frame)
            connection.shutdown(socket.SHUT_RDWR)
            connection.close()

        def reset(connection):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            connection.close()

        for act, said in [(say_goodbye, "ended inside a frame"),
                          (hang_up, "the connection broke: "), (reset, "the connection broke: ")]:
            with self.subTest(act.__name__):
                address, pin = self.serve_once(act)
                self.assert_fails(address, 8, "--pin", pin, said=said)


if __name__ == "__main__":
    unittest.main()
