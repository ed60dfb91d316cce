"""What a source is: it says how it would get a tool, and gets it when asked to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from higress_cli.tool import Tool, ToolName
from higress_cli.toolchain.sets import Need
from higress_cli.toolchain.work import Work


@dataclass(frozen=True, kw_only=True)
class Download:
    """One thing that is transferred."""

    name: str
    """The file, the Go module with its version, or the package."""
    url: str | None = None
    """Its address without user name and password; null where a client (go, apt, npm, pip) decides."""
    bytes: int | None = None
    """Its size; null where nobody says."""
    digest: str | None = None
    """What it is known by: a SHA-256 in lower-case hex, `h1:...` of a Go module, `sha512-...` of an npm package."""
    kept: bool = False
    """Whether an earlier download lies in hgw's cache."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """How a source would get a tool. Nothing is transferred before `fetch` is called.

    `fetch` gets the Go of the set where `needs_go` says so, and puts the tool whole into the store. `more` is what else
    is transferred, as far as it is known only once that Go is there; it raises PassedOver as `fetch` does.
    """

    name: ToolName
    version: str | None
    source: str
    downloads: tuple[Download, ...]
    place: Path | None
    fetch: Callable[[Tool | None], Tool] = field(repr=False)
    needs_go: bool = False
    more: Callable[[], tuple[Download, ...]] = field(default=tuple, repr=False)
    consent: str | None = None


class Source(Protocol):
    """One way to get tools; modules of this folder are sources."""

    NAME: str
    TOOLS: frozenset[ToolName]

    def offer(self, work: Work, need: Need, /) -> Offer:
        """How it would get what is needed, after all that can be checked without a transfer.

        Raises:
            PassedOver: it cannot, and why; `Offer.fetch` raises the same.
        """
