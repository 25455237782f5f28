"""Early input on its way past the chain."""

import asyncio
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from pytest_mock import MockerFixture

from interceptors.base import Call, StreamInterceptor
from interceptors.early_input import EarlyInputInterceptor
from interceptors.errors import Rejected
from interceptors.streams import Streams
from interceptors.testing import METHOD, FakeContext


class Witness(StreamInterceptor):
    """A pace link that notes what passes."""

    def __init__(self) -> None:
        super().__init__()
        self.passed: list[str] = []

    async def intercept(self, method: Call, request: Any, context: Any, method_name: str) -> Any:
        self.passed.append(method_name)
        return await method(request, context)


class Setup:
    """The link, and what it did."""

    def __init__(self) -> None:
        self.kept: list[Any] = []
        self.pace = Witness()
        self.streams = Streams("reject")
        self.link = EarlyInputInterceptor(
            [METHOD],
            is_early=lambda request: request.early,
            keep=lambda request, context: self.kept.append((request, context)),
            accepted=lambda: "accepted",
            streams=self.streams,
            timed_by=self.pace,
        )

    def ask(self, handler: Callable[[Any, Any], Awaitable[Any]], context: FakeContext, *, early: bool) -> Any:
        return self.link.intercept(handler, SimpleNamespace(early=early), context, METHOD)


async def test_early_input_is_kept_and_answered(mocker: MockerFixture) -> None:
    """It gets initial metadata and one message, within the limits of time; nothing further in is called."""
    setup, context, handler = Setup(), FakeContext(), mocker.AsyncMock()
    await setup.ask(handler, context, early=True)
    handler.assert_not_called()
    assert [(request.early, at) for request, at in setup.kept] == [(True, context)]
    assert (context.initial_metadata, context.sent) == ((), ["accepted"])
    assert setup.pace.passed == [METHOD]


async def test_any_other_call_passes(mocker: MockerFixture) -> None:
    """Nothing is kept of it, and its answer comes back."""
    setup, context = Setup(), FakeContext()
    handler = mocker.AsyncMock(return_value="answer")
    assert await setup.ask(handler, context, early=False) == "answer"
    assert setup.kept == setup.pace.passed == context.events == []


async def test_a_drain_refuses_it(mocker: MockerFixture) -> None:
    """A server that shuts down keeps nothing more."""
    setup, context, handler = Setup(), FakeContext(), mocker.AsyncMock()
    await setup.streams.drain(0)
    with pytest.raises(Rejected, match="DRAINING") as refused:
        await setup.ask(handler, context, early=True)
    assert refused.value.retry_after is not None
    assert setup.kept == context.events == []


async def test_it_waits_for_no_stream(mocker: MockerFixture) -> None:
    """A stream of the same session that runs does not matter."""
    setup, context = Setup(), FakeContext()
    async with setup.streams.enter("anonymous", "s", "mac"), asyncio.timeout(None):
        await setup.ask(mocker.AsyncMock(), context, early=True)
    assert context.sent == ["accepted"]
