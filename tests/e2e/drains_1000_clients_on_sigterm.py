"""A thousand clients at once: SIGTERM drains them, and connections that have ended leave nothing behind."""

import concurrent.futures
import contextlib
import os
import resource
import socket
import unittest

from support.independent_client import ACK, DATA, ERROR, Client
from support.program import Server, wait_until

MANY = 200 if os.environ.get("TOPNET_SANITIZE") else 1000
TRANSFERS = 64


def raise_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def read_to_the_end(client):
    """The types of the frames until the connection ends, once each and in order of arrival."""
    kinds = []
    with contextlib.suppress(EOFError, OSError):
        while True:
            kind, _ = client.read()
            if kind not in kinds:
                kinds.append(kind)
    client.connection.close()
    return kinds


class Drain(unittest.TestCase):
    def setUp(self):
        raise_limit()

    def holding_clients(self, server, stack):
        def connect(_):
            client = Client(server.port, server.state)
            client.exchange(hold=300)
            return client
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            clients = list(pool.map(connect, range(MANY)))
        for client in clients:
            stack.callback(client.connection.close)
        return clients

    def test_every_client_is_told_or_served(self):
        with contextlib.ExitStack() as stack, Server("--max-clients", "2000") as server:
            clients = self.holding_clients(server, stack)
            transfers = [Client(server.port, server.state) for _ in range(TRANSFERS)]
            for client in transfers:
                client.send(1, {"top": 100000, "sort": "cpu", "format": "json", "delay": None,
                                "hold": 0})
            server.process.terminate()
            with concurrent.futures.ThreadPoolExecutor(TRANSFERS) as pool:
                ends = list(pool.map(self.end_of_transfer, transfers))
            self.assertEqual([end for end in ends if end not in ("served", "refused")], [])
            for client in clients:
                self.assertEqual(read_to_the_end(client), [ERROR])
            self.assertEqual(server.process.wait(timeout=60), 0)

    def end_of_transfer(self, client):
        """"served" if it got the report and its client report was acknowledged, "refused" after shutting_down."""
        try:
            kind, payload = client.read()
            while kind == DATA:
                kind, payload = client.read()
            if kind == ERROR:
                return "refused" if payload["code"] == "shutting_down" else payload["code"]
            return "served" if client.send_client_report()[1][0] == ACK else "cut off"
        except (EOFError, OSError):
            return "cut off"
        finally:
            client.connection.close()

class Resources(unittest.TestCase):
    def setUp(self):
        raise_limit()

    def visit(self, server, i):
        """One of many ways to come and go."""
        if i % 10 == 0:
            client = Client(server.port, server.state)
            client.exchange()
            client.close()
        elif i % 10 == 1:
            Client(server.port, server.state).connection.close()
        else:
            with socket.create_connection(("127.0.0.1", server.port)) as connection:
                if i % 2:
                    connection.sendall(b"\x16\x03\x01\x00\xc8\x01 no hello")

    def at_rest(self, server, threads):
        """The status document, once only the `threads` permanent threads are left."""
        return wait_until(lambda: (found := server.status())["work"]["threads"] == threads and found)

    def test_nothing_is_left_of_2000_connections(self):
        with Server("--max-clients", "2000") as server, \
                concurrent.futures.ThreadPoolExecutor(8) as pool:
            threads = server.status()["work"]["threads"]
            list(pool.map(lambda i: self.visit(server, i), range(500)))
            work, memory = self.at_rest(server, threads)["work"], server.resident_kib()
            list(pool.map(lambda i: self.visit(server, i), range(2 * MANY)))
            document = self.at_rest(server, threads)
            self.assertEqual(document["counters"]["accepted"], 500 + 2 * MANY)
            self.assertEqual(document["work"]["open_fds"], work["open_fds"])
            if not os.environ.get("TOPNET_SANITIZE"):  # a sanitizer keeps freed memory
                wait_until(lambda: server.resident_kib() - memory < 4096)


if __name__ == "__main__":
    unittest.main()
