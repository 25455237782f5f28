"""Waiting for what must come, a clock that stands still, and the timers that are left."""

import asyncio
from collections.abc import Callable

PATIENCE = 120.0
"""Seconds after which a test gives up waiting for what must come: what takes so long hangs. A machine with neighbours
may be ten times slower than usual, or stand still for seconds.
"""


class ManualClock:
    """Seconds that pass only when a test says so."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


async def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait for *condition*, at most so long."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.001)


async def still(value: Callable[[], object]) -> None:
    """Wait until *value* does not change any more. A machine that stood still makes one look useless, not five."""
    looks = [value()]
    while len(looks) < 5 or len(set(looks[-5:])) > 1:
        await asyncio.sleep(0.06)
        looks.append(value())


async def settle(ticks: int = 5) -> None:
    """Let everything that is ready to run do so."""
    for _ in range(ticks):
        await asyncio.sleep(0)


def pending_timers() -> list[asyncio.TimerHandle]:
    """Return the timers that the loop still has to ring."""
    return [timer for timer in asyncio.get_running_loop()._scheduled if not timer.cancelled()]  # type: ignore[attr-defined]
