"""What the fields of a WasmPlugin resource may be, and which of a resource's are something else.

Sources: helm/core/crds/customresourcedefinitions.gen.yaml of Higress (f8fcb6b3) and extensions/v1alpha1/wasm.proto of
istio/api (00017fa3); a number without a fraction is an integer (kube-openapi, pkg/validation/validate/type.go).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

import yaml

from higress_cli.errors import InvalidInput
from higress_cli.fault import Fault, Severity
from higress_cli.i18n import _, listed
from higress_cli.project.yaml_node import Node
from higress_cli.spelling import nearest

_INT32: Final = 1 << 31
_LONGEST_SHOWN: Final = 80
_HIGRESS: Final = "extensions.higress.io"
_ISTIO: Final = "extensions.istio.io"
_GROUP_LIKENESS: Final = 0.8
_TAG: Final = "tag:yaml.org,2002:"
_PLACEHOLDERS: Final = ("{{", "${", "$(")


class Kind(StrEnum):
    """What a field holds."""

    TEXT = "text"
    INTEGER = "integer"
    BOOLEAN = "boolean"
    MAPPING = "mapping"
    LIST = "list"


@dataclass(frozen=True, kw_only=True)
class Field:
    """A field. `words` are all that a text may be, `keys` those that a mapping has, `items` what a list holds.

    Without `words` or `keys` any will do.
    """

    kind: Kind
    words: tuple[str, ...] = ()
    keys: Mapping[str, "Field"] = field(default_factory=dict)
    items: "Field | None" = None


_TEXT: Final = Field(kind=Kind.TEXT)
_BOOLEAN: Final = Field(kind=Kind.BOOLEAN)
_ANYTHING: Final = Field(kind=Kind.MAPPING)
_TEXTS: Final = Field(kind=Kind.LIST, items=_TEXT)


def _one_of(*words: str) -> Field:
    return Field(kind=Kind.TEXT, words=words)


def _mappings_of(**keys: Field) -> Field:
    return Field(kind=Kind.LIST, items=Field(kind=Kind.MAPPING, keys=keys))


_COMMON: Final[Mapping[str, Field]] = {
    "url": _TEXT,
    "sha256": _TEXT,
    "imagePullPolicy": _one_of("UNSPECIFIED_POLICY", "IfNotPresent", "Always"),
    "imagePullSecret": _TEXT,
    "verificationKey": _TEXT,
    "pluginConfig": _ANYTHING,
    "pluginName": _TEXT,
    "phase": _one_of("UNSPECIFIED_PHASE", "AUTHN", "AUTHZ", "STATS"),
    "priority": Field(kind=Kind.INTEGER),
    "failStrategy": _one_of("FAIL_CLOSE", "FAIL_OPEN"),
    "vmConfig": Field(
        kind=Kind.MAPPING,
        keys={"env": _mappings_of(name=_TEXT, value=_TEXT, valueFrom=_one_of("INLINE", "HOST"))},
    ),
}
_HIGRESS_SPEC: Final = Field(
    kind=Kind.MAPPING,
    keys={
        **_COMMON,
        "defaultConfig": _ANYTHING,
        "defaultConfigDisable": _BOOLEAN,
        "matchRules": _mappings_of(
            ingress=_TEXTS,
            domain=_TEXTS,
            service=_TEXTS,
            config=_ANYTHING,
            configDisable=_BOOLEAN,
            routeType=_one_of("HTTP", "GRPC"),
        ),
    },
)
_ISTIO_SPEC: Final = Field(
    kind=Kind.MAPPING,
    keys={
        **_COMMON,
        "failStrategy": _one_of("FAIL_CLOSE", "FAIL_OPEN", "FAIL_RELOAD"),
        "selector": _ANYTHING,
        "targetRef": _ANYTHING,
        "targetRefs": Field(kind=Kind.LIST, items=_ANYTHING),
        "match": Field(kind=Kind.LIST, items=_ANYTHING),
        "type": _one_of("UNSPECIFIED_PLUGIN_TYPE", "HTTP", "NETWORK"),
    },
)


@dataclass(frozen=True, kw_only=True)
class Keys:
    """A mapping of a resource with the keys that it may have; `where` is its path below the resource."""

    where: str
    entries: Mapping[str, Node]
    known: tuple[str, ...]


def spec_of(resource: Node) -> Node | None:
    """`spec` of a resource; None if there is none."""
    return resource.mapping().get("spec") if resource.is_mapping else None


def field_faults(resource: Node) -> Iterator[Fault]:
    """The values for which a cluster or Higress refuses a resource, however the rest of it reads.

    Null is left alone: what it means depends on the version of Kubernetes. So is what a template engine fills in.
    """
    version, spec = resource.mapping().get("apiVersion"), spec_of(resource)
    if version is not None:
        yield from _group_faults(version)
    if spec is not None:
        yield from _faults(spec, _field_of(resource))


def keys_in(resource: Node) -> Iterator[Keys]:
    """The mappings of a resource whose keys are fixed."""
    spec = spec_of(resource)
    if spec is not None:
        yield from _keys(spec, _field_of(resource))


def _field_of(resource: Node) -> Field:
    version = resource.mapping().get("apiVersion")
    is_istio = version is not None and _group(version) == _ISTIO
    return _ISTIO_SPEC if is_istio else _HIGRESS_SPEC


def _group(version: Node) -> str:
    return version.text().partition("/")[0] if version.is_scalar else ""


def _group_faults(version: Node) -> Iterator[Fault]:
    """A group that resembles a known one. Others are left alone: a vendor may have its own WasmPlugin."""
    group, groups = _group(version), (_HIGRESS, _ISTIO)
    if group not in groups and nearest(group, groups, likeness=_GROUP_LIKENESS):
        yield _word_fault(version, tuple(f"{known}/v1alpha1" for known in groups))


def _parts(node: Node, wanted: Field) -> Iterator[tuple[Node, Field]]:
    """The values in a mapping or a list that are fixed too."""
    if wanted.kind is Kind.MAPPING and node.is_mapping and not _is_filled_in(node):
        entries = node.mapping() if wanted.keys else {}
        yield from ((entry, wanted.keys[name]) for name, entry in entries.items() if name in wanted.keys)
    elif wanted.kind is Kind.LIST and node.is_list and wanted.items is not None:
        yield from ((item, wanted.items) for item in node.items())


def _keys(node: Node, wanted: Field) -> Iterator[Keys]:
    if wanted.keys and node.is_mapping and not _is_filled_in(node):
        yield Keys(where=_label(node), entries=node.mapping(), known=tuple(wanted.keys))
    for part, field_of_part in _parts(node, wanted):
        yield from _keys(part, field_of_part)


def _faults(node: Node, wanted: Field) -> Iterator[Fault]:
    if node.is_null or _is_filled_in(node):
        return
    if not _is_of_kind(node, wanted.kind):
        yield _value_fault(node, wanted.kind)
    elif wanted.words and node.written() not in wanted.words:
        yield _word_fault(node, wanted.words)
    for part, field_of_part in _parts(node, wanted):
        yield from _faults(part, field_of_part)


def _word_fault(node: Node, words: tuple[str, ...]) -> Fault:
    return Fault(
        id="wasmplugin-word-unknown",
        severity=Severity.WARNING,
        message=_refusal(node, f"`{_shown(node)}`"),
        places=(node.place,),
        expected=listed(words),
        hint=_("write one of: {choices}").format(choices=listed(words)),
        error=InvalidInput,
    )


def _is_of_kind(node: Node, kind: Kind) -> bool:
    match kind:
        case Kind.TEXT:
            return node.is_scalar and _type(node) not in {"int", "float", "bool"}
        case Kind.INTEGER:
            return _is_integer(node)
        case Kind.BOOLEAN:
            return _type(node) == "bool"
        case Kind.MAPPING:
            return node.is_mapping
    return node.is_list


def _is_integer(node: Node) -> bool:
    if _type(node) not in {"int", "float"}:
        return False
    value = node.value()
    return isinstance(value, int | float) and -_INT32 <= value < _INT32 and value == int(value)


def _type(node: Node) -> str:
    """What YAML makes of a scalar, such as `int`; empty for anything else."""
    return str(node.raw.tag).removeprefix(_TAG) if node.is_scalar else ""


def _value_fault(node: Node, kind: Kind) -> Fault:
    expected, hint = _advice(node, kind)
    is_plain = kind in {Kind.INTEGER, Kind.BOOLEAN} and node.is_scalar
    # Other values may be secrets.
    return Fault(
        id="wasmplugin-value-invalid",
        severity=Severity.WARNING,
        message=_refusal(node, f"`{_shown(node)}`" if is_plain else _described(node)),
        places=(node.place,),
        expected=expected,
        hint=hint,
        error=InvalidInput,
    )


def _advice(node: Node, kind: Kind) -> tuple[str, str]:
    """What is expected instead of a value, and what to do."""
    name, written = node.key.rpartition(".")[2], node.written() if node.is_scalar else ""
    match kind:
        case Kind.TEXT:
            return _("a text"), _("write it in quotes") if node.is_scalar else _("write a single text")
        case Kind.INTEGER:
            unquoted = written.lstrip("-").isdecimal() and _type(node) == "str"
            hint = _("write it without quotes: {line}").format(line=f"`{name}: {written}`")
            return _("a whole number"), hint if unquoted else _("write a whole number, such as 100")
        case Kind.BOOLEAN:
            unquoted = written in {"true", "false"}
            hint = _("write it without quotes: {line}").format(line=f"`{name}: {written}`")
            return _("true or false"), hint if unquoted else _("write true or false")
        case Kind.MAPPING:
            return _("a mapping"), _("write keys and values below it, not a text that holds them")
    return _("a list"), _("write each entry on a line of its own, with `- ` in front")


def _described(node: Node) -> str:
    if node.is_mapping:
        return _("a mapping")
    if node.is_list:
        return _("a list")
    return {"int": _("a number"), "float": _("a number"), "bool": _("a boolean")}.get(_type(node), _("a text"))


def _refusal(node: Node, value: str) -> str:
    return _("`{key}` cannot be {value}: the resource is refused").format(key=_label(node), value=value)


def _label(node: Node) -> str:
    return node.key.removeprefix("spec.")


def _shown(node: Node) -> str:
    text = node.written()[:_LONGEST_SHOWN]
    is_quoted = isinstance(node.raw, yaml.ScalarNode) and node.raw.style in {"'", '"'}
    return f'"{text}"' if is_quoted and _type(node) == "str" else text


def _is_filled_in(node: Node) -> bool:
    """Whether a template engine puts a value in this place: {{ .Values.priority }} or ${PRIORITY}."""
    if isinstance(node.raw, yaml.MappingNode):
        return any(not isinstance(key, yaml.ScalarNode) for key, _value in node.raw.value)
    return node.is_scalar and any(mark in node.written() for mark in _PLACEHOLDERS)
