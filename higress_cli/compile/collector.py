"""How TinyGo's own garbage collector is set: TinyGo is a Go program, and the module does not depend on it.

Measured with TinyGo 0.30 and a plugin of the official wrapper: at Go's default, TinyGo takes 0.97 GB, and a seventh of
its time is garbage collection. Without collections it takes 1.75 GB. With a limit of 700 MB it collects three times and
takes 1.03 GB. Some 0.4 GB of each are LLVM's, for which Go's limit does not count.
"""

from collections.abc import Mapping
from typing import Final

_MIB: Final = 1 << 20
COMPILER_BYTES: Final = 1300 * _MIB
"""What a compiler takes at its peak and some room: with less, it runs with Go's defaults."""
_MOST_BYTES: Final = 3072 * _MIB
_SHARE: Final = 2
_STEP: Final = 128
_UNKNOWN: Final = "400"
"""Where nothing tells what is free: the heap may be five times what is alive, 1.3 GB in all."""


def collector(memory: int | None, variables: Mapping[str, str]) -> dict[str, str]:
    """The variables for a TinyGo that may take `memory` bytes, None if unknown: its heap grows to half of that.

    There are none if the user has set one of them, or if so little is free that TinyGo had better collect as usual.
    """
    if variables.get("GOGC") or variables.get("GOMEMLIMIT"):
        return {}
    if memory is None:
        return {"GOGC": _UNKNOWN}
    if memory < COMPILER_BYTES:
        return {}
    limit = min(memory // _SHARE, _MOST_BYTES)
    # In steps, so that two builds in a row print the same command.
    return {"GOGC": "off", "GOMEMLIMIT": f"{limit // (_STEP * _MIB) * _STEP}MiB"}
