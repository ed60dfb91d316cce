"""A disk that is full while `hgw run` runs: what is said of an edit is what is in effect, and requests go on."""

import os
from pathlib import Path

import pytest

from higress_cli.errors import ConflictError
from higress_cli.gateway.run_folder import RunFolder
from higress_cli.system.exact_request import ask
from tests.support.hgw_process import get, running, wait_for
from tests.support.plugins import plugin
from tests.support.stub_docker import change, opened, stub_docker

pytestmark = pytest.mark.extra("local")
_PAGE = 4096


def fill(disk: Path, *, but: int) -> None:
    """Write to the disk until only `but` bytes are left."""
    found = os.statvfs(disk)
    (disk / "rest").write_bytes(b"x" * max(0, found.f_bavail * found.f_frsize - but))


@pytest.fixture
def here(tmp_path: Path, small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (small_disk / "used").unlink()
    monkeypatch.setenv("HGW_HOME", str(small_disk))
    place = tmp_path / "work"
    (place / "main.wasm").write_bytes(plugin())
    (place / "config.yaml").write_text("answer: first\n")
    return place


@pytest.mark.parametrize(("engine", "pages"), [("builtin", 0), *(("envoy", pages) for pages in range(3))])
def test_an_edit_is_in_effect_or_refused(here: Path, small_disk: Path, engine: str, pages: int) -> None:
    words = ("run", "--port", "0", "--upstream-port", "0", "--output", "json", "--engine", engine)
    with running(*words, cwd=here) as hgw:
        url = hgw.document()["data"]["url"]
        fill(small_disk, but=pages * _PAGE)

        (here / "config.yaml").write_text("answer: second\n")
        ends = ("in effect now: ", "the gateway continues with what it had before")
        wait_for(lambda: any(end in hgw.said for end in ends), lambda: hgw.said)

        in_effect = ends[0] in hgw.said
        assert ("second" if in_effect else "first") in get(f"{url}/get")[1]
        assert in_effect or "cannot be written: the disk is full" in hgw.said
        assert in_effect or "save the file again when there is space" in hgw.said
        assert "bug" not in hgw.said
        assert "Traceback" not in hgw.said
        (small_disk / "rest").unlink()
        (here / "config.yaml").write_text("answer: third\n")
        hgw.wait_for_count("in effect now", 2 if in_effect else 1)
        assert "third" in get(f"{url}/get")[1]
        assert hgw.end() == 0


@pytest.mark.parametrize("pages", range(3))
def test_a_container_goes_on_where_the_next_one_finds_no_space(tmp_path: Path, small_disk: Path, pages: int) -> None:
    (small_disk / "used").unlink()
    folder = RunFolder.create(small_disk / "runs")
    with opened(folder, stub_docker(tmp_path / "bin")) as gateway:
        gateway.apply(change(folder))
        another = change(folder, plugin(entry="_initialize"))
        (folder.path / "given.wasm").unlink()
        fill(small_disk, but=pages * _PAGE)

        with pytest.raises(ConflictError) as caught:
            gateway.apply(another)

        assert caught.value.code == "disk-full"
        gateway.check_alive()
        assert ask(gateway.url, timeout=5.0).status == 503  # nothing is behind the gateway
        assert all(found.ok for found in gateway.evidence())
    folder.leave()
