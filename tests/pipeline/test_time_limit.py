"""Limits that count only time in which the event loop runs."""

import asyncio
import time

import pytest

from pipeline.time_limit import time_limit
from tests.fakes import PATIENCE, pending_timers


async def test_a_block_that_takes_too_long() -> None:
    """It ends like one of ``asyncio.timeout``; what else it raises passes."""
    with pytest.raises(TimeoutError):
        async with time_limit(0.01):
            await asyncio.sleep(PATIENCE)
    with pytest.raises(KeyError):
        async with time_limit(PATIENCE):
            raise KeyError
    assert pending_timers() == []


async def test_a_limit_that_is_over_at_once() -> None:
    """No time at all is a limit too."""
    with pytest.raises(TimeoutError):
        async with time_limit(0):
            await asyncio.sleep(PATIENCE)


async def test_time_that_stood_still() -> None:
    """A timer that rings late rings once more, as much later: then the limit is over."""
    async with time_limit(0.1):
        await asyncio.sleep(0)
        time.sleep(0.6)  # noqa: ASYNC251
        await asyncio.sleep(0.1)
    with pytest.raises(TimeoutError):
        await _standing_still()


async def _standing_still() -> None:
    async with time_limit(0.1):
        time.sleep(0.6)  # noqa: ASYNC251
        await asyncio.sleep(PATIENCE)


async def test_a_limit_that_moves() -> None:
    """Moved it ends later or sooner, lifted never."""
    async with time_limit(0.02) as limit:
        limit.lift()
        await asyncio.sleep(0.05)
        limit.move(PATIENCE)
        await asyncio.sleep(0.05)
        limit.lift()
    with pytest.raises(TimeoutError):
        await _moved_near()


async def _moved_near() -> None:
    async with time_limit(PATIENCE) as limit:
        limit.move(0.01)
        await asyncio.sleep(PATIENCE)
