"""Every id that an error, a check or a finding of hgw can have, and the recognition of known errors in output.

A row of `data/errors/*.toml` describes an id: its exit code, title, cause and fix, pages to read, and patterns that
recognise the error in the output of compilers and gateways. The row holds the English and the Chinese text, instead of
the gettext catalogue, so that adding a known error takes one row and one fixture, and both languages are reviewed
together. gettext translates only the texts in the code.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from string import Formatter
from typing import Annotated, Final

from higress_cli import data
from higress_cli.errors import ExitCode, HgwError, family
from higress_cli.i18n import Translated
from higress_cli.knowledge.compatibility import release

ID_PATTERN: Final = r"[a-z0-9]+(-[a-z0-9]+)*"
_UNKNOWN: Final = "?"
_TOO_LONG: Final = re.compile(r"([^\n]{4096})[^\n]+")


@dataclass(frozen=True, kw_only=True)
class Pattern:
    """A pattern, in which `^` and `$` match at line ends. The texts of its row can use its named groups.

    `when` is an optional condition that compares two of the groups as versions, such as `found > highest`.
    """

    text: re.Pattern[str]
    when: Annotated[str, re.compile(r"\w+ (?:>|<=) \w+")] | None = None

    @classmethod
    def from_text(cls, text: str) -> "Pattern":
        try:
            return cls(text=re.compile(text, re.MULTILINE))
        except re.error as error:
            raise ValueError(f"{text!r} is not a regular expression: {error}") from error

    def holds(self, match: re.Match[str]) -> bool:
        """Whether a match of `text` meets the condition."""
        if self.when is None:
            return True
        left, operator, right = self.when.split()
        return (release(match[left]) > release(match[right])) is (operator == ">")


@dataclass(frozen=True, kw_only=True)
class FixText(Translated):
    """A command to type, or what to do, with variants for some operating systems."""

    linux: Translated | None = None
    darwin: Translated | None = None
    windows: Translated | None = None

    def on(self, system: str | None) -> Translated:
        """The fix on an operating system, given by Go's name for it (linux, darwin, windows)."""
        return {"linux": self.linux, "darwin": self.darwin, "windows": self.windows}.get(system or "") or self


@dataclass(frozen=True, kw_only=True)
class KnownError:
    """The meaning of an id. The texts may use `{group}` for a pattern's group; `links` are pages to read."""

    id: Annotated[str, re.compile(ID_PATTERN)]
    exit: ExitCode
    title: Translated
    cause: Translated
    fix: FixText | None = None
    links: tuple[data.Url, ...] = ()
    patterns: tuple[Pattern, ...] = ()

    def __post_init__(self) -> None:
        if self.patterns and self.fix is None:
            raise ValueError(f"`{self.id}` has patterns and no fix")
        groups = {name for pattern in self.patterns for name in pattern.text.groupindex}
        for text in (self.title, self.cause, self.fix or self.title):
            if unknown := _placeholders(text.en) - groups:
                raise ValueError(f"`{self.id}`: no pattern has the groups {sorted(unknown)}")


@dataclass(frozen=True, kw_only=True)
class _File:
    error: tuple[KnownError, ...]


@dataclass(frozen=True, kw_only=True)
class Match:
    """A known error in a text: `line` is its 1-based line, and `found` has the groups of its pattern."""

    entry: KnownError
    line: int
    found: Mapping[str, str]

    @property
    def id(self) -> str:
        return self.entry.id

    @property
    def title(self) -> str:
        return self._filled(self.entry.title)

    @property
    def cause(self) -> str:
        return self._filled(self.entry.cause)

    @property
    def fix(self) -> str:
        """The fix if the operating system is unknown or does not matter."""
        return self.fix_on(None)

    def fix_on(self, system: str | None) -> str:
        """The fix on an operating system, given by Go's name for it: a command, or what to do."""
        return self._filled(self.entry.fix.on(system)) if self.entry.fix else ""

    def as_error(self, message: str, *, system: str | None = None, details: Mapping[str, object]) -> HgwError:
        """The error to raise if a command fails for this reason, with the exit code of its id."""
        return family(self.entry.exit)(message, code=self.id, hint=self.fix_on(system), details=details)

    def _filled(self, text: Translated) -> str:
        return str(text).format_map(_Groups(self.found))


class _Groups(dict[str, str]):
    """The groups of a match; a group that the pattern does not have is shown as a question mark."""

    def __missing__(self, key: str) -> str:
        return _UNKNOWN


@cache
def entries() -> Mapping[str, KnownError]:
    """Every row by id, in the order of the files. No two have the same."""
    return {row.id: row for name in data.names("errors") for row in data.load(name, _File).error}


def entry(identifier: str) -> KnownError:
    """The row of an id.

    Raises:
        KeyError: there is none.
    """
    return entries()[identifier]


def advice(identifier: str, *, system: str | None = None) -> str | None:
    """The fix for an id without a match; None if its text needs the groups of one."""
    row = entries().get(identifier)
    if row is None or row.fix is None:
        return None
    text = row.fix.on(system)
    return None if _placeholders(text.en) else str(text)


def shortened(text: str) -> str:
    """`text` with at most 4096 characters of each line.

    A pattern may take the square of a line's length, and a compiler may print a constant of a megabyte.
    """
    return _TOO_LONG.sub(r"\1", text)


def recognise(text: str) -> tuple[Match, ...]:
    """The known errors in `text`, in the order of their first lines, each id once. Only the start of a line counts."""
    text = shortened(text)
    found: dict[str, Match] = {}
    for row, match in sorted(_hits(text), key=lambda hit: hit[1].start()):
        if row.id not in found:
            groups = {name: value for name, value in match.groupdict().items() if value}
            found[row.id] = Match(entry=row, line=text.count("\n", 0, match.start()) + 1, found=groups)
    return tuple(found.values())


def _hits(text: str) -> Iterator[tuple[KnownError, re.Match[str]]]:
    """The first match of each pattern, skipping lines that an earlier pattern matched."""
    taken: set[int] = set()
    for row in entries().values():
        for pattern in row.patterns:
            for match in pattern.text.finditer(text):
                line = text.count("\n", 0, match.start())
                if line not in taken and pattern.holds(match):
                    taken.add(line)
                    yield row, match
                    break


def _placeholders(text: str) -> set[str]:
    return {name for _literal, name, _spec, _conversion in Formatter().parse(text) if name}
