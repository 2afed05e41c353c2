"""SIGTERM and SIGINT: waiting and holding clients are told, open exchanges complete, and a second signal ends the
server at once."""

import contextlib
import fcntl
import os
import signal
import threading
import unittest

from support.independent_client import ACK, DATA, ERROR, REQUEST, Client, tls_context
from support.program import Server, wait_until
from support.trust import Holder, states

SHUTTING_DOWN = (ERROR, {"code": "shutting_down", "message": "the server is shutting down"})


@contextlib.contextmanager
def open_folder(path):
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield folder
    finally:
        os.close(folder)


class Shutdown(unittest.TestCase):
    def test_a_server_without_clients_ends_at_once(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with Server() as server:
                server.process.send_signal(number)
                self.assertEqual(server.process.wait(timeout=30), 0)
                self.assertEqual(server.next_line(), "")

    def test_a_process_that_holds_the_lock_stops_neither_clients_nor_the_end(self):
        with Server() as server, open_folder(server.state) as folder:
            fcntl.flock(folder, fcntl.LOCK_EX)
            os.utime(os.path.join(server.state, "identity.key"))  # The server reads its keys again.
            self.assertEqual(server.fetch("-n", "1").returncode, 0)
            self.assertEqual(server.stop(), 0)

    def test_a_waiting_client_is_told(self):
        with Server() as server:
            client = Client(server.port, server.state)
            wait_until(lambda: states(server) == {"local": ["waiting"]})
            server.process.terminate()
            self.assertEqual(client.read(), SHUTTING_DOWN)
            client.close()
            self.assertEqual(server.process.wait(timeout=30), 0)

    def test_holding_clients_are_told_and_exit_with_0(self):
        with contextlib.ExitStack() as stack, Server() as server:
            holders = [stack.enter_context(Holder(server, server.state)) for _ in range(5)]
            wait_until(lambda: states(server) == {"local": ["idle"] * 5})
            server.process.terminate()
            for holder in holders:
                status, lines = holder.end()
                self.assertEqual((status, lines[1:]), (0, ["topnet: the hold ended early: "
                                                           "the server is shutting down"]))
            self.assertEqual(server.process.wait(timeout=30), 0)

    def connect_until_it_has_ended(self, server, ends):
        """Asks over and over, on new connections; appends how each ended after its handshake."""
        while True:
            try:
                client = Client(server.port, server.state)
            except ConnectionRefusedError:
                return
            except OSError:
                continue  # The handshake was not complete.
            try:
                client.send(REQUEST, {"top": 1, "sort": "cpu", "format": "text", "delay": None,
                                      "hold": 0})
                kind, payload = client.read()
                ends.append(payload["code"] if kind == ERROR else kind)
            except (EOFError, OSError) as error:
                ends.append(error)
            finally:
                client.connection.close()

    def test_after_the_handshake_every_client_is_served_or_told(self):
        ends = []
        with Server() as server:
            clients = [threading.Thread(target=self.connect_until_it_has_ended, args=(server, ends))
                       for _ in range(30)]
            for client in clients:
                client.start()
            wait_until(lambda: len(ends) > 100)
            server.process.terminate()
            self.assertEqual(server.process.wait(timeout=30), 0)
            for client in clients:
                client.join()
        self.assertEqual({end for end in ends if end not in (DATA, "shutting_down")}, set())

    def test_a_handshake_in_progress_is_completed(self):
        with Server() as server:
            waiting = Client(server.port, server.state)
            # Stopped, so that it cannot answer before the client stops reading.
            server.process.send_signal(signal.SIGSTOP)
            halfway = Client(server.port)
            halfway.begin_handshake(tls_context(server.state))
            server.process.send_signal(signal.SIGCONT)
            wait_until(lambda: sorted(each["state"] for each in server.status()["connections"]) ==
                       ["handshake", "waiting"])
            server.process.terminate()
            self.assertEqual(waiting.read(), SHUTTING_DOWN)
            try:
                halfway.end_handshake()
                answer = halfway.read()
            except (EOFError, OSError) as error:
                answer = error
            self.assertEqual(answer, SHUTTING_DOWN)
            halfway.close()
            waiting.close()
            self.assertEqual(server.process.wait(timeout=30), 0)

    def in_an_exchange(self, server):
        """A client that has not sent its client report when the server is told to end."""
        client = Client(server.port, server.state)
        client.fetch()
        server.process.terminate()
        wait_until(server.refuses_connections)
        return client

    def test_an_open_exchange_completes_and_the_page_shows_it(self):
        with Server() as server:
            client = self.in_an_exchange(server)
            document = server.status()
            self.assertEqual([each["state"] for each in document["connections"]], ["receiving"])
            self.assertEqual(client.send_client_report()[1][0], ACK)
            self.assertEqual(client.read(), SHUTTING_DOWN)
            client.close()
            self.assertEqual(server.process.wait(timeout=30), 0)

    def test_a_second_signal_ends_it_at_once(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with Server() as server:
                client = self.in_an_exchange(server)
                server.process.send_signal(number)
                self.assertEqual(server.process.wait(timeout=30), -number)
                client.connection.close()

    def test_the_port_can_be_reused_at_once(self):
        with Server() as first:
            self.assertEqual(first.fetch().returncode, 0)
            page = first.page.split("/")[2]
            self.assertEqual(first.stop(), 0)
            with Server("--listen", first.address, "--http", page, state=first.state) as second:
                self.assertEqual(second.fetch().returncode, 0)
                self.assertEqual(second.startup_lines, first.startup_lines)


if __name__ == "__main__":
    unittest.main()
