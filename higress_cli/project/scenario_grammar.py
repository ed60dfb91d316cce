"""The grammar of the `verify` section of hgw.yaml: every key of a scenario with its form and its meaning.

The same tables read the file and make its reference and its JSON Schema.
"""

from collections.abc import Mapping
from typing import Any, Final

from higress_cli.i18n import N_, _
from higress_cli.project.forms import TEXT, Anything, File, Form, Null, Pattern, Seconds, Shape, Text, Whole, Word
from higress_cli.project.grammar import As, Either, Key, Raw, Record, TableOf
from higress_cli.project.scenario import Expectation, Request, Scenario, Service, TextMatch
from higress_cli.project.yaml_node import Node

_METHOD: Final = As(Text(N_("method")), str.upper)
_STATUS: Final = Whole(least=100, most=599)
_HEADERS: Final = TableOf(TEXT, lower=True)

_CONDITION: Final = Record(
    "condition",
    (
        Key("equals", TEXT, N_("the whole text, letter by letter")),
        Key("contains", TEXT, N_("a part of it")),
        Key("matches", Pattern(), N_("a regular expression that fits a part of it; ^ and $ are its beginning and end")),
    ),
    of=TextMatch,
    exactly_one=True,
)
MATCH: Final[Form[TextMatch]] = Either(
    Null(TextMatch(absent=True)), As(TEXT, lambda text: TextMatch(equals=text)), _CONDITION
)
"""A condition for a text: a string must be equal, null means absent."""
_MATCHES: Final = TableOf(MATCH, lower=True)

REQUEST: Final = Record(
    "request",
    (
        Key("method", _METHOD, N_("the method; case does not matter")),
        Key(
            "path",
            Text(N_("path"), pattern="^/", problem=lambda: _("a path starts with `/`")),
            N_("path and query"),
        ),
        Key("headers", _HEADERS, N_("the headers to send")),
        Key("body", TEXT, N_("the body to send")),
        Key("body_file", File(), N_("the file whose content is the body, relative to this file")),
        Key(
            "via",
            Word("gateway", "upstream"),
            N_("`upstream`: past the plugin, straight to the upstream"),
        ),
    ),
    of=Request,
    one_of=("body", "body_file"),
)

_UPSTREAM: Final = Record(
    "upstream",
    (
        Key("method", _METHOD, N_("the method that the upstream receives"), field="upstream_method"),
        Key("path", TEXT, N_("path and query that the upstream receives"), field="upstream_path"),
        Key(
            "headers",
            _MATCHES,
            N_("headers that the upstream receives; null: it is not there"),
            field="upstream_headers",
        ),
        Key("body", MATCH, N_("the body that the upstream receives"), field="upstream_body"),
    ),
    make=lambda _node, given: {"upstream_reached": True, **given},
)
_NOT_REACHED: Final = {"upstream_reached": False}


def _make_expectation(node: Node, given: dict[str, Any]) -> Expectation:
    upstream = given.pop("upstream", {})
    return Expectation(**given, **upstream, lines=_lines(node))


def _lines(node: Node, key: str = "") -> dict[str, int]:
    """The line of each key below `node`, with keys in lower case."""
    found: dict[str, int] = {}
    for name, value in node.mapping().items() if node.is_mapping else ():
        path = f"{key}.{name}" if key else name
        found |= {path.lower(): value.line, **_lines(value, path)}
    return found


EXPECT: Final = Record(
    "expect",
    (
        Key("status", _STATUS, N_("the status of the answer")),
        Key("headers", _MATCHES, N_("headers of the answer; null: it is not there")),
        Key("body", MATCH, N_("the body of the answer")),
        Key(
            "upstream",
            Either(Null[dict[str, Any]](_NOT_REACHED), As(Word("absent"), lambda _word: dict(_NOT_REACHED)), _UPSTREAM),
            N_("the request as the upstream receives it; `absent`: nothing of it, headers neither, gets there"),
        ),
        Key("log", MATCH, N_("some line that the plugin logs for this request; null: it logs none")),
    ),
    make=_make_expectation,
)

_REDIS_REPLY: Final = Record(
    "redis-reply",
    (
        Key("status", Anything(Shape.SCALAR), N_("a simple string, such as OK")),
        Key("error", Anything(Shape.SCALAR), N_("an error, such as ERR down")),
    ),
    make=lambda _node, given: given,
    exactly_one=True,
)


def _make_service(_node: Node, given: dict[str, Any]) -> Service:
    if "redis" not in given:
        return Service(**given)
    return Service(mode="redis", redis=given["redis"])


_ANSWER: Final = Record(
    "service",
    (
        Key("status", _STATUS, N_("the status of its answer"), default="200"),
        Key("headers", _HEADERS, N_("the headers of its answer")),
        Key("body", TEXT, N_("the body of its answer")),
        Key("delay", Seconds(), N_("how long it waits before it answers"), field="delay_seconds"),
        Key(
            "redis",
            Either(
                As[Mapping[str, Any] | None](Word("embedded"), lambda _word: None),
                Raw(TableOf(Either(_REDIS_REPLY, Anything()), name="COMMAND")),
            ),
            N_(
                "it is a Redis: `embedded` keeps what it is told; else the reply to each command, `*` to all others. "
                "Text is a bulk string, an integer an integer, a list an array, null is nil"
            ),
        ),
    ),
    make=_make_service,
    alone=("redis",),
)
SERVICE: Final[Form[Service]] = Either(
    As(Word("refused", "absent"), lambda mode: Service(mode="refused" if mode == "refused" else "absent")), _ANSWER
)


def _make_scenario(node: Node, given: dict[str, Any]) -> Scenario:
    given.setdefault("request", Request())
    given.setdefault("expect", Expectation(status=200))
    return Scenario(**given, file=node.path, line=node.line)


def _called(node: Node) -> Node:
    """The scenario, called by its name in errors if it has one."""
    name = node.mapping().get("name") if node.is_mapping else None
    return node.called(_("scenario `{name}`").format(name=name.text())) if name is not None and name.is_scalar else node


SCENARIO: Final = Record(
    "scenario",
    (
        Key("name", TEXT, N_("what it shows, as reports say it"), required=True),
        Key(
            "config",
            Anything(Shape.MAPPING),
            N_("the plugin's configuration for this scenario"),
            default=N_("the file that run.config names"),
        ),
        Key(
            "services",
            TableOf(SERVICE, name="NAME:PORT"),
            N_(
                "services that hgw plays, laid over run.services; `refused`: nothing listens there; `absent`: the "
                "gateway does not know it"
            ),
        ),
        Key("route", TEXT, N_("the route's name that the plugin's rules see")),
        Key("request", REQUEST, N_("the request to send"), default="GET /get"),
        Key("expect", EXPECT, N_("what has to come of it"), default=N_("status 200")),
    ),
    make=_make_scenario,
    title=_called,
)


def read_scenario(node: Node) -> Scenario:
    """Read one entry of `verify`.

    Raises:
        InvalidInput: `settings-invalid` with the place.
    """
    return SCENARIO.read(node)
