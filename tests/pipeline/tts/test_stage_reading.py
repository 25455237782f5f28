"""What is said of a sentence depends on its answer: which voice is asked, and what is left at the end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from pipeline.events import AudioChunk, ModelEnd, Sentence
from pipeline.interfaces import Voice
from pipeline.speakable import Reading, ReadingOptions
from pipeline.testing import ScriptedSpeech
from pipeline.tts.ahead import LONGEST_SILENCE
from pipeline.tts.stage import spoken
from tests.pipeline.tts.engines import speech_options, speech_stage
from tests.pipeline.tts.speaking import heard, nothing, numbered, pair, passed, run, timeless

OPTIONS = ReadingOptions(normalize=False, emoji="drop", code="announce", lexicons={})
READ_OUT = speech_options(wording=lambda prompt: Reading(OPTIONS, prompt), retries=0)
CODE = ("Here:", "\n```", "\nx", "\n```", "\nDone.")


class English(ScriptedSpeech):
    """Has no voice for Cyrillic."""

    def reads_in(self, _text: str, _voice: Voice) -> str:
        return "en"

    def fits(self, text: str, _voice: Voice) -> bool:
        return text.isascii()


def asked(speech: Any) -> list[tuple[str, str]]:
    return [(text, voice.language) for text, voice in speech.calls]


def test_a_voice_of_the_language_is_asked() -> None:
    """Where the letters of what is said tell no language, the voice is asked for in that of the sentence before."""
    speech = ScriptedSpeech()
    run(heard(speech, "Вот сумма:", "\n700", "It is the sum:", "\n700", options=READ_OUT))
    assert asked(speech) == [("Вот сумма:", ""), ("700", "ru"), ("It is the sum:", ""), ("700", "en")]


def test_the_language_of_the_request_is_asked_for() -> None:
    """It is never replaced."""
    speech = ScriptedSpeech()
    run(heard(speech, "Вот сумма:", "\n700", options=READ_OUT, voice=Voice("", "en")))
    assert asked(speech) == [("Вот сумма:", "en"), ("700", "en")]


def test_each_engine_by_what_it_can_say() -> None:
    """An engine without a voice for the words is asked as if nothing had told a language; its fallback is not."""
    first, second = English([ValueError()]), ScriptedSpeech()
    words = ReadingOptions(normalize=True, emoji="drop", code="announce", lexicons={})
    options = speech_options(wording=lambda _prompt: Reading(words, "Сколько это?"), retries=0)
    run(heard(pair(first, second), "5", options=options))
    assert asked(first) == [("five", "")]
    assert asked(second) == [("пять", "")]


def test_code_is_text_at_once() -> None:
    """Every line of a block is sent as it comes; what is said for the block belongs to the line that closes it."""
    speech = ScriptedSpeech()
    events = run(heard(speech, *CODE, options=READ_OUT))
    assert [event.text for event in events if isinstance(event, Sentence)] == list(CODE)
    assert [event.final for event in events if isinstance(event, Sentence)] == [False, True, True, False, False]
    assert [text for text, _ in speech.calls] == ["Here:", "code, one line", "Done."]
    assert {event.sentence for event in events if isinstance(event, AudioChunk)} == {1, 4, 5}


def test_an_open_block_is_a_last_sentence_without_text() -> None:
    """The announcement comes before the end, behind all text."""
    speech = ScriptedSpeech()
    events = run(passed([*numbered(*CODE[:3]), ModelEnd()], speech, READ_OUT))
    sentences = [event for event in events if isinstance(event, Sentence)]
    assert sentences[-1] == Sentence(4, "")
    assert [text for text, _ in speech.calls] == ["Here:", "code, one line"]
    assert isinstance(events[-1], ModelEnd)
    assert isinstance(events[-2], AudioChunk)
    assert (events[-2].sentence, events[-2].final) == (4, True)


@timeless
async def test_a_listener_who_waits_is_told() -> None:
    """A block that is written slowly is named after some seconds of silence; its lines are told at its end."""
    speech = ScriptedSpeech()

    async def slowly() -> AsyncIterator[Sentence]:
        for sentence in numbered(*CODE):
            yield sentence
            await asyncio.sleep(LONGEST_SILENCE + 1)

    async with aclosing(spoken(slowly(), speech_stage(speech, READ_OUT), Voice(), nothing)) as source:
        events = [event async for event in source]
    assert [text for text, _ in speech.calls] == ["Here:", "code", "one line", "Done."]
    assert {event.sentence for event in events if isinstance(event, AudioChunk)} == {1, 3, 4, 5}
