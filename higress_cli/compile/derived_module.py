"""Whether two compilations differ in nothing but the ABI's marker, so that one module can be made from the other."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from higress_cli.abi import Abi
from higress_cli.compile.job import Compilation
from higress_cli.compile.packages import Package
from higress_cli.profile import Profile
from higress_cli.wasm.derivation import CannotDeriveError, derive

_PACKAGE: Final = "github.com/higress-group/proxy-wasm-go-sdk/proxywasm/internal"
"""The SDK's package with the marker of ABI 0.2.1; that of 0.2.100 is in `_NEW_PACKAGE`."""
_NEW_PACKAGE: Final = f"{_PACKAGE}/proxy_wasm_version/0_2_100/abi"
_MARKER_FILE: Final = "abi_callback_version.go"


def derived_from(base: Compilation, step: Compilation) -> bytes | None:
    """The module of `step` made from that of `base`, which is built; None if it has to be compiled.

    It equals what the compiler makes in all sections but those of debugging information.
    """
    if step.recipe.profile is not Profile.TINYGO or (base.recipe.abi, step.recipe.abi) != (Abi.V0_2_1, Abi.V0_2_100):
        return None
    if not _only_marker_differs(base, step):
        return None
    try:
        return derive(
            base.output.read_bytes(), old=base.recipe.abi.marker, new=step.recipe.abi.marker, package=_PACKAGE
        )
    except (OSError, CannotDeriveError):
        return None


def _only_marker_differs(base: Compilation, step: Compilation) -> bool:
    old, new = _by_path(base), _by_path(step)
    return old.keys() == new.keys() and all(_alike(package, new[path], base.cache) for path, package in old.items())


def _by_path(step: Compilation) -> Mapping[str, Package]:
    return {package.path: package for package in step.listing.packages}


def _alike(old: Package, new: Package, cache: Path | None) -> bool:
    if old == new:
        return True
    is_sdk = cache is not None and old.directory is not None and old.directory.is_relative_to(cache)
    return (
        is_sdk
        and old.path in {_PACKAGE, _NEW_PACKAGE}
        and old.directory == new.directory
        and set(old.files) ^ set(new.files) == {_MARKER_FILE}
    )
