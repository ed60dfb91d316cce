"""The registries that one command speaks to, with the credentials of this machine for each."""

from functools import cached_property
from types import TracebackType
from typing import Self

from higress_cli.errors import UsageError
from higress_cli.i18n import _
from higress_cli.oci.credentials import Credential, DockerConfig, config_path, credential_for, read_docker_config
from higress_cli.oci.reference import registry_host
from higress_cli.oci.registry import Login, Registry
from higress_cli.session import Session
from higress_cli.settings.machine import PLAIN_HTTP, REGISTRY, REGISTRY_PASSWORD, REGISTRY_USERNAME
from higress_cli.system.web import Web


class Registries:
    """Registries by host; each connection is shared until the context ends.

    The credentials in the variables are for the registry that the setting `registry.host` names, else for `pushed_to`:
    no other may see them, least of all one whose name came with somebody's image.
    """

    def __init__(self, session: Session, *, pushed_to: str | None = None) -> None:
        self._session = session
        self._web = Web(session.variables)
        self._found: dict[str, Registry] = {}
        self._given = given_credential(session)
        self._given_for = named_registry(session) or pushed_to

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._web.close()

    def at(self, host: str) -> Registry:
        """The registry at a host."""
        if host not in self._found:
            self._found[host] = Registry(
                host,
                web=self._web,
                login=Login(
                    credential=lambda repository: self._credential(host, repository),
                    withheld=self._given.source if self._given and host != self._given_for else None,
                ),
                plain_http=self._session.choose(PLAIN_HTTP).value,
            )
        return self._found[host]

    def _credential(self, host: str, repository: str) -> Credential | None:
        if self._given is not None and host == self._given_for:
            return self._given
        return credential_for(host, repository, config=self._docker, variables=self._session.variables)

    @cached_property
    def _docker(self) -> DockerConfig:
        return read_docker_config(config_path(self._session.variables))


def named_registry(session: Session) -> str | None:
    """The registry that the credentials in the variables are for; None if nobody said."""
    host = session.choose(REGISTRY).value
    return registry_host(host) if host else None


def given_credential(session: Session) -> Credential | None:
    """The credential in the variables; None if there is none.

    Raises:
        UsageError: `credentials-incomplete`.
    """
    username, password = session.choose(REGISTRY_USERNAME), session.choose(REGISTRY_PASSWORD)
    if username.value is None and password.value is None:
        return None
    if username.value is None or password.value is None:
        missing = REGISTRY_USERNAME if username.value is None else REGISTRY_PASSWORD
        raise UsageError(
            _("{given} is set and {missing} is not").format(
                given=(password if username.value is None else username).source, missing=missing.variable
            ),
            code="credentials-incomplete",
            hint=_("set both, or neither to use docker's configuration"),
        )
    return Credential(source=str(username.source), username=username.value, password=password.value)
