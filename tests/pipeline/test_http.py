"""The HTTP under the model and the speech servers' clients, beside what their own tests show of it."""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field

import httpx2
import pytest

from pipeline.http import transport
from pipeline.http.client import HttpClient
from pipeline.http.connection import MOST_BARREN_BYTES, MOST_BYTES
from pipeline.http.transport import Body, Transport
from tests.fakes import PATIENCE, still

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\n"
HELLO = OK + b"Content-Length: 5\r\n\r\nhello"


class Peer:
    """A server that does *serve* with each connection. ``connections``: how many there were."""

    def __init__(self, serve: Serve) -> None:
        self.serve = serve
        self.connections = 0
        self.port = 0

    async def one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self.serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def asking(serve: Serve, seconds: float | None = None) -> AsyncIterator[tuple[httpx2.AsyncClient, Peer]]:
    """A client of a server that does *serve*; in the end no connection is left at all."""
    peer = Peer(serve)
    server = await asyncio.start_server(peer.one, "127.0.0.1", 0)
    async with server:
        peer.port = server.sockets[0].getsockname()[1]
        http = HttpClient(f"http://127.0.0.1:{peer.port}", httpx2.Timeout(seconds))
        async with aclosing(http):
            yield http.open(), peer
        assert http.connections == 0


def answering(*pieces: bytes | float, hang: bool = False) -> Serve:
    """Write the pieces, with pauses of so many seconds; then close, or *hang* until the client does."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        for piece in pieces:
            if isinstance(piece, bytes):
                writer.write(piece)
                await writer.drain()
            else:
                await asyncio.sleep(piece)
        if hang:
            await reader.read()

    return serve


def again_and_again(response: bytes) -> Serve:
    """The same response to every request of a connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await head_of(reader)
            writer.write(response)

    return serve


async def head_of(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


def url(peer: Peer) -> str:
    return f"http://127.0.0.1:{peer.port}/v1"


def body_of(response: httpx2.Response) -> Body:
    body: Body = response.extensions["body"]
    return body


def count(client: httpx2.AsyncClient) -> int:
    """Its connections."""
    assert isinstance(client._transport, Transport)
    return client._transport.connections


BODIES: dict[str, tuple[bytes, bytes]] = {
    "length": (HELLO, b"hello"),
    "none": (b"HTTP/1.1 204 No Content\r\n\r\n", b""),
    "length 0": (OK + b"content-length: 0\r\n\r\n", b""),
    "chunks": (OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n", b"hello"),
    "trailers": (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nExpires: now\r\n\r\n", b"hello"),
    "until the end": (OK + b"\r\nhello", b"hello"),
    "until the end, HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\nhello", b"hello"),
    "interim": (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" + HELLO, b"hello"),
    "two interim": (b"HTTP/1.1 100 Continue\r\n\r\n" * 2 + HELLO, b"hello"),
    "more than was asked for": (HELLO + HELLO, b"hello"),
    "no carriage return": (b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", b"hello"),
    "padded chunk sizes": (OK + b"Transfer-Encoding: chunked\r\n\r\n5  \r\nhello\r\n0  \r\n\r\n", b"hello"),
    "no reason": (b"HTTP/1.1 200\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
    "an empty header": (OK + b"X-Empty:\r\nContent-Length: 5\r\n\r\nhello", b"hello"),
}


@pytest.mark.parametrize(("response", "body"), BODIES.values(), ids=BODIES)
@pytest.mark.parametrize("step", [1, 7, 4096])
async def test_bodies(response: bytes, body: bytes, step: int) -> None:
    """A body ends where HTTP says so, however the bytes are cut."""
    pieces = [piece for start in range(0, len(response), step) for piece in (response[start : start + step], 0.0)]
    async with asking(answering(*pieces), PATIENCE) as (client, peer), client.stream("GET", url(peer)) as found:
        assert (await found.aread(), "link" in found.headers) == (body, False)


BROKEN: dict[str, tuple[bytes, type[httpx2.TransportError]]] = {
    "nothing": (b"", httpx2.ReadError),
    "half a head": (OK, httpx2.ReadError),
    "half a length": (OK + b"content-length: 9\r\n\r\nhello", httpx2.ReadError),
    "half a chunk": (OK + b"transfer-encoding: chunked\r\n\r\n9\r\nhello", httpx2.ReadError),
    "no last chunk": (OK + b"transfer-encoding: gzip, Chunked\r\n\r\n5\r\nhello\r\n", httpx2.ReadError),
    "an interim head": (b"HTTP/1.1 100 Continue\r\n\r\n", httpx2.ReadError),
    "another protocol": (b"SSH-2.0-OpenSSH_9.6\r\n", httpx2.RemoteProtocolError),
    "no length": (OK + b"content-length: five\r\n\r\nhello", httpx2.RemoteProtocolError),
    "two lengths": (OK + b"content-length: 5\r\ncontent-length: 6\r\n\r\nhello", httpx2.RemoteProtocolError),
    "length and chunks": (
        OK + b"content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        httpx2.RemoteProtocolError,
    ),
    "no chunk": (OK + b"transfer-encoding: chunked\r\n\r\nhello\r\n", httpx2.RemoteProtocolError),
    "another protocol from here": (
        b"HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\nx",
        httpx2.RemoteProtocolError,
    ),
}


@pytest.mark.parametrize(("response", "error"), BROKEN.values(), ids=BROKEN)
async def test_broken(response: bytes, error: type[Exception]) -> None:
    """What is no whole response is an error of its class, and its connection is not used again."""
    async with asking(answering(response), PATIENCE) as (client, peer):
        for _ in range(2):
            with pytest.raises(error):
                await client.get(url(peer))
        assert peer.connections == 2


@pytest.mark.parametrize("framing", [b"content-length: 99\r\n", b"transfer-encoding: chunked\r\n", b""])
async def test_what_came_before_an_error_is_read(framing: bytes) -> None:
    """A connection that the peer resets in the middle of a body, also of one that ends where the connection does."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(OK + framing + b"\r\n" + (b"9\r\nso far" if b"chunked" in framing else b"so far"))
        await writer.drain()
        await asyncio.sleep(0.02)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async with asking(serve, PATIENCE) as (client, peer), client.stream("GET", url(peer)) as response:
        body = body_of(response)
        assert await body.read() == b"so far"
        for _ in range(2):
            with pytest.raises(httpx2.ReadError):
                await body.read()


def endless(start: bytes, part: bytes) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(start)
        while True:
            writer.write(part)
            await writer.drain()

    return serve


@pytest.mark.parametrize(
    "start",
    [OK + b"x: ", OK + b"transfer-encoding: chunked\r\n\r\n5;", OK + b"transfer-encoding: chunked\r\n\r\n0\r\nx: "],
    ids=["a head", "a chunk's extension", "trailers"],
)
async def test_without_end(start: bytes) -> None:
    """What grows and is no body is given up."""
    async with asking(endless(start, b"x" * (MOST_BARREN_BYTES // 8)), PATIENCE) as (client, peer):
        with pytest.raises(httpx2.RemoteProtocolError):
            await client.get(url(peer))


async def test_much_between_the_pieces() -> None:
    """What goes with a chunk is bounded for each, not over the whole body."""
    extension = b";" + b"x" * (MOST_BARREN_BYTES * 2 // 3) + b"\r\n"
    pieces = [
        OK + b"transfer-encoding: chunked\r\n\r\n",
        *[b"5" + extension, 0.02, b"hello\r\n", 0.02] * 4,
        b"0\r\n\r\n",
    ]
    async with asking(answering(*pieces), PATIENCE) as (client, peer):
        assert (await client.get(url(peer))).content == b"hello" * 4


async def test_reading_ahead_is_bounded() -> None:
    """A reader that stands still makes the peer stand still, and then loses nothing."""
    total = 400 * MOST_BYTES
    sent = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await head_of(reader)
        writer.write(OK + b"content-length: %d\r\n\r\n" % total)
        while sent < total:
            writer.write(bytes(MOST_BYTES))
            await writer.drain()
            sent += MOST_BYTES

    async with asking(serve, PATIENCE) as (client, peer), client.stream("GET", url(peer)) as response:
        await still(lambda: sent)
        assert sent < total / 2
        got = 0
        while piece := await body_of(response).read():
            got += len(piece)
        assert got == total


async def test_a_long_request() -> None:
    """It arrives whole, and what the peer answers before it has read all of it is heard."""
    size = 8 * 1024 * 1024

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert b"Content-Length: %d\r\n" % size in await head_of(reader)
        writer.write(OK + b"transfer-encoding: chunked\r\n\r\n2\r\nhm\r\n")
        assert len(await reader.readexactly(size)) == size
        writer.write(b"6\r\nthanks\r\n0\r\n\r\n")

    async with asking(serve, PATIENCE) as (client, peer):
        assert (await client.post(url(peer), content=bytes(size))).content == b"hmthanks"


async def test_a_header_cannot_hold_another() -> None:
    """A line break in a header is refused before anything is sent."""
    async with asking(answering(HELLO), PATIENCE) as (client, peer):
        for value in (b"a\r\nb: c", b"a\nb: c", b"a\0"):
            with pytest.raises(httpx2.LocalProtocolError):
                await client.get(url(peer), headers=[(b"x", value)])
        assert peer.connections == 0


async def test_timeouts() -> None:
    """``read`` bounds the wait for the head and for each piece; what comes in time has all of it again."""
    for serve in (answering(hang=True), answering(OK + b"content-length: 9\r\n\r\nhello", hang=True)):
        async with asking(serve) as (client, peer):
            with pytest.raises(httpx2.ReadTimeout):
                await client.get(url(peer), timeout=httpx2.Timeout(PATIENCE, read=0.05))
    slow = answering(OK + b"content-length: 9\r\n\r\n", *[0.2, b"x"] * 9)
    async with asking(slow) as (client, peer):
        assert (await client.get(url(peer), timeout=httpx2.Timeout(PATIENCE, read=1.5))).content == b"x" * 9


async def test_the_timeout_of_an_earlier_wait() -> None:
    """It ends no later one that may take longer, or for ever; also not on a connection that is used again."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            await head_of(reader)
            await asyncio.sleep(1.2)
            writer.write(OK + b"content-length: 9\r\n\r\nh")
            await asyncio.sleep(0.01)
            writer.write(b"ellohello"[:8])

    async with asking(serve) as (client, peer):
        for _ in range(2):
            async with client.stream("GET", url(peer)) as response:
                body = body_of(response)
                body.timeout = 1.0
                while await body.read():
                    pass
        assert peer.connections == 1


async def test_connections_are_used_again() -> None:
    """One after another over one connection; at the same time over several."""
    async with asking(again_and_again(HELLO), PATIENCE) as (client, peer):
        for _ in range(3):
            assert (await client.get(url(peer))).content == b"hello"
        assert peer.connections == 1
        await asyncio.gather(*(client.get(url(peer)) for _ in range(5)))
        assert peer.connections == 5


async def test_long_heads_of_empty_answers() -> None:
    """What is no body is bounded for each answer, not for a connection's life."""
    head = b"HTTP/1.1 204 No Content\r\nX: " + b"x" * (MOST_BARREN_BYTES // 3) + b"\r\n\r\n"
    async with asking(again_and_again(head), PATIENCE) as (client, peer):
        for _ in range(5):
            assert (await client.get(url(peer))).status_code == 204
        assert peer.connections == 1


@pytest.mark.parametrize(
    "serve",
    [
        again_and_again(OK + b"Connection: close\r\nContent-Length: 5\r\n\r\nhello"),
        again_and_again(b"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\nhello"),
        again_and_again(HELLO + b"HTTP/1.1 200 OK\r\n"),
        again_and_again(HELLO + b"rubbish"),
        answering(HELLO, 0.02, b"HTTP/1.1 408 Too late\r\n\r\n", hang=True),
        answering(HELLO),
    ],
    ids=["close", "HTTP/1.0", "too much", "rubbish", "later", "gone"],
)
async def test_connections_that_cannot_be_used_again(serve: Serve) -> None:
    """Where the peer says so, has sent what nobody asked for, or is gone."""
    async with asking(serve, PATIENCE) as (client, peer):
        for number in range(3):
            assert (await client.get(url(peer))).content == b"hello"
            for _ in range(5):
                await asyncio.sleep(0.02)
            assert peer.connections == number + 1


@dataclass
class Forgetful:
    """Takes requests of four bytes, ``taken``; answers so many of each connection, writes *last* to the next one, and
    goes: with an RST if *reset*.
    """

    answers: int = 1
    reset: bool = False
    last: bytes = b""
    taken: list[bytes] = field(default_factory=list)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number in range(self.answers + 1):
            await head_of(reader)
            self.taken.append(await reader.readexactly(4))
            writer.write(HELLO if number < self.answers else self.last)
        await writer.drain()
        if self.reset:
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


@pytest.mark.parametrize("reset", [True, False])
async def test_forgotten_connections(reset: bool) -> None:
    """A kept connection that breaks off before a byte came is no failure: the same request goes over a new one,
    whatever else was kept, and all that was kept is closed.
    """
    serve = Forgetful(reset=reset)
    async with asking(serve, PATIENCE) as (client, peer):
        await asyncio.gather(*(client.post(url(peer), content=b"many") for _ in range(5)))
        for number in range(3):
            assert (await client.post(url(peer), content=b"once")).content == b"hello"
            assert (peer.connections, count(client)) == (6 + number, 1)
    assert serve.taken == [b"many"] * 5 + [b"once"] * 6


@pytest.mark.parametrize("last", [b"HTTP/1.1 100 Continue\r\n\r\n", OK, b"H"])
async def test_what_has_begun_is_not_asked_again(last: bytes) -> None:
    """After the first byte of an answer the request is not sent again."""
    serve = Forgetful(last=last)
    async with asking(serve, PATIENCE) as (client, peer):
        await client.post(url(peer), content=b"well")
        with pytest.raises(httpx2.ReadError):
            await client.post(url(peer), content=b"once")
    assert serve.taken == [b"well", b"once"]


async def test_forgotten_by_a_server_that_is_gone() -> None:
    """The request is sent again only once, and not at all by a client that was closed."""
    serve = Forgetful()
    async with asking(serve, PATIENCE) as (client, peer):
        await client.post(url(peer), content=b"well")
        serve.answers = 0
        with pytest.raises(httpx2.ReadError):
            await client.post(url(peer), content=b"lost")
    assert serve.taken == [b"well", b"lost", b"lost"]

    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(HELLO)
        await head_of(reader)
        asked.set()
        await reader.read()

    asked = asyncio.Event()
    async with asking(silent, PATIENCE) as (client, peer):
        await client.get(url(peer))
        waiting = asyncio.create_task(client.get(url(peer)))
        await asked.wait()
        await client.aclose()
        with pytest.raises(httpx2.ReadError):
            await waiting
        assert (peer.connections, count(client)) == (1, 0)


async def test_left_in_the_middle() -> None:
    """A response that is closed before its end closes the connection; so does a cancellation while it is waited for."""
    async with asking(answering(OK + b"content-length: 9\r\n\r\nhello", hang=True), PATIENCE) as (client, peer):
        async with client.stream("GET", url(peer)) as response:
            assert await body_of(response).read() == b"hello"
        with pytest.raises(httpx2.StreamClosed):
            await body_of(response).read()
    async with asking(answering(hang=True), PATIENCE) as (client, peer):
        task = asyncio.create_task(client.get(url(peer)))
        while not peer.connections:
            await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert count(client) == 0


async def test_kept_for_a_while_and_not_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """So many at most, and not for ever."""
    monkeypatch.setattr(transport, "IDLE_CONNECTIONS", 2)
    monkeypatch.setattr(transport, "IDLE_SECONDS", 1.0)
    async with asking(again_and_again(HELLO), PATIENCE) as (client, peer):
        await asyncio.gather(*(client.get(url(peer)) for _ in range(4)))
        assert count(client) == 2
        async with asyncio.timeout(PATIENCE):
            while count(client):
                await asyncio.sleep(0.01)
        assert (await client.get(url(peer))).content == b"hello"
        assert peer.connections == 5


async def test_closed_in_use() -> None:
    """A client that is closed under a reader tells the reader."""
    serve = answering(OK + b"content-length: 9\r\n\r\nhello", hang=True)
    async with asking(serve, PATIENCE) as (client, peer), client.stream("GET", url(peer)) as response:
        assert await body_of(response).read() == b"hello"
        reading = asyncio.create_task(body_of(response).read())
        await asyncio.sleep(0)
        await client.aclose()
        with pytest.raises(httpx2.ReadError):
            await reading


async def test_nobody_listens() -> None:
    """ConnectError, also for a host that does not exist, or cannot."""
    server = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    async with httpx2.AsyncClient(transport=Transport(), trust_env=False) as client:
        for host in (f"127.0.0.1:{port}", f"localhost:{port}", "no-such-host.invalid", "a..b"):
            with pytest.raises(httpx2.ConnectError):
                await client.get(f"http://{host}/")


async def test_never_in_plain_text_by_mistake() -> None:
    """Without certificates there is no https, and other protocols there are none."""
    async with httpx2.AsyncClient(transport=Transport(), trust_env=False) as client:
        for scheme in ("https", "ftp", "ws"):
            with pytest.raises(httpx2.UnsupportedProtocol):
                await client.get(f"{scheme}://127.0.0.1:1/")


async def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    """ConnectTimeout."""

    async def silent(*_args: object, **_named: object) -> None:
        await asyncio.sleep(3600)

    monkeypatch.setattr(transport, "start_connection", silent)
    async with httpx2.AsyncClient(transport=Transport(), trust_env=False, timeout=0.01) as client:
        with pytest.raises(httpx2.ConnectTimeout):
            await client.get("http://127.0.0.1:1/")
