"""The streams that run in this process: found by session and device, ended from outside, waited for when the server
drains.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from interceptors.base import endable
from interceptors.errors import Rejected, StreamError

CLOSE_SECONDS = 15.0
"""How long to wait for streams that were ended: more than a stage that hangs is given to close."""


@dataclass(frozen=True, slots=True, eq=False)
class Stream:
    """One running stream. ``end`` ends it with an error; ``ended`` is done when its work has stopped and its lease
    is back.
    """

    identity: str
    session_id: str
    hardware_id: str
    end: Callable[[Exception], None]
    ended: asyncio.Future[None]


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
        """How many run."""
        return len(self._running)

    @asynccontextmanager
    async def enter(self, identity: str, session_id: str, hardware_id: str) -> AsyncIterator[None]:
        """Run as the only stream of this identity and session.

        Rejected with DRAINING or CONCURRENT_REQUEST; with ``replace`` the older stream is ended first, and the block
        begins when all its work has stopped. The block is ended in turn by whoever ends this stream.
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
        """End the streams of a device, or only one session of it; give their session ids when they have stopped. A
        session without a device is looked for on all.

        Rejected (PERMISSION_DENIED) when all that match belong to somebody else.
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
        """Admit nothing more; let what runs finish within *grace* seconds, then end it."""
        self._draining = True
        if self._running:
            await asyncio.wait([stream.ended for stream in self._running], timeout=grace)
        await _end(list(self._running), "DRAINING")


async def _end(streams: list[Stream], reason: str) -> None:
    for stream in streams:
        stream.end(StreamError(reason, retry_after=1.0 if reason == "DRAINING" else None))
    if streams:
        await asyncio.wait([stream.ended for stream in streams], timeout=CLOSE_SECONDS)
