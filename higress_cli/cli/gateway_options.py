"""The options that `hgw run` and `hgw verify` share besides the settings."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from higress_cli.i18n import N_

if TYPE_CHECKING:
    from higress_cli.session import Session

NoBuild = Annotated[bool, typer.Option("--no-build", help=N_("use the module as it is, without building"))]
OtherModule = Annotated[
    str | None,
    typer.Option(
        "--module",
        metavar="FILE|oci://IMAGE",
        help=N_("another module than the project's own: a file, or that of a published image"),
    ),
]


def other_module(session: "Session", text: str | None) -> Path | None:
    """The file of the module that `--module` names; an image is pulled for it.

    Raises:
        HgwError: the image cannot be pulled, or the gateway would refuse it.
    """
    if text is None:
        return None
    from higress_cli.commands.image_module import module_named

    path, warnings = module_named(session, text)
    for warning in warnings:
        session.reporter.warn(warning)
    return path
