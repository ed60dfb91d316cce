"""The sources in the order in which they are tried. `system` comes before all of them: see `toolchain.sets`."""

from typing import Final

from higress_cli.tool import ToolName
from higress_cli.toolchain.sources import archive, go_module, npm, package, tinygo_module
from higress_cli.toolchain.sources.contract import ToolSource

SOURCES: Final[tuple[ToolSource, ...]] = (archive, go_module, tinygo_module, package, npm)
NAMES: Final = tuple(dict.fromkeys(source.NAME for source in SOURCES))


def sources_of(tool: ToolName) -> tuple[ToolSource, ...]:
    """The sources that have a tool."""
    return tuple(source for source in SOURCES if tool in source.TOOLS)


def names_of(tool: ToolName) -> tuple[str, ...]:
    """The names of the sources that have a tool."""
    return tuple(source.NAME for source in sources_of(tool))
