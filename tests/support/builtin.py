"""The engine builtin with a plugin of a test in it, a server behind it that says what it is told, and a client."""

import contextlib
import http.client
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from higress_cli.gateway.contract import Change
from higress_cli.gateway.engines.builtin.gateway import BuiltinGateway
from higress_cli.gateway.events import StreamEnded
from higress_cli.gateway.plugin import read_plugin
from higress_cli.gateway.run_folder import RunFolder
from higress_cli.gateway.services import Endpoint
from tests.support.probes import Probe


class Raw:
    """A server that answers each connection with what `answer` makes of the request's head."""

    def __init__(self, answer: Callable[[bytes, socket.socket], None]) -> None:
        self._answer = answer
        self.requests: list[bytes] = []
        self._server = socket.create_server(("127.0.0.1", 0))
        self.at = Endpoint(host="127.0.0.1", port=self._server.getsockname()[1])
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _address = self._server.accept()
                threading.Thread(target=self._one, args=(connection,), daemon=True).start()

    def _one(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                chunk = connection.recv(65536)
                if not chunk:
                    return
                head += chunk
            self.requests.append(head)
            self._answer(head, connection)

    def close(self) -> None:
        self._server.close()


def fixed(text: bytes) -> Callable[[bytes, socket.socket], None]:
    return lambda _head, connection: connection.sendall(text)


OK = fixed(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\nx-a: 1\r\n\r\nok")


Start = Callable[..., BuiltinGateway]
Serve = Callable[..., Raw]


def change(folder: RunFolder, module: Probe | bytes, **parts: Any) -> Change:
    path = folder.path / "given.wasm"
    path.write_bytes(module.build() if isinstance(module, Probe) else module)
    given: dict[str, Any] = {"services": {}, "buffer_limit": 32768, **parts}
    return Change(plugin=read_plugin(path), config=None, config_file=folder.path / "config.yaml", **given)


def connect(gateway: BuiltinGateway) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", int(gateway.url.rsplit(":", 1)[1]), timeout=10)


def ask(
    gateway: BuiltinGateway, method: str = "GET", path: str = "/a", **more: Any
) -> tuple[int, bytes, dict[str, str]]:
    with contextlib.closing(connect(gateway)) as connection:
        connection.request(method, path, **more)
        with connection.getresponse() as answer:
            return answer.status, answer.read(), dict(answer.getheaders())


def seen(gateway: BuiltinGateway, *kinds: type) -> list[Any]:
    """The events of these kinds, up to the end of a stream."""
    found: list[Any] = []
    deadline = time.monotonic() + 5
    while not any(isinstance(event, StreamEnded) for event in found) and time.monotonic() < deadline:
        found += gateway.events()
        time.sleep(0.01)
    return [event for event in found if isinstance(event, kinds)]
