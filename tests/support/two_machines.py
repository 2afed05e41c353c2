"""Two network namespaces with a cable between them, as two machines. Needs root."""

import os
import shutil
import subprocess

SERVER, CLIENT = "10.76.86.1", "10.76.86.2"


class Machine:
    """A network namespace that exists as long as this process."""

    def __init__(self):
        # `cat` ends with this process, even if that is killed, and the namespace ends with `cat`.
        self.process = subprocess.Popen(["unshare", "--net", "sh", "-c", "echo ready; exec cat"],
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE)
        self.exists = self.process.stdout.readline() == b"ready\n"
        # A prefix that runs a command in the namespace.
        self.inside = ("nsenter", "--net", "--target", str(self.process.pid), "--")

    def run(self, *command):
        return subprocess.run([*self.inside, *command], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60,
                              check=False)

    def end(self):
        return self.process.communicate(timeout=60)[1].decode().strip()


def two_machines(test):
    """Returns the server's and the client's machine, which reach each other; skips `test` if that is
    impossible here."""
    for tool in ("unshare", "nsenter", "ip"):
        if not shutil.which(tool):
            test.skipTest(f"{tool} is not installed")
    machines = Machine(), Machine()
    for machine in machines:
        test.addCleanup(machine.end)
    if not all(machine.exists for machine in machines):
        test.skipTest(f"no network namespaces here (uid {os.getuid()})")
    server, client = machines
    for machine, args in [
            (server, f"link add cable type veth peer name cable netns {client.process.pid}"),
            (server, f"addr add {SERVER}/24 dev cable"), (client, f"addr add {CLIENT}/24 dev cable"),
            (server, "link set cable up"), (client, "link set cable up"), (server, "link set lo up")]:
        result = machine.run("ip", *args.split())
        if result.returncode != 0:
            test.skipTest(f"ip {args}: {result.stdout.decode().strip()}")
    return machines
