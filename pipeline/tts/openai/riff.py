"""Reads RIFF/WAVE as it comes over a network: false lengths, needless chunks, one header after another.

The format: Microsoft and IBM, *Multimedia Programming Interface and Data Specifications 1.0*, and for
WAVE_FORMAT_EXTENSIBLE Microsoft's *Multiple Channel Audio Data and WAVE Files*.
"""

import re
import struct
from collections.abc import Iterator
from enum import Enum

from pipeline.tts.convert import PcmFormat
from pipeline.tts.errors import NotPcm

_ENCODINGS = {(1, 16): "int16", (3, 32): "float32"}
_EXTENSIBLE = 0xFFFE
_FORMAT_BYTES = range(16, 1025)
_ENDLESS = 0x7F00_0000
"""A length from here on, or 0, is the place-holder of a header that was written before its sound."""

_TAG_BYTES = 1 << 20
"""The longest chunk behind the sound that is believed to be a chunk."""


class _In(Enum):
    HEADER = "header"
    FORM = "form"
    FORMAT = "format"
    DATA = "data"
    OTHER = "other"


class Riff:
    """Reads one stream, cut anywhere. Raise NotPcm if it is no WAVE of int16 or float32."""

    def __init__(self) -> None:
        self._held = b""
        self._in = _In.HEADER
        self._left = 0
        self._endless = False
        self._padded = False
        self._told_samples = False

    @property
    def truncated(self) -> bool:
        """Tell whether the stream so far ends before its header does, or before the samples that it promised."""
        return self._in is not _In.HEADER and not self._endless and self._left > 0

    def feed(self, data: bytes) -> Iterator[PcmFormat | bytes]:
        """Yield the format, when it is known, and then the samples as they come."""
        self._held += data
        while self._held:
            part = self._take()
            if part is None:
                return
            if part:
                yield part

    def _take(self) -> PcmFormat | bytes | None:
        """Take one step: give None when more bytes are needed, ``b""`` when there is nothing to yield."""
        match self._in:
            case _In.HEADER:
                return self._header()
            case _In.DATA | _In.OTHER:
                return self._body()
            case _:
                return self._whole()

    def _header(self) -> bytes | None:
        if self._padded:  # chunks begin at even places
            self._held, self._padded = self._held[1:], False
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
        if name == b"RIFF":  # also in the middle: some servers send a header with each piece
            self._in, self._left, self._padded = _In.FORM, 4, False
        elif name == b"fmt ":
            if size not in _FORMAT_BYTES:
                raise NotPcm("a WAV with a broken header")
            self._in = _In.FORMAT
        elif name == b"data":
            self._in = _In.DATA
            self._endless = size == 0 or size >= _ENDLESS
        else:
            self._in = _In.OTHER if size else _In.HEADER

    def _whole(self) -> PcmFormat | bytes | None:
        if len(self._held) < self._left:
            return None
        body, self._held = self._held[: self._left], self._held[self._left :]
        form, self._in, self._left = self._in, _In.HEADER, 0
        if form is _In.FORMAT:
            return _format(body)
        if body != b"WAVE":
            raise NotPcm("a RIFF that holds no WAVE")
        return b""

    def _body(self) -> bytes:
        size = len(self._held) if self._endless else self._left
        body, self._held = self._held[:size], self._held[size:]
        samples = body if self._in is _In.DATA else b""
        if not self._endless:
            self._left -= len(body)
            if not self._left:
                self._in = _In.HEADER
        return samples


def _is_chunk(name: bytes, size: int) -> bool:
    """Tell whether these bytes, behind samples, begin a chunk instead of more samples."""
    return name in (b"RIFF", b"data") or (size <= _TAG_BYTES and re.fullmatch(rb"[\x20-\x7e]{4}", name) is not None)


def _format(body: bytes) -> PcmFormat:
    tag, channels, rate, _, _, bits = struct.unpack_from("<HHIIHH", body)
    if tag == _EXTENSIBLE and len(body) >= 26:
        (tag,) = struct.unpack_from("<H", body, 24)
    encoding = _ENCODINGS.get((tag, bits))
    if encoding is None:
        raise NotPcm("a WAV whose samples are neither int16 nor float32")
    return PcmFormat(rate, channels, encoding)
