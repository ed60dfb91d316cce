"""The services that Go source names: what a plugin passes to the wrapper's clients."""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from higress_cli.go.syntax import GoFile, last_name, place, text, walk

if TYPE_CHECKING:
    from tree_sitter import Node

# The wrapper's types that make a name of a service's own (wasm-go, pkg/wrapper/cluster_wrapper.go).
_SUFFIXES: Final = {"StaticIpCluster": "static", "DnsCluster": "dns"}
_TEXTS: Final = frozenset({"interpreted_string_literal", "raw_string_literal"})
_SERVICE: Final = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]*\.(?:static|dns|nacos|nacos-ext|consul|svc\.cluster\.local)", re.ASCII
)


def is_service(name: str) -> bool:
    """Whether this is a name that Higress gives to a service, such as `auth.dns` or `a.default.svc.cluster.local`."""
    return _SERVICE.fullmatch(name) is not None


def named_services(files: Sequence[GoFile]) -> Iterator[tuple[str, int | None, str]]:
    """Each service that the files name: its name, its port where that is a number beside it, and the place."""
    for file in files:
        for node in walk(file.root):
            if node.type == "composite_literal":
                yield from _of_client(file, node)
            elif node.type in _TEXTS and is_service(text(node)[1:-1]) and not _has_port(node):
                yield text(node)[1:-1], None, place(file, node)


def _of_client(file: GoFile, literal: "Node") -> Iterator[tuple[str, int | None, str]]:
    """The service of `wrapper.DnsCluster{ServiceName: "auth", Port: 80}` or `wrapper.FQDNCluster{FQDN: "auth.dns"}`."""
    fields = _fields(literal)
    suffix = _SUFFIXES.get(last_name(literal.child_by_field_name("type")))
    port = _port(fields)
    for name, value in fields.items():
        if value.type not in _TEXTS:
            continue
        written = text(value)[1:-1]
        if suffix is not None and name == "ServiceName" and written:
            yield f"{written}.{suffix}", port, place(file, value)
        elif port is not None and is_service(written):
            yield written, port, place(file, value)


def _has_port(node: "Node") -> bool:
    """Whether a text stands in a literal with a port, where `_of_client` finds it."""
    parent = node.parent
    while parent is not None and parent.type != "composite_literal":
        parent = parent.parent
    return parent is not None and _port(_fields(parent)) is not None


def _fields(literal: "Node") -> "dict[str, Node]":
    """The values of a composite literal by the names of its fields."""
    body = literal.child_by_field_name("body")
    pairs = [child for child in body.named_children if child.type == "keyed_element"] if body is not None else []
    found: dict[str, Node] = {}
    for pair in pairs:
        sides = [side.named_children[0] if side.type == "literal_element" else side for side in pair.named_children]
        if len(sides) == 2:  # noqa: PLR2004 -- a name and its value
            found[text(sides[0])] = sides[1]
    return found


def _port(fields: "dict[str, Node]") -> int | None:
    value = fields.get("Port")
    written = text(value) if value is not None else ""
    return int(written) if written.isdecimal() else None
