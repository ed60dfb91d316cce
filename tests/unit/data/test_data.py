"""Data files become typed values, and one that is not what its type says is refused with its row."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from importlib import resources
from typing import Annotated, Literal

import pytest

from higress_cli import data
from higress_cli.digest import Sha256
from higress_cli.i18n import Translated, activate


class Colour(StrEnum):
    RED = "red"
    BLUE = "blue"


@dataclass(frozen=True, kw_only=True)
class Archive:
    url: data.Url
    sha256: Sha256


@dataclass(frozen=True, kw_only=True)
class Range:
    from_: int
    below: int | None = None

    def __post_init__(self) -> None:
        if self.below is not None and self.below <= self.from_:
            raise ValueError(f"{self.from_} to {self.below} is empty")


@dataclass(frozen=True, kw_only=True)
class Named:
    name: Annotated[str, re.compile(r"[a-z]+")] = field(metadata=data.KEY)
    title: Translated


@dataclass(frozen=True, kw_only=True)
class Document:
    archives: Mapping[str, Mapping[str, Archive]]
    range: tuple[Range, ...] = ()
    named: Mapping[str, Named] = field(default_factory=dict)
    colours: frozenset[Colour] = frozenset()
    level: Literal["fail", "warn"] = "fail"
    pattern: re.Pattern[str] | None = None
    on: bool = False


GOOD = f"""
level = "warn"
colours = ["red", "red"]
pattern = '^a$'
on = true

[archives."1.20".linux]
url = "https://example.com/a.tar.gz"
sha256 = "{"0" * 64}"

[[range]]
from = 1

[[range]]
from = 2
below = 3

[named.basic]
title = "the same"

[named.other]
title = {{ en = "another", zh = "另一个" }}
"""


def test_a_file_becomes_values() -> None:
    document = data.read(GOOD, Document, where="x.toml")

    assert document.archives["1.20"]["linux"] == Archive(
        url=data.Url("https://example.com/a.tar.gz"), sha256=Sha256("0" * 64)
    )
    assert document.range == (Range(from_=1), Range(from_=2, below=3))
    assert document.colours == {Colour.RED}
    assert document.named["basic"] == Named(name="basic", title=Translated(en="the same", zh="the same"))
    assert document.pattern is not None
    assert document.pattern.search("b\na\nb")
    assert (document.level, document.on) == ("warn", True)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("on = true", "off = true", "unknown key `off`"),
        ("below = 3", "till = 3", "unknown key `range[1].till`"),
        (f'sha256 = "{"0" * 64}"', "", '`archives."1.20".linux.sha256` is missing'),
        ("0" * 64, "0" * 63, '`archives."1.20".linux.sha256` is \'000'),
        ("https:", "ftp:", "which does not match https"),
        ("on = true", "on = 1", "`on` must be true or false, and is 1"),
        ("from = 1", 'from = "1"', "`range[0].from` must be a whole number, and is '1'"),
        ("from = 1", "from = true", "`range[0].from` must be a whole number, and is true"),
        ('"red"]', '"green"]', "`colours[1]` is 'green', which is not one of: red, blue"),
        ('"warn"', '"note"', "`level` is 'note', which is not one of: fail, warn"),
        ("'^a$'", "'('", "`pattern` is not a regular expression"),
        ("below = 3", "below = 2", "`range[1]`: 2 to 2 is empty"),
        ("named.basic", "named.BASIC", "`named.BASIC` is 'BASIC', which does not match [a-z]+"),
        ('title = "the same"', 'title = "the same"\nname = "b"', "unknown key `named.basic.name`"),
        (', zh = "另一个"', "", "`named.other.title.zh` is missing"),
        ("on = true", "on = maybe", "at line 5"),
    ],
)
def test_a_file_that_is_not_what_its_type_says(old: str, new: str, problem: str) -> None:
    assert old in GOOD

    with pytest.raises(data.DataInvalidError) as caught:
        data.read(GOOD.replace(old, new, 1), Document, where="x.toml")

    assert problem in caught.value.problem
    assert str(caught.value).startswith("x.toml: ")


def test_a_text_speaks_the_active_language() -> None:
    text = Translated(en="another", zh="另一个")

    assert str(text) == "another"
    activate("zh")
    try:
        assert str(text) == "另一个"
    finally:
        activate("en")
    assert text.in_("en") == "another"


def test_no_other_module_reads_toml_files_of_the_package() -> None:
    package = resources.files("higress_cli")
    readers = [
        str(path)
        for path in package.rglob("*.py")  # type: ignore[attr-defined] # a folder, as hgw is no zip file here
        if "tomllib" in path.read_text("utf-8")
    ]

    assert [path.removeprefix(f"{package}/") for path in readers] == ["data/__init__.py"]
