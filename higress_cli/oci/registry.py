"""A registry, spoken to by the OCI distribution specification 1.1: who to be there, and what to try again."""

import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final
from urllib.parse import urlencode, urlsplit

from higress_cli.errors import HgwError
from higress_cli.i18n import _
from higress_cli.oci import registry_errors as errors
from higress_cli.oci.challenge import Challenge, challenges
from higress_cli.oci.credentials import Credential
from higress_cli.oci.reference import DOCKER_HUB
from higress_cli.reporter import Activity, SilentActivity
from higress_cli.system.clock import SYSTEM_CLOCK, Clock
from higress_cli.system.growing_waits import GrowingWaits
from higress_cli.system.http import ObstacleKind
from higress_cli.system.transfer import BUSY, retry_after
from higress_cli.system.web import Body, NoReplyError, Reply, TooLongError, Web, is_loopback, join, same_origin

_FIRST_WAIT_SECONDS: Final = 0.5
_MOST_TRIES: Final = 6
# A registry that never answered is probably not there.
_MOST_FIRST_TRIES: Final = 3
_HUB_HOST: Final = "registry-1.docker.io"
_MOST_TOKEN_BYTES: Final = 1 << 20
_MOST_ERROR_BYTES: Final = 1 << 16
_OK: Final = 200
_UNAUTHORIZED: Final = 401
_NO_LOGIN: Final = frozenset({400, 401, 403})


@dataclass(frozen=True, kw_only=True)
class Login:
    """Who to be: `credential` gives the one for a repository of the registry, None for nobody.

    `withheld` is where credentials are from that it does not give, because they may be for another registry.
    """

    credential: Callable[[str], Credential | None]
    withheld: str | None = None


@dataclass(frozen=True, kw_only=True)
class Access:
    """What is wanted of a repository: `pull` or `pull,push`. `also` is one from which to mount."""

    repository: str
    actions: str = "pull"
    also: str | None = None

    @property
    def scopes(self) -> tuple[tuple[str, str], ...]:
        """For a token server (https://distribution.github.io/distribution/spec/auth/scope/)."""
        more = (("scope", f"repository:{self.also}:pull"),) if self.also else ()
        return (("scope", f"repository:{self.repository}:{self.actions}"), *more)


@dataclass(frozen=True, kw_only=True)
class Ask:
    """A request to `path`, or to a whole URL that the registry gave.

    `body` is called for each try, because an iterator can be sent only once. One that is not `retried` goes out once.
    """

    method: str
    path: str
    access: Access
    headers: Mapping[str, str] | None = None
    body: Callable[[], bytes | Body] = bytes
    retried: bool = True


class Registry:
    """One registry, `host` with its port. Nothing is asked of it before it is used."""

    def __init__(
        self,
        host: str,
        *,
        web: Web,
        login: Login,
        plain_http: bool = False,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        self.host = host
        self.activity: Activity = SilentActivity()
        self._web = web
        self._login = login
        self._plain_http = plain_http
        self._waiting = GrowingWaits(first=_FIRST_WAIT_SECONDS, clock=clock)
        self._base: str | None = None
        self._challenges: tuple[Challenge, ...] = ()
        self._authorization: dict[Access, str] = {}
        self._shown = errors.Shown(withheld=login.withheld)

    @contextlib.contextmanager
    def ask(self, ask: Ask) -> Iterator[Reply]:
        """The registry's answer, whatever its status; a login and busy moments are dealt with.

        Raises:
            DownloadError, ConsentError: there is no answer, or no login (see `registry_errors`).
        """
        base = self._connected()
        if self._challenges and ask.access not in self._authorization:
            self._log_in(ask.access, self._challenges)
        url = join(base, ask.path)
        for is_last in (False, True):
            headers = dict(ask.headers or {})
            if same_origin(url, base) and (value := self._authorization.get(ask.access)):
                headers["authorization"] = value
            with self._reachable(ask, url, headers) as reply:
                wanted = challenges(reply.headers.get("www-authenticate", ""))
                if reply.status != _UNAUTHORIZED or is_last or not wanted or not same_origin(url, base):
                    yield reply
                    return
            # Tokens last for minutes; an upload may take longer.
            self._challenges = wanted
            self._log_in(ask.access, wanted)

    @contextlib.contextmanager
    def _reachable(self, ask: Ask, url: str, headers: Mapping[str, str]) -> Iterator[Reply]:
        with contextlib.ExitStack() as stack:
            try:
                reply = stack.enter_context(
                    self._retrying(ask.method, url, headers=headers, body=ask.body, retried=ask.retried)
                )
            except NoReplyError as error:
                if not ask.retried:
                    raise
                raise errors.unreachable(self.host, error) from error
            yield reply

    @property
    def logged_in(self) -> bool:
        """Whether the registry was shown credentials."""
        return self._shown.tried is not None

    def refusal(self, reply: Reply, *, what: str) -> HgwError:
        """The error for an answer that is not what was hoped for; `what` is what was asked for."""
        try:
            text = reply.read(most_bytes=_MOST_ERROR_BYTES)
        except (TooLongError, NoReplyError):
            text = b""
        return errors.refused(self.host, reply.status, text, what=what, shown=self._shown)

    def broken(self, error: NoReplyError) -> HgwError:
        """The error for a connection that broke within an answer."""
        return errors.unreachable(self.host, error)

    def next_wait(self, tries: int, *, at_least: float = 0.0) -> float | None:
        """How many seconds to wait before another try, longer each time; None if there has been enough of that."""
        most = _MOST_TRIES if self._base else _MOST_FIRST_TRIES
        return self._waiting.next_wait(tries, at_least=at_least) if tries + 1 < most else None

    def wait(self, seconds: float) -> None:
        """Wait, and say so."""
        self._waiting.wait(seconds, host=self.host, activity=self.activity)

    @contextlib.contextmanager
    def _retrying(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: Callable[[], bytes | Body] = bytes,
        retried: bool = True,
    ) -> Iterator[Reply]:
        tries = 0
        while True:
            with contextlib.ExitStack() as stack:
                try:
                    reply = stack.enter_context(self._web.ask(method, url, headers=headers, body=body()))
                except NoReplyError as error:
                    seconds = self.next_wait(tries) if retried and may_pass(error) else None
                    if seconds is None:
                        raise
                else:
                    at_least = retry_after(reply.headers.get("retry-after"))
                    busy = retried and reply.status in BUSY
                    seconds = self.next_wait(tries, at_least=at_least) if busy else None
                    if seconds is None:
                        yield reply
                        return
            self.wait(seconds)
            tries += 1

    def _connected(self) -> str:
        """The registry's address with its scheme: TLS, or plain HTTP where that is allowed."""
        if self._base is None:
            self._base = self._connect()
        return self._base

    def _connect(self) -> str:
        host = _HUB_HOST if self.host == DOCKER_HUB else self.host
        if self._plain_http:
            return self._greet_plainly(host)
        on_this_machine = is_loopback(urlsplit(f"//{host}").hostname or "")
        try:
            return self._greet(f"https://{host}", retried=not on_this_machine)
        except NoReplyError as error:
            failure = error
        # A registry on this machine may do without TLS, but not with a certificate that nobody trusts.
        if on_this_machine and failure.obstacle.kind is not ObstacleKind.UNTRUSTED:
            return self._greet_plainly(host)
        if not failure.speaks_tls and self._answers_plainly(host):
            raise errors.plain_http(self.host) from failure
        raise errors.unreachable(self.host, failure) from failure

    def _greet(self, base: str, *, retried: bool = True) -> str:
        with self._retrying("GET", f"{base}/v2/", retried=retried) as reply:
            self._challenges = challenges(reply.headers.get("www-authenticate", ""))
        return base

    def _greet_plainly(self, host: str) -> str:
        try:
            return self._greet(f"http://{host}")
        except NoReplyError as error:
            raise errors.unreachable(self.host, error) from error

    def _answers_plainly(self, host: str) -> bool:
        try:
            with self._web.ask("GET", f"http://{host}/v2/"):
                return True
        except NoReplyError:
            return False

    def _log_in(self, access: Access, wanted: tuple[Challenge, ...]) -> None:
        """Get what the registry wants to see in each request.

        Raises:
            ConsentError: `registry-login`. DownloadError: the token server does not answer.
        """
        credential = self._login.credential(access.repository)
        self._shown = replace(self._shown, tried=credential.source if credential else None)
        for challenge in wanted:
            if challenge.scheme == "bearer" and challenge.parameters.get("realm"):
                self._authorization[access] = f"Bearer {self._token(challenge, access, credential)}"
                return
            if challenge.scheme == "basic":
                if credential is None or credential.identity_token:
                    raise errors.login_wanted(self.host, self._shown)
                self._authorization[access] = credential.basic
                return
        schemes = ", ".join(challenge.scheme for challenge in wanted)
        raise errors.not_understood(self.host, _("it wants a login by {schemes}").format(schemes=schemes))

    def _token(self, challenge: Challenge, access: Access, credential: Credential | None) -> str:
        """A token (https://distribution.github.io/distribution/spec/auth/token/, and oauth/ for identity tokens)."""
        realm = self._realm(challenge)
        host = urlsplit(realm).netloc
        if (
            urlsplit(realm).scheme != "https"
            and not self._plain_http
            and not is_loopback(urlsplit(realm).hostname or "")
        ):
            raise errors.plain_http(host)
        service = challenge.parameters.get("service", "")
        pairs = [*([("service", service)] if service else []), *access.scopes]
        headers, method, body = {}, "GET", b""
        if credential is not None and credential.identity_token:
            method, body = "POST", _refreshing(credential, service, access)
            headers["content-type"] = "application/x-www-form-urlencoded"
        else:
            realm += ("&" if urlsplit(realm).query else "?") + urlencode(pairs)
            if credential is not None:
                headers["authorization"] = credential.basic
        try:
            with self._retrying(method, realm, headers=headers, body=lambda: body) as reply:
                if reply.status in _NO_LOGIN:
                    raise errors.login_wanted(self.host, self._shown)
                if reply.status in BUSY:
                    raise errors.refused(host, reply.status, b"", what=access.repository, shown=self._shown)
                if reply.status != _OK:
                    raise errors.not_understood(host, f"HTTP {reply.status}")
                return _token_in(reply.read(most_bytes=_MOST_TOKEN_BYTES))
        except NoReplyError as error:
            raise errors.unreachable(host, error) from error
        except (TooLongError, ValueError, KeyError, TypeError, RecursionError) as error:
            raise errors.not_understood(host, _("there is no token in its answer")) from error

    def _realm(self, challenge: Challenge) -> str:
        """The address of the token server."""
        try:
            return join(f"{self._base or f'https://{self.host}'}/", challenge.parameters["realm"])
        except NoReplyError as error:
            raise errors.not_understood(self.host, error.obstacle.text) from error


def may_pass(error: NoReplyError) -> bool:
    """Whether another try may help: the host did not answer, rather than cannot."""
    return error.obstacle.kind is ObstacleKind.SILENT and error.knows_host and error.speaks_tls


def _refreshing(credential: Credential, service: str, access: Access) -> bytes:
    scope = " ".join(value for _name, value in access.scopes)
    form = {
        "grant_type": "refresh_token",
        "refresh_token": credential.identity_token,
        "service": service,
        "scope": scope,
        "client_id": "hgw",
    }
    return urlencode(form).encode()


def _token_in(body: bytes) -> str:
    document = json.loads(body)
    token = document.get("token") or document["access_token"]
    if not isinstance(token, str) or not token.isascii() or not token.isprintable():
        raise ValueError("not a token")
    return token
