from pathlib import Path

import pytest

from higress_cli.gateway.contract import Change
from higress_cli.gateway.engines.envoy.limits import limit_for
from higress_cli.gateway.plugin import read_plugin
from tests.support.modules import wasm

MIB = 1024 * 1024


def change(folder: Path, *, data: bytes = b"", limit: int = 32768) -> Change:
    module = folder / "main.wasm"
    module.write_bytes(wasm(exports=["proxy_abi_version_0_2_1"], custom={"data": data}))
    return Change(
        plugin=read_plugin(module), config=None, config_file=folder / "config.yaml", services={}, buffer_limit=limit
    )


def test_a_plugin_that_asks_for_nothing_gets_what_is_set(tmp_path):
    limit = limit_for(change(tmp_path, limit=50000))
    assert (limit.bytes, limit.notes) == (50000, ())


@pytest.mark.parametrize("name", ["set_decoder_buffer_limit", "set_encoder_buffer_limit"])
def test_a_plugin_that_lifts_the_limit_gets_a_higher_one_and_that_is_said(tmp_path, name):
    limit = limit_for(change(tmp_path, data=f"x {name} y".encode()))
    assert limit.bytes == 100 * MIB
    assert len(limit.notes) == 1
    assert name in limit.notes[0]
    assert "32768" in limit.notes[0]


def test_a_limit_that_is_set_higher_stays(tmp_path):
    limit = limit_for(change(tmp_path, data=b"set_decoder_buffer_limit", limit=500 * MIB))
    assert (limit.bytes, limit.notes) == (500 * MIB, ())
