"""Which proxy is taken for a URL, from nothing but the variables that hgw was given."""

from collections.abc import Mapping

import pytest

from higress_cli.system import http
from higress_cli.system.proxies import proxies
from tests.support.file_server import FileServer, serving

PROXY = "http://proxy.example:3128"


def urls(variables: Mapping[str, str]) -> dict[str, str | None]:
    return {at: proxy.url if proxy else None for at, proxy in proxies(variables).items()}


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({}, {}),
        ({"HTTPS_PROXY": PROXY}, {"https://": PROXY}),
        ({"HTTPS_PROXY": "proxy.example:3128"}, {"https://": PROXY}),
        ({"HTTPS_PROXY": "http://upper", "https_proxy": PROXY}, {"https://": PROXY}),
        ({"HTTPS_PROXY": PROXY, "https_proxy": ""}, {}),
        ({"ALL_PROXY": "socks5://127.0.0.1:1080"}, {"all://": "socks5://127.0.0.1:1080"}),
        ({"HTTP_PROXY": PROXY, "REQUEST_METHOD": "GET"}, {}),
        ({"http_proxy": PROXY, "REQUEST_METHOD": "GET"}, {"http://": PROXY}),
        ({"TRAVIS_APT_PROXY": PROXY}, {}),
        ({"HTTPS_PROXY": PROXY, "NO_PROXY": "*"}, {}),
        ({"NO_PROXY": "example.com"}, {}),
        (
            {"HTTPS_PROXY": PROXY, "NO_PROXY": "example.com, .example.org,10.0.0.0/8,::1,localhost"},
            {
                "https://": PROXY,
                "all://*example.com": None,
                "all://*.example.org": None,
                "all://10.0.0.0/8": None,
                "all://[::1]": None,
                "all://localhost": None,
            },
        ),
    ],
)
def test_the_proxies_of_variables(variables: Mapping[str, str], expected: Mapping[str, str | None]) -> None:
    assert urls(variables) == expected


@pytest.mark.parametrize(
    "variables",
    [{"HTTPS_PROXY": PROXY, "no_proxy": "example.com,10.0.0.0/8,::1,localhost"}, {"all_proxy": "http://[::1]:1"}],
)
def test_they_are_those_that_httpx_would_find(variables: Mapping[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    from httpx import _utils

    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert urls(variables) == _utils.get_environment_proxies()


def test_the_environment_of_the_process_does_not_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    with serving(FileServer(b"hello")) as server, http.client({}) as client:
        assert client.get(f"{server.url}/hello").content == b"hello"
