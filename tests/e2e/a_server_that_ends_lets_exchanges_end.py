"""SIGTERM and SIGINT: who waits or holds is told, who is in the middle ends, and a second one cuts."""

import os
import signal
import subprocess
import tempfile
import threading
import unittest

from support.independent_client import ACK, DATA, ERROR, REQUEST, Client, tls_context
from support.program import TOPNET, Server, wait_until

GOODBYE = (ERROR, {"code": "shutting_down", "message": "the server is shutting down"})


class Ends(unittest.TestCase):
    def test_a_server_without_clients_ends_at_once(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with Server() as server:
                server.process.send_signal(number)
                self.assertEqual(server.process.wait(timeout=30), 0)
                self.assertEqual(server.next_line(), "")

    def test_a_client_that_waits_is_told(self):
        with Server() as server:
            client = Client(server.port, server.state)
            wait_until(lambda: [each["state"] for each in server.status()["connections"]] ==
                       ["waiting"])
            server.process.terminate()
            self.assertEqual(client.read(), GOODBYE)
            client.close()
            self.assertEqual(server.process.wait(timeout=30), 0)

    def test_clients_that_hold_are_told_and_have_done_their_work(self):
        with tempfile.TemporaryDirectory() as folder, Server() as server:
            clients = [subprocess.Popen(
                [TOPNET, "fetch", server.address, "--state-dir", server.state, "-o",
                 os.path.join(folder, str(i)), "--hold", "300"], stderr=subprocess.PIPE)
                for i in range(5)]
            wait_until(lambda: [each["state"] for each in server.status()["connections"]] ==
                       ["idle"] * 5)
            server.process.terminate()
            for client in clients:
                said = client.communicate(timeout=60)[1].decode().splitlines()
                self.assertEqual(client.returncode, 0)
                self.assertEqual(said[1:], ["topnet: the server ended the hold: "
                                            "the server is shutting down"])
            self.assertEqual(server.process.wait(timeout=30), 0)

    def come_until_it_is_gone(self, server, ends):
        """Exchanges, one connection each; adds how each has ended that shook hands."""
        while True:
            try:
                client = Client(server.port, server.state)
            except ConnectionRefusedError:
                return
            except OSError:
                continue  # before its handshake was done
            try:
                client.send(REQUEST, {"top": 1, "sort": "cpu", "format": "text", "delay": None,
                                      "hold": 0})
                kind, payload = client.read()
                ends.append(payload["code"] if kind == ERROR else kind)
            except (EOFError, OSError) as error:
                ends.append(error)
            finally:
                client.connection.close()

    def test_whoever_has_shaken_hands_is_served_or_told(self):
        ends = []
        with Server() as server:
            clients = [threading.Thread(target=self.come_until_it_is_gone, args=(server, ends))
                       for _ in range(30)]
            for client in clients:
                client.start()
            wait_until(lambda: len(ends) > 100)
            server.process.terminate()
            self.assertEqual(server.process.wait(timeout=30), 0)
            for client in clients:
                client.join()
        self.assertEqual({end for end in ends if end not in (DATA, "shutting_down")}, set())

    def test_a_handshake_that_is_about_to_be_done_ends_before_the_server_does(self):
        with Server() as server:
            waiting = Client(server.port, server.state)
            # Stopped, so that it cannot answer before the client stands still.
            server.process.send_signal(signal.SIGSTOP)
            halfway = Client(server.port)
            halfway.begin_handshake(tls_context(server.state))
            server.process.send_signal(signal.SIGCONT)
            wait_until(lambda: sorted(each["state"] for each in server.status()["connections"]) ==
                       ["handshake", "waiting"])
            server.process.terminate()
            self.assertEqual(waiting.read(), GOODBYE)
            try:
                halfway.end_handshake()
                answer = halfway.read()
            except (EOFError, OSError) as error:
                answer = error
            self.assertEqual(answer, GOODBYE)
            halfway.close()
            waiting.close()
            self.assertEqual(server.process.wait(timeout=30), 0)

    def in_the_middle(self, server):
        """A client that owes its top when the server is told to end."""
        client = Client(server.port, server.state)
        client.fetch()
        server.process.terminate()
        wait_until(server.refuses_connections)
        return client

    def test_a_client_in_the_middle_ends_its_exchange_and_the_page_shows_it(self):
        with Server() as server:
            client = self.in_the_middle(server)
            document = server.status()
            self.assertEqual([each["state"] for each in document["connections"]], ["receiving"])
            self.assertEqual(client.send_top()[1][0], ACK)
            self.assertEqual(client.read(), GOODBYE)
            client.close()
            self.assertEqual(server.process.wait(timeout=30), 0)

    def test_a_second_signal_ends_it_at_once(self):
        for number in (signal.SIGTERM, signal.SIGINT):
            with Server() as server:
                client = self.in_the_middle(server)
                server.process.send_signal(number)
                self.assertEqual(server.process.wait(timeout=30), -number)
                client.connection.close()

    def test_the_port_can_be_taken_again_at_once(self):
        with Server() as first:
            self.assertEqual(first.fetch().returncode, 0)
            page = first.page.split("/")[2]
            self.assertEqual(first.stop(), 0)
            with Server("--listen", first.address, "--http", page, state=first.state) as second:
                self.assertEqual(second.fetch().returncode, 0)
                self.assertEqual(second.said, first.said)


if __name__ == "__main__":
    unittest.main()
