"""The data tables: every row is complete, and every preferred set can be had on every platform that has one."""

import re

import pytest

from higress_cli.knowledge.compatibility import misfits, preferred_sets
from higress_cli.profile import Profile
from higress_cli.system.host import Host
from higress_cli.tool import ToolName
from higress_cli.toolchain import pins

PLATFORMS = ("linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64", "windows-amd64", "windows-arm64")


def host(platform: str) -> Host:
    return Host(*platform.split("-"))


def test_every_archive_has_a_file_and_a_digest_of_its_own() -> None:
    rows = [
        pin
        for tool in ToolName
        for platform in PLATFORMS
        for version in pins.known_versions(tool, host(platform))
        if (pin := pins.archive_pin(tool, version, host(platform)))
    ]
    assert len({row.file for row in rows}) > 200
    assert len({row.sha256 for row in rows}) == len({row.file for row in rows})
    assert all(re.fullmatch(r"[\w.-]+\.(tar\.gz|zip)", row.file) for row in rows)


@pytest.mark.parametrize("platform", PLATFORMS)
@pytest.mark.parametrize("profile", list(Profile))
def test_each_platform_has_archives_for_some_whole_set(platform: str, profile: Profile) -> None:
    def whole(row) -> bool:
        tools = {"go": row.go, "tinygo": row.tinygo, "binaryen": "123" if row.tinygo else None}
        return all(pins.archive_pin(name, version, host(platform)) for name, version in tools.items() if version)

    assert any(whole(row) for row in preferred_sets(profile))


def test_a_machine_runs_its_own_archives_before_those_of_a_relative() -> None:
    def file(platform: str, version: str) -> str | None:
        pin = pins.archive_pin("tinygo", version, host(platform))
        return pin.file if pin else None

    assert file("darwin-arm64", "0.31.2") == "tinygo0.31.2.darwin-arm64.tar.gz"
    assert file("darwin-arm64", "0.29.0") == "tinygo0.29.0.darwin-amd64.tar.gz"
    assert file("windows-arm64", "0.29.0") == "tinygo0.29.0.windows-amd64.zip"
    assert file("linux-arm64", "0.29.0") is None
    assert file("linux-riscv64", "0.34.0") is None


def test_versions_are_listed_in_order_and_the_newest_of_a_line_is_found() -> None:
    versions = pins.known_versions("go", host("linux-amd64"))
    assert versions.index("1.19") < versions.index("1.19.13") < versions.index("1.20.14") < versions.index("1.24.13")
    assert pins.newest_matching("go", "1.24", host("linux-amd64")) == "1.24.13"
    assert pins.newest_matching("go", "1.24.4", host("linux-amd64")) == "1.24.4"
    assert pins.newest_matching("go", "1.99", host("linux-amd64")) is None


def test_tinygo_as_a_module_fits_its_set() -> None:
    served = [row.tinygo for row in preferred_sets(Profile.TINYGO) if row.tinygo and pins.tinygo_module(row.tinygo)]
    assert served == ["0.30.0"]
    module = pins.tinygo_module("0.30.0")
    assert module is not None
    assert module.llvm[0] == "16"
    assert pins.toolchain_h1("1.20.14", host("linux-amd64"))
    assert pins.toolchain_h1("1.20.14", host("darwin-arm64")) is None


def test_npm_has_what_fits() -> None:
    newest = pins.npm_binaryen(None)
    assert newest is not None
    assert misfits(binaryen=newest.version) == ()
    assert newest.integrity.startswith("sha512-")
    asked = pins.npm_binaryen("123")
    assert asked is not None
    assert asked.version == "123"
    assert pins.npm_binaryen("118") is None
