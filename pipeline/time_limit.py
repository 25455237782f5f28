"""Time limits that do not count the time in which the event loop stood still."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

LATE_SECONDS = 0.1
"""A timer that rings so late tells that the event loop stood still. What came meanwhile is noticed only now, and others
were not even asked: it rings once more, as many seconds later as it was late.
"""


@asynccontextmanager
async def time_limit(seconds: float) -> AsyncIterator["Limit"]:
    """Raise TimeoutError when the block takes longer than *seconds*, as ``asyncio.timeout`` does.

    Time in which the event loop stood still is given once more: else a stage that blocks would end the work of others.
    """
    async with asyncio.timeout(None) as timeout:
        limit = Limit(timeout)
        limit.move(seconds)
        try:
            yield limit
        finally:
            limit.lift()


class Limit:
    """The limit of a ``time_limit``, which its block may move."""

    def __init__(self, timeout: asyncio.Timeout) -> None:
        self._timeout = timeout
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None

    def move(self, seconds: float) -> None:
        """Let the block end *seconds* from now, unless its time is over."""
        self.lift()
        self._timer = self._loop.call_later(seconds, self._ring, self._loop.time() + seconds)

    def lift(self) -> None:
        """Let the block take as long as it likes, unless its time is over."""
        if self._timer is not None:
            self._timer.cancel()

    def _ring(self, due: float) -> None:
        late = self._loop.time() - due
        if late > LATE_SECONDS:
            self.move(late)
        else:
            self._timeout.reschedule(due)
