from pathlib import Path

import pytest

from higress_cli.errors import CheckFailed
from higress_cli.wasm.module import read_module
from higress_cli.wasm.verdict import check_module
from tests.support.modules import GO_EXPORTS, TINYGO_EXPORTS, wasm

OLD, NEW = "proxy_abi_version_0_2_0", "proxy_abi_version_0_2_100"


def check(exports, *, profile: str = "tinygo", abi: str = "0.2.1"):
    return check_module(read_module(wasm(exports=exports), path=Path("main.wasm")), profile=profile, abi=abi)


def test_sound_modules_pass():
    assert check(TINYGO_EXPORTS).export == OLD
    assert check([NEW, *TINYGO_EXPORTS[1:]], abi="0.2.100").export == NEW
    assert check(GO_EXPORTS, profile="go", abi="0.2.100").export == NEW
    assert check([*TINYGO_EXPORTS[:3], "malloc"]).version == "0.2.1"


@pytest.mark.parametrize(
    ("exports", "profile", "abi", "code"),
    [
        (TINYGO_EXPORTS[1:], "tinygo", "0.2.1", "abi-missing"),
        ([*TINYGO_EXPORTS, NEW], "tinygo", "0.2.1", "abi-ambiguous"),
        (TINYGO_EXPORTS, "tinygo", "0.2.100", "abi-mismatch"),
        (["proxy_abi_version_0_1_0", *TINYGO_EXPORTS[1:]], "tinygo", "0.2.1", "abi-mismatch"),
        (["proxy_abi_version_0_9_9", *TINYGO_EXPORTS[1:]], "tinygo", "0.2.1", "abi-mismatch"),
        ([name for name in TINYGO_EXPORTS if name != "_start"], "tinygo", "0.2.1", "entry-missing"),
        (
            [name for name in TINYGO_EXPORTS if name != "onCollectionEvent"],
            "tinygo",
            "0.2.1",
            "collector-flags-missing",
        ),
        ([name for name in TINYGO_EXPORTS if "memory" not in name], "tinygo", "0.2.1", "allocator-missing"),
        ([NEW, "_start", "proxy_on_memory_allocate"], "go", "0.2.100", "buildmode-missing"),
        ([NEW, "proxy_on_memory_allocate"], "go", "0.2.100", "entry-missing"),
    ],
)
def test_each_fault_has_its_own_name(exports, profile: str, abi: str, code: str):
    with pytest.raises(CheckFailed) as caught:
        check(exports, profile=profile, abi=abi)
    assert caught.value.code == code
    assert caught.value.hint
    assert "{" not in caught.value.message
