"""A gateway that follows files while it runs, and tells what happens."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from higress_cli.errors import HgwError
from higress_cli.gateway.contract import Applied, Change, Gateway
from higress_cli.gateway.events import Event
from higress_cli.gateway.refusal import GatewayDied
from higress_cli.gateway.watch import Watched

_POLL_SECONDS: Final = 0.1


@dataclass(frozen=True, kw_only=True)
class Ready(Event):
    """The gateway works with `change`; `before` is what it worked with until then, None at the start."""

    change: Change
    applied: Applied
    before: Change | None = None


@dataclass(frozen=True, kw_only=True)
class Loading(Event):
    """Changed files are being given to the gateway, which may take seconds."""

    change: Change


@dataclass(frozen=True, kw_only=True)
class Refused(Event):
    """What the files say cannot be used; the gateway goes on with what it had before."""

    error: HgwError


class Live:
    """`load` says what the files say now; `files` are those to follow."""

    def __init__(self, gateway: Gateway, *, load: Callable[[], Change], files: Sequence[Path]) -> None:
        self._gateway = gateway
        self._load = load
        self._watched = [Watched(path) for path in files]
        self._change: Change | None = None

    def start(self) -> Ready:
        """Start the gateway with what the files say.

        Raises:
            HgwError: what `load` raises. GatewayError: the gateway does not start, or refuses.
        """
        self._change = self._load()
        return Ready(at=_now(), change=self._change, applied=self._gateway.apply(self._change))

    def events(self) -> Iterator[Event]:
        """What happens, as it comes, without an end.

        Raises:
            GatewayError: the gateway ended by itself.
        """
        while True:
            self._gateway.check_alive()
            yield from self._gateway.events()
            changed = [watched.settled_change() for watched in self._watched]
            if any(changed):
                yield from self._reload()
            time.sleep(_POLL_SECONDS)

    def _reload(self) -> Iterator[Event]:
        try:
            change = self._load()
            if change == self._change:
                return
            yield Loading(at=_now(), change=change)
            applied = self._gateway.apply(change)
        except GatewayDied:
            raise
        except HgwError as error:
            yield Refused(at=_now(), error=error)
            return
        before, self._change = self._change, change
        yield Ready(at=_now(), change=change, applied=applied, before=before)


def _now() -> datetime:
    return datetime.now(UTC)
