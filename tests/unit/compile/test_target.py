from higress_cli.choice import Choice
from higress_cli.compile.target import growth, size_faults

BUDGET: Choice[int | None] = Choice(1000)


def test_what_grew_is_named_or_else_what_is_largest():
    packages = {"runtime": 900, "encoding/json": 300, "main": 10}
    (fault,) = size_faults(1500, BUDGET, packages=packages, before={"runtime": 900, "main": 20})
    assert "encoding/json +300 B" in (fault.hint or "")
    assert fault.facts["growth"] == {"encoding/json": 300, "main": -10}
    (fault,) = size_faults(1500, BUDGET, packages=packages)
    assert "runtime 900 B, encoding/json 300 B, main 10 B" in (fault.hint or "")
    (fault,) = size_faults(1500, BUDGET)
    assert "find out what became larger" in (fault.hint or "")
    assert size_faults(1000, BUDGET, packages=packages) == ()


def test_growth_is_the_largest_change_first_and_nothing_without_a_before():
    assert list(growth({"a": 1, "b": 50}, {"a": 100, "c": 2})) == ["a", "b", "c"]
    assert growth({"a": 1}, {}) == {}
