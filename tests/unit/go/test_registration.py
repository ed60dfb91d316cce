from pathlib import Path

import pytest

from higress_cli.fault import Fault
from higress_cli.go.registration import package_faults, registration_faults
from higress_cli.go.syntax import parse
from higress_cli.profile import Profile


def check(*sources: str, profile: Profile = Profile.GO) -> tuple[Fault, ...]:
    files = [parse(Path(f"{index}.go"), f"package main\n{source}\n".encode()) for index, source in enumerate(sources)]
    return registration_faults(files, profile=profile)


@pytest.mark.parametrize(
    "source",
    [
        'func main() { wrapper.SetCtx("x", wrapper.ProcessRequestHeaders(f)) }',
        'func main() { wrapper.SetCtx[Config]("x") }',
        "func main() { proxywasm.SetVMContext(&vm{}) }",
        'import . "github.com/higress-group/wasm-go/pkg/wrapper"\nfunc main() { SetCtx("x") }',
        'func main() { register() }\nfunc register() { deeper() }\nfunc deeper() { wrapper.SetCtx("x") }',
        'func main() { limit.Start() }\nfunc Start() { wrapper.SetCtx("x") }',
        'func init() { other() }\nfunc main() { if x { wrapper.SetCtx("x") } }',
    ],
)
def test_a_registration_that_never_runs_is_refused(source: str):
    (fault,) = check(source)
    assert (fault.id, fault.fatal) == ("registration-in-main", True)
    assert fault.text.startswith("0.go:")
    assert check(source, profile=Profile.TINYGO) == ()


@pytest.mark.parametrize(
    "sources",
    [
        ('func main() {}\nfunc init() { wrapper.SetCtx("x") }',),
        ("func main() {}", 'func init() { wrapper.SetCtx("x") }'),
        ('func main() { register() }\nfunc init() { register() }\nfunc register() { wrapper.SetCtx("x") }',),
        ('func main() { wrapper.SetCtx("x") }', 'func init() { wrapper.SetCtx("x") }'),
        ("func main() {}",),
        ('func main() { r() }\nfunc r() { wrapper.SetCtx("x") }', "var _ = r"),
        ('func main() { r() }\nfunc r() { wrapper.SetCtx("x") }', "func (p *plugin) Start() { r() }"),
        ('func main() { r() }\nfunc r() { wrapper.SetCtx("x"); r() }\nfunc init() { if once { r() } }',),
        ('//go:wasmexport start\nfunc Start() { wrapper.SetCtx("x") }\nfunc main() {}',),
        ('func main() { wrapper.SetCtx("x") }\nfunc Start() { wrapper.SetCtx("x") }',),
        ('func init() { main() }\nfunc main() { wrapper.SetCtx("x") }',),
        ('func main() { wrapper.SetCtx("x") }', "var once = sync.OnceFunc(main)"),
        ('func SetCtx(name string) {}\nfunc main() { SetCtx("x") }',),
    ],
)
def test_one_that_may_run_is_not(sources: tuple[str, ...]):
    assert check(*sources) == ()


def package(**files: str) -> tuple[Fault, ...]:
    return package_faults(
        [
            parse(Path(path.replace("__", "/") + ".go"), f"// 插件\n{clause}\n".encode())
            for path, clause in files.items()
        ]
    )


def test_a_library_cannot_be_built():
    (fault,) = package(main="package cc_deny", other="package cc_deny", config__config="package config")
    assert (fault.id, fault.fatal) == ("package-not-main", True)
    assert fault.places == ("main.go:2:9", "other.go:2:9")
    assert fault.text == (
        "main.go:2:9: the package in this folder is called cc_deny, and only one called main can be built"
    )


@pytest.mark.parametrize(
    "files",
    [
        {"main": "package main"},
        {"main": "package main", "config__config": "package config"},
        {"config__config": "package config"},
        {"main": "package main // 入口", "broken": "package"},
        {},
    ],
)
def test_a_program_can_whatever_lies_below_it(files: dict[str, str]):
    assert package(**files) == ()
