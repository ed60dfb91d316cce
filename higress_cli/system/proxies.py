"""The proxies that environment variables name, as curl, the go command and Python's urllib read them."""

import sys
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Final

_SUFFIX: Final = "_proxy"


def proxies(variables: Mapping[str, str]) -> dict[str, str | None]:
    """The URL of the proxy for each kind of URL, in httpx's patterns (`https://`, `all://`); None for no proxy.

    Names in lower case win over those in upper case. Where no variable names a proxy, the settings of Windows or macOS
    count. NO_PROXY is read as curl does it (https://curl.se/libcurl/c/CURLOPT_NOPROXY.html), but a name in it also
    stands for those that end with it.
    """
    named = _named(variables)
    excepted = [host.strip() for host in named.get("no", "").split(",") if host.strip()]
    if "*" in excepted:
        return {}
    found: dict[str, str | None] = {}
    for scheme in ("http", "https", "all"):
        if url := named.get(scheme):
            found[f"{scheme}://"] = url if "://" in url else f"http://{url}"
    return {**found, **{_pattern(host): None for host in excepted}} if found else {}


def _named(variables: Mapping[str, str]) -> dict[str, str]:
    """The values by what stands before `_proxy` in the variable's name, in lower case."""
    upper = {name: value for name, value in variables.items() if not name.endswith(_SUFFIX)}
    lower = {name: value for name, value in variables.items() if name.endswith(_SUFFIX)}
    # A web server that runs a CGI script puts a request's header `Proxy` there (CVE-2016-1000110).
    if "REQUEST_METHOD" in variables:
        upper.pop("HTTP_PROXY", None)
    named = {
        name.lower().removesuffix(_SUFFIX): value
        for group in (upper, lower)
        for name, value in group.items()
        if name.lower().endswith(_SUFFIX)
    }
    named = {name: value for name, value in named.items() if value}
    if not named and sys.platform in {"darwin", "win32"}:
        from urllib.request import getproxies

        return getproxies()
    return named


def _pattern(host: str) -> str:
    """Httpx's pattern for an entry of NO_PROXY."""
    if "://" in host:
        return host
    try:
        version = ip_network(host.strip("[]"), strict=False).version
    except ValueError:
        return f"all://{host}" if host.lower() == "localhost" else f"all://*{host}"
    return f"all://{host}" if version == 4 else f"all://[{host.strip('[]')}]"  # noqa: PLR2004 -- of the protocol
