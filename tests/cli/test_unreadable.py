"""Files and folders that the user must not read or write: named, with the reason, whichever command meets them."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.odd_world import OddWorld, odd_world
from tests.support.rights import ordinary_rights

pytestmark = [
    pytest.mark.slow,
    pytest.mark.extra("local"),
    # waitress leaves its socket open where another program has the upstream's port.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has other rights than these modes"),
]

COMMANDS: list[tuple[str, ...]] = [
    ("build",),
    ("doctor",),
    ("doctor", "--fix", "--yes"),
    ("verify", "--no-build"),
    ("run", "--no-build", "--port", "0"),
    ("package", "--no-build"),
    ("push", "127.0.0.1:1/a:1", "--no-build", "--dry-run", "--update", "plugin.yaml"),
    ("inspect", "main.wasm"),
    ("init", "--from-existing", "--yes"),
    ("init", "new", "--template", "./mine", "--defaults"),
    ("install", "--offline"),
    ("toolchain", "list"),
    ("toolchain", "env"),
    ("clean", "--all", "--yes"),
    ("help", "settings"),
]
OWN = ["go.mod", "go.sum", "hgw.yaml", "main.go", "config.yaml", "main.wasm", "plugin.yaml", ".buildrc", "envoy.yaml"]
OTHER = {
    "../hgw.yaml": "name: above\n", "../go.work": "go 1.20\n\nuse ./work\n", "sub/sub.go": "package sub\n",
    "../../home/.docker/config.json": "{}", "docker-compose.yaml": "services: {}\n",
}  # fmt: skip
FOLDERS = [
    *(".", "..", "sub", "mine", "mine/files", "../../home", "../../home/.docker", "../../tmp", "../../hgw-home"),
    *(
        f"../../hgw-home/{name}"
        for name in ("data", "data/tools", "data/tools/go/1+archive", "cache", "config", "state")
    ),
]


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OddWorld:
    return odd_world(tmp_path, monkeypatch)


def files(folders: bool) -> dict[str, str | bytes]:
    receipt = '{"name": "go", "version": "1", "source": "archive", "origin": "x", "executable": "bin/go"}'
    return {
        **OTHER,
        **dict.fromkeys((".buildrc", "envoy.yaml"), ""),
        **({f"{folder}/kept.txt": "" for folder in FOLDERS} if folders else {}),
        **({"../../hgw-home/data/tools/go/1+archive/receipt.json": receipt} if folders else {}),
    }


@pytest.mark.parametrize("mode", [0o000, 0o444, 0o555], ids=["nothing", "read only", "not writable"])
@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder(name: str, mode: int, world: OddWorld) -> None:
    for argv in COMMANDS:
        with world.plugin(files(folders=True)) as folder:
            place = (folder / name).resolve()
            place.chmod(mode)
            with ordinary_rights():
                world.call(*argv)
            place.chmod(0o755)


@pytest.mark.parametrize("name", [*OWN, *OTHER])
def test_a_file(name: str, world: OddWorld) -> None:
    for argv in COMMANDS:
        with world.plugin(files(folders=False)) as folder:
            (folder / name).chmod(0)
            with ordinary_rights():
                told = world.call(*argv)
            assert told.code == 0 or told.err


@pytest.mark.parametrize("make", [Path.mkdir, getattr(os, "mkfifo", None)], ids=["folder", "pipe"])
@pytest.mark.parametrize("name", OWN)
def test_something_else_in_the_place_of_a_file(name: str, make: Callable[[Path], None], world: OddWorld) -> None:
    for argv in (*COMMANDS[:6], ("init", "--from-existing", "--dry-run")):
        with world.plugin(files(folders=False)) as folder:
            (folder / name).unlink()
            make(folder / name)
            told = world.call(*argv)
            assert told.code == 0 or told.err


@pytest.mark.parametrize(
    ("name", "argv"),
    [
        ("go.mod", ("build",)),
        ("hgw.yaml", ("build",)),
        ("config.yaml", ("run", "--no-build", "--port", "0")),
        ("main.wasm", ("inspect", "main.wasm")),
        ("plugin.yaml", ("push", "127.0.0.1:1/a:1", "--no-build", "--force", "--update", "plugin.yaml")),
    ],
)
def test_what_a_command_needs_is_named_with_the_reason(name: str, argv: tuple[str, ...], world: OddWorld) -> None:
    with world.plugin(files(folders=False)) as folder:
        (folder / name).chmod(0)
        with ordinary_rights():
            told = world.call(*argv)
    assert told.code in (3, 6), told.err
    assert Path(name).name in told.err
    assert "denied" in told.err.lower() or "permission" in told.err.lower(), told.err
