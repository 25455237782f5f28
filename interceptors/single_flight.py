"""One active stream per identity and session. Not Go's ``singleflight``: nobody shares a result."""

from collections.abc import Collection
from typing import Any

from interceptors.base import Call, StreamInterceptor, identity
from interceptors.streams import Streams


class SingleFlightInterceptor(StreamInterceptor):
    """Stands outside admission: a duplicate is told so on a full server too, and a replaced stream's lease is back
    in time.
    """

    def __init__(self, methods: Collection[str], streams: Streams) -> None:
        super().__init__(methods)
        self._streams = streams

    async def intercept(self, method: Call, request: Any, context: Any, method_name: str) -> Any:
        """Raise Rejected (CONCURRENT_REQUEST, DRAINING), or StreamError for whoever ends this stream from outside."""
        hardware_id = getattr(request, "hardware_id", "")
        async with self._streams.enter(identity(context), request.session_id, hardware_id):
            return await method(request, context)
