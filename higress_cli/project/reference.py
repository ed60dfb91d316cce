"""The reference of hgw.yaml: every key of the file, found in the shapes that read it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final

from higress_cli.i18n import _
from higress_cli.project import shapes
from higress_cli.project.scenario_files import ScenarioList
from higress_cli.project.settings import Written, shape_of
from higress_cli.settings.kinds import Pairs, Word
from higress_cli.settings.setting import Scope, Setting
from higress_cli.settings.table import SETTINGS

_ITEM: Final = "[]"
_ANY_NAME: Final = "NAME"
_MAPPING: Final = "{...}"
_LIST: Final = "[...]"
_OR: Final = " | "


@dataclass(frozen=True, kw_only=True)
class KeyEntry:
    """A key of hgw.yaml."""

    key: str
    """Its place, such as `run.port` or `verify[].expect.status`; `<matcher>.contains` is in whatever is a matcher."""
    form: str
    """How its values are written, in the language of the user."""
    help: str = ""
    """What it means, in the language of the user; empty if the name says it."""
    default: str | None = None
    """The default of a setting, as text; null for other keys, whose help says it."""
    required: bool = False
    """Whether the key is required."""


def reference() -> tuple[KeyEntry, ...]:
    """Every key, in the order of the settings table and of the grammar."""
    return tuple(_Walk(project_settings()).entries())


def project_settings() -> tuple[Setting[object], ...]:
    """The settings that hgw.yaml can hold."""
    return tuple(setting for setting in SETTINGS if setting.scope is Scope.PROJECT)


def named_shapes(roots: Iterable[object]) -> Mapping[int, shapes.Named[object]]:
    """The shapes below `roots` that have a name of their own, by the identity of what the name stands for."""
    found: dict[int, shapes.Named[object]] = {}
    for shape in all_shapes(roots):
        if isinstance(shape, shapes.Named):
            found.setdefault(id(shape.shape()), shape)
    return found


def all_shapes(roots: Iterable[object]) -> Iterator[object]:
    """Every shape in `roots` and below, each once."""
    seen: set[int] = set()
    open_shapes = list(roots)
    while open_shapes:
        shape = open_shapes.pop(0)
        if id(shape) not in seen:
            seen.add(id(shape))
            yield shape
            open_shapes += parts(shape)


def parts(shape: object) -> tuple[object, ...]:  # noqa: PLR0911 -- a table of shapes
    """The shapes right inside one."""
    match shape:
        case shapes.Record():
            return tuple(entry.shape for entry in shape.entries)
        case shapes.Items():
            return (shape.item,)
        case shapes.Pairs():
            return (shape.value,)
        case shapes.Turned():
            return (shape.shape,)
        case shapes.Named():
            return (shape.shape(),)
        case shapes.Either():
            each = (shape.scalar, shape.mapping, shape.items, shape.null)
            return tuple(part for part in each if part is not None)
        case ScenarioList():
            return (shape.scenario, shape.include)
    return ()


class _Walk:
    """One walk through all shapes; what was explained once is only named where it comes again."""

    def __init__(self, settings: Iterable[Setting[object]]) -> None:
        self._settings = {setting: shape_of(setting.kind) for setting in settings}
        self._named = named_shapes(self._settings.values())
        self._named_entries = {
            id(entry): name.name
            for name in self._named.values()
            for part in (name.shape(), *parts(name.shape()))
            if isinstance(part, shapes.Record)
            for entry in part.entries
        }
        self._explained: dict[int, str] = {}
        self._keys: set[str] = set()

    def entries(self) -> Iterator[KeyEntry]:
        for setting, shape in self._settings.items():
            yield KeyEntry(
                key=setting.key, form=self._form(setting), help=_(setting.help), default=setting.shown_default
            )
            yield from self._inside(shape, setting.key)
        for named in self._named.values():
            key = f"<{named.name}>"
            yield KeyEntry(key=key, form=self._words(named.shape(), inside_of=named))
            yield from self._children(named.shape(), key, inside_of=named)

    def _inside(self, shape: object, key: str) -> Iterator[KeyEntry]:
        """The keys inside a value, unless they are explained elsewhere."""
        if not self._is_named(shape):
            yield from self._children(shape, key)

    def _is_named(self, shape: object) -> bool:
        return isinstance(shape, shapes.Named) or id(shape) in self._named

    def _children(self, shape: object, key: str, inside_of: shapes.Named[object] | None = None) -> Iterator[KeyEntry]:
        match shape:
            case shapes.Record():
                yield from self._record(shape, key, inside_of)
            case shapes.Items():
                yield from self._inside(shape.item, key + _ITEM)
            case shapes.Pairs():
                yield from self._inside(shape.value, f"{key}.{_ANY_NAME}")
            case ScenarioList():
                for part in parts(shape):
                    yield from self._children(part, key + _ITEM)
            case shapes.Either() | shapes.Turned():
                for part in parts(shape):
                    if not self._is_named(part):
                        yield from self._children(part, key, inside_of)

    def _record(
        self, shape: shapes.Record[object], key: str, inside_of: shapes.Named[object] | None
    ) -> Iterator[KeyEntry]:
        borrowed = None
        for entry in shape.entries:
            if inside_of is None and (name := self._named_entries.get(id(entry))):
                borrowed = name
            else:
                yield from self._entry(entry, key, required=entry.name in shape.required)
        if borrowed is not None and self._is_new(f"{key}.*"):
            yield KeyEntry(key=f"{key}.*", form=_("a key of {name}").format(name=f"<{borrowed}>"))

    def _is_new(self, key: str) -> bool:
        """Whether no key like this was listed; a list of answers and a single one have the same keys."""
        plain = key.replace(_ITEM, "")
        is_new = plain not in self._keys
        self._keys.add(plain)
        return is_new

    def _entry(self, entry: shapes.Entry, above: str, *, required: bool) -> Iterator[KeyEntry]:
        key = f"{above}.{entry.name}"
        if not self._is_new(key):
            return
        found = KeyEntry(
            key=key, form=self._words(entry.shape), help=_(entry.help) if entry.help else "", required=required
        )
        former = self._explained.get(id(entry.shape))
        if former is not None:
            yield replace(found, form=_("as {key}").format(key=former))
            return
        if self._has_keys(entry.shape):
            self._explained[id(entry.shape)] = key
        yield found
        yield from self._inside(entry.shape, key)

    def _has_keys(self, shape: object) -> bool:
        """Whether a value has known keys, which are not those of a named shape."""
        if self._is_named(shape):
            return False
        return isinstance(shape, shapes.Record) or any(self._has_keys(part) for part in parts(shape))

    def _form(self, setting: Setting[object]) -> str:
        if isinstance(setting.kind, Pairs):
            name, _equals, value = setting.kind.metavar.partition("=")
            return f"{{{name}: {value}}}"
        return self._words(self._settings[setting])

    def _words(self, shape: object, *, inside_of: shapes.Named[object] | None = None) -> str:  # noqa: PLR0911, C901 -- a table
        if inside_of is None and self._is_named(shape):
            return f"<{shape.name if isinstance(shape, shapes.Named) else self._named[id(shape)].name}>"
        match shape:
            case Written():
                return _OR.join(shape.kind.words) if isinstance(shape.kind, Word) else shape.kind.metavar
            case shapes.Scalar() | shapes.Patterned():
                return _OR.join(getattr(shape, "choices", ())) or _("text")
            case shapes.Whole():
                return f"{shape.least}..{shape.most}"
            case shapes.Seconds():
                return _("seconds")
            case shapes.FileName():
                return _("file")
            case shapes.Items():
                return f"[{self._words(shape.item)}, ...]"
            case shapes.Pairs():
                return f"{{{_ANY_NAME}: {self._words(shape.value)}}}"
            case shapes.Turned():
                return self._words(shape.shape)
            case shapes.Either():
                words = (word for words in self._alternatives(shape) for word in words.split(_OR))
                return _OR.join(dict.fromkeys(words))
            case shapes.Record():
                return _MAPPING
            case ScenarioList():
                return f"[{_MAPPING}, ...]"
        return _("value")

    def _alternatives(self, shape: shapes.Either[object]) -> Iterator[str]:
        scalar = self._words(shape.scalar) if shape.scalar is not None else None
        if scalar is not None:
            yield scalar
        if shape.mapping is not None:
            words = self._words(shape.mapping)
            yield _MAPPING if _is_anything(shape.mapping) else words
        if shape.items is not None:
            words = self._words(shape.items)
            yield _LIST if _is_anything(shape.items) or words == f"[{scalar}, ...]" else words
        if shape.null is not None:
            yield "null"


def _is_anything(shape: object) -> bool:
    return isinstance(shape, shapes.Anything) or (isinstance(shape, shapes.Turned) and _is_anything(shape.shape))
