"""Converts sound of any rate and layout to our PCM: bytes in, bytes out, no I/O.

The standard library does everything but a good change of the sample rate. That needs soxr (LGPL), an optional extra,
which is imported only when it is needed; without it the rate is changed in a simpler way, which dulls the sound.
"""

import importlib
import importlib.util
import sys
from array import array
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass
from itertools import repeat
from operator import floordiv, mul
from typing import Any

from pipeline.flow import closing
from pipeline.interfaces import Voice
from pipeline.tts.engines import Due, Engine, Hz, Piece, at_once

WIDTHS = {"uint8": 1, "alaw": 1, "ulaw": 1, "int16": 2, "int24": 3, "int32": 4, "float32": 4, "float64": 8}
"""The encodings of samples that are known here, with their bytes."""


@dataclass(frozen=True, slots=True)
class PcmFormat:
    """How samples lie in a stream.

    ``rate``: in Hz.
    ``channels``: how many are interleaved.
    ``encoding``: one of ``WIDTHS``.
    ``big_endian``: of int16 only.
    """

    rate: int
    channels: int = 1
    encoding: str = "int16"
    big_endian: bool = False


class Converter:
    """Turns a stream of *source*, cut anywhere, into mono int16 of *sample_rate* Hz.

    Where the rate changes, nothing comes out before some 40 ms went in; the length stays the same, to the sample.
    """

    def __init__(self, source: PcmFormat, sample_rate: int) -> None:
        self._source = source
        self._frame = WIDTHS[source.encoding] * source.channels
        self._held = b""
        self._resampler = None if source.rate == sample_rate else resampler(source.rate, sample_rate)

    def feed(self, data: bytes) -> bytes:
        """Take *data* in and give the samples that are ready: whole ones, maybe none."""
        pcm = self._mono(data)
        return self._resampler(pcm, False) if pcm and self._resampler else pcm

    def flush(self) -> bytes:
        """Give the rest, once. A part of a sample that never became whole is dropped."""
        return self._resampler(b"", True) if self._resampler else b""

    def _mono(self, data: bytes) -> bytes:
        data = self._held + data
        whole = len(data) - len(data) % self._frame
        self._held = data[whole:]
        source = self._source
        if source.encoding == "int16" and source.channels == 1 and not source.big_endian:
            return data[:whole]
        samples = _int16(data[:whole], source)
        if source.channels > 1:
            samples = _mixed(samples, source.channels)
        return _little_endian(samples)


Resampler = Callable[[bytes, bool], bytes]
"""``resampler(pcm, last)`` takes mono int16 in, and gives what is ready at the other rate."""


def resampler(source_rate: int, sample_rate: int) -> Resampler:
    """Make a resampler for one stream: soxr's, or where that is not installed a linear one."""
    if _missing():
        return _Linear(source_rate, sample_rate)
    numpy: Any = importlib.import_module("numpy")
    soxr: Any = importlib.import_module("soxr")
    stream = soxr.ResampleStream(source_rate, sample_rate, 1, dtype="int16", quality="HQ")

    def resampled(pcm: bytes, last: bool) -> bytes:
        samples = numpy.frombuffer(pcm, dtype="<i2").astype("int16", copy=False)
        given: bytes = stream.resample_chunk(samples, last=last).astype("<i2", copy=False).tobytes()
        return given

    return resampled


class _Linear:
    """A Resampler that draws a line between neighbouring samples. A second at 24 kHz takes some 6 ms."""

    def __init__(self, source_rate: int, sample_rate: int) -> None:
        self._source_rate, self._sample_rate = source_rate, sample_rate
        self._held = array("h")
        self._at = 0  # of the next sample, from the first one held, in parts of which a sample has sample_rate

    def __call__(self, pcm: bytes, last: bool) -> bytes:
        held = self._held + _int16(pcm, PcmFormat(self._source_rate))
        if last:
            held.extend(held[-1:])
        end = (len(held) - 1) * self._sample_rate
        given = array("h", (self._between(held, at) for at in range(self._at, end, self._source_rate)))
        at = self._at + len(given) * self._source_rate
        used = min(at // self._sample_rate, len(held))
        self._held, self._at = held[used:], at - used * self._sample_rate
        return _little_endian(given)

    def _between(self, held: "array[int]", at: int) -> int:
        index, part = divmod(at, self._sample_rate)
        return held[index] + (held[index + 1] - held[index]) * part // self._sample_rate


def _missing() -> str:
    """Name what the extra ``resample`` has and this installation has not; "" when it is all there."""
    return next((name for name in ("soxr", "numpy") if importlib.util.find_spec(name) is None), "")


def require_soxr() -> None:
    """Load soxr. Raise ModuleNotFoundError, which says how to install it, when soxr or numpy is missing."""
    if name := _missing():
        raise ModuleNotFoundError(f"another sample rate needs {name}: pip install 'stentor[resample]'", name=name)
    load()


def load() -> None:
    """Import soxr and numpy where they are installed: it takes too long for the middle of an answer."""
    if not _missing():
        importlib.import_module("soxr")


class Resampled:
    """*engine* at *output_sample_rate* Hz. Word marks pass in their places: their ms do not change.

    Raise ModuleNotFoundError when the engine has another rate and soxr is not installed.
    """

    def __init__(self, engine: Engine, output_sample_rate: int) -> None:
        if engine.sample_rate != output_sample_rate:
            require_soxr()
        self._engine = engine
        self.sample_rate, self.rate_varies = output_sample_rate, False
        self.marks_words = engine.marks_words
        self.start, self.aclose = engine.start, engine.aclose
        self.voices, self.reads_in = engine.voices, engine.reads_in
        self.knows, self.fits = engine.knows, engine.fits

    async def synthesize(
        self, text: str, voice: Voice, marks: bool = False, due: Due = at_once
    ) -> AsyncGenerator[Piece, None]:
        convert = Converter(PcmFormat(self._engine.sample_rate), self.sample_rate)
        async with closing(self._engine.synthesize(text, voice, marks, due)) as pieces:
            async for piece in pieces:
                if isinstance(piece, Hz):
                    convert = Converter(PcmFormat(piece.rate), self.sample_rate)
                elif not isinstance(piece, bytes | bytearray | memoryview):
                    yield piece
                elif pcm := convert.feed(bytes(piece)):
                    yield pcm
        if pcm := convert.flush():
            yield pcm


def _int16(data: bytes, source: PcmFormat) -> "array[int]":
    """Read samples as int16 of this machine. Of longer integers the upper two bytes are taken."""
    match source.encoding:
        case "float32" | "float64":
            return _scaled(_native(array("f" if source.encoding == "float32" else "d", data)))
        case "uint8" | "alaw" | "ulaw":
            return array("h", map(TABLES[source.encoding].__getitem__, data))
        case encoding:
            samples = array("h", _upper_bytes(data, WIDTHS[encoding]))
            if source.big_endian:
                samples.byteswap()
            return _native(samples)


def _upper_bytes(data: bytes, width: int) -> bytes:
    if width == 2:
        return data
    upper = bytearray(len(data) // width * 2)
    upper[0::2], upper[1::2] = data[width - 2 :: width], data[width - 1 :: width]
    return bytes(upper)


def _native(samples: "array[Any]") -> "array[Any]":
    """Turn little endian into the order of this machine, or back."""
    if sys.byteorder == "big":
        samples.byteswap()
    return samples


def _little_endian(samples: "array[int]") -> bytes:
    return _native(samples).tobytes()


def _alaw(code: int) -> int:
    """Decode a sample of G.711, A-law."""
    code ^= 0x55
    exponent, part = (code & 0x70) >> 4, (code & 0x0F) << 4
    size = part + 8 if not exponent else (part + 0x108) << (exponent - 1)
    return size if code & 0x80 else -size


def _ulaw(code: int) -> int:
    """Decode a sample of G.711, mu-law."""
    code ^= 0xFF
    size = ((((code & 0x0F) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84
    return -size if code & 0x80 else size


TABLES = {
    "uint8": [(code - 128) << 8 for code in range(256)],
    "alaw": list(map(_alaw, range(256))),
    "ulaw": list(map(_ulaw, range(256))),
}
"""The int16 sample of each byte."""


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
