import os

from higress_cli.gateway.watch import Tail, Watched


def test_a_change_counts_when_the_file_was_left_alone_for_one_look(tmp_path):
    path = tmp_path / "config.yaml"
    watched = Watched(path)
    assert not watched.settled_change()
    path.write_text("a")
    assert not watched.settled_change()
    path.write_text("ab")
    assert not watched.settled_change()
    assert watched.settled_change()
    assert not watched.settled_change()


def test_a_file_that_is_replaced_has_changed_even_with_the_same_time_and_size(tmp_path):
    path, other = tmp_path / "main.wasm", tmp_path / "new.wasm"
    path.write_text("one")
    other.write_text("two")
    os.utime(other, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    watched = Watched(path)
    other.replace(path)
    assert [watched.settled_change() for _look in range(3)] == [False, True, False]


def test_a_file_that_is_gone_and_back_as_it_was_has_not_changed(tmp_path):
    path, aside = tmp_path / "config.yaml", tmp_path / "aside"
    path.write_text("a")
    watched = Watched(path)
    path.rename(aside)
    assert not watched.settled_change()
    aside.rename(path)
    assert [watched.settled_change() for _look in range(3)] == [False, False, False]


def test_a_tail_gives_each_whole_line_once(tmp_path):
    path = tmp_path / "log"
    tail = Tail(path)
    assert tail.lines() == []
    path.write_bytes("one\nzwei ü\nhal".encode())
    assert tail.lines() == ["one", "zwei ü"]
    with path.open("ab") as sink:
        sink.write(b"f\n")
    assert tail.lines() == ["half"]
    assert tail.lines() == []


def test_a_tail_may_skip_what_is_there(tmp_path):
    path = tmp_path / "log"
    path.write_text("old\n")
    tail = Tail(path, only_new=True)
    with path.open("a") as sink:
        sink.write('{"a": 1}\nnonsense\n[1]\n{"b": 2}\n')
    assert list(tail.objects()) == [{"a": 1}, {"b": 2}]
