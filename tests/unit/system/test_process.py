"""Programs are run, heard and stopped. The children are real ones, written for what they have to do."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from higress_cli.errors import ToolError
from higress_cli.system import process, programs
from higress_cli.system.workers import Workers

ROOT = Path(__file__).parents[3]


def python(code: str) -> list[str]:
    return [sys.executable, "-I", "-c", textwrap.dedent(code)]


HASTY = process.Patience(interrupted=0.1, late=0.1, terminated=0.1, last_words=0.1)


def run(code: str, **options):
    return process.run(python(code), variables=dict(os.environ), **options)


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not collected counts as gone."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state.strip()) and not state.strip().startswith("Z")


def eventually(condition, *, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.02)
    return bool(condition())


def pid_in(path: Path) -> int:
    assert eventually(lambda: path.exists() and path.read_text())
    return int(path.read_text())


def test_a_program_that_ends_is_told_with_status_and_both_streams():
    done = run("import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")

    assert (done.returncode, done.stdout, done.stderr) == (3, "out\n", "err\n")
    assert done.seconds > 0


@pytest.mark.slow
def test_output_has_the_lines_in_the_order_of_their_coming():
    done = run(
        """
        import sys, time
        for number in range(4):
            print(number, file=sys.stderr if number % 2 else sys.stdout, flush=True)
            time.sleep(0.2)
        """
    )

    assert done.output == "0\n1\n2\n3\n"


@pytest.mark.slow
def test_lines_are_passed_on_while_the_program_runs():
    heard: list[tuple[float, str]] = []
    started = time.monotonic()

    run(
        "import time; print('first', flush=True); time.sleep(0.4); print('last', end='')",
        on_line=lambda line: heard.append((time.monotonic() - started, line)),
    )

    assert [line for _when, line in heard] == ["first", "last"]
    assert heard[1][0] - heard[0][0] > 0.2


def test_bytes_that_are_not_text_do_not_end_the_program():
    done = run(r"import sys; sys.stdout.buffer.write(b'\xff\xfe ok\n')")

    assert done.stdout.endswith(" ok\n")


@pytest.mark.slow
def test_of_what_does_not_end_the_beginning_and_the_end_are_kept():
    done = run(
        """
        import sys
        print("first")
        sys.stdout.write("an endless line " * 2_000_000)
        for number in range(600_000):
            print(number, "x" * 20)
        print("last")
        """
    )

    assert done.stdout.startswith("first\n")
    assert done.stdout.endswith("last\n")
    assert len(done.stdout) < 64 << 20
    assert "characters were left out here: the program printed too much" in done.stdout
    assert done.output == done.stdout


def test_a_long_line_arrives_in_pieces_and_characters_stay_whole():
    heard: list[str] = []

    done = run("print('\u63d2' * 100_000)", on_line=heard.append)

    assert done.stdout == "\u63d2" * 100_000 + "\n"
    assert "".join(heard) == "\u63d2" * 100_000


def test_a_listener_that_fails_does_not_hang_the_child_and_its_error_comes_out():
    def refuse(line: str) -> None:
        raise BrokenPipeError(line)

    with pytest.raises(BrokenPipeError):
        run("for number in range(200000): print(number)", on_line=refuse, timeout=30)


def test_what_is_raised_while_waiting_ends_the_program_and_comes_out():
    looks: list[float] = []

    def look() -> None:
        looks.append(time.monotonic())
        if len(looks) == 2:
            raise LookupError("no longer wanted")

    started = time.monotonic()
    with pytest.raises(LookupError):
        run("import time; time.sleep(60)", while_waiting=look)

    assert time.monotonic() - started < 20


def test_a_limit_holds_also_where_somebody_looks_meanwhile():
    with pytest.raises(ToolError) as caught:
        run("import time; time.sleep(60)", while_waiting=lambda: None, timeout=0.7)

    assert caught.value.code == "program-timeout"


def test_a_program_that_is_not_there_is_named():
    with pytest.raises(ToolError) as caught:
        process.run(["no-such-program"], variables={"PATH": "/nowhere"})

    assert caught.value.code == "program-missing"
    assert "no-such-program" in caught.value.message


def test_a_program_that_cannot_be_executed_is_named(tmp_path):
    broken = tmp_path / "tool"
    broken.write_bytes(b"\x7fELF but not really")
    broken.chmod(0o755)

    with pytest.raises(ToolError) as caught:
        process.run([str(broken)], variables={})

    assert caught.value.code == "program-broken"


def test_a_program_is_looked_for_on_the_childs_path_and_found_by_a_relative_entry(tmp_path, monkeypatch):
    tool = tmp_path / "work" / "bin" / "tool"
    tool.parent.mkdir()
    tool.write_text("#!/bin/sh\necho found\n")
    tool.chmod(0o755)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    done = process.run(["tool"], variables={"PATH": "bin"}, cwd=elsewhere)

    assert done.stdout == "found\n"


@pytest.mark.slow
def test_a_program_that_does_not_end_in_time_is_stopped():
    started = time.monotonic()

    with pytest.raises(ToolError) as caught:
        run("import time; time.sleep(60)", timeout=0.3)

    assert caught.value.code == "program-timeout"
    assert time.monotonic() - started < 10


STUBBORN = """
import os, signal, subprocess, sys, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, signal.SIG_IGN)
if len(sys.argv) == 1:
    subprocess.Popen([sys.executable, __file__, "grandchild"])
with open(os.path.join(os.path.dirname(__file__), f"{len(sys.argv)}.pid"), "w") as sink:
    sink.write(str(os.getpid()))
time.sleep(60)
"""


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="Windows has no signals to ignore and no process groups")
def test_a_child_that_ignores_every_wish_is_gone_with_its_children(tmp_path):
    script = tmp_path / "stubborn.py"
    script.write_text(STUBBORN)

    with pytest.raises(ToolError):
        process.run([sys.executable, str(script)], variables=dict(os.environ), timeout=2.0, patience=HASTY)

    child, grandchild = pid_in(tmp_path / "1.pid"), pid_in(tmp_path / "2.pid")
    assert eventually(lambda: not is_alive(child) and not is_alive(grandchild))


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="Windows has no process groups")
def test_a_child_that_stops_when_asked_takes_its_stubborn_children_along(tmp_path):
    script = tmp_path / "stubborn.py"
    script.write_text(STUBBORN)
    parent = f"import subprocess, sys; subprocess.run([sys.executable, {str(script)!r}, 'grandchild'])"

    with pytest.raises(ToolError):
        process.run([sys.executable, "-c", parent], variables=dict(os.environ), timeout=2.0, patience=HASTY)

    grandchild = pid_in(tmp_path / "2.pid")
    assert eventually(lambda: not is_alive(grandchild))


@pytest.mark.skipif(os.name != "posix", reason="Windows gives a console's Ctrl-C to every process")
@pytest.mark.slow
def test_ctrl_c_ends_the_child_and_goes_on(tmp_path):
    program = f"""
        import os, signal, sys
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's & makes its children ignore it
        sys.path.insert(0, {str(ROOT)!r})
        from higress_cli.system import process
        child = "import os, time; open('child.pid', 'w').write(str(os.getpid())); time.sleep(60)"
        try:
            process.run([sys.executable, "-c", child], variables=dict(os.environ))
        except KeyboardInterrupt:
            sys.exit(130)
        """
    hgw = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], cwd=tmp_path)
    child = pid_in(tmp_path / "child.pid")

    hgw.send_signal(signal.SIGINT)

    assert hgw.wait(10) == 130
    assert not is_alive(child)


@pytest.mark.skipif(os.name != "posix", reason="Windows gives a console's Ctrl-C to every process")
@pytest.mark.parametrize("moment", ["_execute_child", "add"])
@pytest.mark.slow
def test_ctrl_c_while_a_child_starts_ends_it(tmp_path, moment):
    program = f"""
        import os, signal, sys
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.path.insert(0, {str(ROOT)!r})
        from higress_cli.system import process
        interrupted = False
        def look(frame, event, argument):
            global interrupted
            if event == "return" and frame.f_code.co_name == {moment!r} and not interrupted:
                interrupted = True
                os.kill(os.getpid(), signal.SIGINT)
        child = "import os, time; open('child.pid', 'w').write(str(os.getpid())); time.sleep(60)"
        process.run(["true"], variables=dict(os.environ))
        sys.setprofile(look)
        try:
            process.run([sys.executable, "-c", child], variables=dict(os.environ))
        except KeyboardInterrupt:
            sys.exit(130 if interrupted else 1)
        """
    hgw = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], cwd=tmp_path, check=False, timeout=30)

    assert hgw.returncode == 130
    # It may have been ended before it could write its number.
    assert not [pid for pid in tmp_path.glob("child.pid") if is_alive(int(pid.read_text() or 0))]


@pytest.mark.skipif(os.name != "posix", reason="the child is left behind with a shell's &")
def test_a_grandchild_that_keeps_the_pipes_open_is_not_waited_for():
    started = time.monotonic()

    done = process.run(["sh", "-c", "sleep 30 & echo $!"], variables=dict(os.environ), patience=HASTY)

    os.kill(int(done.stdout), signal.SIGKILL)
    assert time.monotonic() - started < 10


def test_the_environment_of_a_child_is_what_it_was_given():
    edits = {"GOFLAGS": None, "GOROOT": "/go", "EMPTY": ""}
    variables = process.child_environment({"GOFLAGS": "-mod=mod", "PYTHONPATH": "/x", "KEEP": "1"}, edits)

    assert variables == {"GOROOT": "/go", "EMPTY": "", "KEEP": "1"}


def test_a_command_is_told_so_that_it_can_be_pasted():
    line = process.command_line(["tinygo", "build", "-tags=a b", "./"], {"GOROOT": "/my go", "GOFLAGS": None})

    assert line == "GOROOT='/my go' tinygo build '-tags=a b' ./"


# In the background ------------------------------------------------------------------------------------------------


@pytest.fixture
def started(tmp_path):
    running: list[process.Running] = []

    def start(code: str) -> process.Running:
        running.append(process.start(python(code), variables=dict(os.environ), log=tmp_path / "log.txt", cwd=tmp_path))
        return running[-1]

    yield start
    for item in running:
        item.stop(grace=0.1)


WRITE_PID = "import os; open('program.pid', 'w').write(str(os.getpid()))"


def test_a_program_in_the_background_is_gone_after_stop(started, tmp_path):
    running = started(f"{WRITE_PID}\nprint('hello', flush=True)\nimport time; time.sleep(60)")
    pid = pid_in(tmp_path / "program.pid")
    assert running.returncode() is None

    running.stop(grace=3.0)

    assert not is_alive(pid)
    assert running.returncode() is not None
    assert (tmp_path / "log.txt").read_text() == "hello\n"


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="Windows has no signals to ignore")
def test_a_program_in_the_background_that_ignores_sigterm_is_gone_after_stop(started, tmp_path):
    running = started(
        "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
        f"{WRITE_PID}\nimport time; time.sleep(60)"
    )
    pid = pid_in(tmp_path / "program.pid")

    started_stopping = time.monotonic()
    running.stop(grace=0.5)

    assert not is_alive(pid)
    assert 0.5 <= time.monotonic() - started_stopping < 30


@pytest.mark.slow
def test_a_program_that_cleans_up_within_its_grace_is_not_killed(started, tmp_path):
    running = started(
        "import signal, sys, time\n"
        "def leave(*_):\n    time.sleep(0.5)\n    print('cleaned up', flush=True)\n    sys.exit(0)\n"
        f"signal.signal(signal.SIGTERM, leave)\n{WRITE_PID}\ntime.sleep(60)"
    )
    pid_in(tmp_path / "program.pid")

    running.stop(grace=10.0)

    assert (tmp_path / "log.txt").read_text() == "cleaned up\n"


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="Windows has no process groups")
@pytest.mark.parametrize("what_befalls_it", [signal.SIGSTOP, signal.SIGKILL])
def test_a_program_is_gone_after_stop_even_when_its_supervisor_does_not_answer(started, tmp_path, what_befalls_it):
    running = started(f"{WRITE_PID}\nimport time; time.sleep(60)")
    pid = pid_in(tmp_path / "program.pid")
    os.kill(running.pid, what_befalls_it)

    running.stop(grace=0.1)

    assert eventually(lambda: not is_alive(pid))


def test_a_program_that_ends_by_itself_is_noticed_with_its_status(started):
    running = started("import sys; sys.exit(7)")

    assert eventually(lambda: running.returncode() is not None)
    assert running.returncode() == 7
    running.stop(grace=0.1)


@pytest.mark.skipif(os.name != "posix", reason="kill -9 is POSIX")
def test_a_program_ends_when_hgw_is_killed(tmp_path):
    program = f"""
        import os, sys, time
        from pathlib import Path
        sys.path.insert(0, {str(ROOT)!r})
        from higress_cli.system import process
        child = {WRITE_PID!r} + "; import time; time.sleep(60)"
        running = process.start([sys.executable, "-c", child], variables=dict(os.environ), log=Path("log.txt"))
        time.sleep(60)
        """
    hgw = subprocess.Popen([sys.executable, "-c", textwrap.dedent(program)], cwd=tmp_path)
    pid = pid_in(tmp_path / "program.pid")

    hgw.kill()
    hgw.wait()

    assert eventually(lambda: not is_alive(pid))


def test_a_background_program_that_is_not_there_is_named_and_leaves_no_thread(tmp_path):
    before = set(threading.enumerate())

    with pytest.raises(ToolError) as caught:
        process.start(["no-such-program"], variables={"PATH": "/nowhere"}, log=tmp_path / "log.txt")

    assert caught.value.code == "program-missing"
    assert eventually(lambda: set(threading.enumerate()) <= before)


@pytest.mark.slow
def test_programs_of_a_calls_other_threads_are_stopped_from_its_dismissal_on(tmp_path):
    up = tmp_path / "up"
    with Workers(1) as thread:
        with programs.of_one_call() as first:
            started = thread.submit(run, f"import time; open({str(up)!r}, 'w').close(); time.sleep(30)")
            assert eventually(up.exists)
            first.dismiss()
            late = thread.submit(run, "import time; time.sleep(30)")
        with programs.of_one_call():
            following = thread.submit(run, "import time; time.sleep(2.5)")

    assert started.result().returncode in {-signal.SIGINT, -signal.SIGKILL}
    assert late.result().returncode == -signal.SIGKILL
    assert following.result().returncode == 0
