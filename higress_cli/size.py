"""Numbers of bytes for people."""

from typing import Final

from higress_cli.i18n import noted

_KILOBYTE: Final = 1e3
_MEGABYTE: Final = 1e6


def size(count: int) -> str:
    """A number of bytes in the unit that people think in: `512 B`, `12.3 kB`, `1.93 MB`, `229 MB`."""
    if count < _KILOBYTE:
        return f"{count} B"
    if count < 100 * _KILOBYTE:
        return f"{count / _KILOBYTE:.1f} kB"
    return f"{count / _MEGABYTE:.2f} MB" if count < 100 * _MEGABYTE else f"{count / _MEGABYTE:.0f} MB"


def exact_size(count: int) -> str:
    """The size, and the number of bytes, for limits that are exact to the byte: `1.93 MB (1933806 B)`."""
    return size(count) if count < _KILOBYTE else noted(size(count), f"{count} B")
