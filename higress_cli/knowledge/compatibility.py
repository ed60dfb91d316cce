"""Which versions of Go, TinyGo and binaryen work together for a Higress plugin, and why others do not.

The bounds are data (`data/compatibility.toml`); everything here is a pure function of versions.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from packaging.version import InvalidVersion, Version

from higress_cli import data
from higress_cli.i18n import Translated, _
from higress_cli.profile import Profile
from higress_cli.tool import ToolName


@dataclass(frozen=True, kw_only=True)
class GoRange:
    """The Go versions that a TinyGo supports, as inclusive bounds such as `1.18`."""

    lowest: str
    highest: str

    def __str__(self) -> str:
        return f"{self.lowest} - {self.highest}"


@dataclass(frozen=True, kw_only=True)
class PreferredSet:
    """Versions that hgw installs together; profile `go` has no TinyGo."""

    profile: Profile
    go: str
    tinygo: str | None


@dataclass(frozen=True, kw_only=True)
class GoModRules:
    """The Go versions from which a go.mod is `complete` (names what dependencies bring), and its `go` line `strict`."""

    complete: str
    strict: str


@dataclass(frozen=True, kw_only=True)
class _Tinygo:
    """The Go versions that a release line of TinyGo supports; `why_lowest` may use `{tinygo}` and `{lowest}`."""

    line: str
    lowest: str
    highest: str
    why_lowest: Translated | None = None


@dataclass(frozen=True, kw_only=True)
class _Refused:
    """The TinyGo versions from `from_` up to but excluding `below`; `reason` may use `{tinygo}`."""

    from_: str
    below: str | None = None
    reason: Translated


@dataclass(frozen=True, kw_only=True)
class _Preferred:
    profile: Profile
    go: str
    tinygo: str | None = None
    binaryen: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Compatibility:
    """data/compatibility.toml; `floor` maps a profile and a tool to the oldest version."""

    floor: Mapping[str, Mapping[str, str]]
    go_mod: GoModRules
    tinygo: tuple[_Tinygo, ...]
    refused: tuple[_Refused, ...]
    preferred: tuple[_Preferred, ...]


@dataclass(frozen=True, kw_only=True)
class Misfit:
    """The reason why a version does not fit; `code` is its stable id."""

    code: str
    tool: ToolName
    found: str
    expected: str
    reason: str


def release(version: str) -> Version:
    """The version of any of the tools as a comparable value; the suffix of a development build is ignored.

    Raises:
        ValueError: it does not begin with a number.
    """
    text = version.strip().removeprefix("go").removeprefix("v").split()[0] if version.strip() else ""
    for candidate in (text, text.partition("-")[0]):
        try:
            return Version(candidate)
        except InvalidVersion:
            continue
    raise ValueError(f"not a version: {version!r}")


def is_newer(version: str, than: str) -> bool:
    """Whether `version` is newer than `than`; False if either is not a version."""
    try:
        return release(version) > release(than)
    except ValueError:
        return False


def line(version: str) -> tuple[int, ...]:
    """The release line: (1, 20) of 1.20.14."""
    return release(version).release[:2]


def matches(version: str, wanted: str) -> bool:
    """Whether `version` starts with the numbers of `wanted`: 1.20.14 matches 1.20. Other texts match themselves."""
    try:
        parts = release(wanted).release
        release(version)
    except ValueError:
        return version == wanted
    return release(version).release[: len(parts)] == parts


def floor(tool: str, *, profile: Profile = Profile.TINYGO) -> str | None:
    """The oldest version of a tool that works with the profile; None if the profile does not use the tool."""
    return _data().floor[profile].get(tool)


def go_range(tinygo: str) -> GoRange | None:
    """The Go versions that this TinyGo supports; None for one that hgw refuses or does not know."""
    row = _tinygo_row(tinygo)
    return GoRange(lowest=row.lowest, highest=row.highest) if row else None


def preferred_sets(profile: Profile) -> tuple[PreferredSet, ...]:
    """The sets that hgw would install for a profile, best first."""
    return tuple(
        PreferredSet(profile=profile, go=row.go, tinygo=row.tinygo)
        for row in _data().preferred
        if row.profile == profile
    )


def preferred_binaryen() -> str:
    """The binaryen version that hgw installs if the machine has none that fits."""
    return next(row.binaryen for row in _data().preferred if row.binaryen)


def misfits(
    *,
    profile: Profile = Profile.TINYGO,
    go: str | None = None,
    tinygo: str | None = None,
    binaryen: str | None = None,
    built_with: str | None = None,
) -> tuple[Misfit, ...]:
    """Why these versions do not fit the profile, each by itself or together; None is not judged.

    TinyGo and binaryen are judged first: Go is compared with TinyGo only if both fit.
    `built_with` is the Go that compiled this copy of TinyGo.
    """
    found: list[Misfit] = []
    if profile == Profile.TINYGO:
        found += _tinygo_misfits(tinygo) if tinygo else []
        found += _floor_misfits(ToolName.BINARYEN, binaryen, profile=profile) if binaryen else []
    if go:
        by_floor = _floor_misfits(ToolName.GO, go, profile=profile)
        row = _tinygo_row(tinygo) if tinygo and profile == Profile.TINYGO and not found else None
        found += by_floor or (_pair_misfits(go, tinygo, row, built_with) if tinygo and row else [])
    return tuple(found)


def is_useful_go(version: str, *, profile: Profile) -> bool:
    """Whether this Go fits one of the preferred sets of the profile."""
    return any(not misfits(profile=profile, go=version, tinygo=row.tinygo) for row in preferred_sets(profile))


def expected_go(profile: Profile) -> str:
    """The Go versions that fit the preferred sets of the profile, for messages: `1.18 - 1.23`."""
    ranges = [go_range(preferred.tinygo) for preferred in preferred_sets(profile) if preferred.tinygo]
    known = [item for item in ranges if item]
    if not known:
        return f">= {floor('go', profile=profile)}"
    highest = max((item.highest for item in known), key=release)
    return f"{floor('go', profile=profile)} - {highest}"


def go_mod_rules() -> GoModRules:
    return _data().go_mod


def _floor_misfits(tool: ToolName, version: str, *, profile: Profile) -> list[Misfit]:
    lowest = floor(tool, profile=profile)
    if lowest is None or release(version) >= release(lowest):
        return []
    codes = {ToolName.GO: "go-too-old", ToolName.TINYGO: "tinygo-too-old", ToolName.BINARYEN: "wasm-opt-too-old"}
    reason = _("{tool} {found} is older than {lowest}").format(tool=tool.label, found=version, lowest=lowest)
    return [Misfit(code=codes[tool], tool=tool, found=version, expected=f">= {lowest}", reason=reason)]


def _tinygo_misfits(tinygo: str) -> list[Misfit]:
    too_old = _floor_misfits(ToolName.TINYGO, tinygo, profile=Profile.TINYGO)
    if too_old:
        return too_old
    for row in _data().refused:
        # A development build counts as its release, since it has the same faults.
        number = Version(release(tinygo).base_version)
        if number >= release(row.from_) and (row.below is None or number < release(row.below)):
            return [
                Misfit(
                    code="tinygo-refused",
                    tool=ToolName.TINYGO,
                    found=tinygo,
                    expected=_supported_tinygo(),
                    reason=str(row.reason).format(tinygo=tinygo),
                )
            ]
    return []


def _pair_misfits(go: str, tinygo: str, row: "_Tinygo", built_with: str | None) -> list[Misfit]:
    accepted = GoRange(lowest=row.lowest, highest=row.highest)
    if line(go) < line(accepted.lowest):
        reason = row.why_lowest
        text = (
            str(reason).format(tinygo=tinygo, lowest=accepted.lowest)
            if reason
            else _("TinyGo {tinygo} needs Go {lowest} or newer").format(tinygo=tinygo, lowest=accepted.lowest)
        )
        return [Misfit(code="go-too-old", tool=ToolName.GO, found=go, expected=str(accepted), reason=text)]
    if line(go) > line(accepted.highest):
        text = _("TinyGo {tinygo} works with Go {range}").format(tinygo=tinygo, range=accepted)
        return [Misfit(code="go-too-new", tool=ToolName.GO, found=go, expected=str(accepted), reason=text)]
    if built_with is not None and line(go) > line(built_with):
        # TinyGo reads Go source with the standard library that it was compiled with (go/parser, go/types).
        newest = ".".join(map(str, line(built_with)))
        text = _("this copy of TinyGo {tinygo} was compiled with Go {built_with} and works with no newer Go").format(
            tinygo=tinygo, built_with=built_with
        )
        expected = str(GoRange(lowest=accepted.lowest, highest=newest))
        return [Misfit(code="go-too-new", tool=ToolName.GO, found=go, expected=expected, reason=text)]
    return []


def _supported_tinygo() -> str:
    return f"{floor('tinygo')} - {_data().tinygo[-1].line}"


def _tinygo_row(tinygo: str) -> _Tinygo | None:
    wanted = line(tinygo)
    return next((row for row in _data().tinygo if line(row.line) == wanted), None)


def _data() -> _Compatibility:
    return data.load("compatibility.toml", _Compatibility)
