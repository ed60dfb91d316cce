"""How often Python looks for garbage: seldom while hgw starts, as usual while it serves requests."""

import gc
from typing import Final

_SELDOM: Final = 10_000
_USUAL: Final = gc.get_threshold()


def look_seldom() -> None:
    """Look for garbage every 10,000 new objects, until `look_as_usual`.

    Nearly all that comes into being while modules are imported stays: to look every 700 takes a tenth of a start-up.
    """
    gc.set_threshold(_SELDOM)


def look_as_usual() -> None:
    """Undo `look_seldom`: the garbage of requests would take several megabytes otherwise."""
    gc.set_threshold(*_USUAL)
