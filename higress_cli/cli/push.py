"""`hgw push`: parse, call, show."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from higress_cli.cli import blocks
from higress_cli.cli.app import HgwCommand, finish, invocation, new_app
from higress_cli.cli.gateway_options import Build, plugin_here
from higress_cli.cli.image_options import Also, Annotations, Force, image_wishes
from higress_cli.cli.ui import Ui
from higress_cli.i18n import N_, _, noted
from higress_cli.size import size

if TYPE_CHECKING:
    from higress_cli.commands import push as use_case

app = new_app()


@app.command(
    cls=HgwCommand,
    help=N_("Pack the plugin of the current folder into an image and push it to registries."),
    epilog="hgw push registry.example.com/plugins/my-plugin\n"
    "hgw push registry.example.com/plugins/my-plugin:1.0.0 --update wasmplugin.yaml\n"
    "hgw push localhost:5000/my-plugin --dry-run --update wasmplugin.yaml",
)
def push(
    ctx: typer.Context,
    references: Annotated[
        list[str],
        typer.Argument(
            metavar="REF",
            show_default=False,
            help=N_("REGISTRY/NAME or REGISTRY/NAME:TAG; the tag defaults to the version"),
        ),
    ],
    update: Annotated[
        Path | None,
        typer.Option("--update", metavar="FILE", help=N_("write url and sha256 into the WasmPlugin resource in FILE")),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=N_("show what would be pushed and written, and do neither"))
    ] = False,
    abi_suffix: Annotated[
        bool, typer.Option("--abi-suffix", help=N_("add the module's ABI to the tag: 1.0.0-abi0.2.100"))
    ] = False,
    also: Also = None,
    annotation: Annotations = None,
    build: Build = True,
    force: Force = False,
) -> None:
    from higress_cli.commands import push as use_case

    call = invocation(ctx)
    session = call.session()
    result = use_case.push_plugin(
        session,
        directory=plugin_here(call),
        references=references,
        wishes=use_case.PushWishes(
            update=session.path(update) if update else None, dry_run=dry_run, abi_suffix=abi_suffix
        ),
        image=image_wishes(session, also=also, annotation=annotation, build=build, force=force),
    )
    finish(ctx, result, lambda shown, ui: _show(shown, ui, session.directory))


def _show(result: "use_case.PushResult", ui: Ui, here: Path) -> None:
    for tag in result.tags:
        blocks.item(ui, "good", _told(result, tag), indent=0)
    sent = _("{size}, of which {sent} had to be sent").format(size=size(result.bytes), sent=size(result.sent_bytes))
    moved = size(result.bytes) if result.dry_run else sent
    blocks.facts(
        ui,
        (
            (_("digest"), result.digest, ""),
            (_("size"), moved, ""),
            (_("module"), str(blocks.near(result.module, here)), blocks.remark(f"ABI {result.abi or '?'}")),
        ),
    )
    if result.updated is None:
        ui.line()
        blocks.paragraph(ui, _("In the WasmPlugin resource:"), indent=0, style="strong")
        ui.line(f"  url: {result.tags[0].url}")
        ui.line(f'  sha256: "{result.sha256}"')
        return
    path = blocks.near(result.updated.path, here)
    if not result.updated.changed:
        ui.line(_("{path} names this image already").format(path=path))
        return
    ui.line((_("{path} would change:") if result.dry_run else _("{path} changed:")).format(path=path))
    for line in result.updated.difference.splitlines():
        ui.line(f"  {line}", {"+": "good", "-": "bad"}.get(line[:1], "faint"))


def _told(result: "use_case.PushResult", tag: "use_case.PushedTag") -> str:
    if result.dry_run:
        return noted(tag.url, _("not pushed: --dry-run"))
    return noted(tag.url, _("it had this image already")) if tag.existed else tag.url
