"""Lets one stream per identity and session run. Unlike Go's ``singleflight``, nobody shares a result."""

from collections.abc import Collection
from typing import Any

from interceptors.base import Call, StreamInterceptor, WrappedContext, identity
from interceptors.limiter import Lease
from interceptors.streams import Stream, Streams


class SingleFlightInterceptor(StreamInterceptor):
    """Refuse a second stream of a session, or let it replace the first one.

    Stands outside admission, so that a duplicate gets CONCURRENT_REQUEST on a full server too. A replaced stream is
    ended only when the newer one is admitted: one that is refused for any other reason ends nothing.
    """

    def __init__(self, methods: Collection[str], streams: Streams) -> None:
        super().__init__(methods)
        self._streams = streams

    async def intercept(self, method: Call, request: Any, context: Any, method_name: str) -> Any:
        """Raise Rejected (CONCURRENT_REQUEST, DRAINING), or the StreamError with which somebody ends this stream."""
        hardware_id = getattr(request, "hardware_id", "")
        replaces = getattr(request, "replace", False)
        place = self._streams.enter(identity(context), request.session_id, hardware_id, replaces=replaces)
        async with place as stream:
            return await method(request, FlightContext(context, self._streams, stream))


class FlightContext(WrappedContext):
    """Joins admission and the running streams: whose lease is taken over, and when."""

    def __init__(self, context: Any, streams: Streams, stream: Stream) -> None:
        super().__init__(context)
        self._streams = streams
        self._stream = stream

    def lease_to_take_over(self) -> Lease | None:
        """Return the lease of the stream that this one replaces, None if there is none."""
        older = self._streams.replaced_by(self._stream)
        return older.lease if older is not None else None

    async def admitted(self, lease: Lease) -> None:
        """Note that this stream holds *lease*; end the stream that it replaces, and wait for its end."""
        await self._streams.admitted(self._stream, lease)
