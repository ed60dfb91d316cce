"""The interface of a source: it offers a way to get a tool, and fetches the tool when asked to."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from higress_cli.digest import GoHash, Integrity, Sha256
from higress_cli.tool import Tool, ToolName
from higress_cli.toolchain.sets import Need
from higress_cli.toolchain.work import Work


@dataclass(frozen=True, kw_only=True)
class Download:
    """Something that is transferred."""

    name: str
    """The file, the Go module with its version, or the package."""
    url: str | None = None
    """Its address without user name and password; null where a client (go, apt, npm, pip) decides."""
    bytes: int | None = None
    """Its size; null where it is not known."""
    digest: Sha256 | GoHash | Integrity | None = None
    """What it is known by: a SHA-256 in lower-case hex, `h1:...` of a Go module, `sha512-...` of an npm package."""
    kept: bool = False
    """Whether an earlier download lies in hgw's cache."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """How a source would get a tool. Nothing is downloaded before `fetch` is called.

    `fetch` installs the tool in the store; with `needs_go` it is given the Go of the set. `more` returns the downloads
    that are known only once that Go is there; like `fetch`, it raises PassedOver.
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


class ToolSource(Protocol):
    """One way to get tools; Python modules of this folder implement it."""

    NAME: str
    TOOLS: frozenset[ToolName]

    def offer(self, work: Work, need: Need, /) -> Offer:
        """How to get what is needed, after all checks that need no download.

        Raises:
            PassedOver: this source cannot supply it; `Offer.fetch` raises the same.
        """
