"""The two ways to compile a plugin, and what each implies."""

import tomllib
from collections.abc import Mapping
from enum import StrEnum
from functools import cache
from importlib import resources

from higress_cli.abi import Abi
from higress_cli.tool import ToolName


class Profile(StrEnum):
    """What compiles a plugin: TinyGo, or Go itself."""

    TINYGO = "tinygo"
    GO = "go"

    @property
    def compiler(self) -> str:
        """The compiler's name."""
        return ToolName(self.value).label

    @property
    def tools(self) -> tuple[ToolName, ...]:
        """The tools that a build needs."""
        return tuple(ToolName) if self is Profile.TINYGO else (ToolName.GO,)

    @property
    def entries(self) -> tuple[str, ...]:
        """The exports of which a module needs one, so that a gateway starts it."""
        return ("_start", "_initialize") if self is Profile.TINYGO else ("_initialize",)

    @property
    def abis(self) -> tuple[Abi, ...]:
        """The ABIs that it can build for: the SDK for native Go knows only the newest."""
        return tuple(Abi) if self is Profile.TINYGO else (Abi.V0_2_100,)

    @property
    def gateway(self) -> str:
        """The gateway version that a plugin is meant for where nobody names one, such as `v2.0.7`."""
        return _data()[self]["gateway"]

    @property
    def oldest_gateway(self) -> str | None:
        """The first gateway version that can run its modules; None where any that hgw supports can."""
        return _data()[self].get("oldest_gateway")


@cache
def _data() -> Mapping[str, Mapping[str, str]]:
    return tomllib.loads(resources.files("higress_cli.data").joinpath("profiles.toml").read_text("utf-8"))
