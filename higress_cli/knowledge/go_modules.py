"""The Go modules of the two profiles: pinned versions, import paths, go.sum (data/modules.toml)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from higress_cli import data
from higress_cli.profile import Profile


@dataclass(frozen=True, kw_only=True)
class GoModule:
    """A Go module at a version; `name` is its name in manifests, None for an indirect dependency."""

    path: str
    version: str
    name: str | None = None


@dataclass(frozen=True, kw_only=True)
class GoProfile:
    """The Go side of a profile: the `go` line, all Go modules, import paths by short name, and the complete go.sum."""

    go: str
    log_type: str
    modules: tuple[GoModule, ...]
    imports: Mapping[str, str]
    sum: str

    @property
    def pins(self) -> Mapping[str, str]:
        """The version of each Go module, by its path."""
        return {module.path: module.version for module in self.modules}

    def direct(self, names: Sequence[str]) -> tuple[GoModule, ...]:
        """The modules that the plugin itself imports."""
        return tuple(module for module in self.modules if module.name in names)

    def indirect(self, names: Sequence[str]) -> tuple[GoModule, ...]:
        """The modules that only its dependencies import."""
        return tuple(
            sorted((module for module in self.modules if module.name not in names), key=lambda item: item.path)
        )

    def import_block(self, names: Sequence[str], *, own: Sequence[str] = ()) -> str:
        """A gofmt-clean import declaration: standard library, other Go modules, the plugin's own packages.

        `names` are short names (`wrapper`, `sdk`) or paths in the standard library. Short names that only the other
        profile has are skipped, so that one list works for both.
        """
        others = sorted(self.imports[name] for name in names if name in self.imports)
        standard = sorted(name for name in names if name not in _short_names())
        groups = [group for group in (standard, others, sorted(own)) if group]
        body = "\n\n".join("\n".join(f'\t"{path}"' for path in group) for group in groups)
        return f"import (\n{body}\n)"


@dataclass(frozen=True, kw_only=True)
class _Profiles:
    """data/modules.toml."""

    tinygo: GoProfile
    go: GoProfile


def go_profile(name: str) -> GoProfile:
    """The Go side of the profile `name`."""
    profiles = data.load("modules.toml", _Profiles)
    return profiles.go if name == Profile.GO else profiles.tinygo


@cache
def _short_names() -> frozenset[str]:
    return frozenset(name for profile in Profile for name in go_profile(profile).imports)
