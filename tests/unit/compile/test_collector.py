"""How TinyGo's own garbage collector is set for the memory at hand."""

import pytest

from higress_cli.compile.collector import COMPILER_BYTES, collector

GB = 1 << 30
MIB = 1 << 20


def test_with_much_memory_tinygo_does_not_collect_below_a_limit():
    assert collector(16 * GB, {}) == {"GOGC": "off", "GOMEMLIMIT": "3072MiB"}
    assert collector(4 * GB, {}) == {"GOGC": "off", "GOMEMLIMIT": "2048MiB"}


@pytest.mark.parametrize("memory", [0, 512 * MIB, COMPILER_BYTES - 1])
def test_with_little_memory_tinygo_collects_as_it_does_by_itself(memory: int):
    assert collector(memory, {}) == {}


@pytest.mark.parametrize("memory", [COMPILER_BYTES, 2 * GB, 3 * GB, 5 * GB, 100 * GB])
def test_half_of_what_is_free_stays_free_and_a_heap_in_use_always_fits(memory: int):
    limit = int(collector(memory, {})["GOMEMLIMIT"].removesuffix("MiB")) * MIB
    assert 500 * MIB <= limit <= memory // 2


def test_where_nothing_is_known_the_heap_is_bounded_by_what_is_alive():
    assert collector(None, {}) == {"GOGC": "400"}


@pytest.mark.parametrize("own", [{"GOGC": "50"}, {"GOMEMLIMIT": "1GiB"}])
@pytest.mark.parametrize("memory", [None, 16 * GB])
def test_what_the_user_has_set_stays(own: dict[str, str], memory: int | None):
    assert collector(memory, own) == {}
