"""A verification as annotations on GitHub."""

from dataclasses import replace
from pathlib import Path

from higress_cli.errors import GatewayError
from higress_cli.gateway.contract import Evidence
from higress_cli.scenarios.github import annotations
from higress_cli.scenarios.step import Step

ROOT = Path("/repository")
FAILED = Step(
    name="50%: a, b",
    ok=False,
    expected="",
    got="",
    seconds=0.0,
    checks=(
        Evidence(ok=True, expected="an answer", got="an answer"),
        Evidence(ok=False, expected="status 200", got="status 500"),
    ),
    causes=("the plugin crashed",),
    file=ROOT / "plugin" / "hgw.yaml",
    line=7,
    engine="envoy",
    abi="0.2.1",
)


def test_a_failed_step_is_shown_beside_its_line_and_a_passed_one_is_not() -> None:
    (line,) = annotations([replace(FAILED, ok=True), FAILED], root=ROOT)
    assert line.split("::") == [
        "",
        "error file=plugin/hgw.yaml,line=7,title=50%25%3A a%2C b envoy 0.2.1",
        "expected: status 200%0Agot: status 500%0Athe plugin crashed",
    ]


def test_a_file_outside_the_repository_keeps_its_path_and_a_step_without_one_has_no_place() -> None:
    elsewhere, nowhere = replace(FAILED, file=Path("/elsewhere.yaml")), replace(FAILED, file=None, engine=None)
    assert [line.partition("::expected")[0] for line in annotations([elsewhere, nowhere], root=ROOT)] == [
        "::error file=/elsewhere.yaml,line=7,title=50%25%3A a%2C b envoy 0.2.1",
        "::error title=50%25%3A a%2C b 0.2.1",
    ]


def test_an_error_that_ended_the_verification_is_an_annotation_of_its_own() -> None:
    error = GatewayError("no\r\nport", code="port-in-use", hint="take another")
    assert list(annotations([], root=ROOT, error=error)) == ["::error title=port-in-use::no%0D%0Aport%0Atake another"]
