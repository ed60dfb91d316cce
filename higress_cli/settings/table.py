"""Every setting, one row each. Nothing else knows its key, option, variable, kind of value, default or help.

Options, their help, the keys of hgw.yaml, validation, `hgw help settings` and the sources in JSON all come from here.
"""

from collections.abc import Mapping
from typing import Any, Final

from higress_cli.abi import NEW_ABI_TAG, Abi
from higress_cli.settings.machine import MACHINE
from higress_cli.settings.project import ABI, PROJECT, TAGS
from higress_cli.settings.setting import Implication, Setting

SETTINGS: Final[tuple[Setting[object], ...]] = (*PROJECT, *MACHINE)
"""In the order of help."""

IMPLICATIONS: Final[Mapping[Setting[object], Implication[Any]]] = {
    ABI: Implication(setting=TAGS, of=lambda tags: Abi.V0_2_100 if NEW_ABI_TAG in tags else None),
}
