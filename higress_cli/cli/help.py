"""How `--help` reads: usage, what it does, arguments, its own options, the global ones, examples."""

import re
from typing import Any, Final

from typer.core import TyperCommand, TyperGroup

from higress_cli.cli.plain_values import take_plain_value
from higress_cli.cli.wrap import wrap
from higress_cli.i18n import N_, _

GLOBAL_PANEL: Final = "global"
# Typer knows neither the full stop of Chinese nor that it needs no spaces and two columns a character.
_FIRST_SENTENCE: Final = re.compile(r"(?<=\.)\s|(?<=。)")
_MORE: Final = "..."

# Typer's own texts, for the catalogues.
N_("Install completion for the current shell.")
N_("Show completion for the current shell, to copy it or customize the installation.")


def in_active_language(command: Any) -> Any:
    """Translate the texts that Typer keeps: they were only marked where they are written."""
    command.help = _(command.help) if command.help else command.help
    command.epilog = _(command.epilog) if command.epilog else command.epilog
    for param in command.params:
        text = getattr(param, "help", None)
        if text:
            param.help = _(text)
    return command


def _write_sections(command: Any, ctx: Any, formatter: Any) -> None:
    sections: dict[str, list[tuple[str, str]]] = {}
    for param in command.get_params(ctx):
        record = param.get_help_record(ctx)
        if record is None:
            continue
        if param.param_type_name == "argument":
            heading = _("Arguments")
            record = (param.metavar or param.name.upper(), record[1])
        elif getattr(param, "rich_help_panel", None) == GLOBAL_PANEL or param.name == "help":
            heading = _("Global options")
        else:
            heading = _("Options")
        sections.setdefault(heading, []).append(record)
    for heading, records in sections.items():
        with formatter.section(heading):
            formatter.write_dl(records)


def _write_help(command: Any, formatter: Any) -> None:
    if command.help:
        formatter.write_paragraph()
        for line in wrap(command.help, width=formatter.width - 2):
            formatter.write(f"  {line}\n")


def _summary(command: Any, room: int) -> str:
    """The first sentence of a command's help, or as much of it as fits in `room` columns."""
    sentence = _FIRST_SENTENCE.split(command.help or "")[0]
    first, *rest = wrap(sentence, width=room)
    return wrap(sentence, width=room - len(_MORE))[0] + _MORE if rest else first


def _write_examples(command: Any, formatter: Any) -> None:
    if command.epilog:
        with formatter.section(_("Examples")):
            for example in command.epilog.splitlines():
                formatter.write_text(example)


class _InSections:
    """How a command and the group of all commands lay out their help alike."""

    def format_usage(self: Any, ctx: Any, formatter: Any) -> None:
        formatter.write_usage(ctx.command_path, " ".join(self.collect_usage_pieces(ctx)), _("Usage:") + " ")

    def format_help_text(self: Any, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 -- the signature is Typer's
        _write_help(self, formatter)

    def format_options(self: Any, ctx: Any, formatter: Any) -> None:
        _write_sections(self, ctx, formatter)

    def format_epilog(self: Any, ctx: Any, formatter: Any) -> None:  # noqa: ARG002 -- the signature is Typer's
        _write_examples(self, formatter)

    def get_help_option(self, ctx: Any) -> Any:
        option = super().get_help_option(ctx)  # type: ignore[misc] # the class beside this one has it
        if option is not None:
            option.help = _("show this help and exit")
            take_plain_value(option)
        return option


class HgwCommand(_InSections, TyperCommand):
    """A command; its epilog holds examples, each on a line of its own."""


class HgwGroup(_InSections, TyperGroup):
    """The group of all commands, which help lists before its options."""

    def format_options(self, ctx: Any, formatter: Any) -> None:
        commands = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        room = formatter.width - 6 - max(len(name) for name, _command in commands)
        with formatter.section(_("Commands")):
            formatter.write_dl([(name, _summary(command, room)) for name, command in commands if command])
        super().format_options(ctx, formatter)
