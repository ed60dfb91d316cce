"""The order of precedence of values, the same for every setting and every command."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Final, Protocol, TypeVar

from higress_cli.choice import DEFAULT, Choice, Source, SourceKind
from higress_cli.i18n import _
from higress_cli.settings.kinds import Pairs, Unfit, Word
from higress_cli.settings.setting import Implication, Setting
from higress_cli.settings.table import IMPLICATIONS

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """A value that was not typed as an option but as the answer to a question of this run."""

    text: str

    def __str__(self) -> str:
        return self.text


GivenValue = str | Sequence[str] | bool | Answer | None
"""From the command line: a text, several texts if the option may be repeated, True for a switch; None says nothing."""
Given = Mapping[Setting[object], GivenValue]
SettingValues = Mapping[Setting[object], Any]
"""Each value has the type of its setting, which Python's types of mappings cannot say."""
NOTHING: Final[Given] = MappingProxyType({})


class Rung(Protocol):
    """One place that values can come from."""

    def find(self, setting: Setting[T], resolver: "Resolver") -> Choice[T] | None:
        """The value of `setting` in this place, None if it has none.

        Raises:
            UsageError: a value from the command line or the variable is invalid.
        """


@dataclass(frozen=True)
class CommandLine:
    """The command line. The value of a setting without an option comes from an argument."""

    given: Given

    def find(self, setting: Setting[T], resolver: "Resolver") -> Choice[T] | None:  # noqa: ARG002 -- a Rung
        raw = self.given.get(setting)
        if isinstance(raw, Answer):
            return _parsed(setting, raw.text, Source(SourceKind.FLAG, _("your answer")))
        if raw is None or raw is False or raw in ([], ()):
            return None
        return _parsed(setting, raw, Source(SourceKind.FLAG, setting.flag or _("the command line")))


@dataclass(frozen=True)
class Variables:
    """The environment; an empty variable counts as unset."""

    variables: Mapping[str, str]

    def find(self, setting: Setting[T], resolver: "Resolver") -> Choice[T] | None:  # noqa: ARG002 -- a Rung
        text = self.variables.get(setting.variable) if setting.variable else None
        if not text or text.isspace():
            return None
        return _parsed(setting, text, Source(SourceKind.VARIABLE, setting.variable))


@dataclass(frozen=True)
class Values:
    """Values from one source, already read and checked; `lines` are their lines if it is a file."""

    source: Source
    values: SettingValues
    lines: Mapping[Setting[object], int] = field(default_factory=dict)

    def find(self, setting: Setting[T], resolver: "Resolver") -> Choice[T] | None:  # noqa: ARG002 -- a Rung
        if setting not in self.values or (self.source.kind is SourceKind.PARENT and not setting.inherited):
            return None
        return Choice(self.values[setting], replace(self.source, line=self.lines.get(setting)))


@dataclass(frozen=True)
class Fixed:
    """Choices that have already been made, with their sources."""

    choices: Mapping[Setting[object], Choice[Any]]

    def find(self, setting: Setting[T], resolver: "Resolver") -> Choice[T] | None:  # noqa: ARG002 -- a Rung
        return self.choices.get(setting)


@dataclass(frozen=True)
class Inferred:
    """Values that follow from other choices or from the project's own files, one rule per setting."""

    rules: Mapping[Setting[object], Callable[["Resolver"], Choice[Any] | None]]

    def find(self, setting: Setting[T], resolver: "Resolver") -> Choice[T] | None:
        rule = self.rules.get(setting)
        return rule(resolver) if rule else None


@dataclass(frozen=True, kw_only=True)
class Resolver:
    """The places where one command in one folder looks for values, in order of precedence."""

    rungs: tuple[Rung, ...]
    implications: Mapping[Setting[object], Implication[Any]] = field(default_factory=lambda: IMPLICATIONS)

    def choose(
        self, setting: Setting[T], *, fits: Callable[[T], bool] | None = None, default: Choice[T] | None = None
    ) -> Choice[T]:
        """The value that wins, and its source. `default` replaces the setting's own default.

        A value that does not fit is skipped unless it is from the command line or a variable: an hgw.yaml may be meant
        for other plugins.

        Raises:
            UsageError: a value from the command line or the variable is invalid.
        """
        found = (
            choice
            for choice in self._candidates(setting)
            if fits is None or choice.source.is_typed or fits(choice.value)
        )
        last = default or Choice(setting.default, DEFAULT)
        first = next(found, last)
        if isinstance(setting.kind, Pairs) and first.source.kind is SourceKind.FLAG:
            below: Any = next(found, last)
            merged: Any = {**below.value, **dict(first.value)}  # type: ignore[call-overload] # pairs are mappings
            return replace(first, value=merged)
        return first

    def fixed(self, choices: Mapping[Setting[object], Choice[object]]) -> "Resolver":
        """The same resolver, with some choices already made."""
        return replace(self, rungs=(Fixed(choices), *self.rungs))

    def _candidates(self, setting: Setting[T]) -> Iterator[Choice[T]]:
        implication = self.implications.get(setting)
        for rung in self.rungs:
            choice = rung.find(setting, self)
            if choice is not None:
                yield choice
            elif implication is not None and (other := rung.find(implication.setting, self)) is not None:
                value = implication.of(other.value)
                if value is not None:
                    yield Choice(value, other.source)


def machine_resolver(variables: Mapping[str, str], *, given: Given = NOTHING) -> Resolver:
    """A resolver for machine settings, which do not depend on a project."""
    return Resolver(rungs=(CommandLine(given), Variables(variables), user_configuration()))


def user_configuration() -> Rung:
    """The user's configuration for all projects, which nothing reads yet."""
    return Values(Source(SourceKind.USER, "config.toml"), {})


def _parsed(setting: Setting[T], raw: str | Sequence[str] | bool, source: Source) -> Choice[T]:  # noqa: FBT001
    if isinstance(raw, bool):
        return Choice(raw, source)  # type: ignore[arg-type] # only a switch has a bool
    try:
        return Choice(setting.kind.parse(raw) if isinstance(raw, str) else setting.kind.gather(raw), source)
    except Unfit as error:
        value = error.text or (raw if isinstance(raw, str) else " ".join(map(str, raw)))
        details: dict[str, object] = {"value": value, "source": str(source)}
        if isinstance(setting.kind, Word):
            details["choices"] = list(setting.kind.words)
        raise source.refusal(
            _("`{value}` (from {source}) {problem}").format(value=value, source=source, problem=error.problem),
            code=error.code,
            hint=error.hint or f"hgw help settings {setting.key}",
            details=details,
        ) from error
