"""When a word is said: offsets in the text that the client has, and never at the cost of sound."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import pytest

from interceptors.testing import Boom
from pipeline.events import AudioChunk, Sentence, WordMark
from pipeline.interfaces import Voice
from pipeline.testing import ScriptedSpeech, sound
from pipeline.tts.custom import CustomSpeech
from pipeline.tts.engines import Speaker
from pipeline.tts.options import EachAlone
from tests.pipeline.tts.engines import cached, speech_options
from tests.pipeline.tts.speaking import finals, heard, numbered, pair, pcm, run, stage, timeless

WORDING = speech_options(wording=lambda _prompt: EachAlone(lambda text, *_: text.strip().replace("&", "and")))


class Marking(ScriptedSpeech):
    """A voice that knows its words: 100 ms each."""

    def __init__(self, *before: Any) -> None:
        super().__init__(lambda text: [*before, *self.words(text)])
        self.marked: list[str] = []

    def words(self, text: str) -> list[Any]:
        steps: list[Any] = []
        offset = 0
        for number, word in enumerate(text.split(" ")):
            steps += [WordMark(offset, len(word), number * 100), sound(100)]
            offset += len(word) + 1
        return steps

    def synthesize(self, text: str, voice: Voice) -> AsyncIterator[Any]:
        self.calls.append((text, voice))
        return self.script.play([sound(100)])

    def synthesize_marked(self, text: str, voice: Voice) -> AsyncIterator[Any]:
        self.marked.append(text)
        return self.script.play(self._steps(text))  # type: ignore[operator]


def words(events: list[Any], text: str) -> list[tuple[str, float]]:
    """The words of *text* that the events tell, and when."""
    marks = [mark for event in events if isinstance(event, AudioChunk) for mark in event.words]
    return [(text[mark.offset : mark.offset + mark.length], mark.ms) for mark in marks]


def test_offsets_are_those_of_the_text() -> None:
    """The engine gets the usual wording; the offsets count in the text as it was sent, space included."""
    speech = Marking()
    text = "\n  salt & pepper "
    events = run(heard(speech, text, options=WORDING, word_timings=True))
    assert events[0] == Sentence(1, text)
    assert words(events, text) == [("salt", 0), ("&", 100), ("pepper", 200)]
    assert (speech.marked, speech.calls) == (["salt and pepper"], [])
    assert pcm(events) == sound(100) * 3


def test_a_word_is_told_with_its_sound() -> None:
    """Each word is in the chunk in which it begins, and in no other."""
    text = "a b c d e f g h"
    events = [event for event in run(heard(Marking(), text, word_timings=True)) if isinstance(event, AudioChunk)]
    begins = 0.0
    for event in events:
        ends = begins + len(event.pcm) / 2
        assert all(begins <= mark.ms < ends for mark in event.words)
        begins = ends
    assert len(words(events, text)) == 8


@timeless
async def test_words_do_not_delay_sound() -> None:
    """Sound leaves although the engine has not told its words yet; they come with what leaves next."""
    go_on = asyncio.Event()
    speech = Marking(sound(50), go_on, WordMark(0, 2, 0.0))
    async with aclosing(stage(numbered("Hi"), speech, word_timings=True)) as events:
        await anext(events)
        assert (await anext(events)).words == ()
        go_on.set()
        assert [mark.ms async for event in events for mark in event.words] == [0, 0]


@pytest.mark.parametrize("asked", [False, True])
def test_only_who_asks_gets_words(asked: bool) -> None:
    """A turn that did not ask for words gets none, nor does one whose engine knows none: all of them say the same."""
    marking, plain = Marking(), ScriptedSpeech()
    told = words(run(heard(marking, "a & b", options=WORDING, word_timings=asked)), "a & b")
    assert [bool(told), marking.calls == []] == [asked] * 2
    assert [*marking.marked, *(text for text, _ in marking.calls)] == ["a and b"]
    assert words(run(heard(plain, "a & b", options=WORDING, word_timings=True)), "a & b") == []
    assert [text for text, _ in plain.calls] == ["a and b"]


def test_a_fallback_that_knows_no_words() -> None:
    """Each engine is asked in its own way: a fallback may tell no words."""
    fallback = ScriptedSpeech()
    speech = pair(Marking(Boom()), fallback)
    events = run(heard(speech, "a & b", options=WORDING, word_timings=True))
    assert finals(events) == [(AudioChunk, 1)]
    assert words(events, "a & b") == []
    assert [text for text, _ in fallback.calls] == ["a and b"]


def test_words_are_no_sound() -> None:
    """An engine that gives words and no sound has given no byte: it is asked again."""
    speech = Marking(WordMark(0, 1, 0.0), Boom())
    run(heard(speech, "a", word_timings=True))
    assert len(speech.marked) == 2


def test_asking_for_words_in_vain_costs_no_cache() -> None:
    """A turn that asks for the words of an engine that knows none gets its sound from the cache like any other."""
    plain = ScriptedSpeech()
    speech = (Speaker(cached(CustomSpeech(plain))),)
    first, second = [pcm(run(heard(speech, "a b", word_timings=True))) for _ in range(2)]
    assert first == second == sound(300)
    assert len(plain.calls) == 1
