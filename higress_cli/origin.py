"""Where this hgw was installed from: as a requirement for another machine, and as the command to install it again."""

import json
import re
import shlex
import sys
from itertools import pairwise
from pathlib import Path
from typing import Final, TypedDict
from urllib.parse import unquote, urlsplit, urlunsplit

from higress_cli import DISTRIBUTION

PACKAGE_VARIABLE: Final = "HGW_PACKAGE"
"""The pipeline's variable, in scaffolded CI files, for what pip installs hgw from."""
_NAME: Final = f"{DISTRIBUTION}[local]"
_REMOTE: Final = ("https", "http", "ssh", "git")
# Nothing that a shell, YAML or JSON would read in its own way.
_PLAIN: Final = re.compile(r"[\w@%+=:,./~#&\[\]-]+", re.ASCII)


class _Revision(TypedDict):
    vcs: str
    commit_id: str


class _Archive(TypedDict, total=False):
    hashes: dict[str, str]


class _DirectUrl(TypedDict, total=False):
    """What pip notes of a package that did not come from an index.

    https://packaging.python.org/en/latest/specifications/direct-url-data-structure/
    """

    url: str
    subdirectory: str
    vcs_info: _Revision
    archive_info: _Archive


def installed_requirement() -> str | None:
    """The requirement for this very hgw; None if it was installed from a folder or a file of this machine."""
    from importlib import metadata

    try:
        found = metadata.distribution(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return None
    return requirement_of(found.read_text("direct_url.json"), version=found.version)


def requirement_of(direct_url: str | None, *, version: str) -> str | None:
    """The requirement that a direct_url.json of PEP 610 stands for; a package without one came from an index."""
    if not direct_url:
        return f"{_NAME}=={version}"
    try:
        found = json.loads(direct_url)
        address = _address(found)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None
    return f"{_NAME} @ {address}" if address is not None and _PLAIN.fullmatch(address) else None


def install_command(*, force: bool = False) -> str:
    """What to type to install this hgw again, from where it came, with its extra; `force` also where it is complete."""
    from importlib import metadata

    try:
        found = metadata.distribution(DISTRIBUTION)
        direct_url, version = found.read_text("direct_url.json"), found.version
    except metadata.PackageNotFoundError:
        direct_url, version = None, ""
    return install_command_of(direct_url, version=version, python=sys.executable, force=force)


def install_command_of(direct_url: str | None, *, version: str, python: str, force: bool = False) -> str:
    """The command of the program that made the environment of `python`: pipx, uv, or pip itself."""
    requirement, editable = requirement_of(direct_url, version=version) or _NAME, False
    if direct_url and (folder := _local(direct_url)) is not None:
        requirement, editable = f"{folder}[local]", '"editable": true' in direct_url
    words = ["--editable", requirement] if editable else [requirement]
    parts = Path(python).parts
    if "pipx" in parts:
        command = ["pipx", "install", "--force", *words]
    elif ("uv", "tools") in pairwise(parts):
        command = ["uv", "tool", "install", "--force", *words]
    else:
        command = [python, "-m", "pip", "install", *(["--force-reinstall"] if force else []), *words]
    return shlex.join(command)


def _local(direct_url: str) -> str | None:
    """The folder or file of this machine that hgw came from; None if it came from elsewhere."""
    from urllib.request import url2pathname

    try:
        url = urlsplit(str(json.loads(direct_url)["url"]))
    except (ValueError, TypeError, KeyError, RecursionError):
        return None
    return url2pathname(unquote(url.path)) if url.scheme == "file" else None


def _address(found: _DirectUrl) -> str | None:
    """The URL with the revision or the digest; None for a folder and for what is on this machine."""
    url = urlsplit(str(found["url"]))
    if url.scheme not in _REMOTE or not url.hostname:
        return None
    # A user name alone can be part of a repository's address (git@...); a password must not get into a pipeline.
    place = url.netloc.rpartition("@")[2] if url.password else url.netloc
    address: str = urlunsplit((url.scheme, place, url.path, url.query, ""))
    marks = [f"subdirectory={found['subdirectory']}"] if found.get("subdirectory") else []
    if vcs := found.get("vcs_info"):
        address = f"{vcs['vcs']}+{address}@{vcs['commit_id']}"
    elif archive := found.get("archive_info"):
        hashes = archive.get("hashes") or {}
        marks += [f"sha256={hashes['sha256']}"] if "sha256" in hashes else []
    elif "archive_info" not in found:
        return None
    return address + (f"#{'&'.join(marks)}" if marks else "")
