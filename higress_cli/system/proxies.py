"""The proxies that environment variables name, as curl, the go command and Python's urllib read them."""

import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import Final

from higress_cli.i18n import _
from higress_cli.system.urls import shown

_SUFFIX: Final = "_proxy"


@dataclass(frozen=True, kw_only=True)
class Proxy:
    """A proxy; `variable` names it, None for one of the settings of Windows or macOS."""

    url: str
    variable: str | None

    def __str__(self) -> str:
        """The proxy without secrets, and who chose it: `http://proxy.example:3128 (from HTTPS_PROXY)`."""
        source = self.variable or _("the system's settings")
        return _("{value} (from {source})").format(value=shown(self.url), source=source)

    @property
    def advice(self) -> str:
        """What to do where it does not work."""
        if self.variable is None:
            return _("check the proxy in the system's network settings")
        return _("check the proxy that {variable} names, or unset {variable}").format(variable=self.variable)


def proxies(variables: Mapping[str, str]) -> dict[str, Proxy | None]:
    """The proxy for each kind of URL, in httpx's patterns (`https://`, `all://`); None for no proxy.

    Names in lower case win over those in upper case. Where no variable names a proxy, the settings of Windows or macOS
    count. NO_PROXY is read as curl does it (https://curl.se/libcurl/c/CURLOPT_NOPROXY.html), but a name in it also
    stands for those that end with it.
    """
    named = _named(variables)
    excepted = [host.strip() for host in named["no"].url.split(",") if host.strip()] if "no" in named else []
    if "*" in excepted:
        return {}
    found: dict[str, Proxy | None] = {}
    for scheme in ("http", "https", "all"):
        if proxy := named.get(scheme):
            found[f"{scheme}://"] = proxy if "://" in proxy.url else replace(proxy, url=f"http://{proxy.url}")
    return {**found, **{_pattern(host): None for host in excepted}} if found else {}


def _named(variables: Mapping[str, str]) -> dict[str, Proxy]:
    """What the variables say, by what stands before `_proxy` in their names, in lower case."""
    upper = {name: value for name, value in variables.items() if not name.endswith(_SUFFIX)}
    lower = {name: value for name, value in variables.items() if name.endswith(_SUFFIX)}
    # A web server that runs a CGI script puts a request's header `Proxy` there (CVE-2016-1000110).
    if "REQUEST_METHOD" in variables:
        upper.pop("HTTP_PROXY", None)
    named = {
        name.lower().removesuffix(_SUFFIX): Proxy(url=value, variable=name)
        for group in (upper, lower)
        for name, value in group.items()
        if name.lower().endswith(_SUFFIX)
    }
    named = {name: proxy for name, proxy in named.items() if proxy.url}
    if not named and sys.platform in {"darwin", "win32"}:
        from urllib.request import getproxies

        return {name: Proxy(url=value, variable=None) for name, value in getproxies().items()}
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
