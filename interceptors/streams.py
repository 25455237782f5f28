"""Keeps the streams that run in this process: finds them by session and device, ends them from outside, drains them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from interceptors.base import ANONYMOUS, endable
from interceptors.errors import Rejected, StreamError
from interceptors.limiter import Lease

CLOSE_SECONDS = 15.0
"""How long ended streams are waited for. A stage that hangs is left behind sooner."""

LOOKS = 4
LOOK_SECONDS = 0.025
"""A stream that meets another one of its session waits so often so long for the other's end: the client's cancellation
may arrive a moment later than its next request. One wait of 100 ms would be over at once on a loop that stood still
meanwhile, and the cancellation unseen.
"""


@dataclass(slots=True, eq=False)
class Stream:
    """One stream, from its validation to its end."""

    identity: str
    session_id: str
    hardware_id: str
    end: Callable[[Exception], None]
    """Ends the stream with an error."""
    task: "asyncio.Task[None] | None" = field(default_factory=asyncio.current_task)
    """The call's own task."""
    ended: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    """Done when the stream's work has stopped and its lease is back."""
    lease: Lease | None = None
    """The stream's place at the limiter, once it is admitted."""

    @property
    def key(self) -> tuple[str, str]:
        """What only one running stream may have."""
        return self.identity, self.session_id

    @property
    def is_leaving(self) -> bool:
        """Tell whether the client has cancelled the stream or is gone, or somebody has ended the stream. Its clean-up
        may still run.
        """
        return self.task is not None and self.task.cancelling() > 0

    def belongs_to(self, identity: str, hardware_id: str) -> bool:
        """Tell whether a client may replace and interrupt the stream. Without auth, only the device tells who it is."""
        return self.identity == identity and (identity != ANONYMOUS or self.hardware_id == hardware_id)


class Streams:
    """Every stream between its validation and its end.

    ``single_flight``: a newer stream of a session is refused (``reject``) or ends the older one (``replace``).
    """

    def __init__(self, single_flight: str) -> None:
        self._always_replaces = single_flight == "replace"
        self._known: set[Stream] = set()
        self._running: dict[tuple[str, str], Stream] = {}
        self._draining = False

    def __len__(self) -> int:
        """Return how many streams there are."""
        return len(self._known)

    @asynccontextmanager
    async def enter(
        self, identity: str, session_id: str, hardware_id: str, *, replaces: bool = False
    ) -> AsyncIterator[Stream]:
        """Run the block as the only stream of this identity and session.

        Raise Rejected (DRAINING, CONCURRENT_REQUEST). A stream that *replaces* another one of the same client enters
        beside it, and takes its place with ``admitted``. Whoever ends this stream ends the block.
        """
        async with endable() as end:
            stream = Stream(identity, session_id, hardware_id, end)
            self._known.add(stream)
            try:
                await self._meet(stream, replaces=replaces or self._always_replaces)
                yield stream
            finally:
                self._known.discard(stream)
                if self._running.get(stream.key) is stream:
                    del self._running[stream.key]
                stream.ended.set_result(None)

    async def _meet(self, stream: Stream, *, replaces: bool) -> None:
        """Return when *stream* may run, or may replace the stream that runs."""
        while True:
            self.check_open()
            older = self._running.get(stream.key)
            if older is None:
                self._running[stream.key] = stream
                return
            if replaces and older.belongs_to(stream.identity, stream.hardware_id):
                return
            if not await _ends_soon(older):
                raise Rejected("CONCURRENT_REQUEST")

    @property
    def is_open(self) -> bool:
        """Tell whether streams are admitted."""
        return not self._draining

    def is_running(self, identity: str, session_id: str) -> bool:
        """Tell whether a stream of this identity and session runs."""
        return (identity, session_id) in self._running

    def check_open(self) -> None:
        """Raise Rejected (DRAINING) when no more streams are admitted."""
        if self._draining:
            raise Rejected("DRAINING", retry_after=1.0)

    def replaced_by(self, stream: Stream) -> Stream | None:
        """Return the running stream whose place *stream* is to take, None if there is none.

        Raise Rejected (CONCURRENT_REQUEST) for a stream of another client, which came in between.
        """
        older = self._running.get(stream.key)
        if older is None or older is stream:
            return None
        if not older.belongs_to(stream.identity, stream.hardware_id):
            raise Rejected("CONCURRENT_REQUEST")
        return older

    async def admitted(self, stream: Stream, lease: Lease) -> None:
        """Note that *stream* holds *lease*. End the stream that it replaces, and return when all work of that has
        stopped; a cancellation waits for this, too: meanwhile *lease* is the place of both.
        """
        older = self.replaced_by(stream)
        stream.lease = lease
        self._running[stream.key] = stream
        if older is not None:
            older.end(StreamError("INTERRUPTED", "a newer request of this session took over"))
            await uncut(older.ended)

    async def interrupt(self, identity: str, hardware_id: str, session_id: str) -> list[str]:
        """End a client's own streams: of a device, of one session, or of one session of a device; "" stands for any.

        Return their session ids when they have stopped. Raise Rejected (PERMISSION_DENIED) when all streams that match
        belong to another identity; without auth there is none.
        """
        matching = [
            stream
            for stream in self._known
            if hardware_id in {"", stream.hardware_id} and session_id in {"", stream.session_id}
        ]
        own = [stream for stream in matching if stream.belongs_to(identity, hardware_id)]
        if matching and not own and identity != ANONYMOUS and (hardware_id or session_id):
            raise Rejected("PERMISSION_DENIED")
        await _end(own, "INTERRUPTED")
        return sorted({stream.session_id for stream in own})

    async def drain(self, grace: float) -> None:
        """Admit no more streams; let those that run finish within *grace* seconds, then end them."""
        self._draining = True
        if self._known:
            await asyncio.wait([stream.ended for stream in self._known], timeout=grace)
        await _end(list(self._known), "DRAINING")


async def _ends_soon(stream: Stream) -> bool:
    """Wait for the end of *stream*: for a moment, or, while it is leaving, as long as closing takes. Tell whether it
    came.
    """
    loop = asyncio.get_running_loop()
    closed_by = loop.time() + CLOSE_SECONDS
    looks = 0
    while looks < LOOKS or (stream.is_leaving and loop.time() < closed_by):
        await asyncio.wait({stream.ended}, timeout=LOOK_SECONDS)
        if stream.ended.done():
            return True
        looks += 1
    return False


async def uncut(ended: asyncio.Future[None]) -> None:
    """Wait for *ended*. Only then a cancellation comes through."""
    cancelled: asyncio.CancelledError | None = None
    while not ended.done():
        try:
            await asyncio.shield(ended)
        except asyncio.CancelledError as error:
            cancelled = error
    if cancelled is not None:
        raise cancelled


async def _end(streams: list[Stream], reason: str) -> None:
    for stream in streams:
        stream.end(StreamError(reason, retry_after=1.0 if reason == "DRAINING" else None))
    if streams:
        await asyncio.wait([stream.ended for stream in streams], timeout=CLOSE_SECONDS)
