"""The options that `hgw package` and `hgw push` share besides the settings."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from higress_cli.i18n import N_

if TYPE_CHECKING:
    from higress_cli.commands.plugin_image import ImageWishes
    from higress_cli.session import Session

Also = Annotated[
    list[Path] | None,
    typer.Option("--also", metavar="FILE", help=N_("put FILE into the image too, beside plugin.wasm")),
]
Annotations = Annotated[
    list[str] | None,
    typer.Option("--annotation", metavar="KEY=VALUE", help=N_("an annotation of the image")),
]
Force = Annotated[bool, typer.Option("--force", help=N_("only warn about what the gateway would refuse in the module"))]


def image_wishes(
    session: "Session", *, also: list[Path] | None, annotation: list[str] | None, build: bool, force: bool
) -> "ImageWishes":
    """What these options ask for."""
    from higress_cli.commands.plugin_image import ImageWishes

    return ImageWishes(
        also=tuple(session.path(path) for path in also or ()),
        annotations=tuple(annotation or ()),
        build=build,
        force=force,
    )
