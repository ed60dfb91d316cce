"""What PyYAML, json and re say about invalid text, in plain words and in the language of the user."""

import re
from collections.abc import Mapping
from functools import reduce
from typing import Final

from higress_cli.i18n import N_, _

# First those of PyYAML's scanner, parser, composer and constructor; `{expected}` and `{found}` are not translated.
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
    N_("second occurrence"),
    N_("found unexpected document separator"),
    N_("found duplicate YAML directive"),
    N_("found incompatible YAML document (version 1.* is required)"),
    N_("duplicate tag handle {found}"),
    N_("found undefined tag handle {found}"),
    N_("special characters are not allowed"),
    N_("could not determine a constructor for the tag {found}"),
    # json.decoder
    N_("Expecting value"),
    N_("Expecting property name enclosed in double quotes"),
    N_("Expecting {expected} delimiter"),
    N_("Unterminated string starting at"),
    N_("Invalid control character at"),
    N_("Illegal trailing comma before end of object"),
    N_("Illegal trailing comma before end of array"),
    N_("Extra data"),
    # re
    N_("missing ), unterminated subpattern"),
    N_("unterminated character set"),
    N_("unbalanced parenthesis"),
    N_("nothing to repeat"),
    N_("multiple repeat"),
    N_("bad escape {found}"),
    N_("bad character range {found}"),
)
# What PyYAML calls its tokens, as in yaml/tokens.py; the others are the characters themselves.
_TOKENS: Final[Mapping[str, str]] = {
    "'?'": N_("a new key"),
    "'<scalar>'": N_("a text"),
    "<scalar>": N_("a text"),
    "'<stream end>'": N_("the end of the file"),
    "<block end>": N_("the end of the block"),
    "'<block end>'": N_("less indentation"),
    "'<block mapping start>'": N_("a key with more indentation"),
    "'<block sequence start>'": N_("a list with more indentation"),
    "'<document start>'": N_("another document"),
    "<document start>": N_("another document"),
    "','": N_("a comma"),
    "the node content": N_("a value"),
    "a digit": N_("a digit"),
    "alphabetic or numeric character": N_("a letter or a digit"),
    "a comment or a line break": N_("a comment or a line break"),
    "chomping or indentation indicators": N_("`+`, `-` or a digit after `|` or `>`"),
    "indentation indicator in the range 1-9": N_("a digit from 1 to 9 after `|` or `>`"),
    "URI": N_("an address"),
    "URI escape sequence of 2 hexadecimal numbers": N_("`%` with two hexadecimal digits"),
    **{
        f"escape sequence of {count} hexadecimal numbers": N_("an escape with hexadecimal digits, such as `\\u00e9`")
        for count in (2, 4, 8)
    },
}
_TAB: Final = "'\\t'"
_BLOCK: Final = "while parsing a block"
_FLOW: Final = {"while parsing a flow mapping": "{", "while parsing a flow sequence": "["}
_QUOTED: Final = "while scanning a quoted scalar"
_NESTED: Final = "mapping values are not allowed here"
_END: Final = "found unexpected end of stream"


def in_words(problem: str, *, context: str = "", opened: int | None = None) -> str:
    """PyYAML's `problem` in the active language; an unknown message is returned unchanged.

    `context` is what PyYAML was doing, such as `while parsing a flow mapping`, begun in the 1-based line `opened`.
    """
    if context == _QUOTED and problem == _END and opened:
        return _("the quote that line {line} opens is not closed").format(line=opened)
    if problem.startswith("found character") and _TAB in problem:
        return _("a tab stands where YAML wants spaces")
    if at := re.fullmatch(r"(.+) at position (\d+)(?: \(.*\))?", problem, re.DOTALL):
        return _("{problem}, at character {number}").format(problem=_plain(at[1]), number=int(at[2]) + 1)
    words = _plain(problem)
    advice = _advice(problem, context=context, opened=opened)
    return _("{problem}; {advice}").format(problem=words, advice=advice) if advice else words


def _advice(problem: str, *, context: str, opened: int | None) -> str | None:
    """What to look at, where the problem alone does not tell."""
    if context in _FLOW and opened:
        return _("is the `{bracket}` of line {line} closed?").format(bracket=_FLOW[context], line=opened)
    if context.startswith(_BLOCK) and problem.startswith("expected"):
        return _("look at the indentation and the colons")
    return _("quote a text that has `: ` in it") if problem == _NESTED else None


def _plain(problem: str) -> str:
    for sentence in _SENTENCES:
        pattern = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(sentence))
        if match := re.fullmatch(pattern, problem, re.DOTALL):
            parts = {name: _token(text) for name, text in match.groupdict().items()}
            return _(sentence).format(**parts)
    return problem


def _token(text: str) -> str:
    """A token in words; `',' or '}'` is two of them."""
    if text in _TOKENS:
        return _(_TOKENS[text])
    words = [_(_TOKENS[part]) if part in _TOKENS else part for part in text.split(" or ")]
    return reduce(lambda first, second: _("{first} or {second}").format(first=first, second=second), words)
