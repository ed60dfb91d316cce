"""WasmPlugin resources: the configuration that Higress makes of one, and what has no effect in it.

Sources: pkg/ingress/config/ingress_config.go of Higress (convertIstioWasmPlugin), api/extensions/v1alpha1/
wasmplugin.proto.
"""

import difflib
from collections.abc import Iterator, Mapping
from typing import Final

from higress_cli.digest import is_sha256
from higress_cli.doctor.written_configuration import PluginNames, Written
from higress_cli.document import JsonObject
from higress_cli.fault import Fault, Severity
from higress_cli.i18n import _, listed
from higress_cli.project.wasm_plugin import KIND, Resource, image_faults
from higress_cli.project.wasm_plugin_fields import Keys, field_faults, keys_in
from higress_cli.project.yaml_node import Node

_CONDITIONS: Final = {"ingress": "_match_route_", "service": "_match_service_", "domain": "_match_domain_"}
"""The conditions of a rule, and the keys under which a plugin gets them."""
_LIKENESS: Final = 0.8


def is_resource(node: Node) -> bool:
    """Whether a node is a WasmPlugin."""
    kind = node.mapping().get("kind") if node.is_mapping else None
    return kind is not None and kind.is_scalar and kind.text() == KIND


def names_in(node: Node) -> tuple[str, ...]:
    """The names in a resource: its own, that of the plugin, and that of the image without registry and tag."""
    spec, metadata = _mapping(node, "spec"), _mapping(node, "metadata")
    image = _text(spec, "url").rpartition("/")[2].partition("@")[0].partition(":")[0].removesuffix(".wasm")
    general = image in {"main", "plugin"}
    return tuple(
        name for name in (_text(metadata, "name"), _text(spec, "pluginName"), "" if general else image) if name
    )


def read_resource(node: Node, plugin: PluginNames) -> Written | None:
    """What a resource configures; None if it only says that the plugin is there."""
    owner = plugin.stranger_in(names_in(node))
    if owner is not None:
        return Written(place=node.place, values=None, owner=owner)
    spec, faults = _mapping(node, "spec"), _own_faults(node, plugin)
    plugin_config = _given(spec, "pluginConfig")
    if plugin_config is not None:
        ignored = [name for name in ("defaultConfig", "matchRules") if _given(spec, name) is not None]
        faults += tuple(_ignored(spec[name], name) for name in ignored)
        return Written(place=plugin_config.place, values=_values(plugin_config), faults=faults)
    default, rules = _given(spec, "defaultConfig"), _given(spec, "matchRules")
    faults += tuple(_rules_without_condition(rules))
    is_off = _is_true(spec, "defaultConfigDisable")
    if default is None and rules is None and not is_off and "url" in spec:
        return Written(place=spec["url"].place, values={}, faults=faults)
    default = None if is_off else default
    if default is None and rules is None and not faults:
        return None
    return Written(
        place=(default or rules or node).place,
        values=_values(default) if default is not None else None,
        rules=tuple(_rules(rules)),
        faults=faults,
    )


def _rules(rules: Node | None) -> Iterator[JsonObject]:
    """The rules as the plugin gets them."""
    for rule in _rule_nodes(rules):
        entries = rule.mapping()
        if not _is_true(entries, "configDisable"):
            config = _given(entries, "config")
            matched = {key: entries[name].value() for name, key in _CONDITIONS.items() if _given(entries, name)}
            yield {**((_values(config) if config else None) or {}), **matched}


def _rules_without_condition(rules: Node | None) -> Iterator[Fault]:
    for rule in _rule_nodes(rules):
        entries = rule.mapping()
        if _is_true(entries, "configDisable") or any(_has_items(entries, name) for name in _CONDITIONS):
            continue
        yield Fault(
            id="wasmplugin-rule-empty",
            severity=Severity.WARNING,
            message=_("this rule names no ingress, domain or service, and Higress refuses the whole resource"),
            places=(rule.place,),
            expected=listed(_CONDITIONS),
            hint=_("name in the rule the `ingress`, `domain` or `service` that it is for"),
        )


def _own_faults(node: Node, plugin: PluginNames) -> tuple[Fault, ...]:
    """What is wrong with a resource apart from its configuration."""
    spec = node.mapping().get("spec")
    resource = Resource(node=node, spec=spec) if spec is not None and spec.is_mapping else None
    image = (*image_faults(resource), *_digests_of_modules(resource, plugin)) if resource is not None else ()
    misspelt = (fault for keys in keys_in(node) for fault in _misspelt(keys))
    return (*misspelt, *field_faults(node), *image)


def _digests_of_modules(resource: Resource, plugin: PluginNames) -> Iterator[Fault]:
    """Digests of modules where the gateway compares that of an image's manifest (istio, pkg/wasm/cache.go)."""
    given = {"sha256": resource.sha256, "url": resource.url.partition("@sha256:")[2]}
    for key, digest in given.items() if resource.is_image else ():
        if not is_sha256(digest) or digest not in plugin.digests:
            continue
        yield Fault(
            id="wasmplugin-sha256-module",
            severity=Severity.WARNING,
            message=_("`{key}` has the digest of {module}, and the gateway compares that of the image").format(
                key=key, module=plugin.digests[digest]
            ),
            places=(resource.spec.mapping()[key].place,),
            hint=f"hgw push {resource.reference} --update {resource.node.path}",
        )


def _misspelt(keys: Keys) -> Iterator[Fault]:
    """Keys that resemble a known one. Others are left alone: a newer Higress may have keys that hgw does not know."""
    folded = {key.lower(): key for key in keys.known}
    for name, entry in keys.entries.items():
        near = difflib.get_close_matches(name.lower().replace("_", ""), folded, n=1, cutoff=_LIKENESS)
        if name in keys.known or not near:
            continue
        key = folded[near[0]]
        yield Fault(
            id="wasmplugin-key-unknown",
            severity=Severity.WARNING,
            message=_("`{name}` in {where} has no effect: a WasmPlugin has no such key").format(
                name=name, where=keys.where
            ),
            places=(entry.place,),
            expected=f"`{key}`",
            hint=_("write `{key}`").format(key=key),
        )


def _ignored(entry: Node, name: str) -> Fault:
    return Fault(
        id="wasmplugin-ignored",
        severity=Severity.WARNING,
        message=_("`{name}` has no effect beside `pluginConfig`").format(name=name),
        places=(entry.place,),
        hint=_("remove `pluginConfig`, or the keys that it takes the place of"),
    )


def _rule_nodes(rules: Node | None) -> Iterator[Node]:
    if rules is not None and rules.is_list:
        yield from (rule for rule in rules.items() if rule.is_mapping)


def _mapping(node: Node, name: str) -> Mapping[str, Node]:
    entries = node.mapping() if node.is_mapping else {}
    return entries[name].mapping() if name in entries and entries[name].is_mapping else {}


def _given(entries: Mapping[str, Node], name: str) -> Node | None:
    """The value of a key; null is as good as no key."""
    found = entries.get(name)
    return None if found is None or found.is_null else found


def _values(node: Node) -> JsonObject | None:
    """A configuration; None if it is not a mapping, which no other can equal."""
    return node.values() if node.is_mapping else None


def _has_items(entries: Mapping[str, Node], name: str) -> bool:
    found = _given(entries, name)
    return found is not None and (not found.is_list or bool(found.items()))


def _is_true(entries: Mapping[str, Node], name: str) -> bool:
    found = entries.get(name)
    return found is not None and found.value() is True


def _text(entries: Mapping[str, Node], name: str) -> str:
    found = entries.get(name)
    return found.text() if found is not None and found.is_scalar else ""
