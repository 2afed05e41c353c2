"""The status port: its pages and documents, its options, and a list of fifty connected clients."""

import contextlib
import json
import os
import re
import socket
import unittest

from support.cases import FolderCase
from support.independent_client import ACK, Client
from support.program import Server, count_rows, require_fault_injection, topnet, wait_until
from support.status import CounterCheck, get
from support.trust import Holder, states


class Pages(unittest.TestCase):
    def test_the_document_describes_the_server(self):
        with Server() as server:
            self.assertRegex(server.startup_lines[-1],
                             r"^topnet: status page http://127\.0\.0\.1:\d+/status$")
            status, headers, body = get(server.page, "/status.json")
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
                              "tls": True, "listen": [server.address]})
            self.assertEqual((document["connections"], document["reports"]), ([], []))
            self.assertEqual(set(document["counters"].values()), {0})

    def test_open_files_and_threads_are_counted(self):
        with Server() as server:
            def are_right():
                work = server.status()["work"]
                own = f"/proc/{server.process.pid}"
                # The request itself has a descriptor and a thread.
                return (work["open_fds"], work["threads"]) == (len(os.listdir(own + "/fd")) + 1,
                                                               len(os.listdir(own + "/task")) + 1)

            wait_until(are_right)

    def test_html_unless_accept_has_json_only(self):
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
                    status, headers, body = get(server.page, "/status", **headers)
                    self.assertEqual((status, headers["Content-Type"]), (200, kind))
                    if kind == "application/json":
                        self.assertEqual(json.loads(body)["schema"], "topnet.status/1")
                    else:
                        self.assertTrue(body.startswith(b"<!doctype html>\n"))
                        self.assertIn(b"serves plaintext on " + server.address.encode(), body)

    def test_the_page_links_only_its_own_style_and_script(self):
        with Server() as server:
            page = get(server.page, "/status")[2].decode()
            self.assertEqual(re.findall(r'(?:src|href)="([^"]*)"', page),
                             ["data:,", "page.css", "page.js", "status.json"])
            status, headers, body = get(server.page, "/page.css")
            self.assertEqual((status, headers["Content-Type"]), (200, "text/css; charset=utf-8"))
            self.assertIn(b"prefers-color-scheme: dark", body)
            self.assertNotIn(b"url(", body)
            status, headers, body = get(server.page, "/page.js")
            self.assertEqual((status, headers["Content-Type"]), (200, "text/javascript; charset=utf-8"))
            self.assertNotIn(b"innerHTML", body)

    def test_the_other_paths(self):
        with Server() as server:
            self.assertEqual(get(server.page, "/healthz")[::2], (200, b"ok"))
            status, headers, body = get(server.page, "/", Accept="application/json")
            self.assertEqual((status, headers["Content-Type"]), (200, "text/html; charset=utf-8"))
            self.assertIn(b"</html>", body)
            self.assertEqual(get(server.page, "/statusXjson")[::2], (404, b"there is no such page; see /status\n"))

    def test_head_gives_the_length_of_the_body(self):
        with Server() as server:
            body = get(server.page, "/page.css")[2]
            status, headers, nothing = get(server.page, "/page.css", "HEAD")
            self.assertEqual((status, headers["Content-Length"], nothing),
                             (200, str(len(body)), b""))

    def test_names_of_other_sites(self):
        with Server("--http-host", "Status.Example", "--http-host", "other.example") as server:
            for host, expected in [("evil.example", 421), ("topnet", 421), ("localhost:1", 200), ("[::1]", 200),
                                   ("status.example", 200), ("OTHER.example:443", 200)]:
                self.assertEqual(get(server.page, "/status", Host=host)[0], expected, host)


class Options(FolderCase):
    def assert_serve_fails(self, args, status, *expected):
        result = topnet("serve", "--listen", "127.0.0.1:0", "--state-dir", self.client, *args)
        self.assert_fails(result, status, *expected)

    def test_off(self):
        with Server("--http", "off") as server:
            self.assertEqual(len(server.startup_lines), 2)
            self.assertEqual(listening_sockets(server), 1)
            self.assertEqual(server.fetch("-n", "1").returncode, 0)

        with Server() as server:  # the control
            self.assertEqual(listening_sockets(server), 2)

    def test_the_ipv6_loopback_address(self):
        try:
            with socket.create_server(("::1", 0), family=socket.AF_INET6):
                pass
        except OSError:
            self.skipTest("no IPv6 here")
        with Server("--http", "[::1]:0") as server:
            self.assertRegex(server.page, r"^http://\[::1\]:\d+/status$")
            self.assertEqual(get(server.page, "/healthz")[0], 200)

    def test_several_addresses_for_clients(self):
        with Server("--listen", "127.0.0.1:0", "--listen", "127.0.0.2:0") as server:
            addresses = [line.split()[-1] for line in server.startup_lines if "serving" in line]
            self.assertEqual([each.split(":")[0] for each in addresses], ["127.0.0.1", "127.0.0.2"])
            self.assertEqual(server.status()["server"]["listen"], addresses)
            for address in addresses:
                self.assertEqual(topnet("fetch", address, "--state-dir", server.state).returncode, 0)

    def test_a_kernel_without_ipv6(self):
        require_fault_injection(self)
        without_ipv6 = ("strace", "-D", "-f", "-o", "/dev/null", "-e", "trace=socket",
                        "-e", "inject=socket:error=EAFNOSUPPORT:when=1")
        with Server("--listen", "0", "--http", "off", wrapper=without_ipv6) as server:
            self.assertIn("no IPv6", server.startup_lines[0])
            self.assertEqual(server.address, f"0.0.0.0:{server.port}")

    def test_invalid_addresses(self):
        self.assert_serve_fails(["--http", "0.0.0.0:0"], 2, "--http 0.0.0.0:0", "loopback")
        self.assert_serve_fails(["--http", "127.0.0.1"], 2, "has no port; add one: 127.0.0.1:8080")
        for address in ("127.0.0.1:70000", ":80", "on"):
            self.assert_serve_fails(["--http", address], 2, f"--http '{address}' is not PORT, ADDR:PORT or off")
        self.assert_serve_fails(["--http", ""], 2, "--http '' is empty")
        self.assert_serve_fails(["--http", "localhost.example:80"], 2, "use a numeric address")
        self.assert_serve_fails(["--http-host", "a b"], 2, "--http-host 'a b' is not a host name")
        self.assert_serve_fails(["--http-host", ""], 2, "--http-host '' is empty")

    def test_a_port_in_use_is_named_with_the_option_that_chooses_another(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            address = f"127.0.0.1:{taken.getsockname()[1]}"
            for option in ("--listen", "--http"):
                self.assert_serve_fails([option, address], 1, address, "in use", "with " + option)


class Connections(FolderCase):
    def test_a_name_of_hostile_bytes_stays_text(self):
        name = r"</td><script>alert('\x1b[2J')</script>&amp;\xff" + '"'
        with Server() as server:
            client = Client(server.port, server.state)
            client.fetch()
            self.assertEqual(client.send_client_report(name=name, host="<b>db1")[1][0], ACK)
            client.close()
            (report,) = server.status()["reports"]
            self.assertEqual((report["name"], report["host"]), (name, "<b>db1"))
            self.assertEqual((report["client"], report["pid"], report["user_ticks"],
                              report["system_ticks"], report["cpu_ticks"]),
                             ("local", 4121, 812, 31, 843))
            page = get(server.page, "/status")[2]
            self.assertIn(rb"<td>&lt;/td&gt;&lt;script&gt;alert(&#39;\x1b[2J&#39;)&lt;/script&gt;"
                          rb"&amp;amp;\xff&quot;</td>", page)
            self.assertIn(b"<td>&lt;b&gt;db1</td>", page)
            for raw in (b"<script>", b"<b>db1", b"\x1b", b"\xff"):
                self.assertNotIn(raw, page)

    def test_the_state_of_each_connection_is_shown(self):
        with Server() as server, CounterCheck(server):
            silent = socket.create_connection(("127.0.0.1", server.port))
            silent.sendall(b"\x16")
            client = Client(server.port, server.state)

            def shown():
                return [(each["client"], each["state"], each["requests"])
                        for each in server.status()["connections"]]

            wait_until(lambda: shown() == [(None, "handshake", 0), ("local", "waiting", 0)])
            silent.close()
            client.fetch()
            wait_until(lambda: shown() == [("local", "receiving", 1)])
            client.send_client_report()
            wait_until(lambda: shown() == [("local", "idle", 1)])
            client.close()
            wait_until(lambda: shown() == [])

    def test_fifty_clients_at_once(self):
        with Server() as server, contextlib.ExitStack() as stack:
            with CounterCheck(server):
                holders = [stack.enter_context(Holder(server, server.state, file=self.path(str(i)))) for i in range(50)]
                wait_until(lambda: states(server) == {"local": ["idle"] * 50}, 120)
                document = server.status()
                self.assert_shown(document)
                names = sorted(f"client-{each['id']}" for each in document["connections"])
                # An idle connection moves to another thread: for a moment it may have two, or none.
                wait_until(lambda: [name for name in server.threads() if name.startswith("client-")] == names)
            server.process.terminate()  # ends all holds
            self.assert_served(server, document, holders)

    def assert_shown(self, document):
        connections = document["connections"]
        self.assertEqual(len({each["id"] for each in connections}), 50)
        self.assertEqual({(each["client"], each["requests"]) for each in connections},
                         {("local", 1)})
        self.assertEqual(sorted(each["peer"] for each in document["reports"]),
                         sorted(each["peer"] for each in connections))
        counters = document["counters"]
        self.assertEqual((counters["accepted"], counters["active"]), (50, 50))

    def assert_served(self, server, document, holders):
        ends = [holder.end() for holder in holders]
        self.assertEqual({status for status, _ in ends}, {0})
        self.assertEqual(
            sorted(lines[0].partition("sent busiest process ")[2] for _, lines in ends),
            sorted(f"{each['name']} ({each['pid']}), {each['user_ticks']} user + "
                   f"{each['system_ticks']} system ticks" for each in document["reports"]))
        sent = os.path.join(server.state, "reports")
        self.assertLessEqual({contents(holder.file) for holder in holders},
                             {contents(os.path.join(sent, name)) for name in os.listdir(sent)})
        self.assertEqual({count_rows(contents(holder.file)) for holder in holders}, {10})


def listening_sockets(server):
    """The number of sockets of a server without connections."""
    own = f"/proc/{server.process.pid}/fd/"
    count = 0
    for descriptor in os.listdir(own):
        with contextlib.suppress(FileNotFoundError):  # the monitor opens and closes files
            count += os.readlink(own + descriptor).startswith("socket:")
    return count


def contents(path):
    with open(path, "rb") as file:
        return file.read()


if __name__ == "__main__":
    unittest.main()
