"""How connections end: each way has its counter, and at every moment all add up."""

import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile
import unittest

from support.independent_client import ERROR, TOP, Client, tls_context
from support.program import TOPNET, Server, wait_until
from support.status import COUNTERS, Watch


class Counters(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name

    def assert_ended(self, server, **outcomes):
        """All connections so far have ended in just these outcomes."""
        accepted = sum(outcomes.values())
        counters = wait_until(lambda: (found := server.status()["counters"])["active"] == 0 and
                              found["accepted"] == accepted and found)
        self.assertEqual({name: count for name, count in counters.items() if count},
                         outcomes | {"accepted": accepted})

    def fetch_and_hold(self, server, *words):
        """A client that has finished its exchange and holds."""
        client = subprocess.Popen([TOPNET, "fetch", server.address, "--state-dir", server.state,
                                   "-o", os.path.join(self.folder, "held"), "--hold", "300", *words],
                                  stderr=subprocess.PIPE)
        self.addCleanup(client.stderr.close)
        self.addCleanup(client.wait)
        self.addCleanup(client.kill)
        wait_until(lambda: "idle" in [each["state"] for each in server.status()["connections"]])
        return client

    def test_completed(self):
        """one exchange, and several"""
        with Server() as server, Watch(server):
            self.assertEqual(server.fetch().returncode, 0)
            self.assert_ended(server, completed=1)
            client = Client(server.port, server.state)
            for _ in range(3):
                client.fetch()
                client.send_top()
            client.close()
            self.assert_ended(server, completed=2)
            work = server.status()["work"]
            self.assertEqual((work["scans"], work["reports_sent"], work["tops_received"],
                              work["accept_errors"]), (4, 4, 4, 0))

    def test_refused_auth(self):
        with Server() as server, Watch(server):
            pin = server.said[0].split()[-1]
            stranger = os.path.join(self.folder, "stranger")
            self.assertEqual(server.fetch("--pin", pin, state=stranger).returncode, 5)
            self.assert_ended(server, refused_auth=1)

    def test_refused_busy(self):
        with Server("--max-clients", "1") as server, Watch(server):
            holder = self.fetch_and_hold(server)
            result = server.fetch()
            self.assertEqual((result.returncode, result.stdout), (5, b""))
            self.assertEqual(result.stderr.decode(), f"topnet: fetch from {server.address}: "
                                                     "too many clients; try again later\n")
            wait_until(lambda: server.status()["counters"]["refused_busy"] == 1)
            holder.send_signal(signal.SIGKILL)
            self.assert_ended(server, refused_busy=1, peer_gone=1)

    def test_handshake_failed(self):
        with Server() as server, Watch(server):
            for alpn in (["h2"], ["topnet/2", "http/1.1"]):
                with self.assertRaises(ssl.SSLError):
                    Client(server.port, context=tls_context(server.state, alpn))
            old = tls_context(server.state)
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_2
            with self.assertRaises(ssl.SSLError):
                Client(server.port, context=old)
            without = Client(server.port, context=tls_context(server.state, []))
            self.assertEqual(without.read()[0], ERROR)
            without.close()
            for garbage in (b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"\0" * 1000, b"\x16\x03"):
                with socket.create_connection(("127.0.0.1", server.port)) as connection:
                    connection.sendall(garbage)
            with socket.create_connection(("127.0.0.1", server.port)):
                pass  # leaves before it has said anything
            self.assert_ended(server, handshake_failed=8)

    def test_protocol_error(self):
        with Server() as server, Watch(server):
            client = Client(server.port, server.state)
            client.send(TOP, {})
            self.assertEqual(client.read()[0], ERROR)
            client.close()
            self.assert_ended(server, protocol_error=1)
            client = Client(server.port, server.state)
            client.fetch()
            client.send_top()
            self.assertEqual(client.send_top()[1][0], ERROR)  # a request was due
            client.close()
            self.assert_ended(server, protocol_error=2)

    def test_peer_gone(self):
        """before its request, before its top, and without a goodbye"""
        with Server() as server, Watch(server):
            Client(server.port, server.state).close()
            client = Client(server.port, server.state)
            client.fetch()
            client.close()
            self.assert_ended(server, peer_gone=2)
            self.fetch_and_hold(server).kill()
            self.assert_ended(server, peer_gone=3)

    def test_timed_out(self):
        """in the handshake, and before the request"""
        with Server() as server, Watch(server), \
                socket.create_connection(("127.0.0.1", server.port)) as silent:
            client = Client(server.port, server.state)
            self.assertEqual(client.read(), (ERROR, {"code": "timeout",
                                                     "message": "you took too long"}))
            client.close()
            silent.settimeout(20)
            self.assertEqual(silent.recv(1), b"")
            self.assert_ended(server, timed_out=2)

    def test_internal_error(self):
        with Server() as server, Watch(server):
            shutil.rmtree(os.path.join(server.state, "reports"))
            result = server.fetch()
            self.assertEqual((result.returncode, result.stdout), (8, b""))
            self.assertEqual(result.stderr.decode(),
                             f"topnet: fetch from {server.address}: the server could not write the "
                             "report: No such file or directory\n")
            self.assert_ended(server, internal_error=1)

    def test_none_is_left_out(self):
        """Each outcome has a test above."""
        tests = {name.removeprefix("test_") for name in dir(self) if name.startswith("test_")}
        self.assertLessEqual(set(COUNTERS[1:-1]), tests)


if __name__ == "__main__":
    unittest.main()
