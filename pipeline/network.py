"""What httpcore asks of a network, straight over asyncio's transports.

Its own backend goes through anyio, whose every read passes the event loop once more and costs as much as all the rest
of reading a model's answer. Used by the HTTP clients of the model and the voice (pipeline/http.py).
"""

import asyncio
import socket
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore2
from aiohappyeyeballs import start_connection

MOST_BYTES = 65536
"""What may wait for a reader before the peer is made to wait. One packet of the kernel's may come on top of it."""

HAPPY_EYEBALLS_SECONDS = 0.25
"""After which a host's second address is tried beside the first: RFC 8305, section 8."""

INFO = {"ssl_object": "ssl_object", "client_addr": "sockname", "server_addr": "peername", "socket": "socket"}
"""httpcore's names for what asyncio's transports tell."""


class Network(httpcore2.AsyncNetworkBackend):
    """Opens connections; raises ConnectTimeout or ConnectError of httpcore."""

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  (httpcore's signature)
        local_address: str | None = None,  # noqa: ARG002  (our clients set neither)
        socket_options: Iterable[Any] | None = None,  # noqa: ARG002
    ) -> httpcore2.AsyncNetworkStream:
        """A stream to *host* and *port*, by whichever of its addresses answers first (RFC 8305)."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(timeout):
                addresses = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
                # Not asyncio's own: cancelled at the wrong moment, it leaves a socket open.
                connected = await start_connection(addresses, happy_eyeballs_delay=HAPPY_EYEBALLS_SECONDS)
                _, stream = await loop.create_connection(Stream, sock=connected)
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error
        return stream


class Stream(asyncio.Protocol, httpcore2.AsyncNetworkStream):
    """One connection. Only one read or write waits at a time, which is what HTTP/1.1 does.

    Errors are httpcore's: ReadError and ReadTimeout, WriteError and WriteTimeout, ConnectError and ConnectTimeout.
    """

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport
        self._received = bytearray()
        self._reading = True
        self._writing = True
        self._ended = False
        self._error: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._lost = self._loop.create_future()

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """What has come, at most *max_bytes*; b"" at the end."""
        while not self._received:
            if self._error is not None:
                raise httpcore2.ReadError(str(self._error)) from self._error
            if self._ended:
                return b""
            await self._wait(timeout, httpcore2.ReadTimeout)
        data = bytes(self._received[:max_bytes])
        del self._received[:max_bytes]
        if not self._reading and len(self._received) <= MOST_BYTES:
            self._reading = True
            self._transport.resume_reading()
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Send *buffer*; waits while the peer does not read."""
        if self._transport.is_closing():
            raise httpcore2.WriteError("the connection is closed")
        self._transport.write(buffer)
        while not self._writing:
            await self._wait(timeout, httpcore2.WriteTimeout)
        if self._error is not None:
            raise httpcore2.WriteError(str(self._error)) from self._error

    async def aclose(self) -> None:
        """Close now, whatever was not sent yet; returns when the socket is closed."""
        self._transport.abort()
        await asyncio.shield(self._lost)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> httpcore2.AsyncNetworkStream:
        """This stream, encrypted from now on."""
        try:
            async with asyncio.timeout(timeout):
                transport = await self._loop.start_tls(
                    self._transport, self, ssl_context, server_hostname=server_hostname
                )
        except TimeoutError as error:
            raise httpcore2.ConnectTimeout(str(error)) from error
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error
        assert transport is not None
        self._transport = transport
        return self

    def get_extra_info(self, info: str) -> Any:
        """``is_readable``, which httpcore asks of an idle connection: whether the peer has ended it, or broken it by
        sending what nobody asked for. Else what the transport tells.
        """
        if info == "is_readable":
            return self._ended or bool(self._received)
        return self._transport.get_extra_info(INFO.get(info, info))

    async def _wait(self, timeout: float | None, late: type[Exception]) -> None:  # noqa: ASYNC109
        waiter = self._waiter = self._loop.create_future()
        timer = None if timeout is None else self._loop.call_later(timeout, _fail, waiter, late)
        try:
            await waiter
        finally:
            self._waiter = None
            if timer is not None:
                timer.cancel()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """asyncio's: connected."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """asyncio's: bytes came."""
        self._received += data
        if self._reading and len(self._received) > MOST_BYTES:
            self._reading = False
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """asyncio's: the peer sends no more; the transport then closes by itself."""
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's: closed, or broken by *exc*."""
        self._ended = True
        self._error = exc
        self._writing = True
        self._lost.set_result(None)
        self._wake()

    def pause_writing(self) -> None:
        """asyncio's: the peer reads too slowly."""
        self._writing = False

    def resume_writing(self) -> None:
        """asyncio's: the peer reads again."""
        self._writing = True
        self._wake()


def _fail(waiter: "asyncio.Future[None]", late: type[Exception]) -> None:
    if not waiter.done():
        waiter.set_exception(late())
