"""Lets the hundreds of `hgw init` in the tests compile each text of a template once, not each time."""

from collections.abc import Iterator
from typing import Any

import pytest
from jinja2 import Environment
from jinja2.sandbox import ImmutableSandboxedEnvironment


@pytest.fixture(scope="session", autouse=True)
def compiled_templates() -> Iterator[None]:
    """hgw's sandbox is always set up in the same way, so what its texts are compiled to depends on them alone."""
    compile_text = Environment.compile
    known: dict[tuple[Any, ...], Any] = {}

    def compile_once(environment: Environment, source: Any, *place: Any, **more: Any) -> Any:
        if not isinstance(environment, ImmutableSandboxedEnvironment) or not isinstance(source, str) or more:
            return compile_text(environment, source, *place, **more)
        if (source, *place) not in known:
            known[source, *place] = compile_text(environment, source, *place)
        return known[source, *place]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Environment, "compile", compile_once)
        yield
