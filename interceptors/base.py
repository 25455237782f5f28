"""The base of every link: a coroutine around the next coroutine, with responses leaving through ``context.write``.

grpc-interceptor's stock base puts a generator around each link, which nobody closes: with a client that is gone, leases
come back before the work has stopped. A chain of plain awaits ends inside out, in the call's own task.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from types import TracebackType
from typing import Any

import grpc
from grpc_interceptor.server import AsyncServerInterceptor

Call = Callable[[Any, Any], Awaitable[Any]]
"""The next link, or the handler: awaits ``(request, context)``. A unary one returns the response, a streaming one
None.
"""

GONE_SECONDS = 1.0
"""How long to wait for the cancellation that follows a write to a peer that is gone."""

ANONYMOUS = "anonymous"


INFRASTRUCTURE = "/grpc."
"""How the methods of gRPC's own services begin, such as health and reflection."""


class StreamInterceptor(AsyncServerInterceptor):
    """A link: what it does stands around ``await method(request, context)``.

    *methods* are the full names (``/package.Service/Method``) of the calls that pass the link; all others don't notice
    it. By default every call passes but those to gRPC's own services. ``request`` is None where the bytes could not be
    decoded.
    """

    methods: frozenset[str] | None = None

    def __init__(self, methods: Collection[str] | None = None) -> None:
        if methods is not None:
            self.methods = frozenset(methods)

    async def intercept(self, method: Call, request: Any, context: Any, method_name: str) -> Any:
        """Await ``method(request, context)``; everything around it is the link."""
        raise NotImplementedError

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """Wrap the next handler, as a coroutine of the same arity."""
        handler = await continuation(handler_call_details)
        name = handler_call_details.method
        if handler is None or not self._passes(name):
            return handler
        method = handler.unary_stream or handler.unary_unary

        async def link(request: Any, context: Any) -> Any:
            return await self.intercept(method, request, context, name)

        wrap = grpc.unary_stream_rpc_method_handler if handler.unary_stream else grpc.unary_unary_rpc_method_handler
        return wrap(link, handler.request_deserializer, handler.response_serializer)

    def _passes(self, name: str) -> bool:
        return not name.startswith(INFRASTRUCTURE) if self.methods is None else name in self.methods


class WrappedContext:
    """A call's context as the links further in see it: all but what a subclass defines is the inner context's."""

    def __init__(self, context: Any) -> None:
        self.inner = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def identity(context: Any) -> str:
    """Who is calling: everybody is the same anonymous identity unless a link further out says otherwise."""
    return getattr(context, "identity", ANONYMOUS)


def metadata_value(context: Any, key: str) -> str:
    """The first value of *key* in the client's metadata, empty if there is none."""
    return next((str(value) for name, value in context.invocation_metadata() or () if name == key), "")


class endable:
    """``async with endable() as end``: whoever calls ``end(error)`` ends the block, which then raises *error*.

    The block is cancelled, closes what it holds, and only then the error comes out; the first error wins. A client's
    own cancellation that comes meanwhile stays a cancellation. A block that is over can't be ended any more.
    """

    def __init__(self) -> None:
        self._scope = asyncio.timeout(None)
        self._error: list[Exception] = []
        self._over = False

    async def __aenter__(self) -> Callable[[Exception], None]:
        await self._scope.__aenter__()
        return self._end

    def _end(self, error: Exception) -> None:
        if not self._error and not self._over:
            self._error.append(error)
            self._scope.reschedule(asyncio.get_running_loop().time())

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over = True
        try:
            await self._scope.__aexit__(kind, error, trace)
        except TimeoutError:
            raise self._error[0] from None
