"""The console script `hgw`, also as `python -m higress_cli`."""

import contextlib
import gc
import os
import sys

from higress_cli import __version__

_OBJECTS = 10_000
"""How many new objects make Python look for garbage: it is a tenth of a start-up otherwise."""


def entry() -> None:
    """Run hgw with the arguments of this process and exit with its code."""
    if sys.argv[1:] == ["--version"]:
        # Scripts and editors ask this often; answer without importing what the commands need.
        # Without a buffer, which would be flushed again at exit. A failure is reported by hgw itself below.
        with contextlib.suppress(OSError, AttributeError):
            os.write(sys.stdout.fileno(), f"hgw {__version__}{os.linesep}".encode())
            return
    # Nearly all that is created while modules are imported stays: looking through it every 700 objects finds nothing.
    gc.set_threshold(_OBJECTS)
    from higress_cli.cli.main import main, prepare_process  # noqa: PLC0415 -- not for --version, see above

    prepare_process()
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    entry()
