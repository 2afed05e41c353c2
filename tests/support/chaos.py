"""A proxy that spoils one connection at a chosen byte."""

import select
import socket
import struct
import threading
import time

FORWARD, BACK = 0, 1  # from the client to the server, and the other way round


class Proxy:
    """Hands connections on to `port`. What `spoil` says happens to the next one: (direction, offset,
    how), where how is "fin" or "rst"; "flip" for a bit of that byte; "stall" for a second before it,
    "dribble" for a byte at a time from it on; None spoils nothing. When a connection has been ended so,
    `then` has what happens to the next ones, where that is given."""

    def __init__(self, port):
        self.port = port
        self.spoil = self.then = None
        self.passed = [0, 0]  # bytes of the last connection, by direction
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
                    self.hand_on(client, server)
                except OSError:
                    pass  # One of them has gone.

    def hand_on(self, client, server):
        ends = {client: (server, FORWARD), server: (client, BACK)}
        self.ends = (client, server)
        self.passed = [0, 0]
        while ends:
            for source in select.select(list(ends), [], [])[0]:
                target, direction = ends[source]
                data = source.recv(65536)
                if not data:
                    target.shutdown(socket.SHUT_WR)
                    del ends[source]
                elif self.hand_over(direction, data, target):
                    return

    def hand_over(self, direction, data, target):
        """Whether the connection is over."""
        start = self.passed[direction]
        self.passed[direction] += len(data)
        if not self.spoil or self.spoil[0] != direction:
            target.sendall(data)
            return False
        _, offset, how = self.spoil
        if not start <= offset < start + len(data):
            target.sendall(data)
            return False
        at = offset - start
        if how == "stall":
            target.sendall(data[:at])
            time.sleep(1)
            target.sendall(data[at:])
            return False
        if how == "dribble":
            self.spoil = (direction, start + len(data), how)  # the rest as well
            target.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for i in range(len(data)):
                target.sendall(data[i:i + 1])
            return False
        if how == "flip":
            target.sendall(data[:at] + bytes([data[at] ^ 0x10]) + data[at + 1:])
            return False
        target.sendall(data[:at])
        if self.then is not None:
            self.spoil = self.then.pop(0) if self.then else None
        if how == "rst":
            for each in self.ends:
                each.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        return True
