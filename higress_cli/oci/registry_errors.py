"""What goes wrong with registries, one error for each thing that a user does about it."""

import json
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from higress_cli.errors import ConsentError, DownloadError, HgwError
from higress_cli.i18n import N_, _, joined
from higress_cli.settings.machine import REGISTRY, REGISTRY_PASSWORD, REGISTRY_USERNAME
from higress_cli.system.http import ObstacleKind
from higress_cli.system.web import NoReplyError, is_loopback

_UNAUTHORIZED: Final = 401
_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404
_TOO_LARGE: Final = 413
_TAKEN: Final = frozenset({409, 412})
_TOO_MANY: Final = 429
_OWN_FAULTS: Final = 500
_MOST_SHOWN: Final = 300


def unreachable(host: str, error: NoReplyError) -> DownloadError:
    """The error for a host that does not answer."""
    found = error.obstacle
    if not error.knows_host:
        return DownloadError(
            _("the registry {host} cannot be found: {reason}").format(host=host, reason=found.text),
            code="registry-unknown-host",
            hint=_("is the name right? an image's name begins with its registry, such as registry.example.com/"),
            details={"host": host},
        )
    if found.kind is ObstacleKind.UNTRUSTED:
        return DownloadError(
            _("the certificate of {host} is not trusted: {reason}").format(host=host, reason=found.text),
            code="registry-untrusted",
            hint=found.hint,
            details={"host": host},
        )
    return DownloadError(
        _("the registry {host} cannot be reached: {reason}").format(host=host, reason=found.text),
        code="registry-unreachable",
        hint=found.hint or (_nothing_listens(host) if is_loopback(urlsplit(f"//{host}").hostname or "") else None),
        details={"host": host},
    )


def plain_http(host: str) -> DownloadError:
    """The error for a registry without TLS, where plain HTTP was not allowed."""
    return DownloadError(
        _("{host} speaks plain HTTP: whoever is on the way can read the password and change the image").format(
            host=host
        ),
        code="registry-plain-http",
        hint=_("if that is meant, add --plain-http"),
        details={"host": host},
    )


@dataclass(frozen=True, kw_only=True)
class Shown:
    """The credentials that a registry was shown.

    `tried` is where they come from. `withheld` is where others come from that it was not shown, because nothing says
    that they are for this registry.
    """

    tried: str | None = None
    withheld: str | None = None


def login_wanted(host: str, shown: Shown, *, said: str = "") -> ConsentError:
    """The error for a registry that wants a login, or another one."""
    message = (
        _("{host} refuses the credentials from {source}").format(host=host, source=shown.tried)
        if shown.tried
        else _("{host} wants a login, and there are no credentials for it").format(host=host)
    )
    return ConsentError(
        joined((message, said)) if said else message,
        code="registry-login",
        hint=_login_hint(host, shown.withheld),
        details={"host": host, "source": shown.tried},
    )


@dataclass(frozen=True, kw_only=True)
class _Meaning:
    """What an answer means: the id of the error, its text and what to do."""

    code: str
    message: str
    hint: str | None
    error: type[HgwError] = DownloadError


_IMMUTABLE: Final = _Meaning(
    code="registry-tag-immutable",
    message=N_("{host} does not let {what} be replaced: {reason}"),
    hint=N_("push under a new tag: raise `version` in hgw.yaml"),
)
_DENIED: Final = _Meaning(
    code="registry-denied",
    message=N_("{host} does not allow it for {what}: {reason}"),
    hint=N_("ask its owner for the right, or log in as somebody who has it: docker login {host}"),
    error=ConsentError,
)
_LARGE: Final = _Meaning(
    code="registry-too-large",
    message=N_("{what} is too large for {host}: {reason}"),
    hint=N_("its owner, or a proxy in front of it, sets the limit"),
)
_NO_IMAGE: Final = _Meaning(
    code="image-unknown",
    message=N_("{host} has no image {what}"),
    hint=N_("is the tag right, and has it been pushed yet?"),
)
_NO_NAME: Final = _Meaning(
    code="registry-name-unknown",
    message=N_("{host} does not know {what}: {reason}"),
    hint=N_("is the name right? some registries want the repository or its project to be created first"),
)
_BUSY: Final = _Meaning(
    code="registry-busy",
    message=N_("{host} is busy or out of order: {reason}"),
    hint=N_("try again later"),
)
_REFUSED: Final = _Meaning(
    code="registry-refused",
    message=N_("{host} refused {what}: {reason}"),
    hint=None,
)


def refused(host: str, status: int, body: bytes, *, what: str, shown: Shown) -> HgwError:
    """The error for an answer; `what` is what was asked for, such as the name of an image."""
    codes, said = _of_body(body)
    if status == _UNAUTHORIZED:
        return login_wanted(host, shown, said=said)
    meaning = _meaning(status, codes, said)
    hint = _(meaning.hint).format(host=host) if meaning.hint else None
    return meaning.error(
        _(meaning.message).format(host=host, what=what, reason=said or f"HTTP {status}"),
        code=meaning.code,
        hint=_login_hint(host, shown.withheld) if meaning is _DENIED and shown.withheld else hint,
        details={"host": host, "status": status, "image": what},
    )


def not_understood(host: str, reason: str) -> DownloadError:
    """The error for an answer that no registry should give."""
    return DownloadError(
        _("{host} does not answer as a registry does: {reason}").format(host=host, reason=reason),
        code="registry-refused",
        details={"host": host},
    )


def _nothing_listens(host: str) -> str:
    """What to do about a registry that should be on this machine."""
    return _("start the registry on this machine, or name another in place of {host}").format(host=host)


def _login_hint(host: str, withheld: str | None) -> str:
    if withheld:
        return _(
            "if the credentials in {source} are for it: export {variable}={host}; otherwise: docker login {host}"
        ).format(variable=REGISTRY.variable, host=host, source=withheld)
    return _("set {variable}={host}, {username} and {password}, or log in: docker login {host}").format(
        host=host,
        variable=REGISTRY.variable,
        username=REGISTRY_USERNAME.variable,
        password=REGISTRY_PASSWORD.variable,
    )


def _meaning(status: int, codes: frozenset[str], said: str) -> _Meaning:
    # Registries answer with 400, 403, 409 or 412 where a tag must not change; their words agree.
    rules = (
        (status in _TAKEN or "immutable" in said.lower(), _IMMUTABLE),
        (status == _FORBIDDEN, _DENIED),
        (status == _TOO_LARGE or "SIZE_INVALID" in codes, _LARGE),
        (status == _NOT_FOUND and "MANIFEST_UNKNOWN" in codes, _NO_IMAGE),
        (status == _NOT_FOUND, _NO_NAME),
        (status == _TOO_MANY or status >= _OWN_FAULTS, _BUSY),
    )
    return next((meaning for applies, meaning in rules if applies), _REFUSED)


def _of_body(body: bytes) -> tuple[frozenset[str], str]:
    """The codes and the words of an error (OCI distribution specification, "Error Codes"), if it is one."""
    try:
        listed = json.loads(body)["errors"]
        found = [item for item in listed if isinstance(item, dict)]
    except (ValueError, KeyError, TypeError, RecursionError):
        return frozenset(), ""
    codes = [str(item.get("code", "")) for item in found]
    words = [str(item.get("message") or item.get("code") or "") for item in found]
    return frozenset(codes), _cleaned("; ".join(dict.fromkeys(filter(None, words))))


def _cleaned(text: str) -> str:
    """Words of a host as they may be shown on a terminal."""
    return "".join(sign if sign.isprintable() else " " for sign in text)[:_MOST_SHOWN]
