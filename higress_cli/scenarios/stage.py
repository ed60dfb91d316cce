"""What surrounds the plugin during a scenario: services and an upstream that answer as the scenario says."""

import contextlib
import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Generic, TypeVar

from higress_cli.choice import Source, SourceKind
from higress_cli.document import Json, JsonObject
from higress_cli.gateway.opening import Opened
from higress_cli.gateway.redis_server import RedisServer
from higress_cli.gateway.redis_store import RedisError
from higress_cli.gateway.scripted_server import Reply, ScriptedServer
from higress_cli.gateway.servers import Seen, refusing
from higress_cli.gateway.services import Endpoint, cluster_name
from higress_cli.project.matcher import Values
from higress_cli.project.scenario import Headers, Key, Response, Scenario, Service
from higress_cli.proxy_wasm.redis import Reply as RedisReply
from higress_cli.scenarios.condition_checks import request_fits
from higress_cli.scenarios.observation import Call
from higress_cli.system.exact_request import Asking, Outgoing
from higress_cli.system.http import NoAnswerError

T = TypeVar("T")

_UPSTREAM_SECONDS: Final = 30.0
_NO_RULE: Final = Reply(status=503, parts=(b"no rule of the scenario is for this request",))
# About one connection, not about the message: a server that passes a message on leaves them out.
_HOP_BY_HOP: Final = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "upgrade"})


class Stage:
    """The servers of one scenario, from their creation until the stack closes them."""

    def __init__(
        self, scenario: Scenario, opened: Opened, *, services: Mapping[str, Endpoint], stack: contextlib.ExitStack
    ) -> None:
        """`services` are those of the project, by cluster."""
        self._opened = opened
        self._stack = stack
        self._calls = _Recorder[Call]()
        self._redis: dict[str, RedisServer] = {}
        self.clusters = dict(services)
        """All services that the plugin can call."""
        self.absent = {name for name, service in wanted_services(scenario).items() if service.mode == "absent"}
        self._own = set(opened.played.names)
        for name, service in wanted_services(scenario).items():
            self._own.add(name)
            at = self._place(name, service)
            self.clusters.pop(name, None)
            if at is not None:
                self.clusters[name] = at
        self._upstream = _Upstream(opened.upstream.at) if _needs_upstream(scenario) else None
        if self._upstream is not None:
            stack.enter_context(self._upstream)

    @property
    def hidden(self) -> frozenset[str]:
        """The services whose calls hgw cannot see."""
        return frozenset(self.clusters) - self._own

    @property
    def upstream(self) -> Endpoint | None:
        """The upstream of this scenario, None for the gateway's own."""
        return self._upstream.at if self._upstream else None

    def answer_with(self, response: Response | None) -> None:
        """What the upstream answers from now on; None: what the gateway's own upstream does."""
        if self._upstream is not None:
            self._upstream.response = response

    def calls(self) -> tuple[Call, ...]:
        """What the played services got since the last call."""
        taken = {**self._opened.played.take(), **{name: server.take() for name, server in self._redis.items()}}
        commands = [
            Call(
                cluster=name,
                command=command.text,
                fits=command.fits,
                foreign="HTTP" if command.is_http else None,
                missing=command.missing,
            )
            for name, several in taken.items()
            for command in several
        ]
        return (*self._calls.take(), *commands)

    def seen(self) -> Sequence[Seen] | None:
        """The requests that the upstream got since the last call; None if hgw cannot see them."""
        usual = self._opened.upstream.seen()
        return usual if self._upstream is None else self._upstream.seen.take()

    def _place(self, name: str, service: Service) -> Endpoint | None:
        """Where the service is, None if it is absent."""
        if service.mode == "absent":
            return None
        if service.mode == "refused":
            return self._stack.enter_context(refusing())
        if service.mode == "redis":
            self._redis[name] = self._stack.enter_context(RedisServer(_replies(service.redis)))
            return self._redis[name].at

        def answer(seen: Seen) -> Reply:
            rule = next((rule for rule in service.rules if request_fits(rule.match, seen)), None)
            self._calls.add(Call(cluster=name, seen=seen, fits=rule is not None))
            return _NO_RULE if rule is None else reply_of(rule.response)

        def on_redis(words: list[bytes]) -> None:
            text = b" ".join(words).decode("utf-8", "replace")
            self._calls.add(Call(cluster=name, command=text, fits=False, foreign="Redis"))

        return self._stack.enter_context(ScriptedServer(answer, on_redis=on_redis)).at


@contextlib.contextmanager
def staged(scenario: Scenario, opened: Opened, *, services: Mapping[str, Endpoint]) -> Iterator[Stage]:
    """The servers of `scenario`, until the context ends."""
    with contextlib.ExitStack() as stack:
        yield Stage(scenario, opened, services=services, stack=stack)


def wanted_services(scenario: Scenario) -> dict[str, Service]:
    """The services of a scenario by cluster, and a check of those that it expects calls of.

    Raises:
        InvalidInput: `service-invalid` for the name of a service.
    """
    source = Source(SourceKind.FILE, str(scenario.file or ""))
    for turn in scenario.turns:
        for call in turn.expect.calls or ():
            cluster_name(call.service, source=source)
    return {cluster_name(key, source=source): service for key, service in scenario.services.items()}


def longest_delay(scenario: Scenario) -> float:
    """How many seconds the servers of a scenario may take in all for one request."""
    responses = [rule.response for service in scenario.services.values() for rule in service.rules]
    responses += [turn.response for turn in scenario.turns if turn.response is not None]
    return sum(response.delay for response in responses)


def reply_of(response: Response) -> Reply:
    """What a server sends.

    Raises:
        OSError: the body's file cannot be read.
    """
    return Reply(
        status=response.status,
        headers=pairs_of(response.headers),
        parts=response.parts,
        chunked=response.is_chunked,
        trailers=pairs_of(response.trailers),
        delay=response.delay,
    )


def pairs_of(headers: Headers) -> tuple[tuple[str, str], ...]:
    """Headers one by one, in order."""
    return tuple((name, value) for name, values in headers.items() for value in values)


def _needs_upstream(scenario: Scenario) -> bool:
    """Whether the gateway's own upstream cannot answer or see what the scenario wants."""
    expected = [turn.expect.upstream for turn in scenario.turns if turn.expect.upstream is not None]
    has_lists = any(
        isinstance(matcher, Values) for upstream in expected for matcher in upstream.request.headers.values()
    )
    return has_lists or bool(scenario.keys & {Key.RESPONSE, Key.TRAILERS})


class _Upstream(ScriptedServer):
    """An upstream in front of another, which answers where it has no `response` of its own."""

    def __init__(self, behind: Endpoint) -> None:
        self.response: Response | None = None
        self.seen = _Recorder[Seen]()
        self._behind = behind
        super().__init__(self._reply)

    def _reply(self, seen: Seen) -> Reply:
        self.seen.add(seen)
        return reply_of(self.response) if self.response is not None else self._ask(seen)

    def _ask(self, seen: Seen) -> Reply:
        own_name = self._behind.own_name
        headers = [
            (name, own_name if name == "host" and own_name else value)
            for name, value in seen.pairs
            if name not in _HOP_BY_HOP
        ]
        outgoing = Outgoing(
            url=f"{self._behind.url}{seen.path}",
            method=seen.method,
            headers=headers,
            parts=(seen.body,) if seen.body else (),
            trailers=seen.trailers,
        )
        asking = Asking(outgoing, timeout=_UPSTREAM_SECONDS)
        asking.wait(_UPSTREAM_SECONDS)
        try:
            answer = asking.answer()
        except NoAnswerError as error:
            return Reply(status=502, parts=(str(error).encode(),))
        passed = tuple(pair for pair in answer.pairs if pair[0] not in _HOP_BY_HOP)
        parts = (answer.content,) if answer.content else ()
        return Reply(status=answer.status, headers=passed, parts=parts, trailers=answer.trailers)


class _Recorder(Generic[T]):
    """What servers in several threads got."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._items: list[T] = []

    def add(self, item: T) -> None:
        with self._turn:
            self._items.append(item)

    def take(self) -> Sequence[T]:
        with self._turn:
            items, self._items = self._items, []
        return items


def _replies(rules: JsonObject | None) -> Mapping[str, RedisReply] | None:
    """The replies of a scenario's Redis, in the form that RedisServer takes."""
    return None if rules is None else {command: _reply(value) for command, value in rules.items()}


def _reply(value: Json) -> RedisReply:
    """Strings become bulk strings, lists arrays, null nil; a mapping has a simple string (`status`) or an `error`.

    A fraction becomes a bulk string, as in Redis (https://redis.io/docs/latest/commands/incrbyfloat/).
    """
    match value:
        case None | int():
            return value
        case str() | float():
            return str(value).encode()
        case Mapping():
            return str(value["status"]) if "status" in value else RedisError(str(value["error"]))
    return [_reply(each) for each in value]
