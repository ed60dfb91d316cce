from pathlib import Path

import pytest

from higress_cli.go.work import find_go_work, listed_folders, work_faults


@pytest.fixture
def plugin(tmp_path: Path) -> Path:
    folder = tmp_path / "gateway-plugins" / "tag"
    folder.mkdir(parents=True)
    (tmp_path / "svc").mkdir()
    return folder


def judged(plugin: Path, text: str, **variables: str) -> list[str]:
    (plugin.parents[1] / "go.work").write_text(text)
    return [fault.id for fault in work_faults(plugin, go_work=find_go_work(plugin, variables))]


def test_a_plugin_that_is_left_out_is_told(plugin: Path):
    assert judged(plugin, "go 1.20\n\nuse ./svc\n") == ["go-work-excludes"]
    assert judged(plugin, "go 1.20\n\nuse (\n\t./svc // a service\n)\n") == ["go-work-excludes"]


@pytest.mark.parametrize("use", ["use ./gateway-plugins/tag", "use (\n\t./svc\n\tgateway-plugins/tag\n)"])
def test_one_that_is_listed_is_not(plugin: Path, use: str):
    assert judged(plugin, f"go 1.20\n\n{use}\n") == []


def test_a_package_of_a_listed_go_module_belongs_to_it(plugin: Path):
    (plugin.parent / "go.mod").write_text("module plugins\n")
    assert judged(plugin, "use ./gateway-plugins\n") == []
    assert judged(plugin, "use ./svc\n") == ["go-work-excludes"]
    (fault,) = work_faults(plugin, go_work=plugin.parents[1] / "go.work")
    assert (fault.expected, fault.facts["directory"]) == ("use gateway-plugins", plugin.parent)
    assert fault.hint == "add the plugin to it with `go work use ..`, or leave it out: GOWORK=off hgw build"


def test_gowork_decides(plugin: Path, tmp_path: Path):
    assert judged(plugin, "use ./svc\n", GOWORK="off") == []
    other = tmp_path / "other.work"
    other.write_text("use ./gateway-plugins/tag\n")
    assert judged(plugin, "use ./svc\n", GOWORK=str(other)) == []


def test_without_a_go_work_there_is_nothing_to_tell(plugin: Path):
    assert work_faults(plugin, go_work=None) == ()


def test_a_go_work_that_cannot_be_read_lists_nothing(tmp_path: Path):
    assert listed_folders(tmp_path / "go.work") == ()
