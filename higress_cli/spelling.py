"""The known word that a mistyped one probably stands for."""

from collections.abc import Collection

from higress_cli.i18n import _

_LIKENESS = 0.6
_PREFIX = 4
_WEIGHT = 0.1


def nearest(word: str, known: Collection[str], *, most: int = 1, likeness: float = _LIKENESS) -> list[str]:
    """Up to `most` of the `known` words that resemble `word`, the most similar first; dashes and case do not count.

    `likeness` is from 0 (anything) to 1 (the same word). Of two words that are equally similar, the one that begins
    like `word` wins, as in the measure of Jaro and Winkler: `--abl` is `--abi` rather than `--all`.
    """
    from difflib import SequenceMatcher  # noqa: PLC0415 -- only for a mistyped word

    plain = _plain(word)
    scores: dict[str, float] = {}
    matcher = SequenceMatcher(b=plain, autojunk=False)
    for one in known:
        other = _plain(one)
        matcher.set_seq1(other)
        if matcher.real_quick_ratio() < likeness or matcher.quick_ratio() < likeness:
            continue
        if (ratio := matcher.ratio()) >= likeness:
            scores[one] = ratio + _WEIGHT * _common_start(plain, other) * (1 - ratio)
    return sorted(scores, key=lambda one: -scores[one])[:most]


def did_you_mean(word: str, known: Collection[str]) -> str | None:
    """A hint that names the nearest of the `known` words; None if none resembles `word`."""
    near = nearest(word, known)
    return _("did you mean `{near}`?").format(near=near[0]) if near else None


def _plain(word: str) -> str:
    return word.lower().replace("_", "-").strip("-")


def _common_start(one: str, other: str) -> int:
    """How many of the first four characters the two words share."""
    for index, (left, right) in enumerate(zip(one[:_PREFIX], other[:_PREFIX], strict=False)):
        if left != right:
            return index
    return min(len(one), len(other), _PREFIX)
