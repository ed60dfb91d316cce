"""`hgw quickstart`: parse, call, show."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from higress_cli.cli.app import HgwCommand, finish, invocation, new_app
from higress_cli.cli.ui import Ui
from higress_cli.cli.wrap import cells, terminal_width, wrap
from higress_cli.errors import ExitCode
from higress_cli.i18n import N_, _

if TYPE_CHECKING:
    from higress_cli.commands import quickstart as use_case
    from higress_cli.commands.verify import VerifyResult

app = new_app()


@app.command(
    cls=HgwCommand,
    help=N_(
        "The whole guide in one go: get the tools, make a plugin, build it for both ABIs, prove each in a gateway."
    ),
    epilog="hgw quickstart\nhgw quickstart my-first-plugin\nhgw quickstart --output json",
)
def quickstart(
    ctx: typer.Context,
    where: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", show_default=False, help=N_("folder of the plugin; default: ./wasm-demo-go")),
    ] = None,
) -> None:
    from higress_cli.commands import quickstart as use_case

    call = invocation(ctx)
    session = call.session()
    directory = session.path(where or use_case.DEFAULT_DIRECTORY)
    result = use_case.quickstart(session, directory=directory, lang=call.lang)
    finish(ctx, result, lambda shown, ui: _show(shown, ui, session.directory))


def _show(result: "use_case.QuickstartResult", ui: Ui, here: Path) -> None:
    for verification in result.verify:
        # The answers are the same for each ABI, or the step has failed: once is enough to read.
        _show_verification(verification, ui, with_answers=verification is result.verify[-1])
    seconds = _("{seconds:.0f} s").format(seconds=result.seconds)
    stages = ", ".join(
        f"{' '.join(filter(None, (stage.name, stage.abi)))} {stage.seconds:.1f} s" for stage in result.stages
    )
    if result.exit_code is ExitCode.OK:
        ui.line(_("Done in {seconds}: all of it works.").format(seconds=seconds), "good")
    else:
        ui.line(_("Not all of it works: see above. It took {seconds}.").format(seconds=seconds), "bad")
    for line in wrap(stages, width=terminal_width()):
        ui.line(line, "faint")
    ui.line(_("The plugin is in {path}. Next:").format(path=result.directory), "strong")
    target = result.directory.relative_to(here) if result.directory.is_relative_to(here) else result.directory
    for command, purpose in (
        (f"cd {_quoted(str(target))}", ""),
        ("hgw run", _("a gateway with the plugin, until Ctrl-C")),
        ("curl http://127.0.0.1:10000/get", _("ask it, from a second terminal")),
        (_("(edit main.go)"), ""),
        ("hgw build", _("compile it; a running gateway takes it")),
        ("hgw verify", _("prove that it still works")),
    ):
        _show_command(ui, command, purpose)


def _show_verification(result: "VerifyResult", ui: Ui, *, with_answers: bool) -> None:
    ui.line(_("ABI {abi}: {module}").format(abi=result.abi, module=result.module.name), "strong")
    for step in result.steps:
        style = "good" if step.ok else "bad"
        first, *rest = wrap(step.name, width=terminal_width() - 4)
        ui.marked(f"  {ui.mark(style)}", first, style)
        for line in rest:
            ui.line(f"      {line}")
        if not step.ok:
            _paragraph(ui, _("expected: {text}").format(text=step.expected))
            _paragraph(ui, _("got: {text}").format(text=step.got))
        if step.exchange is not None and (with_answers or not step.ok):
            ui.line(f"      $ {step.exchange.request}", "hint")
            for line in (step.exchange.body or "").splitlines():
                ui.line(f"      {line}", "faint")
    ui.line()


def _show_command(ui: Ui, command: str, purpose: str) -> None:
    line = f"  {command}{' ' * (33 - cells(command))}  {purpose}".rstrip()
    if cells(line) <= terminal_width():
        ui.line(line)
        return
    ui.line(f"  {command}")
    for part in wrap(purpose, width=terminal_width() - 6):
        ui.line(f"      {part}")


def _paragraph(ui: Ui, text: str) -> None:
    for line in wrap(text, width=terminal_width() - 6):
        ui.line(f"      {line}")


def _quoted(path: str) -> str:
    return f'"{path}"' if any(character.isspace() for character in path) else path
