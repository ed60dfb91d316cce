"""The guard of the tests: no real tool and no other machine, here and in children, even where nobody looks."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.guard import sitecustomize as guard
from tests.support.tool_stubs import write_program

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the stand-ins are shell scripts")


@pytest.fixture
def breaches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the breaches of this test go, so that they do not fail it."""
    monkeypatch.setenv(guard.BREACHES, str(tmp_path / "of-this-test"))
    return tmp_path / "of-this-test"


def test_a_stand_in_is_run_and_the_real_tool_is_not(breaches, tmp_path):
    stand_in = write_program(tmp_path / "bin" / "go", "exit 0\n")

    assert subprocess.run([str(stand_in)], check=False).returncode == 0
    with pytest.raises(PermissionError, match="/usr/bin/go"):
        subprocess.run(["/usr/bin/go", "version"], check=False)
    with pytest.raises(PermissionError, match="/opt/envoy"):
        subprocess.run([sys.executable, "supervisor.py", "/opt/envoy"], check=False)
    assert breaches.read_text() == "the program /usr/bin/go was run\nthe program /opt/envoy was run\n"


@pytest.mark.parametrize("ask", ["connect", "look up"])
def test_another_machine_is_not_asked(breaches, ask):
    with pytest.raises(PermissionError), socket.socket() as client:
        client.connect(("192.0.2.1", 80)) if ask == "connect" else socket.getaddrinfo("example.com", 80)

    assert "was asked for" in breaches.read_text()


def test_this_machine_is(breaches):
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()):
        pass

    assert not breaches.exists()


@pytest.mark.parametrize(
    "act",
    [
        "import subprocess; subprocess.run(['/usr/bin/tinygo'])",
        "import socket; socket.create_connection(('192.0.2.1', 80))",
    ],
)
def test_a_child_is_guarded_as_well(breaches, act):
    done = subprocess.run([sys.executable, "-c", act], capture_output=True, text=True, check=False)

    assert done.returncode == 1
    assert "barred from tests" in done.stderr
    assert breaches.exists()


def test_the_path_has_no_tool():
    for name in guard.TOOLS:
        assert not [folder for folder in os.environ["PATH"].split(os.pathsep) if Path(folder, name).exists()]


THREADS = """
import sys, threading

sys.setswitchinterval(1e-6)
begun = []
lost = []
sys.unraisablehook = lambda problem: lost.append(problem.exc_value)
starters = [
    threading.Thread(target=lambda: [threading.Thread(target=begun.append, args=(1,)).start() for _ in range(100)])
    for _ in range(8)
]
threading.settrace(lambda frame, event, argument: None)
for starter in starters:
    starter.start()
for thread in threading.enumerate():
    if thread is not threading.current_thread():
        thread.join()
print(len(begun), lost)
"""


def test_threads_that_begin_at_once_all_run_while_they_are_traced() -> None:
    ended = subprocess.run([sys.executable, "-c", THREADS], capture_output=True, text=True, check=True)

    assert ended.stdout == "800 []\n"
