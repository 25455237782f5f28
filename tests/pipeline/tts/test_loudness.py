"""Even loudness: voices come to the same level, at once and slowly, and nothing clips."""

import importlib.util
import math
from array import array
from collections.abc import AsyncGenerator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from app.settings.stages import EspeakSettings
from app.stages.voice import speakers
from pipeline.interfaces import Voice
from pipeline.tts.custom import CustomSpeech
from pipeline.tts.engines import Engine, Hz, Piece
from pipeline.tts.loudness import DB_PER_SECOND, MOST_VOICES, TARGET_DB, Evened, Level, Leveller

pytest.importorskip("numpy", reason="the loudness extra is not installed")

HZ = 16_000


def tone(seconds: float, db: float) -> bytes:
    """A sine whose RMS is *db* dBFS."""
    size = 32768 * math.sqrt(2) * 10 ** (db / 20)
    wave = (size * math.sin(2 * math.pi * 200 * n / HZ) for n in range(int(HZ * seconds)))
    return array("h", (int(max(-32768, min(32767, sample))) for sample in wave)).tobytes()


def loudness(pcm: bytes) -> float:
    samples = array("h", pcm)
    return 10 * math.log10(sum(sample * sample for sample in samples) / len(samples) / 32768**2)


class Toning:
    """Has voices of several levels, which are their names in dB; gives a second, in pieces of *bytes_at_once*."""

    sample_rate = HZ

    def __init__(self, bytes_at_once: int = 999) -> None:
        self.bytes_at_once = bytes_at_once

    async def synthesize(self, _text: str, voice: Voice) -> AsyncGenerator[bytes, None]:
        sound = tone(1, float(voice.name))
        for start in range(0, len(sound), self.bytes_at_once):
            yield sound[start : start + self.bytes_at_once]


async def said(engine: Engine, name: str) -> bytes:
    pieces = engine.synthesize("a", Voice(name))
    return b"".join([piece async for piece in pieces if isinstance(piece, bytes)])


async def test_voices_come_to_one_level() -> None:
    """From their second sentence on they are as loud as each other, from its first piece to its last."""
    engine = Evened(CustomSpeech(Toning()))
    for name in ("-30", "-20", "-10"):
        await said(engine, name)
    for name in ("-30", "-20", "-10"):
        pcm = await said(engine, name)
        assert len(pcm) == 2 * HZ
        for start in range(0, len(pcm), HZ // 4):
            assert loudness(pcm[start : start + HZ // 4]) == pytest.approx(TARGET_DB, abs=0.3)


@pytest.mark.parametrize(("name", "db"), [("-45", -33.0), ("-6", -18.0)])
async def test_no_gain_is_too_large(name: str, db: float) -> None:
    engine = Evened(CustomSpeech(Toning()))
    await said(engine, name)
    assert loudness(await said(engine, name)) == pytest.approx(db, abs=0.3)


async def test_an_unknown_voice_by_its_first_piece() -> None:
    """One that gives its sentence at once is even from the start."""
    pcm = await said(Evened(CustomSpeech(Toning(1_000_000))), "-30")
    assert loudness(pcm[:3200]) == pytest.approx(TARGET_DB, abs=0.3)


def test_no_sound_waits() -> None:
    """Every piece comes out at once, of its own length; half a sample waits for the other half."""
    leveller, sound = Leveller(HZ, Level()), tone(0.5, -30)
    assert len(leveller.feed(sound[:100])) == 100
    assert len(leveller.feed(sound[100:103])) == 2
    assert len(leveller.feed(sound[103:200])) == 98
    assert leveller.feed(b"") == b""


def test_gains_move_slowly() -> None:
    """While a voice speaks its loudness does not jump, though the voice does."""
    level = Level()
    leveller = Leveller(HZ, level)
    given = [loudness(leveller.feed(tone(0.1, -30))) for _ in range(40)]
    for before, after in pairwise(given):
        assert abs(after - before) <= DB_PER_SECOND * 0.1 + 0.1
    assert given[-1] == pytest.approx(TARGET_DB, abs=0.3)


def test_silence_is_no_speech() -> None:
    """Pauses change nothing, and nothing is made of noise."""
    level = Level()
    leveller = Leveller(HZ, level)
    assert leveller.feed(tone(1, -60)) == pytest.approx(tone(1, -60))
    leveller.feed(tone(1, -26))
    wanted = level.gain_db
    leveller.feed(bytes(10 * HZ))
    assert level.gain_db == wanted == pytest.approx(6.0, abs=0.3)


def test_nothing_clips() -> None:
    """A shout in a quiet voice is bent below full scale, and stays in its order."""
    level = Level()
    Leveller(HZ, level).feed(tone(5, -35))
    shout = array("h", range(-32768, 32767, 7))
    given = array("h", Leveller(HZ, level).feed(shout.tobytes()))
    assert all(before <= after for before, after in pairwise(given))
    assert -32768 < min(given) < -30000
    assert 30000 < max(given) < 32767


async def test_names_without_end() -> None:
    """Clients choose the names of voices; only some are remembered."""
    engine = Evened(CustomSpeech(Toning()))
    for number in range(MOST_VOICES + 10):
        await said(engine, f"-20.{number}")
    assert len(engine._levels) == MOST_VOICES


def test_without_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    """The start fails, and says what to install."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda _name: None)
    with pytest.raises(ModuleNotFoundError, match=r"stentor\[loudness\]"):
        Evened(CustomSpeech(Toning()))


async def test_espeak_and_its_fallback() -> None:
    """The keys of a voice hold for its fallback, too."""
    pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")
    table = EspeakSettings(sentence_pause_ms=100, loudness="even", fallback=EspeakSettings(voices={"en": "en-gb"}))
    for speaker in speakers(table, Path()):
        await speaker.engine.start()
        try:
            pieces = speaker.engine.synthesize("The weather in Paris is mild today.", Voice(language="en"))
            pcm = b"".join([piece async for piece in pieces if isinstance(piece, bytes)])
        finally:
            await speaker.engine.aclose()
        silent = int(speaker.engine.sample_rate * 0.06) * 2
        assert max(map(abs, array("h", pcm[-silent:]))) < 400
        assert max(map(abs, array("h", pcm[-4 * silent :]))) > 400
        assert loudness(pcm[: -2 * silent]) == pytest.approx(TARGET_DB, abs=4)


async def test_pieces_shorter_than_a_frame() -> None:
    """They are measured together."""
    engine = Evened(CustomSpeech(Toning(100)))
    await said(engine, "-30")
    assert loudness(await said(engine, "-30")) == pytest.approx(TARGET_DB, abs=0.3)


async def test_the_rate_that_the_sound_tells() -> None:
    """A gain moves by the seconds of the sound, not by those of the settings' rate."""

    class Telling(CustomSpeech):
        async def synthesize(self, *args: Any) -> AsyncGenerator[Piece, None]:
            yield Hz(HZ)
            async for piece in super().synthesize(*args):
                yield piece

    other = Toning()
    other.sample_rate = 3 * HZ
    assert await said(Evened(Telling(other)), "-30") == await said(Evened(CustomSpeech(Toning())), "-30")
