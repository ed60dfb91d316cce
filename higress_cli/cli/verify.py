"""`hgw verify`: parse, call, show."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from higress_cli.cli import blocks
from higress_cli.cli.app import HgwCommand, finish, invocation, new_app
from higress_cli.cli.gateway_options import NoBuild
from higress_cli.cli.ui import Ui
from higress_cli.errors import UsageError
from higress_cli.i18n import N_, _

if TYPE_CHECKING:
    from higress_cli.commands import verify as use_case

app = new_app()


@app.command(
    cls=HgwCommand,
    help=N_("Prove on a local gateway that the plugin is in the path and does what it promises."),
    epilog="hgw verify\nhgw verify --module main-0.2.100.wasm --report junit=verify.xml\n"
    "hgw verify --url http://127.0.0.1:10000",
)
def verify(
    ctx: typer.Context,
    where: Annotated[
        Path | None,
        typer.Argument(metavar="DIR", show_default=False, help=N_("the plugin; default: the current folder")),
    ] = None,
    module: Annotated[
        Path | None, typer.Option("--module", metavar="FILE", help=N_("verify this module, not the project's own"))
    ] = None,
    scenario: Annotated[
        list[str] | None,
        typer.Option("--scenario", metavar="TEXT", help=N_("only scenarios that have TEXT in their name")),
    ] = None,
    url: Annotated[
        str | None, typer.Option("--url", metavar="URL", help=N_("use the gateway that `hgw run` has there"))
    ] = None,
    no_build: NoBuild = False,
    report: Annotated[
        str | None, typer.Option("--report", metavar="junit=FILE", help=N_("write a report for a pipeline"))
    ] = None,
) -> None:
    from higress_cli.commands import verify as use_case

    session = invocation(ctx).session()
    result = use_case.verify(
        session,
        directory=session.folder(where),
        module=session.path(module) if module else None,
        build=not no_build,
        only=tuple(scenario or ()),
        url=url,
        report=session.path(_report_file(report)) if report else None,
    )
    finish(ctx, result, _show)


def _report_file(text: str) -> str:
    kind, separator, file = text.partition("=")
    if kind != "junit" or not separator or not file:
        raise UsageError(
            _("`{value}` (from --report) is not junit=FILE").format(value=text),
            code="choice-invalid",
            hint="hgw verify --report junit=verify.xml",
        )
    return file


def _show(result: "use_case.VerifyResult", ui: Ui) -> None:
    blocks.steps(ui, result.steps)
    ui.line()
    wrong = sum(not step.ok for step in result.steps)
    skipped = sum(step.status == "skipped" for step in result.steps)
    judged = len(result.steps) - skipped
    summary = _("{good} of {all} steps ok").format(good=judged - wrong, all=judged)
    if skipped:
        summary = _("{summary}, {count} not run").format(summary=summary, count=skipped)
    ui.line(summary, "bad" if wrong else "good")
    rows = [
        (_("module"), str(result.module), f"(ABI {result.abi or '?'})"),
        ("", f"sha256 {result.module_sha256}", ""),
        (_("engine"), result.engine, ""),
    ]
    if wrong and result.gateway_log:
        rows.append((_("log"), str(result.gateway_log), ""))
    blocks.facts(ui, rows)
    if result.renamed_export:
        ui.note(
            _("{engine} gets a copy in which {old} is called {new}; the file stays as it is").format(
                engine=result.engine, old=result.renamed_export, new=result.renamed_to
            )
        )
