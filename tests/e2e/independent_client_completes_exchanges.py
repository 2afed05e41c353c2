"""The server does what topnet-protocol(7) says: a client that was written from that page alone."""

import os
import re
import unittest

from support.cases import FolderCase
from support.independent_client import ACK, END, ERROR, TOP, Client
from support.program import Server, count_rows, wait_until

PAGE = os.path.join(os.path.dirname(__file__), "..", "..", "man", "topnet-protocol.7")


class Protocol(FolderCase):
    def test_exchanges_over_tls(self):
        """X1, X2, X3, X4, X5, X6, M2, M4: the page has all that a client needs"""
        with Server() as server:
            client = Client(server.port, server.state)
            for top in (1, 3):
                report = client.fetch(top=top)
                self.assertEqual(count_rows(report), top)
                sent, answer = client.send_client_report(name="a\\x1b b")
                self.assertEqual(answer, (ACK, {"id": sent}))
                self.assertIn(r"its busiest process is a\x1b b (4121), 812 user + 31 system ticks",
                              server.next_line())
            client.close()

    def test_exchanges_in_plaintext(self):
        """C8: without TLS every client is served"""
        with Server("--no-tls") as server:
            client = Client(server.port)
            self.assertTrue(client.fetch(form="json").startswith(b'{"schema":"topnet.report/1"'))
            self.assertEqual(client.send_client_report()[1][0], ACK)
            client.close()

    def test_a_violation_is_answered_and_ends_the_connection(self):
        """F3, F4, F6, X9, M3, E5: one ERROR, and nothing after it"""
        with Server("--no-tls") as server:
            for raw, text in [
                    (b"\x09\x00\x00\x00\x00", "unknown frame type 9"),
                    (b"GET / HTTP/1.1\r\n\r\n", "unknown frame type 71"),
                    (b"\x01\xff\xff\xff\xff", "announces 4294967295 bytes"),
                    (b"\x01\x00\x00\x10\x01", "announces 4097 bytes"),
                    (b"\x01\x00\x00\x00\x02[]", "not a JSON object"),
                    (b"\x01\x00\x00\x00\x02{}", "field top"),
                    (b"\x05\x00\x00\x00\x02{}", "expected a REQUEST frame")]:
                with self.subTest(raw):
                    client = Client(server.port)
                    client.connection.sendall(raw)
                    self.assert_refused(client, "protocol", text)

    def test_an_error_arrives_even_if_the_client_has_sent_more_than_the_server_reads(self):
        """X7, X9: a close with unread input would destroy the ERROR; the server ends its side when the client has"""
        for option in ("--no-tls", "--tls"):
            with Server(option) as server:
                for _ in range(20):
                    client = Client(server.port, server.state if option == "--tls" else None)
                    client.connection.sendall(b"\x09\x00\x00\x00\x00" + bytes(100000))
                    self.assert_refused(client, "protocol", "unknown frame type 9")
                client = Client(server.port, server.state if option == "--tls" else None)
                client.exchange()
                self.assertEqual(client.end(), b"")
                client.connection.close()

    def test_a_client_without_a_slot_is_told_before_it_has_sent_anything(self):
        """E2, X10: busy needs no REQUEST"""
        with Server("--no-tls", "--max-clients", "1") as server:
            first = Client(server.port)
            first.fetch()
            second = Client(server.port)
            self.assert_refused(second, "busy", "too many clients")
            self.assertEqual(first.send_client_report()[1][0], ACK)
            first.close()

    def test_a_client_that_waits_or_holds_is_told_when_the_server_shuts_down(self):
        """E3, X10: shutting_down needs no REQUEST"""
        with Server("--no-tls") as server:
            holding, waiting = Client(server.port), Client(server.port)
            holding.exchange(hold=300)
            wait_until(lambda: set(server.threads()) >= {"client-1", "client-2"})
            server.process.terminate()
            for client in (holding, waiting):
                self.assert_refused(client, "shutting_down", "shutting down")
            self.assertEqual(server.process.wait(timeout=30), 0)

    def test_a_silent_client_gets_a_timeout(self):
        """E4, D2, D6: the server sends an ERROR if the client sends no REQUEST"""
        with Server("--no-tls") as server:
            client = Client(server.port)
            client.connection.sendall(b"\x01\x00")
            self.assert_refused(client, "timeout", "timed out waiting")

    def test_a_client_report_before_the_request_and_an_invalid_one_are_violations(self):
        """X8, M4, M7: a TOP follows END, and has the form of the page"""
        with Server("--no-tls") as server:
            client = Client(server.port)
            client.send(TOP, {})
            self.assert_refused(client, "protocol", "expected a REQUEST frame")
            client = Client(server.port)
            client.fetch()
            answer = client.send_client_report(name="raw \x1b")[1]
            self.assertEqual((answer[0], answer[1]["code"]), (ERROR, "protocol"))
            client.connection.close()

    def test_the_example_of_the_page_is_accepted(self):
        """F1, F2, M5, M7, M8: the bytes of the page are those of the wire"""
        with open(PAGE, encoding="utf-8") as file:
            blocks = re.findall(r"^\.Bd -literal\n(.*?)^\.Ed", file.read(), re.MULTILINE | re.DOTALL)
        self.assertEqual(len(blocks), 5)
        frames = [bytes.fromhex("".join(line[:48] for line in block.splitlines()))
                  for block in blocks]
        with Server("--no-tls") as server:
            client = Client(server.port)
            client.connection.sendall(frames[0])
            while client.read()[0] != END:
                pass
            client.connection.sendall(frames[3])
            self.assertEqual(client.read_exactly(len(frames[4])), frames[4])
            client.close()


if __name__ == "__main__":
    unittest.main()
