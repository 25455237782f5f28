"""The one place that starts tasks: a foreign source runs in a separate task, a bounded number of items ahead of its
reader.

The source may raise anything, hang, or swallow its cancellation. Its error reaches the reader in order, and leaving the
block takes at most ``CLOSE_SECONDS``.
"""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, aclosing, nullcontext
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import structlog

from pipeline.errors import OwnError, wrong
from pipeline.time_limit import LATE_SECONDS

T = TypeVar("T")

CLOSE_SECONDS = 3.0
"""A source that takes longer to close is left behind, so that it can't hold its stream's lease for ever."""

RECANCEL_SECONDS = 1.0
"""A source that swallowed its cancellation is cancelled again after this long."""

log = structlog.get_logger(scope="pipeline")
_left_behind: set[asyncio.Task[None]] = set()  # asyncio keeps only weak references to tasks


class SourceFailed(OwnError):
    """The source raised something that is no ``Exception``, such as SystemExit. That is the cause of this error."""


@dataclass(frozen=True, slots=True)
class End:
    """Nothing more comes from the source. ``error``: the source's error, None if it simply ended."""

    error: Exception | None


class prefetch(Generic[T]):
    """Lets the source that *open* returns run at most *size* items ahead: ``async with prefetch(open, 4) as items``.

    *items* is read with ``take`` or ``async for``. The source's error reaches the reader after the items before it.
    Leaving the block cancels the source and waits until it has closed, also when the waiter itself is cancelled
    meanwhile.
    """

    def __init__(self, open: Callable[[], AsyncIterator[T]], size: int) -> None:
        self._open = open
        self._size = size
        self._items: list[T] = []  # a deque takes 760 bytes
        self._error: BaseException | None = None
        self._closing = False
        self._reader: asyncio.Future[None] | None = None
        self._writer: asyncio.Future[None] | None = None

    async def __aenter__(self) -> "prefetch[T]":
        self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def start(self) -> None:
        """Begin to read the source. ``aclose`` must follow."""
        self._task = asyncio.create_task(self._pump())

    async def aclose(self) -> None:
        """Stop the source and wait until it has closed. Has no effect when it has."""
        self._closing = True
        if not self._task.done():
            await _stop(self._task)

    def __aiter__(self) -> "prefetch[T]":
        return self

    async def __anext__(self) -> T:
        item = await self.take()
        if not isinstance(item, End):
            return item
        if item.error is not None:
            raise item.error
        raise StopAsyncIteration

    async def take(self) -> T | End:
        """Return the next item; ``End``, every time, when there is none."""
        if not self.is_ready():
            await self.ready()
        return self.pop()

    def pop(self) -> T | End:
        """Return what ``take`` returns, once there ``is_ready`` something."""
        if not self._items:
            return End(None if self._error is None else _as_exception(self._error))
        item = self._items.pop(0)
        if len(self._items) * 2 <= self._size:
            _wake(self._writer)  # not before it is half empty, to save task switches
        return item

    async def ready(self, timeout: float | None = None) -> bool:  # noqa: ASYNC109  (a hot path)
        """Wait until the next item, the error or the end is there. Return False if *timeout* seconds pass first."""
        if self.is_ready():
            return True
        loop = asyncio.get_running_loop()
        due = None if timeout is None else loop.time() + timeout
        await self._wait(timeout)
        if due is not None and not self.is_ready() and (late := loop.time() - due) > LATE_SECONDS:
            await self._wait(late)
        return self.is_ready()

    def waiting(self) -> int:
        """Return how many items are there."""
        return len(self._items)

    def is_ready(self) -> bool:
        """Tell whether the next item, the error or the end is there."""
        return bool(self._items) or self._task.done()

    async def _wait(self, timeout: float | None) -> None:  # noqa: ASYNC109
        loop = asyncio.get_running_loop()
        self._reader = loop.create_future()
        timer = loop.call_later(timeout, _wake, self._reader) if timeout is not None else None
        try:
            await self._reader
        finally:
            self._reader = None
            if timer is not None:
                timer.cancel()

    async def _pump(self) -> None:
        try:
            async with closing(self._open()) as source:
                async for item in source:
                    self._items.append(item)
                    _wake(self._reader)
                    if len(self._items) >= self._size:
                        await self._room()
                    if self._closing:
                        return
        except BaseException as error:
            # A stage may raise anything, and a SystemExit in a task would end the server.
            if not self._closing:
                self._error = error
            elif not isinstance(error, asyncio.CancelledError):
                log.warning("a stage failed while it was being closed", decision="ignore", exc_info=error)
        finally:
            # The reader looks at task.done(), which becomes true only after this coroutine has returned.
            asyncio.get_running_loop().call_soon(_wake, self._reader)

    async def _room(self) -> None:
        while len(self._items) >= self._size and not self._closing:
            self._writer = asyncio.get_running_loop().create_future()
            try:
                await self._writer
            finally:
                self._writer = None


@runtime_checkable
class _Closable(Protocol):
    async def aclose(self) -> None: ...


def closing(source: AsyncIterator[T]) -> AbstractAsyncContextManager[AsyncIterator[T]]:
    """Return ``aclosing(source)``, or a context that does nothing for an iterator that cannot be closed."""
    if isinstance(source, AsyncGenerator | _Closable):  # the protocol, which takes 10 µs, is asked last
        return aclosing(source)
    return nullcontext(source)


def items_of(given: Any, method: str) -> AsyncIterator[Any]:
    """Return the iterator of what the *method* of a custom stage gave. Raise WrongStage where there is none."""
    source = given.__aiter__() if isinstance(given, AsyncIterable) else given
    if not isinstance(source, AsyncIterator):
        raise wrong(method, "be an async generator", source)
    return source


def _wake(future: "asyncio.Future[None] | None") -> None:
    if future is not None and not future.done():
        future.set_result(None)


def _as_exception(error: BaseException) -> Exception:
    if isinstance(error, Exception):
        return error
    failed = SourceFailed(type(error).__name__)
    failed.__cause__ = error
    return failed


async def _stop(task: "asyncio.Task[Any]") -> None:
    """Cancel *task* and wait, bounded, until it has ended. Only then a cancellation of the waiter comes through."""
    loop = asyncio.get_running_loop()
    again = loop.time()
    deadline = again + CLOSE_SECONDS
    cancelled: asyncio.CancelledError | None = None
    while not task.done() and (now := loop.time()) < deadline:
        if now >= again:  # a cancelled waiter wakes up sooner and must not cut the source's clean-up
            task.cancel()
            again = now + RECANCEL_SECONDS
        try:
            await asyncio.wait({task}, timeout=min(again, deadline) - now)
        except asyncio.CancelledError as error:
            cancelled = error
    if not task.done():
        log.error("a stage does not close; it was left behind", decision="abandon", seconds=CLOSE_SECONDS)
        _left_behind.add(task)
        task.add_done_callback(_left_behind.discard)
    if cancelled is not None:
        raise cancelled
