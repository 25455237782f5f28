"""Speech by espeak-ng: many languages from one small package, without a network; robotic, and at once there.

espeak-ng is GPL-3 and an optional extra. It is loaded in worker processes only, see ``espeak_worker``.
"""

import asyncio
import importlib.util
import os
import re
import sys
from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

from pipeline.events import WordMark
from pipeline.interfaces import Voice
from pipeline.pcm import SAMPLE_BYTES
from pipeline.tts.espeak import worker as espeak_worker
from pipeline.tts.espeak.pool import Pool
from pipeline.tts.espeak.process import EspeakFailed, EspeakUnavailable, WordEvent
from pipeline.tts.espeak.voices import VARIANTS, Preferences, VoiceInfo, Voices
from pipeline.tts.espeak.words import Marker
from pipeline.tts.urgency import due

__all__ = ["EspeakFailed", "EspeakSpeech", "EspeakUnavailable", "VoiceInfo"]

VOICES = {"en": "en-us", "ru": "ru"}
RATES = range(80, 451)
PITCHES = range(101)

MAX_WORKERS = 2
"""One worker speaks a thousand times faster than a listener hears; the second keeps the voice up while the first is
replaced.
"""

PIECE_CHARS = 400
"""Longer texts are spoken in pieces: each one waits its turn, and no reader has more than one of them in memory.

Ordinary text of this length is 30 s of sound, 1.3 MB; the worst found (letters said by their names) 80 s, 3.5 MB.
"""

PIECE_PHONEMES = 1000
"""Of what has more without a pause, espeak-ng drops the rest in silence; of one word it drops what is beyond 200."""

# Control characters (NUL would end the text, 0x01 begins an espeak command) and lone surrogates. Tab and newline are
# white space.
_UNSPEAKABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")

_TOO_LONG = re.compile(r"\d{31,}|[^\W\d]{45}(?=[^\W\d])")
_COSTLY = re.compile(r"[\u1100-\u1dff\u2070-\U0010ffff]")  # not the letters of Vietnamese, nor dashes and quotes
_GAP = "\v"
"""White space that we put into a word: what is given to be spoken has none."""

_CUTS = tuple(map(re.compile, (r"[.!?…]\s+|[。！？]\s*|\n", r"[,;:]\s+|[、，；：]\s*", r"\s+")))


class EspeakSpeech:
    """Speaks with espeak-ng. Calls may overlap: they queue for the workers, the one whose listener falls silent
    first before the others.

    *voices*: espeak voice for a BCP-47 language; *default_language*: when neither request nor script tell; *rate*:
    80-450 words a minute; *pitch*: 0-100; *gender*: empty, male or female; *workers*: processes, 0 = by cores, two at
    most.

    Raises ValueError for a value out of range and ModuleNotFoundError when the extra is not installed. What only
    espeak can know, the names in *voices*, is checked by ``start``.
    """

    sample_rate: int = espeak_worker.SAMPLE_RATE

    def __init__(
        self,
        *,
        voices: Mapping[str, str] = VOICES,
        default_language: str = "en",
        rate: int = 175,
        pitch: int = 50,
        gender: str = "",
        workers: int = 0,
    ) -> None:
        _check("rate", rate, RATES)
        _check("pitch", pitch, PITCHES)
        _check("workers", workers, range(65))
        if gender not in VARIANTS:
            raise ValueError(f'gender must be "", "male" or "female", not {gender!r}')
        self._preferences = Preferences(dict(voices), default_language, gender)
        self._pool = Pool(worker_command(_packages(), rate, pitch), workers or _workers())
        self._starting = asyncio.Lock()
        self._voices: Voices | None = None
        self._closed = False

    async def start(self) -> None:
        """Start the workers, so that no sentence waits for it; does nothing when they run.

        Raises EspeakUnavailable (a ConnectionError) when espeak or its data cannot be loaded, and ValueError, with the
        key and the value, for a language or voice of the settings that espeak does not have.
        """
        await self._ready()

    async def synthesize(self, text: str, voice: Voice) -> AsyncGenerator[bytes, None]:
        """Yield the sound of *text*: PCM signed 16-bit little endian, mono, whole samples; a short piece first,
        then longer ones, up to a second.

        *text* is plain text, no SSML; nothing speakable in it gives nothing. The voice: see ``Voices.choose``. Closing
        the generator aborts the synthesis. Raises EspeakFailed (a ConnectionError) when the worker died after some
        sound was given, so that nothing is said twice, or died twice over this text; EspeakUnavailable when no worker
        can be started or the engine is closed.
        """
        voices = await self._ready()
        chosen = voices.choose(text, voice)
        for _, piece in pieces(text):
            async with aclosing(self._speak(chosen, piece)) as sound:
                async for pcm in sound:
                    if isinstance(pcm, bytes):
                        yield pcm

    async def synthesize_marked(self, text: str, voice: Voice) -> AsyncGenerator[bytes | WordMark, None]:
        """Like ``synthesize``, and yield a WordMark for each word before the sound in which it begins.

        Words are what white space separates, without punctuation at their edges; ideographs are words by themselves.
        A mark tells where it is in *text* as given, and the ms from the first sound of this call. Marks grow in
        offset, never overlap, never go back in ms and are never later than the end of the sound. A word that
        espeak-ng says as one with its neighbour ("of the") has none. A word too long for espeak-ng is several, a number
        of more than 30 digits is said digit by digit.
        """
        voices = await self._ready()
        chosen = voices.choose(text, voice)
        samples = 0
        for start, piece in pieces(text):
            before, marker = 1000 * samples / self.sample_rate, Marker(piece, start)
            async with aclosing(self._speak(chosen, piece, marked=True)) as sound:
                async for item in sound:
                    if isinstance(item, bytes):
                        samples += len(item) // SAMPLE_BYTES
                        yield item
                    elif mark := marker.mark(item[0], before + item[1]):
                        gaps = piece.count(_GAP, 0, mark.offset - start)
                        yield replace(mark, offset=mark.offset - gaps)

    def reads_in(self, text: str, voice: Voice) -> str:
        """The language of the voice that reads *text*; empty before ``start``."""
        return "" if self._voices is None else self._voices.reads_in(text, voice)

    async def voices(self) -> list[VoiceInfo]:
        """All voices that espeak has. Raises like ``start``."""
        return (await self._ready()).infos

    async def aclose(self) -> None:
        """End the workers and wait for them. Calls that are still under way raise EspeakUnavailable."""
        self._closed = True
        async with self._starting:
            await self._pool.aclose()

    async def _ready(self) -> Voices:
        if self._closed:
            raise EspeakUnavailable("espeak is closed")
        async with self._starting:
            if self._voices is None:
                self._voices = await self._open()
        return self._voices

    async def _open(self) -> Voices:
        catalogue = await self._pool.start()
        try:
            voices = Voices(catalogue, self._preferences)
            for voice in voices.configured:  # each reads its dictionary from the disk now, and shows that it can
                async for _ in self._speak(voice, "a"):
                    pass
        except (ValueError, EspeakFailed, asyncio.CancelledError):
            await self._pool.aclose()
            raise
        return voices

    async def _speak(self, voice: str, piece: str, marked: bool = False) -> AsyncGenerator[bytes | WordEvent, None]:
        job = self._pool.submit(voice, piece, marked, due.get())
        try:
            while (item := await job.read()) is not None:
                yield item
        finally:
            job.close()


def worker_command(packages: str, rate: int, pitch: int) -> Sequence[str]:
    """How a worker is run: isolated, so that neither environment nor working folder change what it imports."""
    return (sys.executable, "-I", "-S", espeak_worker.__file__, packages, str(rate), str(pitch))


def pieces(text: str) -> Iterator[tuple[int, str]]:
    """Cut *text*, without what cannot be spoken, into pieces of which espeak-ng drops nothing, ``PIECE_CHARS`` at most,
    at the best place there is. Words that are too long have a ``_GAP`` here and there.

    Each comes with its index in *text*.
    """
    text = _UNSPEAKABLE.sub(" ", text).rstrip()  # one for one, so that the index holds
    text = _TOO_LONG.sub(_with_gaps, text)
    start = _skip(text, 0)
    while start < len(text):
        window = _window(text, start)
        end = start + (_cut(window) if start + len(window) < len(text) else len(window))
        yield start - text.count(_GAP, 0, start), text[start:end].rstrip()
        start = _skip(text, end)


def _with_gaps(word: re.Match[str]) -> str:
    """A part of a word as a word; a number as digits, for a part of it would be another number."""
    return _GAP.join(word[0]) if word[0].isdecimal() else word[0] + _GAP


def _window(text: str, start: int) -> str:
    """As much as espeak-ng takes in one piece."""
    window = text[start : start + PIECE_CHARS]
    return window[: sum(each <= PIECE_PHONEMES for each in accumulate(map(_phonemes, window)))]


def _phonemes(char: str) -> int:
    """How many *char* may come to: of 777 in German each digit has 10, 漢 named by a voice that does not know it 12."""
    return 12 if char.isdecimal() or _COSTLY.match(char) else 2


def _skip(text: str, start: int) -> int:
    while start < len(text) and text[start].isspace():
        start += 1
    return start


def _cut(text: str) -> int:
    for mark in _CUTS:
        ends = [match.end() for match in mark.finditer(text)]
        if ends:
            return ends[-1]
    return len(text)


def _check(name: str, value: int, allowed: range) -> None:
    if value not in allowed:
        raise ValueError(f"{name} must be from {allowed[0]} to {allowed[-1]}, not {value!r}")


def _workers() -> int:
    return max(1, min(MAX_WORKERS, (os.cpu_count() or 1) // 2))


def _packages() -> str:
    """The folder that holds espeakng_loader; it is not imported here."""
    spec = importlib.util.find_spec("espeakng_loader")
    if spec is None or not spec.origin:
        raise ModuleNotFoundError(
            "the espeak voice needs espeakng-loader: pip install 'stentor[espeak]'", name="espeakng_loader"
        )
    return str(Path(spec.origin).parent.parent)
