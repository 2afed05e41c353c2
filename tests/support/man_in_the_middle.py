"""A proxy with a TLS identity of its own, which reads all that clients send."""

import contextlib
import os
import select
import socket
import ssl
import tempfile
import threading

from support.independent_client import tls_context
from support.trust import pin


class ManInTheMiddle:
    """Accepts connections at `address` and forwards them to a topnet server at 127.0.0.1:PORT. Without a port
    it only reads, and answers each piece with `answer`. It agrees on one of the ALPN protocols `alpn`."""

    def __init__(self, port=None, answer=b"", alpn=("topnet/1",)):
        self.port = port
        self.answer = answer
        self.alpn = alpn
        self.folder = tempfile.TemporaryDirectory()
        self.state = os.path.join(self.folder.name, "state")
        self.pin = pin(self.state)
        self.seen = b""  # what clients sent, decrypted
        self.outcomes = []  # a line for each connection that has ended
        self.threads = []

    def __enter__(self):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.state + "/identity.crt", self.state + "/identity.key")
        self.context.set_alpn_protocols(list(self.alpn))
        self.context.num_tickets = 0
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self.listener.getsockname()[1]}"
        self.start(self.accept)
        return self

    def start(self, function, *arguments):
        self.threads.append(threading.Thread(target=function, args=arguments, daemon=True))
        self.threads[-1].start()

    def accept(self):
        while True:
            try:
                self.start(self.serve, self.listener.accept()[0])
            except OSError:
                return  # __exit__ has shut it down.

    def serve(self, connection):
        connection.settimeout(20)
        try:
            to_client = self.context.wrap_socket(connection, server_side=True, suppress_ragged_eofs=False)
        except OSError as error:
            self.outcomes.append(f"no handshake: {error}")
            connection.close()
            return
        outcome = "no close_notify"
        with to_client, contextlib.suppress(OSError):
            if self.port is None:
                while data := to_client.recv(65536):
                    self.seen += data
                    to_client.sendall(self.answer)
            else:
                self.forward(to_client)
            outcome = "close_notify"
        self.outcomes.append(outcome)

    def forward(self, to_client):
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        with tls_context(self.state).wrap_socket(raw) as to_server:
            while True:
                ready = select.select([to_client, to_server], [], [], 20)[0]
                if not ready:
                    return
                for source in ready:
                    data = source.recv(65536)
                    if not data:
                        return
                    if source is to_client:
                        self.seen += data
                    (to_server if source is to_client else to_client).sendall(data)

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(timeout=60)
        self.listener.close()
        self.folder.cleanup()
