"""`hgw build`: parse, call, show."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from higress_cli.cli.app import HgwCommand, finish, invocation, new_app
from higress_cli.cli.error_show import show_error
from higress_cli.errors import UsageError
from higress_cli.i18n import N_, _, listed

if TYPE_CHECKING:
    from higress_cli.commands.build_plan import Wishes
    from higress_cli.commands.build_result import BuildResult
    from higress_cli.errors import HgwError
    from higress_cli.session import Session

app = new_app()


@app.command(
    cls=HgwCommand,
    help=N_("Compile plugins and check the modules. What follows -- goes to the compiler."),
    epilog="hgw build\nhgw build --abi all\nhgw build --all --since origin/main\nhgw build --watch",
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
    since: Annotated[
        str | None, typer.Option("--since", metavar="REV", help=N_("of them, those that changed since a git revision"))
    ] = None,
    matrix: Annotated[
        str | None,
        typer.Option("--matrix", metavar="github|gitlab", help=N_("print a pipeline's job matrix, and build nothing")),
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help=N_("build again on each change, until Ctrl-C"))] = False,
    force: Annotated[bool, typer.Option("--force", help=N_("compile although nothing has changed"))] = False,
    no_debug: Annotated[
        bool, typer.Option("--no-debug", help=N_("leave out debugging information: smaller, crashes without names"))
    ] = False,
    tidy: Annotated[
        str | None,
        typer.Option(
            "--tidy",
            metavar="auto|always|never",
            show_default=False,
            help=N_("when to run go mod tidy; default: auto, where something is missing"),
        ),
    ] = None,
    print_command: Annotated[
        bool, typer.Option("--print-command", help=N_("print what would be run, for this shell, and run nothing"))
    ] = False,
) -> None:
    from higress_cli.commands import build as use_case
    from higress_cli.commands.build_plan import Wishes
    from higress_cli.compile.modules import Tidy

    call = invocation(ctx)
    session = call.session()
    arguments = call.argv[call.argv.index("--") + 1 :] if "--" in call.argv else []
    # The parser does not tell apart what came before and after `--`.
    folders = (where or [])[: len(where or []) - len(arguments)]
    when = Tidy.AUTO if tidy is None else Tidy(_one_of("--tidy", tidy, [*Tidy]))
    wishes = Wishes(arguments=tuple(arguments), force=force, debug=not no_debug, tidy=when)
    directories = _directories(session, folders, every=every or matrix is not None or since is not None, since=since)
    if matrix is not None:
        _print_matrix(ctx, session, matrix, directories)
    elif print_command:
        result = use_case.planned_commands(session, directories=directories, wishes=wishes)
        finish(ctx, result, lambda shown, ui: [ui.data(command.text) for command in shown.commands])
    elif watch:
        _watch(ctx, session, directories, wishes)
    else:
        _finish(ctx, session, use_case.build(session, directories=directories, wishes=wishes))


def _directories(session: "Session", folders: Sequence[Path], *, every: bool, since: str | None) -> list[Path]:
    """The plugins that were asked for."""
    from higress_cli.commands import build_plan as plans

    if every and folders:
        raise UsageError(
            _("{options} and DIR exclude each other").format(options="--all, --since, --matrix"),
            code="usage",
            hint=_("for another folder: hgw -C DIR build --all"),
        )
    if not every:
        if folders:
            return [session.folder(plans.folder_named(session.path(folder))) for folder in folders]
        return [plans.plugin_around(session.directory)]
    found = plans.every_plugin(session.directory)
    if since is None:
        return list(found)
    from higress_cli.commands.changed_plugins import changed_plugins

    return list(changed_plugins(session, found, since=since))


def _finish(ctx: typer.Context, session: "Session", result: "BuildResult") -> None:
    from higress_cli.cli.build_show import show_modules

    finish(ctx, result, lambda shown, ui: show_modules(shown, ui, session.directory))


def _print_matrix(ctx: typer.Context, session: "Session", pipeline: str, directories: Sequence[Path]) -> None:
    from higress_cli.commands.matrix import Pipeline, matrix

    kind = Pipeline(_one_of("--matrix", pipeline, [item.value for item in Pipeline]))
    finish(ctx, matrix(kind, directories, directory=session.directory), lambda shown, ui: ui.data(shown.text))


def _watch(ctx: typer.Context, session: "Session", directories: Sequence[Path], wishes: "Wishes") -> None:
    """Build and watch until Ctrl-C, which is how this ends well once the first build is over."""
    from higress_cli.cli.build_show import saving_builds, show_modules
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

    try:
        build_and_watch(session, directories=directories, wishes=wishes, on_built=on_built, on_error=on_error)
    except KeyboardInterrupt:
        if not last:
            raise
    if ui.output == "json" and not isinstance(last[0], Exception):
        _finish(ctx, session, last[0])


def _one_of(option: str, value: str, known: Sequence[str]) -> str:
    if value in known:
        return value
    raise UsageError(
        _("`{value}` (from {option}) is not one of: {known}").format(value=value, option=option, known=listed(known)),
        code="choice-invalid",
        hint=f"hgw build {option} {known[0]}",
    )
