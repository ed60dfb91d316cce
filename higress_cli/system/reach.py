"""Which hosts and which clients of registries answer. Each is asked once: a dead network has to cost seconds."""

import queue
import threading
import time
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit

from higress_cli.i18n import _
from higress_cli.system import http
from higress_cli.system.urls import shown

# A host that has not answered by then counts as out of reach: resolving a name can take far longer than connecting.
PATIENCE_SECONDS: Final = 4.0


class Reach:
    """What is known of the network. `offline` means that nobody is to be asked."""

    def __init__(self, variables: Mapping[str, str], *, offline: bool) -> None:
        self.offline = offline
        self._variables = variables
        self._problems: dict[str, str | None] = {}

    def ask(self, urls: Iterable[str]) -> None:
        """Ask the hosts of these URLs, all at once, those that were asked before left out."""
        waiting = {self._key(url): url for url in urls if urlsplit(url).scheme != "file"}
        waiting = {key: url for key, url in waiting.items() if key not in self._problems}
        if self.offline or not waiting:
            return
        answers: queue.SimpleQueue[tuple[str, str | None]] = queue.SimpleQueue()

        def ask_one(key: str, url: str) -> None:
            answers.put((key, http.refusal(url, self._variables)))

        for key, url in waiting.items():
            # Not a pool: the interpreter would wait for its threads, and a name server's silence with them.
            threading.Thread(target=ask_one, args=(key, url), daemon=True).start()
        deadline = time.monotonic() + PATIENCE_SECONDS
        while waiting:
            try:
                key, problem = answers.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                break
            self._problems[key] = problem
            del waiting[key]
        for key in waiting:
            self._problems[key] = _("no answer within {seconds:g} s").format(seconds=PATIENCE_SECONDS)

    def problem(self, url: str) -> str | None:
        """Why this URL is not worth a try, None where its host answers or it is a file."""
        if urlsplit(url).scheme == "file":
            return None
        if self.offline:
            return _("--offline forbids it")
        self.ask([url])
        return self._problems[self._key(url)]

    def all_dead(self, urls: Iterable[str]) -> str | None:
        """Why none of these URLs is worth a try, None where one is, or there are none at all."""
        urls = tuple(urls)
        self.ask(urls)
        problems = {url: self.problem(url) for url in urls}
        return None if not urls or None in problems.values() else f"{self._key(urls[0])}: {problems[urls[0]]}"

    def client_problem(self, name: str) -> str | None:
        """What was wrong when the client `name` (go, apt, npm, pip) was used last."""
        return _("--offline forbids it") if self.offline else self._problems.get(name)

    def client_failed(self, name: str, reason: str) -> None:
        """Remember that a client reaches nothing."""
        self._problems[name] = reason

    def _key(self, url: str) -> str:
        parts = urlsplit(url)
        return shown(f"{parts.scheme}://{parts.netloc}")
