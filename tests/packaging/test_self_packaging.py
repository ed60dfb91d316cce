"""What is released is what is in the checkout: sdist, wheel, and a wheel that is made from the sdist."""

import email
import os
import subprocess
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from higress_cli import __version__


def files_below(checkout: Path, *names: str) -> Iterator[str]:
    """Files of the checkout, as paths from its top; bytecode is Python's own."""
    for name in names:
        top = checkout / name
        assert top.exists(), name
        for path in [top] if top.is_file() else top.rglob("*"):
            if path.is_file() and path.parent.name != "__pycache__":
                yield path.relative_to(checkout).as_posix()


def wheel_files(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if ".dist-info/" not in name}


def test_the_sdist_has_all_that_building_and_testing_needs(released):
    with tarfile.open(released.sdist) as archive:
        found = {name.partition("/")[2] for name in archive.getnames()}

    folders = ("higress_cli", "templates", "scripts", "tests", "docs")
    single = ("pyproject.toml", "README.md", "README.zh.md", "CHANGELOG.md", "RATIONALE.md", "LICENSE", "Makefile")
    assert set(files_below(released.checkout, *folders, *single)) <= found
    assert [name for name in found if "__pycache__" in name or name.startswith((".venv", ".cache", "dist"))] == []


@pytest.mark.parametrize("kind", ["from_checkout", "from_sdist"])
def test_the_wheel_has_the_package_and_the_templates_and_nothing_else(released, kind):
    found = wheel_files(getattr(released, kind))

    top = released.checkout
    package = {name: (top / name).read_bytes() for name in files_below(top, "higress_cli")}
    templates = {f"higress_cli/{name}": (top / name).read_bytes() for name in files_below(top, "templates")}
    assert set(found) == {*package, *templates}
    assert [name for name, content in {**package, **templates}.items() if found[name] != content] == []


def test_both_wheels_are_the_same(released):
    assert wheel_files(released.from_checkout) == wheel_files(released.from_sdist)


def test_the_wheel_carries_data_schemas_catalogues_and_types(released):
    found = set(wheel_files(released.from_checkout))

    assert "higress_cli/py.typed" in found
    assert "higress_cli/locale/zh/LC_MESSAGES/hgw.mo" in found
    assert {f"higress_cli/data/{name}.toml" for name in ("archives", "compatibility", "engines", "mirrors")} <= found
    assert len([name for name in found if name.startswith("higress_cli/data/schemas/")]) >= 7


def test_the_wheel_says_what_it_is(released):
    with zipfile.ZipFile(released.from_checkout) as archive:
        info = {
            name.rpartition("/")[2]: archive.read(name).decode() for name in archive.namelist() if ".dist-info/" in name
        }
    metadata = email.message_from_string(info["METADATA"])

    assert (metadata["Name"], metadata["Version"]) == ("higress-cli", __version__)
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "Apache-2.0"
    assert metadata.get_all("Provides-Extra") == ["local"]
    assert "LICENSE" in info
    assert "hgw = higress_cli.__main__:entry" in info["entry_points.txt"]
    assert Path(released.from_checkout).name == f"higress_cli-{__version__}-py3-none-any.whl"


def hgw(program: Path, *argv: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "HGW_HOME": str(cwd / "hgw-home"), "PATH": "/nowhere", "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run([str(program), *argv], cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def test_an_installed_hgw_is_the_wheels_own(installed, tmp_path):
    python = installed.with_name("python")

    where = subprocess.run(
        [str(python), "-c", "import higress_cli; print(higress_cli.__file__)"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    )

    assert Path(where.stdout.strip()).is_relative_to(installed.parents[1])


def test_an_installed_hgw_tells_its_version(installed, tmp_path):
    done = hgw(installed, "--version", cwd=tmp_path)

    assert (done.returncode, done.stdout) == (0, f"hgw {__version__}\n")


def test_an_installed_hgw_makes_a_plugin(installed, tmp_path):
    done = hgw(installed, "init", "my plugin", cwd=tmp_path)

    assert done.returncode == 0, done.stderr
    assert {"go.mod", "go.sum", "main.go", "config.yaml", "hgw.yaml", ".gitignore"} <= {
        path.name for path in (tmp_path / "my plugin").iterdir()
    }


def test_an_installed_hgw_speaks_chinese(installed, tmp_path):
    done = hgw(installed, "--lang", "zh", "doctor", "go", cwd=tmp_path)

    assert done.returncode == 1
    assert done.stdout.startswith("工具\n")


def test_an_installed_hgw_prints_its_schemas(installed, tmp_path):
    done = hgw(installed, "doctor", "--json-schema", cwd=tmp_path)

    assert done.returncode == 0
    assert '"$schema"' in done.stdout
