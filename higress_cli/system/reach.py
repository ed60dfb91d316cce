"""Which hosts and registry clients answer. Each is asked once: a dead network must cost only seconds."""

import queue
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit

from higress_cli.i18n import _
from higress_cli.system import http
from higress_cli.system.http import Obstacle, ObstacleKind
from higress_cli.system.urls import shown

# A host that has not answered by then counts as unreachable: name resolution can take far longer than connecting.
PATIENCE_SECONDS: Final = 4.0


class Reach:
    """What is known about the network. With `offline`, no host is asked."""

    def __init__(self, variables: Mapping[str, str], *, offline: bool) -> None:
        self.offline = offline
        self._variables = variables
        self._hosts: dict[str, Obstacle | None] = {}
        self._clients: dict[str, str] = {}

    def ask(self, urls: Iterable[str]) -> None:
        """Ask the hosts of these URLs, all at once, except those that were asked before."""
        waiting = {_host(url): url for url in urls if urlsplit(url).scheme != "file"}
        waiting = {host: url for host, url in waiting.items() if host not in self._hosts}
        if self.offline or not waiting:
            return
        answers: queue.SimpleQueue[tuple[str, Obstacle | None]] = queue.SimpleQueue()

        def ask_one(host: str, url: str) -> None:
            answers.put((host, http.obstacle(url, self._variables)))

        for host, url in waiting.items():
            # Not a pool: at exit the interpreter would wait for its threads, and so for a silent name server.
            threading.Thread(target=ask_one, args=(host, url), daemon=True).start()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while waiting:
            try:
                host, found = answers.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                break
            self._hosts[host] = found
            del waiting[host]
        silence = _("no answer within {seconds:g} s").format(seconds=PATIENCE_SECONDS)
        self._hosts |= {host: Obstacle(kind=ObstacleKind.SILENT, text=silence) for host in waiting}

    def obstacle(self, url: str) -> Obstacle | None:
        """Why this URL is not worth trying, None if its host answers or it is a file."""
        if urlsplit(url).scheme == "file":
            return None
        if self.offline:
            return Obstacle(kind=ObstacleKind.SILENT, text=_("--offline forbids it"))
        self.ask([url])
        return self._hosts[_host(url)]

    def gave_up(self, url: str, reason: str) -> None:
        """Remember that waiting for a host was in vain."""
        self._hosts[_host(url)] = Obstacle(kind=ObstacleKind.REFUSED, text=reason)

    def all_closed(self, urls: Iterable[str]) -> str | None:
        """Why other programs cannot reach these hosts either; None if they might, or if there are no hosts.

        Other programs may trust other certificates and use other proxies, so only silence and refusals count.
        """
        urls = tuple(urls)
        self.ask(urls)
        closed = [(url, found) for url in urls if (found := self.obstacle(url)) and found.kind in _FOR_EVERYBODY]
        return f"{_host(urls[0])}: {closed[0][1].text}" if urls and len(closed) == len(urls) else None

    def client_problem(self, name: str) -> str | None:
        """Why the client `name` (go, apt, npm, pip) failed when it was last used, None if it did not."""
        return _("--offline forbids it") if self.offline else self._clients.get(name)

    def client_failed(self, name: str, reason: str) -> None:
        """Remember that a client reaches no server."""
        self._clients[name] = reason


_FOR_EVERYBODY: Final = frozenset({ObstacleKind.SILENT, ObstacleKind.PROXY, ObstacleKind.REFUSED})


def _host(url: str) -> str:
    parts = urlsplit(url)
    return shown(f"{parts.scheme}://{parts.netloc}")
