"""The exchange between the two real programs: files, messages and exit codes."""

import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import threading
import unittest

from support.cases import FolderCase
from support.program import TOPNET, Server, count_rows, topnet, wait_until
from support.two_machines import SERVER, two_machines


class Exchange(FolderCase):
    def setUp(self):
        super().setUp()
        self.file = self.path("report.txt")

    def contents(self):
        with open(self.file, "rb") as file:
            return file.read()

    def test_the_file_is_the_one_that_the_server_wrote(self):
        with Server("--tls") as server:
            result = server.fetch("-n", "10", "--out", self.file)
            self.assertEqual((result.returncode, result.stdout), (0, b""))
            message = re.fullmatch(r"topnet: stored (\S+), sent busiest process (.*) \((\d+)\), "
                                   r"(\d+) user \+ (\d+) system ticks\n", result.stderr.decode())
            self.assertEqual(message[1], self.file)
            line = re.fullmatch(r"topnet: local 127\.0\.0\.1:\d+: sent the top 10 \((\S+)\); "
                                r"its busiest process is (.*) \((\d+)\), (\d+) user \+ (\d+) system ticks",
                                server.next_line())
            self.assertEqual(line.groups()[1:], message.groups()[1:])
            with open(line[1], "rb") as file:
                self.assertEqual(file.read(), self.contents())
            self.assertEqual(count_rows(self.contents()), 10)

    def test_the_server_obeys_format_sort_key_and_number(self):
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

    def test_an_unknown_client_is_refused_with_5_and_its_old_file_stays(self):
        with Server() as server:
            with open(self.file, "wb") as file:
                file.write(b"old")
            pin = server.startup_lines[0].split()[-1]
            result = server.fetch("--pin", pin, "-o", self.file, state=self.client)
            self.assert_fails(result, 5, "key is not enrolled")
            self.assertEqual(self.contents(), b"old")

    def test_an_unknown_server_stops_the_client_with_4(self):
        with Server() as server:
            self.assert_fails(server.fetch(state=self.client), 4, self.client,
                              "--pin " + server.startup_lines[0].split()[-1])

    def test_the_pin_of_trust_show_is_the_servers(self):
        with Server() as server:
            shown = topnet("trust", "show", "--state-dir", server.state)
            self.assertEqual(server.startup_lines[0], "topnet: pin " + shown.stdout.decode().strip())


class Failures(FolderCase):
    def test_no_server_listens(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
        self.assert_fails(topnet("fetch", f"127.0.0.1:{port}", "--state-dir", self.client), 3,
                          f"fetch from 127.0.0.1:{port}: could not connect: 127.0.0.1:{port}: Connection refused; check the address")
        invite = f"topnet1/127.0.0.1:{port}/{43 * 'A'}/{32 * '0'}"
        self.assert_fails(topnet("trust", "join", invite, "--state-dir", self.client), 3,
                          f"join 127.0.0.1:{port}: could not connect: 127.0.0.1:{port}: Connection refused; check the address")

    def serve_once(self, act):
        """Starts a server that calls `act` with its only connection; returns its address."""
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

        for act, args, status, text in [
                (speak_http, [], 8, "wrong version number; check that a topnet server with TLS listens there, or add --no-tls"),
                (be_silent, ["--connect-timeout", "0.3"], 3, "timed out in the TLS handshake after 0.3 s; check the address"),
                (be_silent, ["--no-tls", "--max-time", "0.3"], 3, "timed out after 0.3 s; allow more time with --max-time"),
                (hang_up, ["--no-tls"], 8, "closed the connection before its answer; check the address, and omit --no-tls"),
                (send_half, ["--no-tls"], 8, "ended inside a frame")]:
            with self.subTest(text):
                result = topnet("fetch", self.serve_once(act), *args, "--state-dir", self.client)
                self.assert_fails(result, status, text)

    def test_usage(self):
        for args, message in [
                (["fetch", "host:70000"], "'host:70000' has no port from 1 to 65535"),
                (["fetch", "--pin", "SHA256:x"], "is not a pin; "),
                (["fetch", "--hold", "-1"], "is not between 0ms and 1h"),
                (["fetch", "--no-tls", "192.0.2.1"], "--unsafe-plaintext"),
                (["fetch", "a", "b"], "unexpected argument 'b'"),
                (["serve", "--listen", "127.0.0.1:70000"], "is not PORT or ADDR:PORT"),
                (["serve", "--no-tls", "--listen", "0.0.0.0:0", "--state-dir", "/tmp"], "choose a directory of its own"),
                (["trust"], "no command given; see 'topnet trust --help'"),
                (["trust", "sow"], "unknown command 'sow'; did you mean show?")]:
            with self.subTest(args):
                code = 6 if "directory" in message else 2
                self.assert_fails(topnet(*args), code, message)

    def test_a_port_in_use_is_named(self):
        with Server() as server:
            self.assert_fails(topnet("serve", "--listen", server.address, "--state-dir", self.client), 1,
                              server.address, "in use")

    def test_a_key_that_others_can_read(self):
        topnet("trust", "show", "--state-dir", self.client)
        os.chmod(self.client + "/identity.key", 0o644)
        for args in (["serve", "--listen", "127.0.0.1:0"], ["fetch"], ["trust", "show"]):
            self.assert_fails(topnet(*args, "--state-dir", self.client), 6, f"chmod 600 {self.client}/identity.key")

    def test_an_interrupt_leaves_the_old_file(self):
        report = self.path("report")
        with open(report, "wb") as file:
            file.write(b"old")
        has_asked = threading.Event()

        def be_silent(connection):
            connection.recv(1000)
            has_asked.set()
            connection.recv(1000)

        client = subprocess.Popen([TOPNET, "fetch", "--no-tls", self.serve_once(be_silent), "-o", report])
        self.assertTrue(has_asked.wait(30))
        client.send_signal(signal.SIGINT)
        self.assertEqual(client.wait(timeout=30), 130)
        self.assertEqual(os.listdir(self.folder), ["report"])
        with open(report, "rb") as file:
            self.assertEqual(file.read(), b"old")


class Names(FolderCase):
    """A machine whose files /etc/hosts and /etc/resolv.conf name an address that does not answer."""

    SILENT = "10.76.86.3"  # getaddrinfo(3) sorts it before SERVER, since it is closer to the client's address

    def setUp(self):
        super().setUp()
        self.server_machine, client = two_machines(self)
        for args in (f"neigh add {self.SILENT} lladdr 02:00:00:00:00:01 dev cable", "link set lo up"):
            self.assertEqual(client.run("ip", *args.split()).returncode, 0)
        mounts = []
        for file, text in (("hosts", f"{self.SILENT} both\n{SERVER} both\n"),
                           ("resolv.conf", f"nameserver {self.SILENT}\n")):
            with open(self.path(file), "w", encoding="ascii") as out:
                out.write(text)
            mounts.append(f"mount --bind {self.path(file)} /etc/{file}")
        self.on_client = (*client.inside, "unshare", "--mount", "sh", "-ec",
                          "; ".join(mounts) + '; exec "$@"', "sh")

    def test_an_address_that_does_not_answer_does_not_hide_the_others(self):
        with Server("--no-tls", "--unsafe-plaintext", "--listen", SERVER + ":0",
                    wrapper=self.server_machine.inside) as server:
            result = topnet("fetch", "--no-tls", "--unsafe-plaintext", f"both:{server.port}", "-n", "1",
                            wrapper=self.on_client)
            self.assertEqual(result.returncode, 0, result.stderr)
        result = topnet("fetch", "--connect-timeout", "2", f"both:{server.port}", "--state-dir", self.client,
                        wrapper=self.on_client)
        self.assert_fails(result, 3, f"fetch from both:{server.port}: could not connect: ",
                          f"{SERVER}:{server.port}: Connection refused; check the address")

    def test_a_name_server_that_does_not_answer_counts_as_connecting(self):
        result = topnet("fetch", "--connect-timeout", "0.5", "web01", "--state-dir", self.client,
                        wrapper=self.on_client)
        self.assert_fails(result, 3, "fetch from web01:8676: timed out looking up web01 after 0.5 s; check the address")

    def test_a_signal_ends_the_look_up(self):
        for number, status in ((signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)):
            client = subprocess.Popen([*self.on_client, TOPNET, "fetch", "--connect-timeout", "1h", "web01",
                                       "--state-dir", self.client], stderr=subprocess.DEVNULL)
            tasks = pathlib.Path(f"/proc/{client.pid}/task")
            wait_until(lambda: "resolve\n" in [each.read_text() for each in tasks.glob("*/comm")])
            client.send_signal(number)
            self.assertEqual(client.wait(timeout=30), status)

    def test_a_zone_is_part_of_an_address(self):
        address = "fe80::86:1"
        added = self.server_machine.run("ip", "addr", "add", address + "/64", "dev", "cable", "nodad")
        if added.returncode != 0:
            self.skipTest(f"no IPv6 here: {added.stdout}")
        with Server("--listen", f"[{address}%cable]:0", "--http", "off",
                    wrapper=self.server_machine.inside) as server:
            self.assertRegex(server.address, rf"^\[{address}%cable\]:\d+$")
            result = topnet("fetch", server.address, "--state-dir", server.state, "-n", "1",
                            wrapper=self.server_machine.inside)
            self.assertEqual(result.returncode, 0, result.stderr)
            self.assertIn(f"local [{address}%cable]:", server.next_line())


if __name__ == "__main__":
    unittest.main()
