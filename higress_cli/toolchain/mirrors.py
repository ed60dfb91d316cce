"""The addresses of a download: the official ones, or those that the user set for a kind of host.

Digests stay pinned whatever the mirror.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from higress_cli import data
from higress_cli.choice import Choice
from higress_cli.errors import UsageError
from higress_cli.fault import Fault, Severity
from higress_cli.i18n import _
from higress_cli.session import Session
from higress_cli.settings.machine import MIRROR_GITHUB, MIRROR_GO, MIRROR_GOPROXY

_OFFICIAL: Final = "official"
MIRRORS: Final = {"go": MIRROR_GO, "github": MIRROR_GITHUB, "goproxy": MIRROR_GOPROXY}
"""The settings by kind of host."""

Presets = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, kw_only=True)
class ArchivePath:
    """The path below the prefix of a mirror of this kind, with `{version}` and `{file}`."""

    kind: Literal["go", "github"]
    path: str


@dataclass(frozen=True, kw_only=True)
class Mirrors:
    """data/mirrors.toml: for each kind of host, the URL prefixes by preset and the paths of tools below them."""

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
    """The URL prefixes for a kind (go, github), first choice first, and who chose them; warns of an idle preset.

    Raises:
        UsageError: `mirror-invalid` if the setting is neither a preset nor a URL.
    """
    chosen = session.choose(MIRRORS[kind])
    if (idle := preset_fault(kind, chosen)) is not None:
        session.reporter.warn(idle.text, once=True)
    presets = mirrors().presets(kind)
    return Choice(tuple(url for item in chosen.value for url in presets.get(item, (item,))), chosen.source)


def preset_fault(kind: str, chosen: Choice[tuple[str, ...]]) -> Fault | None:
    """What there is to say about a preset that stands for the official addresses and has another name."""
    presets = mirrors().presets(kind)
    (name, *others) = chosen.value or (_OFFICIAL,)
    if others or name == _OFFICIAL or presets.get(name) != presets[_OFFICIAL]:
        return None
    return Fault(
        id="mirror-idle",
        severity=Severity.WARNING,
        message=_("`{value}` (from {source}) changes nothing: hgw knows no public mirror of {place}").format(
            value=name, source=chosen.source, place=presets[_OFFICIAL][0]
        ),
        hint=_("set it to the URL of a mirror of your own, or unset it"),
        error=UsageError,
    )


def goproxy(session: Session) -> str | None:
    """The value for GOPROXY that the user chose for hgw, None if the go command's own setting applies.

    Raises:
        UsageError: `mirror-invalid` if the setting is neither a preset nor a list of proxies.
    """
    return ",".join(mirror(session, "goproxy").value) or None


def addresses(session: Session, *, tool: str, version: str, file: str) -> tuple[str, ...]:
    """The URLs of a release archive, first choice first."""
    row = mirrors().paths[tool]
    path = row.path.format(version=version, file=file)
    return tuple(f"{prefix}/{path}" for prefix in mirror(session, row.kind).value)


def variable_for(tool: str) -> str:
    """The variable that sets the mirror for a tool's archives."""
    return MIRRORS[mirrors().paths[tool].kind].variable
