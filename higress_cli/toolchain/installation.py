"""The outcome of an installation: tools that are here, and in a dry run those that would be fetched."""

from dataclasses import dataclass
from pathlib import Path

from higress_cli.digest import Sha256
from higress_cli.tool import Tool, ToolName
from higress_cli.toolchain.acquisition import Obtained
from higress_cli.toolchain.attempt import Tried
from higress_cli.toolchain.sources.contract import Download
from higress_cli.toolchain.store import Store
from higress_cli.toolchain.toolset import Toolset


@dataclass(frozen=True, kw_only=True)
class RequiredTool:
    """What a tool brought with it into the store."""

    name: str
    """Its name, such as llvm."""
    version: str
    """Its version."""
    source: str
    """Where it comes from."""
    path: Path
    """Its folder, absolute."""
    origin: str
    """What it was taken from."""


@dataclass(frozen=True, kw_only=True)
class InstalledTool(Tool):
    """One tool as it is on the machine now."""

    seconds: float
    """How long it took to get; 0 where it was here."""
    sha256: Sha256 | None
    """The digest of the downloaded file; null for a tool of the system."""
    tried: tuple[Tried, ...]
    """The sources that were passed over, in the order of their trial."""
    requires: tuple[RequiredTool, ...] = ()
    """What the tool brought with it into the store."""


@dataclass(frozen=True, kw_only=True)
class PlannedTool:
    """One tool that would be fetched."""

    name: ToolName
    """go, tinygo, or binaryen (which brings wasm-opt)."""
    version: str | None
    """Its version; null where the source decides."""
    source: str
    """The source that would be used."""
    downloads: tuple[Download, ...]
    """What would be transferred."""
    bytes: int | None
    """The size of all of it; null where the size of a part is not known."""
    consent: str | None
    """The command that changes the system and needs consent; null where the system is not changed."""
    path: Path | None
    """The folder that it would be put into, absolute; null where a package manager decides."""
    tried: tuple[Tried, ...]
    """The sources that were passed over, in the order of their trial."""


@dataclass(frozen=True, kw_only=True)
class Installed:
    """The installed tools that were requested, and the whole set if they are one. `planned` would be fetched."""

    tools: tuple[InstalledTool, ...]
    toolset: Toolset | None = None
    planned: tuple[PlannedTool, ...] = ()


def installed_tool(store: Store, fetched: Obtained[Tool]) -> InstalledTool:
    tool, entry = fetched.what, store.entry_of(fetched.what)
    required = store.required(entry) if entry else ()
    return InstalledTool(
        **{name: getattr(tool, name) for name in tool.__dataclass_fields__},
        seconds=fetched.seconds,
        sha256=entry.receipt.digest if entry else None,
        tried=fetched.tried,
        requires=tuple(
            RequiredTool(
                name=other.receipt.name,
                version=other.receipt.version,
                source=other.receipt.source,
                path=other.folder,
                origin=other.receipt.origin,
            )
            for other in required
        ),
    )
