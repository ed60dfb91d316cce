"""Whatever is typed after `hgw`: a documented exit code in time, no traceback, and nothing written elsewhere.

The commands, their options and arguments are those of the command tree: a new one is tried without a word here.
HYPOTHESIS_PROFILE=long tries a thousand for each command.
"""

import itertools
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from higress_cli.cli.app import build_command
from higress_cli.cli.context import new_invocation
from tests.support.odd_world import OddWorld, odd_world
from tests.support.properties import costly

pytestmark = [
    pytest.mark.slow,
    pytest.mark.extra("local"),
    # waitress leaves its socket open where another program has the upstream's port.
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no alarm that ends a call which hangs"),
]

# Values that some option takes, each offered to every option.
_WORDS = (
    "0", "1", "-1", "65536", "127.0.0.1", "0.0.0.0", "::1", "tinygo", "go", "0.2.1", "0.2.100", "all", "v2.0.7", "3MB",
    "1.0.0", "go@1.20.14", "tinygo@", "@", "wasm-opt", "archive", "system", "auto", "builtin", "docker", "json", "text",
    "en", "zh", "always", "github", "junit=r.xml", "junit=main.go", "junit=", "a=b", "=", "name=x", "mine", "./mine",
    "basic", "http-call", "vscode", "gitlab", "bash", "fish", "powershell", "httpbin", "http://127.0.0.1:1",
    "https://127.0.0.1:1/a?b#c", "http://u:p@127.0.0.1:1", "ftp://x", "file:///etc/hostname", "127.0.0.1:1/a/b:1",
    "oci://127.0.0.1:1/a/b:1", "oci://", "oci://a@sha256:", "a.dns:80=127.0.0.1:1", "a.dns:80=embedded", "a=refused",
    "outbound|80||a.dns=[::1]:1", "passes", "main.wasm", "old.wasm", "config.yaml", "hgw.yaml", "main.go", "go.mod",
    "plugin.yaml", "new/folder", "new.wasm", "x.tar.gz", "missing", "pipe", "loop", "loop/x", "main.go/x", ".", "..",
    "../other", "../..", "../../..", "-", "--", "", "~", "~nouser", "~nouser/x", "/dev/null", "/dev/full",
    "/proc/self/mem", "/dev/stdin", "x" * 300, "d/" * 3000, "9" * 5000, "1e999", "nan", "\u00b2", "\u0661", "HEAD",
    "--output=x", "settings", "hgw.yaml", "build", "f" * 64, "true", "\udcff", "a\udc80b", "\ud83d", "插件", "\x1b[31m",
    "a\nb", "\t", "\u202e", "%s", "{x}", "${HOME}", "[red]", "$(x)", "a,b", "a b", "*", "?", "[", "a:b:c", "//", "\\",
)  # fmt: skip
_VALUES = st.sampled_from(_WORDS) | st.text(st.characters(exclude_characters="\0/"), max_size=12)


def _commands(command: Any, context: typer.Context, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], Any]]:
    yield path, command
    for name in command.list_commands(context) if hasattr(command, "list_commands") else ():
        found = command.get_command(context, name)
        yield from _commands(found, type(context)(found, info_name=name, parent=context), (*path, name))


_ROOT = build_command()
COMMANDS = list(_commands(_ROOT, typer.Context(_ROOT, info_name="hgw", obj=new_invocation([])), ()))


def _words(param: Any) -> st.SearchStrategy[list[str]]:
    """One use of a parameter as it may be typed."""
    if param.param_type_name == "argument":
        return st.lists(_VALUES, min_size=1, max_size=3 if param.nargs == -1 else 1)
    names = st.sampled_from([*param.opts, *param.secondary_opts])
    if param.is_flag:
        return names.map(lambda name: [name])
    pair = st.tuples(names, _VALUES)
    return pair.map(list) | pair.map(lambda both: ["=".join(both)])


def _command_lines(path: tuple[str, ...], command: Any) -> st.SearchStrategy[list[str]]:
    # Its own parameters more often than --help and the like, after which nothing else counts.
    rare = [param for param in command.params if param.name in {"help", "json_schema"}]
    often = [param for param in command.params if param not in rare]
    one = st.one_of([_words(param) for param in often] * 3 + [_words(param) for param in rare])
    odd = st.lists(_VALUES, max_size=1)
    return st.tuples(st.lists(one, max_size=5), odd).map(lambda both: [*path, *itertools.chain(*both[0]), *both[1]])


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> OddWorld:
    return odd_world(tmp_path, monkeypatch)


@pytest.mark.parametrize(("path", "command"), COMMANDS, ids=[" ".join(path) or "hgw" for path, _ in COMMANDS])
@costly()
@given(data=st.data())
def test_any_options(path: tuple[str, ...], command: Any, data: st.DataObject, world: OddWorld) -> None:
    argv = data.draw(_command_lines(path, command), label="argv")
    # What a program prints and how it ends is its own affair.
    runs_another = path == ("toolchain", "exec")
    with world.plugin():
        world.call(*argv, also_documented=lambda _code: runs_another)


def test_the_tree_is_whole() -> None:
    assert ("build",) in [path for path, _command in COMMANDS]
    assert ("toolchain", "exec") in [path for path, _command in COMMANDS]
