"""Whom hgw trusts, which proxies it takes, and what it says of a host that gives it nothing."""

import hashlib
import shutil
import socket
from pathlib import Path

import pytest

from higress_cli.digest import Sha256
from higress_cli.errors import DownloadError
from higress_cli.reporter import SilentActivity
from higress_cli.system import download, trust
from higress_cli.system.http import Obstacle, ObstacleKind, obstacle, size_of
from higress_cli.system.proxies import proxies
from higress_cli.system.reach import Reach
from tests.support.file_server import FileServer, serving
from tests.support.proxies import AUTHORITY, AUTHORITY_HASH, https_server, socks_proxy

HELLO = b"hello over TLS"
NOBODY = "http://127.0.0.1:9"


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SSL_CERT_FILE", "SSL_CERT_DIR", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def get(url: str, folder: Path, variables: dict[str, str], content: bytes = HELLO) -> bytes:
    wanted = download.Archive(urls=(url,), sha256=Sha256(hashlib.sha256(content).hexdigest()))
    return download.fetch(wanted, folder=folder, variables=variables, activity=SilentActivity()).path.read_bytes()


# Trust ----------------------------------------------------------------------------------------------------------


def test_an_authority_in_ssl_cert_file_is_trusted(tmp_path: Path) -> None:
    variables = {"SSL_CERT_FILE": str(AUTHORITY)}
    with https_server() as url:
        assert obstacle(url, variables) is None
        assert get(f"{url}/a", tmp_path, variables) == HELLO


def test_an_authority_in_one_of_the_folders_of_ssl_cert_dir_is_trusted(tmp_path: Path) -> None:
    empty, filled = tmp_path / "empty", tmp_path / "filled"
    empty.mkdir()
    filled.mkdir()
    shutil.copy(AUTHORITY, filled / AUTHORITY_HASH)
    with https_server() as url:
        assert get(f"{url}/a", tmp_path, {"SSL_CERT_DIR": f"{empty}:{filled}"}) == HELLO


def test_an_authority_in_the_systems_store_is_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # OpenSSL's own variable moves what it takes for the system's store; hgw's view of the variables is empty.
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))
    with https_server() as url:
        assert get(f"{url}/a", tmp_path, {}) == HELLO


def test_a_certificate_that_nobody_vouches_for_is_told_with_the_way_out(tmp_path: Path) -> None:
    with https_server() as url:
        found = obstacle(url, {})
        with pytest.raises(DownloadError) as caught:
            get(f"{url}/a", tmp_path, {})
    assert found is not None
    assert found.kind is ObstacleKind.UNTRUSTED
    assert "certificate verify failed" in found.text
    assert caught.value.code == "download-failed"
    assert "SSL_CERT_FILE" in str(found.hint)
    assert found.hint == caught.value.hint


@pytest.mark.parametrize("variable", ["SSL_CERT_FILE", "SSL_CERT_DIR"])
@pytest.mark.parametrize("wrong", ["missing", "text", "folder"])
def test_a_variable_that_names_no_authorities_is_named(tmp_path: Path, variable: str, wrong: str) -> None:
    (tmp_path / "text").write_text("no certificate", encoding="utf-8")
    (tmp_path / "folder").mkdir()
    if (variable, wrong) == ("SSL_CERT_DIR", "folder"):
        wrong = "text"
    value = str(tmp_path / wrong)
    with pytest.raises(DownloadError) as caught:
        get("https://localhost:9/a", tmp_path, {variable: value})
    assert caught.value.code == "certificates-unreadable"
    assert f"{variable}={value}" in caught.value.message
    assert variable in str(caught.value.hint)
    found = obstacle("https://localhost:9", {variable: value})
    assert found is not None
    assert (found.kind, found.text) == (ObstacleKind.UNTRUSTED, caught.value.message)


def test_programs_that_take_a_file_get_the_one_that_is_named_or_the_systems() -> None:
    assert trust.bundle({"SSL_CERT_FILE": "/named.pem"}) == Path("/named.pem")
    assert b"BEGIN CERTIFICATE" in trust.bundle({}).read_bytes()


# Proxies --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "ALL_PROXY", "http_proxy"])
def test_a_socks_proxy_is_taken(tmp_path: Path, variable: str) -> None:
    with socks_proxy() as proxy, serving(FileServer(HELLO)) as server:
        variables = {variable: proxy.url}
        assert obstacle(server.url, variables) is None
        assert get(f"{server.url}/a", tmp_path, variables) == HELLO
        assert size_of(f"{server.url}/a", variables) is None  # this server knows no HEAD
    assert proxy.asked


@pytest.mark.parametrize(
    "wrong", ["socks4://me:s3cret@127.0.0.1:1", "http://me:s3cret@[::1", "http://me:s3cret@h:port"]
)
def test_a_proxy_that_is_none_is_told_without_its_password(tmp_path: Path, wrong: str) -> None:
    found = obstacle(NOBODY, {"ALL_PROXY": wrong})
    assert found is not None
    assert found.kind is ObstacleKind.UNUSABLE
    with pytest.raises(DownloadError) as caught:
        get(f"{NOBODY}/a", tmp_path, {"ALL_PROXY": wrong})
    assert "s3cret" not in found.text + caught.value.message


@pytest.mark.parametrize("variable", ["HTTPS_PROXY", "https_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_a_proxy_that_does_not_answer_is_named_and_not_the_host(variable: str, scheme: str) -> None:
    found = obstacle("https://host.invalid/a", {variable: f"{scheme}://me:s3cret@127.0.0.1:9"})
    assert found is not None
    assert found.kind is ObstacleKind.PROXY
    assert found.text == f"the proxy {scheme}://127.0.0.1:9 (from {variable}) fails: the connection was refused"
    assert found.hint == f"check the proxy that {variable} names, or unset {variable}"


def test_a_proxy_that_refuses_to_pass_a_request_on_is_named_too() -> None:
    with serving(FileServer(HELLO)) as no_proxy:  # it answers CONNECT with 501
        found = obstacle("https://host.invalid/a", {"HTTPS_PROXY": no_proxy.url})
    assert found is not None
    assert found.kind is ObstacleKind.PROXY
    assert f"{no_proxy.url} (from HTTPS_PROXY)" in found.text
    assert "501" in found.text


@pytest.mark.parametrize("variables", [{}, {"HTTPS_PROXY": NOBODY}, {"ALL_PROXY": NOBODY, "NO_PROXY": "127.0.0.1"}])
def test_a_host_that_no_proxy_stands_before_is_silent_itself(variables: dict[str, str]) -> None:
    found = obstacle(NOBODY, variables)
    assert found is not None
    assert (found.kind, found.hint) == (ObstacleKind.SILENT, None)


def test_the_certificate_of_a_host_behind_a_proxy_is_the_hosts() -> None:
    with socks_proxy() as proxy, https_server() as url:
        found = obstacle(url, {"ALL_PROXY": proxy.url})
    assert found is not None
    assert found.kind is ObstacleKind.UNTRUSTED
    assert "SSL_CERT_FILE" in str(found.hint)


def test_the_proxy_of_the_systems_settings_is_told_without_a_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    monkeypatch.setattr("urllib.request.getproxies", lambda: {"http": "http://127.0.0.1:9"})
    (proxy,) = proxies({}).values()
    assert proxy is not None
    assert str(proxy) == "http://127.0.0.1:9 (from the system's settings)"
    assert proxy.advice == "check the proxy in the system's network settings"


# What is said of a host -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [(401, ObstacleKind.REFUSED), (403, ObstacleKind.REFUSED), (407, ObstacleKind.REFUSED), (451, ObstacleKind.REFUSED)]
    + [(status, None) for status in (200, 404, 429, 500, 503)],
)
def test_a_host_that_says_no_is_one_thing_and_one_that_is_busy_another(status: int, kind: ObstacleKind | None) -> None:
    with serving(FileServer(HELLO, statuses=[] if status == 200 else [status])) as server:
        found = obstacle(server.url, {})
    assert (found.kind if found else None) is kind
    assert found is None or str(status) in found.text


def test_hosts_are_asked_once_and_all_at_the_same_time() -> None:
    reach = Reach({}, offline=False)
    with serving(FileServer(HELLO)) as server:
        reach.ask([f"{server.url}/a", f"{server.url}/b", f"{NOBODY}/a"])
        assert reach.obstacle(f"{server.url}/c") is None
        assert len(server.seen) == 1
    silent = reach.obstacle(f"{NOBODY}/c")
    assert silent is not None
    assert silent.kind is ObstacleKind.SILENT


def test_a_host_that_was_waited_for_in_vain_is_not_asked_again() -> None:
    reach = Reach({}, offline=False)
    reach.gave_up(f"{NOBODY}/a", "HTTP 503")
    assert reach.obstacle(f"{NOBODY}/b") == Obstacle(kind=ObstacleKind.REFUSED, text="HTTP 503")


def test_what_only_hgw_cannot_use_is_left_to_other_programs() -> None:
    with https_server() as untrusted:
        assert Reach({}, offline=False).all_closed([untrusted]) is None
    assert Reach({"ALL_PROXY": "socks4://127.0.0.1:1"}, offline=False).all_closed([NOBODY]) is None
    assert str(Reach({}, offline=False).all_closed([NOBODY])).startswith(f"{NOBODY}: ")
    assert Reach({}, offline=False).all_closed([]) is None


def test_offline_nobody_is_asked() -> None:
    reach = Reach({}, offline=True)
    with serving(FileServer(HELLO)) as server:
        found = reach.obstacle(server.url)
        assert server.seen == []
    assert found is not None
    assert "--offline" in found.text
    assert reach.obstacle("file:///a") is None


def test_a_name_that_nobody_resolves_is_silence(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(*_args: object, **_more: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    found = obstacle("http://host.example", {})
    assert found is not None
    assert found.kind is ObstacleKind.SILENT
