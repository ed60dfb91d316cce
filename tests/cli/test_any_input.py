"""Whatever a user's files, variables and options are: a documented exit code, and no traceback.

HYPOTHESIS_PROFILE=long tries ten times as many, and new ones each time.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from higress_cli.errors import ExitCode
from higress_cli.settings.table import SETTINGS
from tests.conftest import Hgw
from tests.support.stub_compilers import stub_compilers

LONG = "x" * 300
PLUGIN = {"go.mod": "module x\n\ngo 1.19\n\nrequire github.com/higress-group/proxy-wasm-go-sdk v1.0.1\n", "main.go": ""}
READERS = [
    ["doctor", "--output", "json"],
    ["build"],
    ["verify", "--no-build"],
    # A generated HGW_DIRECTORY may be any folder of the machine: nothing here may write.
    ["init", ".", "--dry-run"],
    ["init", "--from-existing", "--dry-run"],
    ["help", "settings"],
    ["toolchain", "list"],
    ["install", "--dry-run", "--offline"],
    ["package"],
]
FILES = ["hgw.yaml", "go.mod", "go.sum", "config.yaml", ".buildrc", "main.wasm", "main.go", "envoy.yaml"]


@pytest.fixture
def answers(hgw: Hgw) -> Callable[..., int]:
    """Run hgw, hold it to its promise, and return the exit code."""

    def run(*argv: str) -> int:
        outcome = hgw(*argv)
        assert outcome.code in set(ExitCode) - {ExitCode.BUG}, outcome.err
        assert "Traceback" not in outcome.err
        if argv[:1] == ("doctor",) and outcome.out.startswith("{"):
            checks = json.loads(outcome.out)["data"].get("checks", [])
            assert [check["id"] for check in checks if check["status"] == "crash"] == []
        return outcome.code

    return run


def fill(folder: Path) -> Path:
    for name, text in PLUGIN.items():
        (folder / name).write_text(text, "utf-8")
    return folder


@pytest.mark.parametrize("argv", READERS, ids=" ".join)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HGW_DIRECTORY", "~nouser"),
        ("HGW_DIRECTORY", LONG),
        ("HGW_HOME", "~nouser/x"),
        ("HGW_HOME", f"/tmp/{LONG}"),
        ("HGW_OUT_FILE", LONG),
        ("HGW_CONFIG", LONG),
        ("HGW_TEMPLATE", LONG),
        ("HGW_PORT", "9" * 5000),
        ("HGW_SIZE_BUDGET", "9" * 5000),
        ("ALL_PROXY", "http://user:x@[::1"),
        ("HTTPS_PROXY", "//"),
        ("SSL_CERT_FILE", "/nonexistent"),
        ("HOME", "relative"),
    ],
)
def test_a_variable_that_makes_no_sense(
    argv: list[str], name: str, value: str, answers: Callable[..., int], monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(Path.cwd())
    monkeypatch.setenv(name, value)
    answers(*argv)


@pytest.mark.slow
@pytest.mark.parametrize("argv", READERS, ids=" ".join)
@pytest.mark.parametrize("kind", ["a folder", "a link to itself", "not text", "a pipe"])
def test_a_file_that_is_something_else(argv: list[str], kind: str, answers: Callable[..., int]) -> None:
    for name in FILES:
        path = fill(Path.cwd()) / name
        path.unlink(missing_ok=True)
        if kind == "a folder":
            path.mkdir()
        elif kind == "a link to itself":
            path.symlink_to(path.name)
        elif kind == "a pipe":
            os.mkfifo(path)
        else:
            path.write_bytes(b"\xff\xfe\0")
        answers(*argv)
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()


def test_a_folder_whose_name_is_too_long_is_told(hgw: Hgw) -> None:
    outcome = hgw("-C", LONG, "build", "--output", "json")
    assert (outcome.code, json.loads(outcome.out)["error"]["code"]) == (3, "directory-missing")
    outcome = hgw("build", LONG, "--output", "json")
    assert (outcome.code, json.loads(outcome.out)["error"]["code"]) == (3, "file-unreadable")


_ODD = (LONG, "\udcff", "~nouser", "/", "..", "http://[::1", "http://a:b@[::1", "\u00b2", "1e999", "9" * 5000, "a=b,")
VALUES = st.sampled_from(_ODD) | st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


VARIABLES = [row.variable for row in SETTINGS if row.variable]


@pytest.mark.slow
@given(variable=st.sampled_from(VARIABLES), value=VALUES, argv=st.sampled_from(READERS[3:7]))
def test_any_value_of_any_setting(
    variable: str,
    value: str,
    argv: list[str],
    tmp_path_factory: pytest.TempPathFactory,
    capsys: pytest.CaptureFixture[str],
) -> None:
    from higress_cli.cli.main import main

    folder = tmp_path_factory.mktemp("any")
    before = dict(os.environ)
    os.chdir(fill(folder))
    try:
        os.environ[variable] = value
        code = main(list(argv))
    finally:
        os.environ.clear()
        os.environ.update(before)
    assert code in set(ExitCode) - {ExitCode.BUG}, capsys.readouterr().err


def test_the_top_of_a_disk_is_a_folder_too(hgw: Hgw) -> None:
    outcome = hgw("init", ".", "--defaults", "--dry-run", "-C", Path.cwd().anchor)
    assert outcome.code in {0, 6}, outcome.err
    assert "Traceback" not in outcome.err


RECEIPTS = [
    *("", "{", "[]", "null", "1", '{"name": 1}', "[" * 100_000),
    '{"name": "go", "version": [], "source": {}, "origin": 1, "executable": "x"}',
    '{"name": "go", "version": "1", "source": "a", "origin": "x", "executable": "bin/go", "requires": ["\\u0000"]}',
    '{"name": "go", "version": "1", "source": "archive", "origin": "x", "executable": "bin/go", "files": "x"}',
]


@pytest.mark.slow
@pytest.mark.parametrize("receipt", RECEIPTS, ids=range(len(RECEIPTS)))
@pytest.mark.parametrize("contents", ["", "{", '{"files": {"bin/go": {"bytes": "x"}}}', '{"files": {"\\u0000": {}}}'])
def test_a_receipt_of_another_shape(receipt: str, contents: str, answers: Callable[..., int], tmp_path: Path) -> None:
    folder = tmp_path / "hgw-home" / "data" / "tools" / "go" / "1+archive"
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "go").write_text("#!/bin/sh\nexit 1\n")
    (folder / "bin" / "go").chmod(0o755)
    (folder / "receipt.json").write_text(receipt, "utf-8")
    (folder / "contents.json").write_text(contents, "utf-8")
    for argv in (["doctor", "go", "--output", "json"], ["toolchain", "list"], ["install", "--offline"]):
        answers(*argv)


@pytest.mark.parametrize(
    "key",
    [
        'request: {body: "\\uD800"}',
        'config: {a: "\\uDC00"}',
        "request: {method: GÉT}",
        "expect: {within: 1e999}",
        "expect: {body: {matches: 'a{999999999}'}}",
        "request: {path: /é}",
        'request: {headers: {x: "a\\nb"}}',
    ],
)
def test_a_scenario_that_cannot_be_played_is_refused_where_it_stands(key: str, hgw: Hgw) -> None:
    (fill(Path.cwd()) / "hgw.yaml").write_text(f"verify:\n  - name: odd\n    {key}\n", "utf-8")
    (Path.cwd() / "main.wasm").write_bytes(b"\0asm\1\0\0\0")
    outcome = hgw("verify", "--no-build", "--output", "json")
    error = json.loads(outcome.out)["error"]
    assert (outcome.code, error["code"]) == (3, "settings-invalid")
    assert "hgw.yaml:3:" in error["message"]
    assert "scenario `odd`: " in error["message"]


@pytest.mark.slow
def test_a_tag_that_no_program_can_be_given(hgw: Hgw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", stub_compilers(tmp_path / "tools"))
    (fill(Path.cwd()) / ".buildrc").write_bytes(b"EXTRA_TAGS=a\0b\n")
    outcome = hgw("build", "--output", "json")
    assert outcome.code in set(ExitCode) - {ExitCode.OK, ExitCode.BUG}, outcome.out


@pytest.mark.slow
@pytest.mark.parametrize("argv", [["init", "loop"], ["quickstart", "loop"]], ids=" ".join)
def test_a_folder_that_is_a_link_to_itself(argv: list[str], hgw: Hgw) -> None:
    Path("loop").symlink_to("loop")
    outcome = hgw(*argv, "--output", "json")
    assert outcome.code in set(ExitCode) - {ExitCode.OK, ExitCode.BUG}, outcome.out
