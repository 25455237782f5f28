"""The HTTP under the model and the speech servers' clients, beside what their own tests show of it."""

import asyncio
import gzip
import socket
import ssl
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trustme

from pipeline.http import (
    MOST_BYTES,
    MOST_HEADER_BYTES,
    BrokenOff,
    HttpClient,
    HttpFailed,
    NotHttp,
    Reply,
    Unreachable,
    retry_after,
)
from tests.fakes import PATIENCE, still, until

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\n"
HELLO = OK + b"Content-Length: 5\r\n\r\nhello"
CHUNKED = OK + b"Transfer-Encoding: chunked\r\n\r\n"


class Peer:
    """A server that does *serve* with each connection. ``connections``: how many there were; ``open``: how many are."""

    def __init__(self, serve: Serve) -> None:
        self.serve = serve
        self.connections = 0
        self.open = 0

    async def one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self.serve(reader, writer)
        finally:
            writer.close()
            self.open -= 1


@asynccontextmanager
async def listening(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[tuple[Peer, int]]:
    """A server that does *serve*, and its port; in the end it must have no connection left."""
    peer = Peer(serve)
    server = await asyncio.start_server(peer.one, "127.0.0.1", 0, ssl=tls)
    async with server:
        yield peer, server.sockets[0].getsockname()[1]
        await until(lambda: not peer.open)


@asynccontextmanager
async def at(base_url: str, proxy: str = "") -> AsyncIterator[HttpClient]:
    async with aclosing(HttpClient(base_url, proxy)) as client:
        yield client


@asynccontextmanager
async def asking(serve: Serve) -> AsyncIterator[tuple[HttpClient, Peer]]:
    """A client of a server that does *serve*."""
    async with listening(serve) as (peer, port), at(f"http://127.0.0.1:{port}/v1") as client:
        yield client, peer


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


def again_and_again(response: bytes, heads: list[bytes] | None = None) -> Serve:
    """The same response to every request of a connection. *heads* collects the heads of the requests."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await head_of(reader)
            if heads is not None:
                heads.append(head)
            writer.write(response)

    return serve


def reset(writer: asyncio.StreamWriter) -> None:
    """Let the connection end with an RST."""
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


async def head_of(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\r\n\r\n")


async def send(client: HttpClient, content: bytes | None = None) -> Reply:
    return await client.send("POST", "x", {}, content, connect_seconds=PATIENCE)


async def whole(reply: Reply) -> bytes:
    """The body."""
    async with aclosing(reply):
        body = b""
        while piece := await reply.read(PATIENCE):
            body += piece
        return body


async def ask(client: HttpClient, content: bytes | None = None) -> bytes:
    return await whole(await send(client, content))


BODIES: dict[str, bytes] = {
    "until the end": OK + b"\r\nhello",
    "interim": b"HTTP/1.1 100 Continue\r\n\r\n" * 2 + HELLO,
    "no carriage return": b"HTTP/1.1 200 OK\nContent-Length: 5\n\nhello",
    "padded chunk sizes": CHUNKED + b"5  \r\nhello\r\n0  \r\n\r\n",
    "a chunk's extension": CHUNKED + b"3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\n\r\n",
    "a long header": OK + b"X: " + b"x" * (MOST_HEADER_BYTES // 2) + b"\r\nContent-Length: 5\r\n\r\nhello",
    "many headers": OK + b"".join(b"X%d: x\r\n" % i for i in range(500)) + b"Content-Length: 5\r\n\r\nhello",
    "gzip": OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"hello"),
}


@pytest.mark.parametrize("response", BODIES.values(), ids=BODIES)
async def test_bodies(response: bytes) -> None:
    """What servers do is understood, also if it is unusual."""
    async with asking(answering(response)) as (client, _):
        assert await ask(client) == b"hello"


BROKEN: dict[str, tuple[bytes, type[HttpFailed]]] = {
    "nothing": (b"", BrokenOff),
    "half a head": (OK, BrokenOff),
    "half a length": (OK + b"content-length: 9\r\n\r\nhello", BrokenOff),
    "half a chunk": (CHUNKED + b"9\r\nhello", BrokenOff),
    "no last chunk": (CHUNKED + b"5\r\nhello\r\n", BrokenOff),
    "another protocol": (b"SSH-2.0-OpenSSH_9.6\r\n", NotHttp),
    "no chunk": (CHUNKED + b"hello\r\n", NotHttp),
    "no gzip": (OK + b"content-encoding: gzip\r\ncontent-length: 5\r\n\r\nhello", NotHttp),
    "an endless header": (OK + b"x: " + b"x" * 4 * MOST_HEADER_BYTES, NotHttp),
}


@pytest.mark.parametrize(("response", "error"), BROKEN.values(), ids=BROKEN)
async def test_broken(response: bytes, error: type[HttpFailed]) -> None:
    """What is no whole response is an error of its class, and its connection is not used again."""
    async with asking(answering(response)) as (client, peer):
        for _ in range(2):
            with pytest.raises(error) as caught:
                await ask(client)
            assert caught.value.__cause__ is None
        assert peer.connections == 2


@pytest.mark.parametrize("framing", [b"content-length: 99\r\n\r\n", b"transfer-encoding: chunked\r\n\r\n6\r\n"])
@pytest.mark.parametrize("how", ["reset", "closed", "rubbish"])
async def test_what_came_before_an_error_is_read(framing: bytes, how: str) -> None:
    """A reader that is late gets all that came before the connection broke, and then the error, again and again."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(OK + framing + b"so far")
        await asyncio.sleep(0.02)
        if how == "rubbish" and b"chunked" in framing:
            writer.write(b"\r\nxyz\r\n")
            await writer.drain()
        if how == "reset":
            reset(writer)

    async with asking(serve) as (client, peer), aclosing(await send(client)) as reply:
        await until(lambda: not peer.open)
        await asyncio.sleep(0.02)
        assert await reply.read(PATIENCE) == b"so far"
        for _ in range(2):
            with pytest.raises(BrokenOff):
                await reply.read(PATIENCE)


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

    async with asking(serve) as (client, _):
        reply = await send(client)
        await still(lambda: sent)
        assert sent < total / 2
        assert len(await whole(reply)) == total


async def test_a_long_request() -> None:
    """It arrives whole, and what the peer answers before it has read all of it is heard."""
    size = 8 * 1024 * 1024

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert b"Content-Length: %d\r\n" % size in await head_of(reader)
        writer.write(CHUNKED + b"2\r\nhm\r\n")
        assert len(await reader.readexactly(size)) == size
        writer.write(b"6\r\nthanks\r\n0\r\n\r\n")

    async with asking(serve) as (client, _):
        assert await ask(client, bytes(size)) == b"hmthanks"


async def test_nothing_is_remembered() -> None:
    """No cookie goes back to the server, and compression is not asked for."""
    heads: list[bytes] = []
    serve = again_and_again(OK + b"Set-Cookie: a=b\r\nContent-Length: 0\r\n\r\n", heads)
    async with listening(serve) as (_, port), at(f"http://localhost:{port}") as client:
        for _ in range(2):
            await ask(client)
    assert len(heads) == 2
    assert not any(b"cookie" in head.lower() for head in heads)
    assert all(b"accept-encoding: identity\r\n" in head.lower() for head in heads)


# Time.


async def test_timeouts() -> None:
    """A read waits as long as it may; what comes in time has all of it again."""
    silent = answering(OK + b"content-length: 9\r\n\r\nhello", hang=True)
    async with asking(silent) as (client, _), aclosing(await send(client)) as reply:
        assert await reply.read(PATIENCE) == b"hello"
        began = time.monotonic()
        for _ in range(2):
            with pytest.raises(TimeoutError):
                await reply.read(0.05)
        assert time.monotonic() - began < PATIENCE / 2
    slow = answering(OK + b"content-length: 9\r\n\r\n", *[0.2, b"x"] * 9)
    async with asking(slow) as (client, _), aclosing(await send(client)) as reply:
        for _ in range(9):
            assert await reply.read(1.5) == b"x"


async def test_a_loop_that_stands_still() -> None:
    """What comes while the loop stands still comes in time; a server that then stays silent does not."""
    slow = answering(OK + b"content-length: 9\r\n\r\n", 0.3, b"hello", hang=True)
    async with asking(slow) as (client, _), aclosing(await send(client)) as reply:
        asyncio.get_running_loop().call_later(0.1, time.sleep, 0.6)
        assert await reply.read(0.25) == b"hello"
        asyncio.get_running_loop().call_later(0.1, time.sleep, 0.6)
        with pytest.raises(TimeoutError):
            await reply.read(0.25)


async def test_the_timeout_of_an_earlier_wait() -> None:
    """It ends no later one that may take longer, also after a pause of the reader."""
    serve = answering(OK + b"content-length: 9\r\n\r\nhell", 0.02, b"o", 0.3, b"late", hang=True)
    async with asking(serve) as (client, _), aclosing(await send(client)) as reply:
        assert await reply.read(PATIENCE) == b"hell"
        assert await reply.read(0.2) == b"o"
        assert await reply.read(PATIENCE) == b"late"


# Connections.


async def test_connections_are_used_again() -> None:
    """One after another over one connection; at the same time over as many as it takes."""
    async with asking(again_and_again(HELLO)) as (client, peer):
        for _ in range(3):
            assert await ask(client) == b"hello"
        assert peer.connections == 1
        replies = await asyncio.gather(*(send(client) for _ in range(150)))
        assert peer.connections == 150
        assert [await whole(reply) for reply in replies] == [b"hello"] * 150


@pytest.mark.parametrize(
    "serve",
    [
        again_and_again(OK + b"Connection: close\r\nContent-Length: 5\r\n\r\nhello"),
        answering(HELLO, 0.02, b"HTTP/1.1 408 Too late\r\n\r\n", hang=True),
        answering(HELLO),
    ],
    ids=["close", "later", "gone"],
)
async def test_connections_that_cannot_be_used_again(serve: Serve) -> None:
    """Where the peer says so, has sent what nobody asked for, or is gone."""
    async with asking(serve) as (client, peer):
        for number in range(3):
            assert await ask(client) == b"hello"
            for _ in range(5):
                await asyncio.sleep(0.02)
            assert peer.connections == number + 1


@dataclass
class Forgetful:
    """Takes requests of four bytes, ``taken``; answers so many of each connection, writes *last* to the next one, and
    goes: with an RST if *resets*.
    """

    answers: int = 1
    resets: bool = False
    last: bytes = b""
    taken: list[bytes] = field(default_factory=list)

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for number in range(self.answers + 1):
            await head_of(reader)
            self.taken.append(await reader.readexactly(4))
            writer.write(HELLO if number < self.answers else self.last)
        await writer.drain()
        if self.resets:
            reset(writer)


@pytest.mark.parametrize("resets", [True, False])
async def test_forgotten_connections(resets: bool) -> None:
    """A kept connection that breaks off before a byte came is no failure: the same request goes over a new one,
    whatever else was kept, and all that was kept is closed.
    """
    serve = Forgetful(resets=resets)
    async with asking(serve) as (client, peer):
        await asyncio.gather(*(ask(client, b"many") for _ in range(5)))
        for number in range(3):
            assert await ask(client, b"once") == b"hello"
            assert peer.connections == 6 + number
            await until(lambda: peer.open == 1)
    assert serve.taken == [b"many"] * 5 + [b"once"] * 6


@pytest.mark.parametrize("last", [OK, b"H"])
async def test_what_has_begun_is_not_asked_again(last: bytes) -> None:
    """After the first byte of an answer the request is not sent again."""
    serve = Forgetful(last=last)
    async with asking(serve) as (client, _):
        await ask(client, b"well")
        with pytest.raises(BrokenOff):
            await ask(client, b"once")
    assert serve.taken == [b"well", b"once"]


async def test_forgotten_by_a_server_that_is_gone() -> None:
    """The request is sent again only once."""
    serve = Forgetful()
    async with asking(serve) as (client, _):
        await ask(client, b"well")
        serve.answers = 0
        with pytest.raises(BrokenOff):
            await ask(client, b"lost")
    assert serve.taken == [b"well", b"lost", b"lost"]


async def test_closed_while_an_answer_is_waited_for() -> None:
    """A client that is closed does not send a request again; the next one opens new connections."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await head_of(reader)
        writer.write(HELLO)
        await head_of(reader)
        asked.set()
        await reader.read()

    asked = asyncio.Event()
    async with asking(serve) as (client, peer):
        await ask(client)
        waiting = asyncio.create_task(ask(client))
        await asked.wait()
        await client.aclose()
        with pytest.raises(BrokenOff):
            await waiting
        assert peer.connections == 1
        assert await ask(client) == b"hello"


async def test_left_in_the_middle() -> None:
    """A reply that is closed before its end closes the connection; so does a cancellation while it is waited for."""
    async with asking(answering(OK + b"content-length: 9\r\n\r\nhello", hang=True)) as (client, peer):
        async with aclosing(await send(client)) as reply:
            assert await reply.read(PATIENCE) == b"hello"
        await until(lambda: not peer.open)
    async with asking(answering(hang=True)) as (client, peer):
        task = asyncio.create_task(send(client))
        await until(lambda: peer.open)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: not peer.open)


async def test_nobody_listens() -> None:
    """Unreachable, also for a host that does not exist; the time that it took is told."""
    async with listening(answering()) as (_, port):
        pass
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", "no-such-host.invalid"):
        spent: list[float] = []
        async with at(f"http://{host}/") as client:
            with pytest.raises(Unreachable):
                await client.send("GET", "x", {}, connect_seconds=PATIENCE, connected=spent.append)
        assert len(spent) == 1
        assert 0 < spent[0] < PATIENCE


async def test_only_connecting_counts_as_connecting() -> None:
    """The time to connect is told once for each connection, without the time that the answer takes."""
    spent: list[float] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for _ in range(2):
            await head_of(reader)
            await asyncio.sleep(0.1)
            writer.write(HELLO)

    async with asking(serve) as (client, _):
        began = time.monotonic()
        for _ in range(2):
            await whole(await client.send("GET", "x", {}, connect_seconds=PATIENCE, connected=spent.append))
        assert len(spent) == 1
        assert spent[0] < time.monotonic() - began - 0.19


# A proxy.


class Proxy:
    """An http proxy. ``asked``: the heads of the requests that it got. It answers those in plain text itself."""

    def __init__(self, refusal: bytes = b"") -> None:
        self.asked: list[list[bytes]] = []
        self.refusal = refusal

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await head_of(reader)).split(b"\r\n")
        self.asked.append(head)
        method, target, _ = head[0].split()
        if self.refusal or method != b"CONNECT":
            writer.write(self.refusal or HELLO)
            return
        host, _, port = target.decode().partition(":")
        upstream = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 Connected\r\n\r\n")
        await asyncio.gather(pipe(reader, upstream[1]), pipe(upstream[0], writer))


async def pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
    writer.close()


CREDENTIALS = b"Authorization: Basic bWU6c2VjcmV0"


def mine(port: int) -> str:
    """The URL of a server that wants these credentials."""
    return f"http://me:secret@127.0.0.1:{port}"


async def test_a_proxy_in_plain_text() -> None:
    """It gets the whole address of the server, which need not be known here, and the credentials."""
    proxy = Proxy()
    async with listening(proxy) as (_, port), at("http://nowhere.invalid/v1", mine(port)) as client:
        assert await ask(client, b"body") == b"hello"
        assert "secret" not in repr(client)
    assert proxy.asked[0][0] == b"POST http://nowhere.invalid/v1/x HTTP/1.1"
    assert b"Proxy-" + CREDENTIALS in proxy.asked[0]


async def test_a_proxy_for_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It connects to the server, whose certificate counts; it does not see what is asked, nor the server who it is."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    heads: list[bytes] = []
    proxy = Proxy()
    async with (
        listening(again_and_again(HELLO, heads), tls) as (_, there),
        listening(proxy) as (_, here),
        at(f"https://127.0.0.1:{there}", mine(here)) as client,
    ):
        assert [await ask(client) for _ in range(2)] == [b"hello"] * 2
    assert [head[0] for head in proxy.asked] == [b"CONNECT 127.0.0.1:%d HTTP/1.1" % there]
    assert b"Proxy-" + CREDENTIALS in proxy.asked[0]
    assert [head.split(b"\r\n")[0] for head in heads] == [b"POST /x HTTP/1.1"] * 2
    assert b"proxy" not in heads[0].lower()


async def test_a_proxy_that_fails() -> None:
    """A proxy that is not there, or that does not connect, makes its server unreachable; its credentials stay here."""

    async def fails(server: str, port: int) -> None:
        async with at(server, mine(port)) as client:
            with pytest.raises(Unreachable) as caught:
                await ask(client)
        assert caught.value.__cause__ is None
        assert "secret" not in str(caught.value)

    async with listening(Proxy(b"HTTP/1.1 407 Who are you?\r\nContent-Length: 0\r\n\r\n")) as (_, port):
        await fails("https://127.0.0.1:1", port)
    await fails("http://127.0.0.1:1", port)


@pytest.mark.parametrize("proxy", ["https://h:1", "socks5://h:1", "h:1", "http://", "http://me:secret@h:0", "http://["])
def test_a_proxy_that_cannot_be_used(proxy: str) -> None:
    """It is told at once, by the name of the setting, and without its credentials."""
    with pytest.raises(ValueError, match=r"^proxy: ") as caught:
        HttpClient("http://127.0.0.1:1", proxy)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer key"}])
async def test_a_name_and_a_password_in_the_address(headers: dict[str, str]) -> None:
    """They are sent, instead of a key too."""
    heads: list[bytes] = []
    async with listening(again_and_again(HELLO, heads)) as (_, port), at(mine(port)) as client:
        await whole(await client.send("GET", "x", headers, connect_seconds=PATIENCE))
    assert b"\r\n%b\r\n" % CREDENTIALS in heads[0]


NOW = 1_792_000_000.0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "3"}, 3.0),
        ({"retry-after": " 0.5 "}, 0.5),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after-ms": "250", "retry-after": "3"}, 0.25),
        ({"retry-after": "Wed, 14 Oct 2026 17:46:50 GMT"}, 10.0),
        ({"retry-after": "Wed, 14 Oct 2020 17:46:50 GMT"}, 0.0),
        ({"retry-after": "999999999999"}, 1e9),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after": "٣"}, None),
        ({}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    """Retry-After counts in seconds or names a date; anything else is as if it were not there."""
    assert retry_after(headers, now=NOW) == seconds
