"""Names that Go and Kubernetes take."""

import pytest

from higress_cli.errors import UsageError
from higress_cli.scaffold.names import check_module_path, check_name, module_from, name_from, proposes_name


@pytest.mark.parametrize("name", ["a", "my-plugin", "0a", "a" * 63])
def test_a_good_name_is_returned(name: str) -> None:
    assert check_name(name, source="--name") == name


@pytest.mark.parametrize("name", ["", "A", "my_plugin", "-a", "a-", "a.b", "a" * 64, "插件", "a\n"])
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_name(name, source="--name")

    assert caught.value.code == "name-invalid"
    assert "--name" in caught.value.message


def test_the_hint_is_the_nearest_good_name() -> None:
    with pytest.raises(UsageError) as caught:
        check_name("My Plugin!", source="--name")

    assert caught.value.again == ("--name", "my-plugin")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Header_Tool", "header-tool"),
        ("--x--", "x"),
        ("a" * 70, "a" * 63),
        ("a" * 62 + "--b", "a" * 62),
        ("我的插件", ""),
        ("v2 (copy)", "v2-copy"),
    ],
)
def test_a_name_is_made_from_any_text(text: str, name: str) -> None:
    assert name_from(text) == name


@pytest.mark.parametrize(
    ("name", "module"), [("my-plugin", "my-plugin"), ("plugin", "plugin-plugin"), ("log", "log-plugin")]
)
def test_a_module_does_not_hide_behind_a_package_of_go(name: str, module: str) -> None:
    assert module_from(name) == module
    assert check_module_path(module, source="its name") == module


@pytest.mark.parametrize(
    "path", ["my-plugin", "example.com/x", "example.com/x/v2", "a/b~c", "example.com/User/My.Plugin_1", "v1"]
)
def test_a_good_module_path_is_returned(path: str) -> None:
    assert check_module_path(path, source="--module") == path


@pytest.mark.parametrize(
    ("path", "part"),
    [
        ("", "empty"),
        ("/x", "empty part"),
        ("x/", "empty part"),
        ("x//y", "empty part"),
        ("-x", "begins with"),
        (".x/y", "`.x`"),
        ("x/..", "`..`"),
        ("x/y.", "`y.`"),
        ("a b", "`a b`"),
        ("x/插件", "`插件`"),
        ("x/con", "Windows"),
        ("x/LPT1.go", "Windows"),
        ("x/prog~1", "Windows"),
        ("x/v1", "`/v1`"),
        ("x/v02", "`/v02`"),
        ("x\\y", "characters other than"),
        ("plugin", "`plugin` is a package of Go itself"),
        ("log/filter", "`log` is a package of Go itself"),
        ("machine", "`machine` is a package of Go itself"),
    ],
)
def test_a_bad_module_path_is_refused_with_the_part(path: str, part: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_module_path(path, source="--module")

    assert caught.value.code == "module-invalid"
    assert part in caught.value.message


@pytest.mark.parametrize(
    ("text", "tells"),
    [
        pytest.param("My Plugin!", True, id="letters are left"),
        pytest.param("42", True, id="all of it"),
        pytest.param("插件 2", False, id="a digit is left"),
        pytest.param("插件", False, id="nothing is left"),
    ],
)
def test_a_name_is_proposed_where_it_tells_what_is_meant(text: str, *, tells: bool) -> None:
    assert proposes_name(text) is tells
