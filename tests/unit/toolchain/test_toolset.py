"""The environment that makes a child use a set, and what the tools on a PATH say."""

import os
from pathlib import Path

from higress_cli.profile import Profile
from higress_cli.session import Session
from higress_cli.tool import Tool, ToolName
from higress_cli.toolchain.probe import probe, probe_all
from higress_cli.toolchain.toolset import Toolset
from tests.support.sessions import bare_session
from tests.support.tool_stubs import stub_tools, write_program


def tool(name: str, source: str, home: str | None) -> Tool:
    return Tool(
        name=ToolName(name),
        version="1",
        source=source,
        path=Path("/s") / name / "bin" / name,
        home=Path(home) if home else None,
        origin="x",
    )


def session(path: str, **variables: str) -> Session:
    return bare_session(variables={"PATH": path, **variables})


def test_a_child_gets_the_set_and_nothing_else_changes() -> None:
    tools = Toolset(
        profile=Profile.TINYGO,
        go=tool("go", "module", "/s/go"),
        tinygo=tool("tinygo", "module", "/s/tinygo"),
        binaryen=tool("binaryen", "package", None),
        search_path=(Path("/s/go/bin"), Path("/s/tinygo/bin")),
    )
    own = {
        "PATH": os.pathsep.join(["/usr/bin", "/s/go/bin", ""]),
        "GOROOT": "/old",
        "GOTOOLCHAIN": "go1.24.1",
        "A": "b",
    }
    assert tools.environment(own) == {
        "PATH": os.pathsep.join(["/s/go/bin", "/s/tinygo/bin", "/usr/bin"]),
        "GOROOT": "/s/go",
        "GOTOOLCHAIN": "local",
        "TINYGOROOT": "/s/tinygo",
        "WASMOPT": str(Path("/s/binaryen/bin/binaryen")),
        "A": "b",
    }


def test_the_root_of_a_tinygo_of_the_system_is_its_own_affair() -> None:
    tools = Toolset(
        profile=Profile.TINYGO,
        go=tool("go", "system", None),
        tinygo=tool("tinygo", "system", None),
        binaryen=None,
        search_path=(),
        goproxy="https://proxy.example",
    )
    edits = tools.edits({"PATH": "/usr/bin", "TINYGOROOT": "/brew"})
    assert "TINYGOROOT" not in edits
    assert "WASMOPT" not in edits
    assert edits["GOROOT"] is None
    assert edits["GOPROXY"] == "https://proxy.example"


def test_the_tools_of_a_path_are_asked(tmp_path: Path) -> None:
    path = stub_tools(tmp_path / "bin", go="1.21.5", tinygo="0.31.2", wasm_opt="116")
    found = probe_all(session(path))
    assert {name: probed.version for name, probed in found.items()} == {
        "go": "1.21.5",
        "tinygo": "0.31.2",
        "binaryen": "116",
    }


def test_a_tool_that_is_not_there_is_none(tmp_path: Path) -> None:
    assert probe("tinygo", session(stub_tools(tmp_path / "bin"))) is None


def test_tinygo_0_28_answers_in_three_lines_and_is_understood(tmp_path: Path) -> None:
    write_program(
        tmp_path / "tinygo",
        'printf "tinygo version 0.28.1 linux/amd64 (using go version go1.21.13\\ntime 2024-07-31T19:43:06Z\\n'
        ' and LLVM version 15.0.6)\\n"\n',
    )
    found = probe("tinygo", session(str(tmp_path)))
    assert found is not None
    assert found.version == "0.28.1"


def test_a_program_that_fails_keeps_what_it_said(tmp_path: Path) -> None:
    write_program(tmp_path / "wasm-opt", 'echo "cannot open shared object file" >&2; exit 127\n')
    found = probe("binaryen", session(str(tmp_path)))
    assert found is not None
    assert found.version is None
    assert "shared object" in found.raw


def test_a_file_that_is_not_a_program_has_no_version(tmp_path: Path) -> None:
    write_program(tmp_path / "go", "")
    (tmp_path / "go").write_bytes(b"\x7fELF nothing")
    found = probe("go", session(str(tmp_path)))
    assert found is not None
    assert found.version is None


def test_a_go_behind_a_shim_is_found_in_its_own_place(tmp_path: Path) -> None:
    write_program(tmp_path / "real" / "bin" / "go", "")
    write_program(tmp_path / "shims" / "go", f'echo "{tmp_path}/real"; echo go1.21.13\n')
    found = probe("go", session(str(tmp_path / "shims")))
    assert found is not None
    assert (found.version, found.path, found.home) == ("1.21.13", tmp_path / "real" / "bin" / "go", tmp_path / "real")


def test_variables_of_a_project_do_not_mislead_go(tmp_path: Path) -> None:
    write_program(
        tmp_path / "go",
        f'echo "{tmp_path}"; [ -z "$GOROOT$GOFLAGS" ] && [ "$GOTOOLCHAIN" = local ] && echo go1.20.14 || echo wrong\n',
    )
    found = probe("go", session(str(tmp_path), GOROOT="/wrong", GOFLAGS="-mod=vendor", GOTOOLCHAIN="go1.24.1"))
    assert found is not None
    assert found.version == "1.20.14"


def test_wasmopt_names_the_program_as_it_does_for_tinygo(tmp_path: Path) -> None:
    path = stub_tools(tmp_path / "bin", wasm_opt="116")
    stub_tools(tmp_path / "other", wasm_opt="125")
    found = probe("binaryen", session(path, WASMOPT=str(tmp_path / "other" / "wasm-opt")))
    assert found is not None
    assert found.version == "125"
