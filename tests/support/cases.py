"""The base of most test cases: a folder of their own, and checks of failed commands and refused clients."""

import os
import tempfile
import unittest

from support.independent_client import ERROR


class FolderCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.client = self.path("client")  # a state directory

    def path(self, *names):
        return os.path.join(self.folder, *names)

    def assert_fails(self, result, status, *expected):
        """It printed nothing, and one line on standard error with each of the `expected` texts."""
        message = result.stderr.decode()
        self.assertEqual((result.returncode, result.stdout, message.count("\n")), (status, b"", 1), message)
        for text in expected:
            self.assertIn(text, message)

    def assert_refused(self, client, code, text):
        """The server sends an ERROR to `client`, a support.independent_client.Client, and ends the connection."""
        kind, payload = client.read()
        self.assertEqual((kind, payload["code"]), (ERROR, code))
        self.assertIn(text, payload["message"])
        self.assertEqual(client.connection.recv(1), b"", "nothing follows an ERROR")
        client.connection.close()
