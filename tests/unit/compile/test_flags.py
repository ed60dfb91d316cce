"""Which compiler arguments reach further than the module."""

import pytest

from higress_cli.compile.flags import far_reaching


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["-opt=2", "-no-debug"],
        ["-opt", "z", "-panic", "trap", "-x"],
        ["--scheduler=asyncify", "-gc=leaking", "-print-allocs=main"],
        ["-target=wasi"],
        ["-target", "wasip1"],
        ["-ldflags=-s -w"],
        ["-ldflags=-X main.version=1.2 -X=main.linker=-extld"],
        ["-ldflags", "-X 'main.version=1'"],
        ["-gcflags=all=-N -l"],
        ["-trimpath", "-buildvcs=false", "-p", "1"],
    ],
)
def test_what_only_says_how_a_module_is_compiled_is_harmless(arguments):
    assert far_reaching(arguments) == ()


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["-toolexec=/tmp/x"], ("-toolexec=/tmp/x",)),
        (["-opt=2", "--toolexec", "/tmp/x y"], ("--toolexec", "/tmp/x y")),
        (["-exec=sh"], ("-exec=sh",)),
        (["-overlay=o.json"], ("-overlay=o.json",)),
        (["-modfile=/tmp/go.mod"], ("-modfile=/tmp/go.mod",)),
        (["-ldflags=-extld=/tmp/x"], ("-ldflags=-extld=/tmp/x",)),
        (["-ldflags", "-s -linkmode external -extld /tmp/x"], ("-ldflags -s -linkmode external -extld /tmp/x",)),
        (["-ldflags=-X main.a=b -extldflags=-fplugin=x"], ("-ldflags=-X main.a=b -extldflags=-fplugin=x",)),
        (["-gcflags=-cpuprofile=/tmp/x"], ("-gcflags=-cpuprofile=/tmp/x",)),
        (["-target=evil.json"], ("-target=evil.json",)),
        (["-target", "../evil"], ("-target ../evil",)),
        (["-target=..\\evil"], ("-target=..\\evil",)),
        (["-cpuprofile=/etc/x"], ("-cpuprofile=/etc/x",)),
        (["-compiler=gccgo"], ("-compiler=gccgo",)),
        (["-C=/elsewhere"], ("-C=/elsewhere",)),
        (["-x", "../other"], ("../other",)),
        (["-what-comes-next"], ("-what-comes-next",)),
    ],
)
def test_what_runs_programs_or_writes_files_is_named(arguments, expected):
    assert far_reaching(arguments) == expected
