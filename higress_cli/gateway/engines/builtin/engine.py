"""The engine builtin: no program, no Docker, only Python packages."""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from higress_cli import data
from higress_cli.errors import HgwError, ToolError
from higress_cli.gateway.extra import ExtraMissing, has_binary
from higress_cli.gateway.plugin import Plugin
from higress_cli.i18n import _, listed
from higress_cli.origin import install_command
from higress_cli.project.scenario import Key
from higress_cli.system.host import Host

if TYPE_CHECKING:
    from higress_cli.gateway.contract import Engine, Gateway, Place
    from higress_cli.gateway.events import AnsweredBy
    from higress_cli.gateway.run_folder import RunFolder


@dataclass(frozen=True, kw_only=True)
class _Facts:
    """data/builtin.toml."""

    packages: tuple[str, ...]
    platforms: tuple[str, ...]


class Builtin:
    """Higress's rules and calls on wasmtime."""

    name: Final = "builtin"
    carries: Final = frozenset(Key)

    @property
    def packages(self) -> tuple[str, ...]:
        return _facts().packages

    def obstacle(self, host: Host) -> HgwError | None:
        facts = _facts()
        package = facts.packages[0]
        if host.platform not in facts.platforms:
            return _no_wheel(
                _("the package {package} exists for {platforms}, not for {platform}").format(
                    package=package, platforms=listed(facts.platforms), platform=host.platform
                ),
                host,
            )
        if host.system != "windows" and not has_binary(package):
            return _no_wheel(
                _("the package {package} has no library for this machine: it needs glibc, or musl 1.2 or newer").format(
                    package=package
                ),
                host,
            )
        return _missing()

    def lacks(self, _functions: frozenset[str]) -> frozenset[str]:
        """It has all of Higress's functions; what it does not know it refuses when it loads the module."""
        return frozenset()

    def ignores(self, _plugin: Plugin) -> frozenset[str]:
        return frozenset()

    def answered_by(self, word: str) -> "AnsweredBy | None":
        from higress_cli.gateway.events import AnsweredBy  # noqa: PLC0415 -- with a gateway

        return AnsweredBy(word) if word in set(AnsweredBy) else None

    def open(self, place: "Place", folder: "RunFolder", *, variables: Mapping[str, str]) -> "Gateway":  # noqa: ARG002 -- the contract; there is no program
        missing = _missing()
        if missing is not None:
            raise missing
        try:
            from higress_cli.gateway.engines.builtin.gateway import BuiltinGateway  # noqa: PLC0415 -- wasmtime, where it opens
        except OSError as error:  # the dynamic linker's: damaged, or no address space for it
            raise _unloadable(str(error)) from error
        return BuiltinGateway(place, folder)


def _missing() -> ExtraMissing | None:
    return next((ExtraMissing(package) for package in _facts().packages if find_spec(package) is None), None)


def _unloadable(reason: str) -> ToolError:
    package = _facts().packages[0]
    return ToolError(
        _("the library of the package {package} cannot be loaded: {reason}").format(package=package, reason=reason),
        code="engine-missing",
        hint=install_command(force=True),
    )


def _no_wheel(message: str, host: Host) -> ToolError:
    return ToolError(
        message,
        code="engine-missing",
        hint=_("the project's docker-compose.yaml runs the real gateway: docker compose up"),
        details={"engine": Builtin.name, "platform": host.platform},
    )


def _facts() -> _Facts:
    return data.load("builtin.toml", _Facts)


ENGINE: Final["Engine"] = Builtin()
