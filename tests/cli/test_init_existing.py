"""`hgw init --from-existing`: what a plugin lacks that has its Go code already."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml

from higress_cli.project.plugin_config import read_plugin_config
from higress_cli.project.settings import read_settings
from higress_cli.settings.project import ABI, CONFIG, GATEWAY, NAME, PROFILE, VERIFY
from tests.conftest import Hgw

Tree = Callable[[Mapping[str, str]], Path]

TINYGO = """module example.com/plugins/header-tool

go 1.19

require (
	github.com/alibaba/higress/plugins/wasm-go v1.4.3
	github.com/higress-group/proxy-wasm-go-sdk v1.0.1
)
"""
NATIVE = """module my-plugin/v2

go 1.24.1

require (
	github.com/higress-group/proxy-wasm-go-sdk v0.0.0-20251103120604-77e9cce339d2
	github.com/higress-group/wasm-go v1.1.1
)
"""
PLAIN = "package main\n\nfunc main() {}\n"
HOLDING = """package main

import "github.com/higress-group/proxy-wasm-go-sdk/proxywasm/types"

func main() {}

// types.HeaderStopIteration in a comment decides nothing
func onHttpRequestHeaders() types.Action {
	return types.HeaderStopIteration
}
"""
ENVOY = """static_resources:
  listeners:
  - filter_chains:
    - filters:
      - typed_config:
          http_filters:
          - typed_config:
              value:
                config:
                  vm_config: {runtime: envoy.wasm.runtime.v8}
                  configuration:
                    "@type": type.googleapis.com/google.protobuf.StringValue
                    value: '{"mockEnable": true}'
"""


def test_a_package_of_a_larger_go_module_gets_no_go_mod_and_is_called_like_its_folder(tree: Tree, hgw: Hgw):
    source = 'package main\n\nimport "github.com/higress-group/proxy-wasm-go-sdk/proxywasm"\n\nfunc main() {}\n'
    root = tree({"go.mod": TINYGO, "plugins/geo-ip/main.go": source})

    outcome = hgw("-C", "plugins/geo-ip", "init", "--from-existing")

    assert outcome.code == 0, outcome.err
    folder = root / "plugins" / "geo-ip"
    assert not (folder / "go.mod").exists()
    settings = read_settings(folder / "hgw.yaml")
    assert (settings.get(NAME), settings.get(PROFILE)) == ("geo-ip", "tinygo")


@pytest.mark.parametrize(
    ("go_mod", "source", "expected"),
    [
        (TINYGO, PLAIN, ("header-tool", "tinygo", "0.2.1", "v2.0.7")),
        (TINYGO, HOLDING, ("header-tool", "tinygo", "0.2.100", "v2.0.7")),
        (
            TINYGO,
            HOLDING.replace("return types.HeaderStopIteration", "return 0"),
            ("header-tool", "tinygo", "0.2.1", "v2.0.7"),
        ),
        (NATIVE, PLAIN, ("my-plugin", "go", "0.2.100", "v2.1.5")),
    ],
    ids=["tinygo", "tinygo holding headers", "tinygo with a comment", "native"],
)
def test_go_mod_and_source_decide(
    hgw: Hgw, tree: Tree, go_mod: str, source: str, expected: tuple[str, str, str, str]
) -> None:
    tree({"p/go.mod": go_mod, "p/main.go": source})

    outcome = hgw("init", "p", "--from-existing")

    assert outcome.code == 0, outcome.err
    settings = read_settings(Path("p/hgw.yaml"))
    assert (settings.get(NAME), settings.get(PROFILE), settings.get(ABI), settings.get(GATEWAY)) == expected
    assert settings.get(VERIFY) is None


def test_the_tags_of_a_buildrc_count(hgw: Hgw, tree: Tree) -> None:
    tree({"p/go.mod": TINYGO, "p/main.go": PLAIN, "p/.buildrc": "EXTRA_TAGS=proxy_wasm_version_0_2_100\n"})

    hgw("init", "p", "--from-existing")

    assert read_settings(Path("p/hgw.yaml")).get(ABI) == "0.2.100"


def test_what_was_asked_for_wins(hgw: Hgw, tree: Tree) -> None:
    tree({"p/go.mod": TINYGO, "p/main.go": PLAIN})

    hgw("init", "p", "--from-existing", "--name", "other", "--abi", "all", "--gateway", "v2.1.9")

    settings = read_settings(Path("p/hgw.yaml"))
    assert (settings.get(NAME), settings.get(ABI), settings.get(GATEWAY)) == ("other", "all", "v2.1.9")


def test_every_file_that_is_there_stays(hgw: Hgw, tree: Tree) -> None:
    files = {"p/go.mod": TINYGO, "p/main.go": PLAIN, "p/envoy.yaml": ENVOY, "p/README.md": "mine\n"}
    tree(files)

    outcome = hgw("init", "p", "--from-existing", "--output", "json")

    actions = {Path(file["path"]).name: file["action"] for file in json.loads(outcome.out)["data"]["files"]}
    assert actions == {
        ".gitignore": "create",
        "Dockerfile": "create",
        "config.yaml": "create",
        "docker-compose.yaml": "create",
        "envoy.yaml": "keep",
        "hgw.schema.json": "create",
        "hgw.yaml": "create",
        "wasmplugin.yaml": "create",
    }
    for name, content in files.items():
        assert Path(name).read_text("utf-8") == content


def test_the_configuration_comes_from_where_the_plugin_has_it(hgw: Hgw, tree: Tree) -> None:
    tree({"p/go.mod": TINYGO, "p/main.go": PLAIN, "p/envoy.yaml": ENVOY})

    hgw("init", "p", "--from-existing")

    assert read_plugin_config(Path("p/config.yaml")).values == {"mockEnable": True}
    assert "    mockEnable: true\n" in Path("p/wasmplugin.yaml").read_text("utf-8")


def test_a_configuration_of_its_own_counts_more(hgw: Hgw, tree: Tree) -> None:
    tree({"p/go.mod": TINYGO, "p/main.go": PLAIN, "p/envoy.yaml": ENVOY, "p/config.yaml": "limit: 3\n"})

    hgw("init", "p", "--from-existing")

    assert Path("p/config.yaml").read_text("utf-8") == "limit: 3\n"
    assert "    limit: 3\n" in Path("p/wasmplugin.yaml").read_text("utf-8")


READING = """package main

import "github.com/alibaba/higress/plugins/wasm-go/pkg/wrapper"

func main() { wrapper.SetCtx("p", wrapper.CALL(parseConfig)) }
"""
NO_CONFIGURATION = {"en": "This plugin has no configuration", "zh": "这个插件没有配置"}


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("call", ["ParseConfigBy", "ParseConfig", "ParseOverrideRawConfig", "ParseConfigBy[Config]"])
def test_a_plugin_that_reads_a_configuration_is_not_said_to_have_none(
    hgw: Hgw, tree: Tree, call: str, lang: str
) -> None:
    tree({"p/go.mod": TINYGO, "p/main.go": READING.replace("CALL", call)})

    assert hgw("init", "p", "--from-existing", "--lang", lang).code == 0

    resource = Path("p/wasmplugin.yaml").read_text("utf-8")
    assert NO_CONFIGURATION[lang] not in resource
    assert {"en": "fill it in here and in config.yaml", "zh": "请填在这里和 config.yaml 中"}[lang] in resource
    assert {"en": "write the keys", "zh": "请在这里填写"}[lang] in Path("p/config.yaml").read_text("utf-8")
    assert read_plugin_config(Path("p/config.yaml")).values == {}


def test_a_plugin_that_reads_none_has_none(hgw: Hgw, tree: Tree) -> None:
    tree({"p/go.mod": TINYGO, "p/main.go": PLAIN + "\n// ParseConfigBy(parseConfig)\n"})

    hgw("init", "p", "--from-existing")

    assert NO_CONFIGURATION["en"] in Path("p/wasmplugin.yaml").read_text("utf-8")


def test_no_rule_is_invented(hgw: Hgw, tree: Tree) -> None:
    tree({"p/go.mod": TINYGO, "p/main.go": PLAIN, "p/config.yaml": "limit: 3\n"})

    hgw("init", "p", "--from-existing")

    text = Path("p/wasmplugin.yaml").read_text("utf-8")
    spec = yaml.safe_load(text)["spec"]
    assert spec["defaultConfig"] == {"limit": 3}
    assert "matchRules" not in spec
    assert "rule" not in text


RESOURCE = """apiVersion: extensions.higress.io/v1alpha1
kind: WasmPlugin
metadata: {name: NAME, namespace: higress-system}
spec:
  url: oci://hub.example.com/plugins/IMAGE:1.2.3
  phase: AUTHN
  priority: 310
  defaultConfig: {limit: 3}
"""


@pytest.mark.parametrize(("name", "image"), [("header-tool", "other"), ("header-tool-1.2.3", "header-tool")])
def test_the_authors_own_resource_gets_no_second_one_beside_it(hgw: Hgw, tree: Tree, name: str, image: str) -> None:
    resource = RESOURCE.replace("NAME", name).replace("IMAGE", image)
    tree({"p/go.mod": TINYGO, "p/main.go": PLAIN, "p/deploy/plugin.yaml": resource})

    outcome = hgw("init", "p", "--from-existing")

    assert not Path("p/wasmplugin.yaml").exists()
    made = "warning: no wasmplugin.yaml is made: deploy/plugin.yaml has the WasmPlugin of header-tool already\n"
    assert (outcome.code, outcome.err) == (0, made)
    assert Path("p/deploy/plugin.yaml").read_text("utf-8") == resource
    assert Path("p/Dockerfile").is_file()


def test_the_resource_of_another_plugin_is_not_this_ones(hgw: Hgw, tree: Tree) -> None:
    other = RESOURCE.replace("NAME", "other").replace("IMAGE", "other")
    tree({"p/go.mod": TINYGO, "p/main.go": PLAIN, "p/deploy/plugin.yaml": other})

    outcome = hgw("init", "p", "--from-existing")

    assert yaml.safe_load(Path("p/wasmplugin.yaml").read_text("utf-8"))["metadata"]["name"] == "header-tool"
    assert (outcome.code, outcome.err) == (0, "")


def test_an_own_wasmplugin_yaml_stays_without_a_word(hgw: Hgw, tree: Tree) -> None:
    own = RESOURCE.replace("NAME", "header-tool").replace("IMAGE", "header-tool")
    tree({"p/go.mod": TINYGO, "p/main.go": PLAIN, "p/wasmplugin.yaml": own})

    outcome = hgw("init", "p", "--from-existing")

    assert Path("p/wasmplugin.yaml").read_text("utf-8") == own
    assert (outcome.code, outcome.err) == (0, "")


def test_a_scaffolded_plugin_gets_only_what_is_new(hgw: Hgw) -> None:
    hgw("init", "p")

    outcome = hgw("init", "p", "--from-existing", "--ci", "github", "--output", "json")

    created = [file["path"] for file in json.loads(outcome.out)["data"]["files"] if file["action"] == "create"]
    assert [Path(path).name for path in created] == ["plugin.yaml"]


def test_a_folder_without_a_plugin(hgw: Hgw, tree: Tree) -> None:
    here = tree({"p/notes.txt": "mine\n"})

    outcome = hgw("init", "p", "--from-existing", "--output", "json")

    assert (outcome.code, json.loads(outcome.out)["error"]["code"]) == (3, "no-project")
    assert [path.name for path in (here / "p").iterdir()] == ["notes.txt"]


@pytest.mark.parametrize("option", [["--force"], ["--template", "basic"]])
def test_options_that_make_no_sense_together(hgw: Hgw, tree: Tree, option: list[str]) -> None:
    tree({"p/go.mod": TINYGO, "p/main.go": PLAIN})

    outcome = hgw("init", "p", "--from-existing", *option, "--output", "json")

    assert (outcome.code, json.loads(outcome.out)["error"]["code"]) == (2, "options-conflict")
    assert not Path("p/hgw.yaml").exists()


# Go source without a go.mod --------------------------------------------------------------------------------------

NO_MOD = """package main

import (
	"demo-tool/internal/greeting"
	"github.com/alibaba/higress/plugins/wasm-go/pkg/wrapper"
)

func main() { wrapper.SetCtx(greeting.Name) }
"""
GREETING = 'package greeting\n\nimport "github.com/tidwall/gjson"\n\nvar Name = gjson.Parse("1").String()\n'


def test_go_source_without_a_go_mod_gets_one_with_the_pins_of_what_it_imports(hgw: Hgw, tree: Tree) -> None:
    folder = tree({"main.go": NO_MOD, "internal/greeting/greeting.go": GREETING, "main_test.go": 'import "x.y/z"\n'})

    outcome = hgw("init", "--from-existing", "--output", "json")

    assert outcome.code == 0, outcome.out
    go_mod = (folder / "go.mod").read_text("utf-8")
    direct = go_mod.partition("require (")[2].partition(")")[0].split()
    assert go_mod.startswith("module demo-tool\n\ngo 1.19\n")
    assert direct == ["github.com/alibaba/higress/plugins/wasm-go", "v1.4.3", "github.com/tidwall/gjson", "v1.17.3"]
    assert "github.com/tidwall/gjson v1.17.3 h1:" in (folder / "go.sum").read_text("utf-8")
    assert (folder / "main.go").read_text("utf-8") == NO_MOD
    assert json.loads(outcome.out)["data"]["variables"]["profile"] == "tinygo"


def test_the_wrapper_that_is_imported_decides_the_profile(hgw: Hgw, tree: Tree) -> None:
    folder = tree({"main.go": 'package main\n\nimport "github.com/higress-group/wasm-go/pkg/wrapper"\n'})

    assert hgw("init", "--from-existing", "--name", "fresh").code == 0

    go_mod = (folder / "go.mod").read_text("utf-8")
    assert go_mod.startswith("module fresh\n\ngo 1.24.1\n")
    assert "github.com/higress-group/wasm-go v1.1.1\n" in go_mod


@pytest.mark.parametrize("command", ["build", "init"])
def test_a_folder_with_go_source_alone_is_sent_to_from_existing(hgw: Hgw, tree: Tree, command: str) -> None:
    folder = tree({"main.go": NO_MOD})

    outcome = hgw(command, *(["."] if command == "init" else []), "--output", "json")

    error = json.loads(outcome.out)["error"]
    assert error["hint"] == f"hgw init --from-existing {folder}"
    assert [path.name for path in folder.iterdir()] == ["main.go"]


def test_force_keeps_a_copy_of_what_it_overwrites(hgw: Hgw, tree: Tree) -> None:
    folder = tree({"main.go": NO_MOD, "main.go.orig": "an older one\n", "README.md": "mine\n"})

    outcome = hgw("init", ".", "--force", "--output", "json")

    assert outcome.code == 0, outcome.out
    files = {Path(file["path"]).name: file for file in json.loads(outcome.out)["data"]["files"]}
    assert files["main.go"] == {
        "path": str(folder / "main.go"),
        "action": "overwrite",
        "copy": str(folder / "main.go.orig2"),
    }
    assert files["README.md"]["copy"] == str(folder / "README.md.orig")
    assert (folder / "main.go.orig2").read_text("utf-8") == NO_MOD
    assert (folder / "main.go.orig").read_text("utf-8") == "an older one\n"


def test_the_copy_is_named_in_the_plan(hgw: Hgw, tree: Tree) -> None:
    folder = tree({"main.go": NO_MOD})

    outcome = hgw("init", ".", "--force", "--dry-run")

    assert "main.go  (the old one is kept as main.go.orig)" in outcome.out
    assert not (folder / "main.go.orig").exists()


# A config.yaml that is Envoy's -----------------------------------------------------------------------------------


def test_an_envoy_bootstrap_in_config_yaml_is_left_alone_and_the_plugin_gets_a_file_of_its_own(
    hgw: Hgw, tree: Tree
) -> None:
    tree({"p/go.mod": TINYGO, "p/main.go": PLAIN, "p/config.yaml": ENVOY})

    outcome = hgw("init", "p", "--from-existing")

    assert outcome.code == 0, outcome.err
    assert Path("p/config.yaml").read_text("utf-8") == ENVOY
    assert read_settings(Path("p/hgw.yaml")).get(CONFIG) == "config.json"
    assert json.loads(Path("p/config.json").read_text("utf-8")) == {"mockEnable": True}
    assert "    mockEnable: true\n" in Path("p/wasmplugin.yaml").read_text("utf-8")
    assert "config.yaml" not in Path("p/wasmplugin.yaml").read_text("utf-8")


def test_a_config_json_beside_an_envoy_bootstrap_is_the_plugins(hgw: Hgw, tree: Tree) -> None:
    own = '{"limit": 3}'
    tree({"p/go.mod": TINYGO, "p/main.go": PLAIN, "p/config.yaml": ENVOY, "p/config.json": own})

    hgw("init", "p", "--from-existing")

    assert Path("p/config.json").read_text("utf-8") == own
    assert "    limit: 3\n" in Path("p/wasmplugin.yaml").read_text("utf-8")


def test_an_hgw_yaml_that_stays_is_told_to_name_the_plugins_own_file(hgw: Hgw, tree: Tree) -> None:
    tree({"p/go.mod": TINYGO, "p/main.go": PLAIN, "p/config.yaml": ENVOY, "p/hgw.yaml": "name: header-tool\n"})

    outcome = hgw("init", "p", "--from-existing")

    assert (outcome.code, outcome.err) == (
        0,
        "warning: config.yaml configures Envoy; add `run: {config: config.json}` to hgw.yaml, which stays as it is\n",
    )
    assert Path("p/hgw.yaml").read_text("utf-8") == "name: header-tool\n"


def test_an_sdk_for_native_go_of_others_keeps_its_abi(hgw: Hgw, tree: Tree) -> None:
    sdk = "github.com/proxy-wasm/proxy-wasm-go-sdk"
    source = f'package main\n\nimport "{sdk}/proxywasm"\n\nfunc init() {{ proxywasm.SetVMContext(nil) }}\n'
    go_mod = f"module headers\n\ngo 1.24.1\n\nrequire {sdk} v0.0.0-20250212164326-ab4161dcf924\n"
    root = tree({"go.mod": go_mod, "main.go": source})

    assert hgw("init", "--from-existing").code == 0

    settings = read_settings(root / "hgw.yaml")
    assert (settings.get(PROFILE), settings.get(ABI), settings.get(GATEWAY)) == ("go", "0.2.1", "v2.1.5")


def test_what_a_helper_program_imports_is_not_missing(hgw: Hgw, tree: Tree) -> None:
    helper = 'package main\n\nimport _ "github.com/go-sql-driver/mysql"\n\nfunc main() {}\n'
    tree({"go.mod": TINYGO, "main.go": HOLDING, "log-collector/main.go": helper})

    outcome = hgw("init", "--from-existing")

    assert outcome.code == 0
    assert "go.mod does not require" not in outcome.err


def test_what_a_go_work_provides_is_not_missing(hgw: Hgw, tree: Tree) -> None:
    source = HOLDING.replace("import ", 'import _ "example.com/common"\nimport ')
    common = {"common/go.mod": "module example.com/common\n", "common/common.go": "package common\n"}
    tree({"go.work": "go 1.20\n\nuse ./p\nuse ./common\n", "p/go.mod": TINYGO, "p/main.go": source, **common})

    outcome = hgw("-C", "p", "init", "--from-existing")

    assert outcome.code == 0
    assert "go.mod does not require" not in outcome.err


def test_a_go_mod_that_lacks_what_is_imported_stays_and_the_command_that_adds_it_is_told(hgw: Hgw, tree: Tree) -> None:
    tree({"p/go.mod": "module p\n\ngo 1.19\n", "p/main.go": READING.replace("CALL", "ParseConfig")})

    outcome = hgw("init", "p", "--from-existing")

    assert Path("p/go.mod").read_text("utf-8") == "module p\n\ngo 1.19\n"
    assert "main.go:3: go.mod does not require" in outcome.err
    assert "this adds it: hgw doctor go-mod --fix" in outcome.err
