"""A SOCKS5 proxy (RFC 1928) that connects to where it is told, and an HTTPS server with an authority of the tests."""

import contextlib
import socket
import socketserver
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

CERTIFICATES = Path(__file__).with_name("certificates")
AUTHORITY = CERTIFICATES / "authority.pem"
# What OpenSSL calls the authority in a folder of certificates: `openssl x509 -hash`.
AUTHORITY_HASH = "a3ae9c3b.0"


@dataclass
class SocksProxy:
    """`asked` are the addresses that it was asked to connect to; `url` is where it is."""

    url: str = ""
    asked: list[tuple[str, int]] = field(default_factory=list)


@contextlib.contextmanager
def socks_proxy(names: Mapping[str, str] | None = None) -> Iterator[SocksProxy]:
    """Run a proxy until the context ends; `names` are hosts that only it knows, with their addresses."""
    proxy = SocksProxy()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            _version, methods = self.rfile.read(2)
            self.rfile.read(methods)
            self.wfile.write(b"\x05\x00")  # no password
            _version, _command, _reserved, kind = self.rfile.read(4)
            length = {1: 4, 4: 16}.get(kind) or self.rfile.read(1)[0]
            raw = self.rfile.read(length)
            host = raw.decode() if kind == 3 else socket.inet_ntop({1: socket.AF_INET, 4: socket.AF_INET6}[kind], raw)
            port = int.from_bytes(self.rfile.read(2), "big")
            proxy.asked.append((host, port))
            with socket.create_connection(((names or {}).get(host, host), port)) as target:
                self.wfile.write(b"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")
                back = threading.Thread(target=_relay, args=(target, self.connection), daemon=True)
                back.start()
                _relay(self.connection, target)
                back.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        proxy.url = f"socks5://127.0.0.1:{server.server_address[1]}"
        try:
            yield proxy
        finally:
            server.shutdown()


def _relay(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(1 << 16):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)


class _Hello(BaseHTTPRequestHandler):
    content: ClassVar[bytes] = b"hello over TLS"

    def log_message(self, *_args: object) -> None:
        """A test's output is for its own words."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.content)))
        self.end_headers()
        self.wfile.write(self.content)


@contextlib.contextmanager
def https_server() -> Iterator[str]:
    """The URL of a server whose certificate only `AUTHORITY` vouches for."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "server.pem", CERTIFICATES / "server.key")
    with ThreadingHTTPServer(("127.0.0.1", 0), _Hello) as server:
        server.daemon_threads = True
        server.handle_error = lambda *_args: None  # type: ignore[method-assign] # a client that does not trust it
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        try:
            yield f"https://localhost:{server.server_address[1]}"
        finally:
            server.shutdown()


@dataclass
class CuttingProxy:
    """`port` is where it listens; `sent` is how many bytes clients have sent through it, `cuts` how often it cut."""

    port: int = 0
    sent: int = 0
    cuts: int = 0


@contextlib.contextmanager
def cutting_proxy(target: tuple[str, int], *, after: int, cuts: int = 1) -> Iterator[CuttingProxy]:
    """Pass connections on to `target`, and cut the first `cuts` ones that have sent `after` bytes."""
    proxy = CuttingProxy()

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            with socket.create_connection(target) as there:
                back = threading.Thread(target=_relay, args=(there, self.request), daemon=True)
                back.start()
                count = 0
                with contextlib.suppress(OSError):
                    while chunk := self.request.recv(1 << 14):
                        there.sendall(chunk)
                        count += len(chunk)
                        proxy.sent += len(chunk)
                        if count >= after and proxy.cuts < cuts:
                            proxy.cuts += 1
                            break
                for end in (there, self.request):
                    with contextlib.suppress(OSError):
                        end.shutdown(socket.SHUT_RDWR)
                back.join()

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        proxy.port = server.server_address[1]
        try:
            yield proxy
        finally:
            server.shutdown()
