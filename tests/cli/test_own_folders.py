"""hgw writes to the project that it works on and to its own folders: never to the shell's files or to Go's."""

from pathlib import Path

import pytest

from tests.support.stub_compilers import SDK, fill_cache, stub_compilers

FILES_OF_THE_USER = (
    ".bashrc",
    ".profile",
    ".zshrc",
    ".config/fish/config.fish",
    ".config/go/env",
    ".docker/config.json",
    "go/pkg/mod/cache/lock",
)
PLUGIN = {
    "plugin/go.mod": f"module plugin\n\ngo 1.19\n\nrequire {SDK} v1.0.1\n",
    "plugin/go.sum": f"{SDK} v1.0.1 h1:AAAA=\n",
    "plugin/main.go": f'package main\n\nimport "{SDK}/proxywasm"\n\nfunc main() {{ proxywasm.SetVMContext(nil) }}\n',
}


def content(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A user's home with the files that shells, Go and Docker read."""
    for name in FILES_OF_THE_USER:
        file = tmp_path / "home" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{}\n" if name.endswith(".json") else "", "utf-8")
    return tmp_path / "home"


@pytest.fixture
def tools(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stub tools on the PATH, and a module cache that has the SDK; the folder of the tools."""
    monkeypatch.setenv("PATH", stub_compilers(tmp_path / "tools"))
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
    fill_cache(tmp_path / "modules", f"{SDK}@v1.0.1")
    return tmp_path / "tools"


@pytest.mark.parametrize(
    "argv",
    [
        ("install",),
        ("doctor",),
        ("doctor", "--fix"),
        ("toolchain", "env"),
        ("toolchain", "exec", "--", "go", "version"),
        ("build", "plugin"),
        ("package", "plugin"),
        ("init", "new", "--defaults"),
        ("quickstart", "--offline"),
        ("clean", "--all", "--yes"),
    ],
)
def test_a_command_leaves_the_users_home_and_tools_as_they_are(hgw, tree, tools: Path, home: Path, argv):
    tree(PLUGIN)
    before = content(home), content(tools)

    outcome = hgw(*argv)

    assert outcome.code != 2, outcome.err
    assert (content(home), content(tools)) == before


def test_a_new_plugin_is_all_that_init_writes(hgw, tmp_path: Path):
    before = content(tmp_path)

    assert hgw("init", "new", "--defaults").code == 0

    written = set(content(tmp_path)) - set(before)
    assert {name.split("/")[0] for name in written} <= {"work", "hgw-home"}
    assert {name.split("/")[1] for name in written if name.startswith("work/")} == {"new"}


def test_a_build_writes_to_the_plugin_and_to_hgws_own_folders(hgw, tree, tools: Path, tmp_path: Path):
    tree(PLUGIN)
    before = content(tmp_path)

    outcome = hgw("build", "plugin")

    assert outcome.code == 0, outcome.err
    after = content(tmp_path)
    changed = {name for name in after if after[name] != before.get(name)}
    assert "work/plugin/main.wasm" in changed
    assert [name for name in changed if not name.startswith(("work/plugin/", "hgw-home/"))] == []
