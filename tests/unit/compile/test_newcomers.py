"""Go modules that `go mod tidy` would add although they need a newer Go; the go command is played by its answers."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from higress_cli.compile.newcomers import Newcomer, newcomer_error, newcomer_in, newcomer_refused
from higress_cli.go.mod import GoMod, parsed_go_mod

MODULE = "example.com/dep"
LINES = {"v1.0.0": "1.15", "v1.1.0": "1.18", "v1.2.0": "1.20", "v1.3.0": "1.23", "v1.4.0": "1.24"}


class GoCommand:
    """Answers as Go 1.20 does; with `tells=False` as Go 1.21, which is silent about what is too new for it."""

    def __init__(self, folder: Path, *, tells: bool = True, packages: Sequence[str] = ()) -> None:
        self.folder, self.tells, self.packages = folder, tells, packages

    def __call__(self, argv: Sequence[str]) -> str:
        if "download" in argv:
            for name in self.packages:
                (self.folder / name).mkdir(parents=True, exist_ok=True)
                (self.folder / name / "code.go").write_text("package x\n")
            return json.dumps({"Dir": str(self.folder)})
        if "-versions" in argv:
            return json.dumps({"Path": MODULE, "Versions": [*LINES, "v1.5.0-rc.1"]})
        found = (word.split("@") for word in argv if "@" in word)
        return "\n".join(json.dumps(self._listed(module, version), indent=1) for module, version in found)

    def _listed(self, module: str, version: str) -> dict[str, str]:
        file = self.folder / f"{version}.mod"
        file.write_text(f"module {module}\n\ngo {LINES[version]}\n")
        told = {"GoVersion": LINES[version]} if self.tells else {"GoMod": str(file)}
        return {"Path": module, "Version": version, **told}


def go_mod(*requirements: str) -> GoMod:
    lines = "".join(f"require {line}\n" for line in requirements)
    return parsed_go_mod(Path("go.mod"), f"module plugin\n\ngo 1.19\n\n{lines}")


@pytest.mark.parametrize("tells", [True, False])
def test_a_requirement_that_is_new_and_too_new_is_found(tmp_path: Path, tells: bool):
    after = go_mod(f"{MODULE} v1.3.0")
    found = newcomer_in(go_mod(), after, go="1.20.14", ask=GoCommand(tmp_path, tells=tells))
    assert found == Newcomer(module=MODULE, version="v1.3.0", needs="1.23")


@pytest.mark.parametrize(
    ("before", "after", "go"),
    [
        ((f"{MODULE} v1.3.0",), (f"{MODULE} v1.3.0",), "1.20.14"),  # it was there before
        ((f"{MODULE} v1.0.0",), (f"{MODULE} v1.3.0",), "1.20.14"),  # another version of what was there
        ((), (f"{MODULE} v1.2.0",), "1.20.14"),
        ((), (f"{MODULE} v1.4.0",), "1.24.4"),
        ((), (f"{MODULE} v1.4.0 // indirect",), "1.20.14"),  # perhaps only tests of others need it
    ],
)
def test_what_fits_or_was_asked_for_is_not(tmp_path: Path, before, after, go: str):
    assert newcomer_in(go_mod(*before), go_mod(*after), go=go, ask=GoCommand(tmp_path)) is None


SAID = (
    f"go: toolchain upgrade needed to resolve {MODULE}/x\n"
    f"go: {MODULE}@v1.4.0 requires go >= 1.24 (running go 1.21.13; GOTOOLCHAIN=local)\n"
)


def test_what_go_refuses_is_found_in_its_words():
    expected = Newcomer(module=MODULE, version="v1.4.0", needs="1.24")
    assert newcomer_refused(SAID, go_mod(), [f"{MODULE}/x"]) == expected
    assert newcomer_refused(SAID, go_mod(f"{MODULE} v1.4.0"), [f"{MODULE}/x"]) is None
    assert newcomer_refused(SAID, go_mod(), ["example.com/other"]) is None
    assert newcomer_refused("go: something else\n", go_mod(), [f"{MODULE}/x"]) is None


@pytest.mark.parametrize(("go", "version"), [("1.20.14", "v1.2.0"), ("1.23.0", "v1.3.0"), ("1.15", "v1.0.0")])
@pytest.mark.parametrize("tells", [True, False])
def test_the_newest_version_that_fits_is_what_to_ask_for(tmp_path: Path, go: str, version: str, tells: bool):
    newcomer = Newcomer(module=MODULE, version="v1.4.0", needs="1.24")
    ask = GoCommand(tmp_path, tells=tells, packages=["x"])
    error = newcomer_error(newcomer, go=go, imports=[f"{MODULE}/x", "example.com/other"], ask=ask)
    assert (error.code, error.hint) == ("dependency-too-new", f"hgw toolchain exec -- go get {MODULE}@{version}")
    assert error.details["imports"] == [f"{MODULE}/x"]


@pytest.mark.parametrize(("go", "packages"), [("1.14", ["x"]), ("1.20", [])])
def test_without_a_version_that_fits_or_has_the_package_none_is_named(tmp_path: Path, go: str, packages: list[str]):
    newcomer = Newcomer(module=MODULE, version="v1.4.0", needs="1.24")
    error = newcomer_error(newcomer, go=go, imports=[f"{MODULE}/x"], ask=GoCommand(tmp_path, packages=packages))
    assert "go get" not in str(error.hint)


def test_a_go_command_that_says_nothing_is_no_obstacle():
    assert newcomer_in(go_mod(), go_mod(f"{MODULE} v1.4.0"), go="1.20", ask=lambda _argv: "") is None
    assert newcomer_in(go_mod(), go_mod(f"{MODULE} v1.4.0"), go="1.20", ask=lambda _argv: '{"Path": "x') is None
