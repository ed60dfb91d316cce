"""URLs for display: the user name and password of a proxy or mirror never appear in a text."""

import re
from typing import Final

from higress_cli.errors import HgwError

_USER_INFORMATION: Final = re.compile(r"(?<=://)[^/?#\s\"'`<>]*@")


def shown(text: str) -> str:
    """`text`, a URL or prose with URLs in it, without the user information of RFC 3986, section 3.2.1."""
    return _USER_INFORMATION.sub("", text)


def without_secrets(error: HgwError) -> HgwError:
    """The error for display: message, hint, details and warnings without the passwords of URLs."""
    error.message = shown(error.message)
    error.hint = shown(error.hint) if error.hint else error.hint
    error.details = {name: _shown_inside(value) for name, value in error.details.items()}
    error.warnings = tuple(shown(warning) for warning in error.warnings)
    return error


def _shown_inside(value: object) -> object:
    match value:
        case str():
            return shown(value)
        case dict():
            return {key: _shown_inside(item) for key, item in value.items()}
        case list() | tuple():
            return type(value)(_shown_inside(item) for item in value)
    return value
