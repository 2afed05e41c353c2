"""Peers that violate the protocol, each in a named way: the server answers with the documented error and counts
it, the client stores nothing and exits with 8."""

import contextlib
import hashlib
import json
import os
import socket
import struct
import tempfile
import threading
import unittest

from support.independent_client import ACK, DATA, END, ERROR, JOIN, REQUEST, TOP, Client, sample_client_report
from support.man_in_the_middle import ManInTheMiddle
from support.program import Server, topnet, wait_until
from support.status import problem_with

GOOD = {"top": 1, "sort": "cpu", "format": "text", "delay": None, "hold": 0}


def frame(kind, payload, length=None):
    if not isinstance(payload, bytes):
        payload = json.dumps(payload).encode()
    return struct.pack(">BI", kind, len(payload) if length is None else length) + payload


def nested(depth):
    return b'{"top":1,"sort":"cpu","format":"text","delay":null,"hold":0,"x":' + \
        b"[" * depth + b"]" * depth + b"}"


# Sent instead of a REQUEST; each is a violation of the protocol.
INSTEAD_OF_A_REQUEST = {
    "length 0": frame(REQUEST, b""),
    "length 2^32-1": frame(REQUEST, b"", 2**32 - 1),
    "a length above its type's": frame(REQUEST, b"{" + b" " * 1_000_000 + b"}"),
    "unknown type": frame(99, GOOD),
    "type 0": frame(0, GOOD),
    "wrong order: a TOP": frame(TOP, {"id": "0" * 32}),
    "wrong order: an END": frame(END, {"length": 0, "sha256": "0" * 64}),
    "wrong order: an ACK": frame(ACK, {"id": "0" * 32}),
    "data": frame(DATA, b"x" * 1000),
    "N of 10^9": frame(REQUEST, GOOD | {"top": 10**9}),
    "N of 0": frame(REQUEST, GOOD | {"top": 0}),
    "N of -1": frame(REQUEST, GOOD | {"top": -1}),
    "N as text": frame(REQUEST, GOOD | {"top": "1"}),
    "a hold of a year": frame(REQUEST, GOOD | {"hold": 365 * 86400}),
    "a delay of nothing": frame(REQUEST, GOOD | {"delay": 0}),
    "no JSON": frame(REQUEST, b"\xff\xfe\0"),
    "a list": frame(REQUEST, b"[]"),
    "two documents": frame(REQUEST, b"{}{}"),
    "deep JSON": frame(REQUEST, nested(1000)),
    "100,000 tiny frames": frame(99, b"") * 100_000,
}


class HostileClient(unittest.TestCase):
    def assert_refused(self, server, send, outcome, code):
        before = server.status()["counters"]
        client = Client(server.port)
        with contextlib.suppress(OSError):  # after an ERROR the server reads for a second only
            send(client)
        kind, payload = client.read()
        self.assertEqual((kind, payload["code"]), (ERROR, code), payload)
        self.assertEqual(client.connection.recv(1), b"")
        client.connection.close()
        after = wait_until(lambda: (found := server.status()["counters"])["active"] == 0 and found)
        changed = {name for name in after if after[name] != before[name]}
        self.assertEqual(changed, {"accepted", outcome})

    def test_instead_of_a_request(self):
        with Server("--no-tls") as server:
            for name, data in INSTEAD_OF_A_REQUEST.items():
                with self.subTest(name):
                    self.assert_refused(server, lambda client, data=data:
                                        client.connection.sendall(data), "protocol_error", "protocol")
            self.assertIsNone(problem_with(server.status()))

    def test_instead_of_a_client_report(self):
        top = sample_client_report()
        violations = {
            "another request": frame(REQUEST, GOOD), "a join": frame(JOIN, {"secret": "0" * 32}),
            "NUL in a name": frame(TOP, top | {"name": "a\0b"}),
            "an escape in a name": frame(TOP, top | {"name": "a\x1b[31m"}),
            "a name of 64 KiB": frame(TOP, top | {"name": "a" * 65536}),
            "a pid of 0": frame(TOP, top | {"pid": 0}),
            "ticks below 0": frame(TOP, top | {"user_ticks": -1}),
            "an invalid id": frame(TOP, top | {"id": "../../etc/passwd"}),
            "JSON of 1 MiB": frame(TOP, top | {"x": "a" * 2**20}),
        }
        with Server("--no-tls") as server:
            for name, data in violations.items():
                def send(client, data=data):
                    client.fetch(top=1)
                    client.connection.sendall(data)
                with self.subTest(name):
                    self.assert_refused(server, send, "protocol_error", "protocol")
            self.assertEqual(server.status()["reports"], [])

REPORT = b"# topnet report 1\n    PID      USER    SYSTEM     TOTAL  NAME\n"


def end_of(report, **changes):
    return frame(END, {"length": len(report), "sha256": hashlib.sha256(report).hexdigest()} | changes)


# Answers to a REQUEST, each of which makes the client exit with 8, or with 1 if the server names its own failure.
ANSWERS = {
    "END too early": end_of(REPORT),
    "a wrong hash": frame(DATA, REPORT) + end_of(REPORT, sha256="0" * 64),
    "a wrong length": frame(DATA, REPORT) + end_of(REPORT, length=len(REPORT) + 1),
    "no END": frame(DATA, REPORT),
    "half a frame": frame(DATA, REPORT, len(REPORT) + 1),
    "data after END": frame(DATA, REPORT) + end_of(REPORT) + frame(DATA, REPORT),
    "length 2^32-1": frame(DATA, b"", 2**32 - 1),
    "an ACK first": frame(ACK, {"id": "0" * 32}),
    "a request": frame(REQUEST, GOOD),
    "unknown type": frame(99, b""),
    "an ERROR of an unknown kind": frame(ERROR, {"code": "\x1b[31m", "message": "x"}),
    "an ERROR after END": frame(DATA, REPORT) + end_of(REPORT) + frame(ERROR, {"code": "internal", "message": "x"}),
    "an ERROR with raw bytes": frame(ERROR, {"code": "busy", "message": "\x1b[31m"}),
    "deep JSON": frame(END, nested(1000)),
    "HTTP": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "nothing": b"",
}


class HostileServer(unittest.TestCase):
    @contextlib.contextmanager
    def answering(self, answer):
        """The address of a server that reads a request, sends `answer` and ends the connection."""
        with socket.create_server(("127.0.0.1", 0)) as listener:
            def run():
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    connection.recv(65536)
                    connection.sendall(answer)
                    connection.shutdown(socket.SHUT_WR)
                    while connection.recv(65536):
                        pass
            thread = threading.Thread(target=run)
            thread.start()
            yield "127.0.0.1:%d" % listener.getsockname()[1]
            thread.join()

    def test_each_answer(self):
        for name, answer in ANSWERS.items():
            with self.subTest(name), tempfile.TemporaryDirectory() as folder:
                path = os.path.join(folder, "report")
                with self.answering(answer) as address:
                    result = topnet("fetch", address, "--no-tls", "-o", path, "--state-dir",
                                    folder + "/state")
                message = result.stderr.decode()
                status = 1 if name in ("an ERROR of an unknown kind", "an ERROR after END") else 8
                self.assertEqual((result.returncode, result.stdout, message.count("\n")), (status, b"", 1), message)
                self.assertNotIn("\x1b", message)
                # Only a complete report is stored, and the message mentions it.
                self.assertEqual(os.path.exists(path), "after END" in name, message)
                self.assertEqual("the report is stored" in message, "after END" in name, message)

    def test_the_client_ends_the_connection_by_close_notify_after_an_error(self):
        """X7, C9: so do `fetch` and `join`, also if the server does not agree on topnet/1"""
        refusal = frame(ERROR, {"code": "busy", "message": "x"})
        with tempfile.TemporaryDirectory() as state:
            for answer, alpn, status in ((refusal, ["topnet/1"], 5), (frame(99, b""), ["topnet/1"], 8), (b"", [], 8)):
                with self.subTest(answer=answer, alpn=alpn), ManInTheMiddle(answer=answer, alpn=alpn) as server:
                    invite = f"topnet1/{server.address}/{server.pin.removeprefix('SHA256:')}/{'0' * 32}"
                    for command in (["fetch", server.address, "--pin", server.pin], ["trust", "join", invite]):
                        result = topnet(*command, "--state-dir", state)
                        self.assertEqual(result.returncode, status, result.stderr)
                    wait_until(lambda server=server: len(server.outcomes) == 2)
                    self.assertEqual(server.outcomes, ["close_notify"] * 2)

if __name__ == "__main__":
    unittest.main()
