"""PyYAML's messages about invalid files, in the language of the user."""

import re
from typing import Final

from higress_cli.i18n import N_, _

# Messages of PyYAML's scanner, parser, composer and constructor; `{expected}` and `{found}` are not translated.
_SENTENCES: Final = (
    N_("mapping values are not allowed here"),
    N_("mapping keys are not allowed here"),
    N_("sequence entries are not allowed here"),
    N_("could not find expected ':'"),
    N_("expected {expected}, but found {found}"),
    N_("expected {expected}, but got {found}"),
    N_("found character {found} that cannot start any token"),
    N_("found undefined alias {found}"),
    N_("found duplicate anchor {found}; first occurrence"),
    N_("found unexpected end of stream"),
    N_("found unknown escape character {found}"),
    N_("found unhashable key"),
    N_("but found another document"),
    N_("could not determine a constructor for the tag {found}"),
)


def in_words(problem: str) -> str:
    """PyYAML's `problem` in the active language; an unknown message is returned unchanged."""
    for sentence in _SENTENCES:
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(sentence))
        if match := re.fullmatch(pattern, problem, re.DOTALL):
            return _(sentence).format(**match.groupdict())
    return problem
