"""Which versions work together: the bounds of the facts, both ends of each."""

import pytest

from higress_cli.knowledge import compatibility
from higress_cli.knowledge.compatibility import (
    go_range,
    is_newer,
    is_useful_go,
    line,
    matches,
    misfits,
    preferred_binaryen,
    preferred_sets,
    release,
)
from higress_cli.profile import Profile


@pytest.mark.parametrize(
    ("go", "tinygo"),
    [
        ("1.18.10", "0.28.1"),
        ("1.20.14", "0.28.1"),
        ("1.20.14", "0.29.0"),
        ("1.21.13", "0.29.0"),
        ("1.20.14", "0.30.0"),
        ("1.22.12", "0.31.2"),
        ("1.20.14", "0.31.2"),
        ("1.21.13", "0.32.0"),
        ("1.23.12", "0.34.0"),
    ],
)
def test_pairs_that_build_are_accepted(go: str, tinygo: str) -> None:
    assert misfits(go=go, tinygo=tinygo, binaryen="102") == ()


@pytest.mark.parametrize(
    ("go", "tinygo", "code", "expected"),
    [
        ("1.17.13", "0.29.0", "go-too-old", ">= 1.18"),
        ("1.21.0", "0.28.1", "go-too-new", "1.18 - 1.20"),
        ("1.22.12", "0.29.0", "go-too-new", "1.18 - 1.21"),
        ("1.26.8", "0.30.0", "go-too-new", "1.18 - 1.21"),
        ("1.19.13", "0.31.2", "go-too-old", "1.20 - 1.22"),
        ("1.20.14", "0.32.0", "go-too-old", "1.21 - 1.22"),
        ("1.24.4", "0.34.0", "go-too-new", "1.21 - 1.23"),
    ],
)
def test_pairs_that_break_are_refused_at_both_ends(go: str, tinygo: str, code: str, expected: str) -> None:
    (misfit,) = misfits(go=go, tinygo=tinygo)
    assert (misfit.code, misfit.tool, misfit.found, misfit.expected) == (code, "go", go, expected)
    assert misfit.reason


@pytest.mark.parametrize(
    ("tinygo", "code"),
    [
        ("0.28.0", "tinygo-too-old"),
        ("0.27.0", "tinygo-too-old"),
        ("0.35.0", "tinygo-refused"),
        ("0.36.0", "tinygo-refused"),
        ("0.41.1", "tinygo-refused"),
        ("0.35.0-dev-0a1b2c3", "tinygo-refused"),
    ],
)
def test_a_tinygo_that_cannot_work_is_refused_whatever_the_go(tinygo: str, code: str) -> None:
    (misfit,) = misfits(go="1.21.13", tinygo=tinygo)
    assert (misfit.code, misfit.tool, misfit.found) == (code, "tinygo", tinygo)


def test_wasm_opt_has_a_floor() -> None:
    assert [misfit.code for misfit in misfits(binaryen="101")] == ["wasm-opt-too-old"]
    assert misfits(binaryen="132") == ()


def test_the_go_profile_looks_at_go_alone() -> None:
    assert misfits(profile=Profile.GO, go="1.26.8", tinygo="0.35.0", binaryen="1") == ()
    (misfit,) = misfits(profile=Profile.GO, go="1.23.12")
    assert (misfit.code, misfit.expected) == ("go-too-old", ">= 1.24")


def test_every_preferred_set_fits_itself() -> None:
    for profile in Profile:
        rows = preferred_sets(profile)
        assert rows
        for row in rows:
            assert misfits(profile=profile, go=row.go, tinygo=row.tinygo) == ()


def test_upstreams_own_pair_comes_first_and_then_the_one_that_module_proxies_serve() -> None:
    first, second = preferred_sets(Profile.TINYGO)[:2]
    assert (first.go, first.tinygo) == ("1.20.14", "0.29.0")
    assert (second.go, second.tinygo) == ("1.20.14", "0.30.0")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.20.14", (1, 20)),
        ("go1.26.8", (1, 26)),
        ("1.27rc1", (1, 27)),
        ("0.34.0-dev-abc1234", (0, 34)),
        ("123", (123,)),
    ],
)
def test_versions_are_read_as_the_tools_write_them(text: str, expected: tuple[int, ...]) -> None:
    assert line(text) == expected


@pytest.mark.parametrize("text", ["", "latest", "devel +1234", "-"])
def test_what_is_not_a_version_is_said_to_be_none(text: str) -> None:
    with pytest.raises(ValueError, match="not a version"):
        release(text)


@pytest.mark.parametrize(
    ("version", "wanted", "expected"),
    [
        ("1.20.14", "1.20.14", True),
        ("1.20.14", "1.20", True),
        ("1.20.14", "1.2", False),
        ("1.20.14", "1.20.1", False),
        ("0.29.0", "0.29", True),
        ("123", "123", True),
        ("123", "12", False),
    ],
)
def test_a_shorter_version_asks_for_a_line(version: str, wanted: str, expected: bool) -> None:
    assert matches(version, wanted) is expected


def test_a_range_is_told_for_each_tinygo_that_is_supported() -> None:
    assert str(go_range("0.29.0")) == "1.18 - 1.21"
    assert go_range("0.35.0") is None
    assert compatibility.expected_go(Profile.TINYGO) == "1.18 - 1.23"
    assert compatibility.expected_go(Profile.GO) == ">= 1.24"


@pytest.mark.parametrize(
    ("version", "than", "expected"),
    [
        pytest.param("1.24.4", "1.24", True, id="newer"),
        pytest.param("1.24.4", "1.24.4", False, id="the same"),
        pytest.param("tip", "1.24.4", False, id="not a version"),
    ],
)
def test_newer_is_what_is_surely_newer(version: str, than: str, *, expected: bool) -> None:
    assert is_newer(version, than) is expected


def test_a_tinygo_takes_no_newer_go_than_it_was_compiled_with() -> None:
    (misfit,) = misfits(go="1.21.13", tinygo="0.30.0", built_with="1.20.14")

    assert (misfit.code, misfit.expected) == ("go-too-new", "1.18 - 1.20")
    assert misfits(go="1.20.14", tinygo="0.30.0", built_with="1.20.14") == ()


def test_a_go_is_useful_if_a_preferred_set_takes_it() -> None:
    assert is_useful_go("1.20.14", profile=Profile.TINYGO)
    assert not is_useful_go("1.17.13", profile=Profile.TINYGO)


def test_wasm_opt_has_a_version_that_hgw_installs() -> None:
    assert misfits(binaryen=preferred_binaryen()) == ()


def test_a_version_that_is_a_word_asks_for_itself() -> None:
    assert matches("tip", "tip")
    assert not matches("1.24.4", "tip")
