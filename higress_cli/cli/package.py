"""`hgw package`: parse, call, show."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from higress_cli.choice import Choice
from higress_cli.cli import blocks
from higress_cli.cli.app import HgwCommand, finish, invocation, new_app
from higress_cli.cli.context import Invocation
from higress_cli.cli.gateway_options import Build, PluginFolder, plugin_folder
from higress_cli.cli.image_options import Also, Annotations, Force, image_wishes
from higress_cli.cli.own_command import quoted
from higress_cli.cli.ui import Ui
from higress_cli.i18n import N_, _
from higress_cli.settings.setting import EVERY_COMMAND
from higress_cli.size import size

if TYPE_CHECKING:
    from higress_cli.commands import package as use_case

app = new_app()


@app.command(
    cls=HgwCommand,
    help=N_("Put the plugin's module into an OCI image, in the one form that every reader in Higress accepts."),
    epilog="hgw package\nhgw package --out my-plugin.tar\nhgw package --abi 0.2.100 --also LICENSE",
)
def package(
    ctx: typer.Context,
    where: PluginFolder = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="FILE.tar|DIR", help=N_("where to write it; default: dist/NAME-VERSION.oci.tar")),
    ] = None,
    also: Also = None,
    annotation: Annotations = None,
    build: Build = True,
    force: Force = False,
) -> None:
    from higress_cli.commands import package as use_case

    call = invocation(ctx)
    session = call.session()
    wishes = image_wishes(session, also=also, annotation=annotation, build=build, force=force)
    directory = plugin_folder(call, where)
    result = use_case.package(session, directory=directory, wishes=wishes, out=session.path(out) if out else None)
    extra = {"--also": [str(path) for path in wishes.also], "--annotation": wishes.annotations}
    push = _push_command(result.name.value, call, extra)
    finish(ctx, result, lambda shown, ui: _show(shown, ui, session.directory, push=push))


def _show(result: "use_case.PackageResult", ui: Ui, here: Path, *, push: str) -> None:
    blocks.item(ui, "good", f"{blocks.near(result.path, here)}  {size(result.bytes)}", indent=0)
    blocks.facts(
        ui,
        (
            (_("name"), result.name.value, _from(result.name, here)),
            (_("version"), result.version.value, _from(result.version, here)),
            (_("module"), str(blocks.near(result.module, here)), blocks.remark(f"ABI {result.abi or '?'}")),
            *((_("also"), name, "") for name in result.files[1:]),
            (_("digest"), result.digest, ""),
        ),
    )
    blocks.next_commands(ui, _("Next:"), ((push, _("push it; REGISTRY is such as registry.example.com/plugins")),))


def _push_command(name: str, call: Invocation, extra: Mapping[str, Sequence[str]]) -> str:
    """The command that pushes the image just made, with the options that were typed."""
    from higress_cli.oci.reference import as_repository  # noqa: PLC0415 -- not for --help

    typed = {setting.flag: [value] for setting, value in call.given.items() if setting.commands != EVERY_COMMAND}
    options = [(flag, str(value)) for flag, values in {**typed, **extra}.items() for value in values]
    words = (f" {flag} {quoted(value)}" for flag, value in options)
    return f"hgw push REGISTRY/{as_repository(name)}{''.join(words)}"


def _from(choice: Choice[str], here: Path) -> str:
    return _("from {source}").format(source=blocks.source(choice.source, here))
