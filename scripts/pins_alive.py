"""Ask for each pinned release archive whether its address still has it. Nothing is downloaded; hundreds of requests.

Use it as `python -m scripts.pins_alive [--tool TOOL] [--prefix KIND=URL]`, before a release. `--prefix` asks a mirror
instead of the official host of that kind (go, github).
"""

import argparse
import os
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from higress_cli.system.host import Host  # noqa: E402 -- from this checkout
from higress_cli.system.http import size_of  # noqa: E402
from higress_cli.tool import ToolName  # noqa: E402
from higress_cli.toolchain import pins  # noqa: E402
from higress_cli.toolchain.mirrors import mirrors  # noqa: E402

HOSTS: Final = tuple(
    Host(system, machine) for system in ("linux", "darwin", "windows") for machine in ("amd64", "arm64")
)
# As many as a person with a browser would open.
_AT_ONCE: Final = 6


@dataclass(frozen=True, order=True)
class Pinned:
    """An archive that data/archives.toml names, and where it should be."""

    tool: str
    version: str
    file: str
    url: str


def pinned(prefixes: Mapping[str, str], tools: tuple[str, ...] = tuple(ToolName)) -> Iterator[Pinned]:
    """Every archive once; `prefixes` take the place of the official hosts, by kind."""
    seen: set[str] = set()
    for tool in tools:
        row = mirrors().paths[tool]
        prefix = prefixes.get(row.kind) or mirrors().presets(row.kind)["official"][0]
        for host in HOSTS:
            for version in pins.known_versions(tool, host):
                pin = pins.archive_pin(tool, version, host)
                if pin is not None and pin.file not in seen:
                    seen.add(pin.file)
                    yield Pinned(tool, version, pin.file, f"{prefix}/{row.path.format(version=version, file=pin.file)}")


def dead(archives: tuple[Pinned, ...], variables: Mapping[str, str]) -> tuple[Pinned, ...]:
    """Those whose address does not say how large the archive is."""
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        sizes = pool.map(lambda archive: size_of(archive.url, variables), archives)
        return tuple(archive for archive, size in zip(archives, sizes, strict=True) if not size)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--tool", choices=[*ToolName], action="append")
    parser.add_argument("--prefix", metavar="KIND=URL", action="append", default=[])
    given = parser.parse_args()
    prefixes = dict(pair.split("=", 1) for pair in given.prefix)
    archives = tuple(sorted(pinned(prefixes, tuple(given.tool or ToolName))))
    gone = dead(archives, dict(os.environ))
    for archive in gone:
        print(f"{archive.tool} {archive.version}: nothing at {archive.url}")
    print(f"{len(archives) - len(gone)} of {len(archives)} pinned archives are where they were")
    return 1 if gone else 0


if __name__ == "__main__":
    sys.exit(main())
