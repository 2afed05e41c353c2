"""A power failure at every call: the images of the disk that it can leave must lose nothing.

An image has of every file the synced contents, or of one file all that was written, and of every folder the synced
names, or all names.
"""

import collections
import contextlib
import json
import os
import re
import sqlite3
import tempfile

from support.program import TOPNET, Server
from support.trust import enrol, trust
from faults.client import OLD, Fetch
from faults.injection import Tally, run, strace
from faults.server import corrupt_database, send_client_report

CALLS = ("openat,socket,accept4,write,pwrite64,sendto,fsync,fdatasync,ftruncate,linkat,rename,renameat,unlink,"
         "unlinkat,close")
CALL = re.compile(r"^(\w+)\((.*)\) += (-?\d+)")
TEXT = re.compile(r'"((?:\\x[0-9a-f]{2})*)"')


def calls_in(log):
    """The successful calls in the order in which they returned: (name, arguments, result)."""
    unfinished = {}
    with open(log, encoding="ascii", errors="replace") as file:
        for line in file:
            thread, text = line.rstrip("\n").split(maxsplit=1)
            if text.endswith("<unfinished ...>"):
                unfinished[thread] = text[:-len("<unfinished ...>")].rstrip()
                continue
            if resumed := re.match(r"<\.\.\. \w+ resumed>(.*)", text):
                text = unfinished.pop(thread, "") + resumed.group(1)
            match = CALL.match(text)
            if match and int(match.group(3)) >= 0:
                yield match.group(1), match.group(2), int(match.group(3))


class File:
    def __init__(self, contents=b""):
        self.cached = self.synced = contents

    def write(self, data, offset=None):
        offset = len(self.cached) if offset is None else offset
        old = self.cached.ljust(offset, b"\0")
        self.cached = old[:offset] + data + old[offset + len(data):]


class Disk:
    """The files beneath `root` as a program changes them, replayed from strace's log."""

    def __init__(self, root):
        self.root = root
        self.open = {}  # descriptor: path of a folder, File, or None for what is not beneath `root`
        self.late_closes = collections.Counter()
        self.names = {}
        for folder, _, files in os.walk(root):
            for name in files:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    self.names[path] = File(file.read())
        self.synced_names = dict(self.names)

    def path(self, at, name):
        """The path, or the unnamed File, of a name that is relative to a descriptor."""
        folder = self.open.get(int(at)) if at.isdigit() else None
        if name.startswith("/proc/self/fd/"):
            return self.open.get(int(name.rsplit("/", 1)[1]))
        return os.path.normpath(os.path.join(folder, name)) if isinstance(folder, str) else name

    def replay(self, log):
        """Applies each call; yields its name, its data and its descriptor."""
        for call, arguments, result in calls_in(log):
            texts = [bytes.fromhex(text.replace("\\x", "")) for text in TEXT.findall(arguments)]
            args = [word.strip() for word in TEXT.sub("T", arguments).split(",")]
            names = [os.fsdecode(text) for text in texts]
            self.apply(call, args, names, texts, result)
            yield call, texts[0] if texts else b"", args[0]

    def apply(self, call, args, names, texts, result):
        if call in ("openat", "socket", "accept4"):
            # The close by another thread, which freed this number, is logged later.
            self.late_closes[result] += result in self.open
            self.open[result] = None
        if call == "openat":
            path = self.path(args[0], names[0])
            if "O_TMPFILE" in args[2]:
                self.open[result] = File()
            elif path in self.names:
                self.open[result] = self.names[path]
                if "O_TRUNC" in args[2]:
                    self.names[path].cached = b""
            elif "O_CREAT" in args[2] and path.startswith(self.root):
                self.open[result] = self.names[path] = File()
            elif path.startswith(self.root):
                self.open[result] = path
        elif call in ("rename", "renameat", "linkat"):
            if call == "rename":
                old, new = names
            else:
                old, new = self.path(args[0], names[0]), self.path(args[2], names[1])
            file = old if isinstance(old, File) else self.names.get(old)
            if file:
                self.names[new] = file
                if call != "linkat":
                    del self.names[old]
        elif call in ("unlink", "unlinkat"):
            self.names.pop(names[0] if call == "unlink" else self.path(args[0], names[0]), None)
        elif args[0].isdigit():
            self.apply_to(self.open.get(int(args[0])), call, args, texts, result)

    def apply_to(self, opened, call, args, texts, result):
        if isinstance(opened, File):
            if call == "write":
                opened.write(texts[0][:result])
            elif call == "pwrite64":
                opened.write(texts[0][:result], int(args[3]))
            elif call == "ftruncate":
                opened.cached = opened.cached[:int(args[1])].ljust(int(args[1]), b"\0")
            elif call in ("fsync", "fdatasync"):
                opened.synced = opened.cached
        elif isinstance(opened, str) and call in ("fsync", "fdatasync"):
            inside = {path: file for path, file in self.names.items() if os.path.dirname(path) == opened}
            self.synced_names = inside | {path: file for path, file in self.synced_names.items()
                                          if os.path.dirname(path) != opened}
        if call == "close" and not self.late_closes[int(args[0])]:
            self.open.pop(int(args[0]), None)
        elif call == "close":
            self.late_closes[int(args[0])] -= 1

    def images(self):
        """The images that a power failure may leave now: {path: contents}."""
        for names in (self.synced_names, self.names):
            synced = {path: file.synced for path, file in names.items()}
            yield synced
            for path, file in names.items():
                if file.cached != file.synced:
                    yield synced | {path: file.cached}


def traced(log, command):
    return [*strace(log, "-xx", "-s", "200000", "-e", "trace=" + CALLS), *command]


def check_file(tally, what, disk, log, path, contents):
    """At every moment the file has its old contents or the new ones, and at the end the new ones."""
    old = disk.names[path].cached if path in disk.names else None
    for call, _, _ in disk.replay(log):
        for image in disk.images():
            tally.check("images", image.get(path) in (old, contents),
                        f"{what}: after {call}: {image.get(path)!r}")
    for image in disk.images():
        tally.check("images", image.get(path) == contents, f"{what}: at its end: {image.get(path)!r}")


def try_fetch(tally, folder, server):
    fetch = Fetch(server, folder, tally)
    log = os.path.join(folder, "log")
    for has_old in (True, False):
        fetch.prepare(has_old)
        disk = Disk(fetch.target)
        result = run(traced(log, fetch.command))
        assert result.returncode == 0, result
        assert not has_old or disk.names[fetch.file].cached == OLD
        check_file(tally, "fetch", disk, log, fetch.file, fetch.contents())


def try_trust(tally, folder, server):
    """Every command that changes a file of the state directory."""
    log = os.path.join(folder, "log")
    for name in ("db2", "db3"):
        enrol(server, name, os.path.join(folder, name))
    trust(server.state, "rotate")
    for args, names in ((("invite", "db4", "--host", server.address), ["invites"]),
                         (("revoke", "db2"), ["clients"]), (("rotate", "--commit", "--force"), ["identity.key"])):
        disk = Disk(server.state)
        result = run(traced(log, [TOPNET, "trust", *args, "--state-dir", server.state]))
        assert result.returncode == 0, result
        for name in names:
            path = os.path.join(server.state, name)
            with open(path, "rb") as file:
                check_file(tally, args[0], disk, log, path, file.read())


def ids_in(image, state):
    """The ids of the client reports in the database of an image."""
    with tempfile.TemporaryDirectory() as folder:
        for name in ("tops.db", "tops.db-wal"):
            if (contents := image.get(os.path.join(state, name))) is not None:
                with open(os.path.join(folder, name), "wb") as file:
                    file.write(contents)
        with contextlib.closing(sqlite3.connect(os.path.join(folder, "tops.db"))) as database:
            try:
                return {row[0] for row in database.execute("SELECT id FROM tops")}
            except sqlite3.DatabaseError:
                return set()


def try_serve(tally, folder, count, prepare=lambda state: None):
    """At every acknowledgement and every sync, all client reports that are already acknowledged are on the disk."""
    state, log = tempfile.mkdtemp(dir=folder), os.path.join(folder, "log")
    with Server("--no-tls", state=state) as server:
        server.stop()
    prepare(state)
    disk = Disk(state)
    with Server("--no-tls", state=state, wrapper=("strace", "-D", *traced(log, [])[1:])) as server:
        for _ in range(count):
            send_client_report(server)
        server.stop()
    acknowledged = set()
    for call, data, _ in disk.replay(log):
        is_ack = call in ("write", "sendto") and data.startswith(b"\x05\0\0\0") and data.endswith(b"}")
        if is_ack:
            acknowledged.add(json.loads(data[5:])["id"])
        if is_ack or call in ("fsync", "fdatasync", "unlink"):
            for image in disk.images():
                lost = acknowledged - ids_in(image, state)
                tally.check("images", not lost, f"serve: after {call}: {lost}")
                tally.counts["client reports"] += len(acknowledged)
    tally.check("acknowledgements", len(acknowledged) == count, f"{len(acknowledged)} of {count}")


def inject(share=1.0):
    tally = Tally("power failures")
    with Server() as server, tempfile.TemporaryDirectory() as folder:
        try_fetch(tally, folder, server)
        try_trust(tally, folder, server)
        try_serve(tally, folder, max(5, round(500 * share)))
        try_serve(tally, folder, 5, corrupt_database)
    return tally
