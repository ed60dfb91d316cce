"""The addresses that hgw listens on, and what to do if one is taken."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Final, Self
from urllib.parse import urlsplit

from higress_cli.choice import DEFAULT, Source
from higress_cli.errors import GatewayError
from higress_cli.gateway.connections import LOOPBACK
from higress_cli.gateway.run_folder import live_records
from higress_cli.i18n import _, noted
from higress_cli.settings.project import BIND
from higress_cli.system import ports

_COMMAND: Final = "hgw run"
_LOWEST_FOR_ALL: Final = 1024
"""From here on every user may listen (ip_unprivileged_port_start of Linux)."""
_URLS: Final = ("url", "admin_url", "upstream_url")


@dataclass(frozen=True, kw_only=True)
class Listening:
    """An address to listen on; port 0 is any free one.

    `option` sets the port, `source` says who chose it, `bind_source` who chose the address.
    """

    bind: str
    port: int
    option: str
    source: Source
    bind_source: Source = DEFAULT


@dataclass(frozen=True, kw_only=True)
class PortTaken:
    """An address that another program listens on, the program's name if the system tells, and a free port."""

    at: Listening
    holder: str | None
    free: int

    @classmethod
    def of(cls, at: Listening, *, runs: Path | None = None, wanted: Collection[int] = ()) -> Self:
        """Look up the program that listens there, and a free port; `runs` holds the folders of this user's runs.

        The free port is none of `wanted`, which are for others.
        """
        holder = _own_run(at.port, runs) if runs else None
        free = ports.free_port(at.bind, above=at.port, wanted=wanted)
        return cls(at=at, holder=holder or ports.holder(at.port), free=free)


def check_ports(wanted: Sequence[Listening], *, runs: Path | None = None) -> None:
    """Check that servers can listen at all these addresses; `runs` holds the folders of this user's runs.

    Raises:
        GatewayError: `port-refused`, or `port-in-use` whose hint avoids every port that is taken.
    """
    for one, other in combinations(wanted, 2):
        if one.port and one.port == other.port:
            raise _wanted_twice(one, other)
    for at in wanted:
        reason = ports.refusal(at.bind, at.port)
        if reason is not None:
            raise _refused(at, reason)
    given = {at.port for at in wanted}
    taken = []
    for at in wanted:
        if not ports.is_free(at.bind, at.port):
            taken.append(PortTaken.of(at, runs=runs, wanted=given))
            given.add(taken[-1].free)
    if taken:
        raise taken_error(taken)


def taken_error(taken: Sequence[PortTaken]) -> GatewayError:
    """The error about the first of these ports; its hint avoids them all."""
    first = taken[0]
    words = [word for one in taken for word in (one.at.option, str(one.free))]
    message = (
        _("port {port} (from {source}) is in use by {holder}")
        if first.holder
        else _("port {port} (from {source}) is in use by another program")
    )
    return GatewayError(
        message.format(port=first.at.port, source=first.at.source, holder=first.holder),
        code="port-in-use",
        hint=" ".join([_COMMAND, *words]),
        again=words,
        details={
            "bind": first.at.bind,
            "port": first.at.port,
            "source": first.at.source,
            "holder": first.holder,
            "free": first.free,
        },
    )


def _refused(at: Listening, reason: str) -> GatewayError:
    """The error for an address or a port that the system does not give; its hint leaves the other one as it is."""
    message = _("cannot listen on {bind} (from {source}): {reason}")
    source, words = at.bind_source, [f"{BIND.flag}", LOOPBACK]
    if ports.refusal(at.bind, 0) is None:
        message = _("cannot listen on port {port} (from {source}) of {bind}: {reason}")
        source, words = at.source, [at.option, str(ports.free_port(at.bind, above=_LOWEST_FOR_ALL))]
    return GatewayError(
        message.format(bind=at.bind, port=at.port, source=source, reason=reason),
        code="port-refused",
        hint=" ".join([_COMMAND, *words]),
        again=words,
        details={"bind": at.bind, "port": at.port, "source": source},
    )


def _wanted_by(at: Listening) -> str:
    return at.option if f"{at.source}" == at.option else noted(at.option, at.source)


def _wanted_twice(one: Listening, other: Listening) -> GatewayError:
    """The error for a port that is to be both of these."""
    free = ports.free_port(other.bind, above=other.port)
    words = [other.option, str(free)]
    return GatewayError(
        _("port {port} is wanted twice: by {one} and by {other}").format(
            port=one.port, one=_wanted_by(one), other=_wanted_by(other)
        ),
        code="port-in-use",
        hint=" ".join([_COMMAND, *words]),
        again=words,
        details={"bind": other.bind, "port": other.port, "source": other.source, "holder": None, "free": free},
    )


def _own_run(port: int, runs: Path) -> str | None:
    """The `hgw run` that has the port, None if none does."""
    for record in live_records(runs):
        if any(urlsplit(str(record.get(key))).port == port for key in _URLS):
            return _("`hgw run` of {path} (pid {pid})").format(
                path=Path(str(record.get("module"))).parent, pid=record.get("pid")
            )
    return None
