"""Timeouts of the engine builtin, on an event loop that stands still for a while."""

import asyncio
import threading
import time

import pytest

from higress_cli.gateway.engines.builtin.patience import patience


@pytest.mark.slow
def test_what_came_while_the_loop_stood_still_is_in_time():
    async def wait() -> str:
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[str] = loop.create_future()
        async with patience(0.1):
            threading.Timer(0.02, loop.call_soon_threadsafe, (answer.set_result, "ok")).start()
            time.sleep(0.5)  # noqa: ASYNC251 -- the loop stands still
            return await answer

    assert asyncio.run(wait()) == "ok"


@pytest.mark.parametrize("stands_still", [0.0, 0.5])
@pytest.mark.slow
def test_what_does_not_come_is_waited_for_no_longer(stands_still: float):
    async def wait() -> None:
        async with patience(0.1):
            time.sleep(stands_still)  # noqa: ASYNC251 -- the loop stands still
            await asyncio.sleep(60)

    began = time.monotonic()
    with pytest.raises(TimeoutError):
        asyncio.run(wait())
    assert time.monotonic() - began < 30


def test_nothing_is_counted_before_the_start_and_after_the_end():
    async def wait() -> None:
        async with patience(None) as counted:
            await asyncio.sleep(0.1)
        counted.start(0.01)
        await asyncio.sleep(0.1)

    asyncio.run(wait())
