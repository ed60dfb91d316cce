"""What a go.mod says, read without Go: the versions it asks for may be ones that the Go at hand cannot parse."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from higress_cli.errors import InvalidInput
from higress_cli.i18n import _

_COMMENT: Final = re.compile(r"//.*")


@dataclass(frozen=True, kw_only=True)
class Requirement:
    """A module that is required, and the 1-based line that says so."""

    path: str
    version: str
    line: int


@dataclass(frozen=True, kw_only=True)
class GoMod:
    """`go` is the language version of the `go` line, such as `1.19`; `go_line` is where it is, counted from 1.

    `toolchain` is what the `toolchain` line names, such as `go1.24.4`.
    `replaced` maps a module path to what stands in for it: another path, or a folder (`./x`, `../x`, absolute).
    """

    path: Path
    module: str | None
    go: str | None
    go_line: int | None
    toolchain: str | None
    requirements: tuple[Requirement, ...]
    replaced: dict[str, str]

    def version_of(self, module: str) -> Requirement | None:
        """The requirement of `module`, the last one where there are more."""
        return next((found for found in reversed(self.requirements) if found.path == module), None)

    def local_modules(self) -> Iterator[Path]:
        """The folders of modules that are replaced by local ones."""
        for target in self.replaced.values():
            if target.startswith(("./", "../", "/", ".\\", "..\\")) or Path(target).is_absolute():
                yield (self.path.parent / target).resolve()


def read_go_mod(path: Path) -> GoMod:
    """Read the lines of a go.mod that hgw needs; what it does not know is left to Go.

    Raises:
        InvalidInput: `go-mod-unreadable`.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInput(
            _("{path} cannot be read: {reason}").format(path=path, reason=error),
            code="go-mod-unreadable",
            details={"path": path},
        ) from error
    module = go = toolchain = None
    go_line = None
    requirements: list[Requirement] = []
    replaced: dict[str, str] = {}
    for number, words in _statements(text):
        match words:
            case ["module", name]:
                module = name
            case ["go", version]:
                go, go_line = version, number
            case ["toolchain", name]:
                toolchain = name
            case ["require", name, version]:
                requirements.append(Requirement(path=name, version=version, line=number))
            case ["replace", name, *rest] if "=>" in rest:
                replaced[name] = rest[rest.index("=>") + 1] if rest.index("=>") + 1 < len(rest) else ""
    return GoMod(
        path=path,
        module=module,
        go=go,
        go_line=go_line,
        toolchain=toolchain,
        requirements=tuple(requirements),
        replaced=replaced,
    )


def edited_go_mod(
    text: str, *, versions: Mapping[str, str] | None = None, go: str | None = None, drop_toolchain: bool = False
) -> str:
    """`text` with other versions of modules that it requires, another `go` line, no `toolchain` line."""
    lines = text.splitlines(keepends=True)
    for number, words in _statements(text):
        index = number - 1
        match words:
            case ["require", name, version] if versions and name in versions:
                lines[index] = _with_word(lines[index], version, versions[name])
            case ["go", version] if go is not None:
                lines[index] = _with_word(lines[index], version, go)
            case ["toolchain", _name] if drop_toolchain:
                lines[index] = ""
                if index + 1 < len(lines) and not lines[index + 1].strip():
                    lines[index + 1] = ""
    return "".join(lines)


def _with_word(line: str, old: str, new: str) -> str:
    return re.sub(rf"(?<!\S){re.escape(old)}(?!\S)", lambda _match: new, line, count=1)


def _statements(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each statement as its words, a block's lines with the block's verb in front, and its line number."""
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
