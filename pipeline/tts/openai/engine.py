"""Any server with OpenAI's ``/audio/speech``: https://platform.openai.com/docs/api-reference/audio/createSpeech.

As for the model's server, no proxy of the environment is used, no redirect followed, nothing compressed.
"""

import asyncio
import json
import os
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from pipeline.http import HttpClient, HttpFailed, Reply, Unreachable, retry_after
from pipeline.interfaces import Voice
from pipeline.time_limit import time_limit
from pipeline.tts import convert
from pipeline.tts.engines import Hz, Piece, VoiceInfo, unknown_voice
from pipeline.tts.errors import (
    NotPcm,
    SpeechBusy,
    SpeechEngineError,
    SpeechRejected,
    SpeechStalled,
    SpeechUnavailable,
    TextRejected,
)
from pipeline.tts.openai.sound_format import SoundDecoder, header_rate

MOST_BYTES = 8192
"""Bytes that are converted in one go: stereo or float takes a ms."""

SPEECH = "audio/speech"

WRONG_VOICE = frozenset({400, 404, 422, 500})
"""Statuses with which servers refuse a voice that they don't have, or fail over it, and much else. Others answer with
200 and an error in JSON.
"""

WRONG_TEXT = frozenset({400, 413, 422})
"""Statuses with which servers refuse a text that they cannot say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAISpeechOptions:
    """The settings of the voice.

    ``base_url``: of the server, without ``/audio/speech``.
    ``model``, ``voice``: as the server names them; the voice is for requests that name none.
    ``api_key_env``: the environment variable of the key; empty = no key.
    ``sample_rate``: the Hz of replies that tell no rate.
    ``extra_body``: is put over the body of each request.
    ``proxy``: the URL of an http proxy; empty = none.
    """

    base_url: str
    model: str
    voice: str
    api_key_env: str
    sample_rate: int
    extra_body: Mapping[str, Any]
    connect_timeout_seconds: float
    stall_timeout_seconds: float
    proxy: str


class OpenAISpeech:
    """Speaks with ``base_url`` + ``/audio/speech``. Calls may overlap; each is one request, and none is repeated.

    The server may send PCM whose Content-Type tells the rate, bare PCM of ``sample_rate``, or a WAV, stereo too. The
    sound has the rate that the reply tells; if that is another one, an ``Hz`` comes first. The key is read for each
    request; without one no Authorization is sent, as local servers like it. Raise ValueError, with the key, for options
    that cannot be used.
    """

    marks_words = False
    rate_varies = True

    def __init__(self, options: OpenAISpeechOptions, environment: Mapping[str, str] = os.environ) -> None:
        self.sample_rate = options.sample_rate
        self._options = options
        self._body = {"model": options.model, "response_format": "pcm", **options.extra_body}
        _json(self._body)
        try:
            self._speed = float(options.extra_body.get("speed", 1.0))
        except (TypeError, ValueError):
            raise ValueError("extra_body: speed must be a number") from None
        self._environment = environment
        self._http = HttpClient(options.base_url, options.proxy)
        self._path = f"{urlsplit(options.base_url).path.rstrip('/')}/{SPEECH}"

    async def start(self) -> None:
        """Load what changes the rate of a reply. The first request connects."""
        await asyncio.to_thread(convert.load)

    async def voices(self) -> Sequence[VoiceInfo]:
        """List nothing: the protocol has no list of voices."""
        return ()

    def reads_in(self, _text: str, _voice: Voice) -> str:
        """Tell nothing: the language of a voice is the server's secret."""
        return ""

    def knows(self, _name: str) -> bool:
        """Tell nothing: the server refuses a voice that it does not have, and ``synthesize`` says so."""
        return True

    def fits(self, _text: str, _voice: Voice) -> bool:
        """Tell nothing, as ``reads_in``."""
        return True

    async def synthesize(self, text: str, voice: Voice, *_: object) -> AsyncGenerator[Piece, None]:
        """Yield the sound of *text* as it comes, whole samples; nothing is read ahead of the reader.

        ``voice.name`` is asked for instead of the settings' voice, which still speaks where the server refuses that
        name: a wrong name must not silence an answer. Closing the generator closes the connection. Raise a
        SpeechEngineError.
        """
        default = self._options.voice
        for name in dict.fromkeys((voice.name or default, default)):
            async with self._ask(text, name, voice.speaking_rate) as reply:
                if name != default and (reply.status in WRONG_VOICE or "json" in reply.headers.get("content-type", "")):
                    continue
                async with aclosing(self._sound(reply)) as sound:
                    if name != (voice.name or default) and reply.is_success:
                        yield unknown_voice()
                    async for piece in sound:
                        yield piece
                return

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    async def _sound(self, reply: Reply) -> AsyncGenerator[bytes | Hz, None]:
        _accepted(reply, self._path)
        default_rate = header_rate(reply.headers) or self.sample_rate
        decoder = SoundDecoder(reply.headers.get("content-type", ""), default_rate)
        given = False
        async with aclosing(self._decoded(reply, decoder)) as sound:
            async for pcm in sound:
                if not given and decoder.sample_rate != self.sample_rate:
                    yield Hz(decoder.sample_rate)
                given = True
                yield pcm
        if decoder.truncated:
            raise SpeechUnavailable("the speech server broke off: its WAV tells of more sound than came")
        if not given:
            raise NotPcm("the speech server sent no sound")

    async def _decoded(self, reply: Reply, decoder: SoundDecoder) -> AsyncGenerator[bytes, None]:
        async with aclosing(_body(reply, self._options.stall_timeout_seconds)) as body:
            async for data in body:
                if pcm := decoder.feed(data):
                    yield pcm
        if pcm := decoder.flush():
            yield pcm

    @asynccontextmanager
    async def _ask(self, text: str, voice: str, speaking_rate: float) -> AsyncIterator[Reply]:
        """Give the reply with its body unread; leaving the block closes it."""
        headers = {"content-type": "application/json"}
        if key := self._key():
            headers["authorization"] = f"Bearer {key}"
        speed = {} if speaking_rate == 1 else {"speed": round(self._speed * speaking_rate, 3)}
        content = _json({"input": text, "voice": voice, **self._body, **speed})
        connect = self._options.connect_timeout_seconds
        with _failures():
            async with time_limit(connect + self._options.stall_timeout_seconds):
                reply = await self._http.send("POST", SPEECH, headers, content, connect_seconds=connect)
        async with aclosing(reply):
            yield reply

    def _key(self) -> str:
        name = self._options.api_key_env
        key = self._environment.get(name, "").strip() if name else ""
        if not (key.isascii() and key.isprintable()):  # the HTTP library would put it into an error
            raise SpeechRejected(f"the key in {name} cannot be sent")
        return key


async def _body(reply: Reply, stall: float) -> AsyncGenerator[bytes, None]:
    """Yield the bytes as they come, at most ``MOST_BYTES`` at a time; the loop has its turn in between."""
    with _failures():
        while data := await reply.read(stall):
            yield data[:MOST_BYTES]
            for start in range(MOST_BYTES, len(data), MOST_BYTES):
                await asyncio.sleep(0)
                yield data[start : start + MOST_BYTES]


def _accepted(reply: Reply, path: str) -> None:
    """Raise the error of a refusal of *path*. The body, which may hold the text or the key, is not read."""
    status = reply.status
    if reply.is_success:
        if reply.headers.get("content-encoding", "identity").lower() != "identity":
            raise NotPcm("the speech server compressed its answer unasked")
        return
    kind: type[SpeechEngineError] = TextRejected if status in WRONG_TEXT else SpeechRejected
    if status in (402, 429):
        kind = SpeechBusy
    elif status >= 500 or status == 408:
        kind = SpeechUnavailable
    hint = "; is /v1 missing in base_url?" if status in (404, 405) and "/v1/" not in path else ""
    raise kind(f"the speech server answered {status} to {path}{hint}", retry_after=retry_after(reply.headers))


@contextmanager
def _failures() -> Iterator[None]:
    """Turn a transport error into ours, without its text, which may hold bytes of the server."""
    try:
        yield
    except Unreachable:
        raise SpeechUnavailable("the speech server cannot be reached") from None
    except TimeoutError:
        raise SpeechStalled("the speech server sends nothing any more") from None
    except HttpFailed:
        raise SpeechUnavailable("the speech server broke off") from None


def _json(body: Mapping[str, Any]) -> bytes:
    """Encode *body*; lone surrogates, which JSON has no bytes for, become question marks."""
    try:
        return json.dumps(body, ensure_ascii=False, allow_nan=False).encode(errors="replace")
    except (TypeError, ValueError):
        raise ValueError("extra_body: must be what JSON can hold") from None
