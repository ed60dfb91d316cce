"""The `verify` section of hgw.yaml: requests through the plugin and their expected outcome."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum, unique
from pathlib import Path
from typing import Any, Literal


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
