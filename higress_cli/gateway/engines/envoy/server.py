"""One Envoy process: started, waited for, stopped."""

import contextlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePath
from typing import Final

from higress_cli.errors import GatewayError
from higress_cli.gateway.engines.envoy import log_lines
from higress_cli.gateway.engines.envoy.admin import Admin
from higress_cli.gateway.engines.envoy.calls import StartCalls
from higress_cli.gateway.refusal import GatewayDied
from higress_cli.gateway.watch import Tail
from higress_cli.i18n import _, joined
from higress_cli.system import process
from higress_cli.system.http import NoAnswerError

BOOTSTRAP: Final = "bootstrap.json"
_SHORTEST_PAUSE: Final = 0.01
_LONGEST_PAUSE: Final = 0.2
_PAUSE_SHARE: Final = 0.05
"""How much of the time that it has waited for it may wait too long."""


class GatewayTimeout(GatewayError):
    """The gateway did not get ready in time."""


@dataclass(frozen=True, kw_only=True)
class EnvoyCommand:
    """What starts an Envoy: a command that takes Envoy's own arguments at its end, and its whole environment.

    `seen_at` is the run folder as that Envoy sees it; None if it sees what hgw sees. `show` hears the whole command.
    """

    argv: Sequence[str]
    variables: Mapping[str, str] = field(repr=False)
    seen_at: PurePath | None = None
    show: Callable[[str], None] = lambda _command: None


class EnvoyServer:
    """Envoy in the background, with the file `config` of the run folder; its log goes to the file `log`."""

    def __init__(self, command: EnvoyCommand, *, config: Path, log: Path) -> None:
        self.admin = Admin("")
        self._log = log
        folder = config.parent
        self._address_file = folder / "admin-address.txt"
        self._address_file.unlink(missing_ok=True)
        inside = command.seen_at or folder
        argv = [
            *command.argv,
            *("--config-path", str(inside / config.name)),
            *("--admin-address-path", str(inside / self._address_file.name)),
            *("--concurrency", "1"),
            # At this level a call into the plugin leaves a line when it begins, and one when it ends.
            *("--component-log-level", "wasm:trace"),
            *("--log-format", log_lines.FORMAT),
            # An access log entry is written as it comes: a timer's would wait while a module compiles.
            *("--file-flush-min-size-kb", "0"),
            # A new listener must not cut the requests of the one before it, however long they last.
            *("--drain-time-s", "86400"),
            *("--drain-strategy", "immediate"),
            # It is for a successor on the same machine, whose shared memory two gateways would fight for.
            "--disable-hot-restart",
        ]
        command.show(process.command_line(argv))
        self._process = process.start(argv, variables=command.variables, log=log, cwd=folder)

    def knows_address(self) -> bool:
        """Whether the address of its admin API is known by now."""
        with contextlib.suppress(OSError):
            address = self._address_file.read_text("ascii").strip()
            if address:
                self.admin = Admin(address)
        return bool(self.admin.url.removeprefix("http://"))

    def wait(self, done: Callable[[], bool], tail: Tail, *, patience: float, calls: StartCalls) -> None:
        """Wait up to `patience` seconds until `done`; `tail` holds the lines that say why it failed.

        Raises:
            GatewayError: `gateway-died`, `gateway-timeout`, and what `done` raises.
            StuckError: the plugin does not return from a callback of its start.
        """
        started = time.monotonic()
        last = ""
        while True:
            code = self._process.returncode()
            if code is not None:
                raise self._died(code, tail.lines())
            try:
                if done():
                    return
            except NoAnswerError as error:
                # While it compiles a module it does not answer.
                last = str(error)
                calls.check()
            waited = time.monotonic() - started
            if waited > patience:
                raise self._timed_out(last, tail.lines(), patience)
            time.sleep(min(max(waited * _PAUSE_SHARE, _SHORTEST_PAUSE), _LONGEST_PAUSE))

    def check_alive(self) -> None:
        """See that it still runs.

        Raises:
            GatewayDied: it ended by itself.
        """
        code = self._process.returncode()
        if code is not None:
            raise self._died(code, Tail(self._log).lines())

    def stop(self, *, grace: float) -> None:
        """End it, after `grace` seconds by force; it is gone when this returns."""
        if self._process.returncode() is not None:
            # Its supervisor was killed: then it may still be there, and only its own API reaches it.
            with contextlib.suppress(NoAnswerError):
                self.admin.quit()
        self._process.stop(grace=grace)

    def _died(self, code: int, lines: list[str]) -> GatewayError:
        message = _("the gateway ended with status {code}").format(code=code)
        return self._error(message, code="gateway-died", lines=lines, kind=GatewayDied)

    def _timed_out(self, last: str, lines: list[str], patience: float) -> GatewayError:
        message = _("the gateway was not ready after {seconds:g} s").format(seconds=patience)
        return self._error(
            joined((message, last)) if last else message, code="gateway-timeout", lines=lines, kind=GatewayTimeout
        )

    def _error(
        self, message: str, *, code: str, lines: list[str], kind: type[GatewayError] = GatewayError
    ) -> GatewayError:
        said = log_lines.reasons(lines)
        return kind(
            "\n  ".join([message, *said]),
            code=code,
            hint=_("all that the gateway said is in {path}").format(path=self._log),
            details={"log": self._log, "said": list(said)},
        )
