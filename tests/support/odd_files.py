"""Files that nobody meant to write: valid ones in which something was changed, cut off, doubled or replaced."""

import copy
import json
from typing import Any, Final

from hypothesis import strategies as st

from tests.support.properties import yaml_like

ODD_VALUES: Final[st.SearchStrategy[Any]] = st.sampled_from([
    None, True, False, 0, 1, -1, 2**31, 2**63, 10**400, 1.5, 1e300, float("nan"), float("inf"), "", " ", "x", "-", "/",
    "..", "~nouser", "x" * 300, "9" * 5000, "\u00b2", "\ud800", "\0", "a\nb", "\x1b[31m", "插件", "%s", "{x}", "[red]",
    "oci://127.0.0.1:1/a:1", "http://[::1", "sha256:" + "0" * 64, "sha256:x", "main.go", "config.yaml", "pipe", "loop",
    "127.0.0.1:1", "0.2.1", "v2.0.7", "2024-01-01T00:00:00Z", "application/json", [], {}, [[]], [None], [""], [{}],
    {"": ""}, {"x": "x"}, {"a": {"b": {"c": []}}}, ["x"] * 30, {"equals": 1}, {"matches": "("}, {"contains": None},
])  # fmt: skip
_PIECES: Final = (
    b"",
    b"\0",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\r",
    b"{",
    b"[",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"\n" * 3000,
)
_PARTS: Final = 1000
_KEYS: Final = (
    "",
    "x",
    "name",
    "Name",
    "url",
    "config",
    "spec",
    "0",
    "~",
    "\u00b2",
    "a b",
    "-",
    "插件",
    "\ud800",
    "<<",
)


def _places(document: Any, above: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of each value within a document of JSON's kinds."""
    steps = (
        document.items() if isinstance(document, dict) else enumerate(document if isinstance(document, list) else ())
    )
    return [above, *(place for step, value in steps for place in _places(value, (*above, step)))]


@st.composite
def changed(draw: st.DrawFn, document: Any) -> Any:
    """`document` with up to three changes: a value replaced, left out or doubled, a key renamed."""
    document = copy.deepcopy(document)
    for _time in range(draw(st.integers(1, 3))):
        *above, last = draw(st.sampled_from([place for place in _places(document) if place] or [("x",)]))
        holder = document
        for step in above:
            holder = holder[step]
        if not isinstance(holder, (dict, list)) or not holder:
            return copy.deepcopy(draw(ODD_VALUES))
        what = draw(st.sampled_from(["replaced", "replaced", "replaced", "left out", "doubled", "renamed"]))
        if what == "replaced":
            holder[last] = copy.deepcopy(draw(ODD_VALUES))
        elif what == "left out":
            del holder[last]
        elif isinstance(holder, list):
            holder.append(copy.deepcopy(holder[last]))
        elif what == "doubled":
            holder[last] = [holder[last], copy.deepcopy(holder[last])]
        else:
            holder[draw(st.sampled_from(_KEYS))] = holder.pop(last)
    return document


@st.composite
def damaged(draw: st.DrawFn, content: bytes) -> bytes:
    """`content` cut off, with bytes that are wrong, or something else altogether.

    What is drawn does not depend on `content`: hgw's own files hold times and ports, and differ from run to run.
    """
    at = draw(st.integers(0, _PARTS)) * len(content) // _PARTS
    to = at + draw(st.integers(0, 40))
    piece = draw(
        st.sampled_from(_PIECES)
        | st.binary(max_size=8)
        | yaml_like().map(lambda text: text[:40].encode("utf-8", "surrogatepass"))
    )
    results = (content[:at], content[:at] + piece + content[to:], content[:at] + content[at:] * 2, piece)
    return results[draw(st.integers(0, len(results) - 1))]


def as_json(document: Any) -> bytes:
    return json.dumps(document).encode()


def json_files(document: Any) -> st.SearchStrategy[bytes]:
    """Files like the JSON of `document`. YAML's readers take them, too."""
    return st.one_of(changed(document).map(as_json), changed(document).map(as_json), damaged(as_json(document)))


def text_files(text: str) -> st.SearchStrategy[bytes]:
    """Files like `text`."""
    return damaged(text.encode())
