"""One request to a server of this machine: what is sent, what comes back, and why nothing does."""

import gzip
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from higress_cli.system.exact_request import ask
from higress_cli.system.http import NoAnswerError, Target
from tests.support.ports import unused_port


@contextmanager
def server(answer: bytes) -> Iterator[tuple[str, list[bytes]]]:
    """The address of a server that answers its first request with `answer`, and what it gets."""
    received: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            connection, _peer = listening.accept()
            with connection:
                received.append(connection.recv(65536))
                connection.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}", received
        finally:
            thread.join()


def test_a_target_gets_its_path_as_it_is_and_nothing_that_was_not_asked_for():
    with server(b"HTTP/1.1 200 OK\r\nx: 1\r\nX: 2\r\ncontent-length: 2\r\n\r\nok") as (address, received):
        answer = ask(Target.plain(address, r"/stats?filter=^(a|b\.c)$"), headers={"X-A": "b"}, timeout=5)

    assert (answer.status, answer.headers["x"], answer.text) == (200, "1, 2", "ok")
    lines = received[0].split(b"\r\n")
    assert lines[0] == rb"GET /stats?filter=^(a|b\.c)$ HTTP/1.1"
    assert {line.partition(b":")[0].lower() for line in lines[1:] if line} == {
        b"host",
        b"user-agent",
        b"accept",
        b"x-a",
    }


def test_a_post_says_that_it_has_no_body():
    with server(b"HTTP/1.1 204 No Content\r\n\r\n") as (address, received):
        ask(f"http://{address}/quit", method="POST", timeout=5)

    assert b"content-length: 0" in received[0].lower()


def test_an_encoded_answer_is_decoded():
    body = gzip.compress(b"plain")
    head = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: %d\r\n\r\n" % len(body)
    with server(head + body) as (address, _received):
        assert ask(f"http://{address}/", timeout=5).body == b"plain"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [(b"", "the connection was closed"), (b"SSH-2.0-OpenSSH_9.2\r\n\r\n", "illegal status line")],
    ids=["nothing", "something else than HTTP"],
)
def test_a_server_that_does_not_answer(answer, reason):
    with server(answer) as (address, _received), pytest.raises(NoAnswerError, match=reason):
        ask(f"http://{address}/", timeout=5)


def test_a_server_that_is_silent_or_not_there():
    with socket.create_server(("127.0.0.1", 0)) as listening, pytest.raises(NoAnswerError, match="timed out"):
        ask(f"http://127.0.0.1:{listening.getsockname()[1]}/", timeout=0.05)
    with pytest.raises(NoAnswerError, match="the connection was refused"):
        ask(f"http://127.0.0.1:{unused_port()}/", timeout=5)
