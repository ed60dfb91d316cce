import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from higress_cli.origin import install_command
from higress_cli.project.project import plugins_below
from tests.conftest import Outcome
from tests.support.module_proxy import module_proxy
from tests.support.programs import python_path
from tests.support.schemas import validate
from tests.support.stub_compilers import OLD_SDK, SDK, fill_cache, stub_compilers

Tree = Callable[[Mapping[str, str]], Path]
SCHEMA = json.loads(resources.files("higress_cli.data").joinpath("schemas", "build.json").read_text("utf-8"))
MAIN = f'package main\n\nimport "{SDK}/proxywasm"\n\nfunc main() {{ proxywasm.SetVMContext(nil) }}\n'
NATIVE_MAIN = MAIN.replace("func main()", "func main() {}\n\nfunc init()")
GO_MOD = f"module plugin\n\ngo 1.19\n\nrequire {SDK} v1.0.1\n"
GO_SUM = f"{SDK} v1.0.1 h1:AAAA=\n"
NATIVE_SDK = "v0.0.0-20251103120604-77e9cce339d2"
NATIVE_MOD = (
    f"module plugin\n\ngo 1.24.1\n\nrequire github.com/higress-group/wasm-go v1.1.1\nrequire {SDK} {NATIVE_SDK}\n"
)
PLUGIN = {"go.mod": GO_MOD, "go.sum": GO_SUM, "main.go": MAIN}
OLD = b"\0asm the old module"


@pytest.fixture(autouse=True)
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stub tools on the PATH, and a module cache that has the SDK."""
    monkeypatch.setenv("PATH", stub_compilers(tmp_path / "tools"))
    cache = tmp_path / "modules"
    monkeypatch.setenv("GOMODCACHE", str(cache))
    fill_cache(cache, f"{SDK}@v1.0.1", f"{SDK}@{NATIVE_SDK}", f"{OLD_SDK}@v0.24.0")
    return tmp_path / "tools"


@pytest.fixture
def plugin(tree: Tree) -> Path:
    return tree(PLUGIN)


@pytest.fixture
def json_of(hgw) -> Callable[..., dict[str, Any]]:
    """The envelope of a call, its `data` held against the schema."""

    def run(*argv: str) -> dict[str, Any]:
        outcome = hgw("--output", "json", *argv)
        document = json.loads(outcome.out)
        assert document["exit_code"] == outcome.code
        assert document["command"] == "build"
        if document["ok"]:
            validate(document["data"], SCHEMA)
        return document

    return run


def content(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def doctor(finding: str, *, warnings: int = 0, wrong: int = 0) -> Outcome:
    """What `hgw doctor CHECK` prints of the project's only finding."""
    counts = f"{1 - warnings - wrong} ok, {warnings} warning{'s' * (warnings != 1)}, {wrong} wrong, 0 skipped"
    return Outcome(
        int(bool(wrong)),
        out=f"Project\n{finding}\n{counts}\n",
        err="Looking at the machine and the project ...\n",
    )


# What it makes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("abi", "export"), [("0.2.1", "_0_2_0"), ("0.2.100", "_0_2_100")])
def test_a_module_of_the_abi_that_was_asked_for(plugin: Path, json_of, abi: str, export: str):
    document = json_of("build", "--abi", abi)
    (artifact,) = document["data"]["artifacts"]
    assert artifact["path"] == str(plugin / "main.wasm")
    assert artifact["abi"] == abi
    assert artifact["abi_export"] == f"proxy_abi_version{export}"
    assert (artifact["compiler"], artifact["go"], artifact["tinygo"], artifact["wasm_opt"]) == (
        "tinygo", "1.20.14", "0.30.0", "108",
    )  # fmt: skip
    assert artifact["bytes"] == (plugin / "main.wasm").stat().st_size
    assert not artifact["derived"]
    assert not artifact["up_to_date"]
    assert document["data"]["projects"][0]["abi"] == {"value": abi, "source": "--abi"}


def test_the_text_says_what_was_made_with_what(plugin: Path, hgw):
    outcome = hgw("build")
    assert outcome.redacted() == Outcome(
        0,
        out="✓ main.wasm 371 B ABI 0.2.1 (proxy_abi_version_0_2_0)\n"
        "  TinyGo 0.30.0, Go 1.20.14, wasm-opt 108; [TIME]\n"
        "  plugin: ABI 0.2.1 (from default), profile tinygo (from default)\n"
        "\n"
        "Next:\n"
        "  hgw verify  prove that it works\n"
        "  hgw run     try it in a gateway\n",
        err="Compiling plugin for ABI 0.2.1 with TinyGo 0.30.0 ...\n",
    )


@pytest.mark.slow
@pytest.mark.extra("local")
def test_the_next_command_is_one_that_works_here(plugin: Path, hgw, json_of, monkeypatch):
    assert "hgw verify" in hgw("build").out
    assert json_of("build")["data"]["engine_problem"] is None
    for package in ("envoy", "wasmtime"):
        monkeypatch.setitem(sys.modules, package, None)
    assert hgw("build").redacted() == Outcome(
        out="✓ main.wasm 371 B ABI 0.2.1 (proxy_abi_version_0_2_0)\n"
        "  up to date: nothing that it is built from has changed\n"
        "  plugin: ABI 0.2.1 (from default), profile tinygo (from default)\n"
        "It cannot be run on this machine: the package wasmtime is missing: running a\n"
        "gateway without Docker needs hgw's extra `local`\n"
        f"  {install_command()}\n",
    )
    assert json_of("build")["data"]["engine_hint"] == install_command()


@pytest.mark.extra("local")
def test_a_module_that_the_engine_of_hgw_yaml_cannot_load_names_the_engine_that_can(tree: Tree, hgw):
    redis = MAIN + "\n// imports env.proxy_redis_call\n"
    tree({**PLUGIN, "main.go": redis, "hgw.yaml": "run: {engine: envoy}\n"})
    outcome = hgw("build")
    assert "hgw verify" not in outcome.out
    assert "--engine builtin" in outcome.out


def test_all_abis_in_one_go(plugin: Path, json_of):
    document = json_of("build", "--abi", "all")
    assert [Path(artifact["path"]).name for artifact in document["data"]["artifacts"]] == [
        "main-0.2.1.wasm", "main-0.2.100.wasm",
    ]  # fmt: skip
    assert not (plugin / "main.wasm").exists()


def test_native_go(tree: Tree, tools: Path, json_of):
    stub_compilers(tools, go="1.24.4")
    go_sum = f"github.com/higress-group/wasm-go v1.1.1 h1:AAAA=\n{SDK} {NATIVE_SDK} h1:AAAA=\n"
    tree({"go.mod": NATIVE_MOD, "go.sum": go_sum, "main.go": NATIVE_MAIN})
    document = json_of("build")
    (artifact,) = document["data"]["artifacts"]
    assert (artifact["abi"], artifact["compiler"], artifact["go"]) == ("0.2.100", "go", "1.24.4")
    assert (artifact["tinygo"], artifact["wasm_opt"]) == (None, None)
    assert document["data"]["projects"][0]["profile"] == {"value": "go", "source": "go.mod"}


def test_folders_with_spaces_and_chinese_characters(tree: Tree, json_of):
    folder = tree({f"我的 plugin/{name}": text for name, text in PLUGIN.items()}) / "我的 plugin"
    document = json_of("build", "我的 plugin", "--out-file", "输出 dir/模块.wasm")
    assert document["data"]["artifacts"][0]["path"] == str(folder / "输出 dir" / "模块.wasm")
    assert (folder / "输出 dir" / "模块.wasm").is_file()


def test_the_module_can_go_outside_the_project(plugin: Path, tmp_path: Path, json_of):
    target = tmp_path / "elsewhere" / "x.wasm"
    assert json_of("build", "--out-file", str(target))["data"]["artifacts"][0]["path"] == str(target)
    assert target.is_file()
    assert not (plugin / "main.wasm").exists()


@pytest.mark.slow
@pytest.mark.extra("local")
def test_the_next_commands_name_the_folder_of_a_plugin_elsewhere(tree: Tree, hgw):
    tree({f"a b/{file}": text for file, text in PLUGIN.items()})

    def next_commands(*argv: str) -> str:
        return hgw(*argv).out.partition("\nNext:\n")[2]

    assert next_commands("build", "a b") == (
        "  hgw -C 'a b' verify  prove that it works\n  hgw -C 'a b' run     try it in a gateway\n"
    )
    assert next_commands("build", "a b", "--abi", "all") == (
        "  hgw -C 'a b' verify --abi all  prove that it works\n  hgw -C 'a b' run               try it in a gateway\n"
    )
    assert next_commands("-C", "a b", "build", "--abi", "0.2.100") == (
        "  hgw -C 'a b' verify --abi 0.2.100  prove that it works\n"
        "  hgw -C 'a b' run --abi 0.2.100     try it in a gateway\n"
    )


@pytest.mark.slow
def test_several_plugins_and_every_plugin_below(tree: Tree, json_of, hgw):
    files = {f"{name}/{file}": text for name in ("a", "b", "deep/c") for file, text in PLUGIN.items()}
    tree(
        {**files, "lib/go.mod": "module lib\n", "lib/lib.go": "package lib\n", ".old/go.mod": "", ".old/main.go": MAIN}
    )
    document = json_of("build", "a", "b")
    assert [Path(project["directory"]).name for project in document["data"]["projects"]] == ["a", "b"]
    document = json_of("build", "--all")
    assert [Path(project["directory"]).name for project in document["data"]["projects"]] == ["a", "b", "c"]
    assert [artifact["up_to_date"] for artifact in document["data"]["artifacts"]] == [True, True, False]
    assert hgw("build", "--all", "a").code == 2
    assert hgw("build", "a", "b", "--out-file", "/tmp/one.wasm").code == 2


def test_every_plugin_is_not_every_program(tree: Tree, json_of):
    untidied = {"go.mod": "module plugin/plugins/wasm-go/b\n\ngo 1.19\n", "main.go": MAIN, "go.sum": GO_SUM}
    helper = {"go.mod": "module x/plugins/wasm-go/tool\n\ngo 1.19\n", "main.go": "package main\n\nfunc main() {}\n"}
    projects = {"a": PLUGIN, "tool": helper, "tool/deep": PLUGIN}
    tree({f"{name}/{file}": text for name, files in projects.items() for file, text in files.items()})
    document = json_of("build", "--all")
    assert [Path(project["directory"]).name for project in document["data"]["projects"]] == ["a", "deep"]
    assert plugins_below(tree({f"b/{file}": text for file, text in untidied.items()}) / "b")


def test_plugins_of_the_module_cache_are_other_peoples(tree: Tree, hgw):
    at = ("pkg/mod/example.com/a@v1.0.0", "pkg/b", "mod/c", "proc/d")
    root = tree({f"{name}/{file}": text for name in at for file, text in PLUGIN.items()})

    assert {str(folder.relative_to(root)) for folder in plugins_below(root)} == {"pkg/b", "mod/c", "proc/d"}
    outcome = hgw("build", "--all", "--print-command").redacted()
    assert (outcome.code, outcome.err) == (0, "Looking for plugins in [HERE] and below ...\n")
    assert [line.split()[1] for line in outcome.out.splitlines()] == ["[HERE]/mod/c", "[HERE]/pkg/b", "[HERE]/proc/d"]


def test_a_library_with_plugins_below_it_names_them(tree: Tree, hgw):
    tree({"go.mod": GO_MOD, "go.sum": GO_SUM, "lib.go": "package lib\n", "cmd/tag/main.go": MAIN})
    outcome = hgw("build")
    assert outcome.code == 3
    assert "is not a plugin, but there are plugins below it: cmd/tag" in outcome.err
    assert "hgw build cmd/tag" in outcome.err


def test_a_library_without_any_is_told_to_be_one(tree: Tree, hgw):
    tree({"go.mod": GO_MOD, "go.sum": GO_SUM, "lib.go": "package lib\n"})
    outcome = hgw("build")
    assert outcome.code == 1
    assert "lib.go:1:9: the package in this folder is called lib, and only one called main can be built" in outcome.err


def test_packages_of_a_larger_go_module_are_plugins(tree: Tree, json_of, hgw):
    untidy = GO_MOD.partition("\nrequire")[0]
    root = tree({
        "go.mod": f"{untidy}\nrequire example.com/mine/wasm-go v1.0.0\n",
        "go.sum": GO_SUM,
        "plugins/a/main.go": MAIN,
        "plugins/b/main.go": MAIN,
    })  # fmt: skip
    (project,) = json_of("-C", "plugins/a", "build")["data"]["projects"]
    assert (project["name"], project["directory"]) == ("a", str(root / "plugins/a"))
    assert (root / "plugins/a/main.wasm").is_file()
    assert f"{SDK} v1.0.1" in (root / "go.mod").read_text("utf-8")
    assert [entry.name for entry in (root / "plugins/a").iterdir() if entry.name.startswith("go.")] == []

    def up_to_date() -> list[bool]:
        return [artifact["up_to_date"] for artifact in json_of("build", "--all")["data"]["artifacts"]]

    assert (up_to_date(), up_to_date()) == ([True, False], [True, True])
    (root / "go.mod").write_text((root / "go.mod").read_text("utf-8") + "// more\n", "utf-8")
    assert up_to_date() == [False, False]
    assert hgw("build").redacted() == Outcome(
        3,
        err="error: [HERE] is not a plugin, but there are plugins below it: plugins/a, plugins/b\n"
        "hint: one of them: hgw build plugins/a; all: hgw build --all\n",
    )


def test_a_warning_names_its_plugin_where_several_are_built(tree: Tree, json_of):
    warned = {**PLUGIN, "go.mod": GO_MOD.replace("go 1.19", "go 1.21")}
    tree({f"{name}/{file}": text for name in ("a", "deep/b") for file, text in warned.items()})
    assert [warning.partition(":")[0] for warning in json_of("build", "--all")["warnings"]] == ["a", "deep/b"]
    (alone,) = json_of("-C", "a", "build")["warnings"]
    assert not alone.startswith("a:")


def test_what_hgw_reads_from_go_list_is_not_shown(tree: Tree, tmp_path: Path, monkeypatch, hgw):
    tree(PLUGIN)
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "empty"))
    (tmp_path / "proxy" / SDK / "@v").mkdir(parents=True)
    (tmp_path / "proxy" / SDK / "@v" / "v1.0.1.zip").write_bytes(b"")
    with module_proxy(tmp_path / "proxy") as url:
        monkeypatch.setenv("GOPROXY", url)
        outcome = hgw("build", "-v")
    assert outcome.code == 0, outcome.err
    assert f"go: downloading {SDK} v1.0.1" in outcome.err
    assert "Pplugin" not in outcome.err
    assert "Fmain.go" not in outcome.err


def test_flags_tags_and_arguments_reach_the_compiler(tree: Tree, json_of):
    folder = tree({**PLUGIN, "hgw.yaml": "build: {flags: [-opt=2], tags: [mine]}\n"})
    json_of("build", "--", "-no-debug")
    first = (folder / "main.wasm").read_bytes()
    assert b"-tags=custommalloc nottinygc_finalizer mine -opt=2 -no-debug" in first
    assert json_of("build", ".", "--tags", "yours", "--", "-no-debug")["ok"]
    assert b"nottinygc_finalizer yours" in (folder / "main.wasm").read_bytes()


# Nothing changed -----------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_nothing_is_compiled_while_nothing_changes(plugin: Path, hgw, json_of):
    assert not json_of("build")["data"]["artifacts"][0]["up_to_date"]
    before = (plugin / "main.wasm").stat().st_mtime_ns
    second = json_of("build")["data"]["artifacts"][0]
    assert second["up_to_date"]
    assert second["seconds"] == 0
    assert (plugin / "main.wasm").stat().st_mtime_ns == before
    assert "up to date" in hgw("build").out
    assert not json_of("build", "--force")["data"]["artifacts"][0]["up_to_date"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "change",
    [
        lambda folder: (folder / "main.go").write_text(MAIN + "// more\n"),
        lambda folder: (folder / "more.go").write_text("package main\n"),
        lambda folder: (folder / "go.mod").write_text(GO_MOD + "// more\n"),
        lambda folder: (folder / "go.sum").write_text(GO_SUM + "x v1 h1:AAAA=\n"),
        lambda folder: (folder / "hgw.yaml").write_text("build: {tags: [mine]}\n"),
        lambda folder: (folder / "main.wasm").write_bytes(b"\0asm altered"),
        lambda folder: (folder / "main.wasm").unlink(),
    ],
    ids=["source", "new source", "go.mod", "go.sum", "tags", "module altered", "module gone"],
)
def test_any_change_is_compiled(plugin: Path, json_of, change: Callable[[Path], object]):
    json_of("build")
    change(plugin)
    assert not json_of("build")["data"]["artifacts"][0]["up_to_date"]
    assert json_of("build")["data"]["artifacts"][0]["up_to_date"]


@pytest.mark.slow
def test_the_module_of_a_build_for_all_abis_is_taken_under_its_other_name(plugin: Path, json_of):
    json_of("build", "--abi", "all")
    beside = (plugin / "main-0.2.1.wasm").read_bytes()
    later = time.time() + 100
    os.utime(plugin / "main.go", (later, later))

    (artifact,) = json_of("build")["data"]["artifacts"]

    assert (artifact["path"], artifact["up_to_date"]) == (str(plugin / "main.wasm"), True)
    assert (plugin / "main.wasm").read_bytes() == beside
    (plugin / "main-0.2.1.wasm").unlink()
    assert json_of("build", "--abi", "all")["data"]["artifacts"][0]["up_to_date"]
    assert (plugin / "main-0.2.1.wasm").read_bytes() == beside


@pytest.mark.parametrize(
    ("change", "build"),
    [
        (lambda folder: (folder / "main.go").write_text(MAIN + "// more\n"), ["build"]),
        (lambda folder: (folder / "main-0.2.1.wasm").write_bytes(b"\0asm altered"), ["build"]),
        (lambda _folder: None, ["build", "--tags", "mine"]),
        (lambda _folder: None, ["build", "--force"]),
    ],
    ids=["source", "module altered", "tags", "force"],
)
def test_a_module_under_its_other_name_that_is_not_the_same_is_not_taken(
    plugin: Path, json_of, change: Callable[[Path], object], build: list[str]
):
    json_of("build", "--abi", "all")
    change(plugin)
    assert not json_of(*build)["data"]["artifacts"][0]["up_to_date"]


def test_another_tool_is_a_change(plugin: Path, tools: Path, json_of):
    json_of("build")
    stub_compilers(tools, wasm_opt="116")
    assert not json_of("build")["data"]["artifacts"][0]["up_to_date"]


def test_a_touched_source_is_not_a_change_and_the_module_is_not_stale_after_it(plugin: Path, json_of):
    json_of("build")
    later = time.time() + 100
    os.utime(plugin / "main.go", (later, later))
    assert json_of("build")["data"]["artifacts"][0]["up_to_date"]


@pytest.mark.slow
def test_a_file_that_changes_while_it_is_compiled_is_compiled_again(plugin: Path, json_of, monkeypatch):
    monkeypatch.setenv("STUB_EDITS", "once")
    document = json_of("build")
    module = (plugin / "main.wasm").read_bytes()
    assert b"// edited while compiling" in module
    assert document["warnings"] == []
    assert json_of("build")["data"]["artifacts"][0]["up_to_date"]


@pytest.mark.slow
def test_a_file_that_never_comes_to_rest_is_said_and_its_module_is_stale(plugin: Path, hgw, json_of, monkeypatch):
    monkeypatch.setenv("STUB_EDITS", "always")
    (warning,) = json_of("build")["warnings"]
    assert "main.go changed while main.wasm was compiled" in warning
    monkeypatch.delenv("STUB_EDITS")
    assert hgw("doctor", "module") == doctor(
        "  ✓ module: ABI 0.2.1 (424 B; the next build rebuilds it: hgw has no record of\n      building it)\n"
    )
    assert not json_of("build")["data"]["artifacts"][0]["up_to_date"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda folder: (folder / "more.go").unlink(), "more.go changed since it was built"),
        (lambda folder: replaced_with_old_time(folder / "main.go"), "main.go changed since it was built"),
        (lambda folder: os.utime(folder / "main.wasm", (4102444800, 4102444800)), None),
        (lambda folder: (folder / ".buildrc").write_text("EXTRA_TAGS=mine\n"), "it was built with another command"),
    ],
    ids=["deleted", "old time", "module of 2100", ".buildrc"],
)
def test_doctor_and_build_judge_staleness_by_content(
    plugin: Path, hgw, json_of, change: Callable[[Path], object], reason: str | None
):
    (plugin / "more.go").write_text("package main\n")
    assert hgw("build").code == 0
    change(plugin)
    said = " ".join(hgw("doctor", "module").out.split())
    note = "" if reason is None else f"; the next build rebuilds it: {reason}"
    assert said == f"Project ✓ module: ABI 0.2.1 (385 B{note}) 1 ok, 0 warnings, 0 wrong, 0 skipped"
    assert json_of("build")["data"]["artifacts"][0]["up_to_date"] == (reason is None)


def replaced_with_old_time(path: Path) -> None:
    path.write_text(MAIN + "// another\n")
    os.utime(path, (0, 0))


@pytest.mark.slow
@pytest.mark.parametrize("where", ["variable", "parent"])
def test_another_abi_is_a_change_wherever_it_was_asked_for(tree: Tree, hgw, json_of, monkeypatch, where: str):
    folder = tree({f"top/plugin/{name}": text for name, text in PLUGIN.items()}) / "top" / "plugin"
    monkeypatch.chdir(folder)
    assert hgw("build").code == 0
    if where == "variable":
        monkeypatch.setenv("HGW_ABI", "0.2.100")
    else:
        (folder.parent / "hgw.yaml").write_text("abi: 0.2.100\n")
    (artifact,) = json_of("build")["data"]["artifacts"]
    assert (artifact["up_to_date"], artifact["abi_export"]) == (False, "proxy_abi_version_0_2_100")


@pytest.mark.slow
def test_a_module_is_not_used_as_it_is_for_another_abi_than_asked(plugin: Path, hgw, monkeypatch):
    assert hgw("build").code == 0
    for command, abi in [("verify", "0.2.100"), ("verify", "all"), ("run", "0.2.100"), ("package", "0.2.100")]:
        outcome = hgw(command, "--no-build", "--abi", abi, "--output", "json")
        error = json.loads(outcome.out)["error"]
        assert (outcome.code, error["code"]) == (1, "abi-mismatch"), (command, abi)
        assert error["message"].startswith("main.wasm: the module is for another ABI than asked")
        assert error["hint"] == f"hgw build --abi {abi}"
    monkeypatch.setenv("HGW_LANG", "zh")
    assert hgw("verify", "--no-build", "--abi", "all") == Outcome(
        1,
        err="错误：main.wasm：模块的 ABI 与要求的不同：它导出的是 proxy_abi_version_0_2_0，"
        "而 ABI 0.2.100 应为 proxy_abi_version_0_2_100\n提示：hgw build --abi all\n",
    )


@pytest.mark.slow
def test_of_several_modules_that_of_the_wanted_abi_is_used_and_its_own_state_is_said(plugin: Path, hgw):
    assert hgw("build", "--abi", "all").code == 0
    assert hgw("build").code == 0
    (plugin / "main.go").write_text(MAIN + "// another\n")
    document = json.loads(hgw("package", "--no-build", "--abi", "0.2.100", "--name", "demo", "--output", "json").out)
    assert Path(document["data"]["module"]).name == "main-0.2.100.wasm"
    (stale,) = (text for text in document["warnings"] if "may not match" in text)
    assert "main-0.2.100.wasm may not match its source: main.go changed since it was built" in stale


@pytest.mark.slow
def test_a_module_of_another_abi_counts_as_stale_where_nothing_can_build_it(plugin: Path, hgw, monkeypatch):
    assert hgw("build").code == 0
    monkeypatch.setenv("PATH", "")
    outcome = hgw("verify", "--abi", "0.2.100")
    assert outcome.redacted() == Outcome(
        4,
        err="error: not on this machine: Go, TinyGo, wasm-opt\n"
        "hint: to use [HERE]/main.wasm as it is, add --no-build; otherwise: hgw install\n",
    )


def test_a_file_that_the_compiler_leaves_out_is_no_change(plugin: Path, hgw, json_of):
    (plugin / "host_windows.go").write_text("package main\n")
    assert hgw("build").code == 0
    (plugin / "host_windows.go").write_text("package main\n\n// for another system\n")
    assert hgw("doctor", "module") == doctor("  ✓ module: ABI 0.2.1 (371 B)\n")
    assert json_of("build")["data"]["artifacts"][0]["up_to_date"]


# Go modules ----------------------------------------------------------------------------------------------------


def test_imports_that_go_mod_lacks_are_tidied_and_it_is_said(tree: Tree, tmp_path: Path, monkeypatch, json_of, hgw):
    folder = tree({**PLUGIN, "go.mod": "module plugin\n\ngo 1.19\n", "go.sum": ""})
    answers = tmp_path / "proxy" / SDK
    (answers / "@v").mkdir(parents=True)
    (answers / "@latest").write_text('{"Version": "v1.0.1"}')
    (answers / "@v" / "v1.0.1.zip").write_bytes(b"")
    with module_proxy(tmp_path / "proxy") as url:
        monkeypatch.setenv("GOPROXY", url)
        outcome = hgw("build", "--output", "json")
    project = json.loads(outcome.out)["data"]["projects"][0]
    assert (project["tidied"], project["changes"]) == (True, [f"+ {SDK} v1.0.1"])
    assert "go mod tidy" in outcome.err
    assert f"+ {SDK} v1.0.1" in outcome.err
    assert f"require {SDK} v1.0.1" in (folder / "go.mod").read_text()


def test_modules_that_are_only_not_here_yet_are_fetched_without_tidying(
    tree: Tree, tmp_path: Path, monkeypatch, json_of
):
    tree(PLUGIN)
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "empty"))
    (tmp_path / "proxy" / SDK / "@v").mkdir(parents=True)
    (tmp_path / "proxy" / SDK / "@v" / "v1.0.1.zip").write_bytes(b"")
    with module_proxy(tmp_path / "proxy") as url:
        monkeypatch.setenv("GOPROXY", url)
        document = json_of("build")
    assert document["ok"], document["error"]
    assert not document["data"]["projects"][0]["tidied"]


def test_a_version_that_fits_is_written_without_asking_a_proxy(tree: Tree, monkeypatch, json_of):
    folder = tree({**PLUGIN, "go.mod": "module plugin\n\ngo 1.19\n"})
    monkeypatch.setenv("GOPROXY", "http://127.0.0.1:9")
    document = json_of("build")
    assert document["ok"], document["error"]
    assert document["data"]["projects"][0]["changes"] == [f"+ {SDK} v1.0.1"]
    assert f"require {SDK} v1.0.1" in (folder / "go.mod").read_text("utf-8")


def test_without_a_network_go_mod_stays_and_the_way_out_is_named(tree: Tree, tmp_path: Path, monkeypatch, json_of):
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "empty"))
    folder = tree({**PLUGIN, "go.mod": "module plugin\n\ngo 1.19\n", "main.wasm": OLD.decode()})
    before = content(folder)
    monkeypatch.setenv("GOPROXY", "http://user:secret@127.0.0.1:9")
    started = time.monotonic()
    document = json_of("build")
    assert time.monotonic() - started < 15
    assert document["exit_code"] == 5
    assert document["error"]["code"] == "go-modules-unreachable"
    assert document["error"]["details"]["tried"][0]["source"] == "http://127.0.0.1:9"
    assert "secret" not in json.dumps(document)
    assert "HGW_MIRROR_GOPROXY" in document["error"]["hint"]
    assert content(folder) == before


def test_a_proxy_that_refuses_is_blamed_and_not_the_module_proxy(tree: Tree, tmp_path: Path, monkeypatch, json_of):
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "empty"))
    tree({**PLUGIN, "go.mod": "module plugin\n\ngo 1.19\n"})
    monkeypatch.setenv("GOPROXY", "https://host.invalid")
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    document = json_of("build")
    assert document["error"]["code"] == "go-modules-unreachable"
    assert "the proxy http://127.0.0.1:9 (from HTTPS_PROXY) fails" in document["error"]["message"]
    assert document["error"]["hint"] == "check the proxy that HTTPS_PROXY names, or unset HTTPS_PROXY"


def test_offline_is_said_to_be_the_reason(tree: Tree, tmp_path: Path, monkeypatch, json_of):
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "empty"))
    tree({**PLUGIN, "go.mod": "module plugin\n\ngo 1.19\n"})
    document = json_of("build", "--offline")
    assert document["exit_code"] == 5
    assert "--offline" in document["error"]["message"]
    assert "--offline" in document["error"]["hint"]


def test_offline_is_not_an_obstacle_where_everything_is_here(plugin: Path, json_of):
    assert json_of("build", "--offline")["ok"]


def test_an_import_that_nobody_provides_is_invalid_input(tree: Tree, tmp_path: Path, monkeypatch, json_of):
    folder = tree({**PLUGIN, "more.go": 'package main\n\nimport "github.com/nobody/nothing"\n'})
    before = content(folder)
    (tmp_path / "proxy").mkdir()
    with module_proxy(tmp_path / "proxy") as url:
        monkeypatch.setenv("GOPROXY", url)
        document = json_of("build")
    assert (document["exit_code"], document["error"]["code"]) == (3, "go-module-unknown")
    assert "more.go:3: github.com/nobody/nothing: " in document["error"]["message"]
    assert "GOPRIVATE=github.com/nobody/nothing" in document["error"]["hint"]
    assert document["error"]["details"]["imports"] == ["github.com/nobody/nothing"]
    assert content(folder) == before


def test_a_tidy_that_breaks_off_leaves_go_mod_as_it_was(tree: Tree, tmp_path: Path, monkeypatch, json_of):
    folder = tree({**PLUGIN, "go.mod": "module plugin\n\ngo 1.19\n"})
    before = content(folder)
    monkeypatch.setenv("STUB_TIDY", "half")
    assert not json_of("build")["ok"]
    assert content(folder) == before


def test_a_module_that_is_larger_than_allowed_is_refused_and_the_old_one_stays(plugin: Path, json_of, monkeypatch):
    (plugin / "hgw.yaml").write_text("build: {size_budget: 10B}\n")
    (plugin / "main.wasm").write_bytes(OLD)

    document = json_of("build")

    assert (document["exit_code"], document["error"]["code"]) == (1, "size-over-budget")
    assert f"{plugin / 'hgw.yaml'} allows 10" in document["error"]["message"]
    assert (plugin / "main.wasm").read_bytes() == OLD
    assert json_of("build", "--size-budget", "3MB")["ok"]
    # The module is up to date now, and still too large for hgw.yaml.
    assert json_of("build")["exit_code"] == 1


def test_a_go_file_stands_for_its_folder(plugin: Path, json_of):
    assert json_of("build", "main.go")["data"]["artifacts"][0]["path"] == str(plugin / "main.wasm")


def test_below_a_plugin_the_plugin_is_built(plugin: Path, json_of, monkeypatch):
    (plugin / "internal" / "rules").mkdir(parents=True)
    monkeypatch.chdir(plugin / "internal" / "rules")
    assert json_of("build")["data"]["artifacts"][0]["path"] == str(plugin / "main.wasm")


def test_above_plugins_they_are_named(tree: Tree, json_of):
    here = tree({f"team/{name}/{file}": content for name in ("one", "two") for file, content in PLUGIN.items()})
    error = json_of("build")["error"]
    assert error["code"] == "no-project"
    assert error["message"] == f"{here} is not a plugin, but there are plugins below it: team/one, team/two"
    assert error["hint"] == "one of them: hgw build team/one; all: hgw build --all"


# What is refused -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("argv", "code", "words"),
    [
        (["--abi", "0.3"], 2, "0.2.1, 0.2.100, all"),
        (["--profile", "rust"], 2, "tinygo, go"),
        (["--profile", "go", "--abi", "0.2.1"], 2, "profile go (from --profile), which always makes 0.2.100"),
        (["--", "-o", "x.wasm"], 2, "-o"),
        (["nowhere"], 3, "nowhere"),
        (["main.c"], 3, "main.c"),
    ],
)
def test_wrong_words(plugin: Path, json_of, argv: list[str], code: int, words: str):
    document = json_of("build", *argv)
    assert document["exit_code"] == code
    assert words in document["error"]["message"]


def test_a_folder_that_is_not_a_plugin(tree: Tree, json_of):
    tree({"README.md": ""})
    document = json_of("build")
    assert (document["exit_code"], document["error"]["code"]) == (3, "no-project")
    assert "hgw init" in document["error"]["hint"]
    document = json_of("build", "--all")
    assert (document["exit_code"], document["error"]["code"]) == (3, "no-project")


def test_without_tools_the_error_says_how_to_get_them(plugin: Path, tools: Path, monkeypatch, json_of):
    monkeypatch.setenv("PATH", str(tools / "none"))
    document = json_of("build")
    assert (document["exit_code"], document["error"]["code"]) == (4, "tools-missing")
    assert document["error"]["hint"] == "hgw install"


def test_tools_that_do_not_fit_each_other(plugin: Path, tools: Path, json_of):
    stub_compilers(tools, go="1.24.4")
    document = json_of("build")
    assert (document["exit_code"], document["error"]["code"]) == (4, "go-too-new")
    assert document["error"]["details"]["found"] == "1.24.4"


@pytest.mark.parametrize(
    ("files", "code", "identifier", "words"),
    [
        ({"go.mod": NATIVE_MOD, "hgw.yaml": "profile: tinygo\n"}, 1, "wrapper-for-go", "wasm-go v1.1.1"),
        ({"hgw.yaml": "profile: go\n"}, 1, "sdk-for-tinygo", "cmalloc"),
        ({"go.mod": GO_MOD.replace("1.19", "1.24.1")}, 4, "go-mod-too-new", "1.20.14"),
        ({"go.mod": GO_MOD.replace("go 1.19", "go 1.19\ntoolchain go1.24.4")}, 3, "go-mod-invalid", "toolchain"),
        (
            {"main.go": f'{MAIN}\nimport "{SDK}/proxywasm/types"\n\nfunc (c) OnHttpRequestHeaders() types.Action {{\n'
             "return types.HeaderStopIteration }\n"},
            1, "header-stop-iteration", "main.go:10:8",
        ),
    ],
)  # fmt: skip
def test_what_is_certain_to_fail_is_seen_before_the_compiler_runs(
    tree: Tree, json_of, files: Mapping[str, str], code: int, identifier: str, words: str
):
    folder = tree({**PLUGIN, **files, "main.wasm": OLD.decode()})
    document = json_of("build")
    assert (document["exit_code"], document["error"]["code"]) == (code, identifier)
    assert words in document["error"]["message"]
    assert document["error"]["hint"]
    assert (folder / "main.wasm").read_bytes() == OLD


def test_a_pause_that_means_less_under_the_newer_abi_is_a_warning(tree: Tree, json_of, hgw):
    source = MAIN.replace("import ", f'import "{SDK}/proxywasm/types"\nimport ')
    tree({**PLUGIN, "main.go": source + "func (c) OnHttpRequestHeaders() types.Action { return types.ActionPause }\n"})
    assert json_of("build")["warnings"] == []
    (warning,) = json_of("build", "--abi", "0.2.100")["warnings"]
    assert "HeaderStopAllIterationAndWatermark" in warning
    assert "main.go:7:" in warning
    assert warning in hgw("build", "--abi", "0.2.100").err


@pytest.mark.parametrize(
    ("files", "argv", "identifier"),
    [
        ({}, ["--", "-gc=leaking"], "collector-flags-missing"),
        ({"main.go": "package main\n\nfunc main() {}\n"}, [], "abi-missing"),
        (
            {
                "main.go": MAIN.replace(SDK, OLD_SDK),
                "go.mod": GO_MOD.replace(f"{SDK} v1.0.1", f"{OLD_SDK} v0.24.0"),
                "go.sum": f"{OLD_SDK} v0.24.0 h1:AAAA=\n",
            },
            ["--abi", "0.2.100"],
            "abi-mismatch",
        ),
    ],
)
def test_a_module_that_no_gateway_would_load_does_not_take_the_old_ones_place(
    tree: Tree, hgw, files: Mapping[str, str], argv: list[str], identifier: str
):
    folder = tree({**PLUGIN, **files, "main.wasm": OLD.decode()})
    outcome = hgw("build", "--output", "json", *argv)
    document = json.loads(outcome.out)
    assert (outcome.code, document["error"]["code"]) == (1, identifier)
    assert document["error"]["hint"]
    assert (folder / "main.wasm").read_bytes() == OLD
    assert set(content(folder)) == {*PLUGIN, *files, "main.wasm"}


def test_native_go_without_its_build_mode(tree: Tree, tools: Path, json_of):
    stub_compilers(tools, go="1.24.4")
    go_sum = f"github.com/higress-group/wasm-go v1.1.1 h1:AAAA=\n{SDK} {NATIVE_SDK} h1:AAAA=\n"
    tree(
        {
            "go.mod": NATIVE_MOD,
            "go.sum": go_sum,
            "main.go": NATIVE_MAIN,
            "hgw.yaml": "build: {flags: [-buildmode=exe]}\n",
        }
    )
    document = json_of("build")
    assert (document["exit_code"], document["error"]["code"]) == (1, "buildmode-missing")


@pytest.mark.parametrize(
    ("go_mod", "main", "asked", "fitting"),
    [(NATIVE_MOD, NATIVE_MAIN, "tinygo", "go"), (GO_MOD, MAIN, "go", "tinygo")],
)
def test_a_profile_that_go_mod_is_not_for_is_refused_with_the_command_that_builds(
    tree: Tree, tools: Path, json_of, go_mod: str, main: str, asked: str, fitting: str
):
    stub_compilers(tools, go="1.24.4" if fitting == "go" else "1.20.14")
    tree({"go.mod": go_mod, "go.sum": f"{SDK} {NATIVE_SDK} h1:AAAA=\n{GO_SUM}", "main.go": main})
    refused = json_of("build", "--profile", asked)
    assert refused["exit_code"] == 1
    assert refused["error"]["hint"] == f"hgw build --profile {fitting}"
    assert json_of(*refused["error"]["hint"].split()[1:])["ok"]


def test_a_replacement_that_leads_nowhere_is_refused_before_anything_is_compiled(tree: Tree, json_of):
    tree({**PLUGIN, "go.mod": GO_MOD + f"\nreplace {SDK} => ../..\n"})
    error = json_of("build")["error"]
    assert (error["code"], error["hint"]) == ("replace-missing", f"go mod edit -dropreplace={SDK}")
    assert "go.mod:7" in error["message"]


def test_the_old_sdk_is_mentioned_only_to_a_plugin_that_calls_what_it_loses(tree: Tree, tmp_path: Path, json_of):
    fill_cache(tmp_path / "modules", f"{SDK}@v1.0.0")
    old = {"go.mod": GO_MOD.replace("v1.0.1", "v1.0.0"), "go.sum": GO_SUM.replace("v1.0.1", "v1.0.0")}
    folder = tree({**PLUGIN, **old})
    assert json_of("build")["warnings"] == []
    call = '\nfunc deny() { proxywasm.SendHttpResponseWithDetail(403, "denied", nil, nil, -1) }\n'
    (folder / "main.go").write_text(MAIN + call, "utf-8")
    (warning,) = json_of("build")["warnings"]
    assert "SendHttpResponseWithDetail loses the detail" in warning


def test_a_go_line_that_is_only_a_remark_is_a_warning_of_build_and_doctor(tree: Tree, hgw, json_of):
    tree({**PLUGIN, "go.mod": GO_MOD.replace("go 1.19", "go 1.21")})
    document = json_of("build")
    assert document["ok"]
    (warning,) = document["warnings"]
    assert "go.mod:3: go.mod asks for Go 1.21" in warning
    assert "go.mod asks for Go 1.21" in hgw("doctor", "go-mod").out


GOROUTINE = MAIN.replace("proxywasm.SetVMContext(nil)", "\n\tgo work()\n\tproxywasm.SetVMContext(nil)")


def test_a_goroutine_is_named_by_doctor_and_by_build(tree: Tree, hgw, json_of):
    tree({**PLUGIN, "main.go": GOROUTINE})
    assert hgw("doctor", "source") == doctor(
        "  ✗ Go source: main.go:6:2: this starts a goroutine, and a plugin has no\n"
        "      scheduler to run it: TinyGo refuses it\n"
        "      to fix: continue in the callback of a call, or in a tick that the plugin\n"
        "      registers\n",
        wrong=1,
    )
    document = json_of("build")
    assert (document["exit_code"], document["error"]["code"]) == (7, "goroutine")
    assert "main.go:6:2: the plugin starts a goroutine" in document["error"]["message"]
    (warning,) = document["warnings"]
    assert "main.go:6:2" in warning


def test_native_go_compiles_a_goroutine_with_a_warning(tree: Tree, tools: Path, hgw, json_of):
    stub_compilers(tools, go="1.24.4")
    go_sum = f"github.com/higress-group/wasm-go v1.1.1 h1:AAAA=\n{SDK} {NATIVE_SDK} h1:AAAA=\n"
    main = NATIVE_MAIN.replace("proxywasm.SetVMContext(nil)", "\n\tgo work()\n\tproxywasm.SetVMContext(nil)")
    tree({"go.mod": NATIVE_MOD, "go.sum": go_sum, "main.go": main})
    document = json_of("build")
    assert document["ok"]
    assert "main.go:8:2: this starts a goroutine, and nothing runs it" in document["warnings"][0]
    assert hgw("doctor", "source") == doctor(
        "  ! Go source: main.go:8:2: this starts a goroutine, and nothing runs it: a\n"
        "      gateway calls a plugin and does not wait for it\n"
        "      to fix: continue in the callback of a call, or in a tick that the plugin\n"
        "      registers\n",
        warnings=1,
    )


def test_a_go_work_that_leaves_the_plugin_out_is_named(tree: Tree, hgw, json_of, monkeypatch: pytest.MonkeyPatch):
    folder = tree({"go.work": "go 1.20\n\nuse ./svc\n", **{f"plugin/{name}": text for name, text in PLUGIN.items()}})
    monkeypatch.chdir(folder / "plugin")
    document = json_of("build")
    assert (document["exit_code"], document["error"]["code"]) == (3, "go-work-excludes")
    assert str(folder / "go.work") in document["error"]["message"]
    assert "GOWORK=off" in document["error"]["hint"]
    outcome = hgw("doctor", "go-mod")
    assert outcome.code == 1
    assert "go.work" in outcome.out
    monkeypatch.setenv("GOWORK", "off")
    assert json_of("build")["ok"]
    assert hgw("doctor", "go-mod").code == 0


def test_doctor_calls_a_module_old_only_where_a_build_would_compile(tree: Tree, hgw):
    folder = tree(PLUGIN)
    assert hgw("build").code == 0
    later = time.time() + 60
    os.utime(folder / "main.go", (later, later))
    assert hgw("doctor", "module") == doctor("  ✓ module: ABI 0.2.1 (371 B)\n")
    (folder / "main.go").write_text(MAIN + "// another\n", "utf-8")
    os.utime(folder / "main.go", (later, later))
    assert hgw("doctor", "module") == doctor(
        "  ✓ module: ABI 0.2.1 (371 B; the next build rebuilds it: main.go changed since\n      it was built)\n"
    )


# The compiler refuses --------------------------------------------------------------------------------------------


@pytest.fixture
def broken(tree: Tree) -> Path:
    return tree({**PLUGIN, "main.go": MAIN + "var x = undefinedThing\n", "main.wasm": OLD.decode()})


COMPILING = "Compiling plugin for ABI 0.2.1 with TinyGo 0.30.0 ...\n"
REFUSED = "# plugin\nmain.go:6:9: undefined: undefinedThing\n"
KEPT = "all that the compiler said is in [TEST]/hgw-home/state/logs/[WHEN]-tinygo.log\n"
FAILED = (
    "error: TinyGo 0.30.0 with Go 1.20.14 refused [HERE] (ABI 0.2.1, exit status 1)\n"
    "hint: fix what the compiler names above, then: hgw build\n"
)


def test_warnings_found_before_are_not_lost_when_it_fails(tree: Tree, hgw, json_of):
    tree({**PLUGIN, "go.mod": GO_MOD.replace("go 1.19", "go 1.21"), "main.go": MAIN + "var x = undefinedThing\n"})
    document = json_of("build")
    assert (document["exit_code"], len(document["warnings"])) == (7, 1)
    warning = (
        "warning: [HERE]/go.mod:3: go.mod asks for Go 1.21; the Go that builds this plugin is 1.20.14 and tries all "
        "the same\n"
    )
    assert hgw("build").redacted() == Outcome(7, err=f"{COMPILING}{REFUSED}{KEPT}{warning}{FAILED}")


def test_the_compilers_own_words_are_shown_and_the_old_module_stays(broken: Path, hgw, json_of):
    assert hgw("build").redacted() == Outcome(7, err=f"{COMPILING}{REFUSED}{KEPT}{FAILED}")
    assert (broken / "main.wasm").read_bytes() == OLD
    error = json_of("build")["error"]
    assert error["code"] == "compile-failed"
    assert "undefined: undefinedThing" in error["details"]["output"]
    assert error["details"]["id"] is None
    assert set(content(broken)) == {*PLUGIN, "main.wasm"}


def test_all_that_the_compiler_said_is_kept_in_a_file_that_the_error_names(broken: Path, hgw, json_of):
    log = Path(json_of("build")["error"]["details"]["log"])
    command, *lines, status = log.read_text("utf-8").splitlines()
    assert "tinygo build -o main.wasm -scheduler=none" in command
    assert lines == ["# plugin", "main.go:6:9: undefined: undefinedThing"]
    assert status == "[1]"
    named = hgw("build").err.splitlines()[3]
    assert Path(named.removeprefix("all that the compiler said is in ")).parent == log.parent


def test_quiet_does_not_hide_why(broken: Path, hgw):
    assert hgw("-q", "build").redacted() == Outcome(7, err=f"{REFUSED}{FAILED}")


def test_a_known_error_gets_its_cause_and_fix_and_ends_with_the_exit_code_of_its_id(
    tree: Tree, tools: Path, hgw, json_of
):
    stub_compilers(tools, go="1.24.4")
    folder = tree({
        "go.mod": NATIVE_MOD,
        "go.sum": f"github.com/higress-group/wasm-go v1.1.1 h1:AAAA=\n{SDK} {NATIVE_SDK} h1:AAAA=\n",
        "main.go": NATIVE_MAIN + '\nimport _ "github.com/higress-group/nottinygc"\n',
        "main.wasm": OLD.decode(),
    })  # fmt: skip
    fill_cache(Path(os.environ["GOMODCACHE"]), "github.com/higress-group/nottinygc@v1.0.0")
    (folder / "go.mod").write_text(NATIVE_MOD + "require github.com/higress-group/nottinygc v1.0.0\n")
    with (folder / "go.sum").open("a") as sums:
        sums.write("github.com/higress-group/nottinygc v1.0.0 h1:AAAA=\n")
    error = json_of("build")["error"]
    assert (error["code"], error["details"]["id"]) == ("sdk-for-tinygo", "sdk-for-tinygo")
    outcome = hgw("build")
    assert outcome.code == 1
    compiler, _separator, explanation = outcome.err.partition("undefined: cmalloc")
    assert "bitmap.go" in compiler
    assert "line v1.x" in explanation
    assert "hgw doctor go-mod --fix" in explanation


# Places that cannot be written ---------------------------------------------------------------------------------


def test_a_folder_in_the_modules_place(plugin: Path, json_of):
    (plugin / "main.wasm").mkdir()
    error = json_of("build")["error"]
    assert error["code"] == "out-file-is-folder"
    assert "Docker" in error["hint"]
    (plugin / "main.wasm" / "kept").touch()
    document = json_of("build")
    assert (document["exit_code"], document["error"]["code"]) == (6, "out-file-is-folder")
    assert (plugin / "main.wasm" / "kept").exists()


@pytest.mark.parametrize("name", ["README.md", "main.go", "go.mod", "hgw.yaml"])
def test_a_file_that_is_no_module_is_not_overwritten(plugin: Path, json_of, name: str):
    (plugin / name).write_text((plugin / name).read_text() if (plugin / name).exists() else "run: {port: 0}\n")
    before = content(plugin)
    document = json_of("build", "--out-file", name)
    assert (document["exit_code"], document["error"]["code"]) == (6, "out-file-taken")
    assert content(plugin) == before


@pytest.mark.parametrize("there", [b"", OLD, None])
def test_an_empty_file_or_a_module_is_replaced(plugin: Path, json_of, there: bytes | None):
    if there is not None:
        (plugin / "out.wasm").write_bytes(there)
    assert json_of("build", "--out-file", "out.wasm")["ok"]


def test_a_file_of_the_project_cannot_send_the_module_elsewhere(tree: Tree, tmp_path: Path, json_of, monkeypatch):
    folder = tree({**PLUGIN, "hgw.yaml": "build: {out_file: ../elsewhere.wasm}\n"})
    document = json_of("build")
    assert (document["exit_code"], document["error"]["code"]) == (6, "out-file-outside")
    assert not (folder.parent / "elsewhere.wasm").exists()
    assert json_of("build", "--out-file", "../elsewhere.wasm")["ok"]
    (folder / "linked").symlink_to(tmp_path)
    (folder / "hgw.yaml").write_text("build: {out_file: linked/main.wasm}\n")
    assert json_of("build")["error"]["code"] == "out-file-outside"
    (folder / "hgw.yaml").write_text("build: {out_file: dist/main.wasm}\n")
    assert json_of("build")["ok"]


def test_a_parent_folder_may_name_a_place_within_itself(tree: Tree, json_of, monkeypatch):
    top = tree({f"top/plugin/{name}": text for name, text in PLUGIN.items()}) / "top"
    monkeypatch.chdir(top / "plugin")
    (top / "hgw.yaml").write_text("build: {out_file: ../dist/plugin.wasm}\n")
    assert json_of("build")["data"]["artifacts"][0]["path"] == str(top / "dist" / "plugin.wasm")
    (top / "hgw.yaml").write_text("build: {out_file: ../../plugin.wasm}\n")
    assert json_of("build")["error"]["code"] == "out-file-outside"


def test_a_file_where_a_folder_would_be_needed(plugin: Path, json_of):
    document = json_of("build", "--out-file", "main.go/x.wasm")
    assert (document["exit_code"], document["error"]["code"]) == (6, "not-a-folder")


def test_a_read_only_folder(plugin: Path, json_of):
    # Root may write to any folder but those that the kernel keeps.
    closed = Path("/sys") if os.geteuid() == 0 else plugin / "closed"
    if not closed.exists():
        closed.mkdir(mode=0o555)
    document = json_of("build", "--out-file", str(closed / "main.wasm"))
    assert (document["exit_code"], document["error"]["code"]) == (6, "write-denied")
    assert str(closed / "main.wasm") in document["error"]["message"]


# The rest ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_command_for_the_shell_can_be_run_by_it(plugin: Path, hgw, json_of):
    outcome = hgw("build", "--abi", "all", "--print-command")
    assert outcome.code == 0
    assert not list(plugin.glob("*.wasm"))
    for line in outcome.out.splitlines():
        subprocess.run(line, shell=True, check=True, cwd="/")
    by_hand = {path.name: path.read_bytes() for path in plugin.glob("*.wasm")}
    assert set(by_hand) == {"main-0.2.1.wasm", "main-0.2.100.wasm"}
    assert json_of("build", "--abi", "all", "--force")["ok"]
    assert {path.name: path.read_bytes() for path in plugin.glob("*.wasm")} == by_hand
    (first, second) = json_of("build", "--abi", "all", "--print-command")["data"]["commands"]
    assert first["argv"][0] == "tinygo"
    assert first["environment"]["GOTOOLCHAIN"] == "local"
    assert first["abi"], second["abi"] == ("0.2.1", "0.2.100")


@pytest.mark.slow
def test_ctrl_c_while_compiling_leaves_nothing_behind(plugin: Path, tmp_path: Path):
    (plugin / "main.wasm").write_bytes(OLD)
    process = subprocess.Popen(
        [sys.executable, "-m", "higress_cli", "build"],
        cwd=plugin,
        env={**os.environ, "STUB_SECONDS": "60", "PYTHONPATH": python_path()},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    builds = tmp_path / "hgw-home" / "cache" / "builds"
    deadline = time.monotonic() + 20
    while not list(builds.glob(".hgw-staging-*")) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    process.send_signal(signal.SIGINT)
    _out, err = process.communicate(timeout=20)
    assert process.returncode == 130, err
    assert b"interrupted" in err
    assert list(builds.iterdir()) == []
    assert content(plugin) == {**{name: text.encode() for name, text in PLUGIN.items()}, "main.wasm": OLD}
    assert not _stubs_running(tmp_path / "tools")


@pytest.mark.slow
def test_a_compiler_is_ended_as_soon_as_its_source_has_changed(plugin: Path, tmp_path: Path):
    process = subprocess.Popen(
        [sys.executable, "-m", "higress_cli", "build"],
        cwd=plugin,
        env={**os.environ, "STUB_SECONDS": "60", "PYTHONPATH": python_path()},
        stderr=subprocess.PIPE,
        text=True,
    )
    builds = tmp_path / "hgw-home" / "cache" / "builds"

    def compilations() -> set[Path]:
        return set(builds.glob(".hgw-staging-*"))

    deadline = time.monotonic() + 20
    while not (first := compilations()) and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.3)
    (plugin / "main.go").write_text(MAIN + "// saved again\n", "utf-8")
    said = ""
    while "compiling it again" not in said and (line := process.stderr.readline()):
        said += line
    while not (compilations() - first) and time.monotonic() < deadline + 20:
        time.sleep(0.05)
    second = compilations()
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)

    assert "main.go changed while" in said
    assert second
    assert not second & first
    assert process.returncode == 130
    assert not _stubs_running(tmp_path / "tools")


def _stubs_running(tools: Path) -> list[str]:
    listed = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return [line for line in listed.splitlines() if "stub_compilers" in line and str(tools.parent) in line]


# The wanted gateway ----------------------------------------------------------------------------------------------

NEWER_CALL = MAIN + "\n// imports env.proxy_inject_encoded_data_to_filter_chain\n"
NATIVE_SUM = f"github.com/higress-group/wasm-go v1.1.1 h1:AAAA=\n{SDK} {NATIVE_SDK} h1:AAAA=\n"


def test_an_import_that_the_wanted_gateway_lacks_is_refused_with_both_named(tree: Tree, json_of):
    folder = tree({**PLUGIN, "main.go": NEWER_CALL, "hgw.yaml": "gateway: v2.0.7\n", "main.wasm": OLD.decode()})
    document = json_of("build")
    error = document["error"]
    assert (document["exit_code"], error["code"]) == (1, "import-missing")
    assert "gateway v2.0.7 lacks env.proxy_inject_encoded_data_to_filter_chain" in error["message"]
    assert "v2.1.5" in error["message"]
    assert error["details"]["since"] == "v2.1.5"
    assert (folder / "main.wasm").read_bytes() == OLD


def test_the_default_gateway_of_the_profile_counts_where_none_is_named(tree: Tree, json_of):
    tree({**PLUGIN, "main.go": NEWER_CALL})
    document = json_of("build")
    assert (document["exit_code"], document["error"]["code"]) == (1, "import-missing")


@pytest.mark.slow
def test_a_newer_gateway_takes_the_import_and_an_older_one_refuses_the_module_that_is_there(tree: Tree, hgw, json_of):
    folder = tree({**PLUGIN, "main.go": NEWER_CALL, "hgw.yaml": "gateway: v2.1.5\n"})
    document = json_of("build")
    assert document["ok"]
    assert document["data"]["projects"][0]["gateway"] == {
        "value": "v2.1.5",
        "source": str(folder / "hgw.yaml"),
    }

    (folder / "hgw.yaml").write_text("gateway: v2.0.7\n", "utf-8")
    document = json_of("build")
    assert (document["exit_code"], document["error"]["code"]) == (1, "import-missing")
    assert hgw("doctor", "module") == doctor(
        "  ✗ module: gateway v2.0.7 lacks env.proxy_inject_encoded_data_to_filter_chain,\n"
        "      which the module imports; v2.1.5 is the first that has it\n"
        "      expected: gateway v2.1.5 or newer\n"
        "      to fix: set `gateway: v2.1.5` in hgw.yaml if yours is that new; otherwise\n"
        "      leave out what needs it\n",
        wrong=1,
    )
    outcome = hgw("verify", "--no-build", "--output", "json")
    assert (outcome.code, json.loads(outcome.out)["error"]["code"]) == (1, "import-missing")


def test_a_gateway_that_hgw_does_not_know_is_a_warning(tree: Tree, hgw, json_of):
    tree({**PLUGIN, "hgw.yaml": "gateway: v9.9.9\n"})
    document = json_of("build")
    assert document["exit_code"] == 0
    assert "hgw does not know gateway v9.9.9, and judges it as if it were v2.2.4" in " ".join(document["warnings"])
    outcome = hgw("doctor", "project", "--output", "json")
    checks = json.loads(outcome.out)["data"]["checks"]
    assert outcome.code == 0
    assert [check["id"] for check in checks if check["code"] == "gateway-unknown"] == ["module"]


def test_native_go_is_refused_for_a_gateway_that_is_too_old_before_anything_is_compiled(
    tree: Tree, tools: Path, hgw, json_of
):
    stub_compilers(tools, go="1.24.4")
    folder = tree({"go.mod": NATIVE_MOD, "go.sum": NATIVE_SUM, "main.go": NATIVE_MAIN, "hgw.yaml": "gateway: v2.0.7\n"})
    document = json_of("build")
    error = document["error"]
    assert (document["exit_code"], error["code"]) == (1, "gateway-too-old")
    assert "v2.0.7" in error["message"]
    assert "v2.1.5" in error["message"]
    assert error["hint"] == "set `gateway: v2.1.5` in hgw.yaml if yours is that new, or `profile: tinygo`"
    assert json_of("build", "--gateway", "v2.0.7")["error"]["hint"] == "hgw --output json build --gateway v2.1.5"
    assert not (folder / "main.wasm").exists()

    outcome = hgw("doctor", "project", "--output", "json")
    check = next(check for check in json.loads(outcome.out)["data"]["checks"] if check["id"] == "project")
    assert (outcome.code, check["code"], check["found"]) == (1, "gateway-too-old", "v2.0.7")

    (folder / "hgw.yaml").write_text("gateway: v2.1.5\n", "utf-8")
    assert json_of("build")["ok"]


def test_a_gateway_that_is_not_a_version_is_invalid(tree: Tree, json_of):
    folder = tree({**PLUGIN, "hgw.yaml": "gateway: newest\n"})
    document = json_of("build")
    assert (document["exit_code"], document["error"]["code"]) == (3, "settings-invalid")
    assert str(folder / "hgw.yaml") in document["error"]["message"]
