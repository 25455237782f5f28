"""HTTP/2 where the settings say so, beside what the tests of HTTP/1.1 show of both."""

import asyncio
import json
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import trustme

pytest.importorskip("h2", reason="the http2 extra is not installed")

from h2 import events
from h2.config import H2Configuration
from h2.connection import H2Connection
from h2.errors import ErrorCodes
from h2.settings import SettingCodes

from pipeline.events import TextDelta
from pipeline.http.client import HttpClient
from pipeline.http.connection import MOST_BARREN_BYTES, MOST_BYTES
from pipeline.http.transport import Body, Transport
from pipeline.llm.openai import exchange
from pipeline.llm.openai.model import OpenAIModel
from tests.fakes import PATIENCE, still, until
from tests.pipeline.llm.openai.asking import QUICK, TURN, ask
from tests.pipeline.llm.openai.hostile_server import WELL, text
from tests.pipeline.tts.engines import openai
from tests.pipeline.tts.openai.hostile_speech import said
from tests.serving import serving

PCM = b"\0\1" * 4800


class Talk:
    """One connection, from the server's side."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.h2 = H2Connection(H2Configuration(client_side=False, header_encoding="utf-8"))
        self.reader = reader
        self.writer = writer
        self.stream = 0
        self.headers: dict[str, str] = {}
        self._events: list[events.Event] = []
        self.h2.initiate_connection()
        self.send()

    def send(self) -> None:
        self.writer.write(self.h2.data_to_send())

    async def event(self, *kinds: type[events.Event]) -> Any:
        """The next one of these kinds."""
        while True:
            while self._events:
                event = self._events.pop(0)
                if isinstance(event, events.DataReceived):
                    self.h2.acknowledge_received_data(event.flow_controlled_length, event.stream_id)
                    self.send()
                if isinstance(event, kinds):
                    return event
            data = await self.reader.read(65536)
            if not data:
                raise ConnectionError
            self._events += self.h2.receive_data(data)
            self.send()

    async def head(self) -> None:
        """A request's head has come."""
        event = await self.event(events.RequestReceived)
        self.stream, self.headers = event.stream_id, dict(event.headers)

    async def request(self) -> bytes:
        """The body of the next request."""
        await self.head()
        body = b""
        while isinstance(event := await self.event(events.DataReceived, events.StreamEnded), events.DataReceived):
            body += event.data
        return body

    def begin(self, status: int = 200, *headers: tuple[str, str], end: bool = False) -> None:
        self.h2.send_headers(self.stream, [(":status", str(status)), *headers], end_stream=end)
        self.send()

    async def data(self, data: bytes, *, end: bool = False, padding: int | None = None) -> None:
        """As much at a time as the client takes."""
        while True:
            most = min(self.h2.local_flow_control_window(self.stream), self.h2.max_outbound_frame_size)
            if data and most <= 0:
                await self.event(events.WindowUpdated)
                continue
            part, data = data[:most], data[most:]
            self.h2.send_data(self.stream, part, end_stream=end and not data, pad_length=padding)
            self.send()
            await self.writer.drain()
            if not data:
                return


Serve = Callable[[Talk], Awaitable[None]]


class Peer:
    """A server that does *serve* with each connection. ``connections``: how many there were."""

    def __init__(self, serve: Serve) -> None:
        self.serve = serve
        self.connections = 0
        self.open = 0
        self.port = 0

    async def one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        try:
            await self.serve(Talk(reader, writer))
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self.open -= 1
            writer.close()


@asynccontextmanager
async def peer_of(serve: Serve, tls: ssl.SSLContext | None = None) -> AsyncIterator[Peer]:
    peer = Peer(serve)
    async with await asyncio.start_server(peer.one, "127.0.0.1", 0, ssl=tls) as server:
        peer.port = server.sockets[0].getsockname()[1]
        yield peer


@asynccontextmanager
async def asking(serve: Serve, seconds: float | None = PATIENCE) -> AsyncIterator[tuple[httpx2.AsyncClient, Peer]]:
    """A client of a server that does *serve*; in the end no connection is left at all."""
    async with peer_of(serve) as peer:
        http = HttpClient(f"http://127.0.0.1:{peer.port}", httpx2.Timeout(seconds), http2=True)
        async with aclosing(http):
            yield http.open(), peer
        assert http.connections == 0


def url(peer: Peer) -> str:
    return f"http://127.0.0.1:{peer.port}/v1?a=b"


def body_of(response: httpx2.Response) -> Body:
    body: Body = response.extensions["body"]
    return body


async def again_and_again(talk: Talk) -> None:
    while True:
        await talk.request()
        talk.begin()
        await talk.data(b"hello", end=True)


async def test_a_request() -> None:
    """It arrives as it was asked."""
    asked, settings = [], []

    async def serve(talk: Talk) -> None:
        asked.append((await talk.request(), talk.headers))
        settings.append(talk.h2.remote_settings.enable_push)
        talk.begin(204, ("x-such", "so"), end=True)
        await talk.event()

    async with asking(serve) as (client, peer):
        response = await client.post(url(peer), content=b"what", headers={"X-Other": "y", "Connection": "keep-alive"})
        assert (response.status_code, response.content, response.headers["x-such"]) == (204, b"", "so")
        assert ":status" not in response.headers
    [(body, headers)] = asked
    assert body == b"what"
    assert {
        ":method": "POST",
        ":path": "/v1?a=b",
        ":scheme": "http",
        "x-other": "y",
        "content-length": "4",
    }.items() <= (headers.items())
    assert headers[":authority"] == f"127.0.0.1:{peer.port}"
    assert not {"host", "connection", "transfer-encoding"} & headers.keys()
    assert settings == [0]


async def test_between_the_pieces() -> None:
    """Interim heads, padding, pings, settings, frames of unknown types and trailers are no part of the answer."""

    async def serve(talk: Talk) -> None:
        await talk.request()
        talk.begin(103, ("link", "x"))
        talk.begin()
        for number in range(3):
            await talk.data(b"%d" % number, padding=number * 100)
            talk.h2.ping(b"12345678")
            talk.h2.update_settings({SettingCodes.INITIAL_WINDOW_SIZE: 1000 + number})
            talk.send()
            talk.writer.write(b"\0\0\2\xee\0\0\0\0\0??")
            await talk.data(b"", padding=200)
            await talk.event(events.PingAckReceived)
        talk.h2.send_headers(talk.stream, [("expires", "now")], end_stream=True)
        talk.send()
        await talk.event()

    async with asking(serve) as (client, peer):
        response = await client.get(url(peer))
        assert (response.content, "link" in response.headers, "expires" in response.headers) == (b"012", False, False)


@pytest.mark.parametrize("step", [1, 7, 60])
async def test_any_cut(step: int) -> None:
    """However the bytes of the frames are cut, they mean the same."""
    bytes_of: list[bytes] = []

    async def serve(talk: Talk) -> None:
        await talk.request()
        talk.h2.send_headers(talk.stream, [(":status", "200")])
        for letter in b"hello":
            talk.h2.send_data(talk.stream, bytes([letter]))
        talk.h2.end_stream(talk.stream)
        data = talk.h2.data_to_send()
        bytes_of.append(data)
        for start in range(0, len(data), step):
            talk.writer.write(data[start : start + step])
            await talk.writer.drain()
            await asyncio.sleep(0)
        await talk.event()

    async with asking(serve) as (client, peer):
        assert (await client.get(url(peer))).content == b"hello"
    assert len(bytes_of[0]) > step


async def test_connections_are_used_again() -> None:
    """One after another over one connection; at the same time over several."""
    async with asking(again_and_again) as (client, peer):
        for _ in range(3):
            assert (await client.get(url(peer))).content == b"hello"
        assert peer.connections == 1
        await asyncio.gather(*(client.get(url(peer)) for _ in range(5)))
        assert peer.connections == 5


async def test_a_long_request() -> None:
    """It goes out as the server takes it."""
    sizes = []

    async def serve(talk: Talk) -> None:
        while True:
            sizes.append(len(await talk.request()))
            talk.begin(end=True)

    async with asking(serve) as (client, peer):
        for _ in range(2):
            await client.post(url(peer), content=bytes(1_000_000))
        assert peer.connections == 1
    assert sizes == [1_000_000] * 2


@pytest.mark.parametrize("takes", [0, 32768])
@pytest.mark.parametrize("reset", [True, False])
async def test_answered_before_it_was_all_sent(reset: bool, takes: int) -> None:
    """A refusal is heard at once, also from a server that would just have taken more, and its connection, with half a
    request on it, is not used again.
    """

    async def serve(talk: Talk) -> None:
        await talk.head()
        if takes:
            talk.h2.increment_flow_control_window(takes)
            talk.h2.increment_flow_control_window(takes, talk.stream)
        talk.h2.send_headers(talk.stream, [(":status", "413")])
        talk.h2.send_data(talk.stream, b"too much", end_stream=True)
        if reset:
            talk.h2.reset_stream(talk.stream, ErrorCodes.NO_ERROR)
        talk.send()  # all at once
        await talk.reader.read()

    async with asking(serve) as (client, peer):
        for number in range(2):
            response = await client.post(url(peer), content=bytes(1_000_000))
            assert (response.status_code, response.content) == (413, b"too much")
            assert peer.connections == number + 1


async def test_reading_ahead_is_bounded() -> None:
    """A reader that stands still makes the peer stand still, and then loses nothing."""
    total = 20 * MOST_BYTES
    sent = 0

    async def serve(talk: Talk) -> None:
        nonlocal sent
        await talk.request()
        talk.begin()
        while sent < total:
            await talk.data(bytes(4096))
            sent += 4096
        talk.h2.end_stream(talk.stream)
        talk.send()
        await talk.event()

    async with asking(serve) as (client, peer), client.stream("GET", url(peer)) as response:
        await still(lambda: sent)
        assert sent <= MOST_BYTES
        got = 0
        while piece := await body_of(response).read():
            got += len(piece)
            await asyncio.sleep(0.002)
            assert sent <= got + MOST_BYTES
        assert got == total


async def test_padding_is_taken_too() -> None:
    """It counts in what the server may send."""

    async def serve(talk: Talk) -> None:
        await talk.request()
        talk.begin()
        for data, count in ((b"x", 300), (b"", 200)):  # more of them would be a body without an end
            for _ in range(count):
                await talk.data(data, padding=255)
                while talk.h2.local_flow_control_window(talk.stream) < 300:
                    await talk.event(events.WindowUpdated)
        talk.h2.end_stream(talk.stream)
        talk.send()
        await talk.event()

    async with asking(serve) as (client, peer):
        assert (await client.get(url(peer))).content == b"x" * 300


def goes_away(last: int) -> Serve:
    """Says in the middle of an answer that it takes no more requests, and which was the last."""

    async def serve(talk: Talk) -> None:
        await talk.request()
        talk.begin()
        await talk.data(b"hel")
        talk.writer.write(b"\0\0\x08\x07\0\0\0\0\0" + last.to_bytes(4, "big") + bytes(4))
        await talk.data(b"lo", end=True)
        await talk.event()

    return serve


@pytest.mark.parametrize("last", [1, 2**31 - 1])
async def test_a_server_that_goes_away_finishes_its_answer(last: int) -> None:
    """The next request takes another connection."""
    async with asking(goes_away(last)) as (client, peer):
        for number in range(3):
            assert (await client.get(url(peer))).content == b"hello"
            assert peer.connections == number + 1


def then(do: Callable[[Talk], Any]) -> Serve:
    """The beginning of an answer, then something else, and the client's end is waited for."""

    async def serve(talk: Talk) -> None:
        await talk.head()
        talk.begin(200, ("content-length", "9"))
        await talk.data(b"hel")
        do(talk)
        talk.send()
        await talk.writer.drain()
        if not talk.writer.is_closing():
            await talk.reader.read()

    return serve


def raw(data: bytes) -> Serve:
    """Something that is no HTTP/2."""
    return then(lambda talk: talk.writer.write(data))


async def speaks_http1(talk: Talk) -> None:
    talk.writer.write(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n")
    await talk.reader.read()


BROKEN: dict[str, tuple[Serve, type[httpx2.TransportError]]] = {
    "reset": (then(lambda talk: talk.h2.reset_stream(talk.stream, ErrorCodes.INTERNAL_ERROR)), httpx2.ReadError),
    "reset, politely": (then(lambda talk: talk.h2.reset_stream(talk.stream, ErrorCodes.NO_ERROR)), httpx2.ReadError),
    "closed": (then(lambda talk: talk.writer.close()), httpx2.ReadError),
    "going away without it": (goes_away(0), httpx2.ReadError),
    "with the bit that says nothing": (goes_away(2**31), httpx2.ReadError),
    "too short": (then(lambda talk: talk.writer.write(b"\0\0\0\0\1\0\0\0\1")), httpx2.RemoteProtocolError),
    "rubbish": (raw(b"rubbish" * 9), httpx2.RemoteProtocolError),
    "too long a frame": (raw(b"\xff\xff\xff\0\0\0\0\0\1"), httpx2.RemoteProtocolError),
    "a push": (raw(b"\0\0\5\5\4\0\0\0\1\0\0\0\2\x88"), httpx2.RemoteProtocolError),
    "pings without end": (
        raw(b"\0\0\x08\6\0\0\0\0\0\0\0\0\0\0\0\0\0" * MOST_BARREN_BYTES),
        httpx2.RemoteProtocolError,
    ),
}


@pytest.mark.parametrize(("serve", "error"), BROKEN.values(), ids=BROKEN)
async def test_broken(serve: Serve, error: type[Exception]) -> None:
    """What is no whole answer is an error of its class, and its connection is not used again."""
    async with asking(serve) as (client, peer):
        for number in range(2):
            with pytest.raises(error):
                await client.get(url(peer))
            assert peer.connections == number + 1
        await until(lambda: peer.open == 0)


@pytest.mark.parametrize("status", ["fine", "2xx", ""])
async def test_a_status_that_is_no_number(status: str) -> None:
    """RemoteProtocolError."""

    async def serve(talk: Talk) -> None:
        await talk.request()
        talk.h2.config.validate_outbound_headers = False
        talk.h2.send_headers(talk.stream, [(":status", status)], end_stream=True)
        talk.send()
        await talk.reader.read()

    async with asking(serve) as (client, peer):
        with pytest.raises(httpx2.RemoteProtocolError):
            await client.get(url(peer))


async def test_another_protocol() -> None:
    """A server of HTTP/1.1 is told from a broken one of HTTP/2 by nobody: RemoteProtocolError."""
    async with asking(speaks_http1) as (client, peer):
        with pytest.raises(httpx2.RemoteProtocolError):
            await client.get(url(peer))


@pytest.mark.parametrize("name", ["reset", "closed", "rubbish", "too short"])
async def test_what_came_before_an_error_is_read(name: str) -> None:
    """Then the error."""
    serve, error = BROKEN[name]
    content = bytes(1_000_000)
    async with asking(serve) as (client, peer), client.stream("POST", url(peer), content=content) as response:
        await asyncio.sleep(0.05)  # until the error has come too
        assert await body_of(response).read() == b"hel"
        for _ in range(2):
            with pytest.raises(error):
                await body_of(response).read()


async def test_pings_are_no_answer() -> None:
    """They do not prolong the time for the next piece."""

    async def serve(talk: Talk) -> None:
        await talk.request()
        talk.begin()
        while True:
            talk.h2.ping(b"12345678")
            talk.send()
            await talk.event(events.PingAckReceived)
            await asyncio.sleep(0.01)

    async with asking(serve, 0.3) as (client, peer):
        with pytest.raises(httpx2.ReadTimeout):
            async with asyncio.timeout(PATIENCE):
                await client.get(url(peer))


async def test_left_in_the_middle() -> None:
    """Leaving an answer closes its connection, and no other."""
    async with asking(then(lambda _: None)) as (client, peer):
        async with client.stream("GET", url(peer)) as other:
            async with client.stream("GET", url(peer)) as response:
                assert await body_of(response).read() == b"hel"
                assert peer.open == 2
            await until(lambda: peer.open == 1)
            assert await body_of(other).read() == b"hel"
        task = asyncio.create_task(client.get(url(peer)))
        await until(lambda: peer.connections == 3)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await until(lambda: peer.open == 0)
        assert isinstance(client._transport, Transport)
        assert client._transport.connections == 0


# Encrypted.


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    made = trustme.CA()
    made.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return made


@pytest.mark.parametrize(("spoken", "understood"), [("h2", True), ("http/1.1", False)])
async def test_encrypted(authority: trustme.CA, spoken: str, understood: bool) -> None:
    """It takes a server that says that it speaks HTTP/2."""
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.set_alpn_protocols([spoken])
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    async with peer_of(again_and_again, tls) as peer:
        http = HttpClient(f"https://127.0.0.1:{peer.port}", httpx2.Timeout(PATIENCE), http2=True)
        async with aclosing(http):
            asked = http.open().get(http.url("x"))
            if understood:
                assert (await asked).content == b"hello"
            else:
                with pytest.raises(httpx2.RemoteProtocolError):
                    await asked


def test_without_h2(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error says what to install."""
    monkeypatch.setitem(sys.modules, "h2", None)
    monkeypatch.delitem(sys.modules, "pipeline.http.http2", raising=False)
    with pytest.raises(ModuleNotFoundError, match=r"stentor\[http2\]"):
        HttpClient("http://127.0.0.1", http2=True)


# The stages.


def answer(*pieces: bytes, reset: bool = False) -> Serve:
    """A model's answer in frames of its own making."""

    async def serve(talk: Talk) -> None:
        while True:
            assert json.loads(await talk.request())["model"] == "m"
            talk.begin(200, ("content-type", "text/event-stream"))
            for piece in pieces:
                await talk.data(piece)
                await asyncio.sleep(0)
            if reset:
                talk.h2.reset_stream(talk.stream, ErrorCodes.INTERNAL_ERROR)
            else:
                talk.h2.end_stream(talk.stream)
            talk.send()

    return serve


@asynccontextmanager
async def model_of(serve: Serve) -> AsyncIterator[tuple[OpenAIModel, Peer]]:
    async with peer_of(serve) as peer:
        settings: dict[str, Any] = {**QUICK, "base_url": f"http://127.0.0.1:{peer.port}/v1", "model": "m"}
        async with aclosing(OpenAIModel(**settings, http2=True)) as model:
            yield model, peer


@pytest.mark.parametrize("step", [1, 7, 100, 10_000])
async def test_a_models_answer(step: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events are cut anywhere by the frames; the next turn uses the same connection."""
    monkeypatch.setattr(exchange, "CLOSE_SECONDS", PATIENCE)
    whole = b"".join(piece for piece in WELL.body if isinstance(piece, bytes))
    pieces = [whole[start : start + step] for start in range(0, len(whole), step)]
    async with model_of(answer(*pieces)) as (model, peer):
        for _ in range(2):
            found = await ask(model)
            assert (found.ending, found.text) == (("OK", "COMPLETE"), "Hello there.")
        assert peer.connections == 1


async def test_a_models_answer_that_breaks_off() -> None:
    """What was said stays, and the turn has failed."""
    async with model_of(answer(text("Hello"), reset=True)) as (model, _):
        found = await ask(model)
        assert (found.ending, found.text) == (("UNAVAILABLE", "MODEL_UNAVAILABLE"), "Hello")


async def test_a_models_answer_that_is_left() -> None:
    """Its connection is closed, so that the server stops."""

    async def serve(talk: Talk) -> None:
        await talk.request()
        talk.begin(200, ("content-type", "text/event-stream"))
        await talk.data(text("Hello"))
        await talk.event(events.StreamEnded)

    async with model_of(serve) as (model, peer):
        async with aclosing(model.stream(TURN)) as answers:
            assert await anext(answers) == TextDelta("Hello")
        await until(lambda: peer.open == 0)


async def test_the_settings(tmp_path: Path) -> None:
    """``http2 = true`` is all it takes."""
    whole = [piece for piece in WELL.body if isinstance(piece, bytes)]
    async with peer_of(answer(*whole)) as peer:
        llm = f'{{ kind = "openai", base_url = "http://127.0.0.1:{peer.port}/v1", model = "m", http2 = true }}'
        settings = f'[server]\nport = 0\n[pipeline]\nllm = {llm}\ntts = {{ kind = "off" }}\n'
        async with serving(tmp_path, text=settings) as service:
            assert (await service.ask("Hi.")).texts == ["Hello there."]


async def test_speech() -> None:
    """A voice's server too."""

    async def serve(talk: Talk) -> None:
        assert json.loads(await talk.request())["input"] == "Hello."
        talk.begin(200, ("content-type", "audio/pcm"))
        for start in range(0, len(PCM), 7):
            await talk.data(PCM[start : start + 7])
        await talk.data(b"", end=True)
        await talk.event()

    async with peer_of(serve) as peer:
        speech = openai({}, base_url=f"http://127.0.0.1:{peer.port}", http2=True)
        async with aclosing(speech):
            assert await said(speech) == PCM
