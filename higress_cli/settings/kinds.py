"""The kinds of values that settings have: how each is written, read and checked."""

import re
import shlex
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import ClassVar, Final, Generic, TypeVar

from higress_cli.i18n import _, listed, ngettext
from higress_cli.spelling import did_you_mean

T = TypeVar("T")
W = TypeVar("W", bound=str)
_YES: Final = ("1", "true", "yes", "on")
_NO: Final = ("0", "false", "no", "off")
_GATEWAY_TEXT: Final = r"v?(\d+\.\d+\.\d+(?:-[0-9A-Za-z.]+)?)"
_GATEWAY: Final = re.compile(_GATEWAY_TEXT)
# Python turns no more than 4300 digits into a number; no setting takes so large a one.
_MOST_DIGITS: Final = 18
REGISTRY_HOST: Final = r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:]+\])(?::[0-9]{1,5})?"
"""The host of a registry of images, with or without a port, as a regular expression."""
_TOOL_VERSION: Final = (
    r"(?:go|v)?[0-9]{1,9}(?:\.[0-9]{1,9}){0,3}(?:(?:a|alpha|b|beta|rc)[0-9]{1,9})?(?:-[A-Za-z0-9.]{1,40})?"
)
_SIZE_TEXT: Final = r"(\d{1,18}(?:\.\d{1,18})?)\s*([kKM]?i?)B?"
_SIZE: Final = re.compile(_SIZE_TEXT)
_UNITS: Final = {"": 1, "k": 1000, "M": 1000**2, "ki": 1024, "Mi": 1024**2}


class Unfit(ValueError):
    """A text that is not a valid value.

    `problem` continues a sentence that begins with the text, such as `is not an IP address`; `text` is the invalid part
    if there were several; `code` is the id of the error if the text was typed or is in a variable.
    """

    def __init__(
        self, problem: str, *, text: str | None = None, hint: str | None = None, code: str = "choice-invalid"
    ) -> None:
        super().__init__(problem)
        self.problem = problem
        self.text = text
        self.hint = hint
        self.code = code


class Kind(ABC, Generic[T]):
    """How the values of a setting are written. `metavar` is the placeholder for a value in help."""

    pattern: str = ""
    """The regular expression that each valid text matches as a whole; empty if there is none."""
    repeatable: ClassVar[bool] = False
    """Whether the option may be repeated, with a part of the value each time."""

    def __init__(self, metavar: str) -> None:
        self.metavar = metavar

    @abstractmethod
    def parse(self, text: str) -> T:
        """The value that `text` stands for, as written in a variable.

        Raises:
            Unfit: it is not a valid value.
        """

    def gather(self, texts: Sequence[str]) -> T:
        """The value given by a repeated option.

        Raises:
            Unfit: one of the texts is not valid.
        """
        return self.parse(texts[-1])

    def show(self, value: T) -> str:
        """`value` as it would be written in a variable."""
        return str(value)


class Text(Kind[str]):
    """Any text that matches `pattern`, by default any that is not empty; `problem` describes one that does not."""

    def __init__(self, metavar: str, *, pattern: str = ".+", problem: Callable[[], str] | None = None) -> None:
        super().__init__(metavar)
        self._pattern = re.compile(pattern, re.DOTALL)
        self.pattern = pattern if problem else ""
        self._problem = problem

    def parse(self, text: str) -> str:
        if not self._pattern.fullmatch(text):
            raise Unfit(self._problem() if self._problem else _("is empty"))
        return text


class ToolVersion(Text):
    """A version of a tool, as it says it or as its release is called: `1.20.14`, `go1.20.14`, `v0.30.0`, `123`."""

    def __init__(self) -> None:
        super().__init__("VERSION", pattern=_TOOL_VERSION, problem=version_problem)


def version_problem() -> str:
    """What is wrong with a text that is not a tool's version; it continues a sentence that begins with the text."""
    return _("is not a version; one looks like {example}").format(example="1.20.14")


def is_tool_version(text: str) -> bool:
    """Whether a text can be a version of a tool."""
    return re.fullmatch(_TOOL_VERSION, text) is not None


class Secret(Text):
    """A text that is never shown."""

    def show(self, value: str) -> str:
        return "***" if value else ""


class Word(Kind[W]):
    """One of a few words, which may be the members of an enumeration of texts."""

    def __init__(self, words: Iterable[W], *, metavar: str = "") -> None:
        self.words = tuple(words)
        super().__init__(metavar or "|".join(self.words))

    def parse(self, text: str) -> W:
        for word in self.words:
            if word == text:
                return word
        problem = _("is none of: {choices}").format(choices=listed(self.words))
        raise Unfit(problem, hint=did_you_mean(text, self.words))


class Switch(Kind[bool]):
    """On or off; as an option it takes no value."""

    def __init__(self) -> None:
        super().__init__("")

    def parse(self, text: str) -> bool:
        if text.lower() not in (*_YES, *_NO):
            raise Unfit(_("is none of: {choices}").format(choices=listed((*_YES, *_NO))))
        return text.lower() in _YES

    def show(self, value: bool) -> str:  # noqa: FBT001 -- the value of a switch
        return "true" if value else "false"


class Whole(Kind[int]):
    """A whole number from `least` to `most`."""

    def __init__(self, metavar: str, *, least: int, most: int) -> None:
        super().__init__(metavar)
        self.least = least
        self.most = most

    def parse(self, text: str) -> int:
        if not text.isdecimal() or len(text) > _MOST_DIGITS or not self.least <= int(text) <= self.most:
            raise Unfit(_("is not a whole number from {least} to {most}").format(least=self.least, most=self.most))
        return int(text)


class Size(Kind[int]):
    """A number of bytes, such as `3MB`, `512KiB` or `4096`."""

    pattern = _SIZE_TEXT

    def __init__(self) -> None:
        super().__init__("SIZE")

    def parse(self, text: str) -> int:
        found = _SIZE.fullmatch(text.strip().replace("K", "k"))
        if found is None or found[2] == "i":
            raise Unfit(_("is not a size; one looks like {example}").format(example=listed(("3MB", "512KiB"))))
        return int(float(found[1]) * _UNITS[found[2]])

    def show(self, value: int) -> str:
        return f"{value} B"


class Address(Kind[str]):
    """An IP address of this machine."""

    def __init__(self) -> None:
        super().__init__("ADDRESS")

    def parse(self, text: str) -> str:
        from ipaddress import ip_address  # noqa: PLC0415 -- only where one was given

        if text == "localhost":
            return "127.0.0.1"
        try:
            ip_address(text)
        except ValueError as error:
            raise Unfit(
                _("is not an IP address"),
                hint=_("127.0.0.1 is this machine alone, 0.0.0.0 every network that it is in"),
            ) from error
        return text


class GatewayVersion(Kind[str]):
    """A version of the Higress gateway, written like the tag of its image: `v2.0.7`."""

    pattern = _GATEWAY_TEXT

    def __init__(self) -> None:
        super().__init__("VERSION")

    def parse(self, text: str) -> str:
        found = _GATEWAY.fullmatch(text)
        if found is None:
            raise Unfit(
                _("is not a gateway version; one looks like {example}").format(example="v2.0.7"), code="gateway-invalid"
            )
        return f"v{found[1]}"


class Several(Kind[tuple[str, ...]]):
    """Several texts: a list in hgw.yaml. `split` splits the variable, and the value of each use of the option."""

    repeatable = True

    def __init__(self, metavar: str, *, split: Callable[[str], Iterable[str]]) -> None:
        super().__init__(metavar)
        self._split = split

    def parse(self, text: str) -> tuple[str, ...]:
        try:
            return tuple(self._split(text))
        except ValueError as error:
            raise Unfit(_("cannot be split into words: {reason}").format(reason=error)) from error

    def gather(self, texts: Sequence[str]) -> tuple[str, ...]:
        return tuple(item for text in texts for item in self.parse(text))

    def show(self, value: tuple[str, ...]) -> str:
        return " ".join(value)


class Pairs(Kind[Mapping[str, str]]):
    """Names and values: a mapping in hgw.yaml, `NAME=VALUE` per use of the option, separated by commas in a variable.

    Pairs from the command line are merged into those of the next place that has some, and win.
    """

    repeatable = True

    def __init__(self, metavar: str, *, code: str, example: str) -> None:
        super().__init__(metavar)
        self._code = code
        self._example = example

    def parse(self, text: str) -> Mapping[str, str]:
        return self.gather([part for part in text.split(",") if part.strip()])

    def gather(self, texts: Sequence[str]) -> Mapping[str, str]:
        return dict(self._pair(text.strip()) for text in texts)

    def show(self, value: Mapping[str, str]) -> str:
        return ",".join(f"{name}={item}" for name, item in value.items())

    def _pair(self, text: str) -> tuple[str, str]:
        name, separator, value = text.partition("=")
        if not separator or not name:
            raise Unfit(
                _("is not {form}").format(form=self.metavar),
                text=text,
                hint=_("for example: {example}").format(example=self._example),
                code=self._code,
            )
        return name, value


class Mirror(Kind[tuple[str, ...]]):
    """URL prefixes separated by commas, in order of preference, or the name of a preset."""

    _SCHEMES: Final = ("http://", "https://", "file://")

    def __init__(self, presets: Iterable[str], *, words: Iterable[str] = (), also: Iterable[str] = ()) -> None:
        """`words` may be used in place of a URL; `also` are presets that are understood and not offered."""
        self.presets = tuple(presets)
        self._also = tuple(also)
        super().__init__("|".join(("URL", *self.presets)))
        self._words = tuple(words)

    def parse(self, text: str) -> tuple[str, ...]:
        if text in (*self.presets, *self._also):
            return (text,)
        items = tuple(part.strip().rstrip("/") for part in text.split(",") if part.strip())
        if not items or not all(item in self._words or item.startswith(self._SCHEMES) for item in items):
            raise Unfit(
                _("is neither a URL nor one of: {presets}").format(presets=listed(self.presets)),
                code="mirror-invalid",
            )
        return items

    def show(self, value: tuple[str, ...]) -> str:
        return ",".join(value)


class Scenarios(Kind[tuple[object, ...]]):
    """What `hgw verify` checks. It can only be set in hgw.yaml; project.scenario reads it."""

    def __init__(self) -> None:
        super().__init__("LIST")

    def parse(self, text: str) -> tuple[object, ...]:  # noqa: ARG002 -- no text stands for scenarios
        raise Unfit(_("can only be set in hgw.yaml"))

    def show(self, value: tuple[object, ...]) -> str:
        """How many there are, in the language of the user."""
        return ngettext("{count} scenario", "{count} scenarios", len(value)).format(count=len(value))


def by_commas_or_spaces(text: str) -> list[str]:
    """Split `text` the way compilers split build tags."""
    return [word for word in re.split(r"[,\s]+", text) if word]


def as_a_shell_does(text: str) -> list[str]:
    """Split `text` the way a shell does, quotes included."""
    return shlex.split(text)
