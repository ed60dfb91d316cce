"""Which versions of the SDK and the wrapper are traps in which profile; versions as upstream published them."""

import pytest

from higress_cli.knowledge.dependencies import is_known_version, newest_known, pinned_go_line, pins, traps
from higress_cli.knowledge.go_modules import go_profile
from higress_cli.profile import Profile

SDK = "github.com/higress-group/proxy-wasm-go-sdk"
OFFICIAL = "github.com/alibaba/higress/plugins/wasm-go"
OLD_WRAPPER = "github.com/alibaba/higress/plugins/wasm-go"
NEW_WRAPPER = "github.com/higress-group/wasm-go"


@pytest.mark.parametrize(
    ("profile", "module", "version", "code"),
    [
        ("tinygo", SDK, "v1.0.1", None),
        ("tinygo", SDK, "v1.0.2-0.20250612014445-ccae711f3540", None),
        ("tinygo", SDK, "v1.0.0", None),
        ("tinygo", SDK, "v0.0.0-20240711023527-ba358c48772f", None),
        ("tinygo", SDK, "v0.0.0-20251103120604-77e9cce339d2", "sdk-for-go"),
        ("go", SDK, "v0.0.0-20251103120604-77e9cce339d2", None),
        ("go", SDK, "v1.0.1", "sdk-for-tinygo"),
        ("go", SDK, "v1.0.0", "sdk-for-tinygo"),
        ("go", SDK, "v1.0.2-0.20250612014445-ccae711f3540", "sdk-for-tinygo"),
        ("tinygo", OLD_WRAPPER, "v1.4.3", None),
        ("tinygo", OLD_WRAPPER, "v1.4.4-0.20250709074200-9a45f0797230", None),
        ("tinygo", OLD_WRAPPER, "v1.4.4-0.20250711024300-081ab6ee8d75", "wrapper-for-go"),
        ("tinygo", OLD_WRAPPER, "v0.0.0-20260430100333-4e0d69143208", "wrapper-for-go"),
        ("go", OLD_WRAPPER, "v1.4.3", "wrapper-for-tinygo"),
        ("go", OLD_WRAPPER, "v0.0.0-20250709074200-9a45f0797230", "wrapper-for-tinygo"),
        ("go", OLD_WRAPPER, "v1.4.4-0.20250711024300-081ab6ee8d75", None),
        ("tinygo", NEW_WRAPPER, "v1.1.1", "wrapper-for-go"),
        ("go", NEW_WRAPPER, "v1.1.1", None),
        ("tinygo", "github.com/tidwall/gjson", "v1.14.0", None),
    ],
)
def test_a_version_in_a_profile(profile, module, version, code):
    found = traps({module: version}, profile=profile)

    assert [trap.code for trap in found] == ([code] if code else [])


@pytest.mark.parametrize(("tinygo", "code"), [("0.31.2", "sdk-loses-detail"), ("0.32.0", "sdk-too-old")])
def test_the_old_sdk_stops_compiling_at_a_newer_tinygo(tinygo, code):
    found = traps({SDK: "v1.0.0"}, profile=Profile.TINYGO, tinygo=tinygo, calls={"SendHttpResponseWithDetail"})

    assert [trap.code for trap in found] == [code]


def test_failures_come_before_warnings_and_name_what_to_use():
    found = traps(
        {SDK: "v1.0.0", OLD_WRAPPER: "v1.4.4-0.20250711024300-081ab6ee8d75"},
        profile=Profile.TINYGO,
        calls={"SendHttpResponseWithDetail"},
    )

    assert [(trap.level, trap.pin) for trap in found] == [("fail", "v1.4.3"), ("warn", "v1.0.1")]


@pytest.mark.parametrize("profile", ["tinygo", "go"])
def test_what_hgw_scaffolds_is_not_a_trap(profile):
    assert traps(pins(profile), profile=profile, tinygo="0.34.0") == ()
    assert pinned_go_line(profile)


def test_a_version_that_go_would_not_accept_is_left_to_go():
    assert traps({SDK: "latest"}, profile=Profile.GO) == ()


@pytest.mark.parametrize(
    ("module", "version", "known"),
    [
        pytest.param(SDK, newest_known(SDK), True, id="the newest"),
        pytest.param(SDK, "v99.99.99", False, id="newer than the newest"),
        pytest.param(SDK, "v0.9.0", True, id="older than a list that begins later"),
        pytest.param(OFFICIAL, "v1.4.1", False, id="between those of a whole list"),
        pytest.param(SDK, "v0.0.0-20240101000000-0123456789ab", True, id="a commit"),
        pytest.param("example.com/other", "v1.0.0", True, id="a Go module without a list"),
    ],
)
def test_a_version_is_unknown_only_where_a_list_lacks_it(module, version, known):
    assert is_known_version(module, version) is known


def test_a_go_module_without_a_list_has_no_newest_release():
    assert newest_known("example.com/other") is None


def test_a_scaffolded_go_mod_has_a_go_line_that_its_profile_takes():
    assert [pinned_go_line(profile) for profile in Profile] == [go_profile(profile).go for profile in Profile]
