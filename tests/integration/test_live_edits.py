"""Edits and rebuilds while requests are under way, on each engine: none is lost, none meets an older plugin.

The whole campaign, with requests of 30 s and figures, is `python -m scripts.live_edits`.
"""

import asyncio
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from scripts.live_edits import Load, campaign
from tests.support.hgw_process import get, running
from tests.support.plugins import plugin

pytestmark = [
    pytest.mark.extra("local"),
    pytest.mark.skipif(sys.platform != "linux", reason="reads /proc"),
]


@pytest.mark.parametrize("engine", ["envoy", "builtin"])
def test_no_request_is_cut_and_none_meets_an_older_plugin(tmp_path: Path, engine: str) -> None:
    folder = tmp_path / "plugin"
    folder.mkdir()
    clients = {0.01: 2, 3.0: 4}
    load = Load(seconds=6, every=0.7, clients=clients, warm_up=2)
    figures = asyncio.run(campaign(folder, load, engine=engine))
    assert figures.wrong == []
    assert figures.asked[0.01] > 50
    assert figures.asked[3.0] >= 8
    assert figures.edits >= 4
    assert figures.early is not None
    assert figures.late is not None
    assert figures.late.processes == figures.early.processes


@pytest.mark.parametrize("engine", ["envoy", "builtin"])
def test_an_edit_of_services_environment_and_limit_cuts_nothing_either(tmp_path: Path, engine: str) -> None:
    folder = tmp_path / "plugin"
    folder.mkdir()
    (folder / "main.wasm").write_bytes(plugin())
    with running(
        "run", "--port", "0", "--upstream-port", "0", "--engine", engine, "--output", "json", cwd=folder
    ) as hgw:
        url = hgw.document()["data"]["url"]
        with ThreadPoolExecutor() as pool:
            slow = [pool.submit(get, f"{url}/delay/4") for _number in range(3)]
            time.sleep(0.5)
            for number, run in enumerate(
                ('services: {"a.dns:80": "127.0.0.1:9"}', "env: {A: b}", "buffer_limit: 65536"), start=1
            ):
                (folder / "hgw.yaml").write_text(f"run: {{{run}}}\n")
                hgw.wait_for_count("in effect now: hgw.yaml", number)
                assert get(f"{url}/get")[0] == 200
            assert not any(request.done() for request in slow)
            assert [request.result()[0] for request in slow] == [200, 200, 200]
        assert hgw.end() == 0
