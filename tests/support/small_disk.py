"""A command on a small disk of its own."""

import os
import subprocess
import tempfile

MOUNT = 'mount -t tmpfs -o "size=$1,mode=700" tmpfs "$2" && shift 2 && exec "$@"'


def on_small_disk(folder, size="64k"):
    """A command that runs the one behind it, with a small disk mounted at `folder`."""
    return ["unshare", "--map-root-user", "--mount", "sh", "-c", MOUNT, "sh", size, folder]


def require_small_disk(test):
    """Skips `test` where there are none."""
    with tempfile.TemporaryDirectory() as folder:
        trial = subprocess.run([*on_small_disk(folder), "true"], stderr=subprocess.PIPE, check=False)
    if trial.returncode != 0:
        test.skipTest("no file system can be mounted here: " + trial.stderr.decode())


def fill(folder, leaving=0):
    """Fills the disk at `folder` but for so many bytes of a file."""
    with open(os.path.join(folder, "fill"), "wb", buffering=0) as file:
        try:
            while True:
                file.write(b"x" * 512)
        except OSError:
            file.truncate(max(0, file.tell() // 4096 * 4096 - leaving))
