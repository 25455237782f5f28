"""The transport under the HTTP clients, beside what the tests of the model and the speech servers show of it."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import httpcore2
import pytest

from pipeline.http_client import HttpClient
from pipeline.network import MOST_BYTES, Network

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@asynccontextmanager
async def connected(serve: Serve) -> AsyncIterator[httpcore2.AsyncNetworkStream]:
    """A connection to a server that does *serve* and closes."""

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()

    server = await asyncio.start_server(one, "127.0.0.1", 0)
    async with server:
        stream = await Network().connect_tcp("127.0.0.1", server.sockets[0].getsockname()[1])
        try:
            yield stream
        finally:
            await stream.aclose()


async def test_read() -> None:
    """Bytes come in order, at most so many as were asked for, then the end, again and again."""

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"abcde")
        writer.write_eof()
        await asyncio.sleep(30)

    async with connected(serve) as stream:
        assert [await stream.read(3), await stream.read(3)] == [b"abc", b"de"]
        assert [await stream.read(3), await stream.read(3)] == [b"", b""]
        assert stream.get_extra_info("is_readable")


async def test_read_ahead_is_bounded() -> None:
    """A reader that stands still makes the peer stand still, and then loses nothing."""
    total = 400 * MOST_BYTES
    sent = 0

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        while sent < total:
            writer.write(bytes(MOST_BYTES))
            await writer.drain()
            sent += MOST_BYTES
        await asyncio.sleep(30)

    async with connected(serve) as stream:
        before = -1
        while sent > before:
            before = sent
            await asyncio.sleep(0.03)
        assert sent < total / 2
        got = 0
        while got < total:
            got += len(await stream.read(MOST_BYTES))
        assert got == total


async def test_write_waits_for_the_peer() -> None:
    """What the peer does not take is not piled up here, and WriteTimeout tells when it takes too long."""

    async def serve(_reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(30)

    async with connected(serve) as stream:
        with pytest.raises(httpcore2.WriteTimeout):
            await stream.write(bytes(16 * 1024 * 1024), timeout=0.02)


async def test_written_is_read() -> None:
    """A long request arrives whole."""
    size = 8 * 1024 * 1024

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert len(await reader.readexactly(size)) == size
        writer.write(b"thanks")
        await writer.drain()
        await asyncio.sleep(30)

    async with connected(serve) as stream:
        await stream.write(bytes(size))
        assert await stream.read(10) == b"thanks"


async def test_broken() -> None:
    """A connection that the peer resets: what came before it is read, then ReadError and WriteError."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"so far")
        await writer.drain()
        await reader.readexactly(2)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async with connected(serve) as stream:
        assert await stream.read(10) == b"so far"
        await stream.write(b"go")
        with pytest.raises(httpcore2.ReadError):
            await stream.read(10)
        with pytest.raises(httpcore2.WriteError):
            await stream.write(b"more")


async def test_read_timeout() -> None:
    """ReadTimeout after so long without a byte; the connection is still there."""
    go_on = asyncio.Event()

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await go_on.wait()
        writer.write(b"late")
        await writer.drain()
        await asyncio.sleep(30)

    async with connected(serve) as stream:
        with pytest.raises(httpcore2.ReadTimeout):
            await stream.read(10, timeout=0.01)
        go_on.set()
        assert await stream.read(10, timeout=5) == b"late"


async def test_nobody_listens() -> None:
    """ConnectError, also for a host that does not exist."""
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    for host in ("127.0.0.1", "localhost"):
        with pytest.raises(httpcore2.ConnectError):
            await Network().connect_tcp(host, port)
    with pytest.raises(httpcore2.ConnectError):
        await Network().connect_tcp("no-such-host.invalid", port)


async def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """ConnectTimeout."""

    async def silent(*_args: object, **_named: object) -> None:
        await asyncio.sleep(30)

    monkeypatch.setattr("pipeline.network.start_connection", silent)
    with pytest.raises(httpcore2.ConnectTimeout):
        await Network().connect_tcp("127.0.0.1", 1, timeout=0.01)


async def test_it_is_in_use() -> None:
    """The clients do go over it: the attribute that it is set by is not a public one."""
    client = HttpClient("http://127.0.0.1:1/v1")
    transport = client.open()._transport
    assert isinstance(transport._pool._network_backend, Network)  # type: ignore[attr-defined]
    await client.aclose()
