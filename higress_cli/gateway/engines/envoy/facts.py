"""data/engines.toml: the package that brings Envoy, and what it has and lacks."""

import base64
from dataclasses import dataclass

from higress_cli import data


@dataclass(frozen=True, kw_only=True)
class EnvoyFacts:
    """The package that brings Envoy, the host functions it lacks, the filter `route_names` in base64."""

    package: str
    platforms: tuple[str, ...]
    lacks: frozenset[str]
    route_names: str


@dataclass(frozen=True, kw_only=True)
class _Engines:
    envoy: EnvoyFacts


def envoy_facts() -> EnvoyFacts:
    return data.load("engines.toml", _Engines).envoy


def route_names_module() -> bytes:
    """The filter that gives a plugin route_name and cluster_name in upstream's Envoy (data/route_names.wat)."""
    return base64.b64decode(envoy_facts().route_names)
