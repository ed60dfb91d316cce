"""How property tests search, and the pieces that their inputs are made of."""

import os
from typing import Final

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

_LONG: Final = 2000
# By default the same examples each time: a change fails that broke something, not one that was made on an unlucky day.
settings.register_profile(
    "default",
    max_examples=200,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.register_profile("quick", settings.get_profile("default"), max_examples=40)
settings.register_profile("long", settings.get_profile("default"), max_examples=_LONG, derandomize=False)


def load_profile() -> None:
    """Take HYPOTHESIS_PROFILE: `default`, `quick` for fewer examples, `long` for ten times as many and new ones."""
    settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "default"))


def costly() -> settings:
    """Settings of a property whose examples are whole calls of hgw: a few of them, a thousand in the profile `long`."""
    usual = settings().max_examples
    return settings(max_examples=usual // 2 if usual >= _LONG else usual // 8)


_SIGNS = st.sampled_from(["[", "{a: ", "- ", "? "])
NESTED = st.builds(lambda sign, times: sign * times, _SIGNS, st.sampled_from([10, 500]))
_YAML_WORDS = st.sampled_from([
    *"[]{},:?-#&*!|>'\"%@`~ \n\t\r", "- ", ": ", "? ", "\n  ", "\n- ", "---\n", "...\n", "&a ", "*a", "<<: ", "!!bool ",
    "!!int ", "!!float ", "!!null ", "!!binary ", "!!timestamp ", "!!set ", "!!omap ", "!!pairs ", "!!str ", "!!map ",
    "!!seq ", "!!python/object:os.system ", "!x ", "%YAML 1.1\n", "%TAG ! tag:x,2000:\n", "true", "no", "null", "1",
    "0x1f", "0o17", "-.inf", ".nan", "1e999", "12:30:45", "2024-01-01", "9" * 5000, "\\ud800", '"\\ud800"', '"\\x00"',
    "\ufeff", "\x85", "\u2028", "\x00", "插件", "\U0001f600", "a" * 300,
])  # fmt: skip


def yaml_like(*words: str) -> st.SearchStrategy[str]:
    """Text of YAML's own signs and of `words`, in any order, or nested as deeply as nobody means it."""
    pieces = _YAML_WORDS | st.sampled_from(words) if words else _YAML_WORDS
    return st.one_of(
        st.lists(pieces, max_size=20).map("".join),
        st.builds(lambda nest, inner: nest + inner, NESTED, pieces),
        st.text(max_size=60),
    )
