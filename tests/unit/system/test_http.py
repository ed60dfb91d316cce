"""Why a request failed, in the words of the user and not of a library."""

import gzip
import socket

import httpx
import pytest

from higress_cli.i18n import activate
from higress_cli.system import http
from tests.support.ports import unused_port


@pytest.fixture
def refused() -> httpx.HTTPError:
    """The error of a request to a port that nobody listens on."""
    url = f"http://127.0.0.1:{unused_port()}/"
    with pytest.raises(httpx.ConnectError) as caught:
        httpx.get(url, trust_env=False)
    return caught.value


def test_a_refused_connection_has_no_number_of_an_error(refused):
    assert http.reason(refused) == "the connection was refused"


def test_it_is_said_in_chinese_too(refused):
    activate("zh")
    try:
        assert http.reason(refused) == "连接被拒绝"
    finally:
        activate("en")


def test_a_name_that_does_not_resolve_is_said():
    error = httpx.ConnectError("[Errno -2] Name or service not known")
    error.__cause__ = socket.gaierror(-2, "Name or service not known")

    assert http.reason(error) == "the host name cannot be resolved"


def test_what_is_not_known_stays_as_the_library_says_it():
    assert http.reason(httpx.ConnectError("something new")) == "something new"


def test_a_body_is_decoded_whatever_else_its_headers_say() -> None:
    headers = [("x", "é中"), ("content-encoding", "gzip")]
    assert http.decoded(gzip.compress(b"body"), headers) == b"body"
