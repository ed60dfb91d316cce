"""What the READMEs say of exit codes, variables, sources and targets is what hgw has; each further claim has a test."""

import re
from pathlib import Path

import pytest

from higress_cli.errors import ExitCode
from higress_cli.gateway import engines
from higress_cli.gateway.identity import HEADER
from higress_cli.settings.table import SETTINGS
from higress_cli.tool import SYSTEM
from higress_cli.toolchain.sources.table import NAMES

ROOT = Path(__file__).parents[2]

# What README.md claims beside its tables and commands, and the test that shows it.
CLAIMS = [
    ("installs compilers in versions that work together", "e2e/test_install.py::test_the_tools_run_and_fit_each_other"),
    (
        "the whole guide in one command",
        "e2e/test_quickstart.py::test_the_whole_guide_ends_with_both_answers_for_each_abi",
    ),
    ("It writes only to `.venv`", "cli/test_own_folders.py::test_a_build_writes_to_the_plugin_and_to_hgws_own_folders"),
    ("`wasm-demo-go`, hgw's own folders", "cli/test_own_folders.py::test_a_new_plugin_is_all_that_init_writes"),
    (
        "`hgw` never changes your shell or your Go",
        "cli/test_own_folders.py::test_a_command_leaves_the_users_home_and_tools_as_they_are",
    ),
    (
        "your system only if you agree",
        "integration/test_install_clients.py::test_what_changes_the_system_needs_consent",
    ),
    (
        "wasmtime has no wheel for older musl or other processors",
        "unit/gateway/test_engine_choice.py::test_where_wasmtime_has_no_wheel_hgw_says_where_it_has",
    ),
    ("HTTP/1.1 only, and no gRPC calls", "integration/test_builtin.py::test_a_grpc_call_is_told"),
    ("Higress's own calls (Redis and others)", "integration/test_builtin.py::test_redis_that_the_plugin_calls"),
    (
        "takes `envoy` where it is there and fits the module and its scenarios, else `builtin`",
        "unit/gateway/test_engine_choice.py::test_auto_reaches_an_engine_on_every_machine_that_has_a_wheel",
    ),
    ("and says why", "unit/gateway/test_engine_choice.py::test_with_musl_auto_takes_builtin_and_says_why"),
    (
        "puts the same scenarios to each engine",
        "integration/test_verify_engines.py::test_all_engines_are_asked_the_same",
    ),
    ("fails where they disagree", "integration/test_verify_engines.py::test_engines_that_disagree_are_named"),
    ("## Your first plugin", "e2e/test_readme.py::test_the_walk_leads_to_a_verified_plugin"),
    ("stays until Ctrl-C", "integration/test_run.py::test_a_folder_with_a_module_alone_runs_and_ctrl_c_ends_it_well"),
    ("it takes effect at once", "integration/test_run.py::test_an_edited_configuration_takes_effect"),
    (
        "the running gateway loads the new module",
        "integration/test_run.py::test_a_rebuilt_module_takes_effect_and_a_broken_one_does_not",
    ),
    (
        "the file itself stays as it is",
        "integration/test_run.py::test_a_module_for_0_2_100_stops_at_the_headers_and_its_file_stays_as_it_is",
    ),
    (
        "the proof that this very module was in the path",
        "integration/test_verify.py::test_an_answer_that_is_not_from_hgws_gateway_proves_nothing",
    ),
    (
        "writes its address and digest into the WasmPlugin resource",
        "cli/test_push.py::test_update_changes_url_and_digest_and_nothing_else",
    ),
    ("the gateway's agent", "e2e/test_image_readers.py::test_the_gateways_own_library_takes_what_hgw_says"),
    ("the plugin server", "e2e/test_image_readers.py::test_the_plugin_server_takes_what_hgw_says"),
    ("Kubernetes' image volumes", "e2e/test_image_readers.py::test_containerd_mounts_what_hgw_says"),
    (
        "the same module gives the same digest on every machine",
        "cli/test_package_anywhere.py::test_the_digest_depends_on_nothing_around_the_module",
    ),
    (
        "`hgw build --no-debug` leaves it out in profile `tinygo`",
        "e2e/test_build.py::test_a_module_depends_on_its_folder_only_by_its_debug_information",
    ),
    (
        "`hgw build -- -trimpath` in profile `go`",
        "e2e/test_build.py::test_a_native_module_does_not_depend_on_its_folder_with_trimpath",
    ),
    (
        "says why it skipped one",
        "integration/test_install_archives.py::test_a_tool_of_the_system_that_does_not_fit_is_passed_over_with_the_reason",
    ),
    ("behind a company's proxy", "e2e/test_build.py::test_go_modules_come_through_a_socks_proxy"),
    ("with or without root", "integration/test_package_users.py::test_another_users_clone_gives_the_same_digest"),
    ("Credentials are those of `docker login`", "cli/test_push.py::test_dockers_configuration_logs_in"),
    (
        "go only to the registry that `HGW_REGISTRY` names",
        "cli/test_push.py::test_with_several_registries_the_variables_go_to_the_one_that_they_name",
    ),
    ("shows them to the one registry that it pushes to", "cli/test_push.py::test_the_variables_log_in"),
    (
        "commands that only read show them to none",
        "unit/commands/test_image_module.py::test_variables_for_no_registry_or_another_are_not_shown_to_one_that_asks",
    ),
    (
        "which of these readers would refuse it",
        "e2e/test_image_readers.py::test_hgw_says_so_of_the_images_in_the_registry",
    ),
    (
        "TinyGo 0.29 and 0.30 accept Go 1.18 to 1.21",
        "unit/knowledge/test_compatibility.py::test_pairs_that_break_are_refused_at_both_ends",
    ),
    (
        "TinyGo 0.35 builds modules that the gateway refuses",
        "unit/knowledge/test_compatibility.py::test_a_tinygo_that_cannot_work_is_refused_whatever_the_go",
    ),
    ("wasm-opt has to be 102 or newer", "unit/knowledge/test_compatibility.py::test_wasm_opt_has_a_floor"),
    (
        "uses what your machine has if it fits",
        "unit/toolchain/test_sets.py::test_a_whole_set_on_the_machine_is_the_only_plan_whatever_hgw_would_prefer",
    ),
    ("each pinned by SHA-256", "unit/toolchain/test_pins.py::test_every_archive_has_a_file_and_a_digest_of_its_own"),
    (
        "Nothing unverified is ever runnable",
        "integration/test_install_archives.py::test_wrong_bytes_are_never_installed",
    ),
    ("one folder for everything that hgw stores", "unit/system/test_places.py::test_hgw_home_moves_everything"),
]
each_readme = pytest.mark.parametrize("name", ["README.md", "README.zh.md"])


def rows(text: str, first: str) -> list[list[str]]:
    """The cells of the rows of the table whose head begins with the cell `first`."""
    _before, _head, rest = text.partition(f"\n| {first} |")
    assert rest, f"no table starts with {first}"
    lines = rest.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


@pytest.mark.parametrize(("claim", "shown_by"), CLAIMS)
def test_each_claim_is_in_the_readme_and_has_a_test(claim: str, shown_by: str):
    file, _colons, name = shown_by.partition("::")
    tests = (ROOT / "tests" / file).read_text("utf-8")

    assert claim in " ".join((ROOT / "README.md").read_text("utf-8").split())
    assert re.search(rf"^(async )?def {name}\(", tests, re.MULTILINE)


@each_readme
def test_every_exit_code_is_in_the_table_once(name):
    text = (ROOT / name).read_text("utf-8")

    cells = [cell for row in rows(text, {"README.md": "code"}.get(name, "码")) for cell in row[::2]]

    assert sorted(int(cell) for cell in cells) == sorted(ExitCode)


@each_readme
def test_every_variable_is_one_of_a_setting(name):
    found = set(re.findall(r"HGW_[A-Z_]+", (ROOT / name).read_text("utf-8")))

    assert found
    assert found <= {setting.variable for setting in SETTINGS}


@each_readme
def test_the_sources_are_those_of_the_table_in_their_order(name):
    text = (ROOT / name).read_text("utf-8")

    listed = [row[0].strip("`") for row in rows(text, {"README.md": "source"}.get(name, "来源"))]

    assert listed == [SYSTEM, *NAMES]


@each_readme
def test_every_target_that_is_named_exists(name):
    targets = set(re.findall(r"^([a-z]+):.*## ", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(
        re.findall(
            r"\bmake ([a-z]+)(?=[\s`])",
            "\n".join(re.findall(r"`[^`\n]+`|^make .*$", (ROOT / name).read_text("utf-8"), re.MULTILINE)),
        )
    )

    assert named
    assert named <= targets


def test_both_readmes_name_the_same_variables():
    english, chinese = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh.md"))

    assert set(re.findall(r"HGW_[A-Z_]+", english)) == set(re.findall(r"HGW_[A-Z_]+", chinese))


def commands(name: str) -> tuple[list[str], list[str]]:
    """What a README tells people to type: in its blocks, without comments, and in its table of tasks."""
    text = (ROOT / name).read_text("utf-8")
    blocks = "\n".join(re.findall(r"```console\n(.*?)```", text, re.DOTALL)).splitlines()
    tasks = rows(text, {"README.md": "you want to"}.get(name, "想做什么"))
    return [line.partition("#")[0].strip() for line in blocks], re.findall(r"`([^`]+)`", "\n".join(map(str, tasks)))


def test_the_chinese_readme_has_every_command_of_the_english_one():
    assert commands("README.zh.md") == commands("README.md")


@each_readme
def test_every_engine_is_listed_in_the_order_of_the_table(name):
    listed = re.findall(r"^- `([a-z]+)`[,：]", (ROOT / name).read_text("utf-8"), re.MULTILINE)

    assert listed == list(engines.TABLE)


@each_readme
def test_every_option_of_a_command_exists(name, hgw):
    blocks, tasks = commands(name)
    wanted = {
        (words[1], option)
        for line in (*blocks, *tasks)
        if (words := line.split())[:1] == ["hgw"]
        for option in re.findall(r"--[a-z-]+", line.partition(" -- ")[0])
    }

    assert {("verify", "--engine"), ("verify", "--evidence"), ("verify", "--baseline")} <= wanted
    for command, option in wanted:
        assert option in hgw(command, "--help").out, f"hgw {command} {option}"


@each_readme
def test_the_header_of_the_local_gateway_and_the_reference_are_explained(name):
    text = (ROOT / name).read_text("utf-8")
    assert HEADER in text
    assert "`hgw help hgw.yaml`" in text


@each_readme
def test_the_picture_is_in_the_language_of_the_reader(name):
    (picture,) = re.findall(r"!\[.*\]\((.+\.svg)\)", (ROOT / name).read_text("utf-8"))
    drawn = (ROOT / picture).read_text("utf-8")
    is_chinese = re.search("[\u4e00-\u9fff]", drawn) is not None
    assert is_chinese is (name == "README.zh.md")
