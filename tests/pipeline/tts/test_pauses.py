"""The set pause behind a sentence: silence around it goes, nothing of its sound does."""

import asyncio
import math
import random
from array import array
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

import pytest

from app.settings.stages import OpenAISpeechSettings
from app.stages.voice import stand_in
from pipeline.events import WordMark
from pipeline.interfaces import Voice
from pipeline.tts.custom import CustomSpeech
from pipeline.tts.engines import Hz, Piece
from pipeline.tts.pauses import HELD_SECONDS, Paused, Trimmer, is_sound

HZ = 16_000


def tone(ms: int, size: int = 9000) -> bytes:
    return array("h", (int(size * math.cos(n)) for n in range(HZ * ms // 1000))).tobytes()


def silence(ms: int) -> bytes:
    return bytes(HZ * ms // 1000 * 2)


def trimmed(sound: bytes, pause_ms: float, pieces: Sequence[int] = ()) -> bytes:
    trimmer = Trimmer(HZ, pause_ms)
    given = b"".join(trimmer.feed(sound[start:end]) for start, end in zip((0, *pieces), (*pieces, None), strict=True))
    return given + trimmer.flush()


class Saying:
    """Says what it is given, in pieces of 7 ms, and marks words before the sound and within it."""

    def __init__(self, sound: bytes, marks: Sequence[WordMark] = ()) -> None:
        self.sound, self.marks = sound, marks
        self.sample_rate, self.closed = HZ, False

    async def synthesize(self, _text: str, _voice: Voice) -> AsyncGenerator[Piece, None]:
        try:
            for start in range(0, len(self.sound), 225):
                yield self.sound[start : start + 225]
        finally:
            self.closed = True

    async def synthesize_marked(self, text: str, voice: Voice) -> AsyncGenerator[Piece, None]:
        yield self.marks[0]
        async for piece in self.synthesize(text, voice):
            yield piece
        for mark in self.marks[1:]:
            yield mark


async def said(speech: Saying, pause_ms: int = 200, rate: float = 1.0, marks: bool = False) -> list[Piece]:
    engine = Paused(CustomSpeech(speech), pause_ms)
    return [piece async for piece in engine.synthesize("one two", Voice(speaking_rate=rate), marks)]


@pytest.mark.parametrize("front", [0, 10, 300, 5000])
@pytest.mark.parametrize("behind", [0, 10, 200, 900, 5000])
@pytest.mark.parametrize("pause", [50, 200, 2000])
def test_the_pause(front: int, behind: int, pause: int) -> None:
    """However much silence there is, 10 ms of it stay in front and the pause behind, to the sample."""
    sound = tone(100)
    given = trimmed(silence(front) + sound + silence(behind), pause)
    assert given == silence(min(front, 10)) + sound + silence(pause)


def test_wherever_it_is_cut() -> None:
    """Pieces of any length, odd ones too, give the same sound."""
    sound = silence(123) + tone(77) + silence(456) + tone(33) + silence(789)
    once, draw = trimmed(sound, 100), random.Random(14)
    for count in (1, 20, 3000):
        assert trimmed(sound, 100, sorted(draw.sample(range(len(sound)), count))) == once


def test_silence_inside_stays() -> None:
    sound = tone(50) + silence(1500) + tone(50)
    assert trimmed(sound, 0) == sound


def test_quiet_consonants_stay() -> None:
    """A sound of -46 dBFS at either end is not cut, and what fades away behind it is not either."""
    sound = tone(40, 233) + tone(100) + tone(40, 233)
    fading = tone(30, 60)
    assert trimmed(silence(200) + sound + fading + silence(200), 0) == silence(10) + sound + fading


def test_a_click_at_the_very_end() -> None:
    """What is no whole frame is judged, too."""
    sound = tone(20) + silence(300) + tone(5)
    assert trimmed(sound, 100) == sound + silence(100)


@pytest.mark.parametrize(("pause", "ms"), [(0, 10), (300, 300)])
def test_a_silent_sentence(pause: int, ms: int) -> None:
    """It is the pause; with none it is still a sentence that was said."""
    assert trimmed(silence(5000), pause) == silence(ms)
    assert trimmed(silence(3), pause) == silence(ms)


def test_no_sound_at_all() -> None:
    """An engine that gave nothing failed; a pause would hide it."""
    assert trimmed(b"", 300) == b""


def test_endless_silence_is_not_kept() -> None:
    """In front it is dropped; behind, what is too long passes, so that the sentence's limit sees it."""
    trimmer = Trimmer(HZ, 200)
    assert not any(trimmer.feed(silence(1000)) for _ in range(60))
    assert len(trimmer._held) <= len(silence(10))
    trimmer.feed(tone(10))
    passed = sum(len(trimmer.feed(silence(1000))) for _ in range(60))
    assert passed == len(silence(60_000)) - len(silence(int(HELD_SECONDS * 1000)))


async def test_words_move() -> None:
    """A mark that comes before the length of the silence is known waits for it, and still stands before the sound."""
    marks = [WordMark(0, 3, 250.0), WordMark(4, 3, 340.0)]
    first, *pieces = await said(Saying(silence(250) + tone(200), marks), marks=True)
    assert first == WordMark(0, 3, 10.0)
    assert isinstance(pieces[0], bytes)
    assert [piece for piece in pieces if isinstance(piece, WordMark)] == [WordMark(4, 3, 100.0)]


async def test_words_of_a_silent_sentence() -> None:
    mark = WordMark(0, 3, 250.0)
    pieces = await said(Saying(silence(400), [mark]), marks=True)
    assert pieces == [WordMark(0, 3, 0.0), silence(200)]


async def test_speaking_rate() -> None:
    """Who listens twice as fast waits half as long."""
    pieces = await said(Saying(tone(100) + silence(900)), rate=2.0)
    assert b"".join(piece for piece in pieces if isinstance(piece, bytes)) == tone(100) + silence(100)


async def test_the_rate_that_the_sound_tells() -> None:
    """A pause has its length at the rate of the sound, not at that of the settings."""

    class Telling(CustomSpeech):
        async def synthesize(self, *args: Any) -> AsyncGenerator[Piece, None]:
            yield Hz(HZ)
            yield silence(300) + tone(100)

    speech = Saying(b"")
    speech.sample_rate = 3 * HZ
    engine = Telling(speech)
    hz, *sound = [piece async for piece in Paused(engine, 200).synthesize("a", Voice())]
    assert hz == Hz(HZ)
    assert b"".join(piece for piece in sound if isinstance(piece, bytes)) == silence(10) + tone(100) + silence(200)


async def test_closing_reaches_the_engine() -> None:
    speech = Saying(tone(1000))
    async with aclosing(Paused(CustomSpeech(speech), 200).synthesize("a", Voice())) as pieces:  # type: ignore[type-var]
        await anext(aiter(pieces))
    assert speech.closed


async def test_others_have_their_turn() -> None:
    """Silence that is dropped does not keep the loop from anybody, though the engine waits for nothing."""
    turns = 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    await said(Saying(silence(1000)))
    task.cancel()
    assert turns > 100


async def test_the_voice_that_stands_in() -> None:
    """What espeak says for a voice that failed has the pauses of that voice."""
    pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")
    table = OpenAISpeechSettings(base_url="http://127.0.0.1:1/v1", model="m", voice="ann", sentence_pause_ms=0)
    stage = stand_in(table)
    assert stage
    engine = stage.speakers[0].engine
    await engine.start()
    try:
        pieces = engine.synthesize("Try again in a moment.", Voice(language="en"))
        pcm = b"".join([piece async for piece in pieces if isinstance(piece, bytes)])
    finally:
        await engine.aclose()
    frame = engine.sample_rate // 100 * 2
    assert any(is_sound(pcm[start : start + frame]) for start in range(len(pcm) - 5 * frame, len(pcm), frame))
