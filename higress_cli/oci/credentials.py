"""Who to be at a registry: the variables, or docker's configuration with its helpers.

Sources: https://github.com/docker/cli/blob/master/cli/config/configfile/file.go, and the protocol of the helpers in
https://github.com/docker/docker-credential-helpers#development.
"""

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from higress_cli.document import JsonObject
from higress_cli.errors import InvalidInput, ToolError
from higress_cli.i18n import _
from higress_cli.oci.reference import DOCKER_HUB
from higress_cli.system import process
from higress_cli.system.os_errors import read_error
from higress_cli.system.user_file import read_text

_HUB_KEY: Final = "https://index.docker.io/v1/"
_TOKEN_USER: Final = "<token>"  # noqa: S105 -- the name by which helpers say that the secret is an identity token
_NOT_FOUND: Final = "credentials not found"
_HELPER_SECONDS: Final = 60.0


@dataclass(frozen=True, kw_only=True)
class Credential:
    """A user name with a password, or an identity token. `source` says where it is from."""

    source: str
    username: str = ""
    password: str = field(default="", repr=False)
    identity_token: str = field(default="", repr=False)

    @property
    def basic(self) -> str:
        """The value of an Authorization header (RFC 7617)."""
        return "Basic " + base64.b64encode(f"{self.username}:{self.password}".encode()).decode()


@dataclass(frozen=True, kw_only=True)
class DockerConfig:
    """The parts of docker's config.json that say who to be; `path` is the file."""

    path: Path
    auths: Mapping[str, JsonObject] = field(default_factory=dict, repr=False)
    helpers: Mapping[str, str] = field(default_factory=dict)
    store: str | None = None


def config_path(variables: Mapping[str, str]) -> Path:
    """Where docker's configuration is."""
    folder = variables.get("DOCKER_CONFIG")
    home = variables.get("HOME") or variables.get("USERPROFILE") or "~"
    return (Path(folder) if folder else Path(home).expanduser() / ".docker") / "config.json"


def read_docker_config(path: Path) -> DockerConfig:
    """Docker's configuration; an empty one if the file does not exist.

    Raises:
        InvalidInput: `docker-config-invalid`, `file-unreadable`.
    """
    try:
        document = json.loads(read_text(path))
    except FileNotFoundError:
        return DockerConfig(path=path)
    except (OSError, UnicodeDecodeError) as error:
        raise read_error(path, error, is_fixed=True) from error
    except (ValueError, RecursionError) as error:
        raise _invalid(path, _("it is not JSON")) from error
    if not isinstance(document, dict):
        raise _invalid(path, _("it is not a JSON object"))
    auths, helpers, store = (document.get(key) for key in ("auths", "credHelpers", "credsStore"))
    return DockerConfig(
        path=path,
        auths={key: value for key, value in auths.items() if isinstance(value, dict)}
        if isinstance(auths, dict)
        else {},
        helpers={key: value for key, value in helpers.items() if isinstance(value, str)}
        if isinstance(helpers, dict)
        else {},
        store=store if isinstance(store, str) and store else None,
    )


def credential_for(
    host: str, repository: str, *, config: DockerConfig, variables: Mapping[str, str]
) -> Credential | None:
    """The credential for a repository; None if there is none. A helper that has none leaves it to `auths`.

    Raises:
        InvalidInput: `docker-config-invalid`.
        ToolError: `credential-helper-failed`.
    """
    key = _HUB_KEY if host == DOCKER_HUB else host
    helper = config.helpers.get(key) or config.helpers.get(host) or config.store
    if helper is not None and (found := _from_helper(helper, key, variables=variables)) is not None:
        return found
    return _from_auths(config, key, host=host, repository=repository)


def _from_auths(config: DockerConfig, key: str, *, host: str, repository: str) -> Credential | None:
    named = {_bare(name): entry for name, entry in config.auths.items()}
    parts = repository.split("/")
    # podman writes the same file, with entries for parts of a registry (containers-auth.json(5)).
    scopes = [f"{host}/{'/'.join(parts[:count])}" for count in range(len(parts), 0, -1)]
    for name in (*scopes, key, host, _bare(key)):
        entry = config.auths.get(name) or named.get(name)
        if entry and (found := _of_entry(config, name, entry)) is not None:
            return found
    return None


def _of_entry(config: DockerConfig, name: str, entry: JsonObject) -> Credential | None:
    source = str(config.path)
    token = entry.get("identitytoken")
    if isinstance(token, str) and token:
        return Credential(source=source, identity_token=token)
    username, password, packed = (entry.get(field_name) for field_name in ("username", "password", "auth"))
    if isinstance(packed, str) and packed:
        try:
            text = base64.b64decode(packed, validate=True).decode()
        except (binascii.Error, UnicodeDecodeError, ValueError) as error:
            raise _invalid(config.path, _("`auth` of {name} is not base64").format(name=name)) from error
        username, _colon, password = text.partition(":")
    if isinstance(username, str) and isinstance(password, str) and username:
        return Credential(source=source, username=username, password=password.rstrip("\0"))
    return None


def _bare(name: str) -> str:
    """A key of `auths` without scheme and trailing path: old versions of docker wrote URLs."""
    rest = name.partition("://")[2]
    return rest.partition("/")[0] if rest else name


def _from_helper(helper: str, key: str, *, variables: Mapping[str, str]) -> Credential | None:
    program = f"docker-credential-{helper}"
    try:
        done = process.run([program, "get"], variables=variables, timeout=_HELPER_SECONDS, stdin=key.encode())
    except ToolError as error:
        raise _failed(program, key, error.message) from error
    if done.returncode != 0:
        said = (done.stdout or done.stderr).strip()
        if _NOT_FOUND in said:
            return None
        # What it printed may hold a secret.
        raise _failed(program, key, _("it ended with exit status {status}").format(status=done.returncode))
    try:
        answer = json.loads(done.stdout)
        username, secret = str(answer["Username"]), str(answer["Secret"])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _failed(program, key, _("its answer cannot be read")) from error
    if not username and not secret:
        return None
    if username == _TOKEN_USER:
        return Credential(source=program, identity_token=secret)
    return Credential(source=program, username=username, password=secret)


def _failed(program: str, key: str, reason: str) -> ToolError:
    return ToolError(
        _("the credential helper {program} failed: {reason}").format(program=program, reason=reason),
        code="credential-helper-failed",
        hint=f"echo {key} | {program} get",
        details={"program": program},
    )


def _invalid(path: Path, reason: str) -> InvalidInput:
    return InvalidInput(
        _("{path} cannot be used: {reason}").format(path=path, reason=reason),
        code="docker-config-invalid",
        hint=_("set DOCKER_CONFIG to another folder, or have it written again: docker login HOST"),
        details={"path": path},
    )
