"""A client written from topnet-protocol(7) alone: nothing of topnet is used."""

import base64
import contextlib
import hashlib
import json
import os
import secrets
import socket
import ssl
import struct

REQUEST, DATA, END, TOP, ACK, ERROR, JOIN, JOINED = 1, 2, 3, 4, 5, 6, 7, 8


def element(der, at):
    """The offsets of the DER element at `at`: of its first byte, of its contents and of its end."""
    length, start = der[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        length, start = int.from_bytes(der[start:start + count], "big"), start + count
    return at, start, start + length


def pin_of(certificate):
    """The pin of a certificate in DER: its SubjectPublicKeyInfo is the field after the subject."""
    _, inside, _ = element(certificate, 0)
    _, at, _ = element(certificate, inside)
    fields_before = 6 if certificate[at] == 0xA0 else 5  # version is optional
    for _ in range(fields_before):
        _, _, at = element(certificate, at)
    begin, _, end = element(certificate, at)
    digest = hashlib.sha256(certificate[begin:end]).digest()
    return "SHA256:" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode()


def tls_context(state=None, alpn=("topnet/1",)):
    """A client's TLS context; without `state` it shows no certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the pin is compared instead
    if state:
        context.load_cert_chain(os.path.join(state, "identity.crt"),
                                os.path.join(state, "identity.key"))
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


def sample_client_report():
    return {"id": secrets.token_hex(16), "host": "db1", "pid": 4121, "name": "postgres",
            "window": {"kind": "since_start", "seconds": None}, "clock_ticks_per_second": 100,
            "user_ticks": 812, "system_ticks": 31}


class Client:
    """A connection: with the identity in `state` or with the TLS context `context`, else without TLS."""

    def __init__(self, port, state=None, context=None):
        self.connection = socket.create_connection(("127.0.0.1", port), timeout=20)
        if state:
            context = tls_context(state)
        if not context:
            return
        try:
            self.connection = context.wrap_socket(self.connection)
        except OSError:
            self.connection.close()
            raise
        self.pin = pin_of(self.connection.getpeercert(binary_form=True))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.connection.close()

    def begin_handshake(self, context):
        """Sends a ClientHello only. The server must not answer before end_handshake()."""
        self.connection = context.wrap_socket(self.connection, do_handshake_on_connect=False)
        self.connection.settimeout(0)
        try:
            self.connection.do_handshake()
        except ssl.SSLWantReadError:
            self.connection.settimeout(20)

    def end_handshake(self):
        self.connection.do_handshake()

    def send(self, kind, message):
        payload = json.dumps(message).encode()
        self.connection.sendall(struct.pack(">BI", kind, len(payload)) + payload)

    def read_exactly(self, count):
        data = b""
        while len(data) < count:
            piece = self.connection.recv(count - len(data))
            if not piece:
                raise EOFError(f"{len(data)} of {count} bytes")
            data += piece
        return data

    def read(self):
        kind, length = struct.unpack(">BI", self.read_exactly(5))
        payload = self.read_exactly(length)
        return kind, payload if kind == DATA else json.loads(payload)

    def fetch(self, top=10, form="text", hold=0):
        """Returns the report's bytes, after comparing them with END."""
        self.send(REQUEST, {"top": top, "sort": "cpu", "format": form, "delay": None,
                            "hold": hold, "a field of the future": [1, {"x": None}]})
        report = b""
        while True:
            kind, payload = self.read()
            if kind != DATA:
                break
            report += payload
        assert kind == END, (kind, payload)
        assert payload["length"] == len(report)
        assert payload["sha256"] == hashlib.sha256(report).hexdigest()
        return report

    def send_client_report(self, **changes):
        """Sends a sample client report; returns its id and the answer."""
        report = sample_client_report() | changes
        self.send(TOP, report)
        return report["id"], self.read()

    def exchange(self, hold=0, **changes):
        """A complete exchange; the server has to acknowledge the client report."""
        self.fetch(top=1, hold=hold)
        _, (kind, answer) = self.send_client_report(**changes)
        assert kind == ACK, answer

    def join(self, secret, pin=None, **further):
        """Sends a JOIN with the secret of an invite, for the server with `pin`; returns the answer."""
        self.send(JOIN, {"secret": secret, "server": pin or self.pin} | further)
        return self.read()

    def end(self):
        """Ends the client's side, and returns what the server still sends before it ends its own."""
        if isinstance(self.connection, ssl.SSLSocket):
            self.connection = self.connection.unwrap()
        self.connection.shutdown(socket.SHUT_WR)
        return self.connection.recv(1000)

    def close(self):
        with contextlib.closing(self.connection):
            if isinstance(self.connection, ssl.SSLSocket):
                # On a slow machine the server has ended the connection already.
                with contextlib.suppress(ssl.SSLError):
                    self.connection = self.connection.unwrap()
