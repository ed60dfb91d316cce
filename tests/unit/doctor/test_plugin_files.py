"""Judgements on a plugin's folder."""

from pathlib import Path

import pytest

from higress_cli.abi import Abi
from higress_cli.compile.choices import choose
from higress_cli.doctor.model import FixAction, Status
from higress_cli.doctor.observations import ModuleFile, looks_like_project
from higress_cli.doctor.plugin_files import (
    judge_config,
    judge_module,
    judge_project,
)
from higress_cli.fault import Fault
from higress_cli.project.plugin_config import PluginConfig
from higress_cli.project.project import open_project
from higress_cli.project.resolution import settings_of
from tests.support.sessions import bare_session

MODULE = Path("/p/main.wasm")
SDK = "github.com/higress-group/proxy-wasm-go-sdk"
MAIN = f'package main\n\nimport "{SDK}/proxywasm"\n\nfunc main() {{ proxywasm.SetVMContext(nil) }}\n'


def built(**facts) -> ModuleFile:
    return ModuleFile(**{"path": MODULE, "exists": True, "bytes": 1_930_000, "abi": "0.2.1", **facts})


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, False),
        ({"notes.txt": ""}, False),
        ({"hgw.yaml": "a: ["}, True),
        ({"go.mod": ""}, True),
        ({"plugin.go": ""}, True),
        ({"main.wasm": "", "config.yaml": ""}, True),
    ],
)
def test_what_looks_like_a_plugin(tree, files, expected):
    assert looks_like_project(tree(files)) is expected


def judged(root: Path):
    project = open_project(root, needs_source=False)
    return judge_project(project, choices=choose(settings_of(project, bare_session()), directory=root))


def test_a_whole_project_says_which_profile_holds_and_why(tree):
    finding = judged(tree({"go.mod": "", "main.go": "", "hgw.yaml": "name: demo"}))

    assert (finding.status, finding.found) == (Status.OK, "demo")
    assert finding.note == "profile tinygo, from default"


@pytest.mark.parametrize(
    ("files", "found", "command"),
    [
        ({"main.go": ""}, "no go.mod", "hgw init --from-existing"),
        ({"go.mod": ""}, "no Go file of package main in the folder", "hgw init ."),
        (
            {"go.mod": f"module x\n\nrequire {SDK} v1.0.1\n", "plugins/a/main.go": MAIN, "plugins/b/main.go": MAIN},
            "no Go file of package main in the folder",
            "hgw -C plugins/a doctor",
        ),
        ({"main.go": MAIN, "../go.mod": "module shop\n"}, "no go.mod", "hgw init --from-existing"),
    ],
)
def test_half_a_project_cannot_be_built(tree, files, found, command):
    finding = judged(tree(files))

    assert (finding.status, finding.code, finding.found) == (Status.FAIL, "no-project", found)
    assert finding.fix is not None
    assert command in finding.fix.commands


@pytest.mark.parametrize("name", ["Hello_Plugin", "my_plugin", "-a", "a-", "a..b", "a" * 254, "插件"])
@pytest.mark.parametrize("files", [{"go.mod": "", "main.go": ""}, {"main.wasm": ""}])
def test_a_name_that_no_wasmplugin_can_have_is_told_with_its_line(tree, name, files):
    root = tree({**files, "hgw.yaml": f"# mine\nname: {name}"})
    finding = judged(root)

    assert (finding.status, finding.code, finding.found) == (Status.WARN, "name-unfit", name)
    assert str(finding.why).startswith(f"{root / 'hgw.yaml'}:2: ")


def test_what_fits_is_proposed(tree):
    fix = judged(tree({"go.mod": "", "main.go": "", "hgw.yaml": "name: Hello_Plugin"})).fix

    assert fix is not None
    assert fix.summary == "write `name: hello-plugin`"


@pytest.mark.parametrize("name", ["hello-plugin", "a.b-c.d", "0", "a--b", "a" * 253])
def test_a_name_that_kubernetes_takes_is_no_fault(tree, name):
    assert judged(tree({"go.mod": "", "main.go": "", "hgw.yaml": f'name: "{name}"'})).status is Status.OK


def test_a_name_that_nobody_wrote_is_no_fault(tree):
    assert judged(tree({"go.mod": "module example.com/My_Plugin\n", "main.go": ""})).status is Status.OK


def test_half_a_project_with_an_unfit_name_tells_both(tree):
    finding = judged(tree({"go.mod": "", "hgw.yaml": "name: A"}))

    assert [item.code for item in finding.each] == ["no-project", "name-unfit"]


def test_a_library_of_a_larger_go_module_leads_to_its_plugins(tree):
    root = tree({
        "go.mod": f"module x\n\nrequire {SDK} v1.0.1\n",
        "plugins/a/main.go": 'package main\n\nimport "x/inner"\n\nfunc main() { inner.Start() }\n',
        "inner/inner.go": MAIN.replace("package main", "package inner").replace("main()", "Start()"),
    })  # fmt: skip
    finding = judged(root / "inner")

    assert (finding.code, finding.found) == ("no-project", f"a package of the Go module in {root}, and no plugin")
    assert finding.fix is not None
    assert finding.fix.commands == ("hgw -C ../plugins/a doctor",)


def test_a_module_from_elsewhere_is_not_a_fault(tree):
    assert judged(tree({"main.wasm": "", "config.yaml": ""})).status is Status.SKIP


def test_a_configuration_names_its_keys():
    config = PluginConfig(values={"mockEnable": True, "limit": 3}, source="/p/config.yaml")

    assert judge_config(config).found == "readable; keys (hgw does not check them): mockEnable, limit"
    assert judge_config(config).note == "config.yaml"
    assert judge_config(PluginConfig(values={}, source="/p/config.yaml")).found == "empty"


def test_a_module_that_is_not_there_yet_is_not_a_fault():
    assert judge_module(ModuleFile(path=MODULE, exists=False), abi=Abi.V0_2_1).status is Status.SKIP


def test_an_empty_folder_in_the_modules_place_can_be_removed():
    finding = judge_module(ModuleFile(path=MODULE, exists=True, entries=0), abi=Abi.V0_2_1)

    assert (finding.status, finding.code) == (Status.FAIL, "out-file-is-folder")
    assert finding.fix is not None
    assert (finding.fix.action, finding.fix.safe, finding.fix.target) == (FixAction.REMOVE_EMPTY_FOLDER, True, MODULE)


def test_a_folder_with_something_in_it_is_left_to_its_owner():
    finding = judge_module(ModuleFile(path=MODULE, exists=True, entries=2), abi=Abi.V0_2_1)

    assert finding.status is Status.FAIL
    assert finding.fix is not None
    assert (finding.fix.action, finding.fix.safe) == (None, False)


def test_a_sound_module_tells_its_abi_and_size():
    finding = judge_module(built(), abi=Abi.V0_2_1)

    assert (finding.status, finding.found, finding.note) == (Status.OK, "ABI 0.2.1", "1.93 MB")


@pytest.mark.parametrize(("code", "status"), [("abi-mismatch", Status.WARN), ("collector-flags-missing", Status.FAIL)])
def test_a_module_that_a_build_would_refuse_is_told_with_the_same_id(code, status):
    finding = judge_module(built(fault=Fault(id=code, message="the module has no export")), abi=Abi.V0_2_1)

    assert (finding.status, finding.code, finding.found) == (status, code, "the module has no export")
    assert finding.fix is not None
    assert finding.fix.commands == ("hgw build",)


def test_a_module_that_does_not_match_its_source_is_told_and_is_not_a_fault():
    finding = judge_module(built(stale="main.go changed since it was built"), abi=Abi.V0_2_1)

    assert finding.status is Status.OK
    assert finding.note == "1.93 MB; the next build rebuilds it: main.go changed since it was built"
