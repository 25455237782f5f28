"""How long a model may take, and who is not to blame for it."""

import asyncio
import time
from contextlib import aclosing
from typing import Any

import pytest

from pipeline.errors import StageError
from pipeline.events import TextDelta
from pipeline.interfaces import Turn
from pipeline.llm.openai import exchange
from pipeline.llm.openai.timers import Left, TurnTimers, ran_out
from tests.fakes import PATIENCE, ManualClock, until
from tests.pipeline.llm.openai.asking import ask, asking, model_options, new_decoder
from tests.pipeline.llm.openai.hostile_server import (
    DONE,
    HANG,
    STOP,
    WELL,
    HostileServer,
    Reply,
    Step,
    chunk,
    said,
    text,
)

SHORT = 0.3
"""Long enough for a busy machine to connect and answer in, short enough to wait for."""
TIMEOUT = ("DEADLINE_EXCEEDED", "MODEL_TIMEOUT")

PINGS: list[bytes | float | Step] = [b": ping\n\n", 0.02] * 60
THOUGHTS: list[bytes | float | Step] = [chunk({"reasoning": "hm"}), text("<think>"), 0.02] * 60
EMPTY: list[bytes | float | Step] = [chunk({"content": ""}), 0.02] * 60

SLOW: dict[str, tuple[Reply, dict[str, Any], str]] = {
    "no head": (Reply([HANG], framing="raw"), {"first_content_timeout_seconds": SHORT}, ""),
    "no content": (Reply([HANG]), {"first_content_timeout_seconds": SHORT}, ""),
    "only pings": (Reply(PINGS), {"first_content_timeout_seconds": SHORT}, ""),
    "only empty deltas": (Reply(EMPTY), {"first_content_timeout_seconds": SHORT}, ""),
    "only reasoning": (Reply(THOUGHTS), {"first_content_timeout_seconds": SHORT}, ""),
    "an error body": (Reply([b"{", HANG], status=400), {"first_content_timeout_seconds": SHORT}, ""),
    "a stall": (Reply([text("Hello"), HANG]), {"stall_timeout_seconds": SHORT}, "Hello"),
    "a stall with pings": (Reply([text("Hello"), *PINGS]), {"stall_timeout_seconds": SHORT}, "Hello"),
    "in all, before content": (Reply([HANG]), {"total_timeout_seconds": SHORT}, ""),
    "in all": (Reply([text("Hello"), HANG]), {"total_timeout_seconds": 6 * SHORT}, "Hello"),
}


@pytest.fixture(scope="module", autouse=True)
def _warm() -> None:
    """The first request of a process imports things, and takes longer than these timers."""

    async def once() -> None:
        async with asking(WELL) as (model, _):
            await ask(model)

    asyncio.run(once())


@pytest.mark.parametrize(("reply", "settings", "before"), SLOW.values(), ids=SLOW)
async def test_timeouts(reply: Reply, settings: dict[str, Any], before: str) -> None:
    """Only content feeds the timers; when one runs out the turn is MODEL_TIMEOUT, is not tried again, and its
    connection is closed.
    """
    async with asking(reply, **settings) as (model, server):
        found = await ask(model)
        expected = ("INTERNAL", "INTERNAL") if reply.status == 400 else TIMEOUT
        assert (found.ending, found.text, len(server.asked)) == (expected, before, 1)
        assert found.error is not None
        assert found.error.retry_after is None
        await until(lambda: not server.tasks)


@pytest.mark.parametrize("hasty", [False, True])
async def test_silence_behind_a_finish_beside_text(hasty: bool) -> None:
    """It may be on every chunk: more is waited for as ever. Then the answer is complete, unless its server has said so
    too early before.
    """
    last = chunk({"content": "Hello"}, "stop")
    reply = Reply([*([last] if hasty else []), last, HANG])
    async with asking(reply, stall_timeout_seconds=SHORT) as (model, _):
        assert (await ask(model)).ending == (TIMEOUT if hasty else ("OK", "COMPLETE"))


async def test_the_timers_are_the_turns() -> None:
    """A second try has what the first has left."""
    servers: list[HostileServer] = []

    def clock() -> float:
        """Each request takes 20 seconds."""
        return 20.0 * sum(len(server.asked) for server in servers)

    limits = {"first_content_timeout_seconds": 30.0, "total_timeout_seconds": 1000.0, "clock": clock}
    async with asking(said(503), Reply([HANG]), **limits) as (model, server), asyncio.timeout(PATIENCE):
        servers.append(server)
        assert (await ask(model)).ending == TIMEOUT
        assert len(server.asked) == 2


@pytest.mark.parametrize("reply", [Reply([HANG], framing="raw"), Reply([HANG]), Reply([text("Hello"), HANG])])
async def test_the_clients_deadline_shortens_every_timer(reply: Reply) -> None:
    """Beyond the client's deadline nothing is waited for."""
    async with asking(reply) as (model, _):
        assert (await ask(model, Turn("s", "Hello", deadline=time.monotonic() + SHORT))).ending == TIMEOUT


async def test_a_deadline_that_has_passed() -> None:
    """It costs no request."""
    async with asking(WELL) as (model, server):
        assert (await ask(model, Turn("s", "Hello", deadline=time.monotonic() - 1))).ending == TIMEOUT
        assert server.asked == []


async def test_a_connection_that_is_never_made() -> None:
    """A server that does not take the connection is MODEL_UNAVAILABLE, after the time to connect and one try."""
    listener = await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0, backlog=1, start_serving=False)
    port = listener.sockets[0].getsockname()[1]
    listener.sockets[0]._sock.listen(0)  # type: ignore[attr-defined]
    # The queue of a listener that does not accept is soon full.
    fillers = [asyncio.create_task(asyncio.open_connection("127.0.0.1", port)) for _ in range(3)]
    try:
        await asyncio.sleep(0.01)
        async with asking(base_url=f"http://127.0.0.1:{port}/v1", connect_timeout_seconds=SHORT) as (model, _):
            found = await ask(model)
        assert found.ending == ("UNAVAILABLE", "MODEL_UNAVAILABLE")
    finally:
        for filler in fillers:
            filler.cancel()
        for done in await asyncio.gather(*fillers, return_exceptions=True):
            if isinstance(done, tuple):
                done[1].close()
        listener.close()


async def test_the_time_to_connect_ends_with_the_connection() -> None:
    """A server that is connected may take longer for the head of its answer."""
    slow = {"connect_timeout_seconds": 1.0, "first_content_timeout_seconds": 30.0, "total_timeout_seconds": 60.0}
    head = b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
    async with asking(Reply([1.3, head, text("x"), STOP, DONE], framing="raw"), **slow) as (model, _):
        assert (await ask(model)).text == "x"


async def test_a_slow_reader_is_not_a_slow_model() -> None:
    """While the reader of the answer is busy the timers stand still."""
    clock = ManualClock()
    async with (
        asking(Reply([text("x"), 0.05, text("x"), 0.05, text("x"), STOP, DONE]), clock=clock) as (model, _),
        aclosing(model.stream(Turn("s", "Hello"))) as events,
    ):
        seen = []
        async for event in events:
            seen.append(event)
            clock.advance(100)  # the next piece is not here yet, and must be waited for
    assert len(seen) == 4


async def test_an_error_that_never_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """The body of an error status is waited for a little while only; the status alone says enough."""
    monkeypatch.setattr(exchange, "ERROR_SECONDS", SHORT)
    async with asking(Reply([b"{", HANG], status=404)) as (model, _):
        assert (await ask(model)).ending == ("FAILED_PRECONDITION", "MODEL_REJECTED")


async def test_text_leaves_at_once() -> None:
    """Each piece of text is given when it comes, not when the next one does."""
    async with (
        asking(Reply([text("Hello"), HANG])) as (model, server),
        aclosing(model.stream(Turn("s", "Hello"))) as events,
    ):
        assert await anext(events) == TextDelta("Hello")
        await server.hanging.wait()


# A body that never pauses: each of its pieces is there when it is asked for, and takes a second.


class Flood:
    """The *pieces* of a body, the last one again and again."""

    def __init__(self, clock: ManualClock, *pieces: bytes) -> None:
        self._clock = clock
        self._pieces = list(pieces)

    async def read(self, seconds: float) -> bytes:
        self._clock.advance(1)
        return self._pieces.pop(0) if len(self._pieces) > 1 else self._pieces[0]


async def flooded(*pieces: bytes) -> tuple[exchange.Answer, StageError | None]:
    """An answer of these pieces, read until it is over, and how it failed."""
    it, clock = timers(first_content=20, stall=10, total=60)
    answer = exchange.Answer(Flood(clock, *pieces), new_decoder(), it, clock)  # type: ignore[arg-type]
    for _ in range(200):
        if answer.over:
            return answer, None
        try:
            await answer.read()
        except StageError as failed:
            return answer, failed
    raise AssertionError("it never ends")


@pytest.mark.parametrize(
    "pieces",
    [(b": ping\n\n",), (chunk({"reasoning": "hm"}),), (text("Hello"), b": ping\n\n"), (text("Hello"),)],
    ids=["pings", "reasoning", "pings behind text", "text"],
)
async def test_timers_of_a_body_that_never_pauses(pieces: tuple[bytes, ...]) -> None:
    """They run out all the same."""
    _, failed = await flooded(*pieces)
    assert failed is not None
    assert (failed.status, failed.reason) == TIMEOUT


@pytest.mark.parametrize("end", [STOP, STOP + DONE])
async def test_an_answer_that_is_followed_by_a_flood(end: bytes) -> None:
    """It is over soon, and complete."""
    answer, failed = await flooded(text("Hello"), end, b": ping\n\n")
    assert answer.over
    assert failed is None


# The timers alone.


def timers(deadline: float | None = None, **limits: float) -> tuple[TurnTimers, ManualClock]:
    clock = ManualClock(100.0)
    named = {f"{name}_timeout_seconds": seconds for name, seconds in limits.items()}
    return TurnTimers(model_options(**named), deadline, clock), clock


def test_which_limit_is_nearest() -> None:
    """First content, then stall, never beyond the total or the client's deadline; never below 0."""
    it, clock = timers(first_content=20, stall=10, total=25)
    assert it.left() == (20, "first_content")
    clock.advance(5)
    it.content()
    assert it.left() == (10, "stall")
    clock.advance(9)
    it.content()
    assert it.left() == (10, "stall")
    clock.advance(5)
    assert it.left() == (5, "stall")
    it.content()
    assert it.left() == (6, "total")
    clock.advance(60)
    assert it.left() == (0, "total")
    assert timers(deadline=103.0)[0].left() == (3, "deadline")


def test_time_to_connect_is_shared_by_the_tries() -> None:
    """What the first try spent on connecting the second does not have; the other limits still hold."""
    it, clock = timers(connect=5, first_content=20)
    assert it.left_to_connect() == (5, "connect")
    clock.advance(3)
    it.connecting(3)
    assert it.left_to_connect() == (2, "connect")
    clock.advance(16)
    assert it.left_to_connect() == (1, "first_content")


def test_a_busy_reader_stops_the_timers_but_not_the_deadline() -> None:
    """The client's own deadline goes on."""
    it, clock = timers(deadline=200.0, first_content=20, total=120)
    clock.advance(90)
    it.extend(90)
    assert it.left() == (10, "deadline")


def test_what_comes_in_time_while_the_loop_stands_still() -> None:
    """What it took beyond its limit is given once more; what comes within it changes nothing."""
    it, clock = timers(first_content=20)
    with it.awaiting(it.left()):
        clock.advance(15)
    assert it.left() == (5, "first_content")
    with it.awaiting(it.left()):
        clock.advance(8)
    assert it.left() == (3, "first_content")


@pytest.mark.parametrize(
    ("which", "reason", "dead"),
    [
        ("connect", "MODEL_UNAVAILABLE", True),
        ("first_content", "MODEL_TIMEOUT", True),
        ("total", "MODEL_TIMEOUT", True),
        ("deadline", "MODEL_TIMEOUT", False),
    ],
)
def test_who_is_to_blame(which: str, reason: str, dead: bool) -> None:
    """A server that did not answer may be dead, unless it was the client that had no time."""
    failed = ran_out(Left(0.0, which), answering=False)
    assert isinstance(failed, StageError)
    assert (failed.reason, failed.dead) == (reason, dead)
