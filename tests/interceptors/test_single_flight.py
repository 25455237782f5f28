"""One stream for each session, as a link outside admission."""

import asyncio
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest

from interceptors.admission import AdmissionInterceptor
from interceptors.errors import Rejected, StreamError
from interceptors.limiter import MemoryLimiter
from interceptors.single_flight import SingleFlightInterceptor
from interceptors.streams import Streams
from interceptors.testing import ENDINGS, METHOD, FakeContext, chained, end_as, ending
from tests.fakes import settle, until


class House:
    """Single-flight and admission, as the container chains them, with a handler that waits."""

    def __init__(self, *, replace: bool, most: int = 10) -> None:
        self.streams = Streams("replace" if replace else "reject")
        self.limiter = MemoryLimiter(most, 0)
        self.asked: list[str] = []
        self.go_on = asyncio.Event()
        self.call = chained(
            SingleFlightInterceptor([METHOD], self.streams),
            AdmissionInterceptor({METHOD: self.limiter}, lambda request, _context: request.hardware_id),
            handler=self._handler,
        )

    async def _handler(self, request: Any, _context: Any) -> None:
        self.asked.append(request.session_id)
        try:
            await self.go_on.wait()
        finally:
            await asyncio.sleep(0.001)

    def start(self, session: str, identity: str = "") -> asyncio.Task[None]:
        request = SimpleNamespace(session_id=session, hardware_id="mac")
        return asyncio.create_task(self.call(request, FakeContext(identity=identity)))

    def is_empty(self) -> bool:
        return not len(self.streams) and not len(self.limiter)


async def reason(task: asyncio.Task[None]) -> str:
    with pytest.raises(StreamError) as ended:
        await task
    return ended.value.reason


@pytest.mark.parametrize("replace", [False, True])
@pytest.mark.parametrize("how", ENDINGS)
async def test_every_ending_leaves_nothing(replace: bool, how: str) -> None:
    """However the call ends, the session is free afterwards."""
    streams = Streams("replace" if replace else "reject")
    link = SingleFlightInterceptor([METHOD], streams)
    for _ in range(2):

        async def handler(_request: Any, _context: Any) -> None:
            assert len(streams) == 1
            await end_as(how)

        request = SimpleNamespace(session_id="s", hardware_id="mac")
        await ending(how, partial(link.intercept, handler, request, FakeContext(), METHOD))
        assert len(streams) == 0


async def test_a_duplicate_on_a_full_server() -> None:
    """On a full server, a duplicate is told that it is one; a stranger that the server is full."""
    house = House(replace=False, most=1)
    first = house.start("s")
    await settle()
    assert await reason(house.start("s")) == "CONCURRENT_REQUEST"
    assert await reason(house.start("t")) == "STREAM_LIMIT_EXCEEDED"
    house.go_on.set()
    await first
    assert house.asked == ["s"]
    assert house.is_empty()


async def test_a_stream_refused_by_admission_frees_its_session() -> None:
    """A stream that the limiter refuses does not block its session."""
    house = House(replace=False, most=1)
    first = house.start("s")
    await settle()
    assert await reason(house.start("t")) == "STREAM_LIMIT_EXCEEDED"
    assert len(house.streams) == 1
    house.go_on.set()
    await first
    await house.start("t")
    assert house.asked == ["s", "t"]


async def test_replace_on_a_full_server() -> None:
    """On a full server the newer stream takes the older one's place: nobody else can get in between."""
    house = House(replace=True, most=1)
    older = house.start("s")
    await settle()
    newer = house.start("s")
    assert await reason(older) == "INTERRUPTED"
    await settle()
    assert house.asked == ["s", "s"]
    house.go_on.set()
    await newer
    assert house.is_empty()


async def test_the_same_session_of_another_identity() -> None:
    """Two identities may use the same session id at the same time."""
    house = House(replace=False)
    tasks = [house.start("s", "one"), house.start("s", "two")]
    await settle()
    assert house.asked == ["s", "s"]
    house.go_on.set()
    await asyncio.gather(*tasks)


async def test_racing_duplicates_call_one_model() -> None:
    """200 racing duplicates call the handler once."""
    house = House(replace=False)
    tasks = [house.start("s") for _ in range(200)]
    await until(lambda: sum(task.done() for task in tasks) == 199)
    house.go_on.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert house.asked == ["s"]
    assert sum(isinstance(result, Rejected) for result in results) == 199
    assert house.is_empty()


async def test_a_request_without_a_device() -> None:
    """A request of a type that names no device runs all the same."""
    streams = Streams("reject")

    async def handler(_request: Any, _context: Any) -> str:
        assert len(streams) == 1
        return "well"

    link = SingleFlightInterceptor([METHOD], streams)
    assert await link.intercept(handler, SimpleNamespace(session_id="s"), FakeContext(), METHOD) == "well"
