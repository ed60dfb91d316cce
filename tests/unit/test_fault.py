import pytest

from higress_cli.errors import HgwError, InvalidInput
from higress_cli.fault import Fault, Severity, refuse

PLACES = ("main.go:3:1", "main.go:9:1")
WARNING = Fault(
    id="import-unknown", message="careful", severity=Severity.WARNING, places=("main.go:3:1", "main.go:9:1")
)
ERROR = Fault(id="module-missing", message="no", hint="do this", facts={"found": "x"}, error=InvalidInput)


def test_warnings_are_returned_with_the_first_place():
    assert refuse([WARNING]) == ("main.go:3:1: careful",)
    assert refuse([]) == ()


def test_the_first_error_ends_it():
    with pytest.raises(InvalidInput) as caught:
        refuse([WARNING, ERROR, Fault(id="abi-missing", message="also")])
    assert (caught.value.code, caught.value.message, caught.value.hint) == ("module-missing", "no", "do this")
    assert caught.value.details == {"found": "x"}


def test_an_error_carries_all_places():
    with pytest.raises(HgwError, match=r"main\.go:3:1: careful") as caught:
        refuse([Fault(id="abi-missing", message="careful", places=("main.go:3:1", "main.go:9:1"))])
    assert caught.value.details == {"places": ["main.go:3:1", "main.go:9:1"]}
