"""What `hgw init` writes, byte for byte. `python scripts/golden_trees.py --write` renews the golden files."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from higress_cli.project.plugin_config import read_plugin_config
from higress_cli.project.settings import read_settings
from higress_cli.settings.project import ABI, GATEWAY, NAME, PROFILE, SERVICES, VERIFY
from scripts.golden_trees import GOLDEN, Tree, render, trees

pytestmark = pytest.mark.slow

TREES = {tree.name: tree for tree in trees()}
PLAIN = {name: tree for name, tree in TREES.items() if "--template" in tree.argv}


@pytest.fixture
def without_tools(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "home"))


def files_of(archive: str) -> dict[str, str]:
    """The files of a txtar archive."""
    _before, *parts = re.split(r"^-- (.+) --\n", archive, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


@pytest.mark.parametrize("tree", TREES.values(), ids=TREES)
def test_a_tree_is_as_it_was(tree: Tree, tmp_path: Path, without_tools: None) -> None:
    golden = (GOLDEN / f"{tree.name}.txtar").read_text("utf-8")

    assert render(tree, tmp_path / "my-plugin") == golden


def test_no_golden_file_is_left_over() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txtar")} == set(TREES)


@pytest.fixture(params=list(PLAIN), ids=list(PLAIN))
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Each template, in each profile and language, as a project."""
    for name, content in files_of((GOLDEN / f"{request.param}.txtar").read_text("utf-8")).items():
        path = tmp_path / "my-plugin" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return tmp_path / "my-plugin"


def test_hgw_reads_what_it_wrote(project: Path) -> None:
    settings = read_settings(project / "hgw.yaml")

    assert settings.get(NAME) == "my-plugin"
    assert settings.get(VERIFY)
    assert settings.get(PROFILE) != "go" or (settings.get(ABI), settings.get(GATEWAY)) == ("0.2.100", "v2.1.5")


def test_every_file_that_configures_the_plugin_says_the_same(project: Path) -> None:
    values = read_plugin_config(project / "config.yaml").values
    resource = yaml.safe_load((project / "wasmplugin.yaml").read_text("utf-8"))
    bootstrap = yaml.safe_load((project / "envoy.yaml").read_text("utf-8"))

    assert resource["spec"]["defaultConfig"] == values
    listener = bootstrap["static_resources"]["listeners"][0]["filter_chains"][0]["filters"][0]["typed_config"]
    plugin = listener["http_filters"][0]["typed_config"]["value"]["config"]
    given = yaml.safe_load(plugin["configuration"]["value"]) if "configuration" in plugin else {}
    assert given == values


def test_every_service_has_its_cluster_everywhere(project: Path) -> None:
    services = read_settings(project / "hgw.yaml").get(SERVICES) or {}
    bootstrap = yaml.safe_load((project / "envoy.yaml").read_text("utf-8"))
    compose = yaml.safe_load((project / "docker-compose.yaml").read_text("utf-8"))

    clusters = {cluster["name"]: cluster for cluster in bootstrap["static_resources"]["clusters"]}
    for service in services:
        name, _colon, port = service.rpartition(":")
        cluster = clusters[f"outbound|{port}||{name}"]
        (endpoint,) = cluster["load_assignment"]["endpoints"][0]["lb_endpoints"]
        host = endpoint["endpoint"]["address"]["socket_address"]["address"]
        assert host in compose["services"]
        assert host == "httpbin" or host in compose["services"]["gateway"]["depends_on"]
    assert len(clusters) == 1 + len(services)


def test_the_compose_file_keeps_the_admin_port_to_this_machine(project: Path) -> None:
    compose = yaml.safe_load((project / "docker-compose.yaml").read_text("utf-8"))

    assert "version" not in compose
    assert [port for port in compose["services"]["gateway"]["ports"] if "9901" in port] == ["127.0.0.1:9901:9901"]
    assert all(":" in service["image"] for service in compose["services"].values())


def test_comments_are_in_the_language_that_was_asked_for(
    project: Path, request: pytest.FixtureRequest, chinese_in: Callable[[str], bool]
) -> None:
    texts = {path.name: path.read_text("utf-8") for path in project.rglob("*") if path.is_file()}
    wanted = request.node.callspec.id.endswith("-zh")

    for name in ("main.go", "README.md", "config.yaml", "hgw.yaml", "envoy.yaml", "wasmplugin.yaml", "Dockerfile"):
        assert chinese_in(texts[name]) is wanted, name


@pytest.fixture
def chinese_in() -> Callable[[str], bool]:
    return lambda text: any("\u4e00" <= character <= "\u9fff" for character in text)


def test_together_they_use_all_that_the_guide_lists() -> None:
    sources = "".join((GOLDEN / f"{name}.txtar").read_text("utf-8") for name in PLAIN)

    for side in ("Request", "Response"):
        assert f"wrapper.Process{side}HeadersBy(" in sources
        assert f"wrapper.Process{side}BodyBy(" in sources
        assert f"proxywasm.ResumeHttp{side}(" in sources
        for verb in ("Add", "Remove", "Replace"):
            assert f"proxywasm.{verb}Http{side}Header(" in sources or side == "Request"
        for verb in ("Append", "Prepend", "Replace"):
            assert f"proxywasm.{verb}Http{side}Body(" in sources
    assert "proxywasm.GetHttpCallResponseTrailers(" in sources
    assert "proxywasm.SendHttpResponse(" in sources


def test_extras_are_valid_files() -> None:
    for name, tree in TREES.items():
        if tree.name in PLAIN:
            continue
        for path, content in files_of((GOLDEN / f"{name}.txtar").read_text("utf-8")).items():
            if path.endswith((".yaml", ".yml")):
                yaml.safe_load(content)
            if path.endswith(".json"):
                # JSON with comments is YAML but for the comments' marks.
                lines = (line for line in content.splitlines() if not line.strip().startswith("//"))
                assert isinstance(yaml.safe_load("\n".join(lines)), dict)
