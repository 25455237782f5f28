"""Leaving an answer, and reading it slowly."""

import asyncio
import gc
from contextlib import aclosing

import psutil
import pytest

from pipeline import http
from pipeline.events import TextDelta
from pipeline.interfaces import Turn
from tests.fakes import PATIENCE, still, until
from tests.pipeline.llm.openai.asking import TURN, Outcome, ask, asking, made
from tests.pipeline.llm.openai.hostile_server import DONE, HANG, STOP, HostileServer, Reply, text


async def left(asking: asyncio.Task[Outcome]) -> None:
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking


async def gone(server: HostileServer) -> None:
    """Every connection is closed: by itself the reply would hang for ever."""
    await until(lambda: not server.tasks)


@pytest.mark.parametrize(
    "reply", [Reply([HANG], framing="raw"), Reply([HANG]), Reply([text("Hello"), HANG])], ids=["head", "body", "later"]
)
async def test_cancelled_while_a_read_waits(reply: Reply) -> None:
    """Cancelling the reader closes the upstream connection at once, wherever it waits."""
    async with asking(reply) as (model, server):
        task = asyncio.create_task(ask(model))
        await server.hanging.wait()
        await asyncio.sleep(0.005)
        await left(task)
        await gone(server)


async def test_closed_between_two_reads() -> None:
    """Closing the generator while its reader is busy elsewhere does the same."""
    async with asking(Reply([text("Hello"), text("x"), HANG])) as (model, server):
        stream = model.stream(TURN)
        assert await anext(stream) == TextDelta("Hello")
        await stream.aclose()
        await gone(server)


async def test_cancelled_while_it_waits_to_try_again() -> None:
    """The pause between two tries can be left too."""
    async with asking(Reply(status=503), retry_wait_seconds=PATIENCE / 2) as (model, server):
        task = asyncio.create_task(ask(model))
        await until(lambda: server.asked)
        await asyncio.sleep(0.01)
        await left(task)
        assert len(server.asked) == 1


async def test_a_slow_reader_slows_the_server() -> None:
    """Nothing is read ahead of the reader: the server cannot send more than the sockets hold, and then all arrives."""
    count, size = 400, 65536
    reply = Reply([*[text("x" * size)] * count, STOP, DONE])
    async with asking(reply) as (model, server), aclosing(model.stream(TURN)) as events:
        assert await anext(events)
        await still(lambda: server.sent)
        assert server.sent < count * size / 2
        assert len([event async for event in events]) == count


def kept(server: HostileServer) -> int:
    """How many objects there are, but for what the server notes down."""
    server.asked.clear()
    server.hung_up.clear()
    gc.collect()
    return len(gc.get_objects())


async def test_many_cancelled_streams_leave_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two thousand streams, cancelled at every stage of their life, leave no connection, no task and no memory."""
    monkeypatch.setattr(http, "KEPT_SECONDS", 1.0)  # one that was still connecting is kept for others
    replies = [Reply([HANG], framing="raw"), Reply([HANG]), Reply([text("Hello"), HANG]), Reply([text("Hello")] * 3)]
    async with asking(*(replies * 200)) as (model, server):

        async def cancelled(number: int, seconds: float, at_once: int) -> None:
            tasks = [asyncio.create_task(ask(model)) for _ in range(number)]
            for step, task in enumerate(tasks):
                if step % at_once == 0:
                    await asyncio.sleep(seconds)
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        await cancelled(50, 0.02, 50)
        await cancelled(16, 0, 3)
        before = len(asyncio.all_tasks()) - len(server.tasks)
        files = psutil.Process().num_fds()
        await gone(server)
        objects = kept(server)
        for _ in range(35):
            await cancelled(40, 0.02, 40)
            await cancelled(16, 0, 3)
        await gone(server)
        # The server may have to accept one yet that was given up at once.
        await until(lambda: len(asyncio.all_tasks()) <= before)
        assert kept(server) < objects + 2000
        assert psutil.Process().num_fds() <= files + 1


async def test_two_turns_do_not_mix() -> None:
    """Two answers read in turns through one model give what each gives alone."""
    async with asking(Reply([text("a1"), 0.005, text("a2"), STOP]), Reply([text("b1"), 0.005, text("b2"), STOP])) as (
        model,
        _,
    ):
        first, second = model.stream(Turn("s-1", "Hello")), model.stream(Turn("s-2", "Hello"))
        async with aclosing(first), aclosing(second):
            pairs = [(await anext(first), await anext(second)) for _ in range(2)]
    assert pairs == [(TextDelta("a1"), TextDelta("b1")), (TextDelta("a2"), TextDelta("b2"))]


async def test_closing_twice_and_using_it_again() -> None:
    """A model that was closed opens its connections anew when it is asked again."""
    async with asking(Reply([text("Hello"), STOP, DONE])) as (model, _):
        await model.aclose()
        assert (await ask(model)).text == "Hello"
        await model.aclose()
        await model.aclose()
        assert (await ask(model)).text == "Hello"


def test_nothing_is_opened_before_it_is_needed() -> None:
    """A model can be made without a running loop, and costs no connection then."""
    assert made()._server._connection._http._session is None
