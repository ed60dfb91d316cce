"""Both ends of a gateway: a client, and servers that do what the case of a request says, and keep what they got."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import h11

from tests.e2e.conformance.case import Message, Pairs, Server

_PAUSE = 0.1
"""Between two chunks, so that each is a body callback of its own."""
_NEVER_SECONDS = 1.5
"""How long a client waits for an answer that must not come, or comes at once or never."""
_PATIENT_SECONDS = 30.0
_POLL_SECONDS = 0.05
"""Patience is counted in polls: time in which this process, the gateway with it, does not run uses up none."""


@dataclass
class Received:
    """A message as it came; `complete` says that its end did."""

    method: str = ""
    path: str = ""
    status: int | None = None
    headers: Pairs = ()
    body: str = ""
    trailers: Pairs = ()
    complete: bool = False


def ask(port: int, path: str, request: Message, headers: Pairs, *, answered: bool) -> Received:
    """The gateway's answer to a request; with `answered` False one that is not expected to come."""
    got = Received()
    polls = round((_PATIENT_SECONDS if answered else _NEVER_SECONDS) / _POLL_SECONDS)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        http = h11.Connection(h11.CLIENT)
        reading = threading.Thread(target=_read, args=(connection, http, got, polls))
        host = (("host", "example.com"),)
        start = h11.Request(
            method=request.method, target=path, headers=[*host, *headers, *request.headers, *_framing(request)]
        )
        # What answers before the request is complete ends this.
        with contextlib.suppress(OSError):
            _write(connection, http, start, request)
        reading.start()
        reading.join()
    return got


class Behind:
    """A server behind the gateway: `servers` says for each case what it does, `received` what it got."""

    def __init__(self, servers: Mapping[str, Server]) -> None:
        self._servers = servers
        self.received: dict[str, list[Received]] = {name: [] for name in servers}
        self._listening = socket.create_server(("127.0.0.1", 0), backlog=200)
        self.port: int = self._listening.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _address = self._listening.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        # Without a timeout: the gateway ends the connection.
        with connection, contextlib.suppress(OSError, h11.RemoteProtocolError):
            http = h11.Connection(h11.SERVER)
            got, server = Received(), None
            for event in _events(connection, http):
                _note(event, got)
                if isinstance(event, h11.Request):
                    # /CASE/whatever
                    name = got.path.split("/")[1]
                    self.received[name].append(got)
                    server = self._servers[name]
                if got.complete or (server is not None and server.early):
                    break
            if server is not None and self._answer(connection, http, server):
                while connection.recv(65536):
                    pass

    def _answer(self, connection: socket.socket, http: h11.Connection, server: Server) -> bool:
        """Answer; whether the connection stays open until the other side closes it."""
        time.sleep(server.delay)
        if server.fault == "hang up":
            return False
        answer = server.answer
        headers = [*answer.headers, *_framing(answer), ("connection", "close")]
        start = h11.Response(status_code=answer.status, headers=headers, reason="-")
        if server.fault:
            connection.sendall((http.send(start) or b"") + (http.send(h11.Data(data=b"o")) or b""))
            return server.fault == "stall"
        _write(connection, http, start, answer)
        connection.shutdown(socket.SHUT_WR)
        return True


def _framing(message: Message) -> list[tuple[str, str]]:
    names = {name.lower() for name, _value in message.headers}
    if names & {"content-length", "transfer-encoding"}:
        return []
    if message.trailers or len(message.chunks) > 1:
        return [("transfer-encoding", "chunked")]
    if message.chunks or message.method == "POST":
        return [("content-length", str(len("".join(message.chunks))))]
    return []


def _write(connection: socket.socket, http: h11.Connection, start: h11.Event, message: Message) -> None:
    """Headers and first chunk in one packet, the end with the last."""
    pending = http.send(start) or b""
    for index, chunk in enumerate(message.chunks):
        if index:
            connection.sendall(pending)
            pending = b""
            time.sleep(_PAUSE)
        pending += http.send(h11.Data(data=chunk.encode())) or b""
    pending += http.send(h11.EndOfMessage(headers=list(message.trailers))) or b""
    connection.sendall(pending)


def _read(connection: socket.socket, http: h11.Connection, got: Received, polls: int) -> None:
    with contextlib.suppress(OSError, h11.RemoteProtocolError):
        connection.settimeout(_POLL_SECONDS)
        for event in _events(connection, http, polls=polls):
            _note(event, got)
            if got.complete:
                return


def _events(connection: socket.socket, http: h11.Connection, *, polls: int = 1) -> Iterator[h11.Event]:
    """What comes, until the connection's timeout has passed `polls` times."""
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            try:
                http.receive_data(connection.recv(65536))
            except TimeoutError:
                polls -= 1
                if polls <= 0:
                    raise
        elif isinstance(event, h11.ConnectionClosed) or event is h11.PAUSED:
            return
        else:
            assert isinstance(event, h11.Event)
            yield event


def _note(event: h11.Event, got: Received) -> None:
    if isinstance(event, h11.Request):
        got.method, got.path = event.method.decode(), event.target.decode()
        got.headers = _texts(event.headers)
    elif isinstance(event, h11.Response):
        got.status, got.headers = event.status_code, _texts(event.headers)
    elif isinstance(event, h11.Data):
        got.body += bytes(event.data).decode("utf-8", "replace")
    elif isinstance(event, h11.EndOfMessage):
        got.trailers, got.complete = _texts(event.headers), True


def _texts(headers: Iterable[tuple[bytes, bytes]]) -> Pairs:
    return tuple((name.decode(), value.decode()) for name, value in headers)
