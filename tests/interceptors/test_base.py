"""The base of every link, and ``endable``: what ends a block from outside."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import grpc
import pytest

from interceptors.base import StreamInterceptor, WrappedContext, endable, identity, metadata_value
from interceptors.testing import METHOD, Boom, FakeContext, chained
from tests.fakes import PATIENCE, settle


class Stopped(Exception):
    """What ends a block from outside."""


class Block:
    """A task that waits in an ``endable`` block. ``slow``: its clean-up waits for ``let_go``."""

    def __init__(self, *, slow: bool = False, body: Callable[[], Any] | None = None) -> None:
        self.closed = False
        self.let_go = asyncio.Event()
        if not slow:
            self.let_go.set()
        self._body = body or (lambda: asyncio.sleep(3600))
        self.task = asyncio.create_task(self._run())

    async def _run(self) -> str:
        async with endable() as self.end:
            try:
                await self._body()
            finally:
                await self.let_go.wait()
                self.closed = True
        return "finished"

    async def ended(self) -> BaseException | str:
        await asyncio.wait({self.task}, timeout=PATIENCE)
        if self.task.cancelled():
            return "cancelled"
        return self.task.exception() or self.task.result()


async def started(**options: Any) -> Block:
    block = Block(**options)
    await settle()
    return block


async def test_ends_from_outside_after_clean_up() -> None:
    """Whoever calls ``end(error)`` ends the block, whose clean-up may await, and which then raises that error."""
    block = await started(slow=True)
    error = Stopped()
    block.end(error)
    await settle()
    assert not block.task.done()
    block.let_go.set()
    assert await block.ended() is error
    assert block.closed


async def test_leaves_no_cancellation_behind() -> None:
    """After the error has come out, the task is not cancelled: it may await its last words."""
    cancelling = []

    async def run() -> None:
        with suppress(Stopped):
            async with endable() as end:
                end(Stopped())
                await asyncio.sleep(3600)
        cancelling.append(asyncio.current_task().cancelling())  # type: ignore[union-attr]
        await asyncio.sleep(0.001)

    await asyncio.create_task(run())
    assert cancelling == [0]


async def test_the_first_error_wins() -> None:
    """Ended twice, the block raises the first error, and its clean-up is not cut by the second."""
    block = await started(slow=True)
    first = Stopped("first")
    block.end(first)
    block.end(Stopped("at once"))
    await settle()
    block.end(Stopped("while closing"))
    await settle()
    block.let_go.set()
    assert await block.ended() is first
    assert block.closed


@pytest.mark.parametrize("client_first", [True, False])
async def test_a_client_cancel_at_the_same_time_stays_a_cancellation(client_first: bool) -> None:
    """Cancelled by its client and ended at once, the block stays cancelled: nobody is there to read the error."""
    block = await started()
    if client_first:
        block.task.cancel()
        block.end(Stopped())
    else:
        block.end(Stopped())
        block.task.cancel()
    assert await block.ended() == "cancelled"


async def test_a_client_cancel_while_closing_stays_a_cancellation() -> None:
    """A client that leaves while an ended block closes is a cancellation."""
    block = await started(slow=True)
    block.end(Stopped())
    await settle()
    block.task.cancel()
    assert await block.ended() == "cancelled"


async def test_end_while_a_finished_block_closes() -> None:
    """Ended while it cleans up after its work, the block raises the error."""
    block = await started(slow=True, body=lambda: asyncio.sleep(0))
    error = Stopped()
    block.end(error)
    assert await block.ended() is error


async def test_end_after_the_block_finished() -> None:
    """Ending a block that is over does nothing."""
    block = Block(body=lambda: asyncio.sleep(0))
    assert await block.ended() == "finished"
    block.end(Stopped())
    await settle()
    assert await block.ended() == "finished"


@pytest.mark.parametrize("error", [Boom(), TimeoutError()])
async def test_the_blocks_own_error_comes_through(error: Exception) -> None:
    """What the block itself raises, with nobody ending it, is not replaced."""

    async def body() -> None:
        raise error

    assert await Block(body=body).ended() is error


@pytest.mark.parametrize("order", ["outer", "inner", "outer inner", "inner outer"])
async def test_nested_the_outer_end_wins(order: str) -> None:
    """Of two blocks inside each other that are both ended, the outer one's error comes out."""
    ends: dict[str, Callable[[Exception], None]] = {}
    closed = []

    async def run() -> None:
        async with endable() as ends["outer"]:
            try:
                async with endable() as ends["inner"]:
                    try:
                        await asyncio.sleep(3600)
                    finally:
                        await asyncio.sleep(0.001)
                        closed.append("inner")
            finally:
                closed.append("outer")

    task = asyncio.create_task(run())
    await settle()
    for name in order.split():
        ends[name](Stopped(name))
    with pytest.raises(Stopped, match="outer" if "outer" in order else "inner"):
        await task
    assert closed == ["inner", "outer"]


# The links.


class Marked(StreamInterceptor):
    """Notes who passes."""

    def __init__(self, name: str, seen: list[str]) -> None:
        super().__init__([METHOD])
        self._name = name
        self._seen = seen

    async def intercept(self, method: Any, request: Any, context: Any, method_name: str) -> Any:
        self._seen.append(f"{self._name} {method_name}")
        try:
            return await method(request, context)
        finally:
            self._seen.append(f"/{self._name}")


async def found(link: StreamInterceptor, handler: Any, method: str) -> Any:
    async def continuation(_details: Any) -> Any:
        return handler

    return await link.intercept_service(continuation, SimpleNamespace(method=method, invocation_metadata=()))


async def streaming(request: Any, context: Any) -> None:
    await context.write(request)


async def unary(request: Any, _context: Any) -> str:
    return f"answer to {request}"


async def test_a_method_it_does_not_know_passes_untouched() -> None:
    """A link gives the handler of any other method back as it is, health's coroutine handlers too."""
    seen: list[str] = []
    handler = grpc.unary_stream_rpc_method_handler(streaming)
    assert await found(Marked("a", seen), handler, "/grpc.health.v1.Health/Watch") is handler
    assert seen == []


class Anyone(StreamInterceptor):
    """Lets every call pass, also where its constructor forgets the base's."""

    def __init__(self) -> None:
        pass

    async def intercept(self, method: Any, request: Any, context: Any, method_name: str) -> Any:
        return f"{method_name}: {await method(request, context)}"


async def test_by_default_every_method_but_grpcs_own_passes() -> None:
    """A link that names no methods wraps the service's methods; health and reflection don't notice it."""
    handler = grpc.unary_unary_rpc_method_handler(unary)
    wrapped = await found(Anyone(), handler, METHOD)
    assert await wrapped.unary_unary("x", FakeContext()) == f"{METHOD}: answer to x"
    for method in ("/grpc.health.v1.Health/Check", "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"):
        assert await found(Anyone(), handler, method) is handler


async def test_an_unknown_method_stays_unknown() -> None:
    """Where there is no handler, a link makes none."""
    assert await found(Marked("a", []), None, METHOD) is None


async def test_keeps_a_streaming_handler_streaming() -> None:
    """A streaming handler stays one: with its (de)serializers, and as a coroutine function, which grpc asks for."""
    seen: list[str] = []
    before = grpc.unary_stream_rpc_method_handler(streaming, bytes.decode, str.encode)
    after = await found(Marked("a", seen), before, METHOD)
    assert (after.request_streaming, after.response_streaming) == (False, True)
    assert (after.request_deserializer, after.response_serializer) == (bytes.decode, str.encode)
    assert asyncio.iscoroutinefunction(after.unary_stream)
    context = FakeContext()
    assert await after.unary_stream("x", context) is None
    assert context.sent == ["x"]
    assert seen == [f"a {METHOD}", "/a"]


async def test_keeps_a_unary_handler_unary() -> None:
    """A unary handler stays one, and its response comes back through the link."""
    before = grpc.unary_unary_rpc_method_handler(unary, bytes.decode, str.encode)
    after = await found(Marked("a", []), before, METHOD)
    assert (after.request_streaming, after.response_streaming) == (False, False)
    assert await after.unary_unary("x", FakeContext()) == "answer to x"


async def test_links_end_inside_out() -> None:
    """The first link of a chain is entered first and left last."""
    seen: list[str] = []
    await chained(Marked("a", seen), Marked("b", seen), handler=streaming)("x", FakeContext())
    assert seen == [f"a {METHOD}", f"b {METHOD}", "/b", "/a"]


async def test_the_base_itself_is_no_link() -> None:
    """A link without ``intercept`` fails loudly."""
    with pytest.raises(NotImplementedError):
        await StreamInterceptor([METHOD]).intercept(streaming, "x", FakeContext(), METHOD)


def test_identity_is_anonymous_unless_told() -> None:
    """Without a link that knows better, everybody is the same anonymous identity; a wrapped context hands it on."""
    assert identity(WrappedContext(FakeContext())) == "anonymous"
    assert identity(WrappedContext(WrappedContext(FakeContext(identity="mac-1")))) == "mac-1"


def test_metadata_value() -> None:
    """The first value of a key, empty where there is none, or no metadata at all."""
    assert metadata_value(FakeContext({"x-a": "1"}), "x-a") == "1"
    assert metadata_value(FakeContext(), "x-a") == ""
    assert metadata_value(SimpleNamespace(invocation_metadata=lambda: None), "x-a") == ""
