"""What hgw loads before it does anything: a start-up that stays short, counted in modules and not in time."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.test_build import PLUGIN
from tests.support.commands import COMMANDS, GROUPS
from tests.support.modules import TINYGO_EXPORTS, wasm
from tests.support.stub_compilers import SDK, fill_cache, stub_compilers

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
HEAVY = {
    "asyncio", "concurrent.futures", "filelock", "httpbin", "httpx", "importlib.metadata", "jinja2", "multiprocessing",
    "packaging", "platformdirs", "pydantic", "rich", "ruamel", "tenacity", "tree_sitter", "truststore", "waitress",
    "wasmtime", "watchfiles", "yaml",
}  # fmt: skip
# What does the work, from the layers below the command line.
WORKERS = {
    f"higress_cli.{name}"
    for name in (
        "commands", "doctor", "scenarios", "toolchain", "scaffold", "compile", "gateway", "project", "go", "wasm",
        "knowledge",
    )
}  # fmt: skip


def loaded(code: str) -> set[str]:
    """The modules that are loaded after `code`, in a Python of its own."""
    # Coverage starts with Python and loads modules of its own.
    variables = {name: value for name, value in os.environ.items() if name != "COVERAGE_PROCESS_CONFIG"}
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport json, sys; print(json.dumps(sorted(sys.modules)), file=sys.stderr)"],
        env={**variables, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(json.loads(done.stderr.splitlines()[-1]))


def with_parents(modules: set[str]) -> set[str]:
    return {".".join(module.split(".")[:count]) for module in modules for count in (1, 2)}


def test_the_version_alone_loads_nothing_but_the_version():
    ours = {module for module in loaded("import sys; sys.argv = ['hgw', '--version']\n"
                                        "from higress_cli.__main__ import entry; entry()")
            if module.startswith("higress_cli")}  # fmt: skip

    assert ours == {"higress_cli", "higress_cli.__main__"}


@pytest.mark.parametrize("words", [(), *(tuple(path.split()) for path in (*GROUPS, *COMMANDS))], ids=" ".join)
def test_help_loads_the_command_line_and_nothing_that_does_the_work(words):
    modules = with_parents(loaded(f"from higress_cli.cli.main import main; main({[*words, '--help']!r})"))

    assert modules & HEAVY == set()
    assert modules & WORKERS == set()


@pytest.mark.parametrize("words", [["init", "one", "--profile", "go", "--defaults"], ["init", "--list-templates"]])
def test_init_loads_neither_gateway_nor_network(words):
    modules = with_parents(loaded(f"from higress_cli.cli.main import main; main({words!r})"))

    assert modules & {"httpx", "rich", "tree_sitter", "pydantic", "higress_cli.gateway"} == set()


def test_a_module_that_is_here_is_inspected_without_the_network(tmp_path: Path):
    (tmp_path / "main.wasm").write_bytes(wasm(exports=TINYGO_EXPORTS))
    words = ["inspect", str(tmp_path / "main.wasm")]
    modules = with_parents(loaded(f"from higress_cli.cli.main import main; main({words!r})"))

    assert modules & ((HEAVY - {"packaging"}) | {"http", "urllib.request"}) == set()


def test_an_up_to_date_build_reads_neither_source_nor_the_catalogue_of_errors(tree, tmp_path: Path, monkeypatch):
    tree(PLUGIN)
    fill_cache(tmp_path / "modules", f"{SDK}@v1.0.1")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
    monkeypatch.setenv("PATH", stub_compilers(tmp_path / "tools"))
    build = "from higress_cli.cli.main import main; assert main(['build']) == 0"
    loaded(build)
    modules = loaded(build)

    assert with_parents(modules) & {"httpx", "http", "rich", "ruamel", "tree_sitter", "wasmtime", "watchfiles"} == set()
    assert modules & {"higress_cli.gateway.contract", "higress_cli.knowledge.catalogue", "urllib.request"} == set()


@pytest.mark.parametrize("engine", ["builtin", "envoy", "docker"])
def test_a_gateway_needs_no_http_library_to_get_ready(engine):
    modules = loaded(f"import higress_cli.commands.run, higress_cli.gateway.engines.{engine}.gateway")

    assert modules & {"click", "httpx", "rich.console", "urllib.request", "waitress"} == set()
