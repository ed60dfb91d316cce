"""The two ways to compile a plugin, and what each implies."""

from dataclasses import dataclass
from enum import StrEnum

from higress_cli import data
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
        """The entry points; a gateway starts only modules that export one of them."""
        return ("_start", "_initialize") if self is Profile.TINYGO else ("_initialize",)

    @property
    def abis(self) -> tuple[Abi, ...]:
        """The ABIs that this profile can build for; the SDK for native Go supports only the newest."""
        return tuple(Abi) if self is Profile.TINYGO else (Abi.V0_2_100,)

    @property
    def gateway(self) -> str:
        """The default gateway version of a plugin, such as `v2.0.7`."""
        return _gateways(self).gateway

    @property
    def oldest_gateway(self) -> str | None:
        """The first gateway version that can run the modules of this profile; None if every supported version can."""
        return _gateways(self).oldest_gateway


@dataclass(frozen=True, kw_only=True)
class _Gateways:
    """The gateway versions that go with a profile."""

    gateway: str
    oldest_gateway: str | None = None


@dataclass(frozen=True, kw_only=True)
class _Profiles:
    """data/profiles.toml."""

    tinygo: _Gateways
    go: _Gateways


def _gateways(profile: Profile) -> _Gateways:
    profiles = data.load("profiles.toml", _Profiles)
    return {Profile.TINYGO: profiles.tinygo, Profile.GO: profiles.go}[profile]
