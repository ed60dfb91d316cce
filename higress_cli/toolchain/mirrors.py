"""Which addresses a download is tried at: the official ones, or those that the user set for a kind of host.

A mirror is a setting of its kind (`HGW_MIRROR_GO`, `HGW_MIRROR_GITHUB`, `HGW_MIRROR_GOPROXY`): the name of a preset
(`official`, `china`), or URL prefixes separated by commas. What is pinned stays pinned whatever the mirror.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from higress_cli import data
from higress_cli.choice import Choice, Source, SourceKind
from higress_cli.errors import UsageError
from higress_cli.i18n import _
from higress_cli.session import Session

GOPROXY_VARIABLE: Final = "HGW_MIRROR_GOPROXY"
_SCHEMES: Final = ("http://", "https://", "file://")

Presets = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class ArchivePath:
    """What follows the prefix of a mirror of this kind, with `{version}` and `{file}`."""

    kind: Literal["go", "github"]
    path: str


@dataclass(frozen=True, kw_only=True)
class Mirrors:
    """data/mirrors.toml: URL prefixes by preset for each kind of host, and what tools are found below them."""

    go: Presets
    github: Presets
    goproxy: Presets
    paths: Mapping[str, ArchivePath]
    also_runs: Mapping[str, str]

    def presets(self, kind: str) -> Presets:
        return {"go": self.go, "github": self.github, "goproxy": self.goproxy}[kind]


def mirrors() -> Mirrors:
    return data.load("mirrors.toml", Mirrors)


def mirror(session: Session, kind: str) -> Choice[tuple[str, ...]]:
    """The URL prefixes for a kind (go, github), first choice first, and who chose them.

    Raises:
        UsageError: `mirror-invalid` where the setting is neither a preset nor a URL.
    """
    variable = f"HGW_MIRROR_{kind.upper()}"
    given = session.variable(variable)
    if given is None:
        return Choice(_preset(kind, "official"))
    if given in mirrors().presets(kind):
        return Choice(_preset(kind, given), Source(SourceKind.VARIABLE, f"{variable}={given}"))
    prefixes = tuple(part.strip().rstrip("/") for part in given.split(",") if part.strip())
    for prefix in prefixes:
        if not prefix.startswith(_SCHEMES):
            raise _invalid(variable, given, kind)
    return Choice(prefixes, Source(SourceKind.VARIABLE, variable))


def goproxy(session: Session) -> str | None:
    """The value for GOPROXY that the user chose for hgw, None where the go command's own setting holds."""
    given = session.variable(GOPROXY_VARIABLE)
    if given is None:
        return None
    presets = mirrors().goproxy
    if given in presets:
        return ",".join(presets[given]) or None
    if not given.startswith((*_SCHEMES, "direct", "off")):
        raise _invalid(GOPROXY_VARIABLE, given, "goproxy")
    return given


def addresses(session: Session, *, tool: str, version: str, file: str) -> tuple[str, ...]:
    """The URLs of a release archive, first choice first."""
    row = mirrors().paths[tool]
    path = row.path.format(version=version, file=file)
    return tuple(f"{prefix}/{path}" for prefix in mirror(session, row.kind).value)


def variable_for(tool: str) -> str:
    """The variable that sets the mirror for a tool's archives."""
    return f"HGW_MIRROR_{mirrors().paths[tool].kind.upper()}"


def _preset(kind: str, name: str) -> tuple[str, ...]:
    return mirrors().presets(kind)[name]


def _invalid(variable: str, given: str, kind: str) -> UsageError:
    return UsageError(
        _("{variable}={value}: neither a URL nor one of {presets}").format(
            variable=variable, value=given, presets=", ".join(mirrors().presets(kind))
        ),
        code="mirror-invalid",
    )
