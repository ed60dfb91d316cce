"""Whatever a go.mod says, it is read; and an edit changes what it should and nothing else."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from higress_cli.errors import InvalidInput
from higress_cli.go.mod import GoModEdits, edited_go_mod, parsed_go_mod, read_go_mod

WHERE = Path("/p/go.mod")
WORDS = st.sampled_from([
    "module ", "go ", "toolchain ", "require ", "replace ", "exclude ", "retract ", "(", ")", "=>", " ", "\n", "\t",
    "\r\n", "//", "// indirect", '"', "`", "example.com/a", "example.com/b", "v1.2.3", "./local", "../x", "1.20",
    "v0.0.0-20240101000000-abcdef012345", "go1.24.4", "\x0b", "\x1c", "\u2028", "\x00", "插件", "[v1.0.0, v1.1.0]",
])  # fmt: skip
TEXTS = st.lists(WORDS, max_size=40).map("".join) | st.text(max_size=80)
MODULES = st.dictionaries(
    st.from_regex(r"[a-z]{1,8}\.com/[a-z]{1,8}", fullmatch=True),
    st.from_regex(r"v[0-9]\.[0-9]{1,2}\.[0-9]", fullmatch=True),
)


@given(TEXTS)
def test_any_text_is_read(text):
    found = parsed_go_mod(WHERE, text)

    assert found.path == WHERE
    lines = len(text.splitlines())
    for requirement in found.requirements:
        assert 1 <= requirement.line <= lines
        found.replacement_of(requirement)
    list(found.local_modules())


@given(st.binary(max_size=80))
def test_any_file_is_read_or_refused(tmp_path_factory, content):
    path = tmp_path_factory.getbasetemp() / "any.mod"
    path.write_bytes(content)
    try:
        read_go_mod(path)
    except InvalidInput as error:
        assert error.code == "file-unreadable"


@given(TEXTS)
def test_an_edit_of_nothing_changes_nothing(text):
    assert edited_go_mod(text, GoModEdits()) == text


@given(MODULES, MODULES, st.booleans())
def test_other_versions_are_there_after_an_edit(required, wanted, block):
    lines = [f"\t{path} {version}" for path, version in required.items()]
    body = ["require (", *lines, ")"] if block else [f"require {line.strip()}" for line in lines]
    text = "\n".join(["module x", "", "go 1.19", "", "toolchain go1.24.4", "", *body, ""])

    edits = GoModEdits(versions=wanted, go="1.20", drops_toolchain=True)
    edited = parsed_go_mod(WHERE, edited_go_mod(text, edits))

    assert (edited.module, edited.go, edited.toolchain) == ("x", "1.20", None)
    assert edited.versions == {path: wanted.get(path, version) for path, version in required.items()}
