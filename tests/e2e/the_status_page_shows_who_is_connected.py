"""The status port of the real server: its pages, its refusals, and fifty clients at once."""

import contextlib
import json
import os
import re
import socket
import subprocess
import tempfile
import unittest

from support.independent_client import ACK, Client
from support.program import TOPNET, Server, count_rows, topnet, wait_until
from support.status import Watch, ask


class Pages(unittest.TestCase):
    def test_the_document_describes_the_server(self):
        with Server() as server:
            self.assertRegex(server.said[-1],
                             r"^topnet: status page http://127\.0\.0\.1:\d+/status$")
            status, headers, body = ask(server.page, "/status.json")
            self.assertEqual((status, headers["Content-Type"]), (200, "application/json"))
            document = json.loads(body)
            self.assertEqual(list(document), ["schema", "server", "connections", "reports",
                                              "counters", "work", "time", "host", "history",
                                              "clients"])
            self.assertEqual(document["schema"], "topnet.status/1")
            with open("/proc/sys/kernel/hostname", encoding="utf-8") as file:
                host = file.read().strip()
            started = document["server"].pop("started")
            self.assertRegex(started, r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
            version = topnet("--version").stdout.decode().split()[1]
            self.assertEqual(document["server"],
                             {"version": version, "host": host, "pid": server.process.pid,
                              "tls": True, "listen": server.address})
            self.assertEqual((document["connections"], document["reports"]), ([], []))
            self.assertEqual(set(document["counters"].values()), {0})

    def test_open_files_and_threads_are_counted_while_the_request_is_served(self):
        with Server() as server:
            def are_right():
                work = server.status()["work"]
                own = f"/proc/{server.process.pid}"
                # One more of both while it is asked.
                return (work["open_fds"], work["threads"]) == (len(os.listdir(own + "/fd")) + 1,
                                                               len(os.listdir(own + "/task")) + 1)

            wait_until(are_right)

    def test_html_unless_json_alone_is_named(self):
        with Server("--no-tls") as server:
            for accept, kind in [
                    (None, "text/html; charset=utf-8"), ("*/*", "text/html; charset=utf-8"),
                    ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
                     "text/html; charset=utf-8"),
                    ("application/json", "application/json"),
                    ("Application/JSON;q=0.1 , */*", "application/json"),
                    ("application/json, TEXT/html;q=0.1", "text/html; charset=utf-8"),
                    ("application/jsonx, */json", "text/html; charset=utf-8")]:
                with self.subTest(accept):
                    headers = {"Accept": accept} if accept else {}
                    status, headers, body = ask(server.page, "/status", **headers)
                    self.assertEqual((status, headers["Content-Type"]), (200, kind))
                    if kind == "application/json":
                        self.assertEqual(json.loads(body)["schema"], "topnet.status/1")
                    else:
                        self.assertTrue(body.startswith(b"<!doctype html>\n"))
                        self.assertIn(b"serves plaintext on " + server.address.encode(), body)

    def test_the_page_needs_nothing_but_its_own_style_and_script(self):
        with Server() as server:
            page = ask(server.page, "/status")[2].decode()
            self.assertEqual(re.findall(r'(?:src|href)="([^"]*)"', page),
                             ["data:,", "page.css", "page.js", "status.json"])
            status, headers, body = ask(server.page, "/page.css")
            self.assertEqual((status, headers["Content-Type"]), (200, "text/css; charset=utf-8"))
            self.assertIn(b"prefers-color-scheme: dark", body)
            self.assertNotIn(b"url(", body)
            status, headers, body = ask(server.page, "/page.js")
            self.assertEqual((status, headers["Content-Type"]), (200, "text/javascript; charset=utf-8"))
            self.assertNotIn(b"innerHTML", body)

    def test_the_other_paths(self):
        with Server() as server:
            self.assertEqual(ask(server.page, "/healthz")[::2], (200, b"ok"))
            status, headers, body = ask(server.page, "/", Accept="application/json")
            self.assertEqual((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
            self.assertIn(b"</html>", body)
            self.assertEqual(ask(server.page, "/statusXjson")[::2], (404, b"not found\n"))

    def test_head_says_how_long_the_answer_would_be(self):
        with Server() as server:
            body = ask(server.page, "/page.css")[2]
            status, headers, nothing = ask(server.page, "/page.css", "HEAD")
            self.assertEqual((status, headers["Content-Length"], nothing),
                             (200, str(len(body)), b""))

    def test_names_of_other_sites(self):
        with Server("--http-host", "Status.Example", "--http-host", "other.example") as server:
            for host, expected in [("evil.example", 421), ("localhost:1", 200), ("[::1]", 200),
                                   ("status.example", 200), ("OTHER.example:443", 200)]:
                self.assertEqual(ask(server.page, "/status", Host=host)[0], expected, host)

class Options(unittest.TestCase):
    def assert_fails(self, words, code, *said):
        with tempfile.TemporaryDirectory() as folder:
            result = topnet("serve", "--listen", "127.0.0.1:0", "--state-dir", folder + "/s", *words)
        message = result.stderr.decode()
        self.assertEqual((result.returncode, result.stdout, message.count("\n")), (code, b"", 1),
                         message)
        for part in said:
            self.assertIn(part, message)

    def test_off(self):
        with Server("--http", "off") as server:
            self.assertEqual(len(server.said), 2)
            self.assertEqual(listening_sockets(server), 1)
            self.assertEqual(server.fetch("-n", "1").returncode, 0)

    def test_unless_it_is_off_there_are_two_ports(self):
        with Server() as server:
            self.assertEqual(listening_sockets(server), 2)

    def test_the_other_loopback_address(self):
        try:
            with socket.create_server(("::1", 0), family=socket.AF_INET6):
                pass
        except OSError:
            self.skipTest("no IPv6 here")
        with Server("--http", "[::1]:0") as server:
            self.assertRegex(server.page, r"^http://\[::1\]:\d+/status$")
            self.assertEqual(ask(server.page, "/healthz")[0], 200)

    def test_addresses_that_strangers_reach_are_refused(self):
        self.assert_fails(["--http", "0.0.0.0:0"], 2, "--http 0.0.0.0:0", "loopback")

    def test_addresses_that_are_none(self):
        for address in ("127.0.0.1", "127.0.0.1:70000", ":80", "on", ""):
            self.assert_fails(["--http", address], 2, f"--http '{address}' is not PORT, ADDR:PORT or off")
        self.assert_fails(["--http", "localhost.example:80"], 2, "give a numeric address")
        self.assert_fails(["--http-host", "a b"], 2, "--http-host 'a b' is not a host name")
        self.assert_fails(["--http-host", ""], 2, "--http-host '' is not a host name")

    def test_a_port_in_use_is_named_with_the_option_that_chooses_another(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            for option in ("--listen", "--http"):
                self.assert_fails([option, address], 1, address, "in use", "with " + option)


class Connections(unittest.TestCase):
    def test_a_name_of_hostile_bytes_stays_text(self):
        name = r"</td><script>alert('\x1b[2J')</script>&amp;\xff" + '"'
        with Server() as server:
            client = Client(server.port, server.state)
            client.fetch()
            self.assertEqual(client.send_top(name=name, host="<b>db1")[1][0], ACK)
            client.close()
            (report,) = server.status()["reports"]
            self.assertEqual((report["name"], report["host"]), (name, "<b>db1"))
            self.assertEqual((report["client"], report["pid"], report["user_ticks"],
                              report["system_ticks"], report["cpu_ticks"]),
                             ("local", 4121, 812, 31, 843))
            page = ask(server.page, "/status")[2]
            self.assertIn(rb"<td>&lt;/td&gt;&lt;script&gt;alert(&#39;\x1b[2J&#39;)&lt;/script&gt;"
                          rb"&amp;amp;\xff&quot;</td>", page)
            self.assertIn(b"<td>&lt;b&gt;db1</td>", page)
            for raw in (b"<script>", b"<b>db1", b"\x1b", b"\xff"):
                self.assertNotIn(raw, page)

    def test_what_a_connection_does_is_shown(self):
        with Server() as server, Watch(server):
            silent = socket.create_connection(("127.0.0.1", server.port))
            client = Client(server.port, server.state)

            def shown():
                return [(each["client"], each["state"], each["requests"])
                        for each in server.status()["connections"]]

            wait_until(lambda: shown() == [(None, "handshake", 0), ("local", "waiting", 0)])
            silent.close()
            client.fetch()
            wait_until(lambda: shown() == [("local", "receiving", 1)])
            client.send_top()
            wait_until(lambda: shown() == [("local", "idle", 1)])
            client.close()
            wait_until(lambda: shown() == [])

    def test_fifty_clients_at_once(self):
        # On a machine so busy that the first leaves before the last has come, they hold longer.
        for hold in (5, 30, 60):
            with tempfile.TemporaryDirectory() as folder, Server() as server, Watch(server):
                clients = [Holder(server, os.path.join(folder, f"{i}.txt"), hold) for i in range(50)]
                document, threads = wait_until(lambda: all_hold(server, 50), hold + 30)
                if document["counters"]["completed"] == 0:
                    self.assert_shown(document, threads)
                    self.assert_served(server, document, clients)
                    return
                for client in clients:
                    client.wait()
        self.fail("fifty clients never held at once")

    def assert_shown(self, document, threads):
        connections = document["connections"]
        self.assertEqual(len({each["id"] for each in connections}), 50)
        self.assertEqual([name for name in threads if name.startswith("client-")],
                         sorted(f"client-{each['id']}" for each in connections))
        self.assertEqual({(each["client"], each["requests"]) for each in connections},
                         {("local", 1)})
        self.assertEqual(sorted(each["peer"] for each in document["reports"]),
                         sorted(each["peer"] for each in connections))
        self.assertEqual(document["counters"]["active"], 50)

    def assert_served(self, server, document, clients):
        said = [client.wait() for client in clients]
        self.assertEqual({client.process.returncode for client in clients}, {0})
        self.assertEqual(
            sorted(re.search(r"sent top process (.*)$", line, re.MULTILINE)[1] for line in said),
            sorted(f"{each['name']} ({each['pid']}), {each['user_ticks']} user + "
                   f"{each['system_ticks']} system ticks" for each in document["reports"]))
        sent = os.path.join(server.state, "reports")
        self.assertLessEqual({contents(client.file) for client in clients},
                             {contents(os.path.join(sent, name)) for name in os.listdir(sent)})
        self.assertEqual({count_rows(contents(client.file)) for client in clients}, {10})
        wait_until(lambda: server.status()["counters"]["active"] == 0)
        counters = server.status()["counters"]
        self.assertEqual((counters["accepted"], counters["completed"]), (50, 50))


class Holder:
    """A client that fetches a report, and holds."""

    def __init__(self, server, file, hold):
        self.file = file
        self.process = subprocess.Popen(
            [TOPNET, "fetch", server.address, "--state-dir", server.state, "--out", file, "--hold",
             str(hold)], stderr=subprocess.PIPE)

    def wait(self):
        """Waits for its end; returns what it said."""
        return self.process.communicate(timeout=120)[1].decode()


def all_hold(server, count):
    """The status and the threads' names while `count` clients hold at the same time; the status
    alone once one of them has left."""
    document = server.status()
    threads = server.threads()
    if document["counters"]["completed"]:
        return document, []
    all_idle = ["idle"] * count
    if all([each["state"] for each in status["connections"]] == all_idle
           for status in (document, server.status())):
        return document, threads
    return None


def listening_sockets(server):
    """Counts the sockets of a server that nobody is connected to."""
    own = f"/proc/{server.process.pid}/fd/"
    count = 0
    for descriptor in os.listdir(own):
        with contextlib.suppress(FileNotFoundError):  # the watch opens and closes files
            count += os.readlink(own + descriptor).startswith("socket:")
    return count


def contents(path):
    with open(path, "rb") as file:
        return file.read()


if __name__ == "__main__":
    unittest.main()
