"""Answers without what the run itself makes different: the addresses on which its servers listen."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from higress_cli.gateway.services import Endpoint


def servers_of(*, gateway: str, upstream: str | None, services: Mapping[str, Endpoint] | None = None) -> dict[str, str]:
    """What listens at which address (HOST:PORT) of a run.

    `gateway` and `upstream` are URLs; the upstream's is empty or None if it is unknown. `services` are by cluster.
    """
    named = {cluster: endpoint.url for cluster, endpoint in (services or {}).items()}
    urls = {**named, "upstream": upstream or "", "gateway": gateway}
    return {urlsplit(url).netloc: name for name, url in urls.items() if urlsplit(url).port}


def neutral(content: bytes, servers: Mapping[str, str]) -> bytes:
    """`content` with each address in it, also where it is part of a URL's query, replaced by what listens there."""
    for address, name in servers.items():
        host, port = (re.escape(part.encode()) for part in address.rsplit(":", 1))
        spelt = rb"(?:(?<![\w.])|(?<=%%2[Ff]))%s(?::|%%3[Aa])%s(?!\d)" % (host, port)
        content = re.sub(spelt, f"<{name}>".encode().replace(b"\\", rb"\\"), content)
    return content
