"""`topnet trust`, as a user types it."""

import json
import os
import subprocess

from support.program import TOPNET, topnet


def trust(state, *words, **options):
    """Runs one of its commands to its end."""
    return topnet("trust", *words, "--state-dir", state, **options)


def done(result):
    """What a command that has to end well printed."""
    if result.returncode != 0:
        raise AssertionError(f"exit status {result.returncode}: {result.stderr.decode()}")
    return result.stdout.decode()


def pin(state):
    """The pin of a state directory, which is made where it is missing."""
    return done(trust(state, "show")).strip()


def invite(server, name, *words, host=None):
    """An invite to `server`, a support.program.Server, as `join` takes it."""
    line = done(trust(server.state, "invite", name, "--host", host or server.address, *words))
    return line.removeprefix("topnet trust join ").strip()


def secret_of(code):
    return code.rsplit("/", 1)[1]


def enrol(server, name, state):
    """Lets the owner of `state` in as `name`."""
    done(trust(state, "join", invite(server, name)))


def clients(state):
    """{name: entry} of those who may talk to the owner of `state`."""
    listed = json.loads(done(trust(state, "clients", "--format", "json")))["clients"]
    found = {entry["name"]: entry for entry in listed}
    if len(found) != len(listed):
        raise AssertionError(f"a name is there twice: {listed}")
    return found


def servers(state):
    """{HOST:PORT: entry} of those whom the owner of `state` trusts."""
    listed = json.loads(done(trust(state, "servers", "--format", "json")))["servers"]
    found = {entry["address"]: entry for entry in listed}
    if len(found) != len(listed):
        raise AssertionError(f"an address is there twice: {listed}")
    return found


class Holder:
    """A `topnet fetch` with a long hold, from its start to where it is left."""

    def __init__(self, server, state, *words):
        self.command = [TOPNET, "fetch", server.address, "--state-dir", state, "-o",
                        os.path.join(state, "report"), "--hold", "300", *words]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True)
        return self

    def end(self):
        """Waits for its end: its exit status and what it said, line by line."""
        try:
            said = self.process.communicate(timeout=20)[1]
        except subprocess.TimeoutExpired as timeout:
            raise AssertionError("fetch is still there") from timeout
        return self.process.returncode, said.splitlines()

    def is_running(self):
        return self.process.poll() is None

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()


def states(server):
    """{name of a client: [states of its connections]}, as the status page shows them."""
    found = {}
    for each in server.status()["connections"]:
        found.setdefault(each["client"], []).append(each["state"])
    return found
