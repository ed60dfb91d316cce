from pathlib import Path

import pytest

from higress_cli.errors import InvalidInput
from higress_cli.wasm.module import read_module
from higress_cli.wasm.rewrite import rename_export
from tests.support.modules import wasm

OLD, NEW = "proxy_abi_version_0_2_100", "proxy_abi_version_0_2_1"


@pytest.mark.parametrize("width", [1, 2, 5])
def test_only_the_name_and_the_lengths_around_it_change(width: int):
    exports = ["_start", OLD, "proxy_on_log"]
    custom = {"name": f"mentions {OLD} too".encode()}
    content = wasm(exports=exports, custom=custom, width=width)
    assert rename_export(content, OLD, NEW) == wasm(exports=["_start", NEW, "proxy_on_log"], custom=custom, width=width)


def test_renaming_there_and_back_gives_the_same_bytes():
    content = wasm(exports=[OLD], imports=[("env", "proxy_log")])
    assert rename_export(rename_export(content, OLD, NEW), NEW, OLD) == content


def test_a_longer_name_may_need_a_longer_length():
    content = wasm(exports=["a", "b"])
    long = "x" * 200
    assert read_module(rename_export(content, "b", long), path=Path("m")).functions == {"a", long}


@pytest.mark.parametrize("content", [wasm(exports=["_start"]), wasm()])
def test_a_name_that_is_not_exported_is_an_error(content: bytes):
    with pytest.raises(InvalidInput) as caught:
        rename_export(content, OLD, NEW)
    assert caught.value.code == "wasm-export-missing"
    assert OLD in caught.value.message


def test_what_is_not_a_module_is_an_error():
    with pytest.raises(InvalidInput) as caught:
        rename_export(b"#!/bin/sh\n", OLD, NEW)
    assert caught.value.code == "wasm-invalid"
