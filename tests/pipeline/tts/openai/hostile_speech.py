"""Replies of a speech server: sounds in every layout, and an engine that asks for them."""

import importlib.util
import math
import struct
from array import array
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Any

import pytest

from pipeline.interfaces import Speech, Voice
from pipeline.tts.openai.engine import OpenAISpeech
from tests.fakes import PATIENCE
from tests.pipeline.llm.openai.hostile_server import HostileServer, Reply, Steps, hostile
from tests.pipeline.tts.engines import openai

RATE = 24_000
KEY = "sk-very-secret"
ANY = Voice()
needs_soxr = pytest.mark.skipif(
    importlib.util.find_spec("soxr") is None, reason="soxr is not installed (extra `resample`)"
)
CONNECT = {"connect_timeout_seconds": PATIENCE, "stall_timeout_seconds": PATIENCE}


def tone(samples: int, rate: int = RATE, hz: float = 440.0) -> bytes:
    """A soft beginning and then a sine of half the full scale; mono int16."""
    loud = (min(1.0, i / 100) * 16_000 for i in range(samples))
    return array("h", (int(most * math.sin(math.tau * hz * i / rate)) for i, most in enumerate(loud))).tobytes()


def big_endian(pcm: bytes) -> bytes:
    samples = array("h", pcm)
    samples.byteswap()
    return samples.tobytes()


def stereo(pcm: bytes) -> bytes:
    """Twice as loud on the left, silent on the right, so that the mean is *pcm*."""
    return b"".join(struct.pack("<hh", 2 * sample, 0) for sample in array("h", pcm))


def float32(pcm: bytes) -> bytes:
    return array("f", (sample / 32767 for sample in array("h", pcm))).tobytes()


def chunk(name: bytes, body: bytes, size: int | None = None) -> bytes:
    """One chunk of a RIFF file; *size*: what its header says instead of the truth."""
    told = len(body) if size is None else size
    return struct.pack("<4sI", name, told) + body + b"\0" * (len(body) % 2)


def form(rate: int = RATE, channels: int = 1, tag: int = 1, bits: int = 16, extra: bytes = b"") -> bytes:
    """The body of a ``fmt `` chunk."""
    frame = channels * bits // 8
    return struct.pack("<HHIIHH", tag, channels, rate, rate * frame, frame, bits) + extra


def wav(data: bytes, fmt: bytes = b"", *, size: int | None = None, before: bytes = b"", after: bytes = b"") -> bytes:
    """A WAV file, with more chunks *before* and *after* its data if wanted."""
    body = b"WAVE" + chunk(b"fmt ", fmt or form()) + before + chunk(b"data", data, size) + after
    return struct.pack("<4sI", b"RIFF", 0xFFFF_FFFF if size is not None else len(body)) + body


def sound(
    body: Steps, content_type: str = "audio/pcm", status: int = 200, framing: str = "chunked", **more: str
) -> Reply:
    """A reply; further headers in snake case."""
    headers = {name.replace("_", "-"): value for name, value in more.items()}
    return Reply(body, status, {**({"content-type": content_type} if content_type else {}), **headers}, framing)


@asynccontextmanager
async def speaking(*replies: Reply, **options: Any) -> AsyncIterator[tuple[OpenAISpeech, HostileServer]]:
    """An engine and the server that it asks, which plays one reply a request and the last one again and again."""
    async with hostile({"m": replies}) as server:
        environment = options.pop("environment", {"OPENAI_API_KEY": KEY})
        speech = openai(environment, **{"base_url": server.url, **CONNECT, **options})
        try:
            yield speech, server
        finally:
            await speech.aclose()


async def said(speech: Speech, text: str = "Hello.", voice: Voice = ANY) -> bytes:
    """All sound of a sentence, which must come in whole samples."""
    return b"".join(await pieces(speech, text, voice))


async def pieces(speech: Speech, text: str = "Hello.", voice: Voice = ANY) -> Sequence[bytes]:
    """The pieces of a sentence's sound as they come, each of whole samples."""
    found = []
    async with aclosing(speech.synthesize(text, voice)) as given:
        async for piece in given:
            assert piece
            assert len(piece) % 2 == 0
            found.append(piece)
    return found
