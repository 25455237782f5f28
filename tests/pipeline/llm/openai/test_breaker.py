"""A dead server is not asked by everybody."""

import asyncio

import pytest

from tests.fakes import ManualClock
from tests.pipeline.llm.openai.asking import ask, asking
from tests.pipeline.llm.openai.hostile_server import CUT, HANG, WELL, Reply, said

DEAD = Reply([CUT], framing="raw")
SILENT = Reply([HANG], framing="raw")


async def test_a_dead_server_is_left_alone() -> None:
    """After some turns that did not reach it, the next one fails without asking; the wait is told."""
    async with asking(DEAD, retries=0) as (model, server):
        for _ in range(8):
            found = await ask(model)
            assert found.ending == ("UNAVAILABLE", "MODEL_UNAVAILABLE")
        assert len(server.asked) == 5
        assert found.error is not None
        assert found.error.retry_after is not None
        assert 5 < found.error.retry_after <= 10


async def test_it_is_tried_again() -> None:
    """After its rest one turn tries it; while that one waits the others are told to come back; then all may ask."""
    clock = ManualClock()
    async with asking(*[DEAD] * 5, SILENT, WELL, retries=0, clock=clock) as (model, server):
        for _ in range(5):
            await ask(model)
        clock.advance(10)
        probe = asyncio.create_task(ask(model))
        await server.hanging.wait()
        other = await ask(model)
        assert other.error is not None
        assert other.error.retry_after == pytest.approx(0.1)
        probe.cancel()
        await asyncio.gather(probe, return_exceptions=True)
        assert (await ask(model)).text == "Hello there."
        assert [(await ask(model)).text for _ in range(3)] == ["Hello there."] * 3


async def test_a_server_with_errors_is_not_dead() -> None:
    """However often it answers with an error, it is asked."""
    async with asking(*[said(500)] * 20, WELL, retries=0) as (model, server):
        for _ in range(20):
            await ask(model)
        assert (await ask(model)).text == "Hello there."
        assert len(server.asked) == 21


async def test_nonsense_is_no_death() -> None:
    """What answers, if only with no HTTP at all, is asked again."""
    async with asking(Reply([b"SSH-2.0-OpenSSH_9.2\r\n\r\n"], framing="raw"), retries=0) as (model, server):
        for _ in range(8):
            assert (await ask(model)).ending == ("INTERNAL", "MODEL_PROTOCOL_ERROR")
        assert len(server.asked) == 8
