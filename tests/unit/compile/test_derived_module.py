"""When the module of ABI 0.2.100 is made from that of 0.2.1, and when it has to be compiled."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from higress_cli.abi import Abi
from higress_cli.compile.derived_module import derived_from
from higress_cli.compile.job import Compilation
from higress_cli.compile.packages import Listing, Package
from higress_cli.compile.recipe import make_recipe
from higress_cli.profile import Profile

pytestmark = pytest.mark.extra("local")  # wasmtime makes the modules

CACHE = Path("/cache")
SDK = "github.com/higress-group/proxy-wasm-go-sdk/proxywasm/internal"
MARKER = "abi_callback_version.go"
PLUGIN = Package(path="plugin", directory=Path("/plugin"), files=("main.go",), main_module=True, failed=False)
OLD = Package(path=SDK, directory=CACHE / "sdk", files=("a.go", MARKER), main_module=False, failed=False)
NEW = replace(OLD, files=("a.go",))
SDK_FUNCTION = f"(func ${SDK}.first (drop (i32.const 1)))"


def step(
    abi: Abi, packages: Sequence[Package], *, profile: Profile = Profile.TINYGO, output: Path = CACHE
) -> Compilation:
    found = SimpleNamespace(
        recipe=make_recipe(profile=profile, abi=abi, output="main.wasm"),
        listing=Listing(packages=tuple(packages)),
        cache=CACHE,
        output=output,
    )
    return cast("Compilation", found)


def compiled(*functions: str) -> bytes:
    from wasmtime import wat2wasm

    return bytes(wat2wasm(f"(module {' '.join(functions)})"))


def marker(abi: Abi) -> str:
    return f'(func ${abi.marker} (export "{abi.marker}") nop)'


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A module of ABI 0.2.1 from which the other can be made."""
    (tmp_path / "main.wasm").write_bytes(compiled(marker(Abi.V0_2_1), SDK_FUNCTION))
    return tmp_path / "main.wasm"


def test_where_only_the_marker_differs_it_is_made(module: Path):
    made = derived_from(step(Abi.V0_2_1, [OLD, PLUGIN], output=module), step(Abi.V0_2_100, [NEW, PLUGIN]))
    assert made == compiled(SDK_FUNCTION, marker(Abi.V0_2_100))


@pytest.mark.parametrize(
    "packages",
    [
        [NEW, replace(PLUGIN, files=("main.go", "new_abi.go"))],  # the plugin has a file for the tag
        [NEW, PLUGIN, replace(PLUGIN, path="plugin/more", main_module=False)],  # or a package
        [replace(NEW, files=("a.go", "b.go")), PLUGIN],  # the SDK differs in more
        [replace(NEW, directory=Path("/plugin/vendor/sdk")), PLUGIN],  # another SDK
    ],
    ids=["file", "package", "more of the SDK", "another SDK"],
)
def test_where_more_differs_both_are_compiled(module: Path, packages: list[Package]):
    assert derived_from(step(Abi.V0_2_1, [OLD, PLUGIN], output=module), step(Abi.V0_2_100, packages)) is None


def test_an_sdk_that_the_author_can_edit_is_not_trusted_to_be_alike(module: Path):
    own_old, own_new = (replace(package, directory=Path("/plugin/sdk")) for package in (OLD, NEW))
    assert derived_from(step(Abi.V0_2_1, [own_old], output=module), step(Abi.V0_2_100, [own_new])) is None


def test_native_go_and_the_other_direction_are_compiled(module: Path):
    native = step(Abi.V0_2_100, [NEW], profile=Profile.GO)
    assert derived_from(step(Abi.V0_2_100, [NEW], profile=Profile.GO, output=module), native) is None
    assert derived_from(step(Abi.V0_2_100, [NEW], output=module), step(Abi.V0_2_1, [OLD])) is None


def test_what_cannot_be_derived_or_is_gone_is_compiled(module: Path):
    wanted = step(Abi.V0_2_100, [NEW])
    assert derived_from(step(Abi.V0_2_1, [OLD], output=module.with_name("gone.wasm")), wanted) is None

    module.write_bytes(compiled('(func (export "proxy_abi_version_0_2_0") nop)'))  # no function has a name
    assert derived_from(step(Abi.V0_2_1, [OLD], output=module), wanted) is None
