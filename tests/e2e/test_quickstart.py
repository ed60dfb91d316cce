"""`hgw quickstart` as a newcomer types it, with the real compilers, the real Envoy and the real httpbin."""

import json
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

import pytest

from tests.support.schemas import validate

pytestmark = [pytest.mark.e2e, pytest.mark.extra("local")]


@pytest.fixture(scope="module")
def made(real_hgw, tmp_path_factory: pytest.TempPathFactory):
    """What the first call printed, and the folder that it was typed in."""
    here = tmp_path_factory.mktemp("a newcomer 新手")
    return real_hgw("quickstart", cwd=here), here


def test_the_whole_guide_ends_with_both_answers_for_each_abi(made):
    ended, here = made

    assert ended.code == 0, ended.err
    for number, words in enumerate(
        ("Tools", "Project", "Build for ABI 0.2.1, 0.2.100", "Verify ABI 0.2.1 in", "Verify ABI 0.2.100 in"), start=1
    ):
        assert f"{number}/5 {words}" in ended.err
    first, second = ended.out.split("ABI 0.2.100: main-0.2.100.wasm")
    for part in (first, second):
        assert part.count("  ✓ ") == 5
        assert "✗" not in part
    assert "      sent: curl http://127.0.0.1:" in second
    assert '"Hello": "world"' in second
    assert "      hello world\n" in second
    assert f"  cd {shlex.quote(str(here / 'wasm-demo-go'))}" in second
    assert "everything works" in second
    assert {"main-0.2.1.wasm", "main-0.2.100.wasm", "main.go", "hgw.yaml"} <= {
        path.name for path in (here / "wasm-demo-go").iterdir()
    }


def test_typed_again_it_goes_on_with_what_is_there(made, real_hgw):
    _first, here = made
    before = {path: path.read_bytes() for path in (here / "wasm-demo-go").rglob("*") if path.is_file()}

    ended = real_hgw("quickstart", "--output", "json", cwd=here)

    assert ended.code == 0, ended.err
    data = ended.document["data"]
    schema = json.loads(resources.files("higress_cli.data").joinpath("schemas", "quickstart.json").read_text("utf-8"))
    validate(data, schema)
    assert data["created"] is False
    assert [artifact["up_to_date"] for artifact in data["artifacts"]] == [True, True]
    assert [(item["abi"], all(step["ok"] for step in item["steps"])) for item in data["verify"]] == [
        ("0.2.1", True),
        ("0.2.100", True),
    ]
    assert data["directory"] == str(here / "wasm-demo-go")
    assert {path: path.read_bytes() for path in (here / "wasm-demo-go").rglob("*") if path.is_file()} == before


def test_a_plugin_that_does_not_keep_its_promise_ends_with_1_and_says_where(made, real_hgw):
    _first, here = made
    settings = here / "wasm-demo-go" / "hgw.yaml"
    kept = settings.read_text("utf-8")
    settings.write_text(kept.replace("hello: world", "hello: moon"), encoding="utf-8")
    assert "hello: moon" in settings.read_text("utf-8")

    ended = real_hgw("quickstart", cwd=here)

    settings.write_text(kept, encoding="utf-8")
    assert ended.code == 1
    assert "✗ through the gateway, the plugin adds hello" in ended.out
    assert "moon" in ended.out
    assert "Something does not work" in ended.out


def test_ctrl_c_while_it_compiles_leaves_a_project_without_a_module(real_variables: Mapping[str, str], tmp_path: Path):
    here = tmp_path / "work"
    process = subprocess.Popen(
        [sys.executable, "-m", "higress_cli", "quickstart", "a-plugin"],
        cwd=here,
        env=dict(real_variables),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    for line in process.stderr:
        if line.startswith("Compiling"):
            break
    time.sleep(2.0)

    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)

    assert (process.returncode, out) == (130, ""), err
    assert err.splitlines()[-1] == "interrupted"
    names = {path.name for path in (here / "a-plugin").iterdir()}
    assert "main.go" in names
    assert [name for name in names if name.endswith((".wasm", ".partial")) or name.startswith(".staging")] == []
