"""Decodes the sound of a speech server by its Content-Type and its first bytes; pure, no I/O.

The protocol has no rate for PCM: ``rate=`` in the Content-Type tells it, or another header, or a RIFF header, or
nothing.
"""

import codecs
import re
from collections.abc import Mapping
from email.message import Message

from pipeline.pcm import RATES
from pipeline.tts.convert import Converter, PcmFormat
from pipeline.tts.errors import NotPcm
from pipeline.tts.openai.riff import FORMS, Riff

PCM_TYPES = frozenset(
    {"", "audio/pcm", "audio/x-pcm", "audio/raw", "audio/x-raw", "audio/l16", "application/octet-stream"}
)
"""Types under which bytes that are no RIFF are samples."""

LAWS = {"audio/basic": "ulaw", "audio/pcmu": "ulaw", "audio/pcma": "alaw"}
"""Types of the telephone's codes (RFC 2046, RFC 3551)."""

TELEPHONE_HZ = 8000

_MARKS = {
    "f32": "float32",
    "float": "float32",
    "s24": "int24",
    "s32": "int32",
    "mulaw": "ulaw",
    "ulaw": "ulaw",
    "alaw": "alaw",
}
_BITS = {"8": "uint8", "24": "int24", "32": "int32"}
"""How parameters tell that samples are not of 16 bits."""

_RATE_NAMES = ("rate", "samplerate", "sample_rate", "sample-rate")
RATE_HEADERS = ("x-sample-rate", "x-audio-sample-rate", "sample-rate")
"""Where a reply may tell the Hz of its PCM: parameters of its type, and headers that some servers add."""

WAV_TYPES = frozenset({"audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"})

MOST_CHANNELS = 8
HEAD_BYTES = 12

LEAST_TEXT_BYTES = 4

_OTHERS = {
    "MP3": rb"ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb]",
    "AAC": rb"\xff[\xf1\xf9]",
    "Ogg": rb"OggS",
    "FLAC": rb"fLaC",
    "WebM": rb"\x1aE\xdf\xa3",
    "MP4": rb"....ftyp",
    "AIFF": rb"FORM....AIF",
    "AU": rb"\.snd",
    "CAF": rb"caff",
    "AMR": rb"#!AMR",
    "big-endian WAV": rb"RIFX",
}
"""How that begins which is neither WAV nor PCM. One in thousands of loud samples would look like these, and speech
begins softly.
"""

_TYPE = re.compile(r"(?:application|audio|image|multipart|text|video)/[a-z0-9.+-]{1,40}")
"""A media type that an error may show."""


def content_type(header: str, default_rate: int) -> tuple[str, PcmFormat]:
    """Read the header as it came: the lower-case type, and the format of bare PCM under it. Numbers that make no sense
    count as not told.

    ``audio/L16`` is big endian (RFC 2586, RFC 3551). With ``codec=pcm``, which no RFC has and Gemini sends, it is
    little endian.
    """
    message = Message()
    message["content-type"] = header
    name = message.get_content_type() if header.strip() else ""
    params = {key.lower(): str(value).strip() for key, value in message.get_params([], unquote=True)}
    told = next((rate for key in _RATE_NAMES if (rate := _number(params.get(key, ""), RATES))), 0)
    rate = told or default_rate
    channels = _number(params.get("channels", ""), range(1, MOST_CHANNELS + 1)) or 1
    if name in LAWS:
        return name, PcmFormat(told or TELEPHONE_HZ, channels, LAWS[name])
    codec = next((params[key].lower() for key in ("codec", "encoding", "format") if key in params), "")
    encoding = next((encoding for mark, encoding in _MARKS.items() if mark in codec), "")
    encoding = encoding or _BITS.get(params.get("bits", ""), "int16")
    big_endian = name == "audio/l16" and codec != "pcm"
    return name, PcmFormat(rate, channels, encoding, big_endian)


def header_rate(headers: Mapping[str, str]) -> int:
    """Return the Hz that a header tells beside the type; 0 when none does."""
    return next((rate for name in RATE_HEADERS if (rate := _number(headers.get(name, "").strip(), RATES))), 0)


class SoundDecoder:
    """Turns the body of one reply, cut anywhere, into mono int16 of the rate that the reply tells.

    *header*: the Content-Type; bare PCM has *default_rate* when the header tells none. Raise NotPcm for anything else
    than PCM or WAV.
    """

    def __init__(self, header: str, default_rate: int) -> None:
        self._type, self._told = content_type(header, default_rate)
        self._head = b""
        self._riff: Riff | None = None
        self._convert: Converter | None = None
        self._source: PcmFormat | None = None

    @property
    def sample_rate(self) -> int:
        """The Hz of the samples, once there are any."""
        return (self._source or self._told).rate

    @property
    def truncated(self) -> bool:
        """Tell whether a RIFF header promised more than came."""
        return self._riff is not None and self._riff.truncated

    def feed(self, data: bytes) -> bytes:
        """Take *data* in and give the samples that are ready, maybe none."""
        if self._riff is None and self._convert is None:
            self._head += data
            if len(self._head) < HEAD_BYTES:
                return b""
            data, self._head = self._head, b""
            self._begin(data)
        return self._converted(data)

    def flush(self) -> bytes:
        """Give the rest, once."""
        head, self._head = self._head, b""
        if head:
            self._begin(head)
        given = self._converted(head)
        if self._riff and self._convert:
            given += self._convert.feed(self._riff.rest())
        return given

    def _begin(self, head: bytes) -> None:
        if head.startswith(FORMS):
            self._riff = Riff()
        elif self._type in WAV_TYPES:
            raise NotPcm(f"the speech server sent {_name(head) or 'something'} and called it WAV")
        elif name := _name(head):
            raise NotPcm(f"the speech server sent {name} where PCM was asked for")
        elif self._type not in PCM_TYPES and self._type not in LAWS:
            kind = self._type if _TYPE.fullmatch(self._type) else "something of an unknown type"
            raise NotPcm(f"the speech server sent {kind} where PCM was asked for")
        elif _is_text(head[:HEAD_BYTES]):
            raise NotPcm("the speech server sent text where PCM was asked for")
        else:
            self._expect(self._told)

    def _converted(self, data: bytes) -> bytes:
        samples = b""
        for part in [data] if self._riff is None else self._riff.feed(data):
            if isinstance(part, PcmFormat):
                self._expect(part)
            elif self._convert:
                samples += self._convert.feed(part)
            elif self._riff:
                raise NotPcm("a WAV without a format")
        return samples

    def _expect(self, source: PcmFormat) -> None:
        if source.rate not in RATES or not 1 <= source.channels <= MOST_CHANNELS:
            raise NotPcm(f"the speech server tells {source.rate} Hz and {source.channels} channels, which cannot be")
        if self._source not in (None, source):
            raise NotPcm("the format changes in the middle of a sentence")
        self._source = source
        self._convert = Converter(source, source.rate)  # another file may begin behind half a sample


def _name(head: bytes) -> str:
    """Name the format of *head*; "" when it may be PCM."""
    return next((name for name, begin in _OTHERS.items() if re.match(begin, head, re.DOTALL)), "")


def _is_text(head: bytes) -> bool:
    """Tell whether *head* is readable UTF-8, whose last character may be cut. Zeros and soft sounds are not."""
    try:
        text = codecs.getincrementaldecoder("utf-8-sig")().decode(head)
    except UnicodeDecodeError:
        return False
    return len(head) >= LEAST_TEXT_BYTES and all(char.isprintable() or char in "\t\r\n" for char in text)


def _number(value: str, allowed: range) -> int:
    return int(value) if re.fullmatch(r"\d{1,6}", value, re.ASCII) and int(value) in allowed else 0
