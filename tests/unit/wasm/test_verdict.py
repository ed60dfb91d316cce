from pathlib import Path

import pytest

from higress_cli.abi import Abi
from higress_cli.errors import CheckFailed
from higress_cli.fault import Fault, refuse
from higress_cli.profile import Profile
from higress_cli.wasm.module import read_module
from higress_cli.wasm.verdict import Wanted, findings, for_gateway
from tests.support.modules import GO_EXPORTS, TINYGO_EXPORTS, producers, wasm

OLD, NEW = "proxy_abi_version_0_2_0", "proxy_abi_version_0_2_100"
WASI = "wasi_snapshot_preview1"


def module(exports=TINYGO_EXPORTS, imports=()):
    return read_module(wasm(exports=exports, imports=imports), path=Path("main.wasm"))


def judged(
    exports, *, profile: Profile | None = Profile.TINYGO, abi: Abi | None = Abi.V0_2_1, **more
) -> tuple[Fault, ...]:
    return findings(module(exports, more.pop("imports", ())), Wanted(profile=profile, abi=abi, **more))


def missing(*imports: tuple[str, str], gateway: str, exports=TINYGO_EXPORTS) -> tuple[Fault, ...]:
    return for_gateway(module(exports, imports), gateway=gateway)


def test_sound_modules_have_no_faults():
    assert judged(TINYGO_EXPORTS) == ()
    assert judged([NEW, *TINYGO_EXPORTS[1:]], abi=Abi.V0_2_100) == ()
    assert judged(GO_EXPORTS, profile=Profile.GO, abi=Abi.V0_2_100) == ()
    assert judged([*TINYGO_EXPORTS[:3], "malloc"]) == ()


@pytest.mark.parametrize(
    ("exports", "profile", "abi", "code"),
    [
        (TINYGO_EXPORTS[1:], Profile.TINYGO, Abi.V0_2_1, "abi-missing"),
        ([*TINYGO_EXPORTS, NEW], Profile.TINYGO, Abi.V0_2_1, "abi-ambiguous"),
        (TINYGO_EXPORTS, Profile.TINYGO, Abi.V0_2_100, "abi-mismatch"),
        (["proxy_abi_version_0_1_0", *TINYGO_EXPORTS[1:]], Profile.TINYGO, Abi.V0_2_1, "abi-mismatch"),
        (["proxy_abi_version_0_9_9", *TINYGO_EXPORTS[1:]], Profile.TINYGO, Abi.V0_2_1, "abi-mismatch"),
        (["proxy_abi_version_0_9_9", *TINYGO_EXPORTS[1:]], None, None, "abi-unknown"),
        ([name for name in TINYGO_EXPORTS if name != "_start"], Profile.TINYGO, Abi.V0_2_1, "entry-missing"),
        (
            [name for name in TINYGO_EXPORTS if name != "onCollectionEvent"],
            Profile.TINYGO,
            Abi.V0_2_1,
            "collector-flags-missing",
        ),
        ([name for name in TINYGO_EXPORTS if "memory" not in name], Profile.TINYGO, Abi.V0_2_1, "allocator-missing"),
        ([NEW, "_start", "proxy_on_memory_allocate"], Profile.GO, Abi.V0_2_100, "buildmode-missing"),
        ([NEW, "proxy_on_memory_allocate"], Profile.GO, Abi.V0_2_100, "entry-missing"),
    ],
)
def test_each_fault_has_its_own_name(exports, profile: Profile | None, abi: Abi | None, code: str):
    (fault,) = judged(exports, profile=profile, abi=abi)
    assert (fault.id, fault.fatal) == (code, True)
    assert "{" not in fault.message + (fault.hint or "")
    with pytest.raises(CheckFailed) as caught:
        refuse([fault])
    assert caught.value.code == code


def test_a_module_of_any_origin_is_judged_only_by_what_is_asked_for():
    rust = [OLD, "_initialize", "proxy_on_memory_allocate", "proxy_on_request_headers"]
    assert judged(rust, profile=None, abi=None, gateway="v2.0.7") == ()
    assert [fault.id for fault in judged(rust)] == ["collector-flags-missing"]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        (b"github.com/tetratelabs/proxy-wasm-go-sdk/proxywasm.SetVMContext", []),
        (b"github.com/higress-group/nottinygc.init#1", ["collector-flags-missing"]),
        (b"github.com/wasilibs/nottinygc.init#1", ["collector-flags-missing"]),
        (b"github.com/higress-group/proxy-wasm-go-sdk/proxywasm.SetVMContext", ["collector-flags-missing"]),
    ],
)
def test_a_plugin_without_the_collector_needs_none(name: bytes, expected: list[str]):
    names = {"name": b"\1" + bytes([len(name) + 3, 1, 0, len(name)]) + name}
    exports = [export for export in TINYGO_EXPORTS if export != "onCollectionEvent"]
    built = read_module(wasm(exports=exports, custom=names), path=Path("main.wasm"))

    faults = findings(built, Wanted(profile=Profile.TINYGO, abi=Abi.V0_2_1))
    assert [fault.id for fault in faults] == expected


def test_all_faults_are_found_at_once():
    faults = judged([NEW, "proxy_on_log"], imports=[("env", "proxy_get_upstream_hosts")], gateway="v2.0.7")
    assert [fault.id for fault in faults] == [
        "abi-mismatch",
        "entry-missing",
        "collector-flags-missing",
        "allocator-missing",
        "import-missing",
    ]


def test_a_missing_import_names_the_function_the_gateway_and_the_one_that_has_it():
    (fault,) = missing(("env", "proxy_inject_encoded_data_to_filter_chain"), gateway="v2.0.7")
    assert fault.id == "import-missing"
    assert fault.message == (
        "gateway v2.0.7 lacks env.proxy_inject_encoded_data_to_filter_chain, which the module imports; "
        "v2.1.5 is the first that has it"
    )
    assert "gateway: v2.1.5" in str(fault.hint)
    assert fault.facts["since"] == "v2.1.5"


def test_the_newest_of_the_missing_functions_decides_which_gateway_is_needed():
    names = ["fd_write", "fd_filestat_get", "fd_readdir", "path_unlink_file"]
    (fault,) = missing(*((WASI, name) for name in names), gateway="v2.0.7")
    assert fault.facts["imports"] == [f"{WASI}.{name}" for name in names[1:]]
    assert fault.facts["since"] == "v2.1.2"
    assert "package os" in str(fault.hint)
    assert str(fault.message).endswith("v2.1.2 is the first that has them all")
    (fault,) = missing(*((WASI, name) for name in names), gateway="v2.1.0")
    assert fault.facts["imports"] == [f"{WASI}.fd_readdir", f"{WASI}.path_unlink_file"]


@pytest.mark.parametrize("compiler", ["Go cmd/compile", "TinyGo"])
def test_what_native_go_imports_is_there_with_the_gateway_that_its_profile_asks_for(compiler):
    content = wasm(
        exports=GO_EXPORTS,
        imports=[(WASI, "fd_filestat_get")],
        custom={"producers": producers(processed_by=(compiler, "1"))},
    )
    (fault,) = for_gateway(read_module(content, path=Path("main.wasm")), gateway="v2.0.7")
    needed = Profile.GO.oldest_gateway if compiler != "TinyGo" else "v2.1.0"
    assert fault.expected == f"gateway {needed} or newer"
    assert f"gateway: {needed}" in str(fault.hint)
    assert ("native Go needs v2.1.5 or newer" in fault.message) == (compiler != "TinyGo")


@pytest.mark.parametrize(
    ("imported", "gateway"),
    [
        (("env", "proxy_inject_encoded_data_to_filter_chain"), "v2.1.5"),
        (("env", "proxy_inject_encoded_data_to_filter_chain"), "v2.2.4"),
        (("env", "proxy_redis_call"), "v1.4.0-rc.1"),
        (("env", "proxy_redis_call"), "2.0.7"),
        ((WASI, "path_unlink_file"), "v2.1.2"),
        ((WASI, "path_unlink_file"), "v2.1.11"),
        (("wasi_unstable", "fd_write"), "v1.3.0"),
        (("env", "emscripten_notify_memory_growth"), "v2.0.7"),
    ],
)
def test_what_the_gateway_has_is_not_missing(imported: tuple[str, str], gateway: str):
    assert missing(imported, gateway=gateway) == ()


def test_an_unknown_function_is_missing_where_the_host_is_public_and_a_question_where_it_is_not():
    (fault,) = missing(("env", "proxy_made_up"), gateway="v2.1.11")
    assert (fault.id, fault.fatal, fault.facts["since"]) == ("import-missing", True, None)
    (fault,) = missing(("env", "proxy_made_up"), gateway="v2.2.0")
    assert (fault.id, fault.fatal) == ("import-unknown", False)
    assert judged(TINYGO_EXPORTS, imports=[("env", "proxy_made_up")], gateway=None) == ()


def test_some_functions_belong_to_one_abi():
    (fault,) = missing(("env", "proxy_get_log_level"), gateway="v2.2.4")
    assert fault.facts["since"] is None
    assert missing(("env", "proxy_get_log_level"), gateway="v2.2.4", exports=[NEW]) == ()
    assert missing(("env", "proxy_continue_request"), gateway="v2.0.7", exports=["proxy_abi_version_0_1_0"]) == ()


def test_an_abi_can_be_too_new_for_the_gateway():
    (fault,) = judged([NEW, *TINYGO_EXPORTS[1:]], abi=Abi.V0_2_100, gateway="v1.3.6")
    assert (fault.id, fault.facts["since"]) == ("abi-too-new", "v1.4.0-rc.1")
    assert judged([NEW, *TINYGO_EXPORTS[1:]], abi=Abi.V0_2_100, gateway="v2.0.7") == ()
