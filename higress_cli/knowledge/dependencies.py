"""Go modules that `go get` adds although they do not work in a plugin's profile, and what to use instead.

The rows are data (`data/dependencies.toml`, pins in `data/modules.toml`), and their texts come from the catalogue;
everything here is a pure function of values.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from higress_cli import data
from higress_cli.abi import Abi
from higress_cli.knowledge.compatibility import release
from higress_cli.knowledge.go_modules import go_profile
from higress_cli.profile import Profile

_VERSION: Final = re.compile(r"^v(\d+)\.(\d+)\.(\d+)(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?$")
_COMMITTED: Final = re.compile(r"(?:^|[.-])(\d{14})-[0-9a-f]{12}(?:\+\S+)?$")


@dataclass(frozen=True, kw_only=True)
class _Row:
    """A row of data/dependencies.toml; the comment at the top of that file explains its conditions."""

    code: str
    level: Literal["fail", "warn"]
    module: str
    profile: Literal["tinygo", "go"] | None = None
    from_: str | None = None
    below: str | None = None
    committed_from: str | None = None
    committed_before: str | None = None
    tags: bool = False
    tinygo_from: str | None = None
    calls: str | None = None
    unless_native: bool = False
    only_native: bool = False


@dataclass(frozen=True, kw_only=True)
class _Releases:
    module: str
    versions: tuple[str, ...]
    complete: bool


@dataclass(frozen=True, kw_only=True)
class _NativeAbi:
    module: str
    abi: Abi


@dataclass(frozen=True, kw_only=True)
class Dependencies:
    """data/dependencies.toml."""

    releases: tuple[_Releases, ...]
    native_abi: tuple[_NativeAbi, ...]
    trap: tuple[_Row, ...]


@dataclass(frozen=True, kw_only=True)
class KnownDependency:
    """A requirement that does not work. `code` is its stable id; `pin` is the version to use instead, if there is one.

    `raisable` means that a newer version would work, so that `go mod tidy` may fix it by upgrading.
    """

    code: str
    level: Literal["fail", "warn"]
    module: str
    version: str
    pin: str | None
    raisable: bool

    @property
    def reason(self) -> str:
        """Why it does not work, for people."""
        # Most callers only ask whether there is something, and the catalogue takes long to read.
        from higress_cli.knowledge.catalogue import entry  # noqa: PLC0415 -- see above

        return str(entry(self.code).cause)


def traps(
    requirements: Mapping[str, str],
    *,
    profile: Profile,
    tinygo: str | None = None,
    native: bool = False,
    calls: Collection[str] = (),
) -> tuple[KnownDependency, ...]:
    """The Go modules that do not work in a profile at these versions, the worst first.

    If `tinygo` is None, rows that depend on its version are skipped. `native` means that go.mod as a whole is for
    native Go. `calls` are the names of the functions that the plugin calls, as far as they are known.
    """
    rows = [
        row
        for row in data.load("dependencies.toml", Dependencies).trap
        if row.profile in {None, profile}
        and (row.tinygo_from is None or (tinygo is not None and release(tinygo) >= release(row.tinygo_from)))
        and (row.calls is None or row.calls in calls)
        and not (row.unless_native if native else row.only_native)
    ]
    found = [
        _described(row, module, version, profile)
        for module, version in requirements.items()
        if (row := next((row for row in rows if row.module == module and _holds(row, version)), None)) is not None
    ]
    return tuple(sorted(found, key=lambda trap: trap.level))


def native_abi_of(modules: Collection[str]) -> Abi | None:
    """The ABI that an SDK for native Go other than Higress's declares; None if `modules` have none of them."""
    rows = data.load("dependencies.toml", Dependencies).native_abi
    return next((row.abi for row in rows if row.module in modules), None)


def is_known_version(module: str, version: str) -> bool:
    """Whether a version is one that hgw knows, or may be one that it has no list for, such as a commit's."""
    row = _releases(module)
    match = _VERSION.match(version)
    if row is None or match is None or match[4] is not None:
        return True
    return version in row.versions or (not row.complete and _order(version) < _order(row.versions[-1]))


def newest_known(module: str) -> str | None:
    """The newest release of a Go module that hgw knows; None if it has no list of them."""
    row = _releases(module)
    return row.versions[-1] if row is not None else None


def pins(profile: Profile) -> Mapping[str, str]:
    """The versions in a scaffolded go.mod of the profile, by module path."""
    return go_profile(profile).pins


def pinned_go_line(profile: Profile) -> str:
    """The `go` line of a scaffolded go.mod."""
    return go_profile(profile).go


def _described(row: _Row, module: str, version: str, profile: Profile) -> KnownDependency:
    return KnownDependency(
        code=row.code,
        level=row.level,
        module=module,
        version=version,
        pin=pins(profile).get(module),
        raisable=row.below is not None or row.committed_before is not None,
    )


def _releases(module: str) -> _Releases | None:
    rows = data.load("dependencies.toml", Dependencies).releases
    return next((row for row in rows if row.module == module), None)


def _holds(row: _Row, version: str) -> bool:
    if row.from_ is not None and _order(version) < _order(row.from_):
        return False
    if row.below is not None and _order(version) >= _order(row.below):
        return False
    if row.committed_from is None and row.committed_before is None:
        return True
    match = _COMMITTED.search(version)
    if match is None:
        return row.tags
    return (row.committed_from or "") <= match[1] and (row.committed_before is None or match[1] < row.committed_before)


def _order(version: str) -> tuple[tuple[tuple[int, str], ...], bool, tuple[tuple[int, int, str], ...]]:
    """A key that sorts versions as Go does (Semantic Versioning 2.0.0, section 11), with invalid ones first."""
    match = _VERSION.match(version)
    if match is None:
        return (), False, ()
    parts = (match[4] or "").split(".") if match[4] else []
    return (
        tuple(map(_size, match.group(1, 2, 3))),
        not parts,
        tuple((0, *_size(part)) if part.isdecimal() else (1, 0, part) for part in parts),
    )


def _size(digits: str) -> tuple[int, str]:
    """A key that sorts numbers by size, however many digits they have."""
    significant = digits.lstrip("0")
    return len(significant), significant
