"""``prefetch``: a foreign source in a task of its own."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from interceptors.testing import Boom
from pipeline import flow
from pipeline.flow import End, SourceFailed, prefetch
from pipeline.testing import HANG, Pause, Script, Stubborn
from tests.fakes import PATIENCE, pending_timers, settle, until


def source(steps: list[Any], script: Script | None = None) -> Callable[[], AsyncIterator[Any]]:
    """What ``prefetch`` opens: a source that plays *steps*."""
    played = script or Script()
    return lambda: played.play(steps)


class Bare:
    """A source that has no ``aclose``: it gives *items*, then raises *error*."""

    def __init__(self, items: list[Any], error: BaseException) -> None:
        self._items = items
        self._error = error

    def __aiter__(self) -> "Bare":
        return self

    async def __anext__(self) -> Any:
        await asyncio.sleep(0)
        if not self._items:
            raise self._error
        return self._items.pop(0)


@pytest.fixture(autouse=True)
def _no_task_is_left() -> Iterator[None]:
    """The tests leave no task behind, unless they say so."""
    yield
    assert not flow._left_behind


async def everything(items: prefetch[Any]) -> list[Any]:
    """All items, and the error behind them, if any."""
    got: list[Any] = []
    try:
        async for item in items:
            got.append(item)  # noqa: PERF401  (what came before an error counts)
    except Exception as error:  # noqa: BLE001  (the error is what is looked at)
        got.append(error)
    return got


# Order and look-ahead.


@settings(max_examples=30)
@given(
    steps=st.lists(st.one_of(st.integers(), st.just(Pause(0))), max_size=12),
    size=st.integers(1, 4),
    read_slowly=st.booleans(),
)
def test_all_items_in_order(steps: list[Any], size: int, read_slowly: bool) -> None:
    """Every item comes, once and in order, whichever side is slower."""

    async def run() -> list[Any]:
        got = []
        async with prefetch(source(steps), size) as items:
            async for item in items:
                got.append(item)
                if read_slowly:
                    await asyncio.sleep(0)
        return got

    assert asyncio.run(run()) == [step for step in steps if isinstance(step, int)]


@pytest.mark.parametrize("size", [1, 2, 4])
async def test_never_runs_further_ahead(size: int) -> None:
    """The source is asked for at most *size* items more than were read."""
    script = Script()
    async with prefetch(source(list(range(50)), script), size) as items:
        await settle()
        assert script.given == size
        for taken in range(1, 10):
            assert await items.take() == taken - 1
            await settle()
            assert taken < script.given <= taken + size


async def test_runs_ahead_of_its_reader() -> None:
    """While its reader is busy, the source goes on."""
    script = Script()
    async with prefetch(source([1, Pause(0.001), 2, Pause(0.001), 3], script), 4) as items:
        assert await items.take() == 1
        await until(lambda: script.closed)
        assert script.given == 3


async def test_items_of_any_value() -> None:
    """None, empty and false items are items."""
    async with prefetch(source([None, 0, "", False]), 2) as items:
        assert await everything(items) == [None, 0, "", False]


# The end.


@pytest.mark.parametrize("steps", [[], ["a"], ["a", Pause(0.001)]])
@pytest.mark.parametrize("error", [None, Boom()])
async def test_the_end_stays_the_end(steps: list[Any], error: Exception | None) -> None:
    """After the last item comes ``End`` with the source's error, if any, as often as it is asked for."""
    failing = [] if error is None else [error]
    async with prefetch(source([*steps, *failing]), 2) as items:
        while not isinstance(end := await items.take(), End):
            pass
        assert end == End(error)
        assert await items.take() == End(error)
        assert await everything(items) == failing


@pytest.mark.parametrize("size", [1, 2, 10])
@pytest.mark.parametrize("error", [Boom(), ValueError("x"), TimeoutError(), ConnectionError(), StopIteration()])
async def test_an_error_comes_after_the_items_before_it(error: Exception, size: int) -> None:
    """The source's error reaches the reader in order."""
    async with prefetch(source([1, 2, 3, error]), size) as items:
        await settle()
        got = await everything(items)
    assert got[:3] == [1, 2, 3]
    assert len(got) == 4
    # Python itself makes a StopIteration that leaves a generator a RuntimeError.
    assert got[3] is error or isinstance(error, StopIteration)


@pytest.mark.parametrize("kind", [SystemExit, KeyboardInterrupt, asyncio.CancelledError, GeneratorExit])
@pytest.mark.parametrize("items_before", [0, 1])
async def test_what_would_end_the_server_is_an_ordinary_error(kind: type[BaseException], items_before: int) -> None:
    """A source that raises SystemExit and the like ends its own stream; the reader is not cancelled."""
    async with prefetch(lambda: Bare(["item"] * items_before, kind("secret")), 2) as items:
        got = await everything(items)
    assert got[:-1] == ["item"] * items_before
    assert isinstance(got[-1], SourceFailed)
    assert isinstance(got[-1].__cause__, kind)
    assert "secret" not in str(got[-1])


@pytest.mark.parametrize("kind", [Boom, SystemExit, asyncio.CancelledError])
async def test_a_source_that_cannot_be_opened(kind: type[BaseException]) -> None:
    """When opening fails, that is the source's error."""
    error = kind()

    def cannot() -> AsyncIterator[Any]:
        raise error

    async with prefetch(cannot, 2) as items:
        (got,) = await everything(items)
    assert got is error or got.__cause__ is error


@pytest.mark.parametrize("garbage", [None, 5, [1, 2], "text"])
async def test_what_is_no_source(garbage: Any) -> None:
    """What is no asynchronous iterator at all is a TypeError for the reader."""
    async with prefetch(lambda: garbage, 2) as items:
        (got,) = await everything(items)
    assert isinstance(got, TypeError)


async def test_a_source_that_cannot_be_closed() -> None:
    """A source need not have ``aclose``."""
    async with prefetch(lambda: Bare([1, 2], StopAsyncIteration()), 1) as items:
        assert await everything(items) == [1, 2]


# Leaving.


@pytest.mark.parametrize(
    "steps", [[1, 2, 3], [1, HANG], [HANG], [1, Boom()], []], ids=["full", "hanging", "silent", "failed", "ended"]
)
@pytest.mark.parametrize("how", ["well", "raises"])
async def test_leaving_closes_the_source_and_waits(steps: list[Any], how: str) -> None:
    """Whoever leaves the block early has a closed source behind him, and his own error, if any."""
    script = Script(closing=0.003)
    with suppress(Boom):
        async with prefetch(source(steps, script), 1):
            await settle()
            assert script.opened == 1
            if how == "raises":
                raise Boom
    assert script.running == 0
    assert len(asyncio.all_tasks()) == 1


async def test_leaving_at_once() -> None:
    """A block that is left before the source was opened opens nothing."""
    script = Script()
    async with prefetch(source([1], script), 1):
        pass
    assert script.opened == 0
    assert len(asyncio.all_tasks()) == 1


async def test_a_cancelled_reader_waits_for_the_source() -> None:
    """A reader that is cancelled while it waits for an item is cancelled after the source has closed."""
    script = Script(closing=0.003)

    async def read() -> None:
        async with prefetch(source([HANG], script), 1) as items:
            await items.take()

    task = asyncio.create_task(read())
    await settle()
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    assert script.closed == 1


@pytest.mark.parametrize("steps", [[1, 2, 3], [HANG], [1]])
async def test_a_reader_cancelled_while_the_source_closes(steps: list[Any]) -> None:
    """A cancellation that comes while the source closes does not cut its clean-up, and comes through after it."""
    cleaned = []
    let_go = asyncio.Event()

    async def slow_to_close() -> AsyncIterator[Any]:
        try:
            async for item in Script().play(steps):
                yield item
        finally:
            await let_go.wait()
            cleaned.append(True)

    async def read() -> None:
        async with prefetch(slow_to_close, 1):
            await settle()

    task = asyncio.create_task(read())
    await settle(10)
    task.cancel()
    await settle()
    assert not task.done()
    let_go.set()
    await asyncio.wait({task})
    assert task.cancelled()
    assert cleaned == [True]


async def test_an_error_while_closing_is_logged() -> None:
    """A source that fails while it is closed harms nobody; the log has it."""

    async def fails_to_close() -> AsyncIterator[int]:
        try:
            yield 1
        finally:
            raise Boom

    with capture_logs() as lines:
        async with prefetch(fails_to_close, 1) as items:
            assert await items.take() == 1
    assert [line["decision"] for line in lines] == ["ignore"]


async def test_a_source_that_will_not_stop_yielding() -> None:
    """A source that goes on after it was closed is stopped all the same."""

    async def unstoppable() -> AsyncIterator[int]:
        while True:
            try:
                yield 1
                await asyncio.sleep(0)
            except (GeneratorExit, asyncio.CancelledError):
                yield 2

    with capture_logs():
        async with asyncio.timeout(PATIENCE):
            async with prefetch(unstoppable, 1) as items:
                assert await items.take() == 1
    assert len(asyncio.all_tasks()) == 1


@pytest.fixture
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(flow, "CLOSE_SECONDS", 0.03)
    monkeypatch.setattr(flow, "RECANCEL_SECONDS", 0.005)


@pytest.mark.usefixtures("_soon")
async def test_a_source_that_swallows_a_cancellation_is_cancelled_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """One swallowed cancellation does not save a source."""
    monkeypatch.setattr(flow, "CLOSE_SECONDS", 2.0)
    script = Script()
    with capture_logs() as lines:
        async with prefetch(source([Stubborn(2)], script), 1):
            await settle()
    assert script.running == 0
    assert lines == []


@pytest.mark.usefixtures("_soon")
@pytest.mark.parametrize("cancelled", [False, True])
async def test_a_source_that_never_closes_is_left_behind(cancelled: bool) -> None:
    """A source that does not close holds the reader for ``CLOSE_SECONDS``, cancelled or not; then it is left behind,
    with a line in the log, and forgotten when it ends at last.
    """
    let_go = asyncio.Event()

    async def stubborn() -> AsyncIterator[int]:
        while not let_go.is_set():
            with suppress(asyncio.CancelledError):
                await let_go.wait()
        yield 1

    async def read() -> None:
        async with prefetch(stubborn, 1):
            await settle()

    start = time.monotonic()
    with capture_logs() as lines:
        task = asyncio.create_task(read())
        await settle(10)
        if cancelled:
            task.cancel()
        await asyncio.wait({task}, timeout=PATIENCE)
    assert task.done()
    assert task.cancelled() == cancelled
    assert time.monotonic() - start >= 0.03
    assert [line["decision"] for line in lines] == ["abandon"]
    assert len(flow._left_behind) == 1
    let_go.set()
    await settle()
    assert not flow._left_behind


# ready


async def test_ready_says_whether_something_came() -> None:
    """``ready`` waits for the next item at most so long, and takes nothing."""
    go_on = asyncio.Event()
    async with prefetch(source([1, go_on, 2]), 2) as items:
        assert await items.ready(1)
        assert await items.ready(0)
        assert await items.take() == 1
        assert not await items.ready(0)
        assert not await items.ready(0.001)
        assert not await items.ready(-1)
        asyncio.get_running_loop().call_later(0.002, go_on.set)
        assert await items.ready(1)
        assert await items.take() == 2


@pytest.mark.parametrize("steps", [[Pause(0.001)], [Pause(0.001), Boom()]])
async def test_ready_for_the_end(steps: list[Any]) -> None:
    """The end and an error are something too."""
    async with prefetch(source(steps), 2) as items:
        assert await items.ready(1)
        assert await items.ready()
        assert isinstance(await items.take(), End)


async def test_ready_leaves_no_timer() -> None:
    """An item that comes in time leaves no timer behind."""
    before = pending_timers()
    go_on = asyncio.Event()
    async with prefetch(source([go_on, 1]), 2) as items:
        asyncio.get_running_loop().call_soon(go_on.set)
        assert await items.ready(30)
    assert pending_timers() == before


async def test_a_cancelled_wait_loses_nothing() -> None:
    """A reader that gives up waiting gets the item the next time."""
    go_on = asyncio.Event()
    async with prefetch(source([go_on, 1]), 2) as items:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.001):
                await items.take()
        go_on.set()
        assert await items.take() == 1


async def test_a_loop_that_stands_still() -> None:
    """What the source gives while the loop stands still comes in time; a source that then gives nothing does not."""
    async with prefetch(source([Pause(0.3), "late", HANG]), 4) as items:
        asyncio.get_running_loop().call_later(0.1, time.sleep, 0.6)
        assert await items.ready(0.25)
        assert await items.take() == "late"
        asyncio.get_running_loop().call_later(0.1, time.sleep, 0.6)
        assert not await items.ready(0.25)
