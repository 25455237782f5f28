"""A dead server is not asked by everybody."""

import asyncio

import pytest

from pipeline.errors import StageError
from pipeline.llm import upstream_errors
from pipeline.llm.breaker import Breaker
from tests.fakes import ManualClock
from tests.llm.asking import ask, asking
from tests.llm.hostile_server import CUT, WELL, Reply, said


def dead(breaker: Breaker) -> None:
    with pytest.raises(StageError), breaker.watch():
        raise upstream_errors.unavailable(dead=True)


def refused(breaker: Breaker) -> upstream_errors.ModelFailed:
    with pytest.raises(upstream_errors.ModelFailed) as caught, breaker.watch():
        raise AssertionError("this caller should not have got through")
    return caught.value


def make() -> tuple[Breaker, ManualClock]:
    clock = ManualClock()
    return Breaker(clock, failures=3, seconds=10.0), clock


def test_it_opens_after_failures_in_a_row() -> None:
    """The caller after them is refused at once, and told how long."""
    breaker, clock = make()
    for _ in range(3):
        dead(breaker)
    clock.advance(4)
    failed = refused(breaker)
    assert (failed.reason, failed.retry_after, failed.again) == ("MODEL_UNAVAILABLE", 6.0, False)


def test_a_success_between_them_counts() -> None:
    """Failures that are not in a row do not open it; an error that the server itself gave is a sign of life."""
    breaker, _ = make()
    for _ in range(5):
        dead(breaker)
        dead(breaker)
        with breaker.watch():
            pass


def test_other_failures_do_not_count() -> None:
    """What is not the server's death says nothing, and a cancelled try neither."""
    breaker, _ = make()
    for error in [upstream_errors.malformed(), asyncio.CancelledError()] * 5:
        with pytest.raises(type(error)), breaker.watch():
            raise error
    with breaker.watch():
        pass


def test_one_caller_tries_it() -> None:
    """After its time one caller gets through; the others wait for what that one finds."""
    breaker, clock = make()
    for _ in range(3):
        dead(breaker)
    clock.advance(10)
    with breaker.watch():
        assert refused(breaker).retry_after
    with breaker.watch(), breaker.watch():
        pass


def test_a_failed_try_opens_it_again() -> None:
    """The time begins anew."""
    breaker, clock = make()
    for _ in range(3):
        dead(breaker)
    clock.advance(10)
    dead(breaker)
    assert refused(breaker).retry_after == 10.0


def test_a_cancelled_try_lets_the_next_one() -> None:
    """A caller that leaves while it tries does not block the others for ever."""
    breaker, clock = make()
    for _ in range(3):
        dead(breaker)
    clock.advance(10)
    with pytest.raises(asyncio.CancelledError), breaker.watch():
        raise asyncio.CancelledError
    with breaker.watch():
        pass


async def test_a_dead_server_is_left_alone() -> None:
    """After some turns that did not reach it, the next one fails without asking; the wait is told."""
    async with asking(Reply([CUT], framing="raw"), retries=0) as (model, server):
        for _ in range(8):
            found = await ask(model)
            assert found.ending == ("UNAVAILABLE", "MODEL_UNAVAILABLE")
        assert len(server.asked) == 5
        assert found.error is not None
        assert found.error.retry_after is not None
        assert 5 < found.error.retry_after <= 10


async def test_a_server_with_errors_is_not_dead() -> None:
    """However often it answers with an error, it is asked."""
    async with asking(*[said(500)] * 20, WELL, retries=0) as (model, server):
        for _ in range(20):
            await ask(model)
        assert (await ask(model)).text == "Hello there."
        assert len(server.asked) == 21
