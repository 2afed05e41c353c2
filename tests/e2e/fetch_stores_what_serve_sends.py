"""The exchange between the two real programs: what is stored, sent, said, and with which status."""

import json
import os
import re
import signal
import socket
import subprocess
import tempfile
import threading
import unittest

from support.program import TOPNET, Server, count_rows, topnet, wait_until


class Exchange(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.file = os.path.join(self.folder, "report.txt")

    def contents(self):
        with open(self.file, "rb") as file:
            return file.read()

    def test_the_file_is_the_one_that_the_server_wrote(self):
        with Server("--tls") as server:
            result = server.fetch("-n", "10", "--out", self.file)
            self.assertEqual((result.returncode, result.stdout), (0, b""))
            said = re.fullmatch(r"topnet: stored (\S+), sent top process (.*) \((\d+)\), "
                                r"(\d+) user \+ (\d+) system ticks\n", result.stderr.decode())
            self.assertEqual(said[1], self.file)
            line = re.fullmatch(r"topnet: local 127\.0\.0\.1:\d+: top 10 in (\S+); its top (.*) "
                                r"\((\d+)\), (\d+) user \+ (\d+) system ticks", server.next_line())
            self.assertEqual(line.groups()[1:], said.groups()[1:])
            with open(line[1], "rb") as file:
                self.assertEqual(file.read(), self.contents())
            self.assertEqual(count_rows(self.contents()), 10)

    def test_forms_and_sort_keys_are_the_servers_to_keep(self):
        with Server() as server:
            document = json.loads(server.fetch("-f", "json", "-s", "system", "-n", "2").stdout)
            ticks = [row["system_ticks"] for row in document["processes"]]
            self.assertEqual(ticks, sorted(ticks, reverse=True))
            self.assertEqual(len(ticks), 2)

    def test_only_the_newest_hundred_reports_are_kept(self):
        with Server("--no-tls") as server:
            for _ in range(103):
                self.assertEqual(server.fetch("-n", "1", "--no-tls").returncode, 0)
            self.assertEqual(len(os.listdir(os.path.join(server.state, "reports"))), 100)

    def test_a_stranger_is_refused_with_5_and_its_old_file_stays(self):
        with Server() as server:
            with open(self.file, "wb") as file:
                file.write(b"old")
            pin = server.said[0].split()[-1]
            stranger = os.path.join(self.folder, "stranger")
            result = server.fetch("--pin", pin, "-o", self.file, state=stranger)
            self.assertEqual(result.returncode, 5)
            self.assertIn("does not know your key", result.stderr.decode())
            self.assertEqual(self.contents(), b"old")

    def test_an_unknown_server_stops_the_client_with_4(self):
        with Server() as server:
            stranger = os.path.join(self.folder, "stranger")
            result = server.fetch(state=stranger)
            self.assertEqual((result.returncode, result.stdout), (4, b""))
            said = result.stderr.decode()
            self.assertEqual(said.count("\n"), 1)
            self.assertIn(stranger, said)
            self.assertIn("--pin " + server.said[0].split()[-1], said)

    def test_the_pin_of_trust_show_is_the_servers(self):
        with Server() as server:
            shown = topnet("trust", "show", "--state-dir", server.state)
            self.assertEqual(server.said[0], "topnet: pin " + shown.stdout.decode().strip())

    def test_a_hold_keeps_the_thread_and_a_drain_ends_it(self):
        with Server() as server:
            client = subprocess.Popen([TOPNET, "fetch", server.address, "--state-dir", server.state,
                                       "-o", self.file, "--hold", "300"], stderr=subprocess.PIPE)
            self.addCleanup(client.stderr.close)
            wait_until(lambda: os.path.exists(self.file) and "client-1" in server.threads())
            server.next_line()
            self.assertEqual(server.stop(), 0)
            self.assertEqual(client.wait(timeout=30), 0)
            self.assertIn(b"the server ended the hold", client.stderr.read())


class Failures(unittest.TestCase):
    def assert_fails(self, result, code, *words):
        said = result.stderr.decode()
        self.assertEqual((result.returncode, said.count("\n"), result.stdout), (code, 1, b""), said)
        for word in words:
            self.assertIn(word, said)

    def test_nobody_listens(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        with tempfile.TemporaryDirectory() as folder:
            self.assert_fails(topnet("fetch", f"127.0.0.1:{port}", "--state-dir", folder + "/s"), 3,
                              f"127.0.0.1:{port}", "Connection refused")

    def serve_once(self, act):
        """A server that does `act` with its one connection; returns its address."""
        listener = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(listener.close)
        listener.settimeout(30)  # a client that fails before it connects must not hang the test

        def run():
            connection, _ = listener.accept()
            connection.settimeout(30)
            with connection:
                act(connection)

        thread = threading.Thread(target=run)
        thread.start()
        self.addCleanup(thread.join)
        return f"127.0.0.1:{listener.getsockname()[1]}"

    def test_other_servers(self):
        def speak_http(connection):
            connection.recv(1000)
            connection.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")

        def be_silent(connection):
            while connection.recv(1000):
                pass

        def hang_up(connection):
            connection.recv(1000)

        def send_half(connection):
            connection.recv(1000)
            connection.sendall(b"\x02\x00\x00\x00\x05he")

        with tempfile.TemporaryDirectory() as folder:
            state = ["--state-dir", folder + "/s"]
            self.assert_fails(topnet("fetch", self.serve_once(speak_http), *state), 8,
                              "wrong version number")
            self.assert_fails(topnet("fetch", self.serve_once(be_silent), *state,
                                     "--connect-timeout", "0.3"), 3, "took too long")
            self.assert_fails(topnet("fetch", self.serve_once(be_silent), "--no-tls",
                                     "--max-time", "0.3"), 3, "took too long")
            self.assert_fails(topnet("fetch", self.serve_once(hang_up), "--no-tls"), 8,
                              "ended the connection")
            self.assert_fails(topnet("fetch", self.serve_once(send_half), "--no-tls"), 8,
                              "ended inside a frame")

    def test_usage(self):
        for words, said in [
                (["fetch", "host:70000"], "'host:70000' is not HOST, HOST:PORT or [IPv6]:PORT"),
                (["fetch", "--pin", "SHA256:x"], "is not SHA256:"),
                (["fetch", "--hold", "-1"], "is not a time from 0ms to 1h"),
                (["fetch", "--no-tls", "192.0.2.1"], "--unsafe-plaintext"),
                (["fetch", "a", "b"], "unexpected argument 'b'"),
                (["serve", "--listen", "127.0.0.1:70000"], "is not PORT or ADDR:PORT"),
                (["serve", "--no-tls", "--listen", "0.0.0.0:0", "--state-dir", "/tmp"], "chmod"),
                (["trust"], "no command given; see 'topnet trust --help'"),
                (["trust", "sow"], "unknown command 'sow'; did you mean show?")]:
            with self.subTest(words):
                code = 6 if said == "chmod" else 2
                self.assert_fails(topnet(*words), code, said)

    def test_a_port_in_use_is_named(self):
        with Server() as server, tempfile.TemporaryDirectory() as folder:
            self.assert_fails(topnet("serve", "--listen", server.address, "--state-dir",
                                     folder + "/s"), 1, server.address, "in use")

    def test_a_key_that_others_can_read(self):
        with tempfile.TemporaryDirectory() as folder:
            state = folder + "/s"
            topnet("trust", "show", "--state-dir", state)
            os.chmod(state + "/identity.key", 0o644)
            for words in (["serve", "--listen", "127.0.0.1:0"], ["fetch"], ["trust", "show"]):
                self.assert_fails(topnet(*words, "--state-dir", state), 6,
                                  f"chmod 600 {state}/identity.key")

    def test_an_interrupt_leaves_the_old_file(self):
        with tempfile.TemporaryDirectory() as folder:
            report = os.path.join(folder, "report")
            with open(report, "wb") as file:
                file.write(b"old")
            got = threading.Event()

            def be_silent(connection):
                connection.recv(1000)
                got.set()
                connection.recv(1000)

            client = subprocess.Popen([TOPNET, "fetch", "--no-tls", self.serve_once(be_silent), "-o",
                                       report])
            self.assertTrue(got.wait(30))
            client.send_signal(signal.SIGINT)
            self.assertEqual(client.wait(timeout=30), 130)
            self.assertEqual(os.listdir(folder), ["report"])
            with open(report, "rb") as file:
                self.assertEqual(file.read(), b"old")


if __name__ == "__main__":
    unittest.main()
