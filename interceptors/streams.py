"""Keeps the streams that run in this process: finds them by session and device, ends them from outside, drains them."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from interceptors.base import endable
from interceptors.errors import Rejected, StreamError

CLOSE_SECONDS = 15.0
"""How long ended streams are waited for. A stage that hangs is left behind sooner."""


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """One running stream."""

    identity: str
    session_id: str
    hardware_id: str
    end: Callable[[Exception], None]
    """Ends the stream with an error."""
    ended: asyncio.Future[None]
    """Done when the stream's work has stopped and its lease is back."""


class Streams:
    """Every stream between its admission and its end.

    ``single_flight``: a newer stream of a session is refused (``reject``) or ends the older one (``replace``).
    """

    def __init__(self, single_flight: str) -> None:
        self._single_flight = single_flight
        self._running: set[Stream] = set()
        self._newest: dict[tuple[str, str], Stream] = {}
        self._draining = False

    def __len__(self) -> int:
        """Return how many streams run."""
        return len(self._running)

    @asynccontextmanager
    async def enter(self, identity: str, session_id: str, hardware_id: str) -> AsyncIterator[None]:
        """Run the block as the only stream of this identity and session.

        Raise Rejected (DRAINING, CONCURRENT_REQUEST). With ``replace`` the older stream is ended first, and the block
        begins when all work of the older one has stopped. Whoever ends this stream ends the block.
        """
        if self._draining:
            raise Rejected("DRAINING", retry_after=1.0)
        key = (identity, session_id)
        older = self._newest.get(key)
        if older is not None and self._single_flight == "reject":
            raise Rejected("CONCURRENT_REQUEST")
        async with endable() as end:
            ended = asyncio.get_running_loop().create_future()
            stream = Stream(identity, session_id, hardware_id, end, ended)
            self._newest[key] = stream
            self._running.add(stream)
            try:
                if older is not None:
                    older.end(StreamError("INTERRUPTED", "a newer request of this session took over"))
                    await asyncio.shield(older.ended)
                yield
            finally:
                self._leave(key, stream, older)

    def _leave(self, key: tuple[str, str], stream: Stream, older: Stream | None) -> None:
        self._running.discard(stream)
        if older is None or older.ended.done():
            self._over(key, stream)
        else:  # left while it waited for an older one: a newer one must wait for both
            older.ended.add_done_callback(lambda _: self._over(key, stream))

    def _over(self, key: tuple[str, str], stream: Stream) -> None:
        if self._newest.get(key) is stream:
            del self._newest[key]
        stream.ended.set_result(None)

    async def interrupt(self, identity: str, hardware_id: str, session_id: str) -> list[str]:
        """End the streams of a device, of one session, or of one session of a device; "" stands for any.

        Return their session ids when they have stopped. Raise Rejected (PERMISSION_DENIED) when all streams that match
        belong to somebody else.
        """
        matching = [
            stream
            for stream in self._running
            if hardware_id in {"", stream.hardware_id} and session_id in {"", stream.session_id}
        ]
        own = [stream for stream in matching if stream.identity == identity]
        if matching and not own:
            raise Rejected("PERMISSION_DENIED")
        await _end(own, "INTERRUPTED")
        return sorted({stream.session_id for stream in own})

    async def drain(self, grace: float) -> None:
        """Admit no more streams; let those that run finish within *grace* seconds, then end them."""
        self._draining = True
        if self._running:
            await asyncio.wait([stream.ended for stream in self._running], timeout=grace)
        await _end(list(self._running), "DRAINING")


async def _end(streams: list[Stream], reason: str) -> None:
    for stream in streams:
        stream.end(StreamError(reason, retry_after=1.0 if reason == "DRAINING" else None))
    if streams:
        await asyncio.wait([stream.ended for stream in streams], timeout=CLOSE_SECONDS)
