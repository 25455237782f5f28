"""The base of every link: a coroutine around the next coroutine, with responses leaving through ``context.write``.

grpc-interceptor's stock base puts a generator around each link, which nobody closes: with a client that is gone, leases
come back before the work has stopped. A chain of plain awaits ends inside out, in the call's own task.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Collection
from contextlib import aclosing
from typing import Any

import grpc
from grpc_interceptor.server import AsyncServerInterceptor

Call = Callable[[Any, Any], Awaitable[Any]]
"""The next link or the handler, called as ``await call(request, context)``. A unary call returns the response, a
streaming call None.
"""

GONE_SECONDS = 1.0
"""How long to wait for the cancellation that follows a write to a peer that is gone."""

ANONYMOUS = "anonymous"

INFRASTRUCTURE = "/grpc."
"""How the methods of gRPC's own services begin, such as health and reflection."""


class StreamInterceptor(AsyncServerInterceptor):
    """A link of the chain.

    *methods* are the full names (``/package.Service/Method``) of the calls that pass the link; all others don't notice
    it. By default every call passes but those to gRPC's own services.
    """

    methods: frozenset[str] | None = None

    def __init__(self, methods: Collection[str] | None = None) -> None:
        if methods is not None:
            self.methods = frozenset(methods)

    async def intercept(self, method: Call, request: Any, context: Any, method_name: str) -> Any:
        """Await ``method(request, context)``; everything around it is the link.

        Where the client sends many requests, *request* is their async iterator.
        *request* is None where the client's bytes could not be decoded; the validation link refuses such a call.
        """
        raise NotImplementedError

    async def intercept_service(self, continuation: Any, handler_call_details: Any) -> Any:
        """Wrap the next handler, as a coroutine of the same arity."""
        handler = await continuation(handler_call_details)
        name = handler_call_details.method
        if handler is None or not self._passes(name):
            return handler
        wrapped: dict[str, tuple[Any, Any]] = vars(self).setdefault("_wrapped", {})
        if name not in wrapped or wrapped[name][0] is not handler:
            wrapped[name] = handler, self._around(handler, name)
        return wrapped[name][1]

    def _around(self, handler: Any, name: str) -> Any:
        method = handler.unary_stream or handler.unary_unary or _written(handler.stream_stream)

        async def link(request: Any, context: Any) -> Any:
            return await self.intercept(method, request, context, name)

        wrap = grpc.unary_stream_rpc_method_handler if handler.unary_stream else grpc.unary_unary_rpc_method_handler
        if handler.stream_stream:
            wrap = grpc.stream_stream_rpc_method_handler
        return wrap(link, handler.request_deserializer, handler.response_serializer)

    def _passes(self, name: str) -> bool:
        return not name.startswith(INFRASTRUCTURE) if self.methods is None else name in self.methods


def _written(method: Any) -> Call:
    """Make a coroutine of *method*, which yields its messages, as gRPC's own services do. It returns their number."""
    if not inspect.isasyncgenfunction(method):
        return method  # type: ignore[no-any-return]  # a link's

    async def write(requests: Any, context: Any) -> int:
        number = 0
        async with aclosing(method(requests, context)) as messages:
            async for message in messages:
                await context.write(message)
                number += 1
        return number

    return write


class WrappedContext:
    """A call's context as the links further in see it. What a subclass does not define is the inner context's."""

    def __init__(self, context: Any) -> None:
        self.inner = context

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


def identity(context: Any) -> str:
    """Return who is calling: the identity that a link further out has set on the context, else ``anonymous``."""
    return getattr(context, "identity", ANONYMOUS)


def metadata_value(context: Any, key: str) -> str:
    """Return the first value of *key* in the client's metadata, "" if there is none."""
    return next((str(value) for name, value in context.invocation_metadata() or () if name == key), "")


def is_cancelled() -> bool:
    """Tell whether somebody cancelled this task. Foreign code, and grpc, raise CancelledError also where nobody did."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


class endable:
    """A block that others can end: ``async with endable() as end``, and ``end(error)`` ends it with *error*.

    The block is cancelled and closes what it holds; only then *error* comes out. The first error wins. A client's own
    cancellation that comes meanwhile stays a cancellation. ``end`` has no effect on a block that is over.
    """

    _task: "asyncio.Task[Any] | None" = None
    _error: Exception | None = None
    _is_cancelled = False

    async def __aenter__(self) -> Callable[[Exception], None]:
        self._task = asyncio.current_task()
        assert self._task is not None, "only a task can be cancelled"
        self._cancelling = self._task.cancelling()
        return self._end

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        task, self._task = self._task, None
        if task is None or not self._is_cancelled:
            return
        if task.uncancel() <= self._cancelling and kind is asyncio.CancelledError and self._error is not None:
            raise self._error from None

    def _end(self, error: Exception) -> None:
        if self._task is not None and self._error is None:
            self._error = error
            self._task.get_loop().call_soon(self._cancel)  # not at once: the block itself may be running, and end

    def _cancel(self) -> None:
        if self._task is not None:
            self._is_cancelled = True
            self._task.cancel()
