"""Commands that run with a small disk."""

import os
import subprocess
import tempfile

MOUNT = 'mount -t tmpfs -o "size=$1,mode=700" tmpfs "$2" && shift 2 && exec "$@"'


def on_small_disk(folder, size="64k"):
    """A prefix for a command that mounts a small disk at `folder`, visible to that command only."""
    return ["unshare", "--map-root-user", "--mount", "sh", "-c", MOUNT, "sh", size, folder]


def require_small_disk(test):
    """Skips `test` if no file system can be mounted here."""
    with tempfile.TemporaryDirectory() as folder:
        result = subprocess.run([*on_small_disk(folder), "true"], stderr=subprocess.PIPE, check=False)
    if result.returncode != 0:
        test.skipTest("no file system can be mounted here: " + result.stderr.decode())


def fill(folder, leaving=0):
    """Fills the disk at `folder`, except for `leaving` bytes."""
    with open(os.path.join(folder, "fill"), "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 512)
        except OSError:
            file.truncate(max(0, file.tell() // 4096 * 4096 - leaving))
