"""References to images: `oci://registry.example.com/team/plugin:1.0.0`, with or without the scheme.

They are read as the gateway's agent reads them (go-containerregistry, pkg/name): a name without a registry is one of
Docker Hub's, and a reference without a tag and a digest means `latest`.
"""

import re
from dataclasses import dataclass, replace
from typing import Final

from higress_cli.errors import UsageError
from higress_cli.i18n import _
from higress_cli.oci.formats import is_digest
from higress_cli.settings.kinds import REGISTRY_HOST

SCHEME: Final = "oci://"
DOCKER_HUB: Final = "docker.io"
LATEST: Final = "latest"
_HUB_NAMES: Final = frozenset({DOCKER_HUB, "index.docker.io", "registry-1.docker.io"})
_HOST: Final = re.compile(REGISTRY_HOST)
# OCI distribution specification, "Pulling manifests"; a repository has up to 255 characters with its registry.
_REPOSITORY: Final = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*")
_TAG: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
_LONGEST: Final = 255


@dataclass(frozen=True, kw_only=True)
class Reference:
    """An image in a registry; `host` has its port. Without a tag and a digest it is not complete."""

    host: str
    repository: str
    tag: str | None = None
    digest: str | None = None

    def __str__(self) -> str:
        """Without the scheme, such as `registry.example.com/team/plugin:1.0.0`."""
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.host}/{self.repository}{tag}{digest}"

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
    rest, at, digest = text.removeprefix(SCHEME).partition("@")
    head, slash, tail = rest.partition("/")
    is_host = bool(slash) and ("." in head or ":" in head or head == "localhost")
    host, path = (registry_host(head), tail) if is_host else (DOCKER_HUB, rest)
    repository, colon, tag = path.partition(":")
    if host == DOCKER_HUB:
        repository = repository if "/" in repository else f"library/{repository}"
    if "://" in text.removeprefix(SCHEME):
        raise _invalid(text, _("its scheme is not oci://"))
    if not _HOST.fullmatch(host):
        raise _invalid(text, _("`{part}` is not the name of a host").format(part=host))
    if not _REPOSITORY.fullmatch(repository) or len(f"{host}/{repository}") > _LONGEST:
        raise _invalid(text, _("`{part}` is not the name of a repository").format(part=repository))
    if colon and not _TAG.fullmatch(tag):
        raise _invalid(text, _("`{part}` is not a tag").format(part=tag))
    if at and not is_digest(digest):
        raise _invalid(text, _("`{part}` is not a digest (sha256: and 64 hexadecimal digits)").format(part=digest))
    return Reference(host=host, repository=repository, tag=tag or None, digest=digest or None)


def registry_host(text: str) -> str:
    """The one name of a registry: in lower case, and `docker.io` for each of Docker Hub's."""
    host = text.lower()
    return DOCKER_HUB if host in _HUB_NAMES else host


def _invalid(text: str, problem: str) -> UsageError:
    return UsageError(
        _("`{text}` is not the address of an image: {problem}").format(text=text, problem=problem),
        code="reference-invalid",
        hint=_("one looks like {example}").format(example="registry.example.com/plugins/my-plugin:1.0.0"),
        details={"reference": text},
    )
