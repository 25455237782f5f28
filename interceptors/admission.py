"""Applies backpressure at the door: a stream runs with a lease, or not at all."""

from collections.abc import Callable, Collection
from typing import Any

from interceptors.base import Call, StreamInterceptor
from interceptors.limiter import Limiter


class AdmissionInterceptor(StreamInterceptor):
    """Acquire a lease before the handler runs; release it after all work of the call has stopped, however it ended.

    ``client_of(request, context)`` names the client whose streams are counted together.
    """

    def __init__(self, methods: Collection[str], limiter: Limiter, client_of: Callable[[Any, Any], str]) -> None:
        super().__init__(methods)
        self._limiter = limiter
        self._client_of = client_of

    async def intercept(self, method: Call, request: Any, context: Any, method_name: str) -> Any:
        """Raise Rejected (STREAM_LIMIT_EXCEEDED) where a limit is reached; the handler is then never called."""
        async with self._limiter.admit(self._client_of(request, context)):
            return await method(request, context)
