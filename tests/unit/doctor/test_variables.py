"""The judgement on hgw's own environment variables."""

from higress_cli.doctor.model import Status
from higress_cli.doctor.variables import judge_variables


def test_variables_that_are_right_are_named():
    finding = judge_variables({"HGW_ABI": "all", "HGW_MIRROR_GO": "china", "HGW_PORT": "", "PATH": "/bin"})
    assert (finding.status, finding.found) == (Status.OK, "HGW_ABI, HGW_MIRROR_GO")
    assert judge_variables({}).found == "none set"


def test_a_value_that_commands_would_refuse_is_a_fault_with_their_id():
    finding = judge_variables({"HGW_MIRROR_GITHUB": "mirrors", "HGW_PORT": "many"})
    assert (finding.status, finding.code) == (Status.FAIL, "mirror-invalid")
    assert finding.found == "`mirrors` (from HGW_MIRROR_GITHUB) is neither a URL nor one of: official"
    (other,) = finding.others
    assert (other.status, other.found) == (Status.FAIL, "`many` (from HGW_PORT) is not a whole number from 0 to 65535")


def test_every_misspelled_name_is_named_beside_values_that_are_invalid():
    finding = judge_variables({"HGW_PROFIL": "go", "HGW_PORTT": "1", "HGW_PORT": "many"})
    assert [(each.status, each.found) for each in finding.each[1:]] == [
        (Status.WARN, "HGW_PORTT"),
        (Status.WARN, "HGW_PROFIL"),
    ]
    assert finding.status is Status.FAIL


def test_a_name_that_was_typed_wrong_is_a_warning_and_a_name_of_somebody_else_is_not():
    finding = judge_variables({"HGW_PROFIL": "go"})
    assert (finding.status, finding.found, finding.expected) == (Status.WARN, "HGW_PROFIL", "HGW_PROFILE")
    assert judge_variables({"HGW_PACKAGE_INDEX": "x", "MY_HGW_PROFILE": "y"}).status is Status.OK


def test_a_preset_that_changes_nothing_is_a_warning():
    finding = judge_variables({"HGW_MIRROR_GITHUB": "china", "HGW_MIRROR_GO": "china", "HGW_MIRROR_GOPROXY": "china"})
    assert (finding.status, finding.code, finding.others) == (Status.WARN, "mirror-idle", ())
    assert finding.found == (
        "`china` (from HGW_MIRROR_GITHUB) changes nothing: hgw knows no public mirror of https://github.com"
    )


def test_mirrors_that_change_something_or_are_official_are_right():
    urls = {"HGW_MIRROR_GITHUB": "https://github.com,https://mirror.example/gh", "HGW_MIRROR_GOPROXY": "direct"}
    assert judge_variables(urls).status is Status.OK
    assert judge_variables({"HGW_MIRROR_GITHUB": "official", "HGW_MIRROR_GO": "official"}).status is Status.OK
