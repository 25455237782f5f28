"""Reads RIFF/WAVE as it comes over a network: false lengths, needless chunks, one header after another.

The format: Microsoft and IBM, *Multimedia Programming Interface and Data Specifications 1.0*; for
WAVE_FORMAT_EXTENSIBLE Microsoft's *Multiple Channel Audio Data and WAVE Files*; for RF64 and BW64 *ITU-R BS.2088*.
"""

import re
import struct
from collections.abc import Iterator
from enum import Enum

from pipeline.tts.convert import WIDTHS, PcmFormat
from pipeline.tts.errors import NotPcm

FORMS = (b"RIFF", b"RF64", b"BW64")
"""How a file begins."""

_ENCODINGS = {
    (1, 8): "uint8",
    (1, 16): "int16",
    (1, 24): "int24",
    (1, 32): "int32",
    (3, 32): "float32",
    (3, 64): "float64",
    (6, 8): "alaw",
    (7, 8): "ulaw",
}
_EXTENSIBLE = 0xFFFE
_FORMAT_BYTES = range(16, 1025)

_LONGEST_SECONDS = 120
"""No sentence lasts longer. A greater length was written before the sound was known, as 0 was."""

_TAG_BYTES = 1 << 20
"""The longest chunk behind the sound that is believed to be a chunk."""

_TAGS = (
    rb"LIST|list|C2PA|c2pa|id3 |ID3 |fact|FACT|bext|iXML|axml|aXML|chna|cue |plst|smpl|inst|acid|JUNK|junk|PAD |FLLR|"
    rb"PEAK|DISP|umid|cart|mext|link|levl|_PMX|afsp|ICMT|ISFT|strc|minf|elm1|regn|data"
)
_BEHIND = re.compile(rb"(?:RIFF|RF64|BW64)....WAVE|(?:" + _TAGS + rb")..[\x00-\x10]\x00", re.DOTALL)
"""What ends sound of unknown length: another file, or a chunk of a known name and a credible size."""

_TRAILER_BYTES = 128
"""Some servers send their header once more at the end: sizes in the places of the header's, and zeros between them."""


class _In(Enum):
    HEADER = "header"
    FORM = "form"
    FORMAT = "format"
    DATA = "data"
    OTHER = "other"


class Riff:
    """Reads one stream, cut anywhere. Raise NotPcm if it is no WAVE whose samples are known here."""

    def __init__(self) -> None:
        self._held = b""
        self._in = _In.HEADER
        self._left = 0
        self._endless = False
        self._padded = False
        self._told_samples = False
        self._most = 0
        self._given = 0

    @property
    def truncated(self) -> bool:
        """Tell whether the stream so far ends before its header does, or before the samples that it promised."""
        return self._in not in (_In.HEADER, _In.OTHER) and not self._endless and self._left > 0

    def feed(self, data: bytes) -> Iterator[PcmFormat | bytes]:
        """Yield the format, when it is known, and then the samples as they come."""
        self._held += data
        while self._held:
            part = self._take()
            if part is None:
                return
            if part:
                yield part

    def rest(self) -> bytes:
        """Give the samples that were held back, since they could have become a chunk."""
        held, self._held = self._held, b""
        if not self._endless or self._in is not _In.DATA:
            return b""
        told = int.from_bytes(held[-4:], "little") - self._given  # of these, without a trailer
        is_trailer = 12 <= len(held) - told <= _TRAILER_BYTES and told >= 0
        return held[:told] if is_trailer and not any(held[told : told + 4] + held[told + 8 : -4]) else held

    def _take(self) -> PcmFormat | bytes | None:
        """Take one step: give None when more bytes are needed, ``b""`` when there is nothing to yield."""
        match self._in:
            case _In.HEADER:
                return self._header()
            case _In.DATA if self._endless:
                return self._endless_body()
            case _In.DATA | _In.OTHER:
                return self._body()
            case _:
                return self._whole()

    def _header(self) -> bytes | None:
        if self._padded:  # chunks begin at even places, unless the server forgot it
            self._held, self._padded = self._held.removeprefix(b"\0"), False
            return b""
        if len(self._held) < 8:
            return None
        name, size = struct.unpack_from("<4sI", self._held)
        if self._told_samples and not _is_chunk(name, size):  # the header only knew the length of the first piece
            self._in, self._endless = _In.DATA, True
            return b""
        self._held = self._held[8:]
        self._enter(name, size)
        return b""

    def _enter(self, name: bytes, size: int) -> None:
        self._told_samples = name == b"data"
        self._padded = bool(size % 2)
        self._left = size
        self._endless = False
        if name in FORMS:  # also in the middle: some servers send a header with each piece
            self._in, self._left, self._padded = _In.FORM, 4, False
        elif name == b"fmt ":
            if size not in _FORMAT_BYTES:
                raise NotPcm("a WAV with a broken header")
            self._in = _In.FORMAT
        elif name == b"data":
            self._in, self._given = _In.DATA, 0
            self._endless = size == 0 or size > self._most
        else:
            self._in = _In.OTHER if size else _In.HEADER

    def _whole(self) -> PcmFormat | bytes | None:
        if len(self._held) < self._left:
            return None
        body, self._held = self._held[: self._left], self._held[self._left :]
        form, self._in, self._left = self._in, _In.HEADER, 0
        if form is _In.FORMAT:
            told = _format(body)
            self._most = _LONGEST_SECONDS * told.rate * told.channels * WIDTHS[told.encoding]
            return told
        if body != b"WAVE":
            raise NotPcm("a RIFF that holds no WAVE")
        return b""

    def _body(self) -> bytes:
        body, self._held = self._held[: self._left], self._held[self._left :]
        samples = body if self._in is _In.DATA else b""
        self._left -= len(body)
        if not self._left:
            self._in = _In.HEADER
        return samples

    def _endless_body(self) -> bytes | None:
        """Give samples up to what is behind them. The last few bytes wait: a chunk may begin in them."""
        behind = _BEHIND.search(self._held)
        size = behind.start() if behind else len(self._held) - _TRAILER_BYTES
        if behind:
            self._in, self._endless, self._padded, self._told_samples = _In.HEADER, False, False, False
        elif size <= 0:
            return None
        samples, self._held = self._held[:size], self._held[size:]
        self._given += size
        return samples


def _is_chunk(name: bytes, size: int) -> bool:
    """Tell whether these bytes, behind samples, begin a chunk instead of more samples."""
    known = name in (*FORMS, b"data")
    return known or (size <= _TAG_BYTES and re.fullmatch(rb"[\x20-\x7e]{4}", name) is not None)


def _format(body: bytes) -> PcmFormat:
    tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
    if tag == _EXTENSIBLE and len(body) >= 26:
        (tag,) = struct.unpack_from("<H", body, 24)
    encoding = _ENCODINGS.get((tag, -(-bits // 8) * 8))  # samples of 20 bits stand in the upper ones of 24
    if encoding is None:
        raise NotPcm(f"a WAV of format {tag} with {bits} bits: not known here")
    return PcmFormat(rate, channels, encoding)
