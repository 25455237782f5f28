"""The speech stage: the sound of each sentence behind its text, and ahead of it as far as it may."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from interceptors.testing import Boom
from pipeline.events import AudioChunk, Command, EndReason, ModelEnd, Notice, Sentence
from pipeline.interfaces import Voice
from pipeline.testing import HANG, Pause, ScriptedSpeech, sound
from pipeline.tts.ahead import audible
from pipeline.tts.options import EachAlone
from pipeline.tts.stage import spoken
from tests.fakes import settle
from tests.pipeline.tts.engines import speech_options, speech_stage
from tests.pipeline.tts.speaking import (
    RATE,
    Counting,
    finals,
    heard,
    index_of,
    nothing,
    numbered,
    pair,
    passed,
    pcm,
    run,
    stage,
    timeless,
)

ALONE = speech_options(prefetch=0)

# Order.


@pytest.mark.parametrize("prefetch", [0, 1, 2])
def test_each_sentence_and_then_its_sound(prefetch: int) -> None:
    """The text of a sentence comes first, then all its sound, then the next sentence; its last event is final."""
    events = run(heard(ScriptedSpeech(), "One.", " Two.", "Three.", options=speech_options(prefetch=prefetch)))
    kinds = [(type(event), index_of(event)) for event in events]
    assert [kind for kind, _ in itertools.groupby(kinds)] == [
        (kind, index) for index in (1, 2, 3) for kind in (Sentence, AudioChunk)
    ]
    assert finals(events) == [(AudioChunk, 1), (AudioChunk, 2), (AudioChunk, 3)]
    assert [len(pcm(events, index)) for index in (1, 2, 3)] == [800, 800, 1200]
    assert {event.sample_rate for event in events if isinstance(event, AudioChunk)} == {RATE}


def test_the_voice_hears_the_text_without_the_space_around_it() -> None:
    """The text leaves as written; the voice gets it without white space around it."""
    speech = ScriptedSpeech()
    events = run(heard(speech, "\n One. "))
    assert events[0] == Sentence(1, "\n One. ")
    assert [text for text, _ in speech.calls] == ["One."]


class Reading(ScriptedSpeech):
    """Knows in which language it reads."""

    def __init__(self, *args: Any, language: str) -> None:
        super().__init__(*args)
        self._language = language

    def reads_in(self, text: str, voice: Voice) -> str:
        return f"{self._language} by {voice.name}"


def test_the_wanted_voice_is_asked() -> None:
    """Every call of an engine gets the turn's voice, and words made for the turn's language and for the language in
    which this engine reads. A fallback may read in another language, or can't tell.
    """
    first, second, third = Reading([Boom()], language="en"), Reading(language="de"), ScriptedSpeech()
    voice = Voice("anna", "ru")
    words = EachAlone(lambda text, language, reads_in: f"{text}, {language}, {reads_in}")
    options = speech_options(wording=lambda _prompt: words, retries=0)
    for speech in (pair(first, second), third):
        run(heard(speech, "a", options=options, voice=voice))
    assert first.calls == [("a, ru, en by anna", voice)]
    assert second.calls == [("a, ru, de by anna", voice)]
    assert third.calls == [("a, ru, ", voice)]


@pytest.mark.parametrize("prefetch", [0, 1, 2])
def test_everything_else_passes_in_place(prefetch: int) -> None:
    """Other events pass untouched, behind the sound of the sentence before them."""
    others = [Command("open", {}), Notice("COMMAND_REFUSED", "x", 1), ModelEnd(EndReason.LENGTH)]
    source = [others[0], Sentence(1, "One."), *others, Sentence(2, "Two."), others[2]]
    events = run(passed(source, ScriptedSpeech(), speech_options(prefetch=prefetch)))
    assert [event for event in events if not isinstance(event, AudioChunk)] == source
    assert events[-2].final
    assert events[events.index(others[1]) - 2].final


def test_without_a_voice() -> None:
    """Without a voice the text alone is the whole sentence, and final; the rest passes."""
    events = run(passed([*numbered("One.", "Two."), ModelEnd()], None))
    assert events == [Sentence(1, "One.", final=True), Sentence(2, "Two.", final=True), ModelEnd()]


AUDIBLE = ["a", "7", "Привет", "你好", "مرحبا", "½", "(a)", "+", "«=».", "$!", "€", "№", "∞", "≠", "@", "⠓⠑⠇⠇⠕"]
SILENT = ["", " \n\t", "…", "?!", "—", "🦊", "👩‍💻 !", "↓", "\u2800", "\u200b"]
RULES = ["***", "* - #", "~~~", "< >", "|---|:-:|", "+---+===+", "+++", "$$"]
SAID = {**dict.fromkeys(AUDIBLE, True), **dict.fromkeys(SILENT + RULES, False)}


@pytest.mark.parametrize(("text", "said"), SAID.items())
def test_what_has_no_sound_is_not_spoken(text: str, said: bool) -> None:
    """A sentence without a letter, a digit or a sign that has a name is shown and not spoken: no engine is asked, and
    it is final.
    """
    assert audible(text) == said
    speech = ScriptedSpeech([sound(100)])
    events = run(heard(speech, text))
    assert len(speech.calls) == said
    assert finals(events) == [(AudioChunk if said else Sentence, 1)]


# Sound.


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_any_kind_of_bytes(kind: Any) -> None:
    """A voice may give bytes, bytearrays or memoryviews, also one that it reuses."""
    assert pcm(run(heard(ScriptedSpeech([kind(sound(50)), kind(sound(50))])))) == sound(50) * 2


@pytest.mark.parametrize("size", [1, 7, 333, 9999])
def test_the_whole_sound_arrives(size: int) -> None:
    """The engine's bytes leave one by one, however they were cut, and the end is marked once."""
    data = sound(3000)
    events = run(heard(ScriptedSpeech([data[start : start + size] for start in range(0, len(data), size)])))
    assert pcm(events) == data
    assert finals(events) == [(AudioChunk, 1)]
    assert events[-1].final


@timeless
async def test_sound_leaves_while_the_engine_goes_on() -> None:
    """The first sound leaves before the engine has the rest."""
    go_on = asyncio.Event()
    async with aclosing(stage(numbered("One."), ScriptedSpeech([sound(50), go_on, sound(50)]))) as events:
        assert await anext(events) == Sentence(1, "One.")
        assert (await anext(events)).pcm == sound(50)[:90]
        go_on.set()
        assert sum([len(event.pcm) async for event in events]) == 110


@timeless
async def test_an_engine_that_never_waits_lets_the_first_sound_leave() -> None:
    """An engine that has all its sound at once, or computes it without ever waiting, does not hold up the first
    chunk.
    """
    speech = ScriptedSpeech([sound(100)] * 100)
    async with aclosing(stage(numbered("One."), speech)) as events:
        await anext(events)
        await anext(events)
        assert speech.script.given <= 2


def test_progress_for_every_piece_of_sound() -> None:
    """Each piece with sound in it is a sign of life; an empty one is none."""
    calls: list[int] = []
    run(heard(ScriptedSpeech([b"\1\0", b"", b"\1\0", b""]), progress=lambda: calls.append(1)))
    assert len(calls) == 2


def test_sound_of_a_sentence_ahead_is_progress() -> None:
    """While the reader waits for the sound of a sentence, that of the next one is a sign of life too."""
    speech = ScriptedSpeech(lambda text: [Pause(5), sound(100)] if text == "One." else [Pause(2), sound(100)])
    signs: list[float] = []
    run(heard(speech, "One.", "Two.", progress=lambda: signs.append(asyncio.get_running_loop().time())))
    assert signs == pytest.approx([2, 5])


# Running ahead.


@pytest.mark.parametrize("prefetch", [0, 1, 2, 3])
def test_so_many_engine_calls_at_once(prefetch: int) -> None:
    """While one sentence is sent, the engine speaks exactly ``prefetch`` sentences behind it; commands between them do
    not count.
    """
    speech = Counting([Pause(0.1), sound(100), Pause(0.1)])
    source = [event for sentence in numbered(*["One."] * 6) for event in (sentence, Command("x", {}))]
    run(passed(source, speech, speech_options(prefetch=prefetch)))
    assert speech.most == prefetch + 1


@pytest.mark.parametrize("prefetch", [0, 1, 2, 3])
@timeless
async def test_speaks_ahead_of_a_busy_reader(prefetch: int) -> None:
    """While the reader is busy with a sentence, those behind it are spoken to their end, and no others begin."""
    speech = ScriptedSpeech()
    async with aclosing(stage(numbered(*["One."] * 6), speech, speech_options(prefetch=prefetch))) as events:
        assert isinstance(await anext(events), Sentence)
        await settle(20)
        assert len(speech.calls) == prefetch + 1
        assert speech.script.running == 0


@timeless
async def test_text_does_not_wait_for_its_sound() -> None:
    """A sentence's text leaves while its engine has not given anything yet."""
    async with aclosing(stage(numbered("One."), ScriptedSpeech([HANG]))) as events:
        before = asyncio.get_running_loop().time()
        assert await anext(events) == Sentence(1, "One.")
        assert asyncio.get_running_loop().time() == before


@pytest.mark.parametrize("prefetch", [0, 1, 2])
@timeless
async def test_sound_does_not_wait_for_the_next_sentence(prefetch: int) -> None:
    """All the sound of a sentence leaves, its end too, while the model has nothing more yet."""
    go_on = asyncio.Event()
    source = [Sentence(1, "One."), go_on, Sentence(2, "Two.")]
    async with aclosing(stage(source, ScriptedSpeech(), speech_options(prefetch=prefetch))) as events:
        while not (event := await anext(events)).final:
            pass
        assert event.sentence == 1
        go_on.set()
        assert await anext(events) == Sentence(2, "Two.")


@pytest.mark.parametrize(("prefetch", "seconds"), [(0, 1.2), (1, 0.6), (2, 0.4), (5, 0.2)])
@timeless
async def test_the_last_sound_is_there_sooner(prefetch: int, seconds: float) -> None:
    """Sentences that take 200 ms each are ready sooner the more are spoken at once."""
    await heard(ScriptedSpeech([Pause(0.2), sound(100)]), *["One."] * 6, options=speech_options(prefetch=prefetch))
    assert asyncio.get_running_loop().time() == pytest.approx(seconds)


@pytest.mark.parametrize("buffer", [0.2, 1.0, 2.0])
@timeless
async def test_an_engine_runs_ahead_within_the_buffer(buffer: float) -> None:
    """At most ``buffer_seconds`` of each sentence wait for a reader that does not read; then its engine is not asked
    until there is room.
    """
    speech = ScriptedSpeech([sound(200)] * 50)
    options = speech_options(prefetch=1, buffer_seconds=buffer)
    async with aclosing(stage(numbered("One.", "Two."), speech, options)) as events:
        await anext(events)
        await settle(300)
        ahead = speech.script.given
        # In each of the two a piece is being cut, and one more is held back for the next chunk.
        assert 2 * buffer <= ahead * 0.2 <= 2 * (buffer + 0.4)
        await settle(300)
        assert speech.script.given == ahead
        assert len(pcm([event async for event in events])) == 50 * 400


@timeless
async def test_a_slow_reader_is_not_a_slow_voice() -> None:
    """While our buffer is full and the reader takes its time, no engine is blamed, neither the one whose sentence is
    sent nor those ahead.
    """
    speech = ScriptedSpeech([step for _ in range(30) for step in (sound(200), Pause(0.1))])
    options = speech_options(
        first_audio_timeout_seconds=0.5, stall_timeout_seconds=0.5, buffer_seconds=0.4, retries=0, prefetch=2
    )
    events = []
    async with aclosing(stage(numbered("One.", "Two.", "Three."), speech, options)) as out:
        async for event in out:
            events.append(event)
            await asyncio.sleep(5)
    assert finals(events) == [(AudioChunk, 1), (AudioChunk, 2), (AudioChunk, 3)]
    assert pcm(events, 3) == sound(200) * 30


# Endings.


@pytest.mark.parametrize("prefetch", [0, 1, 2, 3])
@timeless
async def test_an_error_of_the_model_comes_after_what_was_said(prefetch: int) -> None:
    """When the source fails, the sentences before that are spoken first, then its error is raised."""
    speech = ScriptedSpeech([Pause(0.1), sound(100), Pause(0.1), sound(100)])
    events = []
    source = [*numbered("One.", "Two."), Boom()]
    async with aclosing(stage(source, speech, speech_options(prefetch=prefetch))) as out:
        with pytest.raises(Boom):  # noqa: PT012  (only the loop raises)
            async for event in out:
                events.append(event)  # noqa: PERF401  (what came before the error counts)
    assert finals(events) == [(AudioChunk, 1), (AudioChunk, 2)]
    assert pcm(events, 2) == sound(100) * 2


@pytest.mark.parametrize("prefetch", [0, 1, 3])
@pytest.mark.parametrize("how", ["leaves", "is cancelled", "is cancelled while it waits"])
@timeless
async def test_an_early_end_closes_every_engine(how: str, prefetch: int) -> None:
    """When the reader leaves or is cancelled, every engine has closed when the stage has, and no further one was
    asked.
    """
    steps = [HANG] if how == "is cancelled while it waits" else [sound(100), HANG]
    speech = ScriptedSpeech(steps, closing=0.2)
    reached = asyncio.Event()

    async def read() -> None:
        options = speech_options(prefetch=prefetch, first_audio_timeout_seconds=7200, stall_timeout_seconds=7200)
        async with aclosing(stage(numbered(*["One."] * 6), speech, options)) as events:
            async for event in events:
                if isinstance(event, AudioChunk) or steps == [HANG]:
                    reached.set()
                    if how == "leaves":
                        return
                    if how == "is cancelled":
                        await asyncio.sleep(3600)

    task = asyncio.create_task(read())
    await reached.wait()
    await settle()
    if how != "leaves":
        assert speech.script.running == prefetch + 1
        task.cancel()
    await asyncio.wait({task})
    assert task.cancelled() == (how != "leaves")
    assert speech.script.running == 0
    assert len(speech.calls) == prefetch + 1


@timeless
async def test_a_second_cancellation_leaves_no_engine_open() -> None:
    """A second cancellation, while the engines close, does not keep the stage from waiting for all of them."""
    speech = ScriptedSpeech([HANG], closing=0.2)
    task = asyncio.create_task(heard(speech, *["One."] * 3, options=speech_options(prefetch=2)))
    await settle(10)
    assert speech.script.running == 3
    for _ in range(5):
        task.cancel()
        await asyncio.sleep(0.01)
    await asyncio.wait({task})
    assert task.cancelled()
    assert speech.script.running == 0


@timeless
async def test_reading_stops_before_the_engines_close() -> None:
    """At the end the reading of the source stops first, so that no further engine is asked; then the engines close in
    order. The owner of the source closes it.
    """
    order: list[str] = []

    class Speech:
        sample_rate = RATE

        async def synthesize(self, text: str, _voice: Voice) -> AsyncIterator[bytes]:
            order.append(f"open {text}")
            try:
                yield sound(100)
                await asyncio.sleep(3600)
            finally:
                order.append(f"close {text}")

    async def source() -> AsyncIterator[Any]:
        try:
            for sentence in numbered("One.", "Two.", "Three.", "Four."):
                order.append(f"read {sentence.text}")
                yield sentence
        finally:
            order.append("close source")

    async with (
        aclosing(source()) as sentences,
        aclosing(spoken(sentences, speech_stage(Speech()), Voice(), nothing)) as events,
    ):
        await anext(events)
        await settle(10)
    assert order[-3:] == ["close One.", "close Two.", "close source"]
    assert "read Four." not in order


@pytest.mark.parametrize("ticks", range(12))
@timeless
async def test_a_turn_that_was_closed_asks_no_engine(ticks: int) -> None:
    """At whatever moment the reader is cancelled, once the stage has closed no engine is asked and none is open."""
    speech = ScriptedSpeech()
    task = asyncio.create_task(heard(speech, *["One."] * 6))
    await settle(ticks)
    task.cancel()
    await asyncio.wait({task})
    asked = len(speech.calls)
    assert speech.script.running == 0
    await settle(20)
    assert len(speech.calls) == asked < 6


def test_nothing_is_left_of_many_sentences() -> None:
    """A sentence that is done leaves nothing behind: its engine is closed before the next but one is asked."""
    speech = Counting()
    events = run(heard(speech, *["One."] * 300))
    assert len(finals(events)) == 300
    assert speech.script.closed == 300
    assert speech.most <= 2


@timeless
async def test_alone() -> None:
    """Without ``prefetch`` an engine is asked only when the sentence before it has been taken whole."""
    speech = ScriptedSpeech()
    async with aclosing(stage(numbered("One.", "Two."), speech, ALONE)) as events:
        async for event in events:
            await settle(10)
            assert len(speech.calls) == index_of(event)
