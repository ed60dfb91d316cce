from pathlib import Path

import pytest

from higress_cli.errors import InvalidInput
from higress_cli.go.mod import GoMod, cached_go_mod, read_go_mod

TEXT = """\
// Deprecated: not really
module example.com/plugin // a comment

go 1.19

toolchain go1.24.4

require github.com/tidwall/gjson v1.17.3

require (
	github.com/alibaba/higress/plugins/wasm-go v1.4.3
	"github.com/higress-group/proxy-wasm-go-sdk" v1.0.1 // indirect
)

replace github.com/a/b v1.0.0 => ../b

replace (
	github.com/c/d => github.com/e/f v1.2.3
	github.com/g/h => /srv/h
)

exclude github.com/x/y v1.0.0
"""


def read(tmp_path: Path, text: str) -> GoMod:
    path = tmp_path / "go.mod"
    path.write_text(text, encoding="utf-8")
    return read_go_mod(path)


def test_module_go_line_and_requirements(tmp_path: Path):
    found = read(tmp_path, TEXT)
    assert (found.module, found.go, found.go_line) == ("example.com/plugin", "1.19", 4)
    assert [(item.path, item.version, item.line) for item in found.requirements] == [
        ("github.com/tidwall/gjson", "v1.17.3", 8),
        ("github.com/alibaba/higress/plugins/wasm-go", "v1.4.3", 11),
        ("github.com/higress-group/proxy-wasm-go-sdk", "v1.0.1", 12),
    ]
    sdk = found.requirement_of("github.com/higress-group/proxy-wasm-go-sdk")
    assert sdk is not None
    assert sdk.version == "v1.0.1"
    assert found.requirement_of("github.com/x/y") is None


def test_folders_that_stand_in_for_modules(tmp_path: Path):
    assert list(read(tmp_path, TEXT).local_modules()) == [(tmp_path / "../b").resolve(), Path("/srv/h").resolve()]


def test_an_empty_file_says_nothing(tmp_path: Path):
    found = read(tmp_path, "")
    assert (found.module, found.go, found.requirements) == (None, None, ())


def test_a_file_that_is_not_text_is_an_error(tmp_path: Path):
    (tmp_path / "go.mod").write_bytes(b"\xff\xfe\x00module")
    with pytest.raises(InvalidInput) as caught:
        read_go_mod(tmp_path / "go.mod")
    assert caught.value.code == "file-unreadable"


def test_a_replacement_holds_for_its_version(tmp_path: Path):
    text = "require (\n\ta.b/c v1.0.0\n\ta.b/d v1.0.0\n)\nreplace a.b/c v1.1.0 => ../c\nreplace a.b/d => ../d\n"
    found = read(tmp_path, text)
    assert [(item.path, item.version, item.target, item.line) for item in found.replacements] == [
        ("a.b/c", "v1.1.0", "../c", 5),
        ("a.b/d", None, "../d", 6),
    ]
    assert found.versions == {"a.b/c": "v1.0.0"}


@pytest.mark.parametrize(
    ("module", "name"),
    [
        pytest.param("example.com/plugin", "plugin", id="one part"),
        pytest.param("example.com/tool/v2", "tool", id="a major version"),
        pytest.param("plugin", "plugin", id="a plain word"),
    ],
)
def test_a_module_is_called_by_the_last_part_of_its_path(tmp_path: Path, module: str, name: str):
    assert read(tmp_path, f"module {module}\n").name == name


def test_the_module_cache_escapes_capital_letters():
    found = cached_go_mod(Path("/cache"), "github.com/BurntSushi/toml", "v1.0.0-RC1")
    assert found.as_posix() == "/cache/cache/download/github.com/!burnt!sushi/toml/@v/v1.0.0-!r!c1.mod"
