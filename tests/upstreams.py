"""The upstream of a case of ``data/reports.jsonl``: what model servers and speech servers send, byte by byte.

``replies``: by the name of the model that is asked (``m`` the language model, ``second`` its fallback, ``voice`` and
``voice2`` speech), a list of replies, one a request, the last one again and again. A reply is a list of steps, a sound
in an odd layout, or a status with a body.
"""

import json
import struct
from array import array
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

from tests.pipeline.llm.openai.hostile_server import (
    CUT,
    DONE,
    HANG,
    STOP,
    HostileServer,
    Reply,
    chunk,
    data,
    hostile,
    text,
)
from tests.pipeline.tts.openai import hostile_speech
from tests.pipeline.tts.openai.hostile_speech import form, sound, stereo, wav


def upstream(told: Mapping[str, Any]) -> AbstractAsyncContextManager[HostileServer]:
    """A server that plays the replies of a case; a model without any says hello."""
    replies = {"m": [["Hello."]], **told.get("replies", {})}
    return hostile({name: list(map(_reply, some)) for name, some in replies.items()})


def _reply(told: Any) -> Reply:
    """A list of steps is a stream of chat chunks; it ends well if its last step is content."""
    if isinstance(told, list):
        ends = [STOP, DONE] if isinstance(told[-1], str) or set(told[-1]) <= {"delta", "calls"} else []
        return Reply([*map(_step, told), *ends])
    if "sound" in told:
        return _sound(told)
    raw = told["text"].encode() if "text" in told else json.dumps(told.get("json")).encode()
    headers = {"content-type": "application/json", **told.get("headers", {})}
    return Reply([*([raw] if raw else []), *([HANG] if told.get("hang") else [])], told.get("status", 200), headers)


def _step(told: Any) -> Any:
    match told:
        case str():
            return text(told)
        case {"calls": calls}:
            return chunk({"tool_calls": calls})
        case {"delta": delta}:
            return chunk(delta)
        case {"finish": reason}:
            return chunk(finish=reason) + DONE
        case {"data": value}:
            return data(value)
        case {"raw": raw}:
            return raw.encode()
        case {"hex": digits}:
            return bytes.fromhex(digits)
        case {"hang": _}:
            return HANG
        case _:
            return CUT


def _sound(told: Mapping[str, Any]) -> Reply:
    """``sound``: the recipe; ``type``: the Content-Type; ``piece``: bytes of each piece on the wire."""
    body, kind = _body(told["sound"]), told.get("type", "audio/wav")
    piece = told.get("piece", len(body))
    pieces = [body[start : start + piece] for start in range(0, len(body), piece)]
    return sound([*pieces, *([CUT] if told.get("cut") else [])], kind)


def _body(recipe: Mapping[str, Any]) -> bytes:
    """``size``: the length that the header tells; ``before`` and ``after`` the samples: chunks, ``[name, bytes]``."""
    data = _samples(recipe)
    if recipe.get("bare"):
        return bytes.fromhex(recipe.get("head", "")) + data + b"\1" * recipe.get("odd", 0)
    bits, tag = recipe.get("bits", 16), 3 if recipe.get("float") else recipe.get("tag", 1)
    extra = b""
    if recipe.get("extensible"):
        extra, tag = struct.pack("<HHIH14s", 22, bits, 0, tag, b"\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"), 0xFFFE
    fmt = form(recipe.get("rate", 24_000), recipe.get("channels", 1), tag, bits, extra)
    before, after = (
        b"".join(hostile_speech.chunk(name.encode(), b"\x55" * size) for name, size in recipe.get(key, ()))
        for key in ("before", "after")
    )
    return wav(data, fmt, size=recipe.get("size"), before=before, after=after)


def _samples(recipe: Mapping[str, Any]) -> bytes:
    pcm = tone(recipe)
    if recipe.get("channels", 1) == 2:
        pcm = stereo(pcm)
    samples = array("h", pcm)
    match recipe.get("bits", 16), bool(recipe.get("float")):
        case 8, _:
            return bytes((sample >> 8) + 128 for sample in samples)
        case 24, _:
            return b"".join((sample << 8).to_bytes(3, "little", signed=True) for sample in samples)
        case 32, False:
            return array("i", (sample << 16 for sample in samples)).tobytes()
        case bits, True:
            return array("f" if bits == 32 else "d", (sample / 32768 for sample in samples)).tobytes()
    return pcm


def tone(recipe: Mapping[str, Any]) -> bytes:
    """The samples of a recipe, as 16 bits in mono."""
    return hostile_speech.tone(recipe.get("samples", 2400), recipe.get("rate", 24_000))
