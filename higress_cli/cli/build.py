"""`hgw build`: parse, call, show."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from higress_cli.cli.app import HgwCommand, finish, invocation, new_app
from higress_cli.cli.error_view import show_error
from higress_cli.cli.options import word_option
from higress_cli.errors import UsageError
from higress_cli.i18n import N_, _, listed

if TYPE_CHECKING:
    from higress_cli.cli.context import Invocation
    from higress_cli.cli.ui import Ui
    from higress_cli.commands.build_plan import Wishes
    from higress_cli.commands.build_result import BuildResult, CommandsResult
    from higress_cli.errors import HgwError
    from higress_cli.session import Session

app = new_app()


@app.command(
    cls=HgwCommand,
    help=N_("Compile plugins and check the modules. Arguments after -- go to the compiler."),
    epilog="hgw build\nhgw build --abi all\nhgw build --all --since origin/main\nhgw build --watch",
)
def build(
    ctx: typer.Context,
    where: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="DIR", show_default=False, help=N_("plugin folders; default: the plugin around the current folder")
        ),
    ] = None,
    every: Annotated[bool, typer.Option("--all", help=N_("every plugin in the current folder and below"))] = False,
    since: Annotated[
        str | None, typer.Option("--since", metavar="REV", help=N_("every plugin that changed since a git revision"))
    ] = None,
    matrix: Annotated[
        str | None,
        word_option("--matrix", ("github", "gitlab"), help=N_("print a pipeline's job matrix, and build nothing")),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help=N_("build again on each change, until Ctrl-C"))] = False,
    force: Annotated[bool, typer.Option("--force", help=N_("compile even if nothing has changed"))] = False,
    debug_info: Annotated[
        bool, typer.Option(" /--no-debug", help=N_("leave out debugging information: smaller, crashes without names"))
    ] = True,
    tidy: Annotated[
        str | None,
        word_option(
            "--tidy",
            ("auto", "always", "never"),
            help=N_("when to run go mod tidy; default: auto, where something is missing"),
        ),
    ] = None,
    print_command: Annotated[
        bool, typer.Option("--print-command", help=N_("print what would be run, for this shell, and run nothing"))
    ] = False,
) -> None:
    from higress_cli.commands.build_plan import Wishes
    from higress_cli.compile.modules import Tidy  # noqa: PLC0415 -- with the use-case

    call = invocation(ctx)
    session = call.session()
    _refuse_together(**{"--watch": watch, "--print-command": print_command, "--matrix": bool(matrix)})
    folders, arguments = _divided(where or [], call.argv)
    wishes = Wishes(arguments=arguments, force=force, debug=debug_info, tidy=Tidy(tidy or Tidy.AUTO))
    directories = _directories(call, folders, every=every or bool(matrix or since), since=since)
    if matrix:
        _print_matrix(ctx, session, matrix, directories)
    elif print_command:
        _print_commands(ctx, session, directories, wishes)
    else:
        (_watch if watch else _build)(ctx, session, directories, wishes)


def _refuse_together(**options: bool) -> None:
    """Refuse more than one of the options that say what is done in place of a build."""
    first, *others = [name for name, given in options.items() if given] or [""]
    if others:
        raise UsageError(
            _("{first} and {second} exclude each other").format(first=first, second=others[0]),
            code="options-conflict",
            details={"options": [first, *others]},
        )


def _divided(words: Sequence[Path], argv: Sequence[str]) -> tuple[Sequence[Path], tuple[str, ...]]:
    """The folders and the compiler's arguments: Typer does not tell apart what came before and after `--`."""
    arguments = tuple(argv[argv.index("--") + 1 :]) if "--" in argv else ()
    return words[: len(words) - len(arguments)], arguments


def _directories(call: "Invocation", folders: Sequence[Path], *, every: bool, since: str | None) -> list[Path]:
    """The plugins that were asked for."""
    from higress_cli.commands import build_plan as plans

    session = call.session()
    if every and folders:
        raise UsageError(
            _("{options} and DIR exclude each other").format(options=listed(("--all", "--since", "--matrix"))),
            code="usage",
            hint=_("for another folder: hgw -C DIR build --all"),
        )
    if not every:
        if len(folders) > 1:
            return [session.folder(plans.folder_named(session.path(folder))) for folder in folders]
        if not folders:
            return [call.works_in(plans.plugin_to_build(session.directory))]
        return [call.works_in(session.folder(plans.folder_named(session.path(folders[0]))))]
    found = plans.every_plugin(session, session.directory)
    if since is None:
        return list(found)
    from higress_cli.commands.changed_plugins import changed_plugins

    return list(changed_plugins(session, found, since=since))


def _build(ctx: typer.Context, session: "Session", directories: Sequence[Path], wishes: "Wishes") -> None:
    from higress_cli.commands import build as use_case

    _finish(ctx, session, use_case.build(session, directories=directories, wishes=wishes))


def _finish(ctx: typer.Context, session: "Session", result: "BuildResult") -> None:
    from higress_cli.cli.build_view import show_modules

    finish(ctx, result, lambda shown, ui: show_modules(shown, ui, session.directory))


def _print_matrix(ctx: typer.Context, session: "Session", pipeline: str, directories: Sequence[Path]) -> None:
    from higress_cli.commands.matrix import Pipeline, matrix

    result = matrix(Pipeline(pipeline), directories, directory=session.directory)
    finish(ctx, result, lambda shown, ui: ui.data(shown.text))


def _print_commands(ctx: typer.Context, session: "Session", directories: Sequence[Path], wishes: "Wishes") -> None:
    from higress_cli.commands import build as use_case

    result = use_case.planned_commands(session, directories=directories, wishes=wishes)
    finish(ctx, result, _show_commands)


def _show_commands(result: "CommandsResult", ui: "Ui") -> None:
    for command in result.commands:
        ui.data(command.text)


def _watch(ctx: typer.Context, session: "Session", directories: Sequence[Path], wishes: "Wishes") -> None:
    """Build and watch until Ctrl-C, which is how this ends well once something is watched."""
    from higress_cli.cli.build_view import saving_builds, show_modules
    from higress_cli.commands.build_watch import build_and_watch

    ui = invocation(ctx).ui
    last: list[BuildResult | HgwError] = []

    def on_built(result: "BuildResult") -> None:
        last[:] = [result]
        if ui.output == "text":
            failures = tuple(replace(failure, hint=saving_builds(failure.hint)) for failure in result.failures)
            show_modules(replace(result, failures=failures), ui, session.directory)

    def on_error(error: "HgwError") -> None:
        last[:] = [error]
        error.hint = saving_builds(error.hint)
        show_error(invocation(ctx), error)

    interrupted = False
    try:
        build_and_watch(session, directories=directories, wishes=wishes, on_built=on_built, on_error=on_error)
    except KeyboardInterrupt:
        if not last:
            raise
        interrupted = True
        ui.end_line()
    if ui.output == "json" and not isinstance(last[0], Exception):
        _finish(ctx, session, last[0])
    if not interrupted:
        raise typer.Exit(int(last[0].exit_code))
