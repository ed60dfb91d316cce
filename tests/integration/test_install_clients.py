"""hgw install through the clients of registries: what they lack, what they refuse, what they may change."""

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from tests.support.releases import PinnedHgw, Releases, packed, serving
from tests.support.tool_stubs import write_program

# A go command that answers for itself, and for modules as `list` says; every call is written down beside it.
_GO = """\
echo "$*" >> "${{0%/*}}/go.calls"
echo "$1 proxy=$GOPROXY sumdb=$GOSUMDB flags=$GOFLAGS env=$GOENV private=$GOPRIVATE os=$GOOS" >> "${{0%/*}}/go.settings"
case "$1" in
  env) if [ "$2" = -json ]; then echo '{{"GOPROXY": "https://proxy.example,direct", "GOSUMDB": "off"}}'; else
    echo "${{0%/*}}"; echo go1.21.5; fi;;
  list) {listing};;
  *) echo "go $1: not in this stub" >&2; exit 2;;
esac
"""
_SERVED = 'echo "$3"'
_REFUSED = 'echo "go: $3: reading https://proxy.example/x.info: 403 Forbidden" >&2; exit 1'


@pytest.fixture
def releases() -> Iterator[Releases]:
    """Release hosts that refuse everything: what is tested comes after them."""
    with serving(Releases(statuses={"*": 403})) as server:
        for tool, version in (("go", "1.20.14"), ("tinygo", "0.29.0"), ("tinygo", "0.30.0"), ("binaryen", "123")):
            server.add(tool, version)
        yield server


@pytest.fixture
def bin_folder(tmp_path: Path) -> Path:
    """The only folder on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


@pytest.fixture
def hgw(tmp_path: Path, releases: Releases, bin_folder: Path) -> PinnedHgw:
    return PinnedHgw(tmp_path, releases, path=str(bin_folder))


def error_of(out: str) -> dict:
    return json.loads(out)["error"]


# What apt-get does for hgw: lists come with an update, and no package can be had.
_APT_GET = """\
echo "$*" >> "${0%/*}/apt-get.calls"
case "$*" in
  *--print-uris*) exit 0;;
  *update*) echo > "${2%/*}/lists/example_dists_stable_main_binary-amd64_Packages";;
  *) echo "E: Failed to fetch it" >&2; exit 100;;
esac
"""


def apt(folder: Path, *, names: Sequence[str] = ()) -> None:
    """A distribution whose package lists hold these names."""
    write_program(folder / "apt-get", _APT_GET)
    write_program(folder / "apt-cache", "".join(f"echo {name}\n" for name in names))
    for name in ("apt-config", "dpkg-deb"):
        write_program(folder / name, "exit 0\n")


def compilers(folder: Path) -> None:
    for name in ("gcc", "g++"):
        write_program(folder / name, "exit 1\n")


def llvm(major: str, *, libraries: str = "") -> list[str]:
    """The packages of an LLVM as Debian names them; newer distributions write `t64` behind libraries."""
    plain = ["llvm-{}-dev", "libclang-{}-dev", "libclang-common-{}-dev", "clang-{}", "lld-{}", "wasi-libc"]
    shared = ["libllvm{}", "libclang1-{}", "libclang-cpp{}"]
    return [name.format(major) for name in plain] + [name.format(major) + libraries for name in shared]


def test_a_missing_compiler_is_named_before_anything_long_is_done(hgw: PinnedHgw, bin_folder: Path) -> None:
    write_program(bin_folder / "go", _GO.format(listing=_SERVED))
    apt(bin_folder)
    ended = hgw("install", "--output", "json")
    error = error_of(ended.out)
    assert (ended.code, error["code"]) == (4, "compiler-missing")
    assert "g++" in error["message"]
    assert "apt-get install g++" in error["hint"]
    calls = (bin_folder / "go.calls").read_text("utf-8").splitlines()
    assert not [call for call in calls if call.split()[0] not in {"env", "list"}]
    assert not (bin_folder / "apt-get.calls").exists()


def test_without_apt_it_is_said_what_would_be_needed(hgw: PinnedHgw, bin_folder: Path) -> None:
    write_program(bin_folder / "go", _GO.format(listing=_SERVED))
    ended = hgw("install", "--output", "json")
    error = error_of(ended.out)
    assert (ended.code, error["code"]) == (4, "program-missing")
    assert "apt-get" in error["message"]
    assert "HGW_MIRROR_GITHUB" in error["hint"]


def test_all_that_a_failed_client_printed_is_kept_in_a_file_that_the_message_names(
    hgw: PinnedHgw, bin_folder: Path
) -> None:
    listing = (
        "i=0; while [ $i -lt 40 ]; do i=$((i+1)); echo line $i of http://me:s3cret@proxy.example >&2; done; exit 1"
    )
    write_program(bin_folder / "go", _GO.format(listing=listing))
    ended = hgw("install", "tinygo@0.30.0", "--output", "json")
    reason = next(
        item["reason"] for item in error_of(ended.out)["details"]["tried"]["tinygo"] if item["source"] == "module"
    )
    assert "line 39 of http://proxy.example; line 40 of http://proxy.example (in full: " in reason
    log = Path(reason.partition("(in full: ")[2].removesuffix(")"))
    lines = log.read_text("utf-8").splitlines()
    assert [line for line in lines if line.startswith("line ")] == [
        f"line {number} of http://proxy.example" for number in range(1, 41)
    ]
    assert log.is_relative_to(hgw.home)


def _serve_go(bin_folder: Path, hgw: PinnedHgw, *, pinned: str, served: str) -> Path:
    """A Go as a Go module whose hash is `served` and pinned to `pinned`; returns the calls of the starting go."""
    module = bin_folder.parent / "module"
    write_program(module / "bin" / "go", 'cd "${0%/*}/.."; pwd; echo go1.20.14\n')
    (bin_folder.parent / "module.zip").write_bytes(b"the zip of the module")
    answer = {"Dir": str(module), "Zip": str(bin_folder.parent / "module.zip"), "Sum": served}
    script = _GO.format(listing=_SERVED).replace(
        "  list)", f"  mod) echo '{json.dumps(answer)}';;\n  version) echo go version go1.20.14;;\n  list)"
    )
    write_program(bin_folder / "go", script)
    hgw.pin("go-modules.toml", r'(?s)(go = "1\.20\.14"\nplatform = "linux-amd64"\nh1 = )"[^"]*"', rf'\1"{pinned}"')
    return bin_folder / "go.calls"


_H1 = "h1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="


def test_a_go_that_is_not_what_was_pinned_is_never_run(hgw: PinnedHgw, bin_folder: Path) -> None:
    calls = _serve_go(bin_folder, hgw, pinned=_H1, served=_H1.replace("A", "B"))
    ended = hgw("install", "go@1.20.14", "--source", "module", "--output", "json")
    error = error_of(ended.out)
    assert (ended.code, error["code"]) == (5, "checksum-mismatch")
    assert _H1 in error["message"]
    assert [call.split()[0] for call in calls.read_text("utf-8").splitlines() if call.startswith(("mod", "ver"))] == [
        "mod"
    ]
    assert hgw.installed() == []


def test_a_go_that_is_what_was_pinned_is_kept(hgw: PinnedHgw, bin_folder: Path) -> None:
    _serve_go(bin_folder, hgw, pinned=_H1, served=_H1)
    ended = hgw("install", "go@1.20.14", "--source", "module", "--output", "json")
    assert ended.code == 0, ended.err
    assert hgw.installed() == ["go/1.20.14+module"]
    (tool,) = json.loads(ended.out)["data"]["tools"]
    assert tool["sha256"] == hashlib.sha256(b"the zip of the module").hexdigest()


def test_a_module_proxy_that_refuses_is_quoted(hgw: PinnedHgw, bin_folder: Path) -> None:
    write_program(bin_folder / "go", _GO.format(listing=_REFUSED))
    ended = hgw("install", "--output", "json")
    error = error_of(ended.out)
    assert ended.code == 5
    assert any("403 Forbidden" in item["reason"] for item in error["details"]["tried"]["tinygo"])
    assert "HGW_MIRROR_GOPROXY" in error["hint"]


def test_the_users_proxies_are_used_and_nothing_else_that_go_is_set_to(hgw: PinnedHgw, bin_folder: Path) -> None:
    write_program(bin_folder / "go", _GO.format(listing=_SERVED))
    misleading = {"GOFLAGS": "-mod=vendor", "GOPRIVATE": "*", "GOOS": "wasip1", "GOSUMDB": "off"}
    settings = bin_folder / "go.settings"

    def asked(**more: str) -> str:
        settings.write_text("", encoding="utf-8")
        hgw("install", "tinygo@0.30.0", **misleading, **more)
        return next(line for line in settings.read_text("utf-8").splitlines() if line.startswith("list "))

    neutral = "sumdb= flags=-modcacherw env=off private= os="
    assert asked() == f"list proxy=https://proxy.example {neutral}"
    mirror = {"HGW_MIRROR_GOPROXY": "https://mirror.example"}
    assert asked(**mirror) == f"list proxy=https://mirror.example {neutral}"


def test_a_distribution_without_a_fitting_llvm_is_told_which_it_would_take(hgw: PinnedHgw, bin_folder: Path) -> None:
    write_program(bin_folder / "go", _GO.format(listing=_SERVED))
    compilers(bin_folder)
    apt(bin_folder, names=[*llvm("19"), "clang-16", "lld-16"])
    ended = hgw("install", "--output", "json")
    error = error_of(ended.out)
    assert (ended.code, error["code"]) == (4, "llvm-missing")
    assert "LLVM 16, 15, 14" in error["message"]


def test_the_newest_llvm_that_fits_is_taken_under_the_names_it_has(hgw: PinnedHgw, bin_folder: Path) -> None:
    write_program(bin_folder / "go", _GO.format(listing=_SERVED))
    compilers(bin_folder)
    apt(bin_folder, names=[*llvm("19"), *llvm("15", libraries="t64"), *llvm("14")])
    ended = hgw("install", "--output", "json")
    assert ended.code == 5
    assert "Failed to fetch it" in error_of(ended.out)["message"]
    calls = (bin_folder / "apt-get.calls").read_text("utf-8").splitlines()
    downloads = [call for call in calls if " download " in call and "--print-uris" not in call]
    (download,) = [call.split(" download ")[1].split() for call in downloads]
    assert sorted(download) == sorted(llvm("15", libraries="t64"))
    assert not [path for path in hgw.installed() if "+" in path]


# What changes the system -----------------------------------------------------------------------------------------

_BREW = """\
echo "$*" >> "${0%/*}/brew.calls"
cat > "${0%/*}/wasm-opt" <<'END'
#!/bin/sh
echo "wasm-opt version 123 (version_123)"
END
chmod +x "${0%/*}/wasm-opt"
"""


@pytest.fixture
def brew(bin_folder: Path) -> Path:
    """A package manager that puts a program on the PATH, as Homebrew does. Returns where its calls are written."""
    write_program(bin_folder / "brew", _BREW)
    for name in ("cat", "chmod"):
        (bin_folder / name).symlink_to(f"/bin/{name}")
    return bin_folder / "brew.calls"


def test_what_changes_the_system_needs_consent(hgw: PinnedHgw, brew: Path) -> None:
    ended = hgw("install", "binaryen", "--output", "json")
    error = error_of(ended.out)
    assert (ended.code, error["code"]) == (9, "consent-needed")
    assert "brew install binaryen" in error["message"]
    assert "--yes" in error["hint"]
    assert not brew.exists()


def test_a_dry_run_says_what_needs_consent(hgw: PinnedHgw, brew: Path) -> None:
    ended = hgw("install", "binaryen", "--dry-run", "--output", "json")
    assert ended.code == 0, ended.err
    (planned,) = json.loads(ended.out)["data"]["planned"]
    assert (planned["source"], planned["consent"]) == ("package", "brew install binaryen")
    assert (planned["path"], planned["bytes"]) == (None, None)
    assert (
        "needs consent, since it changes the system: `brew install binaryen`"
        in hgw("install", "binaryen", "--dry-run").out
    )
    assert not brew.exists()


def test_a_dry_run_names_the_go_that_compiles_tinygo(hgw: PinnedHgw, bin_folder: Path) -> None:
    write_program(bin_folder / "go", _GO.format(listing=_SERVED))
    compilers(bin_folder)
    apt(bin_folder)
    ended = hgw("install", "tinygo@0.30.0", "--dry-run", "--output", "json")
    assert ended.code == 0, ended.err
    planned = {tool["name"]: tool for tool in json.loads(ended.out)["data"]["planned"]}
    assert {name: tool["version"] for name, tool in planned.items()} == {"go": "1.20.14", "tinygo": "0.30.0"}
    names = [download["name"] for download in planned["tinygo"]["downloads"]]
    assert names[:2] == ["github.com/tinygo-org/tinygo@v0.30.0", "libllvm16"]
    assert planned["tinygo"]["downloads"][0]["digest"].startswith("h1:")
    assert not hgw.home.exists()


def test_a_dry_run_of_what_no_source_has_ends_as_the_installation(hgw: PinnedHgw, bin_folder: Path) -> None:
    write_program(bin_folder / "go", _GO.format(listing=_REFUSED))
    planned = hgw("install", "--dry-run", "--output", "json")
    assert not hgw.home.exists()
    done = hgw("install", "--output", "json")
    assert planned.code == done.code == 5
    assert error_of(planned.out) == error_of(done.out)


def test_with_consent_it_is_said_and_run(hgw: PinnedHgw, brew: Path, bin_folder: Path) -> None:
    ended = hgw("install", "binaryen", "--yes", "--output", "json")
    assert ended.code == 0, ended.err
    assert "brew install binaryen" in ended.err
    assert brew.read_text("utf-8") == "install binaryen\n"
    (tool,) = json.loads(ended.out)["data"]["tools"]
    assert (tool["version"], tool["path"]) == ("123", str(bin_folder / "wasm-opt"))
    assert hgw.installed() == []


# npm -------------------------------------------------------------------------------------------------------------

_NPM = """\
case "$1" in
  view) echo 132.0.0;;
  pack) cp "${0%/*}/package.tgz" "$4/binaryen-132.0.0.tgz"; echo binaryen-132.0.0.tgz;;
  *) echo "npm $1: not in this stub" >&2; exit 1;;
esac
"""


@pytest.fixture
def npm(bin_folder: Path, hgw: PinnedHgw) -> Path:
    """npm and node with a package of binaryen, whose integrity value hgw knows. Returns the package."""
    write_program(bin_folder / "npm", _NPM)
    write_program(bin_folder / "node", 'shift; echo "wasm-opt version 132 (version_132)"\n')
    (bin_folder / "cp").symlink_to("/bin/cp")
    script = b'#!/bin/sh\necho "wasm-opt version 132 (version_132)"\n'
    package = bin_folder / "package.tgz"
    package.write_bytes(packed({"package/bin/wasm-opt": (script, 0o644), "package/package.json": (b"{}", 0o644)}))
    digest = base64.b64encode(hashlib.sha512(package.read_bytes()).digest()).decode("ascii")
    hgw.pin("packages.toml", r'(?m)^"132" = .*$', f'"132" = "sha512-{digest}"')
    return package


def test_npm_is_the_last_source_of_wasm_opt(hgw: PinnedHgw, npm: Path) -> None:
    ended = hgw("install", "binaryen", "--output", "json")
    assert ended.code == 0, ended.err
    (tool,) = json.loads(ended.out)["data"]["tools"]
    assert (tool["version"], tool["source"], tool["origin"]) == ("132", "npm", "npm binaryen@132.0.0")
    assert [item["source"] for item in tool["tried"]] == ["system", "archive", "package"]
    assert hgw.installed() == ["binaryen/132+npm"]
    assert hgw("install", "binaryen", "--offline").code == 0


def test_a_package_of_npm_is_what_was_pinned_or_nothing(hgw: PinnedHgw, npm: Path) -> None:
    npm.write_bytes(packed({"package/bin/wasm-opt": (b"#!/bin/sh\necho evil\n", 0o755)}))
    ended = hgw("install", "binaryen", "--source", "npm", "--output", "json")
    assert (ended.code, error_of(ended.out)["code"]) == (5, "checksum-mismatch")
    assert hgw.installed() == []


def test_a_version_that_npm_is_not_pinned_for_is_not_taken(hgw: PinnedHgw, npm: Path) -> None:
    hgw.pin("packages.toml", r'(?m)^"123" = .*$', "")
    ended = hgw("install", "binaryen@123", "--source", "npm", "--output", "json")
    assert (ended.code, error_of(ended.out)["code"]) == (4, "package-version")


def test_without_npm_that_source_is_not_there(hgw: PinnedHgw) -> None:
    ended = hgw("install", "binaryen", "--source", "npm", "--output", "json")
    assert (ended.code, error_of(ended.out)["code"]) == (4, "program-missing")
