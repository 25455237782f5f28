"""The outermost link: names the session, numbers the messages, and knows when the client is gone."""

import asyncio
import time
from collections.abc import Callable, Collection
from itertools import count
from typing import Any, NoReturn
from uuid import uuid4

import grpc
import structlog

from interceptors.base import GONE_SECONDS, Call, StreamInterceptor, WrappedContext

SESSION_HEADER = "x-session-id"
RETRY_SECONDS = 0.01
"""The pause between two tries to send a message behind one that is still on its way."""

SHORT = 8
"""How many characters of an id a log shows: enough to follow a session, too few to take part in it."""

GONE = (grpc.aio.InternalError, grpc.aio.UsageError)
"""What grpc raises when the client is gone."""

Stamp = Callable[[Any, int, str], None]
"""``stamp(message, number, session_id)`` writes both into *message*, where its type has fields for them. *number*
counts the messages of a stream from 1; *session_id* is "" but for the first message.
"""


class SessionInterceptor(StreamInterceptor):
    """Make a session id where the request has none. No other place makes one; the validation link judges a given one.

    The id goes back in the initial metadata, which the handler sends when the stream is admitted, and in the first
    message. This link never raises.
    """

    def __init__(
        self,
        methods: Collection[str],
        stamp: Stamp,
        *,
        new_id: Callable[[], str] = lambda: str(uuid4()),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(methods)
        self._stamp = stamp
        self._new_id = new_id
        self._clock = clock

    async def intercept(self, method: Call, request: Any, context: Any, method_name: str) -> Any:
        """Give the request a session id, and the call a context that sends it back."""
        session_id = (request.session_id if request is not None else "") or self._new_id()
        if request is not None:
            request.session_id = session_id
        structlog.contextvars.bind_contextvars(method=method_name.rpartition("/")[2], session=session_id[:SHORT])
        return await method(request, SessionContext(context, session_id, self._stamp, self._clock()))


class SessionContext(WrappedContext):
    """Names the session in what is sent. ``arrived`` is when the request came, in seconds of the link's clock."""

    def __init__(self, context: Any, session_id: str, stamp: Stamp, arrived: float) -> None:
        super().__init__(context)
        self.arrived = arrived
        self._session_id = session_id
        self._stamp = stamp
        self._numbers = count(1)
        self._headers: asyncio.Future[None] | None = None
        self._left = False  # a write was cancelled: its message may still be on its way

    async def send_initial_metadata(self, metadata: tuple[tuple[str, str], ...]) -> None:
        """Send *metadata* and the session id."""
        await self._send_headers((*metadata, (SESSION_HEADER, self._session_id)))

    async def _send_headers(self, headers: tuple[tuple[str, str], ...]) -> None:
        """Send *headers*. A cancellation does not cut their way: grpc sends no status behind headers that were cut."""
        self._headers = asyncio.ensure_future(self.inner.send_initial_metadata(headers))
        self._headers.add_done_callback(lambda sent: sent.cancelled() or sent.exception())  # else asyncio logs it
        try:
            await self._after_headers()
        except asyncio.CancelledError:
            await asyncio.wait({self._headers}, timeout=GONE_SECONDS)
            raise

    async def _after_headers(self) -> None:
        if self._headers is not None and not self._headers.done():
            await unless_gone(asyncio.shield(self._headers))

    async def write(self, message: Any) -> None:
        """Number *message* and send it. A refused call has no headers yet: grpc would send them with the message, and
        cut both.
        """
        if self._headers is None:
            await self._send_headers(())
        elif not self._headers.done():
            await self._after_headers()
        number = next(self._numbers)
        self._stamp(message, number, self._session_id if number == 1 else "")
        try:
            if self._left:
                await self._follow(message)
            else:
                await self.inner.write(message)
        except GONE as error:
            self._left = True
            await _cancelled(error)
        except asyncio.CancelledError:
            self._left = True
            raise

    async def _follow(self, message: Any) -> None:
        """Send *message* behind the one that is still on its way, by trying again and again.

        grpc goes on sending a message whose write was cancelled, and meanwhile refuses the next one with the error of a
        client that is gone. It does not tell when the first one has left.
        """
        while True:
            try:
                await self.inner.write(message)
            except grpc.aio.InternalError:
                await asyncio.sleep(RETRY_SECONDS)
            else:
                self._left = False
                return

    async def abort(self, code: grpc.StatusCode, details: str, trailers: tuple[tuple[str, str | bytes], ...]) -> None:
        """End the call with a status."""
        await self._after_headers()
        await unless_gone(self.inner.abort(code, details, trailers))


async def unless_gone(sending: Any) -> None:
    """Await *sending*. Raise CancelledError, as for any other cancellation, when the client is gone.

    grpc first raises a private error and cancels the call once, a moment later. That late cancellation would cut a
    clean-up that is just awaiting something, so it is waited for here.
    """
    try:
        await sending
    except GONE as error:
        await _cancelled(error)


async def _cancelled(error: Exception) -> NoReturn:
    await asyncio.sleep(GONE_SECONDS)
    raise asyncio.CancelledError from error
