"""What a template's manifest may say."""

from pathlib import Path

import pytest

from higress_cli.errors import ConflictError
from higress_cli.i18n import Translated
from higress_cli.profile import Profile
from higress_cli.scaffold.manifest import read_manifest

GOOD = """
schema = 1
title = "a team's own"
description = {en = "what it does", zh = "作用"}
profiles = ["go"]
layers = ["gateway"]
modules = ["sdk"]

[variables.limit]
type = "integer"
default = 3
help = "how many"

[variables.mode]
type = "choice"
default = "fast"
choices = ["fast", "slow"]

[[services]]
name = "{@ mode @}.dns"
port = 80
address = "127.0.0.1:12345"
host = "httpbin"
host_port = 80
image = "httpbin"
"""


def written(folder: Path, text: str) -> Path:
    (folder / "template.toml").write_text(text, encoding="utf-8")
    return folder


def test_a_manifest_becomes_values(tmp_path: Path) -> None:
    template = read_manifest(written(tmp_path, GOOD))

    assert template.name == tmp_path.name
    assert template.title == Translated(en="a team's own", zh="a team's own")
    assert template.description.zh == "作用"
    assert template.profiles == ("go",)
    assert [(item.name, item.type, item.default) for item in template.variables.values()] == [
        ("limit", "integer", 3),
        ("mode", "choice", "fast"),
    ]
    assert template.services[0].name == "{@ mode @}.dns"


def test_native_go_is_only_ever_built_for_the_newest_abi(tmp_path: Path) -> None:
    template = read_manifest(written(tmp_path, 'schema = 1\ntitle = "t"\ndescription = "d"\n'))

    assert template.abis_for(Profile.TINYGO) == ("0.2.1", "0.2.100")
    assert template.abis_for(Profile.GO) == ("0.2.100",)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (("schema = 1", "schema = 2"), "`schema` is 2, which is not one of: 1"),
        (("schema = 1", ""), "`schema` is missing"),
        (("title =", "titel ="), "unknown key `titel`"),
        (('title = "a team\'s own"', ""), "`title`"),
        (('{en = "what it does", zh = "作用"}', '{en = "only"}'), "`description.zh` is missing"),
        (('profiles = ["go"]', 'profiles = ["rust"]'), "`profiles[0]` is 'rust', which is not one of: tinygo, go"),
        (('profiles = ["go"]', "profiles = 1"), "`profiles` must be a list, and is 1"),
        (('layers = ["gateway"]', "layers = [1]"), "`layers[0]` must be a text, and is 1"),
        (("[variables.limit]", "[variables.Limit]"), "`variables.Limit` is 'Limit'"),
        (('type = "integer"', 'type = "date"'), "`variables.limit.type`"),
        (("default = 3", ""), "`variables.limit.default` is missing"),
        (("default = 3", 'default = 3\npattern = "("'), "`variables.limit.pattern` is not a regular expression"),
        (("default = 3", 'default = "3"'), "`variables.limit`: the default 3 "),
        (("default = 3", "default = true"), "`variables.limit`: the default True"),
        (("default = 3", 'default = 3\npattern = "[12]"'), "`variables.limit`: the default 3 "),
        (('default = "fast"', 'default = "quick"'), "`variables.mode`: the default quick "),
        (("default = 3", "default = 3\nregex = 1"), "unknown key `variables.limit.regex`"),
        (("port = 80", 'port = "80"'), "`services[0].port` must be a whole number, and is '80'"),
        (('image = "httpbin"', ""), "`services[0].image` is missing"),
        (("schema = 1", "schema = = 1"), "template.toml"),
    ],
)
def test_what_is_wrong_is_said(tmp_path: Path, change: tuple[str, str], problem: str) -> None:
    old, new = change
    assert old in GOOD

    with pytest.raises(ConflictError) as caught:
        read_manifest(written(tmp_path, GOOD.replace(old, new, 1)))

    assert caught.value.code == "template-invalid"
    assert problem in caught.value.message
    assert str(tmp_path / "template.toml") in caught.value.message


def test_a_manifest_that_is_not_text(tmp_path: Path) -> None:
    (tmp_path / "template.toml").write_bytes(b"\xff\xfe")

    with pytest.raises(ConflictError) as caught:
        read_manifest(tmp_path)

    assert caught.value.code == "template-invalid"
