"""What is advised where the Go files of a plugin are missing."""

from pathlib import Path

import pytest

from higress_cli.errors import InvalidInput
from higress_cli.project.project import open_project


@pytest.mark.parametrize(("others", "advice"), [(("hgw.yaml",), "checkout -- main.go"), ((), "hgw init")])
def test_a_plugin_without_main_go_is_not_advised_to_make_a_new_one(tmp_path: Path, others, advice):
    (tmp_path / ".git").mkdir()
    for name in ("go.mod", *others):
        (tmp_path / name).write_text("module gate\n" if name == "go.mod" else "name: gate\n", "utf-8")

    with pytest.raises(InvalidInput) as caught:
        open_project(tmp_path)

    assert advice in str(caught.value.hint)
    assert str(caught.value.hint).startswith("hgw init") is not bool(others)
