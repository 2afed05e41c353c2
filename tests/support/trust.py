"""`topnet trust`, as a user runs it, and clients that hold."""

import json
import subprocess

from support.program import TOPNET, topnet


def trust(state, *args, **options):
    """Runs `topnet trust` to its end."""
    return topnet("trust", *args, "--state-dir", state, **options)


def done(result):
    """The standard output of a command that has to succeed."""
    if result.returncode != 0:
        raise AssertionError(f"exit status {result.returncode}: {result.stderr.decode()}")
    return result.stdout.decode()


def pin(state):
    """The pin of a state directory, which is created if it is missing."""
    return done(trust(state, "show")).strip()


def invite(server, name, *args, host=None):
    """An invite to `server`, a support.program.Server, in the form that `join` accepts."""
    line = done(trust(server.state, "invite", name, "--host", host or server.address, *args))
    return line.removeprefix("topnet trust join ").strip()


def secret_of(code):
    return code.rsplit("/", 1)[1]


def enrol(server, name, state):
    """Enrols the client with the state directory `state` as `name`."""
    done(trust(state, "join", invite(server, name)))


def clients(state):
    """{name: entry} of the clients that are enrolled in `state`."""
    listed = json.loads(done(trust(state, "clients", "--format", "json")))["clients"]
    found = {entry["name"]: entry for entry in listed}
    if len(found) != len(listed):
        raise AssertionError(f"a name is listed twice: {listed}")
    return found


def servers(state):
    """{HOST:PORT: entry} of the servers that `state` trusts."""
    listed = json.loads(done(trust(state, "servers", "--format", "json")))["servers"]
    found = {entry["address"]: entry for entry in listed}
    if len(found) != len(listed):
        raise AssertionError(f"an address is listed twice: {listed}")
    return found


class Holder:
    """A context in which `topnet fetch` runs with a long hold."""

    def __init__(self, server, state, *args, file="/dev/null"):
        self.file = file
        self.command = [TOPNET, "fetch", server.address, "--state-dir", state, "-o", file, "--hold", "300", *args]

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL,
                                        stderr=subprocess.PIPE, text=True)
        return self

    def end(self):
        """Waits for its end; returns its exit status and the lines of its standard error."""
        try:
            output = self.process.communicate(timeout=20)[1]
        except subprocess.TimeoutExpired as timeout:
            raise AssertionError("fetch still runs") from timeout
        return self.process.returncode, output.splitlines()

    def is_running(self):
        return self.process.poll() is None

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()


def states(server):
    """{client: [state of each of its connections]}, from the status page."""
    found = {}
    for each in server.status()["connections"]:
        found.setdefault(each["client"], []).append(each["state"])
    return found
