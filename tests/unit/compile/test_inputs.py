import hashlib
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from higress_cli.abi import Abi
from higress_cli.compile.freshness import judge
from higress_cli.compile.inputs import Scope, contents, go_environment_file, refuse_pipes, scope_of
from higress_cli.compile.packages import Listing, Package
from higress_cli.compile.recipe import make_recipe
from higress_cli.compile.record import Record, Setup, read_record, record_path, setup_of, write_record
from higress_cli.digest import Sha256
from higress_cli.errors import InvalidInput
from higress_cli.profile import Profile

Tree = Callable[[Mapping[str, str]], Path]
FILES = {
    "work/go.work": "go 1.20\n\nuse ./plugin\nuse ./used\n",
    "work/go.work.sum": "",
    "work/used/go.mod": "module used\n",
    "work/near/go.mod": "module example.com/near\n",
    "work/near/near.go": "package near\n",
    "work/plugin/go.mod": "module x\n\ngo 1.20\n\nreplace example.com/near => ../near\n",
    "work/plugin/go.sum": "",
    "work/plugin/vendor/modules.txt": "",
    "work/plugin/vendor/example.com/far/far.go": "package far\n",
    "work/plugin/main.go": 'package main\n\n//go:embed words.txt data/*.json "with space"\nvar words string\n',
    "work/plugin/main_test.go": "package main\n",
    "work/plugin/other_system.go": "//go:build windows\n\npackage main\n",
    "work/plugin/internal/part/part.go": "package part\n",
    "work/plugin/internal/native/native.go": 'package native\n\nimport "C"\n',
    "work/plugin/internal/native/include/native.h": "",
    "work/plugin/internal/native/wasm/libgc.a": "",
    "work/plugin/words.txt": "",
    "work/plugin/data/a.json": "",
    "work/plugin/data/a.md": "",
    "work/plugin/with space/deep/file": "",
    "work/plugin/unused/unused.go": "package unused\n",
    "work/plugin/README.md": "",
    "work/plugin/overlay.json": "{}",
    "work/plugin/other.mod": "module x\n",
    "work/plugin/main.wasm": "",
    "config/go/env": "GOFLAGS=-trimpath\n",
    "cache/example.com/kept@v1/kept.go": "package kept\n",
}
UNUSED = Setup(recipe="", variables={}, tools={})


@pytest.fixture
def top(tree: Tree) -> Path:
    return tree(FILES)


@pytest.fixture
def scope(top: Path) -> Scope:
    plugin = top / "work" / "plugin"
    folders = (
        plugin, plugin / "internal/part", plugin / "internal/native", plugin / "vendor/example.com/far",
        top / "work/near", top / "cache/example.com/kept@v1",
    )  # fmt: skip
    packages = tuple(
        Package(
            path=folder.name,
            directory=folder,
            files=tuple(path.name for path in folder.glob("*.go") if "_" not in path.name),
            main_module=True,
            failed=False,
            uses_c=folder.name == "native",
        )
        for folder in folders
    )
    overlay = json.dumps({"Replace": {str(plugin / "main.go"): str(top / "elsewhere.go")}})
    (plugin / "overlay.json").write_text(overlay)
    (top / "elsewhere.go").write_text("package main\n")
    flags = ["-overlay=overlay.json", "-modfile=other.mod"]
    return scope_of(
        Listing(packages=packages),
        recipe=make_recipe(profile=Profile.TINYGO, abi=Abi.V0_2_1, output="main.wasm", flags=flags),
        directory=plugin,
        module_cache=top / "cache",
        variables={"XDG_CONFIG_HOME": str(top / "config"), "HOME": str(top)},
    )


@pytest.mark.parametrize(
    "name",
    [
        "work/go.work", "work/go.work.sum", "work/used/go.mod", "work/near/go.mod", "work/near/near.go",
        "work/plugin/go.mod", "work/plugin/go.sum", "work/plugin/vendor/modules.txt",
        "work/plugin/vendor/example.com/far/far.go", "work/plugin/main.go", "work/plugin/other_system.go",
        "work/plugin/internal/part/part.go", "work/plugin/internal/native/include/native.h",
        "work/plugin/internal/native/wasm/libgc.a", "work/plugin/words.txt", "work/plugin/data/a.json",
        "work/plugin/with space/deep/file", "work/plugin/overlay.json", "work/plugin/other.mod", "elsewhere.go",
        "config/go/env",
    ],
)  # fmt: skip
def test_what_is_compiled_counts_by_its_content_and_by_being_there(top: Path, scope: Scope, name: str):
    before, facts = contents(scope), (top / name).stat()
    (top / name).write_text((top / name).read_text().replace("\n", " ") + "?")
    os.utime(top / name, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    changed = contents(scope)
    assert changed != before
    (top / name).unlink()
    assert contents(scope) not in (before, changed)


@pytest.mark.parametrize(
    "name",
    [
        "work/plugin/new.go", "work/plugin/new.c", "work/plugin/internal/native/include/more.h",
        "work/plugin/data/b.json", "work/plugin/with space/more", "work/plugin/internal/part/go.mod",
        "work/plugin/internal/go.mod", "go.work", "work/plugin/go.work", "work/vendor/modules.txt",
        "work/plugin/other.sum",
    ],
)  # fmt: skip
def test_a_file_that_appears_counts_where_the_compiler_would_read_it(top: Path, scope: Scope, name: str):
    before = contents(scope)
    (top / name).parent.mkdir(exist_ok=True)
    (top / name).write_text("new")
    assert contents(scope) != before


@pytest.mark.parametrize(
    "name",
    [
        "work/plugin/main_test.go", "work/plugin/data/a.md", "work/plugin/unused/unused.go", "work/plugin/README.md",
        "work/plugin/main.wasm", "cache/example.com/kept@v1/kept.go", "work/plugin/.hidden.go",
    ],
)  # fmt: skip
def test_nothing_else_counts(top: Path, scope: Scope, name: str):
    before = contents(scope)
    (top / name).write_text("changed")
    assert contents(scope) == before


def test_times_do_not_count(top: Path, scope: Scope):
    before = contents(scope)
    for path in top.rglob("*"):
        os.utime(path, (4102444800, 4102444800))
    assert contents(scope) == before


def test_go_work_is_not_looked_for_where_it_is_switched_off(top: Path):
    scope = scope_of(
        Listing(packages=()),
        recipe=make_recipe(profile=Profile.TINYGO, abi=Abi.V0_2_1, output="main.wasm"),
        directory=top / "work" / "plugin",
        module_cache=None,
        variables={"GOWORK": "off", "GOENV": "off"},
    )
    assert not [path for path in scope.files if "go.work" in path.name or path.name == "env"]
    assert go_environment_file({"GOENV": "/there"}) == Path("/there")


def test_a_record_is_read_back_as_it_was_written(top: Path, scope: Scope, tmp_path: Path):
    record = Record(
        setup=Setup(recipe="r", variables={"GOFLAGS": "x"}, tools={"go": "1"}),
        scope=scope,
        contents=contents(scope),
        listed="l",
        sha256=Sha256("s"),
        abi_export="e",
        warned=True,
    )
    write_record(tmp_path / "r.json", record)
    assert read_record(tmp_path / "r.json") == record
    (tmp_path / "r.json").write_text('{"fingerprint": "of an older hgw"}')
    assert read_record(tmp_path / "r.json") is None


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (None, None),
        ("gone", "it does not exist"),
        ("unknown", "hgw has no record of building it"),
        ("altered", "it is not what hgw built there"),
        ("recipe", "it was built with another command"),
        ("tools", "it was built with other tools"),
        ("variables", "it was built with another GOFLAGS"),
        ("files", "a.go changed since it was built"),
        ("many", "a.go, b.go, c.go (+1) changed since it was built"),
    ],
)
def test_the_reason_of_staleness_is_said(tmp_path: Path, change: str | None, reason: str | None):
    plugin, module = tmp_path / "plugin", tmp_path / "plugin" / "main.wasm"
    plugin.mkdir()
    module.write_bytes(b"module")
    (plugin / "a.go").write_text("package a\n")
    scope = Scope(folders=(plugin,), trees=(), files=())
    sha256 = Sha256(hashlib.sha256(b"module").hexdigest())
    record = Record(
        setup=UNUSED, scope=scope, contents=contents(scope), listed="", sha256=sha256, abi_export="x", warned=False
    )
    if change != "unknown":
        write_record(record_path(tmp_path, module), record)
    setup = UNUSED
    match change:
        case "gone":
            module.unlink()
        case "altered":
            module.write_bytes(b"other")
        case "recipe":
            setup = Setup(recipe="other", variables={}, tools={})
        case "tools":
            setup = Setup(recipe="", variables={}, tools={"go": "1.20"})
        case "variables":
            setup = Setup(recipe="", variables={"GOFLAGS": "-x"}, tools={})
        case "files" | "many":
            for name in ("a.go",) if change == "files" else ("a.go", "b.go", "c.go", "d.go"):
                (plugin / name).write_text("package other\n")
    assert judge(tmp_path, module, directory=plugin, setup=setup).reason == reason


def test_another_recipe_of_hgw_is_another_setup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    recipe = make_recipe(profile=Profile.TINYGO, abi=Abi.V0_2_1, output="main.wasm")

    def setup() -> Setup:
        return setup_of(recipe=recipe, directory=tmp_path, variables={}, tools=())

    before = setup()
    assert setup() == before
    monkeypatch.setattr("higress_cli.compile.record.REVISION", 10_000)
    assert setup() != before


@pytest.fixture
def with_pipes(tree: Tree) -> Path:
    """A Go module whose package main imports `used`, which imports `deep`; `idle` is imported by nothing that is."""
    imports = {
        "main.go": "x/used",
        "used/a.go": "x/deep",
        "deep/a.go": "fmt",
        "idle/a.go": "x/idle/too",
        "idle/too/a.go": "fmt",
    }
    files = {name: f'package p\n\nimport (\n\t_ "strings"\n\t_ "{path}"\n)\n' for name, path in imports.items()}
    return tree({**files, "go.mod": "module x\n\ngo 1.20\n", "other/go.mod": "module x/other\n", "vendor/v/v.go": ""})


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no system with named pipes")
@pytest.mark.parametrize("name", ["pipe.go", "used/pipe.go", "deep/pipe.go", "deep/native.c", "go.sum"])
def test_a_pipe_that_the_go_command_would_wait_for_is_refused(with_pipes: Path, name: str):
    os.mkfifo(with_pipes / name)
    with pytest.raises(InvalidInput) as caught:
        refuse_pipes(with_pipes)
    assert caught.value.code == "file-unreadable"
    assert f"{with_pipes / name} cannot be read: it is a pipe" in caught.value.message
    assert caught.value.hint == "remove it, or put a file in its place"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no system with named pipes")
@pytest.mark.parametrize(
    "name", ["idle/pipe.go", "idle/too/pipe.go", "other/pipe.go", "vendor/v/pipe.go", "used/_pipe.go", "used/pipe.txt"]
)
def test_a_pipe_that_it_does_not_read_is_left_alone(with_pipes: Path, name: str):
    os.mkfifo(with_pipes / name)
    refuse_pipes(with_pipes)
