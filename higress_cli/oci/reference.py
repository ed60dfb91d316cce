"""References to images: `oci://registry.example.com/team/plugin:1.0.0`, with or without the scheme.

They are read as the gateway's agent reads them (go-containerregistry, pkg/name): a name without a registry is one of
Docker Hub's, and a reference without a tag and a digest means `latest`.
"""

import re
from dataclasses import dataclass, replace
from typing import Final

from higress_cli.digest import ImageDigest, is_image_digest
from higress_cli.errors import UsageError
from higress_cli.i18n import _
from higress_cli.settings.kinds import REGISTRY_HOST
from higress_cli.system.whole_numbers import whole_number

SCHEME: Final = "oci://"
DOCKER_HUB: Final = "docker.io"
LATEST: Final = "latest"
_HUB_NAMES: Final = frozenset({DOCKER_HUB, "index.docker.io", "registry-1.docker.io"})
_HOST: Final = re.compile(REGISTRY_HOST)
# OCI distribution specification, "Pulling manifests"; a repository has up to 255 characters with its registry.
_REPOSITORY: Final = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_LONGEST: Final = 255
_LAST_PORT: Final = 65_535


@dataclass(frozen=True, kw_only=True)
class Reference:
    """An image in a registry; `host` has its port. Without a tag and a digest it is not complete.

    An image in a file of this machine has no `host`, and the file's path as its `repository`.
    """

    host: str
    repository: str
    tag: str | None = None
    digest: ImageDigest | None = None

    def __str__(self) -> str:
        """Without the scheme, such as `registry.example.com/team/plugin:1.0.0`."""
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.host}/{self.repository}{tag}{digest}" if self.host else self.repository

    @property
    def url(self) -> str:
        """As a WasmPlugin resource has it."""
        return f"{SCHEME}{self}"

    @property
    def wanted(self) -> str:
        """What the registry is asked for: the digest, else the tag."""
        return self.digest or self.tag or LATEST

    def tagged(self, tag: str) -> "Reference":
        """The same with this tag, if it has neither a tag nor a digest."""
        return self if self.tag or self.digest else replace(self, tag=tag)


def is_reference(text: str) -> bool:
    """Whether a text is meant as the address of an image: it has the scheme."""
    return text.startswith(SCHEME)


def names_image(text: str) -> bool:
    """Whether a text reads like an image, with or without the scheme: it names a registry, a tag or a digest."""
    head, _slash, tail = text.removeprefix(SCHEME).partition("/")
    has_host = bool(tail) and head.strip(".") != "" and ("." in head or ":" in head or head == "localhost")
    if not (is_reference(text) or has_host or ":" in text):
        return False
    try:
        parse_reference(text)
    except UsageError:
        return False
    return True


def parse_reference(text: str) -> Reference:
    """Read a reference.

    Raises:
        UsageError: `reference-invalid`.
    """
    whole = text.removeprefix(SCHEME)
    _refuse_credentials(whole)
    rest, at, digest = whole.partition("@")
    head, slash, tail = rest.partition("/")
    is_host = bool(slash) and ("." in head or ":" in head or head == "localhost")
    host, path = (registry_host(head), tail) if is_host else (DOCKER_HUB, rest)
    repository, colon, tag = path.partition(":")
    if "://" in whole:
        raise _invalid(text, _("its scheme is not oci://"))
    if not _is_host(host):
        raise _invalid(text, _("`{part}` is not the name of a host").format(part=host))
    if not repository:
        raise _invalid(text, _("the name of the image is missing"))
    if not _REPOSITORY.fullmatch(repository) or len(f"{host}/{repository}") > _LONGEST:
        lower = repository.lower()
        instead = text.replace(repository, lower) if repository != lower and _REPOSITORY.fullmatch(lower) else None
        raise _invalid(text, _("`{part}` is not the name of a repository").format(part=repository), instead=instead)
    if host == DOCKER_HUB and "/" not in repository:
        repository = f"library/{repository}"
    if colon and not _TAG.fullmatch(tag):
        raise _invalid(text, _("`{part}` is not a tag").format(part=tag))
    if not at:
        return Reference(host=host, repository=repository, tag=tag or None)
    if not is_image_digest(digest):
        raise _invalid(text, _("`{part}` is not a digest (sha256: and 64 hexadecimal digits)").format(part=digest))
    return Reference(host=host, repository=repository, tag=tag or None, digest=digest)


def as_repository(name: str) -> str:
    """A name that a repository may have, as near to `name` as possible."""
    return name if _REPOSITORY.fullmatch(name) else re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "plugin"


def names_registry(text: str) -> bool:
    """Whether a text without a slash is a registry rather than an image: `localhost:5000`, `registry.example.com`."""
    name, _colon, port = text.removeprefix(SCHEME).partition(":")
    return _is_host(text.removeprefix(SCHEME)) and (name == "localhost" or "." in name or port.isdecimal())


def registry_host(text: str) -> str:
    """The one name of a registry: in lower case, and `docker.io` for each of Docker Hub's."""
    host = text.lower()
    return DOCKER_HUB if host in _HUB_NAMES else host


def _is_host(text: str) -> bool:
    port = text.rpartition(":")[2] if _HOST.fullmatch(text) else "x"
    return bool(_HOST.fullmatch(text)) and (not port.isdecimal() or 0 < (whole_number(port) or 0) <= _LAST_PORT)


def _refuse_credentials(whole: str) -> None:
    """Refuse `user:password@registry.example.com/name` without showing the password."""
    head, slash, rest = whole.partition("/")
    _login, at, host = head.rpartition("@")
    if slash and at:
        raise UsageError(
            _("the address of an image cannot hold a user or a password: {address}").format(
                address=f"...@{host}/{rest}"
            ),
            code="reference-invalid",
            hint=f"docker login {host}",
            details={"reference": f"{host}/{rest}"},
        )


def _invalid(text: str, problem: str, *, instead: str | None = None) -> UsageError:
    example = _("one looks like {example}").format(example="registry.example.com/plugins/my-plugin:1.0.0")
    return UsageError(
        _("`{text}` is not the address of an image: {problem}").format(text=text, problem=problem),
        code="reference-invalid",
        hint=_("in lower case: {example}").format(example=instead) if instead else example,
        details={"reference": text},
    )
