"""`hgw build`: parse, call, show."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from higress_cli.cli import blocks
from higress_cli.cli.app import HgwCommand, finish, invocation, new_app
from higress_cli.cli.ui import Ui
from higress_cli.errors import UsageError
from higress_cli.i18n import N_, _, listed
from higress_cli.size import size

if TYPE_CHECKING:
    from higress_cli.commands.build_result import Artifact, BuildResult, CommandsResult

app = new_app()


@app.command(
    cls=HgwCommand,
    help=N_("Compile a plugin and check the module. What follows -- goes to the compiler."),
    epilog="hgw build\nhgw build --abi all\nhgw build --out-file dist/x.wasm\nhgw build -- -no-debug",
)
def build(
    ctx: typer.Context,
    where: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="DIR", show_default=False, help=N_("plugins; default: the one that the current folder is in")
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help=N_("every plugin in the current folder and below"))] = False,
    force: Annotated[bool, typer.Option("--force", help=N_("compile although nothing has changed"))] = False,
    print_command: Annotated[
        bool, typer.Option("--print-command", help=N_("print what would be run, for this shell, and run nothing"))
    ] = False,
) -> None:
    from higress_cli.commands import build as use_case
    from higress_cli.commands import build_plan as plans

    call = invocation(ctx)
    session = call.session()
    arguments = call.argv[call.argv.index("--") + 1 :] if "--" in call.argv else []
    # The parser does not tell apart what came before and after `--`.
    folders = (where or [])[: len(where or []) - len(arguments)]
    if every and folders:
        raise UsageError(
            _("--all and DIR exclude each other"), code="usage", hint=_("for another folder: hgw -C DIR build --all")
        )
    if every:
        directories = list(plans.every_plugin(session.directory))
    elif folders:
        directories = [session.folder(plans.folder_named(session.path(folder))) for folder in folders]
    else:
        directories = [plans.plugin_around(session.directory)]
    if print_command:
        finish(ctx, use_case.planned_commands(session, directories=directories, arguments=arguments), _show_commands)
        return
    result = use_case.build(session, directories=directories, arguments=arguments, force=force)
    finish(ctx, result, lambda shown, ui: _show(shown, ui, session.directory))


def _show_commands(result: "CommandsResult", ui: Ui) -> None:
    for command in result.commands:
        ui.data(command.text)


def _show(result: "BuildResult", ui: Ui, here: Path) -> None:
    for artifact in result.artifacts:
        module = f"{blocks.near(artifact.path, here)}  {size(artifact.bytes)}  ABI {artifact.abi}"
        blocks.item(ui, "good", f"{module} ({artifact.abi_export})", indent=0)
        if artifact.up_to_date:
            blocks.paragraph(ui, _("up to date: nothing that it is built from has changed"), indent=2, style="faint")
        elif artifact.derived:
            text = _("made from the module above: only the ABI's marker differs")
            blocks.paragraph(ui, text, indent=2, style="faint")
        else:
            text = _("{tools}; {seconds:.1f} s").format(tools=_tools(artifact), seconds=artifact.seconds)
            blocks.paragraph(ui, text, indent=2, style="faint")
    for project in result.projects:
        choices = ((f"ABI {project.abi.value}", project.abi), (f"profile {project.profile.value}", project.profile))
        sources = (
            _("{what} (from {source})").format(what=what, source=blocks.near(Path(str(choice.source)), here))
            for what, choice in choices
        )
        blocks.paragraph(ui, f"{project.name}: {listed(sources)}", indent=2, style="faint")
    if result.engine_problem is not None:
        blocks.paragraph(
            ui, _("It cannot be run on this machine: {reason}").format(reason=result.engine_problem), indent=0
        )
        if result.engine_hint:
            blocks.hint(ui, result.engine_hint, indent=2)
        return
    blocks.next_commands(
        ui, _("Next:"), (("hgw verify", _("prove that it works")), ("hgw run", _("try it in a gateway")))
    )


def _tools(artifact: "Artifact") -> str:
    named = (("TinyGo", artifact.tinygo), ("Go", artifact.go), ("wasm-opt", artifact.wasm_opt))
    return ", ".join(f"{name} {version}" for name, version in named if version)
