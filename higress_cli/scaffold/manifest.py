"""A template's manifest, template.toml, as typed values."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn

from higress_cli.abi import Abi
from higress_cli.errors import ConflictError
from higress_cli.i18n import LANGUAGES, _
from higress_cli.profile import Profile

FILE_NAME: Final = "template.toml"
VARIABLE_TYPES: Final = ("string", "integer", "boolean", "choice")
_SCHEMA: Final = 1
_VARIABLE_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")

Text = Mapping[str, str]


@dataclass(frozen=True, kw_only=True)
class Variable:
    """Something that a template asks for; `pattern` is a regular expression that the whole answer has to match."""

    name: str
    kind: str = "string"
    default: Any
    pattern: str | None = None
    choices: tuple[str, ...] = ()
    help: Text = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service that the plugin calls: its name and logical port in Higress, and who plays it locally.

    `name` may contain variables. `address` is where `hgw run` finds it, `host` and `host_port` are its place in the
    compose file, `image` a key of the image table.
    """

    name: str
    port: int
    address: str
    host: str
    host_port: int
    image: str


@dataclass(frozen=True, kw_only=True)
class Template:
    """A template as its author declared it; `root` is its folder, `layers` the shared folders that lie under it."""

    name: str
    root: Path
    title: Text
    description: Text
    order: int = 100
    hidden: bool = False
    profiles: tuple[str, ...] = tuple(Profile)
    abis: tuple[str, ...] = tuple(Abi)
    layers: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    variables: tuple[Variable, ...] = ()
    services: tuple[Service, ...] = ()
    next_steps: Text = field(default_factory=dict)

    def abis_for(self, profile: str) -> tuple[str, ...]:
        """The ABI versions that it supports in `profile`; native Go knows only the newest."""
        return tuple(abi for abi in self.abis if abi in Profile(profile).abis)


def read_manifest(root: Path) -> Template:
    """Read the manifest of the template in `root`.

    Raises:
        ConflictError: `template-invalid` with the key and what was expected.
    """
    path = root / FILE_NAME
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise _invalid(path, _("it cannot be read: {reason}").format(reason=error)) from error
    except tomllib.TOMLDecodeError as error:
        raise _invalid(path, str(error)) from error
    return _Reader(path).template(root, document)


def _invalid(path: Path, problem: str) -> ConflictError:
    return ConflictError(
        _("the template manifest {path} is not valid: {problem}").format(path=path, problem=problem),
        code="template-invalid",
        hint="hgw init --list-templates",
        details={"path": path},
    )


class _Reader:
    """Checks each value of one manifest while it is read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def template(self, root: Path, document: Mapping[str, Any]) -> Template:
        known = {
            "schema", "order", "hidden", "title", "description", "profiles", "abis", "layers", "modules",
            "next", "variables", "services",
        }  # fmt: skip
        self._known(document, known, "")
        if document.get("schema") != _SCHEMA:
            self._fail(_("`schema` must be {wanted}").format(wanted=_SCHEMA))
        return Template(
            name=root.name,
            root=root,
            title=self._text(document, "title", required=True),
            description=self._text(document, "description", required=True),
            order=self._typed(document, "order", int, 100),
            hidden=self._typed(document, "hidden", bool, False),
            profiles=self._subset(document, "profiles", tuple(Profile)),
            abis=self._subset(document, "abis", tuple(Abi)),
            layers=self._texts(document, "layers"),
            modules=self._texts(document, "modules"),
            variables=tuple(
                self._variable(name, entry) for name, entry in self._typed(document, "variables", dict, {}).items()
            ),
            services=tuple(self._service(entry) for entry in self._typed(document, "services", list, [])),
            next_steps=self._text(document, "next"),
        )

    def _variable(self, name: str, entry: Any) -> Variable:
        where = f"variables.{name}"
        if not _VARIABLE_NAME.fullmatch(name):
            self._fail(_("`{key}`: a variable is named in lower case with underscores").format(key=where))
        entry = self._mapping(entry, where)
        self._known(entry, {"type", "default", "pattern", "choices", "help"}, where)
        kind = self._typed(entry, "type", str, "string")
        if kind not in VARIABLE_TYPES:
            self._fail(_("`{key}.type` is none of: {choices}").format(key=where, choices=", ".join(VARIABLE_TYPES)))
        if "default" not in entry:
            self._fail(_("`{key}` has no `default`").format(key=where))
        pattern = entry.get("pattern")
        if pattern is not None:
            try:
                re.compile(pattern)
            except (re.error, TypeError) as error:
                self._fail(_("`{key}.pattern` is no regular expression: {reason}").format(key=where, reason=error))
        choices = self._texts(entry, "choices")
        self._check_default(where, entry["default"], kind=kind, pattern=pattern, choices=choices)
        return Variable(
            name=name,
            kind=kind,
            default=entry["default"],
            pattern=pattern,
            choices=choices,
            help=self._text(entry, "help"),
        )

    def _check_default(
        self, where: str, default: Any, *, kind: str, pattern: str | None, choices: tuple[str, ...]
    ) -> None:
        """See that the default is an answer that the variable would take."""
        wanted = {"integer": int, "boolean": bool}.get(kind, str)
        fits = isinstance(default, wanted) and (wanted is bool or not isinstance(default, bool))
        if fits and kind == "choice":
            fits = default in choices
        if fits and pattern is not None:
            fits = re.fullmatch(pattern, str(default)) is not None
        if not fits:
            self._fail(_("`{key}.default` is no answer that it takes: {value}").format(key=where, value=default))

    def _service(self, entry: Any) -> Service:
        entry = self._mapping(entry, "services")
        wanted = {"name": str, "port": int, "address": str, "host": str, "host_port": int, "image": str}
        self._known(entry, set(wanted), "services")
        for key, kind in wanted.items():
            if not isinstance(entry.get(key), kind):
                self._fail(_("`{key}` must be of type {kind}").format(key=f"services.{key}", kind=kind.__name__))
        return Service(**entry)

    def _known(self, entry: Mapping[str, Any], known: set[str], where: str) -> None:
        for key in entry:
            if key not in known:
                name = f"{where}.{key}" if where else key
                self._fail(_("unknown key `{name}`").format(name=name))

    def _mapping(self, entry: Any, where: str) -> Mapping[str, Any]:
        if not isinstance(entry, dict):
            self._fail(_("`{key}` must be a table").format(key=where))
        return entry

    def _typed(self, entry: Mapping[str, Any], key: str, kind: type, default: Any) -> Any:
        value = entry.get(key, default)
        if not isinstance(value, kind):
            self._fail(_("`{key}` must be of type {kind}").format(key=key, kind=kind.__name__))
        return value

    def _text(self, entry: Mapping[str, Any], key: str, *, required: bool = False) -> Text:
        """A text in each language; a plain string holds for all of them."""
        value = entry.get(key)
        if isinstance(value, str):
            return dict.fromkeys(LANGUAGES, value)
        if value is None and not required:
            return {}
        if not isinstance(value, dict) or not all(isinstance(value.get(language), str) for language in LANGUAGES):
            languages = ", ".join(LANGUAGES)
            self._fail(
                _("`{key}` must be a text, or one text for each of: {languages}").format(
                    key=key,
                    languages=languages,
                )
            )
        return value

    def _texts(self, entry: Mapping[str, Any], key: str) -> tuple[str, ...]:
        value = self._typed(entry, key, list, [])
        if not all(isinstance(item, str) for item in value):
            self._fail(_("`{key}` must be a list of texts").format(key=key))
        return tuple(value)

    def _subset(self, entry: Mapping[str, Any], key: str, choices: tuple[str, ...]) -> tuple[str, ...]:
        value = self._texts(entry, key) or choices
        for item in value:
            if item not in choices:
                self._fail(
                    _("`{key}`: `{value}` is none of: {choices}").format(
                        key=key,
                        value=item,
                        choices=", ".join(choices),
                    )
                )
        return value

    def _fail(self, problem: str) -> NoReturn:
        raise _invalid(self._path, problem)
