"""Wrong usage, in hgw's own words and the user's language."""

import re
from collections.abc import Collection
from typing import Final

import typer

from higress_cli.cli.typer_seam import BadOptionUsage, MissingParameter, NoSuchOption
from higress_cli.errors import UsageError
from higress_cli.i18n import _
from higress_cli.spelling import did_you_mean, nearest

# What typer/_click/core.py says of arguments that a command has no place for.
_EXTRA: Final = re.compile(r"Got unexpected extra argument\(s\) \((.*)\)", re.DOTALL)


def usage_error(error: Exception, *, command: str) -> UsageError:
    """Turn a usage error of Typer into one of hgw; `command` is, for example, `hgw build`."""
    hint = f"{command} --help"
    option = getattr(error, "option_name", None)
    match error:
        case NoSuchOption():
            message = _("no such option: {option}").format(option=option)
            hint = did_you_mean(str(option), error.possibilities or ()) or hint
        case BadOptionUsage() if "does not take" in error.message:
            message = _("the option {option} takes no value").format(option=option)
        case BadOptionUsage():
            message = _("the option {option} needs a value").format(option=option)
        case MissingParameter():
            message = _("missing: {parameter}").format(parameter=_name(error))
        case typer.BadParameter():
            message = _("{parameter}: {problem}").format(parameter=_name(error), problem=error.message)
        case _:
            message = error.format_message() if hasattr(error, "format_message") else str(error)
            if extra := _EXTRA.fullmatch(message):
                message = _("too many arguments: {words}").format(words=extra[1])
    return UsageError(message, code="usage", hint=hint)


def command_missing(group: str) -> UsageError:
    """The error if `group` (such as `hgw`) is called without a command."""
    return UsageError(_("a command is missing after {group}").format(group=group), code="usage", hint=f"{group} --help")


def no_such_command(name: str, known: Collection[str], *, group: str, asked: str = "hgw") -> UsageError:
    """The error for a word that is not a command of `group` (such as `hgw`); the hint is the nearest one.

    `asked` replaces `hgw` at the beginning of the hint.
    """
    near = nearest(name, known)
    return UsageError(
        _("no such option: {option}").format(option=name)
        if name.startswith("-")
        else _("no such command: {name}").format(name=f"{group} {name}".removeprefix("hgw ")),
        code="usage",
        hint=_("did you mean `{near}`?").format(near=f"{asked}{group[3:]} {near[0]}") if near else f"{group} --help",
    )


def _name(error: typer.BadParameter) -> str:
    """The option or argument that an error is about, as typed."""
    param = error.param
    if error.param_hint:
        return error.param_hint if isinstance(error.param_hint, str) else ", ".join(error.param_hint)
    if param is None:
        return ""
    if param.param_type_name == "argument":
        return str(param.metavar or param.name.upper())
    return str(max(param.opts or param.secondary_opts, key=len))
