"""A TCP server in threads of this process, on the loopback address, so that nothing of it outlives hgw."""

import contextlib
import socket
import socketserver
import threading
from collections.abc import Callable
from typing import Final, Self

from higress_cli.gateway.services import Endpoint

LOOPBACK: Final = "127.0.0.1"
_POLL_SECONDS: Final = 0.05


class ConnectionServer:
    """Calls `serve` for each connection, in a thread of its own, from its creation until it is closed."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self._server = _Server((LOOPBACK, 0), serve)
        self.at = Endpoint(host=LOOPBACK, port=int(self._server.server_address[1]))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(_POLL_SECONDS,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop. The port is closed when this returns."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()


class _Server(socketserver.ThreadingTCPServer):
    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], serve: Callable[[socket.socket], None]) -> None:
        super().__init__(address, _Handler)
        self.serve = serve
        self.open: set[socket.socket] = set()

    def server_close(self) -> None:
        super().server_close()
        for connection in list(self.open):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class _Handler(socketserver.BaseRequestHandler):
    server: _Server

    def handle(self) -> None:
        self.server.open.add(self.request)
        try:
            with contextlib.suppress(OSError):
                self.server.serve(self.request)
        finally:
            self.server.open.discard(self.request)
