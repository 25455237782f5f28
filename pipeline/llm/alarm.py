"""A timeout for what is awaited again and again."""

import asyncio
from collections.abc import Awaitable
from types import TracebackType
from typing import TypeVar

T = TypeVar("T")


class Alarm:
    """``asyncio.timeout`` for a hot path: ``with Alarm() as alarm``, then ``await alarm.wait(…)`` for each piece.

    One loop timer serves all the waits and is moved only when it rings. A new ``asyncio.timeout`` for each piece of a
    model's answer is a fifth of what reading the answer costs.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._by = 0.0
        self._waiting: asyncio.Task[object] | None = None
        self._rang = False

    def __enter__(self) -> "Alarm":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        if self._timer is not None:
            self._timer.cancel()

    async def wait(self, awaitable: Awaitable[T], seconds: float) -> T:
        """What *awaitable* gives; TimeoutError when it has not come within *seconds*. A cancellation from elsewhere
        comes through as such.
        """
        task = asyncio.current_task()
        assert task is not None
        cancelling = task.cancelling()
        self._rang = False
        self._set(self._loop.time() + seconds)
        self._waiting = task
        try:
            return await awaitable
        except asyncio.CancelledError:
            if self._rang and task.cancelling() - 1 <= cancelling:
                raise TimeoutError from None
            raise
        finally:
            self._waiting = None
            if self._rang:
                task.uncancel()

    def _set(self, by: float) -> None:
        self._by = by
        if self._timer is None or by < self._timer.when():
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(by, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._waiting is None:
            return
        if self._by > self._loop.time():
            self._set(self._by)
            return
        self._rang = True
        self._waiting.cancel()
