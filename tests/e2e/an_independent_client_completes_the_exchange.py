"""What topnet-protocol(7) says is what the server does: a client written from that page alone."""

import os
import re
import tempfile
import unittest

from support.independent_client import ACK, ERROR, TOP, Client
from support.program import Server, topnet

PAGE = os.path.join(os.path.dirname(__file__), "..", "..", "man", "topnet-protocol.7")


class Protocol(unittest.TestCase):
    def test_exchanges_over_tls(self):
        with Server() as server:
            client = Client(server.port, server.state)
            self.assertEqual("topnet: pin " + client.pin, server.said[0])
            self.assertEqual(client.connection.version(), "TLSv1.3")
            self.assertEqual(client.connection.selected_alpn_protocol(), "topnet/1")
            for top in (1, 3):
                report = client.fetch(top=top)
                self.assertEqual(len(report.splitlines()), 7 + top)
                sent, answer = client.send_top(name="a\\x1b b")
                self.assertEqual(answer, (ACK, {"id": sent}))
                self.assertIn(r"its top a\x1b b (4121), 812 user + 31 system ticks",
                              server.next_line())
            client.close()

    def test_exchanges_in_plaintext(self):
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
        with Server("--no-tls") as server:
            for raw, words in [
                    (b"\x07\x00\x00\x00\x00", "unknown frame type 7"),
                    (b"GET / HTTP/1.1\r\n\r\n", "unknown frame type 71"),
                    (b"\x01\xff\xff\xff\xff", "announces 4294967295 bytes"),
                    (b"\x01\x00\x00\x10\x01", "announces 4097 bytes"),
                    (b"\x01\x00\x00\x00\x02[]", "no JSON object"),
                    (b"\x01\x00\x00\x00\x02{}", "field top"),
                    (b"\x05\x00\x00\x00\x02{}", "a request was due")]:
                with self.subTest(raw):
                    client = Client(server.port)
                    client.connection.sendall(raw)
                    self.assert_refused(client, "protocol", words)
                    client.connection.close()

    def test_a_top_before_the_request_and_a_bad_top_are_breaches(self):
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

    def test_a_stranger_is_told_so_after_its_first_frame(self):
        with Server() as server, tempfile.TemporaryDirectory() as folder:
            stranger = os.path.join(folder, "state")
            topnet("trust", "show", "--state-dir", stranger)
            client = Client(server.port, stranger)
            client.send(1, {"top": 1})
            self.assert_refused(client, "not_enrolled", "does not know your key")
            client.connection.close()

    def test_a_client_without_the_alpn_is_told_so(self):
        with Server() as server:
            client = Client(server.port, server.state, alpn=())
            self.assert_refused(client, "protocol", "ALPN")
            client.connection.close()

    def test_the_example_of_the_page_is_what_is_accepted(self):
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
