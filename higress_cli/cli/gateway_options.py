"""The options that `hgw run` and `hgw verify` share."""

from typing import Annotated

import typer

from higress_cli.i18n import N_

Engine = Annotated[
    str | None, typer.Option("--engine", metavar="auto|envoy", help=N_("the engine that runs the plugin"))
]
Upstream = Annotated[
    str | None, typer.Option("--upstream", metavar="httpbin|URL", help=N_("what is behind the gateway"))
]
Config = Annotated[str | None, typer.Option("--config", metavar="FILE", help=N_("the plugin's configuration"))]
Service = Annotated[
    list[str] | None,
    typer.Option("--service", metavar="NAME:PORT=HOST:PORT", help=N_("a service that the plugin calls")),
]
NoBuild = Annotated[bool, typer.Option("--no-build", help=N_("use the module as it is, without building"))]
