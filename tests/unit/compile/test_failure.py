"""What a failed compilation says, and what it advises."""

from pathlib import Path

import pytest

from higress_cli.abi import Abi
from higress_cli.compile.compiler import RefusedError
from higress_cli.compile.failure import Attempt, compile_error
from higress_cli.compile.recipe import Recipe
from higress_cli.errors import HgwError
from higress_cli.profile import Profile

RECIPE = Recipe(profile=Profile.TINYGO, abi=Abi.V0_2_1, output="main.wasm", tags=(), flags=())


def refused_in(folder: Path, output: str) -> HgwError:
    """The error for what a compiler said of the plugin in `folder`."""
    refused = RefusedError(output, status=1)
    return compile_error(refused, Attempt(recipe=RECIPE, directory=folder, tools=()), module_cache=None, system="linux")


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    (tmp_path / "go.mod").write_text("module example.com/gate\n\ngo 1.19\n", "utf-8")
    (tmp_path / "internal" / "jwt").mkdir(parents=True)
    (tmp_path / "internal" / "jwt" / "jwt.go").write_text("package jwt\n", "utf-8")
    (tmp_path / "internal" / "empty").mkdir()
    return tmp_path


@pytest.mark.parametrize(
    ("imported", "hint"),
    [
        ("token-check/internal/jwt", 'import "example.com/gate/internal/jwt"'),
        ("internal/jwt", 'import "example.com/gate/internal/jwt"'),
        ("internal/empty", 'import "MODULE/internal/empty"'),
        ("jwt", 'import "MODULE/jwt"'),
    ],
)
def test_a_package_of_the_plugin_itself_is_recognised_whatever_stands_before_it(plugin: Path, imported, hint):
    error = refused_in(plugin, f"main.go:12:2: package {imported} is not in GOROOT (/usr/local/go/src/{imported})")

    assert error.code == "package-missing"
    assert error.hint
    assert error.hint.endswith(hint)


def test_a_plugin_without_go_mod_gets_the_general_advice(tmp_path: Path):
    error = refused_in(tmp_path, "main.go:12:2: package a/b is not in GOROOT (/usr/local/go/src/a/b)")

    assert error.hint
    assert error.hint.endswith('import "MODULE/a/b"')


def test_http_of_the_standard_library_is_not_told_as_a_goroutine_of_the_author(plugin: Path):
    error = refused_in(
        plugin,
        "/opt/go/src/net/http/client.go:397:2: attempted to start a goroutine without a scheduler\n"
        "/opt/go/src/context/context.go:332:3: attempted to start a goroutine without a scheduler\n",
    )

    assert error.code == "sockets"
    assert "net/http/client.go:397" in error.message
    assert "wrapper.NewClusterClient" in str(error.hint)


def test_a_file_called_net_of_the_author_is_not_the_standard_library(plugin: Path):
    error = refused_in(plugin, "net/pool.go:3:2: attempted to start a goroutine without a scheduler\n")

    assert error.code == "goroutine"


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("./main.go:52:6: undefined: strings", "import-forgotten"),
        ("main.go:52:6: undefined: strings.Foo", "compile-failed"),
        ("main.go:52:6: undefined: stringsOf", "compile-failed"),
        ("/go/pkg/mod/example.com/dep@v1.0.0/a.go:1:2: undefined: strings", "compile-failed"),
    ],
)
def test_only_a_package_of_the_standard_library_is_told_as_a_missing_import(plugin: Path, said, code):
    error = refused_in(plugin, f"# demo\n{said}\n")

    assert error.code == code
    assert ('import "strings"' in str(error.hint)) is (code == "import-forgotten")
