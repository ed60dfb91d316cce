"""What two modules differ in."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from higress_cli.digest import Sha256
from higress_cli.wasm.inspection import Inspection


@dataclass(frozen=True, kw_only=True)
class Change:
    """A fact that differs; null where a module lacks it."""

    name: str
    """What it is."""
    here: str | None
    """What it is in this module."""
    other: str | None
    """What it is in the other."""


@dataclass(frozen=True, kw_only=True)
class SizeChange:
    """A section or a package whose size differs."""

    name: str
    """Its name."""
    here: int
    """Its bytes in this module, 0 where it is not in it."""
    other: int
    """Its bytes in the other."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """What differs between this module and another."""

    same: bool
    """Whether both are the same to a byte."""
    other: str
    """The path or the address of the other."""
    other_sha256: Sha256
    """The digest of the other."""
    other_bytes: int
    """The size of the other."""
    facts: tuple[Change, ...]
    """ABI, entry, compiler and flags, as far as they differ."""
    imports_only_here: tuple[str, ...]
    """Imports that the other lacks, as MODULE.NAME."""
    imports_only_other: tuple[str, ...]
    """Imports that this module lacks."""
    exports_only_here: tuple[str, ...]
    """Exports that the other lacks."""
    exports_only_other: tuple[str, ...]
    """Exports that this module lacks."""
    sections: tuple[SizeChange, ...]
    """Sections whose sizes differ, the largest change first."""
    packages: tuple[SizeChange, ...]
    """Packages whose sizes differ, the largest change first."""
    dependencies: tuple[Change, ...]
    """Go modules whose versions differ, as far as the Go compiler wrote them down."""


def difference(here: Inspection, other: Inspection) -> Difference:
    """What differs between two modules."""
    imports = [_imports(item) for item in (here, other)]
    exports = [{item.name for item in seen.module.exports} for seen in (here, other)]
    return Difference(
        same=here.sha256 == other.sha256,
        other=str(other.module.path),
        other_sha256=other.sha256,
        other_bytes=other.module.bytes,
        facts=_changes(_facts(here), _facts(other)),
        imports_only_here=tuple(sorted(imports[0] - imports[1])),
        imports_only_other=tuple(sorted(imports[1] - imports[0])),
        exports_only_here=tuple(sorted(exports[0] - exports[1])),
        exports_only_other=tuple(sorted(exports[1] - exports[0])),
        sections=_sizes(
            ((item.name, item.bytes) for item in here.module.sections),
            ((item.name, item.bytes) for item in other.module.sections),
        ),
        packages=_sizes(
            ((item.name, item.bytes) for item in here.packages), ((item.name, item.bytes) for item in other.packages)
        ),
        dependencies=_changes(_dependencies(here), _dependencies(other)),
    )


def _imports(seen: Inspection) -> set[str]:
    return {f"{item.module}.{item.name}" for item in seen.module.imports}


def _facts(seen: Inspection) -> Mapping[str, str | None]:
    return {
        "abi_export": seen.abi.export,
        "entry": seen.entry,
        "compiler": seen.origin.compiler,
        "compiler_version": seen.origin.version,
        "flags": " ".join(seen.flags) or None,
    }


def _dependencies(seen: Inspection) -> Mapping[str, str | None]:
    return {item.path: item.version for item in seen.build_info.dependencies} if seen.build_info else {}


def _changes(here: Mapping[str, str | None], other: Mapping[str, str | None]) -> tuple[Change, ...]:
    return tuple(
        Change(name=name, here=here.get(name), other=other.get(name))
        for name in dict.fromkeys((*here, *other))
        if here.get(name) != other.get(name)
    )


def _sizes(here: Iterable[tuple[str, int]], other: Iterable[tuple[str, int]]) -> tuple[SizeChange, ...]:
    """Names that occur more than once are added up."""
    sums: list[dict[str, int]] = [{}, {}]
    for total, items in zip(sums, (here, other), strict=True):
        for name, size in items:
            total[name] = total.get(name, 0) + size
    changed = [
        SizeChange(name=name, here=sums[0].get(name, 0), other=sums[1].get(name, 0))
        for name in dict.fromkeys((*sums[0], *sums[1]))
        if sums[0].get(name, 0) != sums[1].get(name, 0)
    ]
    return tuple(sorted(changed, key=lambda change: abs(change.here - change.other), reverse=True))
