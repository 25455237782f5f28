"""The watchdog: which line it blames, and when a call came."""

import asyncio
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType

import pytest

from app.watchdog import LATE_SECONDS, Watchdog, where
from tests.fakes import ManualClock, until


def frame_of(block: Callable[[], None]) -> FrameType:
    """The innermost frame of a thread that is in *block*; ``_run_once`` is around it, as in a loop."""

    def _run_once() -> None:
        block()

    thread = threading.Thread(target=_run_once, daemon=True)
    thread.start()
    time.sleep(0.1)
    assert thread.ident is not None
    return sys._current_frames()[thread.ident]


def test_where() -> None:
    """The line of the stage is blamed, not that of the library in which it waits, nor one further out."""
    place = where(frame_of(lambda: time.sleep(0.5)))
    assert place.startswith(f"{__file__}:")
    assert place.endswith(" in <lambda>")


def test_a_loop_that_waits_is_not_blocked() -> None:
    """On a slow machine a loop may not get its turn: it stands in its own ``select``."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    time.sleep(0.1)
    assert thread.ident is not None
    assert where(sys._current_frames()[thread.ident]) == ""
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


async def test_a_call_that_comes_during_a_block() -> None:
    """It counts from the block's beginning; one that comes later from now."""
    clock = ManualClock(100.0)
    watchdog = Watchdog(clock)
    assert watchdog.arrival() == 100.0
    clock.advance(3.0)
    watchdog._answer(100.0, threading.Event())
    assert watchdog.arrival() == 100.0
    clock.advance(2 * LATE_SECONDS)
    assert watchdog.arrival() == clock()


async def test_the_thread_ends() -> None:
    """Nothing is left when the block is left."""
    with Watchdog() as watchdog:
        assert watchdog._thread.is_alive()
    await until(lambda: not watchdog._thread.is_alive())


@pytest.mark.parametrize("seconds", [0.0, 0.05])
async def test_a_short_hold_up_is_none(seconds: float, capsys: pytest.CaptureFixture[str]) -> None:
    """Work of some milliseconds is no block."""
    with Watchdog():
        await asyncio.sleep(0.1)
        time.sleep(seconds)  # noqa: ASYNC251
        await asyncio.sleep(0.1)
    assert "blocked" not in capsys.readouterr().err
