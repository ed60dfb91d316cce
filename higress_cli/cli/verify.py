"""`hgw verify`: parse, call, show."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from higress_cli.cli import blocks
from higress_cli.cli.app import HgwCommand, finish, invocation, new_app
from higress_cli.cli.gateway_options import Build, OtherModule, PluginFolder, other_module, plugin_folder
from higress_cli.cli.ui import Ui
from higress_cli.errors import UsageError
from higress_cli.i18n import N_, _, chained, joined, listed

if TYPE_CHECKING:
    from higress_cli.commands import verify as use_case
    from higress_cli.commands.verify_reports import Reports
    from higress_cli.scenarios.step import Step
    from higress_cli.session import Session

app = new_app()


@app.command(
    cls=HgwCommand,
    help=N_("Prove on a local gateway that requests pass through the plugin and that it does what it promises."),
    epilog="hgw verify\nhgw verify --module main-0.2.100.wasm --report junit=verify.xml\n"
    "hgw verify --module oci://registry.example.com/my-plugin:1.0.0\n"
    "hgw verify --url http://127.0.0.1:10000",
)
def verify(
    ctx: typer.Context,
    where: PluginFolder = None,
    module: OtherModule = None,
    scenario: Annotated[
        list[str] | None,
        typer.Option("--scenario", metavar="TEXT", help=N_("only scenarios whose name contains TEXT")),
    ] = None,
    url: Annotated[
        str | None, typer.Option("--url", metavar="URL", help=N_("use the gateway that `hgw run` started there"))
    ] = None,
    build: Build = True,
    report: Annotated[
        list[str] | None,
        typer.Option(
            "--report",
            metavar="junit=FILE|github",
            help=N_("a report for a pipeline: a file, or annotations on stderr"),
        ),
    ] = None,
    evidence: Annotated[
        Path | None,
        typer.Option(
            "--evidence",
            metavar="DIR",
            help=N_("write digests, requests, responses and logs there, as evidence for others"),
        ),
    ] = None,
    baseline: Annotated[
        str | None,
        typer.Option(
            "--baseline",
            metavar="FILE|oci://IMAGE",
            help=N_("run this module through the same scenarios and show what differs"),
        ),
    ] = None,
) -> None:
    from higress_cli.commands import verify as use_case

    call = invocation(ctx)
    session = call.session()
    directory = plugin_folder(call, where, own_module=module is None)
    wishes = use_case.VerifyWishes(
        module=other_module(session, module),
        build=build,
        baseline=other_module(session, baseline, option="--baseline"),
        only=tuple(scenario or ()),
        url=url,
    )
    reports = _reports(report or [], session, call.ui, evidence=evidence)
    result = _shown(use_case.verify(session, directory=directory, wishes=wishes, reports=reports), call.ui)
    finish(ctx, result, lambda shown, ui: _show(shown, ui, live=url is not None))


def _shown(result: "use_case.VerifyResult", ui: Ui) -> "use_case.VerifyResult":
    """The result; as text without warnings about steps that were not run, as the list of steps gives each reason."""
    if ui.output != "text" or ui.quiet:
        return result
    from higress_cli.commands.verify_proof import not_run

    said = set(not_run(result.steps))
    return dataclasses.replace(result, warnings=tuple(text for text in result.warnings if text not in said))


def _reports(wanted: list[str], session: "Session", ui: Ui, *, evidence: Path | None) -> "Reports":
    from higress_cli.commands.verify_reports import Reports

    junit: Path | None = None
    for text in wanted:
        kind, _separator, file = text.partition("=")
        if kind == "junit" and file:
            junit = session.path(file)
        elif text != "github":
            raise UsageError(
                _("`{value}` (from --report) is neither junit=FILE nor github").format(value=text),
                code="choice-invalid",
                hint="hgw verify --report junit=verify.xml",
            )
    return Reports(
        junit=junit,
        annotate=ui.annotation if "github" in wanted else None,
        root=Path(session.variable("GITHUB_WORKSPACE") or session.directory),
        evidence=session.path(evidence) if evidence else None,
    )


def _show_comparisons(result: "use_case.VerifyResult", ui: Ui) -> None:
    for disagreement in result.disagreements:
        outcomes = chained(joined(outcome) for outcome in disagreement.outcomes.items())
        blocks.item(
            ui, "warning", _("engines disagree: {name}: {outcomes}").format(name=disagreement.name, outcomes=outcomes)
        )
    from higress_cli.scenarios.comparison import part_word  # noqa: PLC0415 -- with the result

    if result.differences:
        ui.line(_("What differs from the baseline"), "strong")
    for difference in result.differences:
        knows_line = difference.line_before is not None or difference.line_after is not None
        before, after = (
            (_in_backticks(difference.line_before), _in_backticks(difference.line_after))
            if knows_line
            else (_value(difference.before), _value(difference.after))
        )
        text = _("{name}: {what} was {before} with the baseline, and is {after}").format(
            name=difference.name,
            what=_("the first line of the body that differs") if knows_line else part_word(difference.what),
            before=before,
            after=after,
        )
        blocks.item(ui, "warning", text)
    if result.unsteady:
        ui.line(_("What differs between two runs of the baseline as well, and does not count"), "strong")
    for difference in result.unsteady:
        blocks.item(ui, "faint", joined((difference.name, part_word(difference.what))))
    if result.disagreements or result.differences or result.unsteady:
        ui.line()


def _in_backticks(line: str | None) -> str:
    return _("absent") if line is None else f"`{line.strip()}`"


def _value(value: str | None) -> str:
    from higress_cli.scenarios.step import outcome_word  # noqa: PLC0415 -- with the result

    return _("absent") if value is None else outcome_word(value)


def _facts(result: "use_case.VerifyResult", ui: Ui, *, engines: str) -> Iterator[tuple[str, str, str]]:
    for module in result.modules:
        yield _("module"), module.image or str(module.path), blocks.remark(f"ABI {module.abi or '?'}")
        yield "", f"sha256 {module.sha256}", ""
    if result.baseline:
        count = len(result.differences)
        outcome = _("differences: {count}").format(count=count) if count else _("nothing differs")
        yield _("baseline"), result.baseline.image or str(result.baseline.path), blocks.remark(outcome)
    yield _("engine"), engines, blocks.remark(result.engine_reason) if result.engine_reason else ""
    if result.gateway_log and (ui.verbose or not all(step.ok for step in result.steps)):
        yield _("log"), str(result.gateway_log), ""
    for path in () if ui.quiet else result.written:
        yield _("written"), str(path), ""


def _show(result: "use_case.VerifyResult", ui: Ui, *, live: bool) -> None:
    groups: dict[tuple[str | None, str | None], list[Step]] = {}
    for step in result.steps:
        groups.setdefault((step.abi, step.engine), []).append(step)
    for (abi, engine), steps in groups.items():
        if len(groups) > 1:
            ui.line(_("ABI {abi} on {engine}").format(abi=abi or "?", engine=engine), "strong")
        blocks.steps(ui, steps, live=live)
    if not ui.quiet or any(not step.ok for step in result.steps):
        ui.line()
    _show_comparisons(result, ui)
    wrong = sum(not step.ok for step in result.steps)
    skipped = sum(step.status == "skipped" for step in result.steps)
    judged = len(result.steps) - skipped
    summary = _("{good} of {all} steps ok").format(good=judged - wrong, all=judged)
    if skipped:
        summary = _("{summary}, {count} not run").format(summary=summary, count=skipped)
    ui.line(summary, "bad" if result.exit_code else "good")
    if result.exit_code and not wrong:
        ui.line(_("nothing was checked, so this is not a success"), "bad")
    engines = dict.fromkeys(step.engine for step in result.steps if step.engine)
    named = listed(engines) or (_("unknown") if result.engine == "unknown" else result.engine)
    blocks.facts(ui, _facts(result, ui, engines=named))
    if not live and any(not step.ok and step.exchange for step in result.steps):
        ui.note(
            _("That gateway has ended. To send a request yourself: `hgw run`, then curl to the address that it says.")
        )
    if result.renamed_export and len(engines) == 1:
        ui.note(
            _("{engine} gets a copy in which {old} is called {new}; the file stays as it is").format(
                engine=result.engine, old=result.renamed_export, new=result.renamed_to
            )
        )
