"""`hgw init` as it is typed."""

import json
from importlib import resources
from pathlib import Path

import pytest

from higress_cli.project.matcher import Absent, Equals
from higress_cli.project.plugin_config import read_plugin_config
from higress_cli.project.settings import read_settings
from higress_cli.settings.project import ABI, GATEWAY, NAME, PROFILE, VERIFY
from tests.conftest import Hgw, Outcome
from tests.support.schemas import validate

SCHEMA = json.loads(resources.files("higress_cli.data").joinpath("schemas", "init.json").read_text("utf-8"))

BASIC = {
    ".hgw/hgw.schema.json",
    ".gitignore",
    "Dockerfile",
    "README.md",
    "config.yaml",
    "docker-compose.yaml",
    "envoy.yaml",
    "go.mod",
    "go.sum",
    "hgw.yaml",
    "internal/settings/settings.go",
    "internal/settings/settings_test.go",
    "main.go",
    "wasmplugin.yaml",
}


def files_below(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()
    }


def test_a_new_folder_gets_the_plugin_of_the_guide(hgw: Hgw) -> None:
    outcome = hgw("init", "my-plugin").flowing()

    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.partition("settings_test.go ")[2] == (
        "The plugin my-plugin is in [HERE]/my-plugin. Next: "
        "cd my-plugin "
        "hgw build compile it; offers to get compilers that are missing "
        "hgw verify prove in a gateway that it does what it should "
        "hgw run keep a gateway running: `curl http://127.0.0.1:10000/get` "
        "Then: set mockEnable to true in config.yaml and ask again: the gateway answers hello world"
    )
    files = files_below(Path("my-plugin"))
    assert set(files) == BASIC
    assert "module my-plugin\n" in files["go.mod"]
    assert "github.com/higress-group/proxy-wasm-go-sdk v1.0.1\n" in files["go.mod"]


def test_what_it_writes_is_what_hgw_reads(hgw: Hgw) -> None:
    hgw("init", "my-plugin")

    settings = read_settings(Path("my-plugin/hgw.yaml"))
    assert (settings.get(NAME), settings.get(PROFILE), settings.get(ABI), settings.get(GATEWAY)) == (
        "my-plugin",
        "tinygo",
        "0.2.1",
        "v2.0.7",
    )
    direct, through, mock, misspelt = settings.get(VERIFY) or ()
    assert (direct.turns[0].request.via, direct.turns[0].request.path) == ("upstream", "/get")
    assert direct.turns[0].expect.upstream.request.headers["hello"] == Absent()
    assert through.turns[0].expect.upstream.request.headers["hello"] == Equals("world")
    assert (mock.config, mock.turns[0].expect.upstream.reached) == ({"mockEnable": True}, False)
    assert (misspelt.config, misspelt.turns[0].expect.start) == ({"mockEnabled": True}, "fails")
    assert read_plugin_config(Path("my-plugin/config.yaml")).values == {"mockEnable": False}


def test_without_a_folder_one_with_files_in_it_is_left_alone(hgw: Hgw, tree) -> None:
    here = tree({"notes.txt": "mine\n"})

    outcome = hgw("init")

    assert outcome.code == 6
    assert (
        outcome.err == f"error: {here} is not empty, and no folder was named: nothing was changed\nhint: hgw init .\n"
    )
    assert set(files_below(here)) == {"notes.txt"}
    assert hgw("init", ".").code == 0


def test_in_a_plugin_the_hint_is_what_its_author_wants(hgw: Hgw, tree) -> None:
    here = tree({"hgw.yaml": "name: x\n", "main.go": "package main\n"})
    hint = (
        "hint: `hgw init --from-existing [HERE]` adds files that are missing and changes none; "
        "`hgw init [TEST]/NAME` makes another plugin beside it\n"
    )
    already = "error: [HERE] is a plugin already, and no folder was named: nothing was changed\n"
    different = "error: 2 files in [HERE] are different already and are not overwritten: hgw.yaml, main.go\n"
    assert hgw("init").redacted() == Outcome(6, err=already + hint)
    assert hgw("init", ".", "--defaults").redacted() == Outcome(6, err=different + hint)
    outcome = hgw("init", "--ci", "github", "--editor", "vscode")
    assert outcome.err.endswith("\nhint: hgw init --ci github --editor vscode --from-existing\n")
    (here / "hgw.yaml").unlink()
    assert hgw("init").redacted() == Outcome(6, err=f"{already}hint: hgw init --from-existing [HERE]\n")


def test_a_plugin_whose_source_is_gone_is_told_how_to_get_it_back(hgw: Hgw, tree) -> None:
    here = tree({})
    assert hgw("init", "my-plugin").code == 0
    (here / "my-plugin/main.go").unlink()
    assert (
        hgw("build", "my-plugin")
        .redacted()
        .err.endswith(
            "\nhint: bring back the Go file with func main; "
            "`hgw init [HERE]/my-plugin --defaults` makes it as the template has it\n"
        )
    )
    (here / ".git").mkdir()
    hint = (
        "hint: bring back the Go file with func main: `git -C [HERE]/my-plugin checkout -- main.go`, or "
        "`hgw init [HERE]/my-plugin --defaults` if it was as the template makes it\n"
    )
    assert hgw("build", "my-plugin").redacted() == Outcome(
        3, err=f"error: [HERE]/my-plugin holds no Go plugin: no Go file of package main in the folder\n{hint}"
    )
    assert hgw("verify", "my-plugin").redacted() == Outcome(
        3, err=f"error: [HERE]/my-plugin holds no plugin: neither main.wasm nor Go source\n{hint}"
    )
    assert hgw("-C", "my-plugin", "init").redacted() == Outcome(
        6,
        err="error: [HERE]/my-plugin is not empty, and no folder was named: nothing was changed\n"
        "hint: hgw -C my-plugin init .\n",
    )

    outcome = hgw("init", str(here / "my-plugin"), "--defaults", "--output", "json")

    assert outcome.code == 0
    created = [file["path"] for file in json.loads(outcome.out)["data"]["files"] if file["action"] != "identical"]
    assert created == [str(here / "my-plugin/main.go")]


def test_a_plugin_inside_another_is_told(hgw: Hgw, tree) -> None:
    tree({"a/go.mod": "module a\n", "a/main.go": "package main\n", "lib/go.mod": "module lib\n"})

    outcome = hgw("init", "a/b").redacted()

    assert outcome.code == 0
    assert outcome.err == (
        "warning: [HERE]/a/b is inside the plugin [HERE]/a; to have it beside that one, move it to [HERE]/b\n"
    )
    assert hgw("init", "lib/c").err == ""


def test_a_repository_without_files_is_an_empty_folder(hgw: Hgw, tree) -> None:
    here = tree({".git/HEAD": ""})
    assert hgw("init").code == 0
    assert (here / "go.mod").is_file()


def test_without_a_folder_it_fills_the_current_one(hgw: Hgw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "work" / "Header_Tool"
    here.mkdir()
    monkeypatch.chdir(here)

    outcome = hgw("init")

    assert outcome.code == 0, outcome.err
    assert set(files_below(here)) == BASIC
    assert read_settings(here / "hgw.yaml").get(NAME) == "header-tool"
    assert [line for line in outcome.out.splitlines() if line.startswith("  ") and "/" not in line[:30]] == [
        "  hgw build   compile it; offers to get compilers that are missing",
        "  hgw verify  prove in a gateway that it does what it should",
        "  hgw run     keep a gateway running: `curl http://127.0.0.1:10000/get`",
    ]


def test_json_matches_its_schema(hgw: Hgw) -> None:
    outcome = hgw("init", "my-plugin", "--output", "json")

    document = json.loads(outcome.out)
    validate(document["data"], SCHEMA)
    assert document["ok"]
    assert document["data"]["template"] == "basic"
    assert {file["action"] for file in document["data"]["files"]} == {"create"}
    assert all(Path(file["path"]).is_file() for file in document["data"]["files"])


def test_what_is_there_is_never_overwritten(hgw: Hgw, tree) -> None:
    here = tree({"my-plugin/main.go": "mine\n", "my-plugin/notes.txt": "also mine\n"})

    outcome = hgw("init", "my-plugin", "--output", "json")

    assert outcome.code == 6
    error = json.loads(outcome.out)["error"]
    assert error["code"] == "file-exists"
    assert error["details"]["files"] == [str(here / "my-plugin/main.go")]
    assert error["hint"] == f"hgw init --from-existing {here / 'my-plugin'}"
    assert files_below(here / "my-plugin") == {"main.go": "mine\n", "notes.txt": "also mine\n"}


def test_force_overwrites_what_the_template_has_and_nothing_else(hgw: Hgw, tree) -> None:
    here = tree({"my-plugin/main.go": "mine\n", "my-plugin/notes.txt": "also mine\n"})

    outcome = hgw("init", "my-plugin", "--force")

    assert outcome.code == 0, outcome.err
    files = files_below(here / "my-plugin")
    assert set(files) == BASIC | {"notes.txt", "main.go.orig"}
    assert files["main.go"].startswith("package main")
    assert files["notes.txt"] == "also mine\n"


def test_a_second_time_changes_nothing(hgw: Hgw) -> None:
    hgw("init", "my-plugin")
    before = files_below(Path("my-plugin"))

    outcome = hgw("init", "my-plugin", "--output", "json")

    assert outcome.code == 0
    assert {file["action"] for file in json.loads(outcome.out)["data"]["files"]} == {"identical"}
    assert files_below(Path("my-plugin")) == before
    said = hgw("init", "my-plugin").flowing().out.partition("settings_test.go ")[2]
    assert said.startswith("Nothing had to be changed: the plugin my-plugin is in [HERE]/my-plugin. Next: ")
    said = hgw("--lang", "zh", "init", "--from-existing", "my-plugin").flowing().out.partition("schema.json ")[2]
    assert said.partition("。")[0] == "无需改动：插件 my-plugin 位于 [HERE]/my-plugin"
    Path("my-plugin/README.md").unlink()
    said = hgw("init", "my-plugin").flowing().out.partition("settings_test.go ")[2]
    assert said.startswith("The plugin my-plugin is in [HERE]/my-plugin. Next: ")


def test_dry_run_shows_the_plan_and_writes_nothing(hgw: Hgw, tree) -> None:
    here = tree({"my-plugin/main.go": "mine\n"})

    outcome = hgw("init", "my-plugin", "--dry-run")

    assert outcome == Outcome(
        0,
        out="create    .gitignore\n"
        "create    Dockerfile\n"
        "create    README.md\n"
        "create    config.yaml\n"
        "create    docker-compose.yaml\n"
        "create    envoy.yaml\n"
        "create    go.mod\n"
        "create    go.sum\n"
        "create    hgw.yaml\n"
        "conflict  main.go\n"
        "create    wasmplugin.yaml\n"
        "          .hgw/\n"
        "create      hgw.schema.json\n"
        "          internal/\n"
        "            settings/\n"
        "create        settings.go\n"
        "create        settings_test.go\n"
        "\n"
        "Nothing was written (--dry-run).\n",
    )
    assert files_below(here) == {"my-plugin/main.go": "mine\n"}


def test_a_file_where_the_folder_should_be(hgw: Hgw, tree) -> None:
    here = tree({"my-plugin": "a file\n"})

    outcome = hgw("init", "my-plugin")

    assert outcome.redacted() == Outcome(
        6,
        err="error: [HERE]/my-plugin is a file, so a project cannot be created there\n"
        "hint: choose another folder: hgw init DIR\n",
    )
    assert files_below(here) == {"my-plugin": "a file\n"}


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--name", "My Plugin"], "name-invalid"),
        (["--name", "-x"], "name-invalid"),
        (["--name", "a" * 64], "name-invalid"),
        (["--module", "example.com//x"], "module-invalid"),
        (["--module", "exa mple"], "module-invalid"),
        (["--profile", "rust"], "choice-invalid"),
        (["--profile", "go", "--abi", "0.2.1"], "abi-unsupported"),
        (["--abi", "0.3"], "choice-invalid"),
        (["--gateway", "latest"], "gateway-invalid"),
        (["--set", "nonsense=1"], "variable-unknown"),
        (["--set", "nonsense"], "usage"),
    ],
)
def test_wrong_answers_are_refused_before_anything_is_written(hgw: Hgw, arguments: list[str], code: str) -> None:
    outcome = hgw("init", "my-plugin", "--output", "json", *arguments)

    assert outcome.code == 2
    assert json.loads(outcome.out)["error"]["code"] == code
    assert not Path("my-plugin").exists()


def test_the_variables_of_a_template_are_listed_and_named_in_errors(hgw: Hgw) -> None:
    listed = json.loads(hgw("init", "--list-templates", "--output", "json").out)["data"]["templates"]
    variables = {template["name"]: [item["name"] for item in template["variables"]] for template in listed}
    assert (variables["basic"], variables["redis-rate-limit"]) == ([], ["service"])
    assert "--set service=redis.dns: the Redis service" in hgw("init", "--list-templates").out

    assert hgw("init", "x", "--set", "a=b") == Outcome(
        2, err="error: the template basic has no variables, and so no `a`\nhint: hgw init --list-templates\n"
    )
    assert hgw("init", "x", "--template", "redis-rate-limit", "--set", "servce=b") == Outcome(
        2,
        err="error: the template redis-rate-limit has no variable `servce`; it has: service\n"
        "hint: did you mean `service`?\n",
    )


def test_an_unknown_template_names_those_there_are(hgw: Hgw) -> None:
    outcome = hgw("init", "my-plugin", "--template", "basci")

    assert outcome == Outcome(
        6,
        err="error: there is no template `basci`; there are: basic, no-config, http-call, redis-rate-limit, "
        "request-body, response-body, response-headers, header-state\n"
        "hint: did you mean `basic`?\n",
    )
    assert not Path("my-plugin").exists()


def test_profile_go_has_its_own_modules_and_entry(hgw: Hgw) -> None:
    outcome = hgw("init", "my-plugin", "--profile", "go")

    assert outcome.code == 0, outcome.err
    files = files_below(Path("my-plugin"))
    assert "github.com/higress-group/wasm-go v1.1.1\n" in files["go.mod"]
    assert "func init() {" in files["main.go"]
    settings = read_settings(Path("my-plugin/hgw.yaml"))
    assert (settings.get(PROFILE), settings.get(ABI), settings.get(GATEWAY)) == ("go", "0.2.100", "v2.1.5")


def test_a_repository_of_plugins_has_its_own_defaults(hgw: Hgw, tree) -> None:
    tree({"hgw.yaml": "profile: go\ngateway: v2.2.1\nabi: 0.2.100\n"})

    hgw("init", "plugins/one")
    hgw("init", "plugins/two", "--profile", "tinygo")

    one = read_settings(Path("plugins/one/hgw.yaml"))
    assert (one.get(PROFILE), one.get(ABI), one.get(GATEWAY)) == ("go", "0.2.100", "v2.2.1")
    two = read_settings(Path("plugins/two/hgw.yaml"))
    assert (two.get(PROFILE), two.get(ABI), two.get(GATEWAY)) == ("tinygo", "0.2.100", "v2.0.7")


def test_list_templates(hgw: Hgw) -> None:
    text = hgw("init", "--list-templates")
    document = json.loads(hgw("init", "--list-templates", "--output", "json").out)

    assert text.code == 0
    assert "basic" in text.out
    validate(document["data"], SCHEMA)
    basic = document["data"]["templates"][0]
    assert (basic["name"], basic["profiles"]) == ("basic", ["tinygo", "go"])


def test_chinese_comments(hgw: Hgw) -> None:
    hgw("--lang", "zh", "init", "my-plugin")

    files = files_below(Path("my-plugin"))
    assert "插件名称" in files["main.go"]
    assert "插件配置" in files["config.yaml"]
    assert "编译与试用" in files["README.md"]


def test_paths_with_spaces_and_chinese_characters(hgw: Hgw) -> None:
    outcome = hgw("init", "我的 插件")

    assert outcome.code == 0, outcome.err
    assert "cd '我的 插件'" in outcome.out
    assert read_settings(Path("我的 插件/hgw.yaml")).get(NAME) == "my-plugin"


@pytest.mark.parametrize(
    ("folder", "name"), [("问答2", "my-plugin"), ("2.3 (新)", "my-plugin"), ("42", "42"), ("问答 v2", "v2")]
)
def test_a_name_is_made_of_a_folders_only_if_it_says_something(hgw: Hgw, folder: str, name: str) -> None:
    assert hgw("init", folder).code == 0
    assert read_settings(Path(folder, "hgw.yaml")).get(NAME) == name


def test_a_folder_beside_this_one(hgw: Hgw, tmp_path: Path) -> None:
    outcome = hgw("init", "../my-plugin", "--output", "json")

    assert json.loads(outcome.out)["data"]["directory"] == str(tmp_path / "my-plugin")
    assert read_settings(tmp_path / "my-plugin" / "hgw.yaml").get(NAME) == "my-plugin"


def test_force_replaces_settings_that_do_not_parse(hgw: Hgw, tree) -> None:
    here = tree({"one/hgw.yaml": "profile: [\n"})

    assert hgw("init", "one").code == 6
    assert hgw("init", "one", "--force").code == 0
    assert read_settings(here / "one" / "hgw.yaml").get(PROFILE) == "tinygo"


def test_variables_of_the_environment_are_answers(hgw: Hgw, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TEMPLATE": "no-config", "PROFILE": "tinygo", "ABI": "all", "GATEWAY": "v2.2.0"}.items():
        monkeypatch.setenv(f"HGW_{name}", value)

    outcome = hgw("init", "one")

    assert outcome.code == 0, outcome.err
    settings = read_settings(Path("one/hgw.yaml"))
    assert (settings.get(PROFILE), settings.get(ABI), settings.get(GATEWAY)) == ("tinygo", "all", "v2.2.0")
    assert Path("one/internal/greeting/greeting.go").is_file()
    assert "COPY main-0.2.1.wasm plugin.wasm" in Path("one/Dockerfile").read_text("utf-8")


def test_a_variable_that_is_wrong_is_named(hgw: Hgw, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HGW_PROFILE", "rust")

    outcome = hgw("init", "one")

    assert outcome == Outcome(
        2,
        err="error: `rust` (from HGW_PROFILE) is none of: tinygo, go\nhint: hgw help settings profile\n",
    )


def test_a_gateway_that_is_too_old_for_native_go(hgw: Hgw) -> None:
    outcome = hgw("init", "one", "--profile", "go", "--gateway", "v2.0.7", "--output", "json")

    error = json.loads(outcome.out)["error"]
    assert (outcome.code, error["code"], error["hint"]) == (
        *(2, "gateway-unsupported"),
        "hgw init one --profile go --output json --gateway v2.1.5",
    )


def test_header_state_is_for_the_newest_abi_only(hgw: Hgw) -> None:
    assert hgw("init", "one", "--template", "header-state", "--abi", "0.2.1").code == 2
    assert hgw("init", "one", "--template", "header-state").code == 0
    assert read_settings(Path("one/hgw.yaml")).get(ABI) == "0.2.100"


def test_what_a_template_allows_is_told_in_words(hgw: Hgw) -> None:
    assert hgw("init", "one", "--template", "http-call", "--set", "service=My Service") == Outcome(
        2,
        err="error: service=My Service (from --set): allowed: lower-case letters, digits, dots and dashes, as in "
        "my-svc.dns\nhint: `hgw init --list-templates` shows each variable with a value that it takes\n",
    )
