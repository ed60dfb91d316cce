"""Edits and rebuilds while requests are under way, on each engine: none is lost, none meets an older plugin.

The whole campaign, with requests of 30 s and figures, is `python -m scripts.live_edits`.
"""

import asyncio
import sys
from pathlib import Path

import pytest

from scripts.live_edits import campaign

pytestmark = [
    pytest.mark.extra("local"),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]


@pytest.mark.parametrize("engine", ["envoy", "builtin"])
def test_no_request_is_cut_and_none_meets_an_older_plugin(tmp_path: Path, engine: str) -> None:
    folder = tmp_path / "plugin"
    folder.mkdir()
    clients = {0.01: 2, 3.0: 4}
    figures = asyncio.run(campaign(folder, engine=engine, seconds=6, every=0.7, clients=clients, warm_up=2))
    assert figures.wrong == []
    assert figures.asked[0.01] > 50
    assert figures.asked[3.0] >= 8
    assert figures.edits >= 4
    assert figures.early is not None
    assert figures.late is not None
    assert figures.late.processes == figures.early.processes
