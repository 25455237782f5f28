"""The phrase for a slow model: in silences between sentences, never in a quick answer, never late for a word."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from typing import Any

import pytest

from pipeline.commands.custom import CustomCommands
from pipeline.events import AudioChunk, Notice, Sentence
from pipeline.interfaces import Turn
from pipeline.run import Stages, run
from pipeline.segmenter.custom import CustomSegmenter
from pipeline.testing import DotSegmenter, Pause, RawCommands, ScriptedModel, ScriptedSpeech, sound
from pipeline.working import PHRASE_SECONDS, Pulse, Silence, Working
from tests.pipeline.tts.engines import speech_stage
from tests.pipeline.tts.speaking import timeless

TURN = Turn(session_id="s", prompt="Hello?")
PHRASE_MS = 500
"""How long the phrase is said."""


class Timed:
    """What a turn gives, and when, in ms."""

    def __init__(self, events: list[tuple[int, Any]]) -> None:
        self.events = events

    @property
    def phrases(self) -> list[int]:
        return [ms for ms, event in self.events if isinstance(event, Notice) and event.reason == "WORKING"]

    @property
    def sentences(self) -> list[int]:
        return [ms for ms, event in self.events if isinstance(event, Sentence)]

    @property
    def order(self) -> list[str]:
        """What came when, without the chunks in the middle of a sentence."""
        names = [
            "phrase" if getattr(event, "reason", "") == "WORKING" else type(event).__name__ for _, event in self.events
        ]
        return [name for name, before in zip(names, ["", *names], strict=False) if name != before]


async def phrase(_turn: Turn, rate: int) -> tuple[str, Sequence[AudioChunk]]:
    """Half a second of sound, in two chunks."""
    hz = rate or 1000
    return "One moment.", [AudioChunk(0, sound(hz // 4), hz)] * 2


def stages(steps: Any, working: Working | None, speech: Any = None) -> Stages:
    voice = speech_stage(speech if speech is not None else ScriptedSpeech())
    return Stages(
        ScriptedModel(steps),
        lambda: CustomSegmenter(DotSegmenter()),
        CustomCommands(RawCommands()),
        voice,
        hold=0.0,
        on_invalid="warn",
        working=working,
    )


async def told(steps: Any, after: float = 2.0, every: float = 0.0, speech: Any = None, phrase: Any = phrase) -> Timed:
    """The events of a turn whose model plays *steps*."""
    clock = asyncio.get_running_loop().time
    async with aclosing(run(TURN, stages(steps, Working(after, every, phrase), speech))) as source:
        return Timed([(round(clock() * 1000), event) async for event in source])


@timeless
async def test_before_the_first_word() -> None:
    """Once after so long, with its sound, at sentence 0 and never final; the first word comes behind it."""
    turn = await told([Pause(5), "Hello. "])
    assert turn.phrases == [2000]
    assert turn.sentences == [5000]
    assert turn.order == ["phrase", "AudioChunk", "Sentence", "AudioChunk", "ModelEnd"]
    own = [event for _, event in turn.events if isinstance(event, AudioChunk) and not event.sentence]
    assert (len(own), {event.final for event in own}) == (2, {False})
    assert next(event for _, event in turn.events if isinstance(event, Notice)) == Notice("WORKING", "One moment.", 0)


@timeless
async def test_again_after_its_end() -> None:
    """So many seconds after the end of its sound, as often as need be, and anew in each stall."""
    turn = await told([Pause(9), "Hello. ", Pause(4.1), "There. "], every=3.0)
    assert turn.phrases == [2000, 2000 + PHRASE_MS + 3000, 9000 + 2000]
    assert len((await told([Pause(60), "Hello. "])).phrases) == 1, "every = 0 is once"


@timeless
async def test_never_in_a_quick_answer() -> None:
    """A model that writes on, however slowly it fills a sentence, gets none; nor does one that has finished."""
    assert (await told([step for n in range(20) for step in (f"word{n} ", Pause(1.9))])).phrases == []
    slow = ScriptedSpeech([Pause(5), sound(100)])
    assert (await told(["Hello. "], speech=slow)).phrases == []


@timeless
async def test_not_once_the_model_is_over() -> None:
    """Whatever the other stages still do, there is nothing to wait for."""
    pulse = Pulse()
    silence = Silence(Working(1.0, 1.0, phrase), pulse)
    assert silence.wait() == 1.0
    assert [item async for item in pulse.of(ScriptedModel(["Hello."]).stream(TURN))] == ["Hello."]
    assert silence.wait() is None


@timeless
async def test_not_while_the_listener_hears_something() -> None:
    """A stall behind long sound is none for the listener: the phrase comes at the end of that sound, if at all."""
    long = ScriptedSpeech([sound(5000)])
    turn = await told(["Hello. ", Pause(20), "There. "], speech=long)
    assert turn.phrases == [pytest.approx(5000, abs=50)]
    assert (await told(["Hello. ", Pause(4.5), "There. "], speech=long)).phrases == []


@timeless
async def test_not_within_a_sentence() -> None:
    """Between a sentence's text and the end of its sound nothing else is said."""
    slow = ScriptedSpeech([sound(100), Pause(4), sound(100)])
    turn = await told(["Hello. ", Pause(20), "There. "], speech=slow)
    [at] = turn.phrases
    assert at >= 4000
    assert turn.order == ["Sentence", "AudioChunk", "phrase", "AudioChunk", "Sentence", "AudioChunk", "ModelEnd"]


@timeless
async def test_a_phrase_that_is_not_ready() -> None:
    """A word of the model that comes meanwhile does not wait for it; it is tried again."""

    async def slow(turn: Turn, rate: int) -> tuple[str, Sequence[AudioChunk]]:
        nonlocal tries
        tries += 1
        await asyncio.sleep(3600 if tries < 4 else 0)
        return await phrase(turn, rate)

    tries = 0
    turn = await told([Pause(2.1), "Hello. "], phrase=slow)
    assert turn.phrases == []
    assert turn.sentences[0] <= 2000 + 1000 * PHRASE_SECONDS
    tries = 0
    turn = await told([Pause(20), "Hello. "], phrase=slow)
    assert (len(turn.phrases), tries) == (1, 4)


@timeless
async def test_one_rate() -> None:
    """The phrase has the rate of the sound before it; an answer behind it takes its rate."""
    rates = []

    async def noted(turn: Turn, rate: int) -> tuple[str, Sequence[AudioChunk]]:
        rates.append(rate)
        return await phrase(turn, rate or 500)

    turn = await told([Pause(3), "Hello. ", Pause(9), "There. "], phrase=noted)
    assert rates == [0, 500]
    assert {event.sample_rate for _, event in turn.events if isinstance(event, AudioChunk)} == {500}


@timeless
async def test_a_failure_comes_through() -> None:
    """The model's failure ends the turn as ever, in its place."""
    with pytest.raises(ZeroDivisionError):
        await told([Pause(3), ZeroDivisionError()])


@timeless
async def test_leaving_closes_the_model() -> None:
    """Whoever leaves in a stall leaves nothing behind: no task, no open model."""
    made = stages([Pause(50), "Hello. "], Working(1.0, 0.0, phrase))
    async with aclosing(run(TURN, made)) as source:
        await anext(source)
    script = made.model.script  # type: ignore[attr-defined]
    assert (script.opened, script.running) == (1, 0)
