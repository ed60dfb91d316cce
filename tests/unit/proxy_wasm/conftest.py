"""One engine for all tests of the host."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from higress_cli.proxy_wasm.host import Runtime
from tests.support.probes import Probe
from tests.support.world import Rig

MakeRig = Callable[..., Rig]


@pytest.fixture(scope="session")
def engine() -> Iterator[Runtime]:
    made = Runtime()
    yield made
    made.close()


@pytest.fixture
def rig(engine: Runtime) -> MakeRig:
    """Put a probe or a module into a world: `rig(probe, configuration=b"...")`."""

    def make(probe: Probe | bytes, **settings: Any) -> Rig:
        return Rig(probe.build() if isinstance(probe, Probe) else probe, engine, **settings)

    return make
