"""Rendering: strict, sandboxed, confined to the template."""

import os
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

import pytest

from higress_cli.errors import ConflictError
from higress_cli.scaffold.renderer import Renderer, render_files


@pytest.fixture
def renderer(tmp_path: Path) -> Renderer:
    (tmp_path / "shared").mkdir(exist_ok=True)
    return Renderer(
        template=tmp_path / "template",
        shared=tmp_path / "shared",
        values={"lang": "en", "name": "my-plugin", "items": ["a", "b"]},
    )


def template(tmp_path: Path, files: Mapping[str, str]) -> Path:
    folder = tmp_path / "template" / "files"
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content, encoding="utf-8")
    return folder


@pytest.mark.parametrize(
    "text",
    [
        "var grid = [][]int{{1, 2}, {3}}\n",
        'fmt.Sprintf("{%d} {{%s}} <%s> ${x}", 1)\n',
        "run: ${{ matrix.go }}\n",
        "a: {b: [c, {d: e}]}\n",
        "| `{{` | {%raw%} | [x](y) | {# no comment #} |\n",
        "no newline at the end",
    ],
)
def test_go_yaml_and_markdown_are_never_taken_for_markup(renderer: Renderer, text: str) -> None:
    assert renderer.text(text, where="test") == text


def test_values_statements_and_comments(renderer: Renderer) -> None:
    source = "{@# a comment #@}\n{@% for item in items %@}\n- {@ name @} {@ item @}\n{@% endfor %@}\nend\n"

    assert renderer.text(source, where="test") == "- my-plugin a\n- my-plugin b\nend\n"


def test_texts_in_two_languages(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    for language, expected in (("en", "hello"), ("zh", "你好")):
        renderer = Renderer(template=tmp_path, shared=tmp_path / "shared", values={"lang": language})
        assert renderer.text('{@ t("hello", "你好") @}', where="test") == expected


@pytest.mark.parametrize(
    ("source", "part"),
    [
        ("{@ nmae @}", "nmae"),
        ("{@ name.missing.attribute @}", "missing"),
        ("{@% if nmae %@}x{@% endif %@}", "nmae"),
        ("{@ name @", "main.go"),
        ("{@% if name %@}", "main.go:1"),
        ("{@ name + 1 @}", "main.go"),
        ("{@ 1 // 0 @}", "main.go"),
        ('{@% include "shared/none" %@}', "none"),
    ],
)
def test_mistakes_are_errors_with_their_place(renderer: Renderer, source: str, part: str) -> None:
    with pytest.raises(ConflictError) as caught:
        renderer.text(source, where="main.go")

    assert caught.value.code == "template-invalid"
    assert part in caught.value.message


@pytest.mark.parametrize(
    "source",
    [
        "{@ ''.__class__.__mro__[1].__subclasses__() @}",
        "{@ t.__globals__ @}",
        "{@ ''['__class__'] @}",
        "{@ items.append('c') @}",
        "{@ cycler.__init__.__globals__.os.system('id') @}",
        "{@ self.__init__.__globals__ @}",
    ],
)
def test_a_template_runs_no_code(renderer: Renderer, source: str) -> None:
    with pytest.raises(ConflictError):
        renderer.text(source, where="test")


def test_an_include_stays_inside(renderer: Renderer, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("secret", encoding="utf-8")
    (tmp_path / "template").mkdir(exist_ok=True)

    with pytest.raises(ConflictError):
        renderer.text('{@% include "template/../secret" %@}', where="test")


def test_files_are_rendered_by_their_suffix(renderer: Renderer, tmp_path: Path) -> None:
    folder = template(
        tmp_path, {"a.txt": "{@ name @}", "b/{@ name @}.txt.jinja": "{@ name @}\n", "run.sh.jinja": "#!/bin/sh\n"}
    )
    (folder / "run.sh.jinja").chmod(0o755)

    files = {str(file.path): file for file in render_files(renderer, [folder])}

    assert files["a.txt"].content == b"{@ name @}"
    assert files["b/my-plugin.txt"].content == b"my-plugin\n"
    assert os.name != "posix" or files["run.sh"].executable
    assert not files["a.txt"].executable


def test_a_later_folder_wins(renderer: Renderer, tmp_path: Path) -> None:
    base = template(tmp_path, {"x": "base", "only-base": ""})
    over = tmp_path / "over"
    over.mkdir()
    (over / "x.jinja").write_text("over", encoding="utf-8")

    files = {file.path: file.content for file in render_files(renderer, [base, over])}

    assert files == {PurePosixPath("x"): b"over", PurePosixPath("only-base"): b""}


def test_other_files_can_repeat_the_configuration(renderer: Renderer, tmp_path: Path) -> None:
    folder = template(
        tmp_path,
        {
            "config.yaml.jinja": "# a comment\nlimit: 3\nname: {@ name @}\n",
            "a.json.jinja": "{@ config | json_text @}\n",
            "z.yaml.jinja": "config:\n  {@ config | yaml_text | indent(2) @}\n",
        },
    )

    files = {str(file.path): file.content for file in render_files(renderer, [folder])}

    assert files["a.json"] == b'{\n  "limit": 3,\n  "name": "my-plugin"\n}\n'
    assert files["z.yaml"] == b"config:\n  limit: 3\n  name: my-plugin\n"


def test_a_configuration_that_is_not_yaml(renderer: Renderer, tmp_path: Path) -> None:
    folder = template(tmp_path, {"config.yaml": "a: [\n"})

    with pytest.raises(ConflictError) as caught:
        render_files(renderer, [folder])

    assert caught.value.code == "template-invalid"


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a/../../x", "", "a\\b", "a\nb", "c:x"])
def test_a_name_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "shared").mkdir()
    folder = template(tmp_path, {"{@ target @}.jinja": "x"})
    renderer = Renderer(
        template=tmp_path / "template", shared=tmp_path / "shared", values={"lang": "en", "target": name}
    )

    with pytest.raises(ConflictError) as caught:
        render_files(renderer, [folder])

    assert caught.value.code == "template-unsafe"


@pytest.mark.parametrize("target", ["/etc/passwd", "../../outside"])
@pytest.mark.parametrize("as_folder", [False, True])
def test_a_link_that_leads_out_is_refused(renderer: Renderer, tmp_path: Path, target: str, as_folder: bool) -> None:
    folder = template(tmp_path, {"x": ""})
    outside = tmp_path / "outside"
    if as_folder:
        outside.mkdir()
    else:
        outside.write_text("secret", encoding="utf-8")
    (folder / "link").symlink_to(target)

    with pytest.raises(ConflictError) as caught:
        render_files(renderer, [folder])

    assert caught.value.code == "template-unsafe"


def test_a_link_within_the_template_is_a_file_like_any_other(renderer: Renderer, tmp_path: Path) -> None:
    folder = template(tmp_path, {"x": "content"})
    (folder / "y").symlink_to("x")

    assert {str(file.path): file.content for file in render_files(renderer, [folder])} == {
        "x": b"content",
        "y": b"content",
    }


def test_a_template_that_is_not_text(renderer: Renderer, tmp_path: Path) -> None:
    folder = template(tmp_path, {"x": ""})
    (folder / "y.jinja").write_bytes(b"\xff")

    with pytest.raises(ConflictError) as caught:
        render_files(renderer, [folder])

    assert caught.value.code == "template-invalid"
