"""The status port refuses other host names, other sites and wrong tokens, and survives attacks."""

import base64
import contextlib
import http.client
import os
import select
import socket
import ssl
import threading
import unittest

from support.cases import FolderCase
from support.independent_client import Client
from support.program import Server, topnet, wait_until
from support.status import get

TOKEN = "correct-horse-battery-staple"
HEADERS = """HTTP/1.1 %s\r
Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'\r
X-Content-Type-Options: nosniff\r
Referrer-Policy: no-referrer\r
Cross-Origin-Resource-Policy: same-origin\r
Cache-Control: no-store\r
"""


def address(server):
    host, port = server.page.split("/")[2].rsplit(":", 1)
    return host, int(port)


def send(server, request):
    """The complete answer to the bytes of a request; empty if there is none."""
    with socket.create_connection(address(server), timeout=20) as connection:
        answer = b""
        with contextlib.suppress(OSError):
            connection.sendall(request)
            while piece := connection.recv(65536):
                answer += piece
        return answer


class Access(FolderCase):
    def status(self, server, path="/status.json", **headers):
        return get(server.page, path, **headers)[0]

    def test_pages_of_other_sites(self):
        with Server() as server:
            for site, mode, dest, expected in [
                    ("cross-site", "no-cors", "image", 403), ("cross-site", "cors", "empty", 403),
                    ("cross-site", "navigate", "iframe", 403), ("cross-site", "navigate", "document", 200),
                    ("same-site", "cors", "empty", 200), ("same-origin", "cors", "empty", 200),
                    ("none", "navigate", "document", 200)]:
                with self.subTest(site=site, mode=mode, dest=dest):
                    self.assertEqual(self.status(server, Sec_Fetch_Site=site, Sec_Fetch_Mode=mode,
                                                 Sec_Fetch_Dest=dest), expected)
            self.assertEqual(self.status(server, Sec_Fetch_Site="cross-site"), 403)

    def test_every_answer_has_the_same_headers(self):
        """Byte for byte, also in refusals; none lets another origin read the answer."""
        ours, evil = "Host: localhost\r\n", "Host: evil.example\r\nOrigin: http://evil.example\r\n"
        with Server() as server, self.with_token() as guarded:
            for asked, request, status in [
                    (server, "GET /status HTTP/1.0\r\n", "200 OK"),
                    (server, "HEAD /status.json HTTP/1.1\r\n" + ours, "200 OK"),
                    (server, "GET /healthz HTTP/1.1\r\n" + ours, "200 OK"),
                    (server, "nonsense\r\n", "400 Bad Request"),
                    (guarded, "GET /status HTTP/1.0\r\n", "401 Unauthorized"),
                    (server, "GET /status HTTP/1.0\r\nSec-Fetch-Site: cross-site\r\n", "403 Forbidden"),
                    (server, "GET /nothing HTTP/1.0\r\n", "404 Not Found"),
                    (server, "POST /status HTTP/1.0\r\n", "405 Method Not Allowed"),
                    (server, "GET /" + "a" * 2000 + " HTTP/1.0\r\n", "414 URI Too Long"),
                    (server, "GET / HTTP/1.1\r\n" + evil, "421 Misdirected Request"),
                    (guarded, None, "429 Too Many Requests"),
                    (server, "GET / HTTP/1.0\r\nX: " + "a" * 20000 + "\r\n",
                     "431 Request Header Fields Too Large")]:
                if request is None:
                    for _ in range(5):
                        get(guarded.page, "/status", Authorization="Bearer wrong")
                    request = "GET /status HTTP/1.0\r\nAuthorization: Bearer wrong\r\n"
                with self.subTest(status):
                    head, _, _ = send(asked, request.encode() + b"\r\n").partition(b"\r\n\r\n")
                    lines = head.decode().split("\r\n")
                    promised = (HEADERS % status).splitlines()
                    self.assertEqual([line for line in promised if line not in lines], [])
                    further = {line.split(":")[0] for line in lines if line not in promised}
                    self.assertLessEqual(further, {"Accept-Ranges", "Allow", "Connection",
                                                   "Content-Length", "Content-Type",
                                                   "Retry-After", "WWW-Authenticate"})

    def token_file(self, text=TOKEN + "\n", mode=0o600):
        with open(self.path("token"), "w", encoding="ascii") as file:
            os.fchmod(file.fileno(), mode)
            file.write(text)
        return self.path("token")

    def with_token(self):
        return Server("--http-token-file", self.token_file())

    def test_a_token(self):
        with self.with_token() as server:
            def basic(user, password):
                return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
            for right in ("Bearer " + TOKEN, "bearer  " + TOKEN, basic("", TOKEN),
                          basic("user", TOKEN)):
                self.assertEqual(self.status(server, Authorization=right), 200, right)
            self.assertEqual(self.status(server, "/healthz"), 200)
            status, headers, body = get(server.page, "/status")
            self.assertEqual(status, 401)
            self.assertTrue(body.startswith(b"a token is required: "), body)
            self.assertTrue(headers["WWW-Authenticate"].startswith("Basic "))
            wrong = ["Bearer " + TOKEN[:-1], "Bearer", "Basic " + TOKEN, basic(TOKEN, "")]
            for value in wrong:
                self.assertEqual(self.status(server, Authorization=value), 401, value)
            # After the fifth wrong token from this address, the right one still works.
            self.assertEqual(self.status(server, Authorization="Bearer x"), 401)
            self.assertEqual(self.status(server, Authorization="Bearer x"), 429)
            self.assertEqual(self.status(server, Authorization="Bearer " + TOKEN), 200)
            self.assertEqual(self.status(server), 401)
            self.assertEqual(self.status(server, "/healthz"), 200)
            self.assertEqual(get(server.page, "/healthz", "HEAD")[0], 200)
            self.assertEqual(self.status(server, Host="evil.example"), 421)
            self.assertNotIn(TOKEN, str(get(server.page, "/status")))

    def test_an_invalid_token_file(self):
        for text, mode in ((TOKEN, 0o644), ("", 0o600), ("two words", 0o600)):
            path = self.token_file(text, mode)
            self.assert_fails(topnet("serve", "--listen", "127.0.0.1:0", "--http", "127.0.0.1:0", "--state-dir",
                                     self.client, "--http-token-file", path), 6, path)

    def test_an_address_that_other_machines_reach_needs_tls_and_a_token(self):
        both = ("--http-tls", "--http-token-file", self.token_file())
        for args in ((), both[:1], both[1:]):
            self.assert_fails(topnet("serve", "--listen", "127.0.0.1:0", "--http", "0.0.0.0:0",
                                     "--state-dir", self.client, *args), 2)
        with Server("--http", "0.0.0.0:0", *both) as server:
            self.assertTrue(server.page.startswith("https://0.0.0.0:"))

    def test_https(self):
        with Server("--http-tls") as server:
            self.assertTrue(server.page.startswith("https://127.0.0.1:"))
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.load_verify_locations(os.path.join(server.state, "identity.crt"))
            context.set_alpn_protocols(["h2", "http/1.1"])
            connection = http.client.HTTPSConnection("topnet", address(server)[1])
            connection.sock = context.wrap_socket(socket.create_connection(address(server), timeout=20),
                                                  server_hostname="topnet")
            self.assertEqual(connection.sock.version(), "TLSv1.3")
            connection.request("GET", "/status.json")
            self.assertIn(b'"schema":"topnet.status/1"', connection.getresponse().read())
            connection.close()
            self.assertEqual(send(server, b"GET /status HTTP/1.0\r\n\r\n")[:5], b"")


class Attacks(unittest.TestCase):
    """Requests that end a server with cpp-httplib alone, or make its memory grow."""

    @contextlib.contextmanager
    def survives(self, *args, **options):
        """A context after which the server answers, has not grown by more than 8 MiB and has no more descriptors."""
        with Server(*args, **options) as server:
            for _ in range(70):
                server.status()
            before, files = server.resident_kib("VmHWM:"), server.status()["work"]["open_fds"]
            yield server
            wait_until(lambda: server.status()["work"]["open_fds"] <= files)
            if not os.environ.get("TOPNET_SANITIZE"):
                self.assertLess(server.resident_kib("VmHWM:") - before, 8192)
            self.assertEqual(server.stop(), 0)

    def test_requests_of_any_size(self):
        chunk = b"%x\r\n" % 1_000_000 + b"a" * 1_000_000 + b"\r\n"
        requests = [b"GET /status HTTP/1.0\r\nCookie: " + b"a" * 16_000 + b"\r\n\r\n",
                    b"GET /status HTTP/1.0\r\nX: " + b"a" * 20_000_000,
                    b"GET /status HTTP/1.0\r\n" + b"X: a\r\n" * 200_000 + b"\r\n"]
        for size in (1024, 3000, 8000, 16000, 100000):
            requests += [b"GET /" + b"a" * size + b" HTTP/1.0\r\n\r\n",
                         b"GET /status HTTP/1.0\r\nRange: bytes=" + b"0-1," * (size // 4) + b"5-6\r\n\r\n"]
        for head, body in [(b"Transfer-Encoding: chunked", chunk * 30),
                           (b"Transfer-Encoding: chunked", b"-1\r\n" + b"a" * 5_000_000),
                           (b"Content-Length: 99999999999", b"a" * 5_000_000)]:
            for method in (b"POST", b"GET"):
                requests.append(method + b" /status HTTP/1.0\r\n" + head + b"\r\n\r\n" + body)
        with self.survives() as server:
            for request in requests:
                send(server, request)

    def test_slow_sockets(self):
        """More than there are slots, each with a byte now and then."""
        with self.survives() as server, contextlib.ExitStack() as stack:
            slow = [stack.enter_context(socket.create_connection(address(server), timeout=20))
                    for _ in range(200)]
            for _ in range(5):
                for connection in slow:
                    with contextlib.suppress(OSError):
                        connection.send(b"G")
                server.status()

    def test_readers_that_do_not_read(self):
        """More than there are slots; each asks for a page and does not read it."""
        if os.environ.get("TOPNET_SANITIZE"):
            self.skipTest("with a sanitizer it takes seconds to make the pages")
        with Server("--no-tls", "--max-clients", "1000") as server, contextlib.ExitStack() as stack:
            for _ in range(400):
                client = Client(server.port)
                stack.callback(client.connection.close)
                client.exchange(hold=300)
            self.assertGreater(len(get(server.page, "/status")[2]), 50000)
            has_ended = threading.Event()
            readers = [threading.Thread(target=self.do_not_read, args=(server, has_ended))
                       for _ in range(80)]
            for reader in readers:
                reader.start()
            try:
                wait_until(lambda: sum(name.startswith("http-") for name in server.threads()) > 64)
                for _ in range(20):
                    self.assertEqual(get(server.page, "/healthz")[0], 200)
            finally:
                has_ended.set()
                for reader in readers:
                    reader.join()

    def do_not_read(self, server, has_ended):
        """Asks for the page over and over, and stays until it is disconnected."""
        while not has_ended.is_set():
            with contextlib.suppress(OSError), socket.socket() as connection:
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 88)
                connection.connect(address(server))
                connection.sendall(b"GET /status HTTP/1.0\r\n\r\n")
                events = select.poll()
                events.register(connection, select.POLLRDHUP)
                while not has_ended.is_set() and not events.poll(100):
                    pass

    def test_headers_have_no_effect(self):
        with Server() as server:
            answer = send(server, b"GET /status.json HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: br, gzip\r\n"
                                 b"Connection: keep-alive\r\nX: a%0d%0aSet-Cookie: z\r\n"
                                 b"REMOTE_ADDR: 8.8.8.8\r\n\r\n")
            head = answer.split(b"\r\n\r\n")[0].lower()
            self.assertTrue(head.startswith(b"http/1.1 200 "))
            self.assertIn(b"connection: close", head)
            for header in (b"content-encoding", b"set-cookie"):
                self.assertNotIn(header, head)
            self.assertNotIn(b"8.8.8.8", answer)



if __name__ == "__main__":
    unittest.main()
