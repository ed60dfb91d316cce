"""Downloads get their name only with the right digest, and go on where they were cut."""

import contextlib
import hashlib
import os
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from higress_cli.digest import Sha256
from higress_cli.errors import ConflictError, DownloadError
from higress_cli.reporter import SilentActivity
from higress_cli.system.download import Archive, HostsBusyError, fetch, kept_at
from higress_cli.system.fs import sha256_of
from tests.support.fake_clock import FakeClock
from tests.support.file_server import FileServer, serving
from tests.support.ports import unused_port

CONTENT = bytes(range(256)) * 4000
DIGEST = Sha256(hashlib.sha256(CONTENT).hexdigest())


class Watching(SilentActivity):
    def __init__(self) -> None:
        self.steps: list[tuple[int, int | None]] = []

    def advance(self, completed: int, total: int | None) -> None:
        self.steps.append((completed, total))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def get(tmp_path, clock):
    def run(*urls: str, sha256: Sha256 = DIGEST, activity: SilentActivity | None = None):
        archive = Archive(urls=urls, sha256=sha256)
        folder = tmp_path / "cache"
        activity = activity or SilentActivity()
        return fetch(archive, folder=folder, variables={}, activity=activity, clock=clock).path

    return run


@pytest.fixture
def refused(get):
    def run(*urls: str, **options) -> DownloadError:
        with pytest.raises(DownloadError) as caught:
            get(*urls, **options)
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
    with serving(FileServer(CONTENT, cuts=1000)) as server:
        refused(f"{server.url}/a.tar.gz")
        server.seen.clear()
        server.cuts = 0

        assert get(f"{server.url}/a.tar.gz").read_bytes() == CONTENT

    assert server.seen[0].startswith("bytes=")


def test_a_part_that_was_complete_is_taken(get, tmp_path):
    with serving(FileServer(CONTENT)) as server:
        target = kept_at(Archive(urls=(f"{server.url}/a.tar.gz",), sha256=DIGEST), folder=tmp_path / "cache")
        target.parent.mkdir(parents=True)
        target.with_name("a.tar.gz.partial").write_bytes(CONTENT)

        assert get(f"{server.url}/a.tar.gz").read_bytes() == CONTENT
    assert server.seen == [f"bytes={len(CONTENT)}-"]


@pytest.mark.parametrize("kept", [b"something else", CONTENT + b"more"])
def test_a_part_of_something_else_is_thrown_away(get, tmp_path, kept):
    with serving(FileServer(CONTENT)) as server:
        target = kept_at(Archive(urls=(f"{server.url}/a.tar.gz",), sha256=DIGEST), folder=tmp_path / "cache")
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


def test_a_server_that_is_busy_is_asked_again_after_waits_that_grow(get, clock):
    with serving(FileServer(CONTENT, statuses=[503, 429, 500])) as server:
        assert get(f"{server.url}/a.tar.gz").read_bytes() == CONTENT
    assert len(server.seen) == 4
    assert clock.slept == [1, 2, 4]


def test_a_server_that_stays_busy_is_given_up_after_a_minute(refused, clock):
    with serving(FileServer(CONTENT, statuses=[503] * 100)) as server:
        error = refused(f"{server.url}/a.tar.gz")

    assert error.code == "download-refused"
    assert error.details["status"] == 503
    assert isinstance(error, HostsBusyError)
    assert error.urls == (f"{server.url}/a.tar.gz",)
    assert clock.slept == [1, 2, 4, 8, 16, 29]
    assert len(server.seen) == 7


@pytest.mark.parametrize("given", ["25", lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=25))])
def test_a_server_is_left_alone_for_as_long_as_it_wishes(get, clock, given):
    wish = given if isinstance(given, str) else given()
    with serving(FileServer(CONTENT, statuses=[429], retry_after=wish)) as server:
        assert get(f"{server.url}/a.tar.gz").read_bytes() == CONTENT
    assert clock.slept == [pytest.approx(25, abs=2)]


@pytest.mark.parametrize("wish", ["3600", "soon"])
def test_a_wish_that_is_too_long_or_none_does_not_make_hgw_wait_for_it(refused, clock, wish):
    with serving(FileServer(CONTENT, statuses=[429] * 100, retry_after=wish)) as server:
        assert refused(f"{server.url}/a.tar.gz").details["status"] == 429
    assert sum(clock.slept) <= 60
    assert (clock.slept == []) is (wish == "3600")


def test_every_mirror_is_tried_before_any_is_waited_for(get, clock):
    with (
        serving(FileServer(CONTENT, statuses=[503] * 100)) as busy,
        serving(FileServer(CONTENT, statuses=[404])) as without,
        serving(FileServer(CONTENT)) as good,
    ):
        assert get(*(f"{server.url}/a.tar.gz" for server in (busy, without, good))).read_bytes() == CONTENT
    assert clock.slept == []
    assert [len(server.seen) for server in (busy, without, good)] == [1, 1, 1]


def test_only_who_answered_is_waited_for(get, clock):
    with (
        serving(FileServer(CONTENT, statuses=[503])) as busy,
        serving(FileServer(CONTENT, statuses=[404, 404])) as without,
    ):
        assert get(*(f"{server.url}/a.tar.gz" for server in (without, busy))).read_bytes() == CONTENT
    assert clock.slept == [1]
    assert [len(server.seen) for server in (without, busy)] == [1, 2]


def test_a_mirror_with_other_bytes_makes_way_for_the_next(get, tmp_path):
    with serving(FileServer(b"other bytes")) as wrong, serving(FileServer(CONTENT)) as good:
        assert get(f"{wrong.url}/a.tar.gz", f"{good.url}/a.tar.gz").read_bytes() == CONTENT
    assert good.seen == [""]
    assert files(tmp_path / "cache") == ["a.tar.gz"]


def test_a_file_that_changes_while_it_is_fetched_is_begun_anew_in_the_same_call(get):
    older = bytes(len(CONTENT))
    with serving(FileServer(older, cuts=1, changed=CONTENT)) as server:
        assert get(f"{server.url}/a.tar.gz").read_bytes() == CONTENT
    assert server.seen == ["", f"bytes={len(older) // 2}-", ""]


def test_the_worst_is_told_where_no_mirror_has_it(refused):
    with serving(FileServer(b"other bytes")) as wrong, serving(FileServer(CONTENT, statuses=[404])) as without:
        error = refused(f"{wrong.url}/a.tar.gz", f"{without.url}/a.tar.gz")
    assert error.code == "checksum-mismatch"
    assert wrong.url in error.message
    assert without.url in error.message


def test_a_server_that_trickles_makes_way_for_the_next(get, refused, clock):
    clock.step = 10
    with serving(FileServer(CONTENT, trickles=True)) as slow, serving(FileServer(CONTENT)) as good:
        assert "is too slow" in refused(f"{slow.url}/a.tar.gz").message
        assert get(f"{slow.url}/a.tar.gz", f"{good.url}/a.tar.gz").read_bytes() == CONTENT
    assert clock.slept == []


_MANNERS = st.lists(
    st.tuples(st.lists(st.sampled_from([429, 500, 503]), max_size=9), st.sampled_from([None, "0", "7", "90"])),
    min_size=1,
    max_size=3,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(manners=_MANNERS)
@pytest.mark.slow
def test_waits_are_bounded_and_wishes_are_kept_whatever_the_mirrors_do(manners, tmp_path_factory):
    clock = FakeClock()
    with contextlib.ExitStack() as stack:
        servers = [
            stack.enter_context(serving(FileServer(CONTENT, statuses=list(statuses), retry_after=wish)))
            for statuses, wish in manners
        ]
        archive = Archive(urls=tuple(f"{server.url}/a.tar.gz" for server in servers), sha256=DIGEST)
        folder = tmp_path_factory.mktemp("cache")
        with contextlib.suppress(HostsBusyError):
            fetch(archive, folder=folder, variables={}, activity=SilentActivity(), clock=clock)
    assert sum(clock.slept) <= 60
    if clock.slept:
        assert all(server.seen for server in servers)
        assert clock.slept[0] >= min(float(wish or 0) for _statuses, wish in manners)
    if any(not statuses for statuses, _wish in manners):
        assert clock.slept == []


@pytest.mark.parametrize("status", [401, 403, 404, 407, 451])
def test_a_refusal_is_final_at_once(refused, status, tmp_path):
    with serving(FileServer(CONTENT, statuses=[status])) as server:
        error = refused(f"{server.url}/a.tar.gz")

    assert (error.code, error.details["status"]) == ("download-refused", status)
    assert str(status) in error.message
    assert len(server.seen) == 1
    assert files(tmp_path / "cache") == []


def test_a_host_where_nobody_listens_costs_no_time(refused):
    started = time.monotonic()

    error = refused(f"http://127.0.0.1:{unused_port()}/a.tar.gz")

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
    assert "none.tar.gz cannot be read: it does not exist" in error.message
    assert error.hint == "give the path of a file that exists"


def test_what_is_no_file_is_told(refused, tmp_path):
    error = refused(tmp_path.as_uri())

    assert error.message == f"{tmp_path} cannot be read: it is a folder"
    assert error.hint == "give the path of a file"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no system with named pipes")
def test_nobody_waits_for_a_pipe(refused, tmp_path):
    os.mkfifo(tmp_path / "pipe")

    assert "it is a pipe or a device" in refused((tmp_path / "pipe").as_uri()).message


def test_a_cache_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "cache").write_text("a file is in the way")
    (tmp_path / "source").write_bytes(CONTENT)
    archive = Archive(urls=((tmp_path / "source").as_uri(),), sha256=DIGEST)

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
    assert Archive(urls=(url,), sha256=DIGEST).file_name == name


def test_a_digest_is_of_all_bytes(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(os.urandom(0))

    assert sha256_of(path) == hashlib.sha256(b"").hexdigest()
