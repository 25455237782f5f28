"""Applies backpressure at the door: a stream runs with a lease, or not at all."""

from collections.abc import Callable, Mapping
from typing import Any

from interceptors.base import Call, StreamInterceptor
from interceptors.limiter import Lease, Limiter


def nothing_ahead(_request: Any, _context: Any) -> Lease | None:
    """Nothing was done ahead for any request."""
    return None


class AdmissionInterceptor(StreamInterceptor):
    """Acquire a lease before the handler runs; release it after all work of the call has stopped, however it ended.

    ``limiters`` holds the limiter of each method. ``client_of(request, context)`` names the client whose streams are
    counted together. ``ahead_of(request, context)`` gives the lease of work that was done ahead for the stream.
    """

    def __init__(
        self,
        limiters: Mapping[str, Limiter],
        client_of: Callable[[Any, Any], str],
        ahead_of: Callable[[Any, Any], Lease | None] = nothing_ahead,
    ) -> None:
        super().__init__(limiters.keys())
        self._limiters = dict(limiters)
        self._client_of = client_of
        self._ahead_of = ahead_of

    async def intercept(self, method: Call, request: Any, context: Any, method_name: str) -> Any:
        """Raise Rejected (STREAM_LIMIT_EXCEEDED) where a limit is reached; the handler is then never called.

        A stream that replaces another one takes over its place, so that no limit can refuse it and nobody slips in.
        """
        limiter = self._limiters[method_name]
        client, ahead = self._client_of(request, context), self._ahead_of(request, context)
        async with limiter.admit(client, context.lease_to_take_over(), ahead) as lease:
            await context.admitted(lease)
            return await method(request, context)
