"""A template's manifest, template.toml, as typed values."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Annotated, Final, Literal

from higress_cli import data
from higress_cli.abi import Abi
from higress_cli.errors import ConflictError
from higress_cli.i18n import Translated, _
from higress_cli.profile import Profile
from higress_cli.system.user_file import read_text

FILE_NAME: Final = "template.toml"
# Lower case with underscores, as in names of Jinja variables.
_VariableName = Annotated[str, re.compile(r"[a-z][a-z0-9_]*")]


@dataclass(frozen=True, kw_only=True)
class Variable:
    """A value that a template asks for; the whole answer must match `pattern`, which `allowed` says in words."""

    name: _VariableName = field(metadata=data.KEY)
    type: Literal["string", "integer", "boolean", "choice"] = "string"
    default: object
    pattern: re.Pattern[str] | None = None
    allowed: Translated | None = None
    choices: tuple[str, ...] = ()
    help: Translated | None = None

    def __post_init__(self) -> None:
        wanted = {"integer": int, "boolean": bool}.get(self.type, str)
        fits = isinstance(self.default, wanted) and (wanted is bool or not isinstance(self.default, bool))
        if fits and self.type == "choice":
            fits = self.default in self.choices
        if fits and self.pattern is not None:
            fits = self.pattern.fullmatch(str(self.default)) is not None
        if not fits:
            raise ValueError(_("the default {value} is not an answer that it accepts").format(value=self.default))


@dataclass(frozen=True, kw_only=True)
class TemplateService:
    """A service that the plugin calls: its name and logical port in Higress, and what stands in for it locally.

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
class Manifest:
    """template.toml; `layers` are shared folders, whose files the template's own replace; `next` says what to try."""

    schema: Literal[1]
    title: Translated
    description: Translated
    order: int = 100
    hidden: bool = False
    profiles: tuple[Profile, ...] = tuple(Profile)
    abis: tuple[Abi, ...] = tuple(Abi)
    layers: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    next: Translated | None = None
    variables: Mapping[str, Variable] = field(default_factory=dict)
    services: tuple[TemplateService, ...] = ()

    def __post_init__(self) -> None:
        if not self.profiles or not self.abis:
            raise ValueError(_("`profiles` and `abis` must not be empty; leave out what allows all of them"))


@dataclass(frozen=True, kw_only=True)
class Template(Manifest):
    """A template as its author declared it; `root` is its folder."""

    name: str
    root: Path

    def abis_for(self, profile: Profile) -> tuple[Abi, ...]:
        """The ABI versions that the template supports in `profile`; native Go supports only the newest."""
        return tuple(abi for abi in self.abis if abi in profile.abis)


def read_manifest(root: Path) -> Template:
    """Read the manifest of the template in `root`.

    Raises:
        ConflictError: `template-invalid` with the key and what was expected.
    """
    path = root / FILE_NAME
    try:
        manifest = data.read(read_text(path), Manifest, where=str(path))
    except (OSError, UnicodeDecodeError) as error:
        raise _invalid(path, _("it cannot be read: {reason}").format(reason=error)) from error
    except data.DataInvalidError as error:
        raise _invalid(path, error.problem) from error
    declared = {item.name: getattr(manifest, item.name) for item in fields(Manifest)}
    return Template(name=root.name, root=root, **declared)


def _invalid(path: Path, problem: str) -> ConflictError:
    return ConflictError(
        _("the template manifest {path} is not valid: {problem}").format(path=path, problem=problem),
        code="template-invalid",
        hint="hgw init --list-templates",
        details={"path": path},
    )
