"""What `hgw build` prints for people."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from higress_cli.abi import EVERY_ABI
from higress_cli.choice import SourceKind
from higress_cli.cli import blocks
from higress_cli.cli.own_command import seen_from_here
from higress_cli.cli.ui import Ui
from higress_cli.commands.build_result import Artifact, BuildResult, BuiltImport, BuiltProject, FailedPlugin
from higress_cli.i18n import _, joined, listed, noted
from higress_cli.size import size

_MOST_NAMED: Final = 3
_MOST_PACKAGES: Final = 10


def show_modules(result: BuildResult, ui: Ui, here: Path) -> None:
    """The modules of one plugin, or a table of several, and what to type next."""
    if len(result.projects) + len(result.failures) > 1:
        _table(result, ui, here)
        return
    for artifact in result.artifacts:
        _module(artifact, ui, here)
    for project in result.projects:
        _project(project, ui, here)
    if result.engine_problem is not None:
        blocks.paragraph(
            ui, _("It cannot be run on this machine: {reason}").format(reason=result.engine_problem), indent=0
        )
        if result.engine_hint:
            blocks.hint(ui, result.engine_hint, indent=2)
        return
    blocks.next_commands(
        ui,
        _("Next:"),
        (
            (f"hgw verify{_typed_abi(result)}", _("prove that it works")),
            (f"hgw run{_typed_abi(result, but=EVERY_ABI)}", _("try it in a gateway")),
        ),
    )


def saving_builds(hint: str | None) -> str | None:
    """The hint without the command to build again, for builds that start on each save."""
    then_build = _(", then: hgw build")
    if hint is None or not hint.endswith(then_build):
        return hint
    return _("{advice}; saving builds again").format(advice=hint.removesuffix(then_build))


def _typed_abi(result: BuildResult, *, but: str | None = None) -> str:
    """The option without which the next command would take or build a module for another ABI than these.

    `but` is a value of it that the next command does not need.
    """
    typed = (project.abi for project in result.projects if project.abi.source.kind is SourceKind.FLAG)
    return "".join(f" --abi {abi.value}" for abi in typed if abi.value != but)


def _module(artifact: Artifact, ui: Ui, here: Path) -> None:
    module = f"{blocks.near(artifact.path, here)}  {size(artifact.bytes)}  ABI {artifact.abi}"
    blocks.item(ui, "good", noted(module, artifact.abi_export), indent=0)
    if ui.quiet:
        return
    blocks.paragraph(ui, _made(artifact), indent=2, style="faint")
    if artifact.delta:
        blocks.paragraph(ui, _grown(artifact, artifact.delta), indent=2, style="faint")
    if ui.verbose and artifact.packages:
        rows = [
            (
                f"  {size(package.bytes):>9}",
                _signed(package.delta) if package.delta else "",
                package.name or _("(no package)"),
            )
            for package in artifact.packages[:_MOST_PACKAGES]
        ]
        blocks.columns(ui, (), rows)
    if ui.verbose:
        _imports(artifact, ui)


def _imports(artifact: Artifact, ui: Ui) -> None:
    """The functions that a module imports, by the way on which the plugin comes to them."""
    ways = dict.fromkeys(item.packages for item in artifact.imports)
    for way in ways:
        names = listed(dict.fromkeys(_import(item) for item in artifact.imports if item.packages == way))
        text = _("imports through {way}: {names}") if way else _("other imports: {names}")
        blocks.paragraph(ui, text.format(way=" > ".join(way), names=names), indent=4)


def _import(item: BuiltImport) -> str:
    name = f"{item.module}.{item.name}"
    if item.supported is None:
        return noted(name, _("not known to hgw"))
    return noted(name, _("since gateway {version}").format(version=item.since)) if item.since else name


def _grown(artifact: Artifact, delta: int) -> str:
    """How the size changed since the last build, and what changed most."""
    changed = [package for package in artifact.packages if package.delta]
    most = sorted(changed, key=lambda package: -abs(package.delta or 0))[:_MOST_NAMED]
    names = listed(f"{package.name or _('(no package)')} {_signed(package.delta or 0)}" for package in most)
    if not names:
        return _("{delta} since the last build").format(delta=_signed(delta))
    return _("{delta} since the last build; of the code: {packages}").format(delta=_signed(delta), packages=names)


def _signed(count: int) -> str:
    return f"{'+' if count > 0 else '-'}{size(abs(count))}"


def _made(artifact: Artifact) -> str:
    if artifact.up_to_date:
        return _("up to date: nothing that it is built from has changed")
    if artifact.derived:
        return _("made from the module above: only the ABI's marker differs")
    return _("{tools}; {seconds:.1f} s").format(tools=_tools(artifact), seconds=artifact.seconds)


def _project(project: BuiltProject, ui: Ui, here: Path) -> None:
    if ui.quiet:
        return
    choices = ((f"ABI {project.abi.value}", project.abi), (f"profile {project.profile.value}", project.profile))
    sources = (
        _("{what} (from {source})").format(what=what, source=blocks.source(choice.source, here))
        for what, choice in choices
    )
    blocks.paragraph(ui, joined((project.name, listed(sources))), indent=2, style="faint")


def _table(result: BuildResult, ui: Ui, here: Path) -> None:
    rows = [_row(artifact, ui, here) for artifact in result.artifacts]
    if rows:
        blocks.columns(ui, ("", _("module"), _("size"), "ABI", _("time")), rows)
    for failure in result.failures:
        _failed(failure, ui, here)
    ui.line()
    text = _("{built} of {count} plugins built in {seconds:.1f} s").format(
        built=len(result.projects), count=len(result.projects) + len(result.failures), seconds=result.seconds
    )
    ui.line(text, "bad" if result.failures else "strong")


def _row(artifact: Artifact, ui: Ui, here: Path) -> Sequence[str]:
    time = f"{artifact.seconds:.1f} s"
    if artifact.up_to_date or artifact.derived:
        time = _("up to date") if artifact.up_to_date else _("derived")
    path = str(blocks.near(artifact.path, here))
    return (ui.mark("good"), path, size(artifact.bytes), artifact.abi.value, time)


def _failed(failure: FailedPlugin, ui: Ui, here: Path) -> None:
    text = joined((blocks.near(failure.directory, here), f"{failure.message} [{failure.code}]"))
    blocks.item(ui, "bad", text, indent=0)
    if failure.hint:
        blocks.hint(ui, failure.hint, indent=2, folder=seen_from_here(failure.directory))


def _tools(artifact: Artifact) -> str:
    named = (("TinyGo", artifact.tinygo), ("Go", artifact.go), ("wasm-opt", artifact.wasm_opt))
    return listed(f"{name} {version}" for name, version in named if version)
