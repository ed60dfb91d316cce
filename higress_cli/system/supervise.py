"""Run a program until standard input ends, then stop it: `supervise.py PROGRAM [ARGUMENT...]`.

hgw holds the other end of standard input. The kernel closes it however hgw ends, so the program cannot outlive
hgw. A number written there before it closes is how many seconds the program gets between SIGTERM and SIGKILL.
This file is run by path with a bare interpreter and must import nothing but the standard library.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading

# The grace period if hgw ended without writing one.
GRACE_SECONDS = 3.0


def main(argv: list[str]) -> int:
    # hgw handles a terminal's Ctrl-C; the supervisor only listens to its pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    program = subprocess.Popen(argv, stdin=subprocess.DEVNULL)
    signal.signal(signal.SIGTERM, lambda *_: program.terminate())

    def stop_at_end_of_input() -> None:
        received = b""
        with contextlib.suppress(OSError):
            while more := os.read(0, 4096):
                received += more
        grace = GRACE_SECONDS
        with contextlib.suppress(ValueError):
            grace = float(received)
        if program.poll() is None:
            program.terminate()
            try:
                program.wait(grace)
            except subprocess.TimeoutExpired:
                program.kill()

    threading.Thread(target=stop_at_end_of_input, daemon=True).start()
    return program.wait()


if __name__ == "__main__":
    status = main(sys.argv[1:])
    # Not sys.exit: it would wait for the reading thread, or crash the interpreter while that still runs.
    os._exit(status if status >= 0 else 128 - status)
