"""Somebody on the way with a TLS identity of their own, who reads all that they are sent."""

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
    """Accepts connections at `address`, and passes on what comes to a topnet server at 127.0.0.1:PORT
    and back; without a port, reads, and sends `answer` for each piece that comes."""

    def __init__(self, port=None, answer=b""):
        self.port = port
        self.answer = answer
        self.folder = tempfile.TemporaryDirectory()
        self.state = os.path.join(self.folder.name, "state")
        self.pin = pin(self.state)
        self.seen = b""  # of what clients sent, deciphered
        self.outcomes = []  # a line for each connection that is over
        self.threads = []

    def __enter__(self):
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(self.state + "/identity.crt", self.state + "/identity.key")
        self.context.set_alpn_protocols(["topnet/1"])
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
                return  # It has been shut down.

    def serve(self, connection):
        connection.settimeout(20)
        try:
            inside = self.context.wrap_socket(connection, server_side=True)
        except OSError as error:
            self.outcomes.append(f"no handshake: {error}")
            connection.close()
            return
        with inside, contextlib.suppress(OSError):
            if self.port is None:
                while data := inside.recv(65536):
                    self.seen += data
                    inside.sendall(self.answer)
            else:
                self.pass_on(inside)
        self.outcomes.append("a connection")

    def pass_on(self, inside):
        raw = socket.create_connection(("127.0.0.1", self.port), timeout=20)
        with tls_context(self.state).wrap_socket(raw) as outside:
            while True:
                ready = select.select([inside, outside], [], [], 20)[0]
                if not ready:
                    return
                for source in ready:
                    data = source.recv(65536)
                    if not data:
                        return
                    if source is inside:
                        self.seen += data
                    (outside if source is inside else inside).sendall(data)

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        for thread in self.threads:
            thread.join(timeout=60)
        self.listener.close()
        self.folder.cleanup()
