from pathlib import Path

import pytest

from higress_cli.errors import CheckFailed
from higress_cli.go.registration import check_registration
from higress_cli.go.syntax import parse


def check(*sources: str, profile: str = "go") -> None:
    files = [parse(Path(f"{index}.go"), f"package main\n{source}\n".encode()) for index, source in enumerate(sources)]
    check_registration(files, profile=profile)


@pytest.mark.parametrize(
    "source",
    [
        'func main() { wrapper.SetCtx("x", wrapper.ProcessRequestHeaders(f)) }',
        'func main() { wrapper.SetCtx[Config]("x") }',
        "func main() { proxywasm.SetVMContext(&vm{}) }",
        'func init() { other() }\nfunc main() { if x { wrapper.SetCtx("x") } }',
    ],
)
def test_a_registration_that_never_runs_is_refused(source: str):
    with pytest.raises(CheckFailed) as caught:
        check(source)
    assert caught.value.code == "registration-in-main"
    assert "0.go:" in caught.value.message
    check(source, profile="tinygo")


@pytest.mark.parametrize(
    "sources",
    [
        ('func main() {}\nfunc init() { wrapper.SetCtx("x") }',),
        ("func main() {}", 'func init() { wrapper.SetCtx("x") }'),
        ('func main() { register() }\nfunc init() { register() }\nfunc register() { wrapper.SetCtx("x") }',),
        ('func main() { wrapper.SetCtx("x") }', 'func init() { wrapper.SetCtx("x") }'),
        ("func main() {}",),
    ],
)
def test_one_that_may_run_is_not(sources: tuple[str, ...]):
    check(*sources)
