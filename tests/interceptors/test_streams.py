"""The running streams: one for each session, ended from outside, waited for when the server drains."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any

import pytest

from interceptors import streams as streams_module
from interceptors.base import ANONYMOUS
from interceptors.errors import Rejected, StreamError
from interceptors.limiter import MemoryLimiter
from interceptors.streams import Streams
from interceptors.testing import ENDINGS, end_as, ending
from tests.fakes import PATIENCE, settle, until

GRACE = streams_module.LOOKS * streams_module.LOOK_SECONDS


class Run:
    """A task that is one stream, with a lease of *limiter* inside. ``closing``: seconds that its clean-up awaits; it
    waits for ``let_go`` too, when a test has cleared that.
    """

    def __init__(
        self,
        streams: Streams,
        session: str = "s",
        *,
        identity: str = "me",
        device: str = "mac",
        limiter: MemoryLimiter | None = None,
        closing: float = 0.0,
        log: list[str] | None = None,
        name: str = "",
        replaces: bool = False,
        refused: bool = False,
    ) -> None:
        self.began = False
        self.closed = False
        self.log = [] if log is None else log
        self.name = name
        self._limiter = MemoryLimiter(1000, 0) if limiter is None else limiter  # an empty one is falsy
        self._closing = closing
        self.let_go = asyncio.Event()
        self.let_go.set()
        self.go_on = asyncio.Event()
        self._streams = streams
        self._refused = refused
        self.task = asyncio.create_task(self._run(streams.enter(identity, session, device, replaces=replaces)))

    async def _run(self, place: Any) -> str:
        async with place as stream:
            if self._refused:
                raise Rejected("STREAM_LIMIT_EXCEEDED")
            older = self._streams.replaced_by(stream)
            async with self._limiter.admit("client", older.lease if older else None) as lease:
                await self._streams.admitted(stream, lease)
                return await self._work()

    async def _work(self) -> str:
        self.began = True
        self.log.append(f"{self.name} begins")
        try:
            await self.go_on.wait()
        finally:
            await asyncio.sleep(self._closing)
            await self.let_go.wait()
            self.closed = True
            self.log.append(f"{self.name} closed")
        return "finished"

    async def finish(self) -> str:
        """Let it finish, and return how it ended."""
        self.go_on.set()
        return await self.ended()

    async def ended(self) -> str:
        """How it ended: the reason, ``finished`` or ``cancelled``."""
        await asyncio.wait({self.task}, timeout=PATIENCE)
        if self.task.cancelled():
            return "cancelled"
        error = self.task.exception()
        if isinstance(error, StreamError):
            return error.reason
        return self.task.result()


async def started(streams: Streams, session: str = "s", **options: Any) -> Run:
    """Return a stream that runs, or waits for its turn."""
    run = Run(streams, session, **options)
    await settle()
    return run


def bookkeeping(streams: Streams) -> tuple[int, int]:
    return len(streams), len(streams._running)


@pytest.fixture(params=["reject", "replace"])
def streams(request: pytest.FixtureRequest) -> Iterator[Streams]:
    """Of both policies; nothing may be left in the books after a test."""
    made = Streams(request.param)
    yield made
    assert bookkeeping(made) == (0, 0)


REJECT = pytest.mark.parametrize("streams", ["reject"], indirect=True)
REPLACE = pytest.mark.parametrize("streams", ["replace"], indirect=True)


@pytest.mark.parametrize("how", ENDINGS)
async def test_every_ending_leaves_nothing(streams: Streams, how: str) -> None:
    """However a stream ends, it is forgotten, and its session may be answered again."""
    for _ in range(2):

        async def run() -> None:
            async with streams.enter("me", "s", "mac"):
                assert bookkeeping(streams) == (1, 1)
                await end_as(how)

        await ending(how, run)
        assert bookkeeping(streams) == (0, 0)


@pytest.mark.parametrize("other", [("you", "s"), ("me", "t")])
async def test_other_sessions_and_identities_run_beside(streams: Streams, other: tuple[str, str]) -> None:
    """Only the same identity and session is a duplicate."""
    first, second = Run(streams), Run(streams, other[1], identity=other[0])
    await settle()
    assert first.began
    assert second.began
    assert [await first.finish(), await second.finish()] == ["finished", "finished"]


@REJECT
async def test_reject_refuses_the_second(streams: Streams) -> None:
    """The second stream of a session is refused at once, without a retry; the first does not notice; a third after its
    end runs.
    """
    first = await started(streams)
    with pytest.raises(Rejected) as refused:
        async with streams.enter("me", "s", "mac"):
            pytest.fail("entered")
    assert (refused.value.reason, refused.value.retry_after) == ("CONCURRENT_REQUEST", None)
    assert bookkeeping(streams) == (1, 1)
    assert await first.finish() == "finished"
    third = await started(streams)
    assert third.began
    assert await third.finish() == "finished"


@REJECT
async def test_a_stream_that_leaves_is_waited_for(streams: Streams) -> None:
    """A stream whose client has cancelled it blocks its session only until its work has stopped: the next one waits,
    and never runs beside it.
    """
    first = await started(streams)
    first.let_go.clear()
    first.task.cancel()
    second = await started(streams)
    await asyncio.sleep(GRACE)
    assert not second.task.done()
    assert not second.began
    first.let_go.set()
    assert await second.finish() == "finished"
    assert await first.ended() == "cancelled"


@REJECT
async def test_a_cancel_that_comes_later(streams: Streams) -> None:
    """The client's cancel may arrive a moment after its next request, also on a loop that stands still meanwhile."""
    first = await started(streams)
    second = await started(streams)
    time.sleep(2 * GRACE)  # noqa: ASYNC251  (the loop stands still)
    asyncio.get_running_loop().call_later(0, first.task.cancel)
    assert await second.finish() == "finished"
    assert await first.ended() == "cancelled"


@REJECT
async def test_a_stream_that_ends_soon(streams: Streams) -> None:
    """A stream that ends by itself within the moment lets the next one in."""
    first = await started(streams)
    second = await started(streams)
    assert await first.finish() == "finished"
    assert await second.finish() == "finished"


@REJECT
async def test_one_that_leaves_and_never_closes(streams: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    """The wait for a stream that leaves is bounded."""
    monkeypatch.setattr(streams_module, "CLOSE_SECONDS", 2 * GRACE)
    first = await started(streams)
    first.let_go.clear()
    first.task.cancel()
    second = await started(streams)
    assert await second.ended() == "CONCURRENT_REQUEST"
    first.let_go.set()
    assert await first.ended() == "cancelled"


@REJECT
async def test_of_two_that_wait_one_runs(streams: Streams) -> None:
    """When the stream that leaves has closed, one of those that wait runs, and the others meet that one."""
    first = await started(streams)
    first.let_go.clear()
    first.task.cancel()
    waiting = [await started(streams) for _ in range(3)]
    first.let_go.set()
    endings = [await run.ended() for run in waiting[1:]]
    assert endings == ["CONCURRENT_REQUEST"] * 2
    assert await waiting[0].finish() == "finished"
    assert await first.ended() == "cancelled"


@REJECT
async def test_one_that_waits_is_interrupted(streams: Streams) -> None:
    """An interruption ends the stream that leaves and the one that waits for its end."""
    first = await started(streams)
    first.let_go.clear()
    first.task.cancel()
    second = await started(streams)
    interruption = asyncio.create_task(streams.interrupt("me", "mac", ""))
    await settle()
    first.let_go.set()
    assert await interruption == ["s"]
    assert await second.ended() == "INTERRUPTED"
    assert not second.began
    assert await first.ended() == "cancelled"


@REJECT
async def test_of_racing_duplicates_one_wins(streams: Streams) -> None:
    """200 streams of one session at once: exactly one runs, all others are CONCURRENT_REQUEST."""
    runs = [Run(streams) for _ in range(200)]
    await until(lambda: sum(run.task.done() for run in runs) == 199)
    [winner] = [run for run in runs if run.began]
    assert await winner.finish() == "finished"
    endings = [await run.ended() for run in runs]
    assert endings.count("CONCURRENT_REQUEST") == 199


# replace


@REPLACE
async def test_replace_waits_for_the_olders_lease(streams: Streams) -> None:
    """The older stream ends INTERRUPTED, and its lease is back before the newer one starts, on a full server too."""
    limiter, log = MemoryLimiter(1, 0), list[str]()
    older = await started(streams, limiter=limiter, closing=0.005, log=log, name="older")
    newer = Run(streams, limiter=limiter, log=log, name="newer")
    assert await older.ended() == "INTERRUPTED"
    await settle()
    assert log == ["older begins", "older closed", "newer begins"]
    assert await newer.finish() == "finished"
    assert len(limiter) == 0


@pytest.mark.parametrize("leaves", [False, True])
@REPLACE
async def test_three_in_a_row(streams: Streams, leaves: bool) -> None:
    """A third waits for both before it: the second keeps its place until the first has closed, also when its client
    *leaves* meanwhile. One place is enough for all three.
    """
    limiter, log = MemoryLimiter(1, 0), list[str]()
    a = await started(streams, limiter=limiter, log=log, name="a")
    a.let_go.clear()
    b = await started(streams, limiter=limiter, log=log, name="b")
    if leaves:
        b.task.cancel()
        await settle()
    c = await started(streams, limiter=limiter, log=log, name="c")
    b.task.cancel()
    await settle()
    assert [run.task.done() for run in (a, b, c)] == [False] * 3
    assert len(limiter) == 1
    a.let_go.set()
    assert await a.ended() == "INTERRUPTED"
    assert await b.ended() == "cancelled"
    await settle()
    assert log == ["a begins", "a closed", "c begins"]
    assert bookkeeping(streams) == (1, 1)
    assert await c.finish() == "finished"
    assert len(limiter) == 0


@REJECT
async def test_a_request_that_replaces(streams: Streams) -> None:
    """A request may ask for it by itself."""
    older = await started(streams)
    newer = await started(streams, replaces=True)
    assert await older.ended() == "INTERRUPTED"
    assert await newer.finish() == "finished"


async def test_nobody_slips_in(streams: Streams) -> None:
    """On a full server a stream that replaces another one takes over its place, while others want it all the time."""
    limiter = MemoryLimiter(1, 0)
    older = await started(streams, limiter=limiter, closing=0.01)
    newer = await started(streams, limiter=limiter, replaces=True)
    others = []
    while not newer.began:
        others.append(await started(streams, f"other{len(others)}", limiter=limiter))
    assert {await run.ended() for run in others} == {"STREAM_LIMIT_EXCEEDED"}
    assert await older.ended() == "INTERRUPTED"
    assert await newer.finish() == "finished"


async def test_refused_for_another_reason(streams: Streams) -> None:
    """When the newer stream is refused behind single-flight, the older one runs on, and is the session's as before."""
    older = await started(streams)
    newer = await started(streams, replaces=True, refused=True)
    assert await newer.ended() == "STREAM_LIMIT_EXCEEDED"
    assert bookkeeping(streams) == (1, 1)
    assert not older.task.done()
    assert await older.finish() == "finished"


@pytest.mark.parametrize("device", ["phone", ""])
async def test_a_strangers_stream_is_not_replaced(streams: Streams, device: str) -> None:
    """Without auth, only the same device replaces its stream; one without a device none of a device."""
    older = await started(streams, identity=ANONYMOUS)
    newer = await started(streams, identity=ANONYMOUS, device=device, replaces=True)
    assert await newer.ended() == "CONCURRENT_REQUEST"
    assert await older.finish() == "finished"


async def test_an_identity_replaces_from_any_device(streams: Streams) -> None:
    """With auth, a stream belongs to its identity, whatever the device."""
    older = await started(streams)
    newer = await started(streams, device="phone", replaces=True)
    assert await older.ended() == "INTERRUPTED"
    assert await newer.finish() == "finished"


async def test_a_stranger_comes_in_between(streams: Streams) -> None:
    """A stream that was to replace its own one, and finds a stranger's when it is admitted, is refused."""
    older = await started(streams, identity=ANONYMOUS)
    async with streams.enter(ANONYMOUS, "s", "mac", replaces=True) as newer:
        assert await older.finish() == "finished"
        stranger = await started(streams, identity=ANONYMOUS, device="phone")
        with pytest.raises(Rejected, match="CONCURRENT_REQUEST"):
            streams.replaced_by(newer)
        assert await stranger.finish() == "finished"


@REPLACE
async def test_all_that_wait_leave(streams: Streams) -> None:
    """When all that waited have left, and then the oldest has closed, nothing is left in the books."""
    runs = [Run(streams, closing=0.005)]
    await settle()
    for _ in range(3):
        runs.append(Run(streams))
        await settle()
        runs[-1].task.cancel()
        await settle()
    assert await runs[0].ended() == "INTERRUPTED"
    assert {await run.ended() for run in runs[1:]} == {"cancelled"}
    await settle()


@REPLACE
async def test_200_replacing_each_other(streams: Streams) -> None:
    """200 streams of one session at once, at a limit of one: the last runs, and never two together."""
    limiter = MemoryLimiter(1, 0)
    runs = [Run(streams, limiter=limiter, closing=0.001) for _ in range(200)]
    runs[-1].go_on.set()
    endings = [await run.ended() for run in runs]
    assert endings == ["INTERRUPTED"] * 199 + ["finished"]


# Interruption


async def test_interrupt_a_device(streams: Streams) -> None:
    """All streams of a device end INTERRUPTED, and their ids come back when their work has stopped; others run on."""
    mine = [Run(streams, session, closing=0.002) for session in ("s2", "s1")]
    other = await started(streams, "s3", device="phone")
    assert await streams.interrupt("me", "mac", "") == ["s1", "s2"]
    assert [run.closed for run in mine] == [True, True]
    assert [await run.ended() for run in mine] == ["INTERRUPTED", "INTERRUPTED"]
    assert not other.closed
    assert await other.finish() == "finished"


async def test_interrupt_one_session(streams: Streams) -> None:
    """With a session id, only that session of the device ends."""
    first, second = Run(streams, "s1"), Run(streams, "s2")
    await settle()
    assert await streams.interrupt("me", "mac", "s1") == ["s1"]
    assert await first.ended() == "INTERRUPTED"
    assert not second.closed
    await second.finish()


@pytest.mark.parametrize(("device", "session"), [("mac", "unknown"), ("unknown", ""), ("unknown", "s")])
async def test_interrupt_nothing(streams: Streams, device: str, session: str) -> None:
    """Where nothing matches, nothing ends, and no id comes back."""
    run = await started(streams)
    assert await streams.interrupt("me", device, session) == []
    assert not run.closed
    await run.finish()


@pytest.mark.parametrize("session", ["", "s"])
async def test_interrupt_somebody_elses(streams: Streams, session: str) -> None:
    """Streams of another identity are not ended: PERMISSION_DENIED when there are only such."""
    run = await started(streams)
    with pytest.raises(Rejected) as refused:
        await streams.interrupt("you", "mac", session)
    assert refused.value.reason == "PERMISSION_DENIED"
    await settle()
    assert not run.closed
    assert await run.finish() == "finished"


@pytest.mark.parametrize(("device", "ended"), [("mac", ["s1"]), ("phone", ["s2"]), ("", ["s3"]), ("tablet", [])])
async def test_interrupt_without_auth(streams: Streams, device: str, ended: list[str]) -> None:
    """Without auth, only the same device interrupts its streams; one without a device those without one."""
    devices = {"s1": "mac", "s2": "phone", "s3": ""}
    runs = [await started(streams, name, identity=ANONYMOUS, device=of) for name, of in devices.items()]
    for session in devices:
        assert await streams.interrupt(ANONYMOUS, device, session) == [name for name in ended if name == session]
    for name, run in zip(devices, runs, strict=True):
        assert await run.finish() == ("INTERRUPTED" if name in ended else "finished")


async def test_interrupt_all_of_an_identity(streams: Streams) -> None:
    """With auth, no names at all mean all streams of the identity; a stranger's are none of them."""
    mine = [await started(streams, name, device=name) for name in ("s1", "s2")]
    theirs = await started(streams, identity="you")
    assert await streams.interrupt("me", "", "") == ["s1", "s2"]
    assert [await run.ended() for run in mine] == ["INTERRUPTED"] * 2
    assert await streams.interrupt("me", "", "") == []
    assert await theirs.finish() == "finished"


async def test_interrupt_ones_own_among_others(streams: Streams) -> None:
    """Where a device has streams of two identities, each ends its own."""
    mine, theirs = Run(streams), Run(streams, identity="you")
    await settle()
    assert await streams.interrupt("me", "mac", "") == ["s"]
    assert await mine.ended() == "INTERRUPTED"
    assert not theirs.closed
    assert await theirs.finish() == "finished"


async def test_interrupt_twice_at_once(streams: Streams) -> None:
    """Two interruptions of one stream both name it; it ends once."""
    run = await started(streams, closing=0.002)
    assert await asyncio.gather(*(streams.interrupt("me", "mac", "") for _ in range(2))) == [["s"], ["s"]]
    assert await run.ended() == "INTERRUPTED"


@REJECT
async def test_interrupt_one_that_never_closes(streams: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever interrupts waits a bounded time for a stream that does not close."""
    monkeypatch.setattr(streams_module, "CLOSE_SECONDS", 0.01)
    run = await started(streams)
    run.let_go.clear()
    assert await asyncio.wait_for(streams.interrupt("me", "mac", ""), PATIENCE) == ["s"]
    assert not run.task.done()
    run.let_go.set()
    assert await run.ended() == "INTERRUPTED"


# Drain


async def test_drain_lets_streams_finish(streams: Streams) -> None:
    """What finishes within the grace ends well, and the drain is over as soon as all have."""
    run = await started(streams)
    drain = asyncio.create_task(streams.drain(5))
    await settle()
    assert not drain.done()
    assert await run.finish() == "finished"
    await asyncio.wait_for(drain, PATIENCE)


async def test_drain_ends_the_rest(streams: Streams) -> None:
    """What still runs after the grace ends DRAINING, and the drain waits until its work has stopped."""
    run = await started(streams, closing=0.005)
    await streams.drain(0.005)
    assert run.closed
    assert await run.ended() == "DRAINING"


async def test_drain_without_grace(streams: Streams) -> None:
    """No grace ends what runs at once."""
    run = await started(streams)
    await streams.drain(0)
    assert await run.ended() == "DRAINING"


async def test_drain_admits_nothing(streams: Streams) -> None:
    """From its first moment on, a drain refuses new streams with DRAINING and a retry, for a known session too."""
    run = await started(streams)
    drain = asyncio.create_task(streams.drain(5))
    await settle()
    for session in ("s", "new"):
        with pytest.raises(Rejected) as refused:
            async with streams.enter("me", session, "mac"):
                pytest.fail("entered")
        assert refused.value.reason == "DRAINING"
        assert refused.value.retry_after is not None
    await run.finish()
    await drain


async def test_drain_of_an_idle_server(streams: Streams) -> None:
    """Where nothing runs, a drain is over at once."""
    await asyncio.wait_for(streams.drain(5), PATIENCE)


@REPLACE
async def test_drain_while_one_waits_for_an_older(streams: Streams) -> None:
    """A drain ends the one that waits for its turn as well."""
    older = await started(streams, closing=0.01)
    newer = await started(streams)
    await streams.drain(0)
    assert older.closed
    assert [await older.ended(), await newer.ended()] == ["INTERRUPTED", "DRAINING"]
    await settle()
