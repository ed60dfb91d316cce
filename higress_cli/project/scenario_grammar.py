"""The grammar of the section `verify`: the shapes by which scenarios are read and explained."""

from typing import Final
from urllib.parse import quote

from higress_cli.abi import Abi
from higress_cli.i18n import N_, _
from higress_cli.phases import PHASES, actions
from higress_cli.project import scenario_parts as parts
from higress_cli.project.matcher import ENTRIES, JSON_MATCHER, MATCHER, Equals
from higress_cli.project.scenario import (
    LineExpectation,
    RequestMatch,
    Service,
    StateExpectation,
    UpstreamExpectation,
)
from higress_cli.project.shapes import (
    Anything,
    Either,
    Entry,
    FileName,
    Items,
    Pairs,
    Patterned,
    Record,
    Scalar,
    Seconds,
    Shape,
    Turned,
    Whole,
    fields,
)

LEVELS: Final = ("trace", "debug", "info", "warn", "error", "critical")
_MOST: Final = 1_000_000


_HTTP_WORD: Final = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
"""What a method and the name of a header are (https://www.rfc-editor.org/rfc/rfc9110#section-5.6.2)."""


def _not_a_token(text: str) -> str:
    return _("`{text}` is not an HTTP token, which consists of ASCII letters, digits and {signs}").format(
        text=text.encode("unicode_escape").decode() if not text.isprintable() else text, signs="!#$%&'*+-.^_`|~"
    )


def _not_a_path(text: str) -> str:
    if not text.startswith("/"):
        return _("a path starts with `/`")
    encoded = quote(text, safe="".join(chr(code) for code in range(0x21, 0x7F)))
    return _("a path has only visible ASCII characters; percent-encoded, this one is {path}").format(path=encoded)


def _not_a_header_value(_text: str) -> str:
    return _("the value of a header has no line breaks and no NUL")


_HEADER_NAME: Final = Patterned(pattern=_HTTP_WORD, wrong=_not_a_token)
# Other bytes are legitimate: https://www.rfc-editor.org/rfc/rfc9110#section-5.5
# White space around it does not count.
_HEADER_VALUE: Final = Turned(
    Patterned(pattern=r"[^\u0000\n\u000b\f\r]*", wrong=_not_a_header_value), lambda text: text.strip(" \t")
)
_HEADERS: Final = Pairs(
    Either(scalar=Turned(_HEADER_VALUE, lambda text: (text,)), items=Items(_HEADER_VALUE)),
    lower=True,
    name=_HEADER_NAME,
)
_MATCHERS: Final = Pairs(MATCHER)
_HEADER_MATCHERS: Final = Pairs(MATCHER, lower=True)
_METHOD: Final = Turned(Patterned(pattern=_HTTP_WORD, wrong=_not_a_token), str.upper)
_PATH: Final = Patterned(pattern="/[!-~]*", wrong=_not_a_path)
_METHOD_MATCHER: Final = Either(
    scalar=Turned(Scalar(), lambda text: Equals(text.upper())), mapping=MATCHER, items=MATCHER, null=MATCHER
)
_STATUS: Final = Whole(least=100, most=599)

_CONTENT: Final = (
    Entry(name="headers", shape=_HEADERS, help=N_("headers; a list is a header with several values")),
    Entry(name="body", shape=Scalar(), help=N_("the body")),
    Entry(name="body_file", shape=FileName(), help=N_("the file whose content is the body")),
    Entry(name="chunks", shape=Items(Scalar()), help=N_("the parts of the body, which arrive one by one")),
    Entry(name="trailers", shape=_HEADERS, help=N_("trailers after the body")),
)
_ANSWER: Final = (
    Entry(name="status", shape=_STATUS, help=N_("the status; default: 200")),
    *_CONTENT,
    Entry(name="delay", shape=Seconds(), help=N_("how many seconds the answer takes")),
)
REQUEST: Final = Record(
    entries=(
        Entry(name="method", shape=_METHOD, help=N_("the method; default: GET")),
        Entry(name="path", shape=_PATH, help=N_("path and query; default: /get")),
        *_CONTENT,
        Entry(
            name="via",
            shape=Scalar(("gateway", "upstream")),
            help=N_("gateway, or upstream to bypass gateway and plugin"),
        ),
    ),
    make=parts.given,
    exclusive=(parts.BODY,),
)
RESPONSE: Final = Record(entries=_ANSWER, make=parts.given, exclusive=(parts.BODY,))

_WANTED: Final = (
    Entry(name="method", shape=_METHOD_MATCHER, help=N_("the method")),
    Entry(name="path", shape=MATCHER, help=N_("path and query")),
    Entry(name="headers", shape=_HEADER_MATCHERS, help=N_("headers by name")),
    Entry(name="body", shape=MATCHER, help=N_("the body")),
    Entry(name="trailers", shape=_HEADER_MATCHERS, help=N_("trailers by name")),
)
_MATCH: Final = Entry(
    name="match",
    shape=Record(entries=_WANTED, make=fields(RequestMatch)),
    help=N_("the requests that this answer is for; default: all"),
)
_REDIS_REPLY: Final = Either[object](
    scalar=Anything(),
    items=Anything(),
    null=Anything(),
    mapping=Record(
        entries=(
            Entry(name="status", shape=Scalar(), help=N_("a status such as OK")),
            Entry(name="error", shape=Scalar(), help=N_("an error")),
        ),
        make=parts.given,
        just_one=True,
    ),
)
_REDIS: Final = Entry(
    name="redis",
    shape=Either[object](scalar=Scalar(("embedded",)), mapping=Pairs(_REDIS_REPLY)),
    help=N_("a Redis: embedded stores what it is given; otherwise replies by command, where * matches any text"),
)
SERVICE: Final = Either(
    scalar=Turned(Scalar(("refused", "absent")), parts.refused_or_absent),
    items=Turned(
        Items(Record(entries=(_MATCH, *_ANSWER), make=parts.rule, exclusive=(parts.BODY,))),
        lambda rules: Service(rules=rules),
    ),
    mapping=Record(entries=(_MATCH, *_ANSWER, _REDIS), make=parts.service, exclusive=(parts.BODY,)),
)

_LEVEL: Final = Entry(name="level", shape=Scalar(LEVELS), help=N_("the level of the line"))
_LINE_TEXT: Final = Turned(Scalar(), lambda text: LineExpectation(matcher=Equals(text)))
_SOME_LINE: Final = Either(scalar=_LINE_TEXT, mapping=Record(entries=(_LEVEL, *ENTRIES), make=parts.line))
_NO_LINE: Final = Entry(name="none", shape=_SOME_LINE, help=N_("no line matches this"))
_LOG_LINE: Final = Either(scalar=_LINE_TEXT, mapping=Record(entries=(_NO_LINE, _LEVEL, *ENTRIES), make=parts.line))
_LOG: Final = Either[tuple[LineExpectation, ...]](
    scalar=Turned(_LOG_LINE, lambda line: (line,)),
    mapping=Turned(_LOG_LINE, lambda line: (line,)),
    items=Items(_LOG_LINE),
    null=Turned(Anything(), lambda _null: (LineExpectation(none=True),)),
)
_UPSTREAM: Final = Either(
    scalar=Turned(Scalar(("absent",)), lambda _word: UpstreamExpectation(reached=False)),
    mapping=Record(entries=_WANTED, make=parts.upstream),
    null=Turned(Anything(), lambda _null: UpstreamExpectation(reached=False)),
)
_CALL: Final = Record(
    entries=(
        Entry(name="service", shape=Scalar(), help=N_("the service, as in `services`")),
        *_WANTED,
        Entry(name="command", shape=MATCHER, help=N_("for Redis: the command and its arguments")),
        Entry(name="times", shape=Whole(least=0, most=_MOST), help=N_("how often, exactly; default: at least once")),
    ),
    make=parts.call,
    required=("service",),
)


def _action_shape(phase: str) -> Shape[object]:
    known = actions(phase)
    one = Turned(Scalar(tuple(known)), known.__getitem__)
    return Either(scalar=one, items=Items(one))


_ACTIONS: Final = Record(
    entries=tuple(Entry(name=phase, shape=_action_shape(phase)) for phase in PHASES), make=parts.given
)
_STATE: Final = Record(
    entries=(
        Entry(name="shared", shape=_MATCHERS, help=N_("shared data by key")),
        Entry(name="properties", shape=_MATCHERS, help=N_("properties that the plugin set, by name")),
    ),
    make=fields(StateExpectation),
)
EXPECT: Final = Record(
    entries=(
        Entry(
            name="start",
            shape=Scalar(("ok", "fails")),
            help=N_("whether the plugin accepts its configuration; with fails, only log can be expected as well"),
        ),
        Entry(name="status", shape=_STATUS, help=N_("the status of the response")),
        Entry(name="headers", shape=_HEADER_MATCHERS, help=N_("headers of the response by name")),
        Entry(name="body", shape=MATCHER, help=N_("the body of the response")),
        Entry(name="trailers", shape=_HEADER_MATCHERS, help=N_("trailers of the response by name")),
        Entry(name="upstream", shape=_UPSTREAM, help=N_("what the upstream gets; absent: nothing, not even headers")),
        Entry(
            name="calls",
            shape=Items(_CALL),
            help=N_("what the plugin asks of services, in any order; an empty list is nothing at all"),
        ),
        Entry(name="log", shape=_LOG, help=N_("what the plugin logs: each entry matches some line")),
        Entry(name="metrics", shape=Pairs(JSON_MATCHER), help=N_("how much the plugin's metrics change, by name")),
        Entry(
            name="actions",
            shape=_ACTIONS,
            help=N_("what the callbacks of a phase return: the last one, or a list of all"),
        ),
        Entry(name="state", shape=_STATE, help=N_("what the plugin has stored")),
        Entry(name="within", shape=Seconds(), help=N_("how many seconds the response may take")),
    ),
    make=parts.expected,
)
_TURN_ENTRIES: Final = (
    Entry(name="request", shape=REQUEST, help=N_("the request to send")),
    Entry(name="response", shape=RESPONSE, help=N_("what the upstream answers; default: what httpbin answers")),
    Entry(name="expect", shape=EXPECT, help=N_("what the outcome has to be; default: status 200")),
)
_STEP: Final = Record(entries=_TURN_ENTRIES, make=parts.step)
SCENARIO: Final = Record(
    entries=(
        Entry(name="name", shape=Scalar(), help=N_("what the scenario shows")),
        Entry(
            name="config",
            shape=Either[object](mapping=Anything()),
            help=N_("the plugin's configuration; default: config.yaml"),
        ),
        Entry(name="env", shape=Pairs(Scalar()), help=N_("environment variables that the plugin sees")),
        Entry(
            name="abi",
            shape=Either(scalar=Turned(Scalar(tuple(Abi)), lambda word: (word,)), items=Items(Scalar(tuple(Abi)))),
            help=N_("only for modules of these ABIs"),
        ),
        Entry(name="route", shape=Scalar(), help=N_("the name of the route, which the plugin's rules match")),
        Entry(
            name="cluster",
            shape=Scalar(),
            help=N_("the name of the upstream's cluster, which the plugin's rules may match as well"),
        ),
        Entry(
            name="properties",
            shape=Pairs(Turned(Anything(), parts.property_value)),
            help=N_("properties that the plugin reads, by path"),
        ),
        Entry(
            name="clock",
            shape=Turned(Scalar(), parts.moment),
            help=N_("the time that the plugin sees, such as 2026-01-01T00:00:00Z; it stands still"),
        ),
        Entry(
            name="services", shape=Pairs(SERVICE), help=N_("services that the plugin calls; they win over run.services")
        ),
        *_TURN_ENTRIES,
        Entry(name="repeat", shape=Whole(least=1, most=_MOST), help=N_("how often the request is sent")),
        Entry(
            name="steps",
            shape=Items(_STEP),
            help=N_("several requests, one after another; keys left out come from above"),
        ),
    ),
    make=parts.scenario,
    exclusive=(("repeat", "steps"),),
    required=("name",),
    title=parts.called,
)
INCLUDE: Final = Record(
    entries=(
        Entry(
            name="file",
            shape=Scalar(),
            help=N_("files with lists of scenarios, relative to this one; * matches any text"),
        ),
    ),
    make=parts.given,
)
