"""A chosen value that remembers who chose it, so that messages can say so."""

from dataclasses import dataclass
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Choice(Generic[T]):
    """A value and its source, such as `--abi`, `HGW_ABI`, `hgw.yaml` or `default`."""

    value: T
    source: str


def first_choice(*candidates: tuple[T | None, str], default: T, default_source: str = "default") -> Choice[T]:
    """The first candidate that is not None, in the order of precedence, or the default."""
    for value, source in candidates:
        if value is not None:
            return Choice(value, source)
    return Choice(default, default_source)
