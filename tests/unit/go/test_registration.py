from pathlib import Path

import pytest

from higress_cli.fault import Fault
from higress_cli.go.registration import registration_faults
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
    ],
)
def test_one_that_may_run_is_not(sources: tuple[str, ...]):
    assert check(*sources) == ()
