"""The option that `hgw run` and `hgw verify` share besides the settings."""

from typing import Annotated

import typer

from higress_cli.i18n import N_

NoBuild = Annotated[bool, typer.Option("--no-build", help=N_("use the module as it is, without building"))]
