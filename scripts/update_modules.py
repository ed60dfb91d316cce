"""Bring the pins of Go modules and npm packages up to date: data/modules.toml, go-modules.toml and packages.toml.

    python -m scripts.update_modules [--set MODULE@VERSION] [--toolchain GO@PLATFORM] [--npm BINARYEN] [--write]

`--set` moves a Go module of scaffolded plugins to another version; what else changes with it, go.sum included, is what
`go mod tidy` says. Without it, versions stay and go.sum is made again. `--toolchain` adds a Go as a Go module, such as
1.26.4@linux-amd64, `--npm` a version of binaryen. The difference is printed, and written with `--write`. The go command
and npm are those on the PATH, with the proxy, checksum database and registry that they are set to.
"""

import argparse
import difflib
import json
import os
import re
import sys
import tempfile
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from higress_cli.digest import Integrity  # noqa: E402 -- from this checkout
from higress_cli.errors import HgwError, ToolError  # noqa: E402 -- from this checkout
from higress_cli.system import process  # noqa: E402
from higress_cli.toolchain.pins import TOOLCHAIN_MODULE, NpmPackage, toolchain_version  # noqa: E402

DATA: Final = ROOT / "higress_cli" / "data"
_GO_VARIABLES: Final = {"GO111MODULE": "on", "GOTOOLCHAIN": "local", "GOFLAGS": "", "GOWORK": "off"}
_TOOLCHAIN_ROW: Final = '[[toolchain]]\ngo = "{go}"\nplatform = "{platform}"\nh1 = "{h1}"\n\n'
_MODULE_ROW: Final = '\n[[{profile}.modules]]\npath = "{path}"\nversion = "{version}"\n'


@dataclass(frozen=True, kw_only=True)
class Clients:
    """The go command and npm, as found on the PATH of `variables`."""

    variables: Mapping[str, str]

    def tidied(self, imports: Sequence[str], requires: Mapping[str, str], *, go: str) -> tuple[dict[str, str], str]:
        """The Go modules, each with its version, that a plugin with these imports requires, and its go.sum.

        Raises:
            ToolError: `go mod tidy` failed.
        """
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            lines = "".join(f"\t{path} {version}\n" for path, version in requires.items())
            (folder / "go.mod").write_text(f"module example.com/plugin\n\ngo {go}\n\nrequire (\n{lines})\n", "utf-8")
            lines = "".join(f'import _ "{path}"\n' for path in imports)
            (folder / "main.go").write_text(f"package main\n\n{lines}\nfunc main() {{}}\n", "utf-8")
            self._ask("go", "mod", "tidy", cwd=folder)
            required = json.loads(self._ask("go", "mod", "edit", "-json", cwd=folder))["Require"]
            return {row["Path"]: row["Version"] for row in required}, (folder / "go.sum").read_text("utf-8")

    def hash_of(self, module: str) -> str:
        """The go command's hash of `MODULE@VERSION`, which is downloaded and compared with the checksum database."""
        return str(json.loads(self._ask("go", "mod", "download", "-json", module))["Sum"])

    def integrity(self, package: str) -> str:
        """Npm's integrity value of `PACKAGE@VERSION`."""
        return self._ask("npm", "view", package, "dist.integrity").strip()

    def _ask(self, *words: str, cwd: Path | None = None) -> str:
        edits = {**_GO_VARIABLES, "PATH": self.variables["PATH"]}
        done = process.run(words, variables={**self.variables, **edits}, cwd=cwd or Path(tempfile.gettempdir()))
        if done.returncode:
            raise ToolError(f"{' '.join(words)}: {done.output.strip()}", code="program-failed")
        return done.stdout


def modules(text: str, clients: Clients, wanted: Mapping[str, str]) -> str:
    """modules.toml with the `wanted` versions, and for each profile what `go mod tidy` makes of it."""
    for profile, row in tomllib.loads(text).items():
        pinned = {module["path"]: module["version"] for module in row["modules"]}
        asked = {path: wanted.get(path, version) for path, version in pinned.items()}
        required, go_sum = clients.tidied(sorted(set(row["imports"].values())), asked, go=row["go"])
        text = _with_sum(text, profile, go_sum)
        for path in pinned:
            text = _with_version(text, profile, path, required.get(path))
        for path in sorted(required.keys() - pinned.keys()):
            end = _rows(text, profile)[-1].end()
            new = _MODULE_ROW.format(profile=profile, path=path, version=required[path])
            rest = text[end:].lstrip()
            text = f"{text[:end].rstrip()}\n{new}" + (f"\n{rest}" if rest else "")
    return text


def go_modules(text: str, clients: Clients, wanted: Sequence[str]) -> str:
    """go-modules.toml with a row for each Go that is `wanted`, as `GO@PLATFORM`; rows that are there stay."""
    known = {f"{row['go']}@{row['platform']}" for row in tomllib.loads(text)["toolchain"]}
    end = text.index("# TinyGo's main package")
    for name in wanted:
        if name not in known:
            go, _at, platform = name.partition("@")
            h1 = clients.hash_of(f"{TOOLCHAIN_MODULE}@{toolchain_version(go, platform)}")
            row = _TOOLCHAIN_ROW.format(go=go, platform=platform, h1=h1)
            text, end = text[:end] + row + text[end:], end + len(row)
    return text


def packages(text: str, clients: Clients, wanted: Sequence[str]) -> str:
    """packages.toml with npm's integrity value of each version of binaryen that is `wanted`; others stay."""
    npm = tomllib.loads(text)["npm"]
    for version in wanted:
        if version not in npm["integrity"]:
            package = NpmPackage(package=npm["package"], version=version, integrity=Integrity(""), executable="")
            text = f'{text.rstrip()}\n"{version}" = "{clients.integrity(package.specifier)}"\n'
    return text


def main(argv: list[str] | None = None, variables: Mapping[str, str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--set", metavar="MODULE@VERSION", action="append", default=[], dest="versions")
    parser.add_argument("--toolchain", metavar="GO@PLATFORM", action="append", default=[])
    parser.add_argument("--npm", metavar="BINARYEN", action="append", default=[])
    parser.add_argument("--write", action="store_true", help="write the files, too")
    parser.add_argument("--data", type=Path, default=DATA, help="the folder with the files")
    given = parser.parse_args(argv)
    clients = Clients(variables=dict(os.environ if variables is None else variables))
    versions = dict(name.split("@", 1) for name in given.versions)
    files: dict[str, Callable[[str], str]] = {
        "modules.toml": lambda text: modules(text, clients, versions),
        "go-modules.toml": lambda text: go_modules(text, clients, given.toolchain),
        "packages.toml": lambda text: packages(text, clients, given.npm),
    }
    paths = [given.data / name for name in files]
    before = {path: path.read_text("utf-8") for path in paths}
    try:
        after = {path: files[path.name](text) for path, text in before.items()}
    except HgwError as error:
        print(error, file=sys.stderr)
        return 1
    for path, text in after.items():
        old, new = before[path].splitlines(True), text.splitlines(True)
        sys.stdout.writelines(difflib.unified_diff(old, new, path.name, f"{path.name} (new)"))
        if given.write and new != old:
            path.write_text(text, encoding="utf-8", newline="\n")
    return 0


def _with_sum(text: str, profile: str, go_sum: str) -> str:
    pattern = rf'(^\[{profile}\]\n(?:[^\[\n][^\n]*\n)*?sum = """\n).*?(^""")'
    return re.sub(pattern, lambda found: f"{found[1]}{go_sum}{found[2]}", text, flags=re.MULTILINE | re.DOTALL)


def _rows(text: str, profile: str) -> list[re.Match[str]]:
    """The rows of a profile's Go modules, with the comments above them."""
    return [*re.finditer(rf"(?:^#[^\n]*\n)*^\[\[{profile}\.modules\]\]\n(?:[^\[#\n][^\n]*\n)*\n?", text, re.MULTILINE)]


def _with_version(text: str, profile: str, path: str, version: str | None) -> str:
    """The text with another version of a Go module; without the row of one that nothing requires any more."""
    for row in _rows(text, profile):
        if f'path = "{path}"\n' in row[0]:
            new = "" if version is None else re.sub(r'version = "[^"]*"', f'version = "{version}"', row[0])
            return text[: row.start()] + new + text[row.end() :]
    return text


if __name__ == "__main__":
    sys.exit(main())
