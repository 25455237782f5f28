"""A custom voice at the speaking rate of the request: the right length, the same pitch, nothing lost."""

import importlib.util
import math
from array import array
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import pytest

from pipeline.events import Notice, WordMark
from pipeline.interfaces import Voice
from pipeline.tts.custom import CustomSpeech
from pipeline.tts.engines import Piece
from pipeline.tts.speed import Stretched, Stretcher

pytest.importorskip("libsonic", reason="the speed extra is not installed")

HZ = 22_050
RATES = (0.5, 0.75, 1.25, 2.0, 3.0, 4.0)


def sine(seconds: float, pitch: float = 220.0) -> bytes:
    count = int(HZ * seconds)
    return array("h", (int(9000 * math.sin(2 * math.pi * pitch * n / HZ)) for n in range(count))).tobytes()


def frequency(pcm: bytes) -> float:
    """The pitch of a sine, by how often it rises through zero."""
    samples = array("h", pcm)
    rises = sum(before < 0 <= after for before, after in pairwise(samples))
    return rises * HZ / len(samples)


class Humming:
    """Hums for two seconds, in pieces of any length, and marks each half."""

    sample_rate = HZ

    async def synthesize(self, text: str, voice: Voice) -> AsyncIterator[bytes]:
        sound = sine(2)
        for start in range(0, len(sound), 999):
            yield sound[start : start + 999]

    async def synthesize_marked(self, text: str, voice: Voice) -> AsyncIterator[Any]:
        yield WordMark(0, 3, 0.0)
        yield WordMark(4, 3, 1000.0)
        async for piece in self.synthesize(text, voice):
            yield piece


async def said(rate: float, marks: bool = False) -> list[Piece]:
    voice = Voice(speaking_rate=rate)
    return [piece async for piece in Stretched(CustomSpeech(Humming())).synthesize("one two", voice, marks)]


@pytest.mark.parametrize("rate", RATES)
async def test_length_and_pitch(rate: float) -> None:
    """The sound is so many times shorter, within 5 %, and has its pitch, within 2 %."""
    pcm = b"".join(piece for piece in await said(rate) if isinstance(piece, bytes))
    assert len(pcm) / 2 / HZ * rate == pytest.approx(2.0, rel=0.05)
    assert frequency(pcm) == pytest.approx(220.0, rel=0.02)


@pytest.mark.parametrize("rate", RATES)
def test_nothing_is_lost_at_the_ends(rate: float) -> None:
    """A click at either end of a silence is still there."""
    click, silence = sine(0.02, 1000.0), bytes(HZ)
    stretcher = Stretcher(HZ, rate)
    pcm = stretcher.feed(click + silence) + stretcher.feed(click) + stretcher.flush()
    samples = array("h", pcm)
    edge = int(HZ * 0.06 / min(rate, 1.0))
    assert max(map(abs, samples[:edge])) > 3000
    assert max(map(abs, samples[-edge:])) > 3000


async def test_words_move() -> None:
    """A word is marked where it is said."""
    marks = [piece for piece in await said(2.0, marks=True) if isinstance(piece, WordMark)]
    assert marks == [WordMark(0, 3, 0.0), WordMark(4, 3, 500.0)]


async def test_its_own_speed() -> None:
    """At the voice's own speed nothing is touched."""
    assert b"".join(await said(1.0)) == sine(2)


async def test_without_libsonic(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it is not installed the voice speaks at its own speed, and a warning says so."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    first, *sound = await said(2.0)
    assert isinstance(first, Notice)
    assert first.reason == "SPEAKING_RATE"
    assert b"".join(sound) == sine(2)
