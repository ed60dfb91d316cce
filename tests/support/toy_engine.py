"""A second engine, in one file: an HTTP server in this process that plays a plugin. The trial of the engine contract.

Its plugin answers with the configuration's `answer` where there is one, crashes where the configuration says `crash`,
and else adds a header to the request and lets it pass to the upstream. It knows no services.
"""

import http.client
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from higress_cli.errors import HgwError
from higress_cli.gateway.contract import Applied, Change, Evidence, Gateway, GatewayFacts, Inside, Place
from higress_cli.gateway.events import (
    AnsweredBy,
    Event,
    HeadersSentUpstream,
    PluginLine,
    RequestSeen,
    StreamEnded,
    Trap,
)
from higress_cli.gateway.identity import HEADER, identity_start
from higress_cli.gateway.plugin import Plugin
from higress_cli.gateway.run_folder import RunFolder
from higress_cli.project.scenario import Key
from higress_cli.system.host import Host

NAME = "toy"


class Toy:
    name = NAME
    carries = frozenset(Key) - {Key.SERVICES, Key.METRICS, Key.STATE}

    packages = ()

    def obstacle(self, host: Host) -> HgwError | None:
        return None

    def lacks(self, functions: frozenset[str]) -> frozenset[str]:
        return frozenset()

    def ignores(self, plugin: Plugin) -> frozenset[str]:
        return frozenset()

    def answered_by(self, word: str) -> AnsweredBy | None:
        return AnsweredBy(word)

    def open(self, place: Place, folder: RunFolder, *, variables: Mapping[str, str]) -> Gateway:
        return ToyGateway(place, folder)


class ToyGateway:
    def __init__(self, place: Place, folder: RunFolder) -> None:
        self._place, self._folder = place, folder
        self._change: Change | None = None
        self._version = 0
        self._events: list[Event] = []
        self._server = ThreadingHTTPServer((place.listening.bind, place.listening.port), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://{self._place.listening.bind}:{self._server.server_port}"

    @property
    def facts(self) -> GatewayFacts:
        return GatewayFacts(engine=NAME, version="1", admin_url=None, log=self._folder.path / "toy.log")

    def apply(self, change: Change) -> Applied:
        self._version += 1
        self._change = change
        return Applied(version=self._version)

    def evidence(self) -> Sequence[Evidence]:
        assert self._change is not None
        return [Evidence(ok=True, expected="a toy", got=f"a toy with {self._change.plugin.sha256}")]

    def events(self) -> Sequence[Event]:
        told, self._events = self._events, []
        return told

    def inside(self) -> Inside:
        return Inside()

    def recover(self) -> None:
        """A toy is whole at once."""

    def check_alive(self) -> None:
        """It lives in this process."""

    def _tell(self, kind: type[Event], **facts: Any) -> None:
        self._events.append(kind(at=datetime.now(UTC), **facts))

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, body, by = gateway._answer(self.command, self.path, dict(self.headers))
                assert gateway._change is not None
                identity = identity_start(
                    engine=NAME,
                    run=gateway._folder.id,
                    version=gateway._version,
                    sha256=gateway._change.plugin.sha256,
                )
                self.send_response(status)
                self.send_header("content-length", str(len(body)))
                self.send_header(HEADER, f"{identity}{by}")
                self.end_headers()
                self.wfile.write(body)
                request = {"method": self.command, "path": self.path, "status": status, "milliseconds": 1}
                gateway._tell(StreamEnded, **request, answered_by=by)

            do_POST = do_GET  # noqa: N815 -- the name that http.server looks for

            def log_message(self, *_arguments: object) -> None:
                """Not on the terminal."""

        return Handler

    def _answer(self, method: str, path: str, headers: dict[str, str]) -> tuple[int, bytes, AnsweredBy]:
        request = {"method": method, "path": path}
        self._tell(RequestSeen, **request)
        config = self._change.config.values if self._change and self._change.config else {}
        if "crash" in config:
            self._tell(Trap, function="proxy_on_request_headers", reason="broken", frames=("main.play",))
            return 503, b"", AnsweredBy.CRASHED
        if "answer" in config:
            self._tell(PluginLine, level="info", text="the toy answers")
            return 200, str(config["answer"]).encode(), AnsweredBy.PLUGIN
        self._tell(HeadersSentUpstream, **request)
        connection = http.client.HTTPConnection(self._place.upstream.host, self._place.upstream.port, timeout=10)
        connection.request(method, path, headers={**headers, "hello": "world"})
        answer = connection.getresponse()
        status, body = answer.status, answer.read()
        connection.close()
        return status, body, AnsweredBy.UPSTREAM


ENGINE = Toy()
