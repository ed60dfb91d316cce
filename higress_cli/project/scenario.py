"""The `verify` section of hgw.yaml: requests through the plugin and their expected outcome."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from pathlib import Path
from typing import Any, Literal

from higress_cli.i18n import _
from higress_cli.project.yaml_node import Node


@unique
class Key(StrEnum):
    """The features of a scenario that not every gateway supports."""

    CONFIG = "config"
    SERVICES = "services"
    ROUTE = "route"
    VIA_UPSTREAM = "request.via"
    UPSTREAM = "expect.upstream"
    LOG = "expect.log"


@dataclass(frozen=True, kw_only=True)
class Request:
    """The request to send; `via` is `gateway`, or `upstream` to bypass the plugin.

    If `body_file` is set, its content is the body.
    """

    method: str = "GET"
    path: str = "/get"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    body_file: Path | None = None
    via: str = "gateway"

    @property
    def content(self) -> bytes:
        """The body to send.

        Raises:
            OSError: the file cannot be read.
        """
        return self.body_file.read_bytes() if self.body_file else self.body.encode()


@dataclass(frozen=True, kw_only=True)
class TextMatch:
    """The condition for a text: exactly one of the first three is set, or `absent` if there must be no text."""

    equals: str | None = None
    contains: str | None = None
    matches: str | None = None
    absent: bool = False


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """What is expected of the response (`status`, `headers`, `body`) and of the request that the upstream receives.

    Header names are lower-case. `upstream_reached` is None if it does not matter. `log` applies to the lines that the
    plugin logs for this request: at least one must match, or with `absent` there must be none. `lines` maps each key,
    such as `upstream.body`, to its line in the file.
    """

    status: int | None = None
    headers: Mapping[str, TextMatch] = field(default_factory=dict)
    body: TextMatch | None = None
    upstream_reached: bool | None = None
    upstream_method: str | None = None
    upstream_path: str | None = None
    upstream_headers: Mapping[str, TextMatch] = field(default_factory=dict)
    upstream_body: TextMatch | None = None
    log: TextMatch | None = None
    lines: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Service:
    """A service that the plugin calls, simulated by `hgw verify`.

    `mode` is `answer`, `refused` (nothing listens at its address), `absent` (the gateway has no such cluster) or
    `redis`. For the latter, `redis` maps commands to replies, or is None for a Redis that stores data.
    """

    mode: Literal["answer", "refused", "absent", "redis"] = "answer"
    redis: Mapping[str, Any] | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: str = ""
    delay_seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """One request and its expected outcome.

    If `config` is None, the project's own plugin configuration is used. `route` is the route name that the plugin's
    rules match. `file` and `line` are where the scenario is written.
    """

    name: str
    request: Request
    expect: Expectation
    config: Mapping[str, Any] | None = None
    services: Mapping[str, Service] = field(default_factory=dict)
    route: str | None = None
    file: Path | None = None
    line: int | None = None

    @property
    def keys(self) -> frozenset[Key]:
        """The features that the scenario uses and not every gateway supports."""
        asked = {
            Key.CONFIG: self.config is not None,
            Key.SERVICES: bool(self.services),
            Key.ROUTE: self.route is not None,
            Key.VIA_UPSTREAM: self.request.via == "upstream",
            Key.UPSTREAM: self.expect.upstream_reached is not None,
            Key.LOG: self.expect.log is not None,
        }
        return frozenset(key for key, is_asked in asked.items() if is_asked)


def read_scenario(node: Node) -> Scenario:
    """Read one entry of `verify`.

    Raises:
        InvalidInput: `settings-invalid` with the place.
    """
    entries = node.mapping(("name", "config", "services", "route", "request", "expect"))
    if "name" not in entries:
        node.fail(_("a scenario needs a `name`"))
    config: Mapping[str, Any] | None = None
    if "config" in entries:
        if not entries["config"].is_mapping:
            entries["config"].fail(_("expected a mapping of keys to values"))
        config = entries["config"].value()
    return Scenario(
        name=entries["name"].text(),
        config=config,
        services={
            name: _read_service(value)
            for name, value in (entries["services"].mapping() if "services" in entries else {}).items()
        },
        route=entries["route"].text() if "route" in entries else None,
        request=_read_request(entries["request"]) if "request" in entries else Request(),
        expect=_read_expectation(entries["expect"]) if "expect" in entries else Expectation(status=200),
        file=node.path,
        line=node.line,
    )


def _read_request(node: Node) -> Request:
    entries = node.mapping(("method", "path", "headers", "body", "body_file", "via"))
    default = Request()
    path = entries["path"].text() if "path" in entries else default.path
    if not path.startswith("/"):
        entries["path"].fail(_("a path starts with `/`"))
    if "body" in entries and "body_file" in entries:
        entries["body_file"].fail(_("say exactly one of: {choices}").format(choices="body, body_file"))
    return Request(
        method=entries["method"].text().upper() if "method" in entries else default.method,
        path=path,
        headers=_texts(entries.get("headers")),
        body=entries["body"].text() if "body" in entries else default.body,
        body_file=_read_file(entries["body_file"]) if "body_file" in entries else None,
        via=entries["via"].choice(("gateway", "upstream")) if "via" in entries else default.via,
    )


def _read_file(node: Node) -> Path:
    """The path of an existing file, relative to the file that names it."""
    path = node.path.parent / node.text()
    if not path.is_file():
        node.fail(_("the file {path} does not exist").format(path=path))
    return path


def _read_expectation(node: Node) -> Expectation:
    entries = node.mapping(("status", "headers", "body", "upstream", "log"))
    upstream: Mapping[str, Node] = {}
    reached: bool | None = None
    if "upstream" in entries:
        given = entries["upstream"]
        reached = not (given.is_null or _says_absent(given))
        if reached:
            upstream = given.mapping(("method", "path", "headers", "body"))
    return Expectation(
        status=entries["status"].integer(least=100, most=599) if "status" in entries else None,
        headers=_matches(entries.get("headers")),
        body=_read_match(entries["body"]) if "body" in entries else None,
        upstream_reached=reached,
        upstream_method=upstream["method"].text().upper() if "method" in upstream else None,
        upstream_path=upstream["path"].text() if "path" in upstream else None,
        upstream_headers=_matches(upstream.get("headers")),
        upstream_body=_read_match(upstream["body"]) if "body" in upstream else None,
        log=_read_match(entries["log"]) if "log" in entries else None,
        lines=_lines(node),
    )


def _lines(node: Node, key: str = "") -> dict[str, int]:
    """The line of each key below `node`, with keys in lower case."""
    found: dict[str, int] = {}
    for name, value in node.mapping().items() if node.is_mapping else ():
        path = f"{key}.{name}" if key else name
        found |= {path.lower(): value.line, **_lines(value, path)}
    return found


def _read_service(node: Node) -> Service:
    if not node.is_mapping:
        mode = node.choice(("refused", "absent"))
        return Service(mode="refused" if mode == "refused" else "absent")
    entries = node.mapping(("status", "headers", "body", "delay", "redis"))
    if "redis" in entries:
        return _read_redis(node, entries)
    delay = entries["delay"].value() if "delay" in entries else 0
    if not isinstance(delay, int | float) or isinstance(delay, bool) or delay < 0:
        entries["delay"].fail(_("expected a number of seconds"))
    return Service(
        status=entries["status"].integer(least=100, most=599) if "status" in entries else 200,
        headers=_texts(entries.get("headers")),
        body=entries["body"].text() if "body" in entries else "",
        delay_seconds=float(delay),
    )


def _read_redis(node: Node, entries: Mapping[str, Node]) -> Service:
    if len(entries) > 1:
        node.fail(_("`redis` stands alone"))
    rules = entries["redis"]
    if not rules.is_mapping:
        rules.choice(("embedded",))
        return Service(mode="redis")
    for reply in rules.mapping().values():
        if reply.is_mapping and len(reply.mapping(("status", "error"))) != 1:
            reply.fail(_("say exactly one of: {choices}").format(choices="status, error"))
    return Service(mode="redis", redis=rules.value())


def _says_absent(node: Node) -> bool:
    return not node.is_mapping and node.text() == "absent"


def _texts(node: Node | None) -> Mapping[str, str]:
    return {name.lower(): value.text() for name, value in node.mapping().items()} if node else {}


def _matches(node: Node | None) -> Mapping[str, TextMatch]:
    return {name.lower(): _read_match(value) for name, value in node.mapping().items()} if node else {}


def _read_match(node: Node) -> TextMatch:
    """Read a condition: a string must be equal, a mapping has `equals`, `contains` or `matches`, null means absent."""
    if node.is_null:
        return TextMatch(absent=True)
    if not node.is_mapping:
        return TextMatch(equals=node.text())
    entries = node.mapping(("equals", "contains", "matches"))
    if len(entries) != 1:
        node.fail(_("say exactly one of: {choices}").format(choices="equals, contains, matches"))
    ((how, value),) = entries.items()
    wanted = value.text()
    if how == "matches":
        import re

        try:
            re.compile(wanted)
        except re.error as error:
            value.fail(_("not a regular expression: {reason}").format(reason=error))
        return TextMatch(matches=wanted)
    return TextMatch(equals=wanted) if how == "equals" else TextMatch(contains=wanted)
