import pytest

from higress_cli.abi import Abi
from higress_cli.choice import Choice, Source, SourceKind
from higress_cli.errors import InvalidInput, UsageError
from higress_cli.profile import Profile


@pytest.mark.parametrize("kind", list(SourceKind))
def test_only_what_was_typed_for_this_run_is_wrong_usage(kind):
    typed = kind in {SourceKind.FLAG, SourceKind.VARIABLE}
    error = Source(kind, "x").refusal("no", code="choice-invalid", hint="yes", details={"a": 1})
    assert (type(error), error.code) == (
        (UsageError, "choice-invalid") if typed else (InvalidInput, "settings-invalid")
    )
    assert (error.message, error.hint, error.details) == ("no", "yes", {"a": 1})


def test_a_source_is_shown_as_its_text_whatever_it_looks_like():
    assert f"{Source(SourceKind.FILE, '/-odd/HGW_.yaml')}" == "/-odd/HGW_.yaml"
    assert str(Choice(1).source) == "default"


def test_abis_and_profiles_know_what_they_imply():
    assert [(abi.value, abi.tag, abi.marker) for abi in Abi] == [
        ("0.2.1", None, "proxy_abi_version_0_2_0"),
        ("0.2.100", "proxy_wasm_version_0_2_100", "proxy_abi_version_0_2_100"),
    ]
    assert Profile.GO.abis == (Abi.V0_2_100,)
    assert Profile.TINYGO.abis == tuple(Abi)
    assert (Profile.TINYGO.gateway, Profile.TINYGO.oldest_gateway) == ("v2.0.7", None)
    assert (Profile.GO.gateway, Profile.GO.oldest_gateway) == ("v2.1.5", "v2.1.5")
