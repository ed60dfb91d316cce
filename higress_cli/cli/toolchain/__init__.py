"""`hgw toolchain`: the commands about the tools themselves."""

from typing import Final

from higress_cli.cli.app import new_group
from higress_cli.i18n import N_

COMMANDS: Final = ("list", "path", "env", "exec")

app = new_group(
    help=N_("Show the compilers that hgw uses, and run them by hand."),
    epilog='hgw toolchain list\neval "$(hgw toolchain env)"\nhgw toolchain exec -- tinygo version',
)
