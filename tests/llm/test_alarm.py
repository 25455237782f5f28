"""The timeout of each piece of an answer."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from pipeline.llm.alarm import Alarm

SOON, LONG = 0.02, 30.0


@pytest.fixture
async def alarm() -> AsyncIterator[Alarm]:
    with Alarm() as made:
        yield made


async def test_in_time(alarm: Alarm) -> None:
    """What comes in time comes through, value and error."""
    assert await alarm.wait(asyncio.sleep(0, "it"), LONG) == "it"
    with pytest.raises(KeyError):
        await alarm.wait(_raise(KeyError()), LONG)


@pytest.mark.parametrize("before", [None, LONG, SOON / 4], ids=["first", "after a longer wait", "after a shorter one"])
async def test_too_late(alarm: Alarm, before: float | None) -> None:
    """What does not come is cancelled with TimeoutError, whatever was waited for before; the task is as it was."""
    if before is not None:
        await alarm.wait(asyncio.sleep(0), before)
    never = asyncio.get_running_loop().create_future()
    with pytest.raises(TimeoutError):
        await alarm.wait(never, SOON)
    assert never.cancelled()
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0
    assert await alarm.wait(asyncio.sleep(0, "next"), LONG) == "next"


async def test_between_waits(alarm: Alarm) -> None:
    """Time that passes while nothing is waited for counts for nothing."""
    await alarm.wait(asyncio.sleep(0), SOON / 4)
    await asyncio.sleep(SOON)
    assert await alarm.wait(asyncio.sleep(SOON / 4, "it"), LONG) == "it"


async def test_cancelled_from_elsewhere() -> None:
    """A cancellation stays one, also when the time runs out in the same moment."""

    async def waiting(seconds: float) -> None:
        with Alarm() as alarm:
            await alarm.wait(asyncio.get_running_loop().create_future(), seconds)

    for seconds in (LONG, 0.0):
        task = asyncio.create_task(waiting(seconds))
        await asyncio.sleep(0)
        asyncio.get_running_loop().call_later(0, task.cancel)  # after the alarm, which was set before
        with pytest.raises(asyncio.CancelledError):
            await task


async def test_swallowed(alarm: Alarm) -> None:
    """What swallows its cancellation may still give a value; the task is not left cancelled."""

    async def stubborn() -> str:
        try:
            await asyncio.get_running_loop().create_future()
        except asyncio.CancelledError:
            return "all the same"

    assert await alarm.wait(stubborn(), SOON) == "all the same"
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0


async def _raise(error: Exception) -> None:
    raise error
