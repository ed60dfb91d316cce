"""How host functions are declared."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from higress_cli.proxy_wasm.enums import AbiStatus

V0_1_0: Final = frozenset({"proxy_abi_version_0_1_0"})
SINCE_0_2_0: Final = frozenset({"proxy_abi_version_0_2_0", "proxy_abi_version_0_2_1", "proxy_abi_version_0_2_100"})
SINCE_0_2_1: Final = frozenset({"proxy_abi_version_0_2_1", "proxy_abi_version_0_2_100"})

Function = TypeVar("Function", bound=Callable[..., Any])


@dataclass(frozen=True, kw_only=True)
class Declared:
    """A host function: HostImport says what `parameters`, `fault` and `returns` are; `markers` None is every ABI."""

    parameters: str
    function: Callable[..., int | None]
    fault: int
    returns: bool
    markers: frozenset[str] | None


class Table:
    """Functions by name. Where the plugin names memory that it does not have, they return `fault`."""

    def __init__(self, *, fault: int = AbiStatus.INVALID_MEMORY_ACCESS) -> None:
        self.entries: dict[str, Declared] = {}
        self._fault = fault

    def add(
        self, name: str, parameters: str, *, returns: bool = True, markers: frozenset[str] | None = None
    ) -> Callable[[Function], Function]:
        """Declare the decorated function under `name`."""

        def declare(function: Function) -> Function:
            self.entries[name] = Declared(
                parameters=parameters, function=function, fault=self._fault, returns=returns, markers=markers
            )
            return function

        return declare
