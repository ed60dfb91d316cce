from pathlib import Path

import pytest

from higress_cli.wasm.abi import abi_of
from higress_cli.wasm.module import read_module
from tests.support.modules import HEADER, leb, section, text, wasm


def abi(*exports: str):
    return abi_of(read_module(wasm(exports=exports), path=Path("main.wasm")))


@pytest.mark.parametrize(
    ("export", "version"),
    [
        ("proxy_abi_version_0_1_0", "0.1.0"),
        ("proxy_abi_version_0_2_0", "0.2.1"),
        ("proxy_abi_version_0_2_1", "0.2.1"),
        ("proxy_abi_version_0_2_100", "0.2.100"),
        ("proxy_abi_version_9_9_9", None),
    ],
)
def test_the_marker_tells_the_abi(export: str, version: str | None):
    found = abi("_start", export)
    assert (found.export, found.version, found.markers) == (export, version, (export,))


def test_a_module_without_a_marker_has_no_abi():
    found = abi("_start")
    assert (found.export, found.version, found.markers) == (None, None, ())


def test_of_two_markers_the_first_counts_as_it_does_for_the_host():
    found = abi("proxy_abi_version_0_2_100", "proxy_abi_version_0_2_0")
    assert found.version == "0.2.100"
    assert len(found.markers) == 2


def test_a_global_of_that_name_is_not_a_marker():
    content = HEADER + section(7, leb(1) + text("proxy_abi_version_0_2_0") + b"\x03\0")
    assert abi_of(read_module(content, path=Path("main.wasm"))).export is None
