"""hgw build with the real compilers. A TinyGo compilation takes its 15 seconds: they are few, and shared."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest

from higress_cli.go.mod import read_go_mod
from higress_cli.wasm.abi import abi_of
from higress_cli.wasm.binary import frames
from higress_cli.wasm.module import read_module
from tests.support.module_proxy import module_proxy, publish, refuses_lists
from tests.support.proxies import socks_proxy

pytestmark = pytest.mark.e2e


@pytest.fixture
def copied(basic_plugin: Path, tmp_path: Path) -> Path:
    """A plugin to be changed, with a module in its place."""
    folder = tmp_path / "work" / "my plugin"
    shutil.copytree(basic_plugin, folder)
    (folder / "main-0.2.1.wasm").rename(folder / "main.wasm")
    (folder / "main-0.2.100.wasm").unlink()
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.mark.parametrize(("abi", "export"), [("0.2.1", "_0_2_0"), ("0.2.100", "_0_2_100")])
def test_each_abi_exports_its_marker(basic_plugin: Path, abi: str, export: str) -> None:
    path = basic_plugin / f"main-{abi}.wasm"
    found = abi_of(read_module(path.read_bytes(), path=path))
    assert found.markers == (f"proxy_abi_version{export}",)
    assert found.version == abi


GUIDE = (
    "tinygo build -o {file} -scheduler=none -target=wasi -gc=custom -tags='custommalloc nottinygc_finalizer{tag}' ./"
)


@pytest.fixture(scope="module")
def by_hand(basic_plugin: Path, real_hgw, real_variables) -> Mapping[str, bytes]:
    """What the guide's two commands make, by ABI."""
    (first, _second) = real_hgw(
        "--output", "json", "build", "--abi", "all", "--print-command", cwd=basic_plugin
    ).document["data"]["commands"]
    tools = {name: value for name, value in first["environment"].items() if name not in {"GOGC", "GOMEMLIMIT"}}
    made, file = {}, basic_plugin / "by-hand.wasm"
    for abi, tag in (("0.2.1", ""), ("0.2.100", " proxy_wasm_version_0_2_100")):
        command = GUIDE.format(file=file.name, tag=tag)
        subprocess.run(command, shell=True, check=True, cwd=basic_plugin, env={**real_variables, **tools})
        made[abi] = file.read_bytes()
        file.unlink()
    return made


def test_the_module_is_byte_for_byte_what_the_guides_command_makes(basic_plugin: Path, by_hand) -> None:
    assert (basic_plugin / "main-0.2.1.wasm").read_bytes() == by_hand["0.2.1"]


def test_the_module_of_the_other_abi_is_made_from_the_first_and_is_what_the_compiler_makes(
    basic_plugin: Path, by_hand, real_hgw
) -> None:
    document = real_hgw("--output", "json", "build", "--abi", "all", cwd=basic_plugin).document
    assert [artifact["derived"] for artifact in document["data"]["artifacts"]] == [False, True]

    def sections(content: bytes) -> list[tuple[int, bytes]]:
        """Each section's id and payload, but those of debugging information."""
        found = [(frame.id, content[frame.payload : frame.end]) for frame in frames(content)]
        return [(number, payload) for number, payload in found if not (number == 0 and b".debug_" in payload[:12])]

    derived = (basic_plugin / "main-0.2.100.wasm").read_bytes()
    assert sections(derived) == sections(by_hand["0.2.100"])
    assert derived != (basic_plugin / "main-0.2.1.wasm").read_bytes()


@pytest.mark.parametrize("engine", ["builtin", "envoy"])
def test_the_module_that_was_made_from_another_runs_in_a_gateway(basic_plugin: Path, real_hgw, engine: str) -> None:
    module = basic_plugin / "main-0.2.100.wasm"
    (_first, artifact) = real_hgw("--output", "json", "build", "--abi", "all", cwd=basic_plugin).document["data"][
        "artifacts"
    ]
    assert (artifact["path"], artifact["derived"]) == (str(module), True)
    # Under the name that it was derived under: `hgw build --abi 0.2.100` would compile.
    wanted = ("verify", "--module", str(module), "--abi", "0.2.100", "--engine", engine)
    ended = real_hgw("--output", "json", *wanted, cwd=basic_plugin)
    assert ended.code == 0, ended.err
    data = ended.document["data"]
    assert (data["module_sha256"], data["engine"]) == (hashlib.sha256(module.read_bytes()).hexdigest(), engine)
    assert data["counts"]["failed"] == 0
    assert data["counts"]["passed"] >= 2


def test_a_module_depends_on_its_folder_only_by_its_debug_information(
    basic_plugin: Path, copied: Path, real_hgw, tmp_path: Path
) -> None:
    other = shutil.copytree(copied, tmp_path / "elsewhere")
    assert real_hgw("build", cwd=copied).code == 0
    assert (copied / "main.wasm").read_bytes() != (basic_plugin / "main-0.2.1.wasm").read_bytes()

    for folder in (copied, other):
        ended = real_hgw("build", "--no-debug", cwd=folder)
        assert ended.code == 0, ended.err
    assert (copied / "main.wasm").read_bytes() == (other / "main.wasm").read_bytes()


def test_nothing_is_compiled_twice(basic_plugin: Path, real_hgw) -> None:
    document = real_hgw("--output", "json", "build", "--abi", "all", cwd=basic_plugin).document
    assert [artifact["up_to_date"] for artifact in document["data"]["artifacts"]] == [True, True]


def test_what_tinygo_refuses_is_shown_and_changes_nothing(copied: Path, real_hgw) -> None:
    (copied / "more.go").write_text("package main\n\nvar number int = undefinedThing\n")
    before = content(copied)
    ended = real_hgw("--output", "json", "build", cwd=copied)
    assert ended.code == 7
    assert "more.go:3:18: undefined: undefinedThing" in ended.err
    error = ended.document["error"]
    assert error["code"] == "compile-failed"
    assert "undefined: undefinedThing" in error["details"]["output"]
    assert content(copied) == before


def test_imports_that_go_mod_lacks_are_tidied_by_the_real_go(copied: Path, real_hgw) -> None:
    go_mod = copied / "go.mod"
    go_mod.write_text("".join(line for line in go_mod.read_text().splitlines(True) if "tidwall" not in line))
    (copied / "go.sum").unlink()
    # It does not compile, so that this test need not wait for TinyGo to finish.
    (copied / "more.go").write_text("package main\n\nvar number int = undefinedThing\n")
    ended = real_hgw("build", cwd=copied)
    assert ended.code == 7, ended.err
    assert "go mod tidy" in ended.err
    assert "+ github.com/tidwall/gjson v" in ended.err
    assert "github.com/tidwall/gjson" in go_mod.read_text()


def test_without_a_network_missing_modules_are_said_to_be_missing(copied: Path, real_hgw, tmp_path: Path) -> None:
    before = content(copied)
    started = time.monotonic()
    ended = real_hgw(
        "--output", "json", "build",
        cwd=copied, GOMODCACHE=str(tmp_path / "empty"), GOPROXY="http://127.0.0.1:9", GOFLAGS="-modcacherw",
    )  # fmt: skip
    assert time.monotonic() - started < 15
    assert ended.code == 5, ended.err
    assert ended.document["error"]["code"] == "go-modules-unreachable"
    assert content(copied) == before


WRAPPER = "github.com/alibaba/higress/plugins/wasm-go"


@pytest.fixture
def downloaded(basic_plugin: Path, shared_home: Path) -> Path:
    """What a proxy can serve that has exactly the versions of a new plugin."""
    assert basic_plugin.is_dir()
    return shared_home / "go" / "pkg" / "mod" / "cache" / "download"


def test_behind_a_proxy_that_refuses_lists_the_versions_that_fit_are_written(
    copied: Path, downloaded: Path, real_hgw, tmp_path: Path
) -> None:
    (copied / "go.mod").write_text("module my-plugin\n\ngo 1.19\n")
    (copied / "go.sum").unlink()
    # It does not compile, so that this test need not wait for TinyGo to finish.
    (copied / "more.go").write_text("package main\n\nvar number int = undefinedThing\n")
    shutil.rmtree(copied / "internal")
    with module_proxy(downloaded, refuses=refuses_lists) as url:
        ended = real_hgw("build", cwd=copied, **_empty_cache(tmp_path, url))
    assert ended.code == 7, ended.err
    go_mod = (copied / "go.mod").read_text()
    assert f"{WRAPPER} v1.4.3" in go_mod
    assert "github.com/higress-group/proxy-wasm-go-sdk v1.0.1" in go_mod


def test_a_version_that_a_proxy_refuses_is_named_with_its_importer_and_the_proxy(
    copied: Path, downloaded: Path, real_hgw, tmp_path: Path
) -> None:
    go_mod = copied / "go.mod"
    go_mod.write_text(go_mod.read_text().replace(f"{WRAPPER} v1.4.3", f"{WRAPPER} v1.4.2"))
    before = content(copied)
    with module_proxy(downloaded, refuses=lambda path: "/v1.4.2." in path) as url:
        ended = real_hgw("--output", "json", "build", cwd=copied, **_empty_cache(tmp_path, url))
    error = ended.document["error"]
    assert (ended.code, error["code"]) == (5, "go-modules-unreachable")
    assert f": {WRAPPER} v1.4.2 cannot be downloaded: {url} answers 403 Forbidden" in error["message"]
    assert error["message"].startswith(("main.go:", "internal/"))
    assert error["hint"].endswith(f"hgw toolchain exec -- go mod edit -require={WRAPPER}@v1.4.3")
    assert content(copied) == before


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY"])
def test_go_modules_come_through_a_socks_proxy(
    copied: Path, downloaded: Path, real_hgw, tmp_path: Path, variable: str
) -> None:
    # It does not compile, so that this test need not wait for TinyGo to finish.
    (copied / "more.go").write_text("package main\n\nvar number int = undefinedThing\n")
    with module_proxy(downloaded) as url, socks_proxy({"modules.example": "127.0.0.1"}) as proxy:
        # A host that only the SOCKS proxy reaches. The go command does not know ALL_PROXY, hgw's own requests do.
        named = url.replace("127.0.0.1", "modules.example") if variable == "HTTP_PROXY" else url
        ended = real_hgw("build", cwd=copied, **_empty_cache(tmp_path, named), **{variable: proxy.url})
    assert ended.code == 7, ended.err
    assert "undefinedThing" in ended.err
    assert (tmp_path / "empty" / "github.com" / "higress-group").is_dir()
    if variable == "HTTP_PROXY":
        assert {host for host, _port in proxy.asked} == {"modules.example"}


def _empty_cache(tmp_path: Path, url: str) -> dict[str, str]:
    """The environment of a go command that has downloaded nothing yet and asks this proxy."""
    return {"GOMODCACHE": str(tmp_path / "empty"), "GOPROXY": url, "GOFLAGS": "-modcacherw", "GONOSUMDB": "*"}


def test_ctrl_c_in_the_middle_leaves_no_trace(copied: Path, real_variables: Mapping[str, str]) -> None:
    before = content(copied)
    process = subprocess.Popen(
        [sys.executable, "-m", "higress_cli", "build", "--force"],
        cwd=copied,
        env=dict(real_variables),
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    assert process.stderr is not None
    while b"Compiling" not in process.stderr.readline():
        assert process.poll() is None
    time.sleep(3)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=20)
    assert process.returncode == 130
    assert content(copied) == before
    assert not _running_in(copied)


def _running_in(folder: Path) -> list[str]:
    """The programs whose working folder is `folder`, as Linux tells."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if entry.joinpath("cwd").readlink() == folder:
                found.append(entry.joinpath("cmdline").read_text())
        except OSError:
            continue
    return found


def test_native_go_from_nothing(tmp_path: Path, real_hgw) -> None:
    folder = tmp_path / "work" / "native"
    assert real_hgw("init", str(folder), "--profile", "go", cwd=tmp_path).code == 0
    ended = real_hgw("--output", "json", "--yes", "build", cwd=folder)
    assert ended.code == 0, ended.err
    (artifact,) = ended.document["data"]["artifacts"]
    assert (artifact["abi"], artifact["compiler"], artifact["tinygo"]) == ("0.2.100", "go", None)
    module = read_module((folder / "main.wasm").read_bytes(), path=folder)
    assert "_initialize" in module.functions
    assert os.access(folder / "main.wasm", os.R_OK)


@pytest.fixture(scope="module")
def native(tmp_path_factory: pytest.TempPathFactory, real_hgw) -> Path:
    """A built native plugin in a workspace, which embeds a file and uses a replaced Go module."""
    top = tmp_path_factory.mktemp("native")
    folder = top / "plugin"
    assert real_hgw("init", str(folder), "--profile", "go", cwd=top).code == 0
    (top / "near").mkdir()
    (top / "near" / "go.mod").write_text("module example.com/near\n\ngo 1.24\n")
    (top / "near" / "near.go").write_text("package near\n\nconst Word = `near`\n")
    (folder / "words.txt").write_text("words\n")
    (folder / "more.go").write_text(
        'package main\n\nimport (\n\t_ "embed"\n\n\t"example.com/near"\n)\n\n//go:embed words.txt\nvar words string\n\n'
        "func init() { println(words, near.Word) }\n"
    )
    with (folder / "go.mod").open("a") as go_mod:
        go_mod.write("\nrequire example.com/near v0.0.0\n\nreplace example.com/near => ../near\n")
    ended = real_hgw("--yes", "build", cwd=folder)
    assert ended.code == 0, ended.err
    return folder


def test_a_native_module_does_not_depend_on_its_folder_with_trimpath(tmp_path: Path, real_hgw) -> None:
    made = []
    for name in ("one", "another"):
        folder = tmp_path / name
        assert real_hgw("init", str(folder), "--name", "demo", "--profile", "go", cwd=tmp_path).code == 0
        for arguments in ((), ("--", "-trimpath")):
            ended = real_hgw("--yes", "build", *arguments, cwd=folder)
            assert ended.code == 0, ended.err
            made.append((folder / "main.wasm").read_bytes())

    one, one_trimmed, another, another_trimmed = made
    assert one != another
    assert one_trimmed == another_trimmed


@pytest.mark.parametrize(
    ("name", "edit"),
    [
        ("more.go", lambda text: text.replace("println(", "print(")),
        ("another.go", lambda _text: "package main\n\nfunc init() { println() }\n"),
        ("words.txt", lambda _text: "other words\n"),
        ("../near/near.go", lambda text: text.replace("`near`", "`far`")),
        ("../near/go.mod", lambda text: text + "// a remark\n"),
        ("go.mod", lambda text: text + "// a remark\n"),
        ("../go.work", lambda _text: "go 1.24.1\n\nuse (\n\t./plugin\n\t./near\n)\n"),
        (".buildrc", lambda _text: "EXTRA_TAGS=mine\n"),
        ("hgw.yaml", lambda text: text + "build: {flags: [-trimpath]}\n"),
    ],
)
def test_a_change_of_any_input_is_compiled_and_nothing_else(native: Path, real_hgw, name: str, edit) -> None:
    def up_to_date() -> bool:
        ended = real_hgw("--output", "json", "build", cwd=native)
        assert ended.code == 0, ended.err
        return bool(ended.document["data"]["artifacts"][0]["up_to_date"])

    path = native / name
    before = path.read_text() if path.exists() else None
    up_to_date()
    path.write_text(edit(before or ""))
    try:
        assert [up_to_date(), up_to_date()] == [False, True]
    finally:
        path.unlink() if before is None else path.write_text(before)


def test_a_change_of_a_vendored_module_is_compiled(native: Path, real_hgw, tmp_path: Path) -> None:
    vendored = tmp_path / "vendored"
    shutil.copytree(native.parent, vendored)
    plugin = vendored / native.name
    assert real_hgw("toolchain", "exec", "--", "go", "mod", "vendor", cwd=plugin).code == 0

    def up_to_date() -> bool:
        ended = real_hgw("--output", "json", "build", cwd=plugin)
        assert ended.code == 0, ended.err
        return bool(ended.document["data"]["artifacts"][0]["up_to_date"])

    assert not up_to_date()
    (vendored / "near" / "near.go").write_text("package near\n\nconst Word = `no longer read`\n")
    assert up_to_date()
    copy = plugin / "vendor" / "example.com" / "near" / "near.go"
    copy.write_text(copy.read_text().replace("`near`", "`vendored`"))
    assert not up_to_date()


def test_what_a_change_costs_is_told_by_package_and_against_the_budget(native: Path, real_hgw) -> None:
    path, hgw_yaml = native / "larger.go", native / "hgw.yaml"
    before = hgw_yaml.read_text()
    path.write_text('package main\n\nimport "encoding/xml"\n\nfunc init() { xml.Marshal(42) }\n')
    try:
        artifact = real_hgw("--output", "json", "build", cwd=native).document["data"]["artifacts"][0]
        grown = {package["name"]: package["delta"] for package in artifact["packages"]}
        assert artifact["delta"] > 100_000
        assert grown["encoding/xml"] > 20_000
        hgw_yaml.write_text(before + "build: {size_budget: 1MB}\n")
        ended = real_hgw("build", "--force", cwd=native)
        assert ended.code == 1
        assert "size_budget" in ended.err
    finally:
        path.unlink()
        hgw_yaml.write_text(before)


def test_a_file_operation_names_who_calls_it(native: Path, real_hgw) -> None:
    path = native / "files.go"
    path.write_text('package main\n\nimport "os"\n\nfunc init() { os.Remove("x") }\n')
    try:
        assert real_hgw("build", cwd=native).code == 0
        ended = real_hgw("inspect", "main.wasm", "--gateway", "v2.1.0", cwd=native)
        assert ended.code == 1
        assert "> os.Remove > syscall.Unlink" in " ".join(ended.out.split())
    finally:
        path.unlink()


HOST_CALL = """package host

//go:wasmimport env proxy_made_up
func madeUp() int32

func Call() int32 { return madeUp() }
"""


def test_an_import_that_the_gateway_lacks_names_the_packages_it_came_through(native: Path, real_hgw) -> None:
    own = read_go_mod(native / "go.mod").module
    folder = native / "internal" / "host"
    folder.mkdir()
    caller = native / "caller.go"
    try:
        (folder / "host.go").write_text(HOST_CALL)
        caller.write_text(f'package main\n\nimport "{own}/internal/host"\n\nfunc init() {{ host.Call() }}\n')
        for words in ((), ("--no-debug",)):
            ended = real_hgw("--output", "json", "build", *words, cwd=native)
            error = ended.document["error"]
            assert (ended.code, error["code"]) == (1, "import-missing")
            way = f"{own} > {own}/internal/host"
            assert f"{own}/internal/host is imported through {way}" in error["message"]
    finally:
        caller.unlink()
        shutil.rmtree(folder)
    (artifact,) = real_hgw("--output", "json", "build", cwd=native).document["data"]["artifacts"]
    (log,) = (item for item in artifact["imports"] if item["name"] == "proxy_log")
    assert (log["packages"][0], log["packages"][-1]) == (
        own, "github.com/higress-group/proxy-wasm-go-sdk/proxywasm/internal",
    )  # fmt: skip
    assert all(item["supported"] for item in artifact["imports"])


@pytest.mark.parametrize("profile", ["tinygo", "go"])
def test_a_new_dependency_that_needs_a_newer_go_is_refused_with_the_version_to_ask_for(
    copied: Path, native: Path, downloaded: Path, real_hgw, tmp_path: Path, profile: str
) -> None:
    plugin = copied if profile == "tinygo" else native
    before = content(plugin)
    module, caller = "example.com/dep", plugin / "caller.go"
    proxy = tmp_path / "proxy"
    for version, go in (
        ("v1.0.0", "1.15"),
        ("v1.1.0", "1.18"),
        ("v1.2.0", "1.19"),
        ("v1.3.0", "1.99"),
        ("v1.4.0", "1.99"),
    ):
        publish(proxy, module, version, go=go)
    caller.write_text(f'package main\n\nimport _ "{module}"\n')
    with module_proxy(proxy) as url:
        variables = {"GOPROXY": f"{url},file://{downloaded}", "GONOSUMDB": "*", "GOFLAGS": "-modcacherw"}
        refused = real_hgw("--output", "json", "build", cwd=plugin, **variables)
        error = refused.document["error"]
        assert (refused.code, error["code"]) == (7, "dependency-too-new"), refused.err
        assert f"{module} v1.4.0, which `go mod tidy` adds, is made for Go 1.99" in error["message"]
        command = f"go get {module}@v1.2.0"
        assert error["hint"].endswith(f"hgw toolchain exec -- {command}")
        caller.rename(caller.with_suffix(".txt"))
        assert content(plugin) == before | {"caller.txt": caller.with_suffix(".txt").read_bytes()}
        caller.with_suffix(".txt").rename(caller)
        assert real_hgw("toolchain", "exec", "--", *command.split(), cwd=plugin, **variables).code == 0
        (plugin / "broken.go").write_text("package main\n\nvar number int = undefinedThing\n")
        tried = real_hgw("build", cwd=plugin, **variables)
    assert "undefinedThing" in tried.err, tried.err
    for name in ("caller.go", "broken.go"):
        (plugin / name).unlink()
    for name in ("go.mod", "go.sum"):
        (plugin / name).write_bytes(before[name])
