"""The outermost link: session ids, numbers, and clients that are gone."""

import asyncio
import gc
import re
from contextlib import suppress
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import grpc
import pytest
import structlog

from interceptors import session
from interceptors.base import endable
from interceptors.session import SessionInterceptor
from interceptors.testing import ENDINGS, METHOD, FakeContext, end_as, ending
from tests.fakes import PATIENCE, ManualClock, settle, until


def stamp(message: dict[str, Any], number: int, session_id: str) -> None:
    message.update(number=number, session_id=session_id)


def link(**options: Any) -> SessionInterceptor:
    return SessionInterceptor([METHOD], stamp, **options)


async def seen_by_handler(request: Any, **options: Any) -> tuple[Any, Any]:
    """The request and the context as the next link gets them."""
    seen = []

    async def handler(request: Any, context: Any) -> None:
        seen.append((request, context))

    await link(**options).intercept(handler, request, FakeContext(), METHOD)
    return seen[0]


def ask(session_id: str = "") -> SimpleNamespace:
    return SimpleNamespace(session_id=session_id)


async def test_makes_a_random_id_where_there_is_none() -> None:
    """A request without a session id gets a random UUID4, a new one each time."""
    ids = [(await seen_by_handler(ask()))[0].session_id for _ in range(20)]
    assert len(set(ids)) == 20
    assert {UUID(made).version for made in ids} == {4}
    assert all(re.fullmatch(r"[A-Za-z0-9._:@-]{1,128}", made) for made in ids)


@pytest.mark.parametrize("given", ["mine", " ", "no good\n", "x" * 1000])
async def test_leaves_a_given_id_alone(given: str) -> None:
    """An id that is there is kept, good or bad: to judge it is validation's business."""
    request, _ = await seen_by_handler(ask(given), new_id=pytest.fail)
    assert request.session_id == given


async def test_a_request_that_was_not_decoded() -> None:
    """A request that is None passes without an error, and its messages are numbered all the same."""
    context = FakeContext()

    async def handler(request: Any, context: Any) -> None:
        assert request is None
        await context.write({})

    await link(new_id=lambda: "made").intercept(handler, None, context, METHOD)
    assert context.sent == [{"number": 1, "session_id": "made"}]


async def test_numbers_the_messages_and_names_the_session_in_the_first() -> None:
    """Messages count from 1 in each stream; the first alone carries the session id."""

    async def handler(_request: Any, context: Any) -> None:
        for _ in range(3):
            await context.write({})

    shared = link()
    for _ in range(2):
        context = FakeContext()
        await shared.intercept(handler, ask("mine"), context, METHOD)
        assert [(sent["number"], sent["session_id"]) for sent in context.sent] == [(1, "mine"), (2, ""), (3, "")]


async def test_sends_the_id_in_the_initial_metadata() -> None:
    """The initial metadata carries the session id beside whatever the handler sends; the link itself sends none."""

    async def handler(_request: Any, context: Any) -> None:
        assert context.inner.events == []
        await context.send_initial_metadata((("x-a", "1"),))

    context = FakeContext()
    await link(new_id=lambda: "made").intercept(handler, ask(), context, METHOD)
    assert context.initial_metadata == (("x-a", "1"), ("x-session-id", "made"))


async def test_tells_when_the_request_arrived() -> None:
    """``arrived`` is the clock's time of the request."""
    _, context = await seen_by_handler(ask(), clock=ManualClock(7.0))
    assert context.arrived == 7.0


async def test_logs_a_short_id() -> None:
    """The log context has the method's name and so much of the id as tells sessions apart."""
    bound: dict[str, Any] = {}

    async def handler(_request: Any, _context: Any) -> None:
        bound.update(structlog.contextvars.get_contextvars())

    await asyncio.create_task(link().intercept(handler, ask("0123456789"), FakeContext(), METHOD))
    assert bound == {"method": "Stream", "session": "01234567"}


@pytest.mark.parametrize("how", ENDINGS)
async def test_every_ending_passes(how: str) -> None:
    """However the call ends, it ends so for the link outside too."""

    async def handler(_request: Any, _context: Any) -> None:
        await end_as(how)

    await ending(how, lambda: link().intercept(handler, ask(), FakeContext(), METHOD))


# A client that is gone.


def sends(what: str) -> Any:
    async def handler(_request: Any, context: Any) -> None:
        try:
            await (context.write({}) if what == "message" else context.send_initial_metadata(()))
        finally:
            await asyncio.sleep(0.005)  # clean-up that awaits
            handler.closed = True  # type: ignore[attr-defined]

    return handler


@pytest.mark.parametrize("what", ["message", "initial metadata"])
async def test_a_client_that_is_gone_is_a_cancellation(what: str) -> None:
    """A write to a dead peer waits for the cancellation on its way, so that it can't cut a clean-up later."""
    context = FakeContext()
    context.kill(cancel_after=0.01)
    handler = sends(what)
    task = context.task = asyncio.create_task(link().intercept(handler, ask(), context, METHOD))
    await asyncio.wait({task}, timeout=PATIENCE)
    assert task.cancelled()
    assert handler.closed
    assert task.cancelling() == 1, "it was grpc's own cancellation that came through"


async def test_a_cancellation_that_never_comes_is_not_awaited_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """When no cancellation follows, the write ends as one anyway, after a bounded time."""
    monkeypatch.setattr(session, "GONE_SECONDS", 0.01)
    context = FakeContext()
    context.kill(cancel_after=None)
    handler = sends("message")
    task = asyncio.create_task(link().intercept(handler, ask(), context, METHOD))
    await asyncio.wait({task}, timeout=PATIENCE)
    assert task.cancelled()
    assert handler.closed


async def test_a_blocked_client_that_dies() -> None:
    """A client that is killed while the server is blocked in a write is a cancellation too."""
    context = FakeContext()
    context.block()
    task = asyncio.create_task(link().intercept(sends("message"), ask(), context, METHOD))
    await settle()
    assert not task.done()
    context.kill(cancel_after=0.001)
    await asyncio.wait({task}, timeout=PATIENCE)
    assert task.cancelled()


async def test_any_other_error_of_a_write_comes_through() -> None:
    """What is not the peer's fault, such as an abort before, is not taken for a client that left."""

    async def handler(_request: Any, context: Any) -> None:
        with pytest.raises(grpc.aio.AbortError):
            await context.abort(grpc.StatusCode.INTERNAL, "", ())
        await context.write({})

    with pytest.raises(grpc.aio.AbortError):
        await link().intercept(handler, ask(), FakeContext(), METHOD)


async def test_a_message_behind_one_that_is_on_its_way() -> None:
    """A write that was cancelled leaves its message on its way; the next one, such as the last words, waits for it."""
    context = FakeContext()

    async def handler(_request: Any, context: Any) -> None:
        await context.send_initial_metadata(())
        context.block()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await context.write({"n": "a"})
        await context.write({"n": "b"})
        await context.write({"n": "c"})

    task = asyncio.create_task(link().intercept(handler, ask(), context, METHOD))
    await until(lambda: context.events.count("write") > 3)
    assert context.sent == []
    context.unblock()
    await asyncio.wait({task}, timeout=PATIENCE)
    assert task.exception() is None
    assert [message["n"] for message in context.sent] == ["a", "b", "c"]


async def test_it_waits_only_as_long_as_its_caller() -> None:
    """A client that does not read at all holds nobody."""
    context = FakeContext()
    context.block()

    async def handler(_request: Any, context: Any) -> None:
        for _ in range(3):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.03):
                    await context.write({})

    async with asyncio.timeout(PATIENCE):
        await link().intercept(handler, ask(), context, METHOD)


async def test_a_status_behind_headers_that_are_on_their_way() -> None:
    """A stream that is ended while its headers leave still ends with a status."""
    context = FakeContext()
    context.block()

    async def handler(_request: Any, context: Any) -> None:
        async with endable() as end:
            asyncio.get_running_loop().call_soon(end, ValueError())
            await context.send_initial_metadata(())

    async def outer(request: Any, context: Any) -> None:
        try:
            await handler(request, context)
        except ValueError:
            await context.abort(grpc.StatusCode.CANCELLED, "", ())

    task = asyncio.create_task(link().intercept(outer, ask(), context, METHOD))
    await settle()
    assert context.status is None
    context.unblock()
    await asyncio.wait({task}, timeout=PATIENCE)
    assert isinstance(task.exception(), grpc.aio.AbortError)
    assert context.initial_metadata is not None


@pytest.mark.parametrize("patience", [0.01, PATIENCE], ids=["given up", "read late"])
async def test_the_last_words_of_a_refused_call(patience: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refused call sends its headers by themselves, before its message: with a client that reads late both arrive,
    and the status behind them, also when the call has given up waiting for the message.
    """
    monkeypatch.setattr(session, "GONE_SECONDS", 0.01)
    context = FakeContext()
    context.block()

    async def refused(_request: Any, context: Any) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await context.write({})
        await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "", ())

    task = asyncio.create_task(link().intercept(refused, ask(), context, METHOD))
    await asyncio.sleep(0.1)
    assert context.events == ["initial_metadata"]
    context.unblock()
    await asyncio.wait({task}, timeout=PATIENCE)
    assert isinstance(task.exception(), grpc.aio.AbortError)
    assert context.initial_metadata == ()
    assert len(context.sent) == (1 if patience == PATIENCE else 0)


async def test_headers_that_nobody_waits_for(caplog: pytest.LogCaptureFixture) -> None:
    """Headers that fail after their client has cancelled are no news for the log."""
    context = FakeContext()
    context.block()
    task = asyncio.create_task(link().intercept(lambda _, c: c.send_initial_metadata(()), ask(), context, METHOD))
    await settle()
    task.cancel()
    await settle()
    context.kill(cancel_after=None)
    await asyncio.wait({task}, timeout=PATIENCE)
    del task
    gc.collect()
    assert caplog.records == []
