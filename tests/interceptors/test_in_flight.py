"""The calls in flight: until their tasks, which send the status, have ended."""

import asyncio

from interceptors.in_flight import InFlightInterceptor
from interceptors.testing import METHOD, FakeContext, chained
from tests.fakes import settle


async def test_waits_for_the_whole_call() -> None:
    """A call is over when its task is, which goes on behind all links to send the status."""
    calls, status = InFlightInterceptor(), asyncio.Event()

    async def handler(_request: object, _context: object) -> None:
        return None

    async def rpc() -> None:
        await chained(calls, handler=handler, method=METHOD)(None, FakeContext())
        await status.wait()

    task = asyncio.create_task(rpc())
    await settle()
    waiting = asyncio.create_task(calls.ended(120.0))
    await settle()
    assert not waiting.done()
    status.set()
    await waiting
    assert task.done()


async def test_waits_so_long_at_most() -> None:
    """A call that hangs is left."""
    calls = InFlightInterceptor()

    async def handler(_request: object, _context: object) -> None:
        await asyncio.sleep(1000)

    task = asyncio.create_task(chained(calls, handler=handler)(None, FakeContext()))  # type: ignore[arg-type]
    await settle()
    await calls.ended(0.01)
    assert not task.done()
    task.cancel()
