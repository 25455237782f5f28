"""Doubles for tests of one link without a server: the call's context, and the ways in which a call may end."""

import asyncio
import copy
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

import grpc
from grpc._cython import cygrpc  # type: ignore[attr-defined,unused-ignore]  # the error of a dead peer has no public name

from interceptors.base import StreamInterceptor
from interceptors.limiter import Lease

METHOD = "/test.Service/Stream"


class FakeContext:
    """A ``grpc.aio.ServicerContext`` that records what the call did: ``events`` in order, and each part by itself.

    ``block()`` stands for a client that does not read, ``kill()`` for one that is gone. As with grpc, a message whose
    write was cancelled is on its way until the client reads, and no other one is taken meanwhile; behind headers that
    were left so no status is taken at all.
    """

    def __init__(
        self, metadata: Mapping[str, str] | None = None, *, time_remaining: float | None = None, identity: str = ""
    ) -> None:
        self.task: asyncio.Task[Any] | None = None  # the call's own, where not all is sent by the same one
        self.events: list[str] = []
        self.sent: list[Any] = []
        self.initial_metadata: tuple[tuple[str, str], ...] | None = None
        self.status: tuple[grpc.StatusCode, str] | None = None
        self.trailers: tuple[tuple[str, str | bytes], ...] = ()
        if identity:
            self.identity = identity
        self._metadata = tuple((metadata or {}).items())
        self._time_remaining = time_remaining
        self._open = asyncio.Event()
        self._open.set()
        self._cancel_after: float | None = None
        self._dead = False
        self._on_its_way: list[Any] = []
        self._headers_left = False
        self._abort: grpc.aio.AbortError | None = None

    # What a test does to it.

    def block(self) -> None:
        """From now on the client does not read."""
        self._open.clear()

    def unblock(self) -> None:
        """The client reads again."""
        self.sent += self._on_its_way
        self._on_its_way.clear()
        self._open.set()

    def kill(self, cancel_after: float | None = 0.0) -> None:
        """The client is gone: a write fails, and only *cancel_after* seconds later is the task cancelled, once; None
        = never.
        """
        self._dead = True
        self._cancel_after = cancel_after
        self._open.set()

    # What the links and the handler see.

    async def write(self, message: Any) -> None:
        self.events.append("write")
        if self._on_its_way:
            raise cygrpc.ExecuteBatchError("Failed grpc_call_start_batch: 8 (too many operations)")
        try:
            await self._send("SendMessageOperation")
        except asyncio.CancelledError:
            if not self._open.is_set():
                self._on_its_way.append(copy.deepcopy(message))
            raise
        self.sent.append(copy.deepcopy(message))

    async def send_initial_metadata(self, metadata: tuple[tuple[str, str], ...]) -> None:
        self.events.append("initial_metadata")
        if self.initial_metadata is not None or self.sent:
            raise grpc.aio.UsageError("Send initial metadata failed: already sent")
        try:
            await self._send("SendInitialMetadataOperation")
        except asyncio.CancelledError:
            self._headers_left = True
            raise
        self.initial_metadata = metadata

    async def abort(
        self, code: grpc.StatusCode, details: str = "", trailing_metadata: tuple[tuple[str, str | bytes], ...] = ()
    ) -> None:
        self.events.append("abort")
        if self._abort is not None:
            raise grpc.aio.UsageError("Abort already called!")
        self._abort = grpc.aio.AbortError("Locally aborted.")
        self._cancel_after = None  # as grpc: a call that has its status is not cancelled any more
        self.status = (code, details)
        self.trailers = trailing_metadata
        if self._headers_left:  # grpc would send them once more, with the status
            raise cygrpc.ExecuteBatchError("Failed grpc_call_start_batch: 8 (too many operations)")
        await self._reach("SendStatusFromServerOperation")
        raise self._abort

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return self._metadata

    def time_remaining(self) -> float | None:
        return self._time_remaining

    def set_code(self, code: grpc.StatusCode) -> None:
        self.events.append("set_code")

    def set_details(self, details: str) -> None:
        self.events.append("set_details")

    def set_trailing_metadata(self, metadata: Any) -> None:
        self.events.append("set_trailing_metadata")

    def lease_to_take_over(self) -> Lease | None:
        return None

    async def admitted(self, lease: Lease) -> None:
        self.lease = lease

    async def _send(self, operation: str) -> None:
        if self._abort is not None:
            raise self._abort
        await self._reach(operation)

    async def _reach(self, operation: str) -> None:
        await self._open.wait()
        if self._dead:
            task = self.task or asyncio.current_task()
            if self._cancel_after is not None and task is not None:
                asyncio.get_running_loop().call_later(self._cancel_after, task.cancel)
                self._cancel_after = None
            raise cygrpc.ExecuteBatchError(f'Failed "execute_batch": ({operation},)')


def chained(
    *links: StreamInterceptor, handler: Callable[[Any, Any], Awaitable[Any]], method: str = METHOD
) -> Callable[[Any, Any], Awaitable[Any]]:
    """*handler* behind *links*, the outermost first."""
    for link in reversed(links):
        handler = partial(link.intercept, handler, method_name=method)
    return handler


ENDINGS = ("returns", "raises", "is cancelled")


class Boom(Exception):
    """A handler's own failure."""


async def ending(how: str, start: Callable[[], Awaitable[Any]]) -> None:
    """Run *start* to the end *how*: what it awaits inside must be ``end_as(how)``."""
    task = asyncio.ensure_future(start())
    await asyncio.wait({task})
    if how == "returns":
        task.result()
    elif how == "raises":
        assert isinstance(task.exception(), Boom), task
    else:
        assert task.cancelled()


async def end_as(how: str) -> None:
    """End the caller's block *how*, after one turn of the loop."""
    await asyncio.sleep(0)
    if how == "raises":
        raise Boom
    task = asyncio.current_task()
    if how == "is cancelled" and task is not None:
        asyncio.get_running_loop().call_soon(task.cancel)
        await asyncio.sleep(3600)
