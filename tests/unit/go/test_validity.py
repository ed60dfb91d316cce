"""Source that is not Go is told with its place; source that is Go is not."""

from pathlib import Path

import pytest

from higress_cli.go.syntax import GoFile, parse
from higress_cli.go.validity import guessed_faults, is_for_every_build, parser_faults

VALID = """\
package main

import (
	"iter"
	_ "embed"
)

//go:embed x.txt
var text string

type Number interface{ ~int | ~float64 }

type Pair[K comparable, V any] struct {
	key   K
	value V `json:"value,omitempty"`
}

type Alias[T any] = []T

func (p *Pair[K, V]) Get() (key K, value V) { return p.key, p.value }

func sum[T Number](values ...T) (total T) {
	for range 3 {
		total += 0x1p-2
	}
	for i := range len(values) {
		total += values[i]
	}
	return
}

func all() iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
	outer:
		for i, s := range []string{`raw
string`, "b"} {
			switch {
			case !yield(i, s):
				break outer
			default:
				continue outer
			}
		}
	}
}

func main() {
	defer func() { _ = recover() }()
	c := make(chan<- int, 1_000)
	select {
	case c <- 'x':
	default:
	}
	goto end
end:
	println(sum[int](1, 2), map[string]func(){}, [...]int{1, 2: 3}, struct{}{}, text)
}
"""


def file(source: str, name: str = "main.go") -> GoFile:
    return parse(Path(name), source.encode())


def test_valid_go_is_no_fault():
    assert guessed_faults([file(VALID), file("package main\n"), file("")]) == ()


@pytest.mark.parametrize(
    ("source", "place"),
    [
        ("package main\n\nfunc main( {\n}\n", "main.go:3:"),
        ("package main\n\nfunc main() {\n\tprintln(1\n}\n", "main.go:4:"),
        ("pakage main\n", "main.go:1:1"),
        ('package main\n\nimport "fmt\n', "main.go:3:"),
        ("package main\n\nfunc main() {\n", "main.go:"),
    ],
)
def test_the_first_place_that_does_not_fit_is_a_warning(source: str, place: str):
    (fault,) = guessed_faults([file(source)])

    assert (fault.id, fault.fatal) == ("go-syntax", False)
    assert fault.text.startswith(place)


def test_of_gos_own_parser_the_first_words_about_each_file_count():
    said = [
        "main.go:12:12: expected ')', found '{'",
        "main.go:15:1: expected declaration, found '}'",
        "internal/x/x.go:1:1: expected 'package', found pakage",
        "gofmt: something else",
    ]

    faults = parser_faults(said)

    assert [fault.text for fault in faults] == [said[0], said[2]]
    assert all(fault.fatal for fault in faults)


@pytest.mark.parametrize(
    ("name", "source", "expected"),
    [
        ("main.go", "package main\n", True),
        ("my_filter.go", "package main\n", True),
        ("main_windows.go", "package main\n", False),
        ("main_linux_amd64.go", "package main\n", False),
        ("tool.go", "//go:build ignore\n\npackage main\n", False),
        ("old.go", "// +build tools\n\npackage main\n", False),
    ],
)
def test_files_that_some_builds_leave_out(name: str, source: str, expected: bool):
    assert is_for_every_build(file(source, name)) is expected
