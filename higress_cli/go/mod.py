"""Read and edit go.mod without the go command, because the installed Go may be too old to parse it.

RATIONALE.md, Compiling.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from higress_cli.system.os_errors import read_error
from higress_cli.system.user_file import read_text

GO_MOD: Final = "go.mod"
_COMMENT: Final = re.compile(r"//.*")


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """A required module, with its 1-based line. `indirect` is what the comment behind it says."""

    path: str
    version: str
    line: int
    indirect: bool = False


@dataclass(frozen=True, kw_only=True)
class Replacement:
    """A `replace` line: `version` None replaces every version of the module `path`.

    `target` is another module path, or a folder (`./x`, `../x`, absolute).
    """

    path: str
    version: str | None
    target: str
    line: int

    @property
    def is_local(self) -> bool:
        """Whether the target is a folder (go.dev/ref/mod, "replace directive")."""
        return self.target.startswith(("./", "../", "/", ".\\", "..\\")) or Path(self.target).is_absolute()


@dataclass(frozen=True, kw_only=True)
class GoMod:
    """A go.mod, of which `go` and `toolchain` are the values of those lines, such as `1.19` and `go1.24.4`.

    `go_line` and `toolchain_line` are the 1-based numbers of those lines.
    """

    path: Path
    module: str | None
    go: str | None
    go_line: int | None
    toolchain: str | None
    toolchain_line: int | None
    requirements: tuple[Requirement, ...]
    replacements: tuple[Replacement, ...]

    @property
    def name(self) -> str:
        """The last part of the module path."""
        return last_part(self.module or "")

    def place(self, line: int | None) -> str:
        """`FILE:LINE`."""
        return f"{self.path}:{line}" if line else str(self.path)

    def requirement_of(self, module: str) -> Requirement | None:
        """The requirement of `module`, the last one if there are several."""
        return next((found for found in reversed(self.requirements) if found.path == module), None)

    def replacement_of(self, requirement: Requirement) -> Replacement | None:
        """The replacement of a required module."""
        return next(
            (
                found
                for found in self.replacements
                if found.path == requirement.path and found.version in {None, requirement.version}
            ),
            None,
        )

    @property
    def versions(self) -> dict[str, str]:
        """The versions of the required modules that are not replaced, by module path."""
        return {item.path: item.version for item in self.requirements if self.replacement_of(item) is None}

    def folder_of(self, replacement: Replacement) -> Path:
        """The folder that a local replacement names."""
        return (self.path.parent / replacement.target).resolve()

    def local_modules(self) -> Iterator[Path]:
        """The local folders that replace modules."""
        return (self.folder_of(found) for found in self.replacements if found.is_local)


def last_part(module: str) -> str:
    """The last part of a module path, without a major version: `tool` of `example.com/tool/v2`."""
    return re.sub(r"/v\d+$", "", module).rpartition("/")[2]


def escaped_path(text: str) -> str:
    """A module path or version as file names and URLs have it: `!a` for `A` (golang.org/x/mod/module, EscapePath)."""
    return re.sub(r"[A-Z]", lambda letter: f"!{letter[0].lower()}", text)


def cached_go_mod(module_cache: Path, module: str, version: str) -> Path:
    """Where the go command keeps the go.mod of a Go module that it has met (go.dev/ref/mod, "Module cache")."""
    return module_cache / "cache" / "download" / escaped_path(module) / "@v" / f"{escaped_path(version)}.mod"


def go_mod_at(directory: Path) -> Path:
    """The go.mod that the go command uses in `directory`: its own or the nearest above it; its own if there is none."""
    places = (folder / GO_MOD for folder in (directory, *directory.parents))
    return next((path for path in places if path.is_file()), directory / GO_MOD)


def read_go_mod(path: Path) -> GoMod:
    """Read the lines of a go.mod that hgw needs and ignore the others.

    Raises:
        InvalidInput: `file-unreadable`.
    """
    try:
        text = read_text(path)
    except (OSError, UnicodeDecodeError) as error:
        raise read_error(path, error, is_fixed=True) from error
    return parsed_go_mod(path, text)


def parsed_go_mod(path: Path, text: str) -> GoMod:
    """Parse `text` as a go.mod; `path` is only used in messages."""
    module = go = toolchain = None
    go_line = toolchain_line = None
    requirements: list[Requirement] = []
    replacements: list[Replacement] = []
    lines = text.splitlines()
    for number, words in statements(text):
        match words:
            case ["module", name]:
                module = name
            case ["go", version]:
                go, go_line = version, number
            case ["toolchain", name]:
                toolchain, toolchain_line = name, number
            case ["require", name, version]:
                comment = lines[number - 1].partition("//")[2].strip()
                indirect = comment == "indirect" or comment.startswith("indirect;")
                requirements.append(Requirement(path=name, version=version, line=number, indirect=indirect))
            case ["replace", name, "=>", target, *_version]:
                replacements.append(Replacement(path=name, version=None, target=target, line=number))
            case ["replace", name, version, "=>", target, *_version]:
                replacements.append(Replacement(path=name, version=version, target=target, line=number))
    return GoMod(
        path=path,
        module=module,
        go=go,
        go_line=go_line,
        toolchain=toolchain,
        toolchain_line=toolchain_line,
        requirements=tuple(requirements),
        replacements=tuple(replacements),
    )


@dataclass(frozen=True, kw_only=True)
class GoModEdits:
    """What is to be changed in a go.mod: the `versions` of modules that it requires, and its `go` line if not None.

    `added` are modules to be required as well, with their versions. `dropped_replacements` are the modules whose
    `replace` lines are removed.
    """

    versions: Mapping[str, str] = field(default_factory=dict)
    added: Mapping[str, str] = field(default_factory=dict)
    go: str | None = None
    drops_toolchain: bool = False
    dropped_replacements: Collection[str] = ()


def edited_go_mod(text: str, edits: GoModEdits) -> str:
    """The text of a go.mod with the edits made; every other character stays as it is."""
    lines = text.splitlines(keepends=True)
    for number, words in statements(text):
        index = number - 1
        match words:
            case ["require", name, version] if name in edits.versions:
                lines[index] = _with_word(lines[index], version, edits.versions[name])
            case ["go", version] if edits.go is not None:
                lines[index] = _with_word(lines[index], version, edits.go)
            case ["toolchain", _name] if edits.drops_toolchain:
                _drop_line(lines, index)
            case ["replace", name, *_rest] if name in edits.dropped_replacements:
                _drop_line(lines, index)
    return _with_requirements("".join(lines), edits.added)


def statements(text: str) -> Iterator[tuple[int, list[str]]]:
    """The line number and the words of each statement in a go.mod or go.work.

    The lines of a block are prefixed with the block's verb.
    """
    verb: str | None = None
    for number, raw in enumerate(text.splitlines(), start=1):
        words = [word.strip('"`') for word in _COMMENT.sub("", raw).split()]
        if not words:
            continue
        if verb is not None:
            if words == [")"]:
                verb = None
            else:
                yield number, [verb, *words]
        elif words[-1] == "(":
            verb = words[0]
        else:
            yield number, words


def _with_requirements(text: str, added: Mapping[str, str]) -> str:
    """`text` with lines for more modules, in its first block of requirements if there is one."""
    if not added:
        return text
    block = "".join(f"\t{path} {version}\n" for path, version in sorted(added.items()))
    opened = re.search(r"^require[ \t]*\([^\n]*\n", text, re.MULTILINE)
    if opened is not None:
        return text[: opened.end()] + block + text[opened.end() :]
    return f"{text.rstrip()}\n\nrequire (\n{block})\n"


def _drop_line(lines: list[str], index: int) -> None:
    """Remove a line and the blank line after it, if there is one."""
    lines[index] = ""
    if index + 1 < len(lines) and not lines[index + 1].strip():
        lines[index + 1] = ""


def _with_word(line: str, old: str, new: str) -> str:
    return re.sub(rf"(?<!\S){re.escape(old)}(?!\S)", lambda _match: new, line, count=1)
