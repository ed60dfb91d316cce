"""Bring data/archives.toml up to date with what Go, TinyGo and binaryen have released.

    python -m scripts.update_pins [--write]

Versions that are pinned stay; the newest release of each line of Go and every newer TinyGo and binaryen come in. The
difference is printed, and written with `--write`. Where upstream has the same digest as a row, it is added to the row's
sources. One that differs is an alarm, since a released archive does not change: nothing is written, and it exits 1.
"""

import argparse
import difflib
import os
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import httpx

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from higress_cli.digest import Sha256  # noqa: E402 -- from this checkout
from higress_cli.knowledge.compatibility import line, release  # noqa: E402 -- from this checkout
from higress_cli.system import http  # noqa: E402

FILE: Final = ROOT / "higress_cli" / "data" / "archives.toml"
PLATFORMS: Final = ("linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64", "windows-amd64", "windows-arm64")
TOOLS: Final = ("go", "tinygo", "binaryen")
_TINYGO: Final = re.compile(r"tinygo[\d.]+\.(?P<platform>\w+-\w+)\.(?:tar\.gz|zip)")
_BINARYEN: Final = re.compile(r"binaryen-version_\d+-(?P<machine>\w+)-(?P<system>\w+)\.tar\.gz")
# binaryen's words for machines and systems.
_MACHINES: Final = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_SYSTEMS: Final = {"linux": "linux", "macos": "darwin", "windows": "windows"}


@dataclass(frozen=True, kw_only=True)
class Row:
    """One archive. `source` names who says that this is its digest, joined by `+`."""

    file: str
    sha256: Sha256
    source: str

    def confirmed(self, by: str) -> "Row":
        names = self.source.split("+")
        return self if by in names else replace(self, source="+".join([*names, by]))


Key = tuple[str, str, str]  # tool, version, platform
Table = dict[Key, Row]


class DigestDiffersError(Exception):
    """Upstream gives another digest for an archive than the one that is pinned."""


def read(text: str) -> Table:
    """The rows of archives.toml."""
    return {
        (tool, version, platform): Row(**row)
        for tool, versions in tomllib.loads(text).items()
        for version, platforms in versions.items()
        for platform, row in platforms.items()
    }


def render(table: Table, *, head: str) -> str:
    """The file with these rows; `head` is what stands before the first table."""
    blocks = []
    for tool in TOOLS:
        for version in sorted({key[1] for key in table if key[0] == tool}, key=release):
            rows = {platform: table.get((tool, version, platform)) for platform in PLATFORMS}
            lines = [
                f'{platform} = {{ file = "{row.file}", sha256 = "{row.sha256}", source = "{row.source}" }}'
                for platform, row in rows.items()
                if row is not None
            ]
            blocks.append("\n".join([f'[{tool}."{version}"]', *lines]) + "\n")
    return head + "\n".join(blocks)


def merged(pinned: Table, released: Table) -> Table:
    """The rows that are pinned, confirmed by upstream where it knows them, and those that are worth adding.

    Raises:
        DigestDiffersError: upstream gives another digest for a row.
    """
    table = dict(pinned)
    differing = []
    for key, row in released.items():
        known = table.get(key)
        if known is None:
            if _is_wanted(key, pinned, released):
                table[key] = row
        elif known.sha256 == row.sha256:
            table[key] = known.confirmed(row.source)
        else:
            differing.append(f"{' '.join(key)}: pinned {known.sha256} ({known.source}), {row.source} has {row.sha256}")
    if differing:
        raise DigestDiffersError("\n".join(differing))
    return table


def _is_wanted(key: Key, pinned: Table, released: Table) -> bool:
    """Whether a release that is not pinned comes in: a pinned version on another platform, or a newer version."""
    tool, version, _platform = key
    known = {other[1] for other in pinned if other[0] == tool}
    if version in known:
        return True
    if tool != "go":
        return not known or release(version) > max(map(release, known))
    of_line = [other[1] for other in {**pinned, **released} if other[0] == tool and line(other[1]) == line(version)]
    oldest = min(map(line, known), default=line(version))
    return line(version) >= oldest and release(version) == max(map(release, of_line))


def go_releases(client: httpx.Client, index: str) -> Table:
    """Go's archives (https://go.dev/dl/?mode=json&include=all)."""
    answer = client.get(index, params={"mode": "json", "include": "all"}).raise_for_status()
    table = {}
    for found in answer.json():
        version = found["version"].removeprefix("go")
        for file in found["files"]:
            platform = f"{file['os']}-{file['arch']}"
            if found["stable"] and file["kind"] == "archive" and file["sha256"] and platform in PLATFORMS:
                digest = Sha256(file["sha256"])
                table["go", version, platform] = Row(file=file["filename"], sha256=digest, source="go.dev")
    return table


def tinygo_releases(client: httpx.Client, api: str) -> Table:
    """TinyGo's archives, as far as GitHub knows their digests: of those uploaded since June 2025."""
    table = {}
    for version, assets in _github(client, f"{api}/repos/tinygo-org/tinygo/releases", prefix="v"):
        for asset in assets:
            match = _TINYGO.fullmatch(asset["name"])
            digest = _digest(asset)
            if match and digest and match["platform"] in PLATFORMS:
                table["tinygo", version, match["platform"]] = Row(file=asset["name"], sha256=digest, source="github")
    return table


def binaryen_releases(client: httpx.Client, api: str) -> Table:
    """Binaryen's archives, by GitHub's digest or by the file with the digest that lies beside each."""
    table = {}
    for version, assets in _github(client, f"{api}/repos/WebAssembly/binaryen/releases", prefix="version_"):
        beside = {asset["name"]: asset["browser_download_url"] for asset in assets}
        for asset in assets:
            match = _BINARYEN.fullmatch(asset["name"])
            platform = f"{_SYSTEMS.get(match['system'])}-{_MACHINES.get(match['machine'])}" if match else None
            if platform not in PLATFORMS:
                continue
            digest, source = _digest(asset), "github"
            if digest is None and (address := beside.get(f"{asset['name']}.sha256")):
                digest, source = Sha256(client.get(address).raise_for_status().text.split()[0]), "upstream"
            if digest is not None:
                table["binaryen", version, platform] = Row(file=asset["name"], sha256=digest, source=source)
    return table


def _github(client: httpx.Client, url: str, *, prefix: str) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    """The releases of a repository with their assets, all pages.

    Source: https://docs.github.com/en/rest/releases/releases#list-releases
    """
    page: str | None = f"{url}?per_page=100"
    while page:
        answer = client.get(page).raise_for_status()
        for found in answer.json():
            if not found["draft"] and not found["prerelease"] and found["tag_name"].startswith(prefix):
                yield found["tag_name"].removeprefix(prefix), found["assets"]
        page = answer.links.get("next", {}).get("url")


def _digest(asset: Mapping[str, Any]) -> Sha256 | None:
    algorithm, _separator, digest = (asset.get("digest") or "").partition(":")
    return Sha256(digest) if algorithm == "sha256" else None


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--write", action="store_true", help="write the file, too")
    parser.add_argument("--file", type=Path, default=FILE, help="the file with the pins")
    parser.add_argument("--go-index", default="https://go.dev/dl/", help="where Go's releases are listed")
    parser.add_argument("--github-api", default="https://api.github.com", help="where GitHub's API is")
    arguments = parser.parse_args(argv)
    before = arguments.file.read_text("utf-8")
    head = before[: before.index("\n[") + 1] if "\n[" in before else before
    try:
        with http.client(os.environ) as client:
            released = {
                **go_releases(client, arguments.go_index),
                **tinygo_releases(client, arguments.github_api),
                **binaryen_releases(client, arguments.github_api),
            }
        after = render(merged(read(before), released), head=head)
    except (httpx.HTTPError, DigestDiffersError) as error:
        print(error, file=sys.stderr)
        return 1
    name = arguments.file.name
    sys.stdout.writelines(difflib.unified_diff(before.splitlines(True), after.splitlines(True), name, f"{name} (new)"))
    if arguments.write and after != before:
        arguments.file.write_text(after, encoding="utf-8", newline="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
