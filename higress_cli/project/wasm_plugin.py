"""The image that a WasmPlugin resource names: what is wrong about it, and another one put in its place.

Sources: api/extensions/v1alpha1/wasmplugin.proto of Higress; pkg/wasm/cache.go and pilot/pkg/model/extensions.go of
higress-group/istio.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

import yaml

from higress_cli.digest import Sha256, is_sha256
from higress_cli.errors import InvalidInput
from higress_cli.fault import Fault, Severity
from higress_cli.i18n import _, listed
from higress_cli.project.yaml_node import Node, compose_all

KIND: Final = "WasmPlugin"
RESOURCE_FILE: Final = "wasmplugin.yaml"
"""The file beside a plugin's source in which hgw writes its resource."""
_SCHEMES: Final = ("oci", "http", "https", "file")
_ALWAYS: Final = "Always"


@dataclass(frozen=True, kw_only=True)
class Resource:
    """A WasmPlugin of a file."""

    node: Node
    spec: Node

    @property
    def name(self) -> str:
        return self._text("metadata", "name")

    @property
    def namespace(self) -> str:
        return self._text("metadata", "namespace")

    @property
    def url(self) -> str:
        return self._text("spec", "url")

    @property
    def sha256(self) -> str:
        return self._text("spec", "sha256")

    @property
    def secret(self) -> str:
        return self._text("spec", "imagePullSecret")

    @property
    def pulls_always(self) -> bool:
        return self._text("spec", "imagePullPolicy") == _ALWAYS

    @property
    def is_image(self) -> bool:
        """Whether the url names an image rather than a file."""
        return bool(self.url) and _scheme(self.url) == _SCHEMES[0]

    @property
    def reference(self) -> str:
        """The image without scheme and digest, as `hgw push` takes it."""
        return (self.url.partition("://")[2] or self.url).partition("@")[0]

    @property
    def image(self) -> str:
        """The last part of the image's name, without its tag."""
        return self.url.rpartition("/")[2].partition("@")[0].partition(":")[0]

    def _text(self, part: str, key: str) -> str:
        return _text(_entries(_entries(self.node).get(part)).get(key))


def resources_in(path: Path, text: str) -> tuple[Resource, ...]:
    """The WasmPlugin resources of a YAML text.

    Raises:
        InvalidInput: `yaml-invalid`.
    """
    return tuple(
        Resource(node=document, spec=spec)
        for document in compose_all(path, text)
        if _text(_entries(document).get("kind")) == KIND
        and (spec := _entries(document).get("spec")) is not None
        and spec.is_mapping
    )


def choose_resource(found: tuple[Resource, ...], *, path: Path, names: tuple[str, ...]) -> Resource:
    """The only resource, or of several the one that has one of these names itself or in its image.

    Raises:
        InvalidInput: `wasmplugin-missing`, `wasmplugin-ambiguous`.
    """
    if not found:
        raise InvalidInput(
            _("{path} has no WasmPlugin resource").format(path=path),
            code="wasmplugin-missing",
            hint=_("a new one: hgw init --from-existing"),
            details={"path": path},
        )
    fitting = [item for item in found if item.name in names or item.image in names] if len(found) > 1 else found
    if len(fitting) != 1:
        raise InvalidInput(
            _("{path} has {count} WasmPlugin resources ({names}), and hgw cannot tell which is meant").format(
                path=path, count=len(found), names=listed(item.name or "?" for item in found)
            ),
            code="wasmplugin-ambiguous",
            hint=_("call the plugin as its resource is called: `name` in hgw.yaml"),
            details={"path": path, "names": [item.name for item in found]},
        )
    return fitting[0]


def image_faults(resource: Resource) -> tuple[Fault, ...]:
    """What is wrong with the image of a resource."""
    return (*_url_faults(resource), *_digest_faults(resource))


def with_image(text: str, resource: Resource, *, url: str, sha256: Sha256) -> str:
    """The text of the resource's file with another image in it; every other character stays as it is.

    Raises:
        InvalidInput: `wasmplugin-not-editable`: `url` or `sha256` is not written plainly in its place.
    """
    spec = resource.spec.raw
    assert isinstance(spec, yaml.MappingNode)  # noqa: S101 -- see `resources_in`
    pairs = {str(key.value): (key, value) for key, value in spec.value}
    line_end = "\r\n" if "\r\n" in text else "\n"
    quoted = f'"{sha256}"'
    edits: list[tuple[int, int, str]] = []
    if "sha256" in pairs:
        edits.append(_replacement(text, resource, pairs["sha256"], quoted))
    if "url" in pairs:
        edits.append(_replacement(text, resource, pairs["url"], url))
        if "sha256" not in pairs:
            key, value = pairs["url"]
            if spec.flow_style:
                edits.append((value.end_mark.index, value.end_mark.index, f", sha256: {quoted}"))
            else:
                end = _end_of_line(text, value.end_mark.index)
                edits.append((end, end, f"{line_end}{' ' * key.start_mark.column}sha256: {quoted}"))
    else:
        edits.append(_insertion(text, resource, spec, [f"url: {url}"], line_end))
        if "sha256" not in pairs:
            edits[-1] = _insertion(text, resource, spec, [f"url: {url}", f"sha256: {quoted}"], line_end)
    for start, end, new in sorted(edits, reverse=True):
        text = text[:start] + new + text[end:]
    return text


def _url_faults(resource: Resource) -> Iterator[Fault]:
    entries = _entries(resource.spec)
    url = resource.url
    if not url:
        return
    scheme = _scheme(url)
    if scheme not in _SCHEMES:
        yield Fault(
            id="wasmplugin-url-invalid",
            severity=Severity.WARNING,
            places=(entries["url"].place,),
            message=_("the gateway does not load a plugin from `{url}`").format(url=url),
            expected=listed(f"{known}://" for known in _SCHEMES),
            hint=_("an image is named like this: {example}").format(
                example="oci://registry.example.com/plugins/my-plugin:1.0.0"
            ),
            error=InvalidInput,
        )
        return
    rest = url.partition("://")[2] or url
    if scheme != "oci" or "@" in rest:
        return
    _name, colon, tag = rest.rpartition("/")[2].partition(":")
    if not colon or tag == "latest":
        yield Fault(
            id="wasmplugin-url-floating",
            severity=Severity.WARNING,
            places=(entries["url"].place,),
            message=_("`{url}` names no version: which image a gateway runs depends on when it started").format(
                url=url
            ),
            hint=_("name a version; `hgw push` prints the url, and --update writes it"),
            error=InvalidInput,
        )


def _scheme(url: str) -> str:
    return urlsplit(url).scheme if "://" in url else _SCHEMES[0]


def _digest_faults(resource: Resource) -> Iterator[Fault]:
    entries = _entries(resource.spec)
    if not resource.sha256:
        return
    if not is_sha256(resource.sha256):
        yield Fault(
            id="wasmplugin-sha256-invalid",
            severity=Severity.WARNING,
            places=(entries["sha256"].place,),
            message=_("`sha256` is not 64 hexadecimal digits, so the gateway refuses every image"),
            found=resource.sha256[:80],
            hint=_("write the digits alone, in quotes, without `sha256:`"),
            error=InvalidInput,
        )
        return
    digest = resource.url.partition("@sha256:")[2]
    if digest and digest != resource.sha256:
        yield Fault(
            id="wasmplugin-sha256-differs",
            severity=Severity.WARNING,
            places=(entries["sha256"].place,),
            message=_("`sha256` is not the digest in `url`, so the gateway refuses the image"),
            found=resource.sha256,
            expected=digest,
            hint=_("remove one of the two"),
            error=InvalidInput,
        )


def _replacement(text: str, resource: Resource, pair: tuple[yaml.Node, yaml.Node], new: str) -> tuple[int, int, str]:
    """The edit that puts `new` in place of a scalar, which keeps its quotes."""
    key, value = pair
    start, end = value.start_mark.index, value.end_mark.index
    written = text[start:end]
    is_plain = isinstance(value, yaml.ScalarNode) and value.style in {None, "'", '"'}
    if not is_plain or text[key.end_mark.index : start].strip() != ":" or written[:1] in {"&", "*", "!"}:
        raise _not_editable(resource, str(key.value))
    if written[:1] in {"'", '"'}:
        new = f"{written[0]}{new.strip(chr(34))}{written[0]}"
    return start, end, new


def _insertion(
    text: str, resource: Resource, spec: yaml.MappingNode, lines: list[str], line_end: str
) -> tuple[int, int, str]:
    """The edit that puts new keys in front of those of `spec`."""
    if not spec.value:
        raise _not_editable(resource, "spec")
    first = spec.value[0][0].start_mark
    if spec.flow_style:
        return first.index, first.index, ", ".join(lines) + ", "
    separator = f"{line_end}{' ' * first.column}"
    if text[: first.index].rpartition("\n")[2].strip():
        raise _not_editable(resource, "spec")
    return first.index, first.index, separator.join(lines) + separator


def _end_of_line(text: str, position: int) -> int:
    found = text.find("\n", position)
    end = len(text) if found < 0 else found
    return end - 1 if end > position and text[end - 1] == "\r" else end


def _not_editable(resource: Resource, key: str) -> InvalidInput:
    return InvalidInput(
        _("{place}: `{key}` is not written in a form that hgw can edit").format(place=resource.node.place, key=key),
        code="wasmplugin-not-editable",
        hint=_("write `url: ...` and `sha256: ...` on lines of their own, without anchors and aliases"),
        details={"place": resource.node.place, "key": key},
    )


def _entries(node: Node | None) -> Mapping[str, Node]:
    return node.mapping() if node is not None and node.is_mapping else {}


def _text(node: Node | None) -> str:
    return node.text() if node is not None and node.is_scalar else ""
