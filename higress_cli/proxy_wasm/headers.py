"""Headers as Envoy keeps them, and as a plugin finds and changes them."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final, Literal

from higress_cli import data
from higress_cli.proxy_wasm.pairs import Pair

Kind = Literal["request", "request_trailers", "response", "response_trailers"]


@dataclass(frozen=True, kw_only=True)
class _Inline:
    """data/inline-headers.toml."""

    request: frozenset[str]
    response: frozenset[str]
    request_trailers: frozenset[str]
    response_trailers: frozenset[str]


@cache
def _inline_names(kind: Kind) -> frozenset[bytes]:
    names: frozenset[str] = getattr(data.load("inline-headers.toml", _Inline), kind)
    return frozenset(name.encode() for name in names)


# Envoy knows a request's authority by both names (envoy/http/header_map.h, the inline header Host).
_REQUEST_ALIASES: Final = {b"host": b":authority"}


class HeaderMap:
    """Names in lower case and their values, in order, pseudo-headers first."""

    def __init__(self, kind: Kind, pairs: Iterable[Pair] = ()) -> None:
        self._inline = _inline_names(kind)
        self._aliases: Mapping[bytes, bytes] = _REQUEST_ALIASES if kind == "request" else {}
        self._pairs: list[Pair] = []
        for name, value in pairs:
            self.add(name, value)

    def __iter__(self) -> Iterator[Pair]:
        return iter(self._pairs)

    def __len__(self) -> int:
        return len(self._pairs)

    @property
    def size(self) -> int:
        """What Envoy calls the map's byte size: that of all names and values."""
        return sum(len(name) + len(value) for name, value in self._pairs)

    def get(self, name: bytes) -> bytes | None:
        """The first value of `name`."""
        lower = self._key(name)
        for key, value in self._pairs:
            if key == lower:
                return value
        return None

    def add(self, name: bytes, value: bytes) -> None:
        """Add a value: joined to the existing entry for inline headers, as a new entry for others."""
        lower = self._key(name)
        if lower in self._inline:
            for index, (key, old) in enumerate(self._pairs):
                if key == lower:
                    self._pairs[index] = (key, old + b"," + value if old else value)
                    return
        if lower.startswith(b":"):
            pseudo = sum(1 for key, _value in self._pairs if key.startswith(b":"))
            self._pairs.insert(pseudo, (lower, value))
        else:
            self._pairs.append((lower, value))

    def remove(self, name: bytes) -> None:
        """Remove every value of `name`."""
        lower = self._key(name)
        self._pairs = [pair for pair in self._pairs if pair[0] != lower]

    def replace(self, name: bytes, value: bytes) -> None:
        """Make `value` the only value of `name`."""
        self.remove(name)
        self.add(name, value)

    def replace_all(self, pairs: Iterable[Pair]) -> None:
        """Put `pairs` in place of everything."""
        self._pairs = []
        for name, value in pairs:
            self.add(name, value)

    def _key(self, name: bytes) -> bytes:
        lower = name.lower()
        return self._aliases.get(lower, lower)
