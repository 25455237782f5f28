"""The door."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from pytest_mock import MockerFixture

from interceptors.admission import AdmissionInterceptor
from interceptors.errors import Rejected
from interceptors.limiter import MemoryLimiter
from interceptors.testing import ENDINGS, METHOD, FakeContext, end_as, ending


def door(limiter: MemoryLimiter) -> AdmissionInterceptor:
    return AdmissionInterceptor({METHOD: limiter}, lambda request, _context: request.client)


def ask(client: str = "a") -> SimpleNamespace:
    return SimpleNamespace(client=client)


@pytest.mark.parametrize("how", ENDINGS)
async def test_every_ending_gives_back_after_the_work_has_stopped(how: str) -> None:
    """However the call ends, its lease is held while the handler cleans up, and back when it is over."""
    limiter = MemoryLimiter(1, 0)
    held = []

    async def handler(_request: Any, _context: Any) -> None:
        try:
            await end_as(how)
        finally:
            await asyncio.sleep(0.001)
            held.append(len(limiter))

    await ending(how, lambda: door(limiter).intercept(handler, ask(), FakeContext(), METHOD))
    assert held == [1]
    assert len(limiter) == 0


async def test_a_refused_call_never_reaches_the_handler(mocker: MockerFixture) -> None:
    """On a full server the handler is not called, nothing is sent, and the running stream keeps its place."""
    limiter = MemoryLimiter(1, 0)
    limiter.acquire("a")
    context = FakeContext()
    handler = mocker.AsyncMock()
    with pytest.raises(Rejected, match="STREAM_LIMIT_EXCEEDED"):
        await door(limiter).intercept(handler, ask("b"), context, METHOD)
    handler.assert_not_called()
    assert context.events == []
    assert len(limiter) == 1


@pytest.mark.parametrize(("most", "most_per_client", "clients", "admitted"), [(16, 0, 400, 16), (400, 1, 20, 20)])
async def test_a_burst(most: int, most_per_client: int, clients: int, admitted: int) -> None:
    """Of 400 calls at once exactly as many run as the limits allow; when they are over, so many run again."""
    limiter = MemoryLimiter(most, most_per_client)
    link = door(limiter)
    for _ in range(2):
        ran = []
        go_on = asyncio.Event()

        async def handler(request: Any, _context: Any, ran: list[Any] = ran, go_on: asyncio.Event = go_on) -> None:
            ran.append(request)
            await go_on.wait()

        asyncio.get_running_loop().call_later(0.01, go_on.set)
        results = await asyncio.gather(
            *(link.intercept(handler, ask(f"{n % clients}"), FakeContext(), METHOD) for n in range(400)),
            return_exceptions=True,
        )
        assert len(ran) == admitted
        assert sum(isinstance(result, Rejected) for result in results) == 400 - admitted
        assert len(limiter) == 0


async def test_a_unary_response_passes() -> None:
    """What the handler returns comes back."""

    async def handler(_request: Any, _context: Any) -> str:
        return "response"

    assert await door(MemoryLimiter(1, 0)).intercept(handler, ask(), FakeContext(), METHOD) == "response"
