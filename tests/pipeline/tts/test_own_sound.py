"""The sound of the server's own words: made once, kept, and by another voice where the first one cannot."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from pipeline.events import AudioChunk
from pipeline.interfaces import Voice
from pipeline.testing import HANG, Pause, ScriptedSpeech, sound
from pipeline.tts import own_sound
from pipeline.tts.own_sound import OwnSound, pieces
from pipeline.tts.stage import SpeechStage
from tests.pipeline.tts.engines import speech_options, speech_stage
from tests.pipeline.tts.speaking import timeless

TEXT = "Try again."
EN, RU = Voice("", "en"), Voice("", "ru")


def stage(speech: Any, **options: Any) -> SpeechStage:
    made = speech_stage(speech, speech_options(**options))
    assert made is not None
    return made


def now() -> float:
    return asyncio.get_running_loop().time()


class RussianOnly(ScriptedSpeech):
    """A voice that tells that it reads nothing but Russian."""

    def fits(self, _text: str, voice: Voice) -> bool:
        return voice.language == "ru"


async def said(own: OwnSound, text: str = TEXT, voice: Voice = EN, rate: int = 0) -> AudioChunk:
    chunk = await own.said(text, voice, rate)
    assert chunk is not None
    return chunk


@timeless
async def test_one_chunk_of_no_sentence() -> None:
    """All of the sound, at the voice's rate, of sentence 0."""
    speech = ScriptedSpeech()
    chunk = await said(OwnSound(stage(speech)))
    assert (chunk.sentence, chunk.final, chunk.sample_rate, chunk.pcm) == (0, False, 1000, sound(100 * len(TEXT)))
    assert speech.calls == [(TEXT, Voice("", "en"))]


@timeless
async def test_made_once_for_all_who_ask_at_once() -> None:
    """200 who ask at once, and all who ask later, get what one call of the voice gave."""
    speech = ScriptedSpeech([Pause(0.2), sound(500)])
    own = OwnSound(stage(speech))
    chunks = await asyncio.gather(*(own.said(TEXT, EN) for _ in range(200)))
    assert await own.said(TEXT, EN) is chunks[0]
    assert (len({id(chunk) for chunk in chunks}), len(speech.calls)) == (1, 1)
    await own.said(TEXT, RU)
    await own.said("Other words.", EN)
    assert len(speech.calls) == 3, "text and language make the sound"


@timeless
async def test_few_at_once() -> None:
    """However many texts are wanted at once, the voice makes some at a time."""
    most = 0

    def steps(_text: str) -> Iterable[Any]:
        nonlocal most
        most = max(most, speech.script.running)
        return [Pause(0.01), sound(50)]

    speech = ScriptedSpeech(steps)
    own = OwnSound(stage(speech))
    assert None not in await asyncio.gather(*(own.said(f"Number {n}.", EN) for n in range(50)))
    assert most <= own_sound.AT_ONCE


@timeless
async def test_a_voice_that_fails_gives_way_and_rests() -> None:
    """The other voice says it at once; the first one is not asked again before it has rested."""
    dead, other = ScriptedSpeech([ConnectionError()]), ScriptedSpeech([sound(300)])
    own = OwnSound(stage(dead, retries=0), stage(other))
    for text in (TEXT, TEXT, "Other words."):
        assert (await said(own, text)).pcm == sound(300)
    assert (len(dead.calls), len(other.calls)) == (1, 2)
    await asyncio.sleep(own_sound.REST_SECONDS)
    await said(own, "New words.")
    assert len(dead.calls) == 2


@timeless
async def test_a_voice_that_dawdles_gives_way() -> None:
    """The other voice says it in its place, with one wait for all; what comes late is kept for the next time."""
    slow, other = ScriptedSpeech([Pause(3), sound(400)]), ScriptedSpeech([sound(300)])
    own = OwnSound(stage(slow), stage(other))
    began = now()
    assert (await said(own)).pcm == sound(300)
    assert now() - began == pytest.approx(own_sound.VOICE_SECONDS, abs=0.05)
    began = now()
    assert (await said(own)).pcm == sound(300)
    assert (await said(own, "Other words.")).pcm == sound(300)
    assert now() - began == pytest.approx(0, abs=0.05), "nobody waits anew"
    await asyncio.sleep(3)
    assert (await said(own)).pcm == sound(400)
    assert len(slow.calls) == 1


@timeless
async def test_no_voice_can_say_it() -> None:
    """Without a voice, with a dead or a hanging one, there is no sound, and that soon."""
    assert await OwnSound(None).said(TEXT, EN) is None
    assert await OwnSound(stage(ScriptedSpeech([ValueError()]))).said(TEXT, EN) is None
    assert await OwnSound(stage(ScriptedSpeech([]))).said(TEXT, EN) is None
    own = OwnSound(stage(ScriptedSpeech([HANG])))
    began = now()
    assert await own.said(TEXT, EN) is None
    assert now() - began <= own_sound.LAST_VOICE_SECONDS + 0.1
    await own.aclose()


@timeless
async def test_a_voice_of_another_language_is_not_asked() -> None:
    """What it would make of the words is no speech."""
    russian, other = RussianOnly([sound(400)]), ScriptedSpeech([sound(300)])
    own = OwnSound(stage(russian), stage(other))
    assert len((await said(own, "Ещё раз.", RU)).pcm) == 800
    assert len((await said(own)).pcm) == 600
    assert len(russian.calls) == 1
    assert await OwnSound(stage(russian)).said(TEXT, EN) is None


@timeless
async def test_at_most_ten_seconds() -> None:
    """An endless voice is cut, and its end fades out."""
    speech = ScriptedSpeech(lambda _: (b"\xff\x3f" * 1000 for _ in range(1000)))
    chunk = await said(OwnSound(stage(speech)))
    assert len(chunk.pcm) == 10 * 1000 * 2
    assert chunk.pcm[-2:] == b"\0\0"
    assert speech.script.running == 0


@timeless
async def test_what_is_kept_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The sound that was wanted least lately goes, and is made again."""
    monkeypatch.setattr(own_sound, "KEPT_BYTES", 2500)
    speech = ScriptedSpeech([sound(500)])
    own = OwnSound(stage(speech))
    for text in ("One.", "Two.", "One.", "Three.", "One."):
        await said(own, text)
    assert [text for text, _ in speech.calls] == ["One.", "Two.", "Three."]
    await said(own, "Two.")
    assert len(speech.calls) == 4


@timeless
async def test_who_leaves_takes_nothing_along() -> None:
    """A client that is gone does not stop the sound for others who wait for it."""
    own = OwnSound(stage(ScriptedSpeech([Pause(1), sound(500)])))
    gone, stays = (asyncio.create_task(own.said(TEXT, EN)) for _ in range(2))
    await asyncio.sleep(0.1)
    gone.cancel()
    assert (await stays) is not None
    assert gone.cancelled()


@timeless
async def test_closing_stops_what_is_made() -> None:
    """Nothing runs on, whoever waits gets nothing, and nothing new begins."""
    speech = ScriptedSpeech([HANG])
    own = OwnSound(stage(speech))
    waits = asyncio.create_task(own.said(TEXT, EN))
    await asyncio.sleep(0.1)
    await own.aclose()
    assert await waits is None
    assert (speech.script.opened, speech.script.running) == (1, 0)
    assert await own.said("Other words.", EN) is None
    assert speech.script.opened == 1


@timeless
async def test_prepare() -> None:
    """What was made ahead needs no voice any more; a voice that fails does not end the rest."""
    speech, other = ScriptedSpeech(lambda text: [ValueError() if "Bad" in text else sound(500)]), ScriptedSpeech()
    own = OwnSound(stage(speech, retries=0), stage(other))
    await own.prepare([("One.", EN), ("Bad.", EN), ("Три.", RU)])
    calls = len(speech.calls) + len(other.calls)
    for text, voice in (("One.", EN), ("Bad.", EN), ("Три.", RU)):
        assert await own.said(text, voice) is not None
    assert len(speech.calls) + len(other.calls) == calls


@pytest.mark.parametrize("rate", [500, 1000, 2000])
async def test_at_the_rate_of_the_answer(rate: int) -> None:
    """The length stays; the voice is asked once for all rates."""
    speech = ScriptedSpeech([sound(1000)])
    own = OwnSound(stage(speech))
    for _ in range(2):
        chunk = await said(own, rate=rate)
        assert chunk.sample_rate == rate
        assert len(chunk.pcm) == pytest.approx(2 * rate, abs=2)
    await said(own)
    assert len(speech.calls) == 1


@timeless
async def test_its_own_rate_is_kept_once() -> None:
    """Asked for by its number or not, the voice's own rate is one sound."""
    own = OwnSound(stage(ScriptedSpeech()))
    assert await said(own, rate=1000) is await said(own)


def test_pieces() -> None:
    """Cut for the wire, all of it is there, and no piece is longer than one of an answer."""
    chunk = AudioChunk(0, sound(3333), 1000)
    cut = pieces(chunk)
    assert b"".join(each.pcm for each in cut) == chunk.pcm
    assert all(len(each.pcm) <= 400 for each in cut)
    assert {(each.sentence, each.final, each.sample_rate) for each in cut} == {(0, False, 1000)}
