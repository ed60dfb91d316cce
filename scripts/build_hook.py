"""Compile the gettext catalogues when the package is built or installed for editing."""

import io
from pathlib import Path
from typing import Any

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from hatchling.builders.config import BuilderConfig
from hatchling.builders.hooks.plugin.interface import BuildHookInterface


def compile_catalogues(root: Path) -> None:
    for po in sorted(root.glob("higress_cli/locale/*/LC_MESSAGES/*.po")):
        with po.open("rb") as source:
            catalogue = read_po(source)
        compiled = io.BytesIO()
        write_mo(compiled, catalogue)
        mo = po.with_suffix(".mo")
        if mo.exists() and mo.read_bytes() == compiled.getvalue():
            continue
        # An hgw that runs from this checkout meanwhile sees the old catalogue or the new one, never half of it.
        partial = po.with_suffix(".mo.partial")
        partial.write_bytes(compiled.getvalue())
        partial.replace(mo)


class CatalogueHook(BuildHookInterface[BuilderConfig]):
    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        compile_catalogues(Path(self.root))
