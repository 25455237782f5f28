"""Converts sound of any rate and layout to our PCM: bytes in, bytes out, no I/O.

The standard library does everything but another sample rate. That needs soxr (LGPL), an optional extra, which is
imported only when it is needed.
"""

import importlib
import importlib.util
import sys
from array import array
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from itertools import repeat
from operator import floordiv, mul
from typing import Any

from pipeline.events import WordMark
from pipeline.flow import closing
from pipeline.interfaces import Voice
from pipeline.tts.engines import Due, Engine, at_once


@dataclass(frozen=True, slots=True)
class PcmFormat:
    """How samples lie in a stream.

    ``rate``: in Hz.
    ``channels``: how many are interleaved.
    ``encoding``: int16 or float32.
    """

    rate: int
    channels: int = 1
    encoding: str = "int16"
    big_endian: bool = False


class Converter:
    """Turns a stream of *source*, cut anywhere, into mono int16 of *sample_rate* Hz.

    Where the rate changes, nothing comes out before some 40 ms went in; the length stays the same, to the sample. Raise
    ModuleNotFoundError when the rate has to change and soxr is not installed.
    """

    def __init__(self, source: PcmFormat, sample_rate: int) -> None:
        code = {"int16": "h", "float32": "f"}[source.encoding]
        self._source = source
        self._code = code
        self._frame = array(code).itemsize * source.channels
        self._held = b""
        self._stream: Any = None
        if source.rate != sample_rate:
            require_soxr()
            self._numpy: Any = importlib.import_module("numpy")
            soxr: Any = importlib.import_module("soxr")
            self._stream = soxr.ResampleStream(source.rate, sample_rate, 1, dtype="int16", quality="HQ")

    def feed(self, data: bytes) -> bytes:
        """Take *data* in and give the samples that are ready: whole ones, maybe none."""
        pcm = self._mono(data)
        return self._resampled(pcm) if pcm else pcm

    def flush(self) -> bytes:
        """Give the rest, once. A part of a sample that never became whole is dropped."""
        return self._resampled(b"", last=True)

    def _mono(self, data: bytes) -> bytes:
        data = self._held + data
        whole = len(data) - len(data) % self._frame
        self._held = data[whole:]
        source = self._source
        if source.encoding == "int16" and source.channels == 1 and not source.big_endian:
            return data[:whole]
        raw = array(self._code, data[:whole])
        if source.big_endian != (sys.byteorder == "big"):
            raw.byteswap()
        samples = _scaled(raw) if source.encoding == "float32" else raw
        if source.channels > 1:
            samples = _mixed(samples, source.channels)
        if sys.byteorder == "big":
            samples.byteswap()
        return samples.tobytes()

    def _resampled(self, pcm: bytes, *, last: bool = False) -> bytes:
        if self._stream is None:
            return pcm
        samples = self._numpy.frombuffer(pcm, dtype="<i2").astype("int16", copy=False)
        given: bytes = self._stream.resample_chunk(samples, last=last).astype("<i2", copy=False).tobytes()
        return given


def require_soxr() -> None:
    """Raise ModuleNotFoundError, which says how to install it, when soxr or numpy is missing."""
    for name in ("soxr", "numpy"):
        if importlib.util.find_spec(name) is None:
            raise ModuleNotFoundError(f"another sample rate needs {name}: pip install 'stentor[resample]'", name=name)


class Resampled:
    """*engine* at *output_sample_rate* Hz. Word marks pass in their places: their ms do not change.

    Raise ModuleNotFoundError when soxr is not installed.
    """

    def __init__(self, engine: Engine, output_sample_rate: int) -> None:
        require_soxr()
        self._engine = engine
        self.sample_rate = output_sample_rate
        self.marks_words = engine.marks_words
        self.start, self.aclose = engine.start, engine.aclose
        self.voices, self.reads_in = engine.voices, engine.reads_in

    async def synthesize(
        self, text: str, voice: Voice, marks: bool = False, due: Due = at_once
    ) -> AsyncGenerator[bytes | WordMark, None]:
        convert = Converter(PcmFormat(self._engine.sample_rate), self.sample_rate)
        async with closing(self._engine.synthesize(text, voice, marks, due)) as pieces:
            async for piece in pieces:
                if not isinstance(piece, bytes | bytearray | memoryview):
                    yield piece
                elif pcm := convert.feed(bytes(piece)):
                    yield pcm
        if pcm := convert.flush():
            yield pcm


def _scaled(samples: "array[Any]") -> "array[int]":
    """Scale from -1.0 … 1.0; louder samples are clipped, and NaN is silence."""
    try:
        return array("h", map(int, map(mul, samples, repeat(32767.0))))
    except (OverflowError, ValueError):  # rare, and five times slower
        return array("h", map(_clipped, samples))


def _clipped(sample: float) -> int:
    return 0 if sample != sample else int(max(-1.0, min(1.0, sample)) * 32767)


def _mixed(samples: "array[int]", channels: int) -> "array[int]":
    """Give the mean of the channels, which cannot clip. A second of stereo at 24 kHz takes some 5 ms."""
    sides = (samples[side::channels] for side in range(channels))
    return array("h", map(floordiv, map(sum, zip(*sides, strict=True)), repeat(channels)))
