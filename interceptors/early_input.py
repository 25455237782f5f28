"""Takes early input out of the chain: it is kept and acknowledged, and nothing further in sees it."""

from collections.abc import Callable, Collection
from typing import Any

from interceptors.base import Call, StreamInterceptor
from interceptors.streams import Streams


class EarlyInputInterceptor(StreamInterceptor):
    """Answer each call whose request ``is_early``; pass on all others.

    Stands behind validation, and outside single-flight and admission: early input is no stream. ``keep(request,
    context)`` keeps the request; ``accepted()`` makes the one message that answers it, which leaves through the link
    *timed_by*, so that a client that does not read it holds nothing.
    """

    def __init__(
        self,
        methods: Collection[str],
        *,
        is_early: Callable[[Any], bool],
        keep: Callable[[Any, Any], None],
        accepted: Callable[[], Any],
        streams: Streams,
        timed_by: StreamInterceptor,
    ) -> None:
        super().__init__(methods)
        self._is_early = is_early
        self._keep = keep
        self._accepted = accepted
        self._streams = streams
        self._timed_by = timed_by

    async def intercept(self, method: Call, request: Any, context: Any, method_name: str) -> Any:
        """Raise Rejected (DRAINING) for early input of a turn that this server will not answer."""
        if not self._is_early(request):
            return await method(request, context)
        self._streams.check_open()
        self._keep(request, context)
        return await self._timed_by.intercept(self._accept, request, context, method_name)

    async def _accept(self, _request: Any, context: Any) -> None:
        await context.send_initial_metadata(())
        await context.write(self._accepted())
