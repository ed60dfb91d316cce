"""The options that `hgw package` and `hgw push` share besides the settings."""

from pathlib import Path
from typing import Annotated

import typer

from higress_cli.i18n import N_

Also = Annotated[
    list[Path] | None,
    typer.Option("--also", metavar="FILE", help=N_("put FILE into the image too, beside plugin.wasm")),
]
Annotations = Annotated[
    list[str] | None,
    typer.Option("--annotation", metavar="KEY=VALUE", help=N_("an annotation of the image")),
]
Force = Annotated[bool, typer.Option("--force", help=N_("only warn about what the gateway would refuse in the module"))]
