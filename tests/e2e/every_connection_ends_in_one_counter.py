"""Each way in which a connection ends has its counter, and the counters add up at every moment."""

import os
import shutil
import signal
import socket
import ssl
import unittest

from support.cases import FolderCase
from support.independent_client import ERROR, TOP, Client, tls_context
from support.program import Server, wait_until
from support.status import COUNTERS, CounterCheck
from support.trust import Holder, states


class Counters(FolderCase):
    def assert_ended(self, server, **outcomes):
        """All connections so far have ended with exactly these outcomes."""
        accepted = sum(outcomes.values())
        counters = wait_until(lambda: (found := server.status()["counters"])["active"] == 0 and
                              found["accepted"] == accepted and found)
        self.assertEqual({name: count for name, count in counters.items() if count},
                         outcomes | {"accepted": accepted})

    def fetch_and_hold(self, server):
        """A client that has finished its exchange and holds."""
        holder = Holder(server, server.state)
        holder.__enter__()
        self.addCleanup(holder.__exit__)
        wait_until(lambda: "idle" in states(server).get("local", []))
        return holder.process

    def test_completed(self):
        """One exchange on a connection, and several."""
        with Server() as server, CounterCheck(server):
            self.assertEqual(server.fetch().returncode, 0)
            self.assert_ended(server, completed=1)
            client = Client(server.port, server.state)
            for _ in range(3):
                client.exchange()
            client.close()
            self.assert_ended(server, completed=2)
            work = server.status()["work"]
            self.assertEqual((work["scans"], work["reports_sent"], work["client_reports_received"],
                              work["accept_errors"]), (4, 4, 4, 0))

    def test_refused_auth(self):
        with Server() as server, CounterCheck(server):
            pin = server.startup_lines[0].split()[-1]
            self.assertEqual(server.fetch("--pin", pin, state=self.client).returncode, 5)
            self.assert_ended(server, refused_auth=1)

    def test_refused_busy(self):
        with Server("--max-clients", "1") as server, CounterCheck(server):
            holder = self.fetch_and_hold(server)
            result = server.fetch()
            self.assertEqual((result.returncode, result.stdout), (5, b""))
            self.assertEqual(result.stderr.decode(), f"topnet: fetch from {server.address}: "
                                                     "too many clients; try again later\n")
            wait_until(lambda: server.status()["counters"]["refused_busy"] == 1)
            holder.send_signal(signal.SIGKILL)
            self.assert_ended(server, refused_busy=1, peer_gone=1)

    def test_handshake_failed(self):
        with Server() as server, CounterCheck(server):
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
                pass  # leaves before it has sent anything
            self.assert_ended(server, handshake_failed=8)

    def test_protocol_error(self):
        with Server() as server, CounterCheck(server):
            client = Client(server.port, server.state)
            client.send(TOP, {})
            self.assertEqual(client.read()[0], ERROR)
            client.close()
            self.assert_ended(server, protocol_error=1)
            client = Client(server.port, server.state)
            client.exchange()
            self.assertEqual(client.send_client_report()[1][0], ERROR)  # expected a REQUEST
            client.close()
            self.assert_ended(server, protocol_error=2)

    def test_peer_gone(self):
        """Before its request, before its client report, and without TLS close_notify."""
        with Server() as server, CounterCheck(server):
            Client(server.port, server.state).close()
            client = Client(server.port, server.state)
            client.fetch()
            client.close()
            self.assert_ended(server, peer_gone=2)
            self.fetch_and_hold(server).kill()
            self.assert_ended(server, peer_gone=3)

    def test_timed_out(self):
        """In the handshake, and before the request."""
        with Server() as server, CounterCheck(server), \
                socket.create_connection(("127.0.0.1", server.port)) as silent:
            silent.sendall(b"\x16")
            client = Client(server.port, server.state)
            self.assertEqual(client.read(), (ERROR, {"code": "timeout",
                                                     "message": "timed out waiting for the client"}))
            client.close()
            silent.settimeout(20)
            self.assertEqual(silent.recv(1), b"")
            self.assert_ended(server, timed_out=2)

    def test_internal_error(self):
        with Server() as server, CounterCheck(server):
            shutil.rmtree(os.path.join(server.state, "reports"))
            result = server.fetch()
            self.assertEqual((result.returncode, result.stdout), (1, b""))
            self.assertEqual(result.stderr.decode(),
                             f"topnet: fetch from {server.address}: the server could not write the "
                             "report: No such file or directory; the server's log has the reason\n")
            self.assert_ended(server, internal_error=1)

    def test_each_outcome_has_a_test(self):
        tests = {name.removeprefix("test_") for name in dir(self) if name.startswith("test_")}
        self.assertLessEqual(set(COUNTERS[1:-1]), tests)


if __name__ == "__main__":
    unittest.main()
