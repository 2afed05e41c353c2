"""The program on a terminal of its own."""

import os
import pty
import select
import subprocess
import time

from support.program import TOPNET


def on_a_terminal(answer, *words, asks="(no): ", standard_error=True):
    """Runs topnet with a terminal as its standard input, and as its standard error unless told
    otherwise. Types `answer` when the terminal shows `asks`. Returns its exit status, its output
    and all that the terminal, or standard error, has shown."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([TOPNET, *words], stdin=theirs, stdout=subprocess.PIPE,
                               stderr=theirs if standard_error else subprocess.PIPE)
    os.close(theirs)
    said = process.stderr or os.fdopen(os.dup(ours), "rb", 0)
    shown = b""
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and select.select([said], [], [], 60)[0]:
            try:
                piece = os.read(said.fileno(), 65536)
            except OSError:
                break  # Nobody has the terminal any more.
            if not piece:
                break
            shown += piece
            if answer is not None and shown.endswith(asks.encode()):
                os.write(ours, answer.encode() + b"\n")
                answer = None
        output = process.communicate(timeout=60)[0] if standard_error else process.stdout.read()
        return process.wait(timeout=60), output, shown.decode()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        said.close()
        os.close(ours)
