"""A gateway that follows files while it runs, and reports what happens."""

import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from higress_cli.errors import HgwError
from higress_cli.gateway.contract import Applied, Change, Gateway
from higress_cli.gateway.events import Event
from higress_cli.gateway.pending_requests import PendingRequests
from higress_cli.gateway.refusal import GatewayDied
from higress_cli.gateway.watch import Watched
from higress_cli.i18n import _
from higress_cli.system.os_errors import system_error

_POLL_SECONDS: Final = 0.1
_SOURCE_SECONDS: Final = 1.0


@dataclass(frozen=True, kw_only=True)
class Ready(Event):
    """`change` has taken effect; `before` is the previous one, None at the start."""

    change: Change
    applied: Applied
    before: Change | None = None


@dataclass(frozen=True, kw_only=True)
class Loading(Event):
    """Changed files are being given to the gateway, which may take seconds."""

    change: Change


@dataclass(frozen=True, kw_only=True)
class ChangeRefused(Event):
    """The files have contents that cannot be used; the gateway keeps the previous change.

    `traceback` is that of a bug in hgw, if that is what `error` says.
    """

    error: HgwError
    traceback: str | None = None


@dataclass(frozen=True, kw_only=True)
class RestartNeeded(Event):
    """Settings changed that take effect only when a gateway starts; `settings` are their keys."""

    settings: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DiskFull(Event):
    """The disk of the run's folder is full: the gateway goes on, its logs do not."""


@dataclass(frozen=True, kw_only=True)
class SourceChanged(Event):
    """The plugin's source is newer than the module that the gateway runs."""

    module: Path


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """What was read: the change for the gateway, the files it came from, and what needs a restart to take effect."""

    change: Change
    files: tuple[Path, ...]
    restart: tuple[str, ...] = ()


class Live:
    """`load` reads the files as they are now.

    `is_stale` says whether a module does not match its source, `has_room` whether the disk of the logs has room.
    """

    def __init__(
        self,
        gateway: Gateway,
        *,
        load: Callable[[], Loaded],
        is_stale: Callable[[Path], bool] = lambda _module: False,
        has_room: Callable[[], bool] = lambda: True,
    ) -> None:
        self._gateway = gateway
        self._load = load
        self._is_stale = is_stale
        self._has_room = has_room
        self._had_room = True
        self._pending = PendingRequests()
        self._watched: dict[Path, Watched] = {}
        self._change: Change | None = None
        self._restart: tuple[str, ...] = ()
        self._was_stale = False
        self._look_at_source = 0.0

    def start(self) -> Ready:
        """Start the gateway with what is in the files.

        Raises:
            HgwError: see `load`. GatewayError: the gateway does not start, or refuses the change.
        """
        loaded = self._load()
        self._follow(loaded.files)
        self._change = loaded.change
        self._was_stale = self._is_stale(loaded.change.plugin.path)
        return Ready(at=_now(), change=loaded.change, applied=self._gateway.apply(loaded.change))

    def events(self) -> Iterator[Sequence[Event]]:
        """Yield what happens, as it happens, what came together in one; never ends.

        Raises:
            GatewayDied: the gateway ended by itself.
        """
        while True:
            self._gateway.check_alive()
            happened = self._gateway.events()
            yield happened
            self._pending.add(happened)
            for event in self._noticed():
                yield (event,)
            time.sleep(_POLL_SECONDS)

    def _noticed(self) -> Iterator[Event]:
        """Events that the gateway itself does not report."""
        changed = [watched.settled_change() for watched in self._watched.values()]
        if any(changed):
            yield from self._reload()
        if time.monotonic() > self._look_at_source:
            self._look_at_source = time.monotonic() + _SOURCE_SECONDS
            yield from self._compare_source()
            yield from self._look_for_room()
            yield from self._pending.hanging(_now())

    def _follow(self, files: Sequence[Path]) -> None:
        self._watched = {path: self._watched.get(path) or Watched(path) for path in files}

    def _reload(self) -> Iterator[Event]:
        try:
            loaded = self._load()
            self._follow(loaded.files)
            if loaded.restart != self._restart:
                self._restart = loaded.restart
                yield RestartNeeded(at=_now(), settings=loaded.restart)
            if loaded.change == self._change:
                return
            yield Loading(at=_now(), change=loaded.change)
            applied = self._gateway.apply(loaded.change)
        except GatewayDied:
            raise
        except HgwError as error:
            yield ChangeRefused(at=_now(), error=error)
            return
        except Exception as error:  # noqa: BLE001 -- an edit that hgw cannot cope with must not end what runs
            yield _refused(error)
            return
        before, self._change = self._change, loaded.change
        yield Ready(at=_now(), change=loaded.change, applied=applied, before=before)

    def _compare_source(self) -> Iterator[Event]:
        """Report that the source has changed since the module was built, once for each module."""
        if self._change is None:
            return
        module = self._change.plugin.path
        try:
            is_stale = self._is_stale(module)
        except (HgwError, OSError):
            return  # a source that cannot be read is what `hgw build` will tell
        if is_stale and not self._was_stale:
            yield SourceChanged(at=_now(), module=module)
        self._was_stale = is_stale

    def _look_for_room(self) -> Iterator[Event]:
        """Report a full disk, once until there is room again."""
        has_room = self._has_room()
        if self._had_room and not has_room:
            yield DiskFull(at=_now())
        self._had_room = has_room


def _refused(error: Exception) -> ChangeRefused:
    """An edit that ended with something else than an error of hgw's own: the machine's fault, or a bug."""
    if (known := system_error(error, output=_("a file of the run"))) is not None:
        return ChangeRefused(at=_now(), error=known)
    message = _("this is a bug in hgw: {error}").format(error=f"{type(error).__name__}: {error}")
    bug = HgwError(message, code="bug")
    return ChangeRefused(at=_now(), error=bug, traceback="".join(traceback.format_exception(error)))


def _now() -> datetime:
    return datetime.now(UTC)
