"""What is kept of a failed child's output."""

from pathlib import Path

from higress_cli.system import child_log


def test_the_command_the_output_and_the_status(tmp_path: Path) -> None:
    log = child_log.keep(
        tmp_path / "logs", ["/bin/tinygo", "build", "a b"], "no\n\n", status=2, edits={"GOOS": "wasip1"}
    )

    assert log is not None
    assert log.name.endswith("-tinygo.log")
    assert log.read_text("utf-8") == "$ GOOS=wasip1 /bin/tinygo build 'a b'\nno\n[2]\n"


def test_passwords_and_what_acts_on_a_terminal_are_not_written(tmp_path: Path) -> None:
    output = "\x1b[31mfrom https://me:s3cret@proxy.example\x1b[0m"
    log = child_log.keep(tmp_path, ["go"], output, status=1)

    assert log is not None
    assert log.read_text("utf-8").splitlines()[1] == r"\x1b[31mfrom https://proxy.example\x1b[0m"


def test_of_an_output_without_end_the_beginning_and_the_end(tmp_path: Path) -> None:
    log = child_log.keep(tmp_path, ["go"], f"first{'x' * (3 << 20)}last", status=1)

    assert log is not None
    text = log.read_text("utf-8")
    assert len(text) < (1 << 20) + 200
    assert text.startswith("$ go\nfirstx")
    assert text.endswith("xlast\n[1]\n")
    assert f"[{(2 << 20) + 9} characters were left out here: the program printed too much]" in text


def test_the_last_20(tmp_path: Path) -> None:
    logs = [child_log.keep(tmp_path / "logs", ["go"], str(number), status=1) for number in range(22)]

    assert sorted((tmp_path / "logs").iterdir()) == logs[2:]


def test_a_folder_that_cannot_be_made_costs_only_the_log(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    assert child_log.keep(tmp_path / "file" / "logs", ["go"], "no", status=1) is None
