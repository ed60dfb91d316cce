"""The services that a plugin calls: clusters, named exactly as Higress names them, and their addresses."""

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Final, Self
from urllib.parse import urlsplit

from higress_cli.choice import Choice, Source
from higress_cli.cluster import PREFIX, cluster_of
from higress_cli.errors import HgwError
from higress_cli.i18n import _
from higress_cli.spelling import did_you_mean
from higress_cli.system.ports import HIGHEST
from higress_cli.system.whole_numbers import whole_number

UPSTREAM_CLUSTER: Final = cluster_of("upstream.static", 80)
"""The upstream's cluster, named as Higress names its clusters because `_match_service_` rules parse the name."""
EMBEDDED: Final = "embedded"
_EXAMPLE: Final = "127.0.0.1:8080"
_CLUSTER_FIELDS: Final = 4
_LOOPBACK_OF: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 -- compared with, not listened on
_STATIC_PORT: Final = "80"
_DEFAULT_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """Where a service listens; `tls` means HTTPS, `path` is a prefix of every request path."""

    host: str
    port: int
    tls: bool = False
    path: str = ""

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'https' if self.tls else 'http'}://{host}:{self.port}{self.path}"

    @classmethod
    def listening(cls, bind: str, port: int) -> Self:
        """Where something that listens on `bind` is reached from this machine; `bind` may mean all its addresses."""
        return cls(host=_LOOPBACK_OF.get(bind, bind), port=port)

    @property
    def own_name(self) -> str | None:
        """The only host name that a public service accepts, None for one that accepts any."""
        return None if is_address(self.host) or self.host == "localhost" else self.host


@dataclass(frozen=True)
class EmbeddedRedis:
    """A Redis that hgw itself provides."""


Address = Endpoint | EmbeddedRedis


def is_address(host: str) -> bool:
    """Whether `host` is an IP address."""
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


def cluster_name(key: str, *, source: Source) -> str:
    """The cluster of a key of `run.services`: `NAME:PORT`, a static name without a port, or a whole cluster name.

    The wrapper makes the same names from the arguments of a plugin's client (wasm-go, pkg/wrapper/cluster_wrapper.go).

    Raises:
        InvalidInput, UsageError: `service-invalid`.
    """
    if key.startswith(PREFIX):
        fields = key.split("|")
        if len(fields) == _CLUSTER_FIELDS and fields[1].isdecimal() and fields[3]:
            return key
    else:
        name, separator, port = key.rpartition(":")
        if not separator:
            name, port = key, _STATIC_PORT if key.endswith(".static") else ""
        if name and "|" not in name and 0 < (whole_number(port) or 0) <= HIGHEST:
            return cluster_of(name, port)
    raise _invalid(
        _("`{key}` (from {source}) is not the name of a service").format(key=key, source=source.place),
        source=source,
        hint=_("write NAME:PORT, as in my-svc.dns:80, or a whole name, as in outbound|80||my-svc.dns"),
    )


def service_key(cluster: str) -> str:
    """The key of `run.services` for a cluster: `NAME:PORT` if that is enough, else the whole name."""
    fields = cluster.split("|")
    plain = len(fields) == _CLUSTER_FIELDS and not fields[2]
    return f"{fields[3]}:{fields[1]}" if plain else cluster


def example_address(*, is_redis: bool) -> str:
    """What `run.services` may say of a service, as an example that works: hgw's own Redis, or some address."""
    return EMBEDDED if is_redis else _EXAMPLE


def mapping_line(key: str, *, is_redis: bool) -> str:
    """A line for `run.services` in hgw.yaml, as an example."""
    return f'"{key}": "{example_address(is_redis=is_redis)}"'


def endpoint(text: str, *, source: Source, word: str | None = None) -> Endpoint:
    """An address: `HOST:PORT`, or an `http://` or `https://` URL. `word` may stand in place of one, for the hint.

    Raises:
        InvalidInput, UsageError: `service-invalid`.
    """
    try:
        parts = urlsplit(text if "://" in text else f"http://{text}")
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    plain = "://" not in text
    if (
        parts.scheme not in _DEFAULT_PORTS
        or not parts.hostname
        or (plain and (port is None or parts.path))
        or parts.query
        or parts.fragment
        or parts.username
    ):
        raise _invalid(
            _("`{address}` (from {source}) is not an address").format(address=text, source=source.place),
            source=source,
            hint=_address_hint(text, word),
        )
    return Endpoint(
        host=parts.hostname,
        port=port or _DEFAULT_PORTS[parts.scheme],
        tls=parts.scheme == "https",
        path=parts.path.rstrip("/"),
    )


def clusters_of(services: Choice[Mapping[str, str]]) -> dict[str, Address]:
    """Cluster names and addresses of `run.services`; the address `embedded` is hgw's own Redis.

    Raises:
        InvalidInput, UsageError: `service-invalid`.
    """
    return {
        cluster_name(key, source=services.source): EmbeddedRedis()
        if address == EMBEDDED
        else endpoint(address, source=services.source, word=EMBEDDED)
        for key, address in services.value.items()
    }


def _address_hint(text: str, word: str | None) -> str:
    hint = _("write HOST:PORT or a URL, as in 127.0.0.1:8080 or https://example.com")
    if word is None:
        return hint
    other = _("{hint}; or the word {word}, for hgw's own")
    if word == EMBEDDED:
        other = _("{hint}; or the word {word}, for hgw's own Redis")
    return did_you_mean(text, [word]) or other.format(hint=hint, word=word)


def _invalid(message: str, *, source: Source, hint: str) -> HgwError:
    return source.refusal(message, code="service-invalid", hint=hint, details={"source": source})
