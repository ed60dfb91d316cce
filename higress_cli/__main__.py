"""The console script `hgw`, also as `python -m higress_cli`."""

import contextlib
import os
import sys

from higress_cli import __version__


def entry() -> None:
    """Run hgw with the arguments of this process and exit with its code."""
    if sys.argv[1:] == ["--version"]:
        # Scripts and editors ask this often; answer without importing what the commands need.
        # Without a buffer, which would be flushed again at exit. A failure is reported by hgw itself below.
        with contextlib.suppress(OSError, AttributeError):
            os.write(sys.stdout.fileno(), f"hgw {__version__}{os.linesep}".encode())
            return
    from higress_cli.system.garbage import look_seldom  # noqa: PLC0415 -- not for the version

    look_seldom()
    from higress_cli.cli.main import main, prepare_process  # noqa: PLC0415 -- not for --version, see above

    prepare_process()
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    entry()
