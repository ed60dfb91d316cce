"""The errors of a gateway that refuses a change or ends, in the same words for every engine."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final, Self

from higress_cli.errors import GatewayError
from higress_cli.gateway.contract import Change
from higress_cli.gateway.events import PluginLine, Trap
from higress_cli.gateway.words import trap_lines, trap_sentence
from higress_cli.i18n import _

_SERIOUS: Final = frozenset({"warn", "error", "critical"})


class GatewayDied(GatewayError):
    """The gateway ended by itself."""


class PluginRefused(GatewayError):
    """The gateway refuses a change, because of the module or because the plugin rejects it.

    `details["said"]` has the lines that the plugin or the gateway logged about it, `lines` the plugin's own.
    """

    lines: tuple[PluginLine, ...] = ()

    def with_lines(self, lines: Iterable[PluginLine]) -> Self:
        """The same error, with all lines that the plugin wrote while it started."""
        self.lines = tuple(lines)
        return self


def plugin_trapped(trap: Trap, *, said: Sequence[str], log: Path) -> PluginRefused:
    """The plugin trapped while it started or read its configuration."""
    return PluginRefused(
        "\n  ".join(trap_lines(trap)),
        code="plugin-trapped",
        hint=_("all that the gateway said is in {path}").format(path=log),
        details={"function": trap.function, "said": [*said, trap_sentence(trap)], "log": log},
    )


def config_refused(change: Change, *, lines: Sequence[PluginLine], log: Path) -> PluginRefused:
    """The plugin rejects its configuration; `lines` are its log lines, of which duplicates are dropped."""
    telling = [line for line in lines if line.level in _SERIOUS] or lines
    said = list(dict.fromkeys(f"[{line.level}] {line.text}" for line in telling))
    if change.config is not None and change.config.values:
        message = _("the plugin refuses the configuration {path}").format(path=change.config.source)
        hint = _("correct {path}").format(path=change.config.source)
    else:
        message = _("the plugin refuses to work without a configuration")
        missing = change.config is None
        what = (
            _("create {path} with what the plugin needs")
            if missing
            else _("{path} is empty: write what the plugin needs")
        )
        hint = what.format(path=change.config_file)
    return PluginRefused(
        "\n  ".join([message, *said]),
        code="config-refused",
        hint=hint,
        details={"said": said, "config": change.config_file, "log": log},
    )


def module_refused(change: Change, reason: str, *, said: Sequence[str], log: Path) -> PluginRefused:
    """The gateway cannot load the module; `said` are the log lines with its reasons."""
    message = _("the gateway refused the plugin {path}: {reason}").format(path=change.plugin.called, reason=reason)
    return PluginRefused(
        "\n  ".join([message, *said]),
        code="plugin-refused",
        hint=_("all that the gateway said is in {path}").format(path=log),
        details={"said": list(said), "log": log},
    )
