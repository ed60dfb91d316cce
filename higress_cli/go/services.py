"""The services that Go source names: what a plugin passes to the wrapper's clients."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import Formatter
from typing import TYPE_CHECKING, Final

from higress_cli.go.syntax import GoFile, last_name, place, text, walk
from higress_cli.system.whole_numbers import whole_number

if TYPE_CHECKING:
    from tree_sitter import Node

# How the wrapper's types name a service, and the fields that have a value without being written
# (wasm-go, pkg/wrapper/cluster_wrapper.go).
_NAMES: Final = {
    "StaticIpCluster": "{ServiceName}.static",
    "DnsCluster": "{ServiceName}.dns",
    "FQDNCluster": "{FQDN}",
    "K8sCluster": "{ServiceName}.{Namespace}.svc.cluster.local",
    "NacosCluster": "{ServiceName}.{Group}.{NamespaceID}.nacos",
    "ConsulCluster": "{ServiceName}.{Datacenter}.consul",
}
_UNWRITTEN: Final = {"Namespace": "default", "Group": "DEFAULT-GROUP"}
_MORE: Final = frozenset({"Version", "IsExtRegistry"})
"""Fields that make the name another one, which is then not known here."""
_REDIS_CLIENT: Final = "NewRedisClusterClient"
_TEXTS: Final = frozenset({"interpreted_string_literal", "raw_string_literal"})
_SERVICE: Final = re.compile(
    r"[A-Za-z0-9][A-Za-z0-9._-]*\.(?:static|dns|nacos|nacos-ext|consul|svc\.cluster\.local)", re.ASCII
)


@dataclass(frozen=True, kw_only=True)
class Client:
    """A client of the wrapper's: `name` is its service's, `port` the port; None is what the source does not show."""

    name: str | None
    port: int | None
    is_redis: bool
    place: str


@dataclass(frozen=True, kw_only=True)
class NamedService:
    """A service that source names, and where; `client` is its own, None if the source does not show that."""

    name: str
    place: str
    client: Client | None = None


def is_service(name: str) -> bool:
    """Whether this is a name that Higress gives to a service, such as `auth.dns` or `a.default.svc.cluster.local`."""
    return _SERVICE.fullmatch(name) is not None


def clients(files: Sequence[GoFile]) -> Iterator[Client]:
    """The clients that the files make: `wrapper.DnsCluster{ServiceName: "auth", Port: 80}` and the like."""
    for file in files:
        for node in walk(file.root):
            client = _client(file, node)
            if client is not None:
                yield client


def named_services(files: Sequence[GoFile]) -> Iterator[NamedService]:
    """Each service that the files name: for a client, or in a text of its own."""
    for file in files:
        for node in walk(file.root):
            client = _client(file, node)
            if client is not None and client.name is not None:
                yield NamedService(name=client.name, place=client.place, client=client)
            elif node.type in _TEXTS and is_service(text(node)[1:-1]) and not _is_of_client(node):
                yield NamedService(name=text(node)[1:-1], place=place(file, node))


def _client(file: GoFile, node: "Node") -> Client | None:
    """The client that a composite literal describes, None if it is something else."""
    pattern = _NAMES.get(last_name(node.child_by_field_name("type"))) if node.type == "composite_literal" else None
    if pattern is None:
        return None
    fields = _fields(node)
    used = [name for _before, name, _form, _conversion in Formatter().parse(pattern) if name]
    first = fields.get(used[0])
    return Client(
        name=_name(pattern, used, fields),
        port=_port(fields),
        is_redis=_is_for_redis(node),
        place=place(file, first if first is not None else node),
    )


def _name(pattern: str, used: Sequence[str], fields: "Mapping[str, Node]") -> str | None:
    values = dict(_UNWRITTEN)
    for name in used:
        value = fields.get(name)
        if value is not None and value.type not in _TEXTS:
            return None
        if value is not None:
            values[name] = text(value)[1:-1]
    if any(not values.get(name) for name in used) or _MORE & fields.keys():
        return None
    values["Group"] = values["Group"].replace("_", "-")
    name = pattern.format_map(values)
    return name if is_service(name) else None


def _is_for_redis(literal: "Node") -> bool:
    """Whether the literal is what `NewRedisClusterClient` gets."""
    node = literal.parent
    while node is not None and node.type in {"argument_list", "unary_expression"}:
        node = node.parent
    return node is not None and last_name(node.child_by_field_name("function")) == _REDIS_CLIENT


def _is_of_client(node: "Node") -> bool:
    """Whether a text stands in a client's literal, which is a service of its own."""
    parent = node.parent
    while parent is not None and parent.type != "composite_literal":
        parent = parent.parent
    return parent is not None and last_name(parent.child_by_field_name("type")) in _NAMES


def _fields(literal: "Node") -> "dict[str, Node]":
    """The values of a composite literal by the names of its fields."""
    body = literal.child_by_field_name("body")
    pairs = [child for child in body.named_children if child.type == "keyed_element"] if body is not None else []
    sides = ([_element(part) for part in pair.named_children if part.type != "comment"] for pair in pairs)
    return {text(parts[0]): parts[1] for parts in sides if len(parts) == 2}  # noqa: PLR2004 -- a name and its value


def _element(node: "Node") -> "Node":
    return node.named_children[0] if node.type == "literal_element" else node


def _port(fields: "Mapping[str, Node]") -> int | None:
    value = fields.get("Port")
    return whole_number(text(value)) if value is not None else None
