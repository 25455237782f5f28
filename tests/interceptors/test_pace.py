"""The limits on time: rate, standstill, a reader that stalls, and the whole length of a stream."""

import asyncio
import itertools
import time
import weakref
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interceptors import pace
from interceptors.errors import StreamError
from interceptors.pace import PaceInterceptor, PaceLimits
from interceptors.testing import ENDINGS, METHOD, FakeContext, end_as, ending
from tests.fakes import PATIENCE, ManualClock, pending_timers, settle

SHORT = 0.02


def counts(message: str) -> bool:
    """Which messages the rate is about, here."""
    return not message.startswith("free")


def within(
    *, rate: int = 0, policy: str = "reject", idle: float = 3600, send: float = 3600, total: float = 3600
) -> PaceLimits:
    """Limits of which a test is about one; the others are far away."""
    return PaceLimits(
        max_message_rate_per_second=rate,
        rate_policy=policy,
        idle_timeout_seconds=idle,
        send_timeout_seconds=send,
        max_stream_seconds=total,
    )


def link(limits: PaceLimits, clock: Callable[[], float] = time.monotonic) -> PaceInterceptor:
    return PaceInterceptor([METHOD], limits, counts, clock)


async def reason_of(call: Any) -> StreamError:
    with pytest.raises(StreamError) as ended:
        async with asyncio.timeout(PATIENCE):
            await call
    return ended.value


def writes(*messages: str) -> Callable[[Any, Any], Any]:
    """A handler that sends *messages*."""

    async def handler(_request: Any, context: Any) -> None:
        for message in messages:
            await context.write(message)
            await asyncio.sleep(0)

    return handler


# The rate.


async def sent_at(times: list[float], rate: int) -> list[float]:
    """When the messages that the handler has at *times* were sent, up to the one that was too many."""
    clock = ManualClock(0.0)
    sent = []

    async def handler(_request: Any, context: Any) -> None:
        for due in times:
            clock.now = due
            await context.write("x")
            sent.append(clock.now)

    limits = within(rate=rate, idle=0, send=1e6, total=1e6)
    with suppress(StreamError):
        await link(limits, clock).intercept(handler, None, FakeContext(), METHOD)
    return sent


@pytest.mark.parametrize("rate", [1, 2, 5])
async def test_message_n_plus_1_is_one_too_many(rate: int) -> None:
    """With ``reject``, exactly *rate* messages leave within a second; the next ends the stream and is not sent."""
    assert await sent_at([0.0] * 20, rate) == [0.0] * rate


async def test_the_one_too_many_says_why() -> None:
    """The refusal names the setting and its value; no later try helps, since the listener would hear it all again."""
    context = FakeContext()
    error = await reason_of(link(within(rate=3), ManualClock()).intercept(writes(*["x"] * 4), None, context, METHOD))
    assert (error.reason, error.retry_after) == ("RATE_LIMIT_EXCEEDED", None)
    assert error.metadata == {"limit": "max_message_rate_per_second", "value": "3"}
    assert context.events == ["write"] * 3


async def test_the_window_moves() -> None:
    """Any window of one second counts, not a calendar one: a place is free again a second after it was taken."""
    assert await sent_at([0.0, 0.9, 1.0, 1.8], 2) == [0.0, 0.9, 1.0]
    assert await sent_at([0.0, 0.9, 1.0, 1.9, 2.0], 2) == [0.0, 0.9, 1.0, 1.9, 2.0]
    assert await sent_at([0.0, 0.999], 1) == [0.0]


@settings(max_examples=50)
@given(gaps=st.lists(st.sampled_from([0.0, 0.125, 0.25, 0.5, 1.0]), max_size=30), rate=st.integers(1, 4))
def test_no_window_ever_has_more(gaps: list[float], rate: int) -> None:
    """In any rhythm, a stream ends at the first message that makes more than *rate* in a second, and no sooner."""
    times = list(itertools.accumulate(gaps))
    sent = asyncio.run(sent_at(times, rate))
    expected = next((n for n in range(rate, len(times)) if times[n] - times[n - rate] < 1.0), len(times))
    assert sent == times[:expected]


async def test_a_message_counts_when_it_has_left() -> None:
    """A message that is blocked for a while is counted from its end: the next may not follow too soon."""
    clock = ManualClock(0.0)
    context = FakeContext()

    async def handler(_request: Any, paced: Any) -> None:
        context.block()
        asyncio.get_running_loop().call_later(0.001, slowly)
        await paced.write("x")
        clock.now = 1.5
        await paced.write("y")

    def slowly() -> None:
        clock.now = 0.9
        context.unblock()

    error = await reason_of(link(within(rate=1), clock).intercept(handler, None, context, METHOD))
    assert error.reason == "RATE_LIMIT_EXCEEDED"
    assert context.sent == ["x"]


@pytest.mark.parametrize(("rate", "messages"), [(2, ["free", "x", "free", "x", "free", "free"]), (0, ["x"] * 500)])
async def test_messages_that_are_free(rate: int, messages: list[str]) -> None:
    """Messages that the rate is not about pass at any speed, are not counted, and don't wait; 0 = off: all of them."""
    context = FakeContext()
    await link(within(rate=rate), ManualClock()).intercept(writes(*messages), None, context, METHOD)
    assert context.sent == messages


@pytest.fixture
def window(monkeypatch: pytest.MonkeyPatch) -> float:
    """A window short enough to wait for."""
    monkeypatch.setattr(pace, "WINDOW", SHORT)
    monkeypatch.setattr(pace, "MARGIN", 0.001)
    return SHORT


async def test_pace_waits(window: float) -> None:
    """With ``pace`` all messages leave, in order, and no window ever has more than *rate* of them."""
    stamps = []

    class Timed(FakeContext):
        async def write(self, message: Any) -> None:
            stamps.append(time.monotonic())
            await super().write(message)

    context = Timed()
    await link(within(rate=3, policy="pace")).intercept(writes(*"0123456"), None, context, METHOD)
    assert context.sent == list("0123456")
    assert all(after - before >= window for before, after in zip(stamps, stamps[3:], strict=False))
    assert stamps[-1] - stamps[0] < PATIENCE, "it waits no longer than it must"


@pytest.mark.parametrize("also", [False, True])
async def test_a_paced_wait_is_no_standstill(also: bool, window: float) -> None:
    """A stream that waits for its turn is not idle, however short the idle timeout; *also* while something comes."""

    clock = ManualClock()

    async def handler(_request: Any, context: Any) -> None:
        await context.write("x")
        if also:
            asyncio.get_running_loop().call_soon(context.progress)
        asyncio.get_running_loop().call_soon(clock.advance, window / 2)
        await context.write("x")

    context = FakeContext()
    limits = within(rate=1, policy="pace", idle=window / 8, send=window / 8)
    await link(limits, clock).intercept(handler, None, context, METHOD)
    assert len(context.sent) == 2


async def test_streams_have_rates_of_their_own() -> None:
    """Two streams through one link don't share a window."""
    shared = link(within(rate=2), ManualClock())
    contexts = [FakeContext() for _ in range(5)]
    await asyncio.gather(*(shared.intercept(writes("x", "x"), None, context, METHOD) for context in contexts))
    assert [len(context.sent) for context in contexts] == [2] * 5


# Standstill.


async def hang(_request: Any, _context: Any) -> None:
    await asyncio.sleep(3600)


async def test_idle() -> None:
    """A stream on which nothing happens ends with STREAM_IDLE_TIMEOUT, in time, after its handler has cleaned up. Its
    watchdog leaves no timer, also when the stream closes slowly.
    """
    before = len(pending_timers())
    closed = []

    async def handler(_request: Any, _context: Any) -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(SHORT)
            closed.append(True)

    start = time.monotonic()
    error = await reason_of(link(within(idle=SHORT)).intercept(handler, None, FakeContext(), METHOD))
    assert (error.reason, error.retry_after) == ("STREAM_IDLE_TIMEOUT", 1.0)
    assert SHORT <= time.monotonic() - start < PATIENCE
    assert closed == [True]
    assert len(pending_timers()) == before


async def test_a_loop_that_stands_still(monkeypatch: pytest.MonkeyPatch) -> None:
    """A timer that rings late looks again a moment later, when what came meanwhile was noticed; at last it ends the
    stream, also on a loop that stands still again and again.
    """
    monkeypatch.setattr(pace, "LATE", SHORT)
    looks: list[str] = []

    async def progressing(_request: Any, context: Any) -> None:
        asyncio.get_running_loop().call_later(SHORT, time.sleep, 5 * SHORT)
        await asyncio.sleep(2 * SHORT)
        for _ in range(3):
            await asyncio.sleep(0)
        context.progress()

    def stands_still() -> None:
        looks.append("still")
        time.sleep(2 * SHORT)
        asyncio.get_running_loop().call_soon(stands_still)

    async def hanging(_request: Any, _context: Any) -> None:
        stands_still()
        await asyncio.sleep(3600)

    limits = within(idle=3 * SHORT)
    await link(limits).intercept(progressing, None, FakeContext(), METHOD)
    monkeypatch.setattr(time, "sleep", lambda seconds, sleep=time.sleep: len(looks) < 100 and sleep(seconds))
    error = await reason_of(link(limits).intercept(hanging, None, FakeContext(), METHOD))
    assert error.reason == "STREAM_IDLE_TIMEOUT"
    assert pace.MOST_LATE <= len(looks) < 100


@pytest.mark.parametrize("by", ["a message", "the handler's word"])
async def test_progress_resets_the_idle_time(by: str) -> None:
    """A message that was sent, or the handler's word that something came, is progress; the idle time starts anew."""
    clock = ManualClock()
    lived = []

    async def handler(_request: Any, context: Any) -> None:
        for _ in range(6):
            clock.advance(SHORT * 0.75)
            await asyncio.sleep(SHORT / 4)
            if by == "a message":
                await context.write("x")
            else:
                context.progress()
        clock.advance(SHORT * 0.9)
        await asyncio.sleep(SHORT * 1.5)
        lived.append(True)
        clock.advance(SHORT * 0.2)
        await asyncio.sleep(3600)

    error = await reason_of(link(within(idle=SHORT), clock).intercept(handler, None, FakeContext(), METHOD))
    assert error.reason == "STREAM_IDLE_TIMEOUT"
    assert lived == [True]


async def test_0_is_no_idle_timeout() -> None:
    """0 = off: a stream may stand still until its total time is over."""
    error = await reason_of(link(within(idle=0, total=SHORT)).intercept(hang, None, FakeContext(), METHOD))
    assert error.reason == "STREAM_TIMEOUT"


# A reader that stalls.


@pytest.mark.parametrize("idle", [0.0, 0.005, 30])
async def test_a_client_that_does_not_read(idle: float) -> None:
    """A write that is blocked for too long is SEND_TIMEOUT, never idleness, and says no retry."""
    context = FakeContext()
    context.block()
    start = time.monotonic()
    error = await reason_of(link(within(idle=idle, send=SHORT)).intercept(writes("x"), None, context, METHOD))
    assert (error.reason, error.retry_after) == ("SEND_TIMEOUT", None)
    assert SHORT <= time.monotonic() - start < PATIENCE
    assert context.sent == []


async def test_the_send_time_counts_from_the_write() -> None:
    """Each write has the whole time, wherever in the watchdog's beat it begins."""
    context = FakeContext()
    times = []

    async def handler(_request: Any, paced: Any) -> None:
        await asyncio.sleep(SHORT * 0.75)
        context.block()
        times.append(time.monotonic())
        await paced.write("x")

    error = await reason_of(link(within(send=SHORT)).intercept(handler, None, context, METHOD))
    assert error.reason == "SEND_TIMEOUT"
    assert SHORT <= time.monotonic() - times[0] < PATIENCE


async def test_a_slow_client_that_reads_in_the_end() -> None:
    """A write that takes long, but not too long, is no failure; the next has the whole time again."""
    context, clock = FakeContext(), ManualClock()

    async def handler(_request: Any, paced: Any) -> None:
        for _ in range(4):
            context.block()
            asyncio.get_running_loop().call_later(SHORT / 2, clock.advance, SHORT * 0.9)
            asyncio.get_running_loop().call_later(SHORT, context.unblock)
            await paced.write("x")

    await link(within(idle=SHORT / 2, send=SHORT), clock).intercept(handler, None, context, METHOD)
    assert len(context.sent) == 4


async def test_idle_after_a_slow_write() -> None:
    """The idle time counts from the end of a blocked write, also when the watchdog looked in its middle."""
    context = FakeContext()
    times = []

    async def handler(_request: Any, paced: Any) -> None:
        context.block()
        asyncio.get_running_loop().call_later(SHORT * 1.5, context.unblock)
        await paced.write("x")
        times.append(time.monotonic())
        await asyncio.sleep(3600)

    error = await reason_of(link(within(idle=SHORT)).intercept(handler, None, context, METHOD))
    assert error.reason == "STREAM_IDLE_TIMEOUT"
    assert SHORT <= time.monotonic() - times[0] < PATIENCE


# The whole time.


async def chatter(_request: Any, context: Any) -> None:
    while True:
        await context.write("x")
        await asyncio.sleep(0.001)


@pytest.mark.parametrize("policy", ["reject", "pace"])
@pytest.mark.parametrize("handler", [hang, chatter], ids=["silent", "busy"])
async def test_total_time(policy: str, handler: Any) -> None:
    """A stream ends with STREAM_TIMEOUT when its time is over, whatever it does, and waits for nothing."""
    start = time.monotonic()
    limits = within(total=SHORT, rate=1 if policy == "pace" else 0, policy=policy)
    error = await reason_of(link(limits).intercept(handler, None, FakeContext(), METHOD))
    assert (error.reason, error.retry_after) == ("STREAM_TIMEOUT", None)
    assert SHORT <= time.monotonic() - start < PATIENCE


async def test_total_time_of_a_blocked_stream() -> None:
    """The total time ends a blocked write too, when it is the first limit to pass."""
    context = FakeContext()
    context.block()
    error = await reason_of(link(within(total=SHORT)).intercept(writes("x"), None, context, METHOD))
    assert error.reason == "STREAM_TIMEOUT"


# Endings.


@pytest.mark.parametrize("how", ENDINGS)
async def test_every_ending_stops_the_timer(how: str) -> None:
    """However the call ends, it ends so outside, and no timer is left to ring."""
    before = len(pending_timers())

    async def handler(_request: Any, context: Any) -> None:
        await context.write("x")
        await end_as(how)

    await ending(how, lambda: link(within()).intercept(handler, None, FakeContext(), METHOD))
    assert len(pending_timers()) == before


async def test_a_watchdog_ends_with_its_stream() -> None:
    """Nothing keeps the watchdog of a stream that is over."""
    watches = []

    async def handler(_request: Any, context: Any) -> None:
        watches.append(weakref.ref(context.progress.__self__))
        await context.write("x")

    await link(within()).intercept(handler, None, FakeContext(), METHOD)
    await settle()
    assert watches[0]() is None


async def test_a_response_passes() -> None:
    """What the handler returns comes back."""

    async def handler(_request: Any, _context: Any) -> str:
        return "response"

    assert await link(within()).intercept(handler, None, FakeContext(), METHOD) == "response"
