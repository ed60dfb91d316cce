"""`hgw run`: parse, call, show; then the log until Ctrl-C."""

import contextlib
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from higress_cli.cli import blocks
from higress_cli.cli.app import HgwCommand, finish, invocation, new_app
from higress_cli.cli.gateway_options import Build, OtherModule, other_module, plugin_folder
from higress_cli.cli.ui import Ui
from higress_cli.errors import UsageError
from higress_cli.i18n import N_, _

if TYPE_CHECKING:
    from higress_cli.cli.context import Invocation
    from higress_cli.commands import run as use_case
    from higress_cli.gateway.plugin import GivenModule

app = new_app()


@app.command(
    cls=HgwCommand,
    help=N_("Run a local gateway with the plugin in it and httpbin behind it; Ctrl-C stops it."),
    epilog="hgw run\nhgw run --port 0 --upstream http://127.0.0.1:8080\n"
    "hgw run --service my-svc.dns:80=127.0.0.1:8080\n"
    "hgw run oci://registry.example.com/my-plugin:1.0.0 --config other.yaml",
)
def run(
    ctx: typer.Context,
    where: Annotated[
        str | None,
        typer.Argument(
            metavar="DIR|oci://IMAGE",
            show_default=False,
            help=N_("the plugin, or an image; default: the current folder"),
        ),
    ] = None,
    module: OtherModule = None,
    build: Build = True,
) -> None:
    from higress_cli.commands import run as use_case

    call = invocation(ctx)
    directory, other = _places(call, where, module)
    with _shown_when_ready(ctx) as on_ready:
        use_case.run(call.session(), directory=directory, module=other, build=build, on_ready=on_ready)
    call.ui.note("\n" + _("the gateway has stopped"))


@contextlib.contextmanager
def _shown_when_ready(ctx: typer.Context) -> Iterator[Callable[["use_case.RunResult"], None]]:
    """What to call with the result when the gateway is ready; from then on, Ctrl-C is how the command ends well."""
    ready: list[use_case.RunResult] = []

    def on_ready(result: "use_case.RunResult") -> None:
        ready.append(result)
        finish(ctx, result, _show)

    try:
        yield on_ready
    except KeyboardInterrupt:
        if not ready:
            raise


def _places(call: "Invocation", where: str | None, module: str | None) -> tuple[Path, "GivenModule | None"]:
    """The plugin's folder, and the module that takes the place of its own."""
    from higress_cli.oci.reference import is_reference  # noqa: PLC0415 -- with the use-case

    image = where if where is not None and is_reference(where) else None
    if image is not None and module is not None:
        raise UsageError(
            _("{image} and --module exclude each other").format(image=image),
            code="options-conflict",
            hint=f"hgw run {image}",
        )
    given = image or module
    directory = plugin_folder(call, where if image is None else None, own_module=given is None)
    return directory, other_module(call.session(), given)


def _show(result: "use_case.RunResult", ui: Ui) -> None:
    from higress_cli.gateway.identity import HEADER  # noqa: PLC0415 -- with the use-case

    rows = [
        (
            _("gateway"),
            result.url,
            blocks.remark(
                _("{engine}, {reason}").format(
                    engine=f"{result.engine} {result.engine_version}", reason=result.engine_reason
                )
            ),
        ),
        (_("upstream"), result.upstream_url, blocks.remark(result.settings["upstream"].value)),
        *([(_("admin"), result.admin_url, "")] if result.admin_url else []),
        (_("module"), result.image or str(result.module), blocks.remark(f"ABI {result.abi or '?'}")),
        ("sha256", result.module_sha256, ""),
    ]
    if result.renamed_export:
        renamed = _("{engine} gets a copy in which {old} is called {new}; the file stays as it is")
        remark = renamed.format(engine=result.engine, old=result.renamed_export, new=result.renamed_to)
        rows.append(("", "", remark))
    rows += [
        (_("config"), str(result.config) if result.config else _no_config(result), ""),
        *((_("service"), f"{key} -> {at}", "") for key, at in result.settings["services"].value.items()),
        (_("run folder"), str(result.run_dir), ""),
        (_("header"), HEADER, _("in each response: the module and the configuration that it passed through")),
        (_("try"), f"curl {shlex.quote(result.url + '/get')}", ""),
    ]
    blocks.facts(ui, rows)
    changes = _("changes to the configuration and a rebuilt module take effect at once; Ctrl-C stops the gateway")
    if result.image:
        changes = _("changes to the configuration take effect at once; Ctrl-C stops the gateway")
    ui.note(changes)


def _no_config(result: "use_case.RunResult") -> str:
    return _("none: {file} does not exist").format(file=result.settings["config"].value)
