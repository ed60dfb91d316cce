"""`hgw quickstart`: parse, call, show."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from higress_cli.cli import blocks
from higress_cli.cli.app import HgwCommand, finish, invocation, new_app
from higress_cli.cli.ui import Ui
from higress_cli.cli.wrap import NO_BREAK
from higress_cli.errors import ExitCode, HgwError
from higress_cli.i18n import N_, _, listed

if TYPE_CHECKING:
    from higress_cli.commands import quickstart as use_case

app = new_app()


@app.command(
    cls=HgwCommand,
    help=N_(
        "Go through the whole guide: install the tools, make a plugin, build it for both ABIs, verify both in a"
        " gateway."
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
    from higress_cli.project.settings import FILE_NAME  # noqa: PLC0415 -- with the use-case

    call = invocation(ctx)
    session = call.session()
    directory = session.folder(where or use_case.DEFAULT_DIRECTORY)
    try:
        result = use_case.quickstart(session, directory=directory, lang=call.lang)
    except HgwError:
        if (directory / FILE_NAME).is_file():
            call.works_in(directory)
        raise
    finish(ctx, result, _show)


def _show(result: "use_case.QuickstartResult", ui: Ui) -> None:
    for verification in result.verify:
        title = _("ABI {abi}: {module}").format(abi=verification.abi, module=verification.module.name)
        ui.line(title, "strong")
        blocks.steps(ui, verification.steps, answers=True)
        ui.line()
    seconds = _("{seconds:.0f} s").format(seconds=result.seconds)
    if result.exit_code is ExitCode.OK:
        ui.line(_("Done in {seconds}: everything works.").format(seconds=seconds), "good")
    else:
        ui.line(_("Something does not work, see above. It took {seconds}.").format(seconds=seconds), "bad")
    words = (" ".join(filter(None, (stage.name, stage.abi, f"{stage.seconds:.1f} s"))) for stage in result.stages)
    blocks.paragraph(ui, listed(word.replace(" ", NO_BREAK) for word in words), indent=0, style="faint")
    blocks.next_commands(
        ui,
        _("The plugin is in {path}. Next:").format(path=result.directory),
        (
            ("hgw run", _("run a gateway with the plugin, until Ctrl-C")),
            ("curl http://127.0.0.1:10000/get", _("send it a request, from a second terminal")),
            ("hgw build", _("compile it after you changed main.go; a running gateway loads the new module")),
            ("hgw verify", _("check that it still works")),
        ),
        # A second terminal may begin in another folder.
        entered=(str(result.directory), _("in each terminal")),
    )
