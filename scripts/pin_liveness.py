"""Ask for everything that hgw pins whether it can still be downloaded, before a release: `make alive`.

Release archives are asked for at their addresses (hundreds of requests), Go modules through the go command's proxy, npm
packages through npm's registry, which also tells their integrity values. Nothing is downloaded. Debian's packages have
no pins, and the Python package that contains Go is checked by pip alone.

`python -m scripts.pin_liveness [--only PLACE] [--tool TOOL] [--prefix KIND=URL]`: `--prefix` asks a mirror instead of
the official host of that kind (go, github).
"""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from higress_cli.errors import ToolError  # noqa: E402 -- from this checkout
from higress_cli.system import process  # noqa: E402
from higress_cli.system.host import Host  # noqa: E402
from higress_cli.system.http import size_of  # noqa: E402
from higress_cli.tool import ToolName  # noqa: E402
from higress_cli.toolchain import pins  # noqa: E402
from higress_cli.toolchain.mirrors import mirrors  # noqa: E402

HOSTS: Final = tuple(
    Host(system, machine) for system in ("linux", "darwin", "windows") for machine in ("amd64", "arm64")
)
# As many as a person with a browser would open.
_AT_ONCE: Final = 6
_SECONDS: Final = 120.0
PLACES: Final = ("archives", "go-modules", "npm")


@dataclass(frozen=True, order=True)
class Pinned:
    """An archive that data/archives.toml names, and where it should be."""

    tool: str
    version: str
    file: str
    url: str


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Of how many pins a place was asked, and a line for each that cannot be downloaded."""

    count: int
    problems: tuple[str, ...]


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


def missing_archives(prefixes: Mapping[str, str], tools: tuple[str, ...], variables: Mapping[str, str]) -> Answer:
    """The pinned archives that are gone from their addresses."""
    archives = tuple(sorted(pinned(prefixes, tools)))
    gone = dead(archives, variables)
    lines = (f"{archive.tool} {archive.version}: nothing at {archive.url}" for archive in gone)
    return Answer(count=len(archives), problems=tuple(lines))


def missing_go_modules(variables: Mapping[str, str]) -> Answer:
    """The pinned Go modules whose version the go command's proxy does not know."""
    wanted = tuple(f"{module}@{version}" for module, version in pins.go_modules())
    edits = {**variables, "GO111MODULE": "on", "GOTOOLCHAIN": "local", "GOFLAGS": "", "GOWORK": "off"}
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        problems = pool.map(lambda name: _problem(edits, "go", "list", "-m", name), wanted)
        lines = tuple(f"{name}: {problem}" for name, problem in zip(wanted, problems, strict=True) if problem)
    return Answer(count=len(wanted), problems=lines)


def missing_npm_packages(variables: Mapping[str, str]) -> Answer:
    """The pinned npm packages that the registry does not have, or has with another integrity value."""
    lines = []
    packages = pins.npm_packages()
    for package in packages:
        asked = ("npm", "view", package.specifier, "dist.integrity")
        if problem := _problem(variables, *asked, expected=package.integrity):
            lines.append(f"{package.specifier}: {problem}")
    return Answer(count=len(packages), problems=tuple(lines))


def _problem(variables: Mapping[str, str], *words: str, expected: str | None = None) -> str | None:
    """Why the command did not print `expected` (None: anything); None if it did."""
    try:
        ran = process.run(words, variables=variables, cwd=Path(tempfile.gettempdir()), timeout=_SECONDS)
    except ToolError as error:
        return error.message
    if ran.returncode != 0:
        return next((line for line in ran.output.splitlines() if line.strip()), f"exit status {ran.returncode}")
    found = ran.stdout.strip()
    return None if expected in {None, found} else f"{found or 'nothing'}, expected {expected}"


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--only", choices=[*PLACES], action="append", help="default: each place")
    parser.add_argument("--tool", choices=[*ToolName], action="append", help="of the archives")
    parser.add_argument("--prefix", metavar="KIND=URL", action="append", default=[])
    given = parser.parse_args()
    prefixes = dict(pair.split("=", 1) for pair in given.prefix)
    variables = dict(os.environ)
    places: dict[str, Callable[[], Answer]] = {
        "archives": lambda: missing_archives(prefixes, tuple(given.tool or ToolName), variables),
        "go-modules": lambda: missing_go_modules(variables),
        "npm": lambda: missing_npm_packages(variables),
    }
    answers = {place: places[place]() for place in given.only or PLACES}
    for place, answer in answers.items():
        for line in answer.problems:
            print(line)
        print(f"{place}: {answer.count - len(answer.problems)} of {answer.count} pins can be downloaded")
    return 1 if any(answer.problems for answer in answers.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
