"""Lets one stream per identity and session run. Unlike Go's ``singleflight``, nobody shares a result."""

from collections.abc import Collection
from typing import Any

from interceptors.base import Call, StreamInterceptor, identity
from interceptors.streams import Streams


class SingleFlightInterceptor(StreamInterceptor):
    """Refuse a second stream of a session, or let it replace the first one.

    Stands outside admission, so that a duplicate gets CONCURRENT_REQUEST on a full server too, and the lease of a
    replaced stream is back before the newer one asks for its own.
    """

    def __init__(self, methods: Collection[str], streams: Streams) -> None:
        super().__init__(methods)
        self._streams = streams

    async def intercept(self, method: Call, request: Any, context: Any, method_name: str) -> Any:
        """Raise Rejected (CONCURRENT_REQUEST, DRAINING), or the StreamError with which somebody ends this stream."""
        hardware_id = getattr(request, "hardware_id", "")
        async with self._streams.enter(identity(context), request.session_id, hardware_id):
            return await method(request, context)
