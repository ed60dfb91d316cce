"""Run a program until standard input ends, then stop it: `supervisor.py PROGRAM [ARGUMENT...]`.

hgw holds the other end of standard input. The kernel closes it however hgw ends, so the program cannot outlive
hgw. A number written there before it closes is how many seconds the program gets between SIGTERM and SIGKILL.
This file is run by path with a bare interpreter and must import nothing but the standard library.
"""

import contextlib
import functools
import os
import signal
import subprocess
import sys
import threading

# The grace period if hgw ended without writing one.
GRACE_SECONDS = 3.0


# Linux: the signal that a process gets when its parent dies (prctl(2)).
PR_SET_PDEATHSIG = 1


def end_with_parent(parent: int) -> None:
    """In the new process, before the program starts: ask the kernel to kill it when the supervisor dies."""
    with contextlib.suppress(Exception):
        import ctypes  # noqa: PLC0415 -- only on Linux; it is up in milliseconds without

        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(1)


def main(argv: list[str]) -> int:
    # hgw handles a terminal's Ctrl-C; the supervisor only listens to its pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    bond = functools.partial(end_with_parent, os.getpid()) if sys.platform == "linux" else None
    program = subprocess.Popen(argv, stdin=subprocess.DEVNULL, preexec_fn=bond)  # noqa: PLW1509 -- there are no threads yet
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
