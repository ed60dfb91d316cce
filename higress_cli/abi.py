"""The proxy-wasm ABIs that a plugin can be built for."""

from enum import StrEnum
from typing import Final


class Abi(StrEnum):
    """The ABIs by the names that Higress gives them, oldest first."""

    V0_2_1 = "0.2.1"
    V0_2_100 = "0.2.100"

    @property
    def marker(self) -> str:
        """The export with which a module declares that it was built for this ABI.

        The SDK gives its "0.2.1" modules the marker of 0.2.0; hosts treat both alike (proxy-wasm-cpp-host,
        bytecode_util.cc).
        """
        return "proxy_abi_version_0_2_0" if self is Abi.V0_2_1 else "proxy_abi_version_0_2_100"

    @property
    def tag(self) -> str | None:
        """The SDK's build tag that selects this ABI under TinyGo; None if it needs no tag."""
        return None if self is Abi.V0_2_1 else NEW_ABI_TAG


NEW_ABI_TAG: Final = "proxy_wasm_version_0_2_100"
"""The SDK's build tag for ABI 0.2.100. Among a plugin's own tags it selects the ABI."""
EVERY_ABI: Final = "all"
"""The value of the setting `abi` that builds for each ABI."""
ABI_CHOICES: Final = (*Abi, EVERY_ABI)
"""The values of the setting `abi`."""
