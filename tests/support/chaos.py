"""A proxy that breaks one connection at a chosen byte."""

import select
import socket
import struct
import threading
import time

FORWARD, BACK = 0, 1  # from the client to the server, and from the server to the client


class Proxy:
    """Forwards connections to `port`, one at a time.

    `fault` happens to the next connection: (direction, offset, kind). Kinds: "fin" and "rst" end it before
    that byte, "flip" inverts a bit of it, "stall" waits a second before it, and "dribble" sends one byte at a
    time from it on. None forwards everything. After a "fin" or "rst", the next fault is taken from
    `next_faults`, unless that is None.
    """

    def __init__(self, port):
        self.port = port
        self.fault = self.next_faults = None
        self.forwarded = [0, 0]  # bytes of the last connection, by direction
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.run)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.thread.join()
        self.listener.close()

    def run(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            with client, socket.create_connection(("127.0.0.1", self.port)) as server:
                try:
                    self.forward(client, server)
                except OSError:
                    pass  # The client or the server has left.

    def forward(self, client, server):
        ends = {client: (server, FORWARD), server: (client, BACK)}
        self.sockets = (client, server)
        self.forwarded = [0, 0]
        while ends:
            for source in select.select(list(ends), [], [])[0]:
                target, direction = ends[source]
                data = source.recv(65536)
                if not data:
                    target.shutdown(socket.SHUT_WR)
                    del ends[source]
                elif self.send_piece(direction, data, target):
                    return

    def send_piece(self, direction, data, target):
        """Returns whether the connection has ended."""
        start = self.forwarded[direction]
        self.forwarded[direction] += len(data)
        if not self.fault or self.fault[0] != direction:
            target.sendall(data)
            return False
        _, offset, kind = self.fault
        if not start <= offset < start + len(data):
            target.sendall(data)
            return False
        at = offset - start
        if kind == "stall":
            target.sendall(data[:at])
            time.sleep(1)
            target.sendall(data[at:])
            return False
        if kind == "dribble":
            self.fault = (direction, start + len(data), kind)  # also the next piece
            target.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for i in range(len(data)):
                target.sendall(data[i:i + 1])
            return False
        if kind == "flip":
            target.sendall(data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1:])
            return False
        target.sendall(data[:at])
        if self.next_faults is not None:
            self.fault = self.next_faults.pop(0) if self.next_faults else None
        if kind == "rst":
            for each in self.sockets:
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return True
