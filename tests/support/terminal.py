"""The program on a pseudo-terminal."""

import os
import pty
import select
import subprocess
import time

from support.program import TOPNET


def on_a_terminal(answer, *args, prompt="(default: no): ", standard_error=True):
    """Runs topnet with a terminal as its standard input and, unless `standard_error` is false, standard error.
    Types `answer` when `prompt` is shown. Returns exit status, standard output and the text that was shown."""
    controller, terminal = pty.openpty()
    process = subprocess.Popen([TOPNET, *args], stdin=terminal, stdout=subprocess.PIPE,
                               stderr=terminal if standard_error else subprocess.PIPE)
    os.close(terminal)
    screen = process.stderr or os.fdopen(os.dup(controller), "rb", 0)
    shown = b""
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and select.select([screen], [], [], 60)[0]:
            try:
                piece = os.read(screen.fileno(), 65536)
            except OSError:
                break  # No process has the terminal open.
            if not piece:
                break
            shown += piece
            if answer is not None and shown.endswith(prompt.encode()):
                os.write(controller, answer.encode() + b"\n")
                answer = None
        output = process.communicate(timeout=60)[0] if standard_error else process.stdout.read()
        return process.wait(timeout=60), output, shown.decode()
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        screen.close()
        os.close(controller)
