"""What topnet-protocol(7) says is what the server does: a client written from that page alone."""

import os
import re
import unittest

from support.independent_client import ACK, ERROR, TOP, Client
from support.program import Server, count_rows, wait_until

PAGE = os.path.join(os.path.dirname(__file__), "..", "..", "man", "topnet-protocol.7")


def threads(server):
    names = set()
    for task in os.listdir(f"/proc/{server.process.pid}/task"):
        with open(f"/proc/{server.process.pid}/task/{task}/comm", encoding="utf-8") as file:
            names.add(file.read().strip())
    return names


class Protocol(unittest.TestCase):
    def test_exchanges_over_tls(self):
        """X1, X2, X3, X4, X5, X6, M2, M4: what is said in the page is all that a client needs."""
        with Server() as server:
            client = Client(server.port, server.state)
            for top in (1, 3):
                report = client.fetch(top=top)
                self.assertEqual(count_rows(report), top)
                sent, answer = client.send_top(name="a\\x1b b")
                self.assertEqual(answer, (ACK, {"id": sent}))
                self.assertIn(r"its top a\x1b b (4121), 812 user + 31 system ticks",
                              server.next_line())
            client.close()

    def test_exchanges_in_plaintext(self):
        """C8: without TLS everybody is served"""
        with Server("--no-tls") as server:
            client = Client(server.port)
            self.assertTrue(client.fetch(form="json").startswith(b'{"schema":"topnet.report/1"'))
            self.assertEqual(client.send_top()[1][0], ACK)
            client.close()

    def assert_refused(self, client, code, words):
        kind, payload = client.read()
        self.assertEqual((kind, payload["code"]), (ERROR, code))
        self.assertIn(words, payload["message"])
        self.assertEqual(client.connection.recv(1), b"", "nothing comes behind an ERROR")

    def test_a_breach_is_answered_and_ends_the_connection(self):
        """F3, F4, F6, X9, M3, E5: one ERROR, and nothing behind it"""
        with Server("--no-tls") as server:
            for raw, words in [
                    (b"\x09\x00\x00\x00\x00", "unknown frame type 9"),
                    (b"GET / HTTP/1.1\r\n\r\n", "unknown frame type 71"),
                    (b"\x01\xff\xff\xff\xff", "announces 4294967295 bytes"),
                    (b"\x01\x00\x00\x10\x01", "announces 4097 bytes"),
                    (b"\x01\x00\x00\x00\x02[]", "not a JSON object"),
                    (b"\x01\x00\x00\x00\x02{}", "field top"),
                    (b"\x05\x00\x00\x00\x02{}", "a request was due")]:
                with self.subTest(raw):
                    client = Client(server.port)
                    client.connection.sendall(raw)
                    self.assert_refused(client, "protocol", words)
                    client.connection.close()

    def test_a_refusal_arrives_whatever_the_client_has_sent_behind_its_breach(self):
        """X9: a close with unread input would destroy it"""
        for words in (["--no-tls"], ["--tls"]):
            with Server(*words) as server:
                for _ in range(20):
                    client = Client(server.port, server.state if words == ["--tls"] else None)
                    client.connection.sendall(b"\x09\x00\x00\x00\x00" + bytes(100000))
                    self.assert_refused(client, "protocol", "unknown frame type 9")
                    client.connection.close()

    def test_both_sides_end(self):
        """X7: the server ends its side when the client has"""
        for words in (["--no-tls"], ["--tls"]):
            with Server(*words) as server:
                client = Client(server.port, server.state if words == ["--tls"] else None)
                client.fetch()
                self.assertEqual(client.send_top()[1][0], ACK)
                self.assertEqual(client.end(), b"")
                client.connection.close()

    def test_one_client_too_many_is_told_so_before_it_has_sent_anything(self):
        """E2, X10: busy comes unasked"""
        with Server("--no-tls", "--max-clients", "1") as server:
            first = Client(server.port)
            first.fetch()
            second = Client(server.port)
            self.assert_refused(second, "busy", "too many clients")
            second.connection.close()
            self.assertEqual(first.send_top()[1][0], ACK)
            first.close()

    def test_a_client_that_waits_or_holds_is_told_when_the_server_shuts_down(self):
        """E3, X10: shutting_down comes unasked"""
        with Server("--no-tls") as server:
            holding, waiting = Client(server.port), Client(server.port)
            holding.fetch(hold=300)
            self.assertEqual(holding.send_top()[1][0], ACK)
            wait_until(lambda: threads(server) >= {"client-1", "client-2"})
            server.process.terminate()
            for client in (holding, waiting):
                self.assert_refused(client, "shutting_down", "shutting down")
                client.connection.close()
            self.assertEqual(server.process.wait(timeout=30), 0)

    def test_a_silent_client_is_told_that_it_took_too_long(self):
        """E4, D2, D6: the server speaks first where the client does not"""
        with Server("--no-tls") as server:
            client = Client(server.port)
            client.connection.sendall(b"\x01\x00")
            self.assert_refused(client, "timeout", "too long")
            client.connection.close()

    def test_a_top_before_the_request_and_a_bad_top_are_breaches(self):
        """X8, M4, M7: a TOP has its place and its form"""
        with Server("--no-tls") as server:
            client = Client(server.port)
            client.send(TOP, {})
            self.assert_refused(client, "protocol", "a request was due")
            client.connection.close()
            client = Client(server.port)
            client.fetch()
            answer = client.send_top(name="raw \x1b")[1]
            self.assertEqual((answer[0], answer[1]["code"]), (ERROR, "protocol"))
            client.connection.close()

    def test_the_example_of_the_page_is_what_is_accepted(self):
        """F1, F2, M5, M7, M8: the bytes of the page are those of the wire"""
        with open(PAGE, encoding="utf-8") as file:
            blocks = re.findall(r"^\.Bd -literal\n(.*?)^\.Ed", file.read(), re.MULTILINE | re.DOTALL)
        self.assertEqual(len(blocks), 5)
        frames = [bytes.fromhex("".join(line[:48] for line in block.splitlines()))
                  for block in blocks]
        with Server("--no-tls") as server:
            client = Client(server.port)
            client.connection.sendall(frames[0])
            while client.read()[0] != 3:
                pass
            client.connection.sendall(frames[3])
            self.assertEqual(client.read_exactly(len(frames[4])), frames[4])
            client.close()


if __name__ == "__main__":
    unittest.main()
