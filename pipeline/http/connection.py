"""One connection of ours to an HTTP server: what waiting, reading and closing have in common in every HTTP."""

import asyncio
from math import inf
from typing import cast

import httpx2

MOST_BYTES = 65536
"""Of a body that may wait for a reader before the peer is made to wait. One packet of the kernel's comes on top."""

MOST_BARREN_BYTES = 65536
"""That may come without any of them belonging to a body: a head, trailers, chunk extensions or pings without an end.
"""


class HttpConnection(asyncio.Protocol):
    """One request at a time: ``send``, ``head``, then ``read`` until it gives b"". Only one reader waits at a time.

    What fails is told by ``head`` and ``read``, after all that came before it: ReadError (broken off), ReadTimeout, and
    RemoteProtocolError (no HTTP) of httpx. ``status`` and ``headers``: those of the response.
    """

    def __init__(self) -> None:
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._begun = False  # the head is complete
        self._complete = False
        self._pieces: list[bytes] = []
        self._size = 0  # of them
        self._barren = 0
        self._error: httpx2.TransportError | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._by = inf
        self._timer: asyncio.TimerHandle | None = None
        self._lost = self._loop.create_future()

    @property
    def is_idle(self) -> bool:
        """Whether another request can be sent: the connection is there, and the last response was read to its end."""
        is_read = self._complete and not self._pieces
        return is_read and self._error is None and not self._transport.is_closing()

    @property
    def was_heard(self) -> bool:
        """Whether anything at all has come since the last request was sent."""
        return self._begun or self._barren > 0

    def send(self, request: httpx2.Request, content: bytes) -> None:
        """Send a whole request. The response may come, and be read, before all of it has gone out."""
        raise NotImplementedError

    async def head(self, seconds: float | None = None) -> None:
        """Wait until status and headers are known, at most so many *seconds*."""
        while not self._begun:
            await self._wait(seconds)

    async def read(self, seconds: float | None = None) -> bytes:
        """What has come of the body, at least a byte; b"" at its end. Waits at most so many *seconds*."""
        while not self._pieces:
            if self._complete:
                return b""
            await self._wait(seconds)
        data = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._size = 0
        self._was_read()
        return data

    def abort(self) -> None:
        """Close at once, whatever was not sent or read yet."""
        self._transport.abort()

    async def aclose(self) -> None:
        """The same; returns when the socket is closed."""
        self.abort()
        await asyncio.shield(self._lost)

    async def _wait(self, seconds: float | None) -> None:
        if self._error is not None:
            raise self._error
        self._waiter = self._loop.create_future()
        self._by = inf
        if seconds is not None:
            self._set_timer(self._loop.time() + seconds)
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _set_timer(self, by: float) -> None:
        """One timer serves all the waits and is moved only when it rings, or must ring sooner: a timer for each piece
        of an answer would cost a tenth of reading it.
        """
        self._by = by
        if self._timer is None or by < self._timer.when():
            if self._timer is not None:
                self._timer.cancel()
            self._timer = self._loop.call_at(by, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._waiter is None or self._waiter.done():
            return
        if self._by == inf:  # this wait has no end; the timer was an earlier one's
            return
        if self._by > self._loop.time():
            self._set_timer(self._by)
        else:
            self._waiter.set_exception(httpx2.ReadTimeout("nothing came in time"))

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, error: httpx2.TransportError) -> None:
        if self._error is None:
            self._error = error
        self._transport.abort()
        self._wake()

    def _begin(self) -> None:
        """Another request."""
        self._begun = self._complete = False
        self.headers = []
        self._barren = 0

    def _parse(self, data: bytes) -> None:
        """What *data* means: ``_fail``, or status, headers, ``_add`` and ``_complete``, and ``_wake`` for each."""
        raise NotImplementedError

    def _was_read(self) -> None:
        """The reader has taken all there was."""

    def _add(self, data: bytes) -> None:
        self._pieces.append(data)
        self._size += len(data)
        self._wake()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's: connected."""
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are of no class of asyncio's

    def data_received(self, data: bytes) -> None:
        """asyncio's: bytes came."""
        size = self._size
        self._parse(data)
        if self._size > size:
            self._barren = 0
            return
        self._barren += len(data)
        if self._barren > MOST_BARREN_BYTES:
            self._fail(httpx2.RemoteProtocolError("a head, or what goes with a body, without an end"))

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's: closed, or broken by *exc*."""
        if self._error is None:
            self._error = httpx2.ReadError("the connection is closed")
            self._error.__cause__ = exc
        if self._timer is not None:
            self._timer.cancel()
        self._lost.set_result(None)
        self._wake()
