"""Downloads get their name only with the right digest, and go on where they were cut."""

import hashlib
import os
import socket
import time

import pytest

from higress_cli.errors import ConflictError, DownloadError
from higress_cli.reporter import SilentActivity
from higress_cli.system.download import Archive, fetch, kept_at, sha256_of
from tests.support.file_server import FileServer, serving

CONTENT = bytes(range(256)) * 4000
DIGEST = hashlib.sha256(CONTENT).hexdigest()


class Watching(SilentActivity):
    def __init__(self) -> None:
        self.steps: list[tuple[int, int | None]] = []

    def advance(self, completed: int, total: int | None) -> None:
        self.steps.append((completed, total))


@pytest.fixture
def get(tmp_path):
    def run(url: str, *, sha256: str = DIGEST, activity: SilentActivity | None = None):
        archive = Archive(url=url, sha256=sha256)
        return fetch(archive, folder=tmp_path / "cache", variables={}, activity=activity or SilentActivity())

    return run


@pytest.fixture
def refused(get):
    def run(url: str, **options) -> DownloadError:
        with pytest.raises(DownloadError) as caught:
            get(url, **options)
        return caught.value

    return run


def files(folder) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_download_is_kept_by_its_digest_and_not_made_twice(get, tmp_path):
    watching = Watching()
    with serving(FileServer(CONTENT)) as server:
        first = get(f"{server.url}/dl/go1.20.14.tar.gz", activity=watching)
        second = get(f"{server.url}/dl/go1.20.14.tar.gz")

    assert first == second
    assert first.read_bytes() == CONTENT
    assert first.name == "go1.20.14.tar.gz"
    assert len(server.seen) == 1
    assert watching.steps[-1] == (len(CONTENT), len(CONTENT))
    assert files(tmp_path / "cache") == ["go1.20.14.tar.gz"]


def test_redirects_are_followed(get):
    with serving(FileServer(CONTENT, redirect_to="/elsewhere.bin")) as server:
        assert get(f"{server.url}/a.tar.gz").read_bytes() == CONTENT


def test_a_kept_file_that_went_bad_is_fetched_again(get):
    with serving(FileServer(CONTENT)) as server:
        kept = get(f"{server.url}/a.tar.gz")
        kept.write_bytes(b"rotten")

        assert get(f"{server.url}/a.tar.gz").read_bytes() == CONTENT
    assert len(server.seen) == 2


def test_a_cut_connection_goes_on_where_it_was_cut(get):
    with serving(FileServer(CONTENT, cuts=2)) as server:
        assert get(f"{server.url}/a.tar.gz").read_bytes() == CONTENT

    half = len(CONTENT) // 2
    assert server.seen == ["", f"bytes={half}-", f"bytes={half + half // 2}-"]


def test_a_server_that_ignores_ranges_gives_the_whole_again(get):
    with serving(FileServer(CONTENT, cuts=1, ranges=False)) as server:
        assert get(f"{server.url}/a.tar.gz").read_bytes() == CONTENT

    assert len(server.seen) == 2


def test_what_an_earlier_call_got_is_not_fetched_again(get, refused):
    with serving(FileServer(CONTENT, cuts=4)) as server:
        refused(f"{server.url}/a.tar.gz")
        server.seen.clear()

        assert get(f"{server.url}/a.tar.gz").read_bytes() == CONTENT

    assert server.seen[0].startswith("bytes=")


def test_a_part_that_was_complete_is_taken(get, tmp_path):
    with serving(FileServer(CONTENT)) as server:
        target = kept_at(Archive(url=f"{server.url}/a.tar.gz", sha256=DIGEST), folder=tmp_path / "cache")
        target.parent.mkdir(parents=True)
        target.with_name("a.tar.gz.partial").write_bytes(CONTENT)

        assert get(f"{server.url}/a.tar.gz").read_bytes() == CONTENT
    assert server.seen == [f"bytes={len(CONTENT)}-"]


@pytest.mark.parametrize("kept", [b"something else", CONTENT + b"more"])
def test_a_part_of_something_else_is_thrown_away(get, tmp_path, kept):
    with serving(FileServer(CONTENT)) as server:
        target = kept_at(Archive(url=f"{server.url}/a.tar.gz", sha256=DIGEST), folder=tmp_path / "cache")
        target.parent.mkdir(parents=True)
        target.with_name("a.tar.gz.partial").write_bytes(kept)

        assert get(f"{server.url}/a.tar.gz").read_bytes() == CONTENT
    assert len(server.seen) == 2


def test_bytes_that_are_not_the_pinned_ones_leave_nothing(refused, tmp_path):
    with serving(FileServer(b"<html>please log in</html>")) as server:
        error = refused(f"{server.url}/a.tar.gz")

    assert error.code == "checksum-mismatch"
    assert error.details["expected"] == DIGEST
    assert error.details["found"] == hashlib.sha256(b"<html>please log in</html>").hexdigest()
    assert files(tmp_path / "cache") == []


def test_a_server_that_is_busy_is_asked_again(get):
    with serving(FileServer(CONTENT, statuses=[503, 429])) as server:
        assert get(f"{server.url}/a.tar.gz").read_bytes() == CONTENT
    assert len(server.seen) == 3


def test_a_server_that_stays_busy_is_given_up(refused):
    with serving(FileServer(CONTENT, statuses=[503] * 10)) as server:
        error = refused(f"{server.url}/a.tar.gz")

    assert error.code == "download-refused"
    assert error.details["status"] == 503
    assert len(server.seen) == 4


@pytest.mark.parametrize("status", [401, 403, 404, 407, 451])
def test_a_refusal_is_final_at_once(refused, status, tmp_path):
    with serving(FileServer(CONTENT, statuses=[status])) as server:
        error = refused(f"{server.url}/a.tar.gz")

    assert (error.code, error.details["status"]) == ("download-refused", status)
    assert str(status) in error.message
    assert len(server.seen) == 1
    assert files(tmp_path / "cache") == []


def test_a_host_where_nobody_listens_costs_no_time(refused):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    started = time.monotonic()

    error = refused(f"http://127.0.0.1:{port}/a.tar.gz")

    assert error.code == "download-failed"
    assert time.monotonic() - started < 3


@pytest.mark.parametrize("url", ["http://", "ftp://host/a.tar.gz", "http://[::1/a.tar.gz", "no-url"])
def test_an_address_that_is_none_is_told(refused, url):
    assert refused(url).code == "download-failed"


def test_a_file_url_works_where_a_url_does(get, tmp_path):
    source = tmp_path / "mirror" / "my tools 工具" / "a.tar.gz"
    source.parent.mkdir(parents=True)
    source.write_bytes(CONTENT)

    assert get(source.as_uri()).read_bytes() == CONTENT
    assert source.exists()


def test_a_file_that_is_not_there_is_told(refused, tmp_path):
    error = refused((tmp_path / "none.tar.gz").as_uri())

    assert error.code == "download-failed"
    assert "none.tar.gz" in error.message


def test_a_cache_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "cache").write_text("a file is in the way")
    (tmp_path / "source").write_bytes(CONTENT)
    archive = Archive(url=(tmp_path / "source").as_uri(), sha256=DIGEST)

    with pytest.raises(ConflictError) as caught:
        fetch(archive, folder=tmp_path / "cache", variables={}, activity=SilentActivity())

    assert caught.value.code == "not-a-folder"
    assert str(tmp_path / "cache") in caught.value.message


def test_an_archive_without_a_digest_is_a_mistake_of_the_program(get):
    with pytest.raises(ValueError, match="not a SHA-256"):
        get("http://127.0.0.1:1/a", sha256="")


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://h/dl/go1.20.14.linux-amd64.tar.gz", "go1.20.14.linux-amd64.tar.gz"),
        ("https://h/dl/a%20b.zip?token=1#x", "a b.zip"),
        ("https://h/", "archive"),
        ("https://h/dl/..%2F..%2Fevil", "evil"),
    ],
)
def test_the_file_is_called_as_in_its_address(url, name):
    assert Archive(url=url, sha256=DIGEST).file_name == name


def test_a_digest_is_of_all_bytes(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(os.urandom(0))

    assert sha256_of(path) == hashlib.sha256(b"").hexdigest()
