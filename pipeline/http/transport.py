"""httpx's way to send a request (https://www.python-httpx.org/advanced/transports/), over connections of our own."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import nullcontext
from typing import Any

import httpx2
from aiohappyeyeballs import start_connection

from pipeline.http.connection import HttpConnection
from pipeline.http.http1 import Http1Connection

HAPPY_EYEBALLS_SECONDS = 0.25
"""After which a host's second address is tried beside the first: RFC 8305, section 8."""

IDLE_CONNECTIONS = 64
IDLE_SECONDS = 30.0
"""Connections that wait for the next request. How many are in use is bounded where streams are admitted."""

Origin = tuple[str, str, int]


class Body(httpx2.AsyncByteStream):
    """The body of a response as it came, read only when it is asked for.

    ``timeout``: seconds that the next read may take, None for any; the request's own to begin with. Closing it gives
    the connection back, or closes it where something was left unread.
    """

    def __init__(
        self, transport: "Transport", origin: Origin, connection: HttpConnection, timeout: float | None
    ) -> None:
        self.timeout = timeout
        self._transport = transport
        self._origin = origin
        self._connection: HttpConnection | None = connection

    async def read(self) -> bytes:
        """The next piece, b"" at the end. Raises ReadError, ReadTimeout or RemoteProtocolError of httpx."""
        if self._connection is None:
            raise httpx2.StreamClosed
        return await self._connection.read(self.timeout)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The pieces."""
        while data := await self.read():
            yield data

    async def aclose(self) -> None:
        """See the class."""
        if self._connection is not None:
            connection, self._connection = self._connection, None
            await self._transport.give_back(self._origin, connection)


class Transport(httpx2.AsyncBaseTransport):
    """Sends requests over connections that *connection* makes and keeps connections for the next ones.

    A kept connection that breaks off before a byte of an answer came was forgotten, by a server or a proxy that was
    restarted or a router on the way: all that are kept beside it are closed, and the request is sent once more, at
    once, over a new one. So a server may get a request twice, a POST too (RFC 9112, section 9.3.1, leaves that to those
    who know what it means): send only what does no harm twice, such as a question.

    Of a request's timeouts it uses ``connect`` and ``read``. A request's extension ``connecting``, a function, gives
    the context in which a connection is made. The response's extension ``body`` is its Body, for those who read it
    themselves.
    """

    def __init__(
        self, ssl_context: ssl.SSLContext | None = None, connection: Callable[[], HttpConnection] = Http1Connection
    ) -> None:
        self._ssl_context = ssl_context
        self._connection = connection
        self._idle: dict[Origin, list[tuple[HttpConnection, asyncio.TimerHandle]]] = {}
        self._used: set[HttpConnection] = set()
        self._closed = False

    @property
    def connections(self) -> int:
        """How many there are, in use or waiting."""
        return len(self._used) + sum(map(len, self._idle.values()))

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """httpx's: the response with its body unread. Raises its ConnectError, ConnectTimeout,
        UnsupportedProtocol (https without an *ssl_context* too), and what Body does.
        """
        timeouts = request.extensions.get("timeout", {})
        url = request.url
        origin = (url.scheme, url.raw_host.decode("ascii"), url.port or (443 if url.scheme == "https" else 80))
        _check(request)
        content = await request.aread()
        seconds = timeouts.get("read")
        kept = self._kept(origin)
        if kept is not None:
            try:
                return await self._send(request, content, origin, kept, seconds)
            except httpx2.ReadError:
                if kept.was_heard or self._closed:
                    raise
                self._close_kept(origin)
        with request.extensions.get("connecting", nullcontext)():
            connection = await self._connect(origin, timeouts.get("connect"))
        return await self._send(request, content, origin, connection, seconds)

    async def aclose(self) -> None:
        """Close every connection, also those in use."""
        self._closed = True
        kept = [connection for idle in self._idle.values() for connection, _ in idle]
        for idle in self._idle.values():
            for _, timer in idle:
                timer.cancel()
        self._idle.clear()
        for connection in (*kept, *self._used):
            await connection.aclose()

    async def _send(
        self, request: httpx2.Request, content: bytes, origin: Origin, connection: HttpConnection, seconds: float | None
    ) -> httpx2.Response:
        self._used.add(connection)
        body = Body(self, origin, connection, seconds)
        try:
            connection.send(request, content)
            await connection.head(seconds)
        except BaseException:
            await body.aclose()
            raise
        return httpx2.Response(connection.status, headers=connection.headers, stream=body, extensions={"body": body})

    async def give_back(self, origin: Origin, connection: HttpConnection) -> None:
        """*connection* is not used any more: keep it for the next request, or close it."""
        self._used.discard(connection)
        idle = self._idle.setdefault(origin, [])
        if connection.is_idle and len(idle) < IDLE_CONNECTIONS:
            timer = asyncio.get_running_loop().call_later(IDLE_SECONDS, self._expire, origin, connection)
            idle.append((connection, timer))
        else:
            await connection.aclose()

    def _expire(self, origin: Origin, connection: HttpConnection) -> None:
        self._idle[origin] = [kept for kept in self._idle[origin] if kept[0] is not connection]
        connection.abort()

    def _kept(self, origin: Origin) -> HttpConnection | None:
        """The connection that was given back last and is still there."""
        idle = self._idle.get(origin, [])
        while idle:
            connection, timer = idle.pop()
            timer.cancel()
            if connection.is_idle:
                return connection
            connection.abort()
        return None

    def _close_kept(self, origin: Origin) -> None:
        for connection, timer in self._idle.pop(origin, ()):
            timer.cancel()
            connection.abort()

    async def _connect(self, origin: Origin, seconds: float | None) -> HttpConnection:
        """A new connection, by whichever of the host's addresses answers first (RFC 8305)."""
        scheme, host, port = origin
        if scheme != "http" and (scheme != "https" or self._ssl_context is None):  # asyncio takes None for plain text
            raise httpx2.UnsupportedProtocol(f"no {scheme} here")
        loop = asyncio.get_running_loop()
        encrypted: dict[str, Any] = {"ssl": self._ssl_context, "server_hostname": host} if scheme == "https" else {}
        try:
            async with asyncio.timeout(seconds):
                addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                # Not asyncio's own: cancelled at the wrong moment, it leaves a socket open.
                connected = await start_connection(addresses, happy_eyeballs_delay=HAPPY_EYEBALLS_SECONDS)
                _, connection = await loop.create_connection(self._connection, sock=connected, **encrypted)
        except TimeoutError as error:
            raise httpx2.ConnectTimeout("not connected in time") from error
        except (OSError, UnicodeError) as error:  # an SSLError too; a host that no name server could be asked for
            raise httpx2.ConnectError("not connected") from error
        return connection


def _check(request: httpx2.Request) -> None:
    """LocalProtocolError for what would be another header."""
    for part in (request.url.raw_path, *(part for header in request.headers.raw for part in header)):
        if any(char in part for char in b"\r\n\0"):
            raise httpx2.LocalProtocolError("a header with a line break")
