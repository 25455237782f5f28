"""The speech stage: passes everything on in order and puts each sentence's sound behind its text."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from functools import partial
from typing import NoReturn

import structlog

from pipeline.errors import StageError
from pipeline.events import AudioChunk, Command, ModelEnd, Notice, Sentence
from pipeline.flow import End, prefetch
from pipeline.stage import Speech, Voice

PIECES_AHEAD = 16
"""How many pieces an engine may run ahead of a slow reader."""

SAMPLE_BYTES = 2
FIRST_SECONDS = 0.02
"""A sentence's first chunk leaves as soon as this much of it is there: less would cost messages and start no player
any sooner.
"""

CHUNK_SECONDS = 0.2
"""Chunks grow to this. The cost of a message hardly depends on its size, so long chunks are cheap and short ones are
not.
"""

log = structlog.get_logger(scope="speech")

CheckedEvent = Sentence | Command | Notice | ModelEnd


def as_written(text: str, _language: str) -> str:
    """The voice gets the sentence itself."""
    return text.strip()


@dataclass(frozen=True, slots=True)
class SpeechOptions:
    """How long a voice may take, in seconds; what its failure does: ``text`` (a Notice, the turn goes on) or
    ``abort``; and what it gets for a sentence: ``wording(text, language)``, a pure function.
    """

    first_audio: float = 10.0
    stall: float = 10.0
    max_sentence: float = 120.0
    on_failure: str = "text"
    wording: Callable[[str, str], str] = as_written


async def spoken(
    source: AsyncIterator[CheckedEvent],
    speech: Speech | None,
    voice: Voice,
    options: SpeechOptions,
    progress: Callable[[], None],
) -> AsyncGenerator[CheckedEvent | AudioChunk, None]:
    """*source*, with the sound of each sentence behind it; the last event of a sentence is ``final``. No *speech*:
    text only.
    """
    async for event in source:
        if not isinstance(event, Sentence):
            yield event
        elif speech is None or not audible(said := options.wording(event.text, voice.language)):
            yield Sentence(event.index, event.text, final=True)
        else:
            yield event
            synthesize = partial(speech.synthesize, said, voice)
            async with aclosing(say(event.index, synthesize, speech, options, progress)) as sound:
                async for chunk in sound:
                    yield chunk


def audible(text: str) -> bool:
    """Whether a voice could say any of it: punctuation, white space and emoji alone have no sound."""
    return any(map(str.isalnum, text))


async def say(
    index: int,
    synthesize: Callable[[], AsyncIterator[bytes]],
    speech: Speech,
    options: SpeechOptions,
    progress: Callable[[], None],
) -> AsyncGenerator[AudioChunk | Notice, None]:
    """The sound of sentence *index*; its last event is ``final``.

    When the voice fails, what was said stays said and is never repeated: a Notice (``on_failure = "text"``) or a
    StageError ends the sentence.
    """
    try:
        rate = _rate(speech)
        most = options.max_sentence * rate * SAMPLE_BYTES
        chunks = Chunks(rate)
        async with aclosing(_pieces(synthesize, most, options)) as pieces:
            async for piece in pieces:
                progress()
                for pcm in chunks.add(piece):
                    yield AudioChunk(index, pcm, rate)
        yield AudioChunk(index, chunks.rest(), rate, final=True)
    except SpeechFailed as failed:
        if options.on_failure == "abort":
            _abort(failed)
        log.warning("a sentence could not be spoken", decision="text", sentence=index, exc_info=failed)
        yield Notice("SPEECH_FAILED", "this sentence was not spoken to its end", index, final=True)


class SpeechFailed(Exception):
    """The voice did not say the whole sentence; the engine's own error, if any, is the cause."""


async def _pieces(
    open_voice: Callable[[], AsyncIterator[bytes]], most: float, options: SpeechOptions
) -> AsyncGenerator[bytes, None]:
    """What the engine gives, at most *most* bytes; SpeechFailed when it fails, stalls, gives no sound or anything
    but bytes.
    """
    clock = asyncio.get_running_loop().time
    due = clock() + options.first_audio
    given = 0
    async with prefetch(open_voice, PIECES_AHEAD) as pieces:
        while await pieces.ready(due - clock()):
            piece = await pieces.take()
            if isinstance(piece, End):
                _well_ended(piece, given)
                return
            if not isinstance(piece, bytes | bytearray | memoryview):
                raise SpeechFailed(f"a voice yields bytes, not {type(piece).__name__}")
            given += len(piece)
            if given > most:
                raise SpeechFailed("the voice does not come to an end")
            if piece:
                due = clock() + options.stall
                yield bytes(piece)
            elif clock() > due:  # an empty piece is no sign of life, and they may come without end
                break
    raise SpeechFailed("the voice stalled")


def _well_ended(end: End, given: int) -> None:
    if end.error is not None:
        raise SpeechFailed("the engine failed") from end.error
    if not given:
        raise SpeechFailed("the voice gave no sound")


def _rate(speech: Speech) -> int:
    rate = speech.sample_rate
    if not isinstance(rate, int) or rate <= 0:
        raise SpeechFailed(f"a voice's sample_rate is a number of Hz, not {rate!r}")
    return rate


class Chunks:
    """Cuts a sentence's sound into whole samples and growing chunks.

    A chunk is at most as long as all before it together, so that a player which starts with the first one does not
    starve behind a voice that is barely faster than speech.
    """

    def __init__(self, sample_rate: int) -> None:
        self._first = _whole(FIRST_SECONDS * sample_rate)
        self._most = _whole(CHUNK_SECONDS * sample_rate)
        self._held = b""
        self.given = 0
        """Bytes that left so far."""

    def add(self, piece: bytes) -> Iterator[bytes]:
        """Take *piece* in; give what may leave now."""
        held = self._held + piece
        start = 0
        while len(held) - start >= (least := min(self.given, self._most) or self._first):
            size = least if self.given else _even(min(len(held), self._most))
            self.given += size
            yield held[start : start + size]
            start += size
        self._held = held[start:]

    def rest(self) -> bytes:
        """The end of the sentence, whole samples only."""
        rest, self._held = self._held[: _even(len(self._held))], b""
        self.given += len(rest)
        return rest


def _even(size: int) -> int:
    return size - size % SAMPLE_BYTES


def _whole(samples: float) -> int:
    return max(1, int(samples)) * SAMPLE_BYTES


def _abort(failed: SpeechFailed) -> NoReturn:
    cause = failed.__cause__
    if isinstance(cause, StageError):  # the voice's own words
        raise cause from cause.__cause__  # not from failed: the chain of causes would be a circle
    raise StageError("UNAVAILABLE", "SPEECH_FAILED", "the answer could not be spoken") from failed
