"""A voice that fails: asked again, replaced, or a Notice; never repeated, and never silent without a word."""

import asyncio
import itertools
import logging
import re
from collections.abc import Iterator, Sequence
from contextlib import aclosing, suppress
from dataclasses import replace
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from interceptors.testing import Boom
from pipeline.errors import StageError
from pipeline.events import AudioChunk, Notice, Sentence, WordMark
from pipeline.interfaces import Voice
from pipeline.testing import HANG, Pause, ScriptedSpeech, Stubborn, sound
from pipeline.tts.errors import SpeechUnavailable, TextRejected
from tests.fakes import ManualClock, settle, until
from tests.pipeline.tts.engines import speech_options
from tests.pipeline.tts.speaking import (
    CUT,
    RATE,
    SILENT,
    Counting,
    breaks_off,
    finals,
    heard,
    numbered,
    pair,
    pcm,
    run,
    stage,
    timeless,
)

ONCE = speech_options(max_sentence_seconds=1.0, prefetch=0, retries=0)
"""One engine call a sentence, one after the other."""

FAILURES = {
    "raises": [Boom("secret")],
    "raises SystemExit": [SystemExit("secret")],
    "raises CancelledError": [asyncio.CancelledError()],
    "a StageError": [StageError("NOT_FOUND", "OWN", "secret")],
    "garbage": ["text"],
    "numbers": [5],
    "None": [None],
    "hangs": [HANG],
    "endless": [sound(100)] * 1000,
}


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[Any]]:
    with capture_logs() as lines:
        yield lines


def failing(name: str, *before: Any) -> ScriptedSpeech:
    """Fails by *name* at "Bad.", after *before*; says everything else."""
    return ScriptedSpeech(lambda text: itertools.chain(before, FAILURES[name]) if text == "Bad." else [sound(100)])


def texts(speech: ScriptedSpeech) -> list[str]:
    """The texts that an engine was asked to say."""
    return [text for text, _ in speech.calls]


# A sentence that could not be spoken.


@pytest.mark.parametrize("prefetch", [0, 1])
@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("before", [0, 10, 101])
def test_a_failure_is_one_notice(name: str, before: int, prefetch: int) -> None:
    """When the voice fails, the sound so far is kept, one final Notice follows, and the next sentence is spoken."""
    speech = failing(name, *([sound(before)] if before else []))
    events = run(heard(speech, "Bad.", "Good.", options=replace(ONCE, prefetch=prefetch)))
    assert texts(speech) == ["Bad.", "Good."]
    assert events[0] == Sentence(1, "Bad.")
    text = CUT if before or name == "endless" else SILENT
    notice = events.index(Notice("SPEECH_FAILED", text, 1, final=True))
    assert events[notice + 1] == Sentence(2, "Good.")
    assert finals(events) == [(Notice, 1), (AudioChunk, 2)]
    assert pcm(events, 2) == sound(100)
    if name != "endless":
        assert breaks_off(pcm(events), sound(before))
        assert len(pcm(events)) == 2 * before
    assert len(pcm(events)) <= 2 * RATE
    assert speech.script.running == 0


@pytest.mark.parametrize("steps", [[], [b""], [b"", b""], [Pause(0.001), b""]])
def test_a_silent_voice(steps: list[Any]) -> None:
    """A voice that gives no sound at all has failed."""
    assert finals(run(heard(ScriptedSpeech(steps), options=ONCE))) == [(Notice, 1)]


@pytest.mark.parametrize("empty", [b"", WordMark(0, 1, 0.0)])
async def test_a_voice_that_gives_nothing_for_ever(empty: Any) -> None:
    """Pieces without sound are no sign of life, if they come without end, and hold nobody else up."""
    speech = ScriptedSpeech(lambda _text: itertools.repeat(empty))
    task = asyncio.create_task(
        heard(speech, options=replace(ONCE, first_audio_timeout_seconds=0.02, stall_timeout_seconds=0.02))
    )
    await settle(20)
    assert not task.done()
    assert finals(await task) == [(Notice, 1)]


async def test_nothing_for_ever_ends_ahead_of_the_reader() -> None:
    """An engine that gives nothing without end is stopped also while nobody waits for its sentence yet."""
    speech = ScriptedSpeech(lambda text: itertools.repeat(b"") if text == "Two." else [HANG])
    options = speech_options(first_audio_timeout_seconds=0.02)
    async with aclosing(stage(numbered("One.", "Two."), speech, options)) as events:
        await anext(events)
        await until(lambda: speech.script.closed)


WHY = {
    "raises": r"Boom in test_stage_failures.py:\d+ \(its text is logged at level DEBUG only\)",
    "a StageError": "NOT_FOUND OWN: secret",
    "garbage": "pipeline.tts: synthesize must yield bytes, not str",
    "hangs": "the voice stalled",
    "endless": "the voice does not come to an end",
    "an error of ours": "the speech server answered 503",
}


def shown(logged: list[Any]) -> list[Any]:
    """The lines that an operator sees at the default level."""
    return [line for line in logged if line["log_level"] != "debug"]


@pytest.mark.parametrize("on_failure", ["text", "abort"])
@pytest.mark.parametrize("name", WHY)
def test_one_line_says_why(name: str, on_failure: str, logged: list[Any]) -> None:
    """A sentence that could not be spoken is one line, with a reason and without a traceback, however often the voice
    was asked; the traceback is there at DEBUG. Of a foreign exception the text is not shown.
    """

    def steps(_text: str) -> Iterator[Any]:
        yield from [SpeechUnavailable("the speech server answered 503")] if name == "an error of ours" else []
        if name == "raises":
            raise Boom("secret")
        yield from FAILURES[name]

    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG))
    options = speech_options(max_sentence_seconds=1.0, retries=2, on_failure=on_failure)
    with suppress(StageError):
        run(heard(ScriptedSpeech(steps), "Bad.", options=options))
    (line,) = shown(logged)
    assert (line["log_level"], line["decision"], line["sentence"]) == ("warning", on_failure, 1)
    assert "exc_info" not in line
    assert re.fullmatch(WHY[name], line["why"])
    if name == "raises":
        assert any(isinstance(line["exc_info"].__cause__, Boom) for line in logged if line["log_level"] == "debug")


@pytest.mark.parametrize("rate", [None, "fast", 0, -1])
def test_a_voice_without_a_rate(rate: Any) -> None:
    """A voice without a valid sample rate has failed like any other; its sound would be noise."""
    assert finals(run(heard(ScriptedSpeech([sound(50)], sample_rate=rate)))) == [(Notice, 1)]


@pytest.mark.parametrize("gives", [Boom(), [b"\1\0"], None])
def test_a_voice_that_cannot_be_asked(gives: Any) -> None:
    """An engine that raises already when it is called, or gives nothing to iterate over, has failed like any other."""

    class Speech:
        sample_rate = RATE

        def synthesize(self, _text: str, _voice: Voice) -> Any:
            if isinstance(gives, Exception):
                raise gives
            return gives

    assert finals(run(heard(Speech(), "One.", "Two."))) == [(Notice, 1), (Notice, 2)]


def test_a_sentence_that_breaks_off_fades_out() -> None:
    """When the voice fails after some sound, all of it leaves, the last 5 ms going down to nothing, and at once."""
    data = (1000).to_bytes(2, "little") * 137
    events = run(heard(ScriptedSpeech([data, Boom()])))
    got = pcm(events)
    assert len(got) == len(data)
    assert got[:-10] == data[:-10]
    last = [int.from_bytes(got[at : at + 2], "little") for at in range(len(got) - 10, len(got), 2)]
    assert last == [800, 600, 400, 200, 0]


@pytest.mark.parametrize("prefetch", [0, 1])
@pytest.mark.parametrize("name", FAILURES)
@timeless
async def test_abort(name: str, prefetch: int) -> None:
    """With ``on_failure = "abort"`` the turn ends with SPEECH_FAILED instead, or with what the stage itself said."""
    speech = failing(name, sound(50))
    options = replace(ONCE, on_failure="abort", prefetch=prefetch)
    with pytest.raises(StageError) as failed:
        await heard(speech, "Bad.", "Good.", "Good.", options=options)
    own = name == "a StageError"
    expected = ("NOT_FOUND", "OWN") if own else ("UNAVAILABLE", "SPEECH_FAILED")
    assert (failed.value.status, failed.value.reason) == expected
    assert own or "secret" not in failed.value.text
    assert len(speech.calls) == 1 + prefetch
    assert speech.script.running == 0


@pytest.mark.parametrize("name", ["raises", "a StageError", "hangs"])
@pytest.mark.parametrize("retries", [0, 1])
def test_the_chain_of_causes_ends(name: str, retries: int) -> None:
    """An aborted turn's error has a chain of causes that ends: what prints it would run for ever in a circle."""
    with pytest.raises(StageError) as failed:
        run(heard(failing(name), "Bad.", options=speech_options(on_failure="abort", retries=retries)))
    at: BaseException | None = failed.value
    seen: list[BaseException] = []
    while at is not None:
        assert at not in seen
        seen.append(at)
        at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)


# Time.


@pytest.mark.parametrize(
    ("steps", "first_audio", "stall", "well"),
    [
        ([Pause(2), sound(50), sound(50)], 9, 1, True),
        ([Pause(2), sound(50), sound(50)], 1, 9, False),
        ([sound(50), Pause(2), sound(50)], 1, 9, True),
        ([sound(50), Pause(2), sound(50)], 9, 1, False),
        ([sound(5), Pause(2), sound(50)], 1, 9, True),
        ([sound(5), Pause(2), sound(50)], 9, 1, False),
        ([Pause(2), b"", sound(50)], 1, 9, False),
        ([Pause(0.9), sound(1)] * 30, 1, 1, True),
    ],
)
def test_first_sound_and_stall_have_their_own_time(steps: Any, first_audio: int, stall: int, well: bool) -> None:
    """The first sound may take longer than any later one, or the other way round, as the options say; each piece
    begins the time anew, however small it is.
    """
    options = replace(ONCE, first_audio_timeout_seconds=first_audio, stall_timeout_seconds=stall)
    assert finals(run(heard(ScriptedSpeech(steps), options=options))) == [(AudioChunk if well else Notice, 1)]


@pytest.mark.parametrize("pauses", [[10], [5, 5], [9.999999999]])
def test_a_sound_at_the_last_moment(pauses: list[float]) -> None:
    """A first sound that comes at the very moment of the timeout is said whole or not at all."""
    speech = ScriptedSpeech([*map(Pause, pauses), sound(100)])
    events = run(heard(speech, "One.", "Two.", options=replace(ONCE, first_audio_timeout_seconds=10)))
    assert [index for _, index in finals(events)] == [1, 2]
    assert len(pcm(events)) in (0, 200)


@timeless
async def test_a_stall_ahead_is_not_forgiven() -> None:
    """The time of a sentence that is spoken ahead runs from when its engine was asked, not from when its turn comes."""
    speech = ScriptedSpeech(lambda text: [HANG] if text == "Two." else [sound(100), Pause(4), sound(100)])
    events = await heard(speech, "One.", "Two.", options=replace(ONCE, prefetch=1, first_audio_timeout_seconds=5))
    assert finals(events) == [(AudioChunk, 1), (Notice, 2)]
    assert asyncio.get_running_loop().time() == pytest.approx(5)


def test_the_longest_sentence() -> None:
    """A sentence may be as long as ``max_sentence_seconds``; the piece beyond is cut off with a Notice."""
    options = replace(ONCE, max_sentence_seconds=0.1)
    assert finals(run(heard(ScriptedSpeech([sound(50), sound(50)]), options=options))) == [(AudioChunk, 1)]
    events = run(heard(ScriptedSpeech([sound(50), sound(51)]), options=options))
    assert finals(events) == [(Notice, 1)]
    assert len(pcm(events)) == 100


# Asked again.


def in_turn(*scripts: list[Any]) -> ScriptedSpeech:
    """Plays one of *scripts* after the other, the last one again and again."""
    left = itertools.chain(scripts, itertools.repeat(scripts[-1]))
    return ScriptedSpeech(lambda _text: next(left))


@pytest.mark.parametrize("name", [name for name in FAILURES if name != "endless"])
@pytest.mark.parametrize("prefetch", [0, 1])
def test_no_byte_is_asked_for_again(name: str, prefetch: int) -> None:
    """An engine that failed before its first byte is asked again, and nothing tells of it but the log."""
    speech = in_turn(FAILURES[name], [sound(100)])
    events = run(heard(speech, "One.", options=speech_options(prefetch=prefetch)))
    assert events[0] == Sentence(1, "One.")
    assert (finals(events), pcm(events)) == ([(AudioChunk, 1)], sound(100))
    assert texts(speech) == ["One.", "One."]
    assert speech.script.running == 0


@pytest.mark.parametrize("retries", [0, 1, 3])
def test_so_many_retries(retries: int, logged: list[Any]) -> None:
    """An engine is asked again as often as the options say, one call after the other; then a Notice."""
    speech = in_turn([Pause(0.1), Boom()])
    assert finals(run(heard(speech, options=speech_options(retries=retries)))) == [(Notice, 1)]
    assert len(speech.calls) == 1 + retries
    assert [line["decision"] for line in shown(logged)] == ["text"]


@pytest.mark.parametrize("given", [1, 2, 39, 41, 1000])
def test_a_byte_is_never_repeated(given: int) -> None:
    """After the first byte nothing is asked again, even if it has not left yet; nor does a fallback repeat it."""
    speech, fallback = in_turn([sound(500)[:given], Boom()]), ScriptedSpeech()
    events = run(heard(pair(speech, fallback), "One.", "Two."))
    assert finals(events) == [(Notice, 1), (Notice, 2)]
    assert texts(speech) == ["One.", "Two."]
    assert not fallback.calls
    assert len(pcm(events)) == given - given % 2


def test_each_try_has_its_own_time() -> None:
    """The time for the first sound begins anew with each try."""
    speech = in_turn([Pause(9), Boom()], [Pause(9), sound(100)])
    assert finals(run(heard(speech, options=speech_options(first_audio_timeout_seconds=10)))) == [(AudioChunk, 1)]


def test_the_failed_try_is_closed_before_the_next() -> None:
    """Two tries of one sentence never run at once."""
    speech = Counting([HANG], closing=0.5)
    run(heard(speech, options=speech_options(retries=2)))
    assert speech.most == 1


def test_an_engine_that_cannot_be_stopped() -> None:
    """An engine that swallows its cancellation holds a sentence up, but not for ever."""
    speech = in_turn([Stubborn(2)], [sound(100)])
    assert finals(run(heard(speech))) == [(AudioChunk, 1)]


# Another engine.


@pytest.mark.parametrize("name", [name for name in FAILURES if name != "endless"])
@pytest.mark.parametrize("retries", [0, 2])
def test_the_fallback_speaks(name: str, retries: int, logged: list[Any]) -> None:
    """When the retries failed too, the other engine says the sentence, at the rate of the first one; the log has a
    line, which says why, the listener no Notice.
    """
    speech, fallback = failing(name), ScriptedSpeech([sound(300)], sample_rate=2000)
    events = run(heard(pair(speech, fallback), "Bad.", "Good.", options=speech_options(retries=retries)))
    assert finals(events) == [(AudioChunk, 1), (AudioChunk, 2)]
    assert len(pcm(events, 1)) == pytest.approx(300, abs=4)
    assert pcm(events, 2) == sound(100)
    assert {event.sample_rate for event in events if isinstance(event, AudioChunk)} == {RATE}
    assert texts(speech) == ["Bad."] * (1 + retries) + ["Good."] or retries  # "Good." may overtake the last retry
    assert texts(fallback) == ["Bad."]
    (line,) = shown(logged)
    assert (line["log_level"], line["decision"]) == ("info", "fallback")
    assert line["why"]


class Of(ScriptedSpeech):
    """A voice that has the sounds of one language, and one name."""

    def __init__(self, cyrillic: bool, rate: int = RATE) -> None:
        super().__init__(sample_rate=rate)
        self._cyrillic = cyrillic

    def fits(self, text: str, _voice: Voice) -> bool:
        return (text > "А") == self._cyrillic

    def knows(self, name: str) -> bool:
        return name in ("", "ann")


@pytest.mark.parametrize("text", ["Привет.", "Hello."])
def test_the_fallback_has_the_language(text: str, logged: list[Any]) -> None:
    """A text that the first voice has no sounds for goes to the fallback if that has; and to the first one if not."""
    russian, english = Of(True), Of(False)
    events = run(heard(pair(russian, english), text))
    assert not [event for event in events if isinstance(event, Notice)]
    assert (texts(russian), texts(english)) == (([text], []) if text == "Привет." else ([], [text]))
    also = Of(True)
    events = run(heard(pair(Of(True), also), "Hello.", "Again."))
    assert [(event.reason, event.sentence, event.final) for event in events if isinstance(event, Notice)] == [
        ("VOICE_LANGUAGE", 1, False)
    ]
    assert not also.calls
    assert pcm(events, 2) == sound(600)


def test_a_voice_that_is_not_there(logged: list[Any]) -> None:
    """A listener is told once, behind the first text and before its sound, that another voice speaks."""
    events = run(heard(Of(False), "One.", "Two.", voice=Voice("typo")))
    assert [type(event) for event in events[:3]] == [Sentence, Notice, AudioChunk]
    assert [event.reason for event in events if isinstance(event, Notice)] == ["VOICE_UNKNOWN"]
    assert [(line["log_level"], line["reason"]) for line in shown(logged)] == [("warning", "VOICE_UNKNOWN")]
    assert not [event for event in run(heard(Of(False), voice=Voice("ann"))) if isinstance(event, Notice)]


def test_both_fail(logged: list[Any]) -> None:
    """When the fallback fails too, again and again, the sentence is a Notice."""
    speech, fallback = in_turn([Boom()]), in_turn([Boom()])
    assert finals(run(heard(pair(speech, fallback), options=speech_options(retries=1)))) == [(Notice, 1)]
    assert (len(speech.calls), len(fallback.calls)) == (2, 2)
    assert [line["decision"] for line in shown(logged)] == ["text"]


def test_the_fallback_is_not_repeated_either() -> None:
    """When the fallback breaks off in the middle of a sentence, that is the end of it."""
    fallback = in_turn([sound(100), Boom()])
    events = run(heard(pair(in_turn([Boom()]), fallback), options=speech_options(retries=1)))
    assert finals(events) == [(Notice, 1)]
    assert len(fallback.calls) == 1
    assert breaks_off(pcm(events), sound(100))


# The breaker.


class Trial:
    """An engine with a fallback, and one breaker over many turns."""

    def __init__(self, *steps: Any, failures: int = 3) -> None:
        self.clock = ManualClock()
        self.steps: Sequence[Any] = steps
        self.speech = ScriptedSpeech(lambda _text: self.steps)
        self.fallback = ScriptedSpeech([sound(100)])
        self.both = pair(self.speech, self.fallback, failures_in_a_row=failures, rest_seconds=30, clock=self.clock)

    async def say(self, *texts: str, **options: Any) -> tuple[int, int]:
        """Say a turn of *texts*; how often each engine was asked for that."""
        before = (len(self.speech.calls), len(self.fallback.calls))
        events = await heard(self.both, *texts or ["One."], options=replace(ONCE, **options))
        assert len(finals(events)) == len(texts or ["One."])
        return (len(self.speech.calls) - before[0], len(self.fallback.calls) - before[1])


@timeless
async def test_the_first_engine_rests() -> None:
    """After so many failures in a row, over all turns, the fallback serves alone for a while."""
    trial = Trial(Boom())
    for _ in range(3):
        assert await trial.say() == (1, 1)
    assert await trial.say("One.", "Two.") == (0, 2)
    trial.clock.advance(29)
    assert await trial.say() == (0, 1)


@timeless
async def test_a_success_begins_the_count_anew() -> None:
    """Only failures in a row count."""
    trial = Trial()
    for step in [Boom(), Boom(), sound(100)] * 4:
        trial.steps = [step]
        assert await trial.say() == (1, isinstance(step, Boom))


@pytest.mark.parametrize(
    ("steps", "sentences", "retries", "asked"),
    [
        ([sound(50), Boom()], 5, 0, (3, 2)),
        ([sound(50), HANG], 5, 0, (3, 2)),
        ([Boom()], 2, 5, (3, 2)),
        ([TextRejected("the speech server answered 400")], 6, 3, (6, 6)),
        ([StageError("NOT_FOUND", "NO_SUCH_VOICE", "there is no such voice")], 10, 0, (10, 10)),
    ],
    ids=["in the middle", "hangs in the middle", "retries", "a refused text", "a client's wish"],
)
def test_what_counts_as_a_failure(steps: list[Any], sentences: int, retries: int, asked: tuple[int, int]) -> None:
    """Calls are counted, not sentences, and one that failed after some sound as well; an engine that rests is not asked
    again. A refused text is not asked for again; the fallback says it. Neither that nor a client's wish, such as a
    voice that does not exist, makes the engine rest, however often it comes.
    """
    assert run(Trial(*steps).say(*["One."] * sentences, retries=retries)) == asked


def test_a_text_that_is_refused_and_no_fallback() -> None:
    """Without a fallback a refused text is a Notice, after one call."""
    speech = ScriptedSpeech([TextRejected("the speech server answered 400")])
    assert finals(run(heard(speech, options=speech_options(retries=3)))) == [(Notice, 1)]
    assert len(speech.calls) == 1


@timeless
async def test_one_sentence_probes() -> None:
    """After the rest one sentence asks the first engine again; while it does, the others keep to the fallback."""
    go_on = asyncio.Event()
    trial = Trial(Boom())
    await trial.say(*["One."] * 3)
    trial.clock.advance(30)
    trial.steps = [sound(50), go_on, sound(50)]
    probe = asyncio.create_task(trial.say())
    await settle(10)
    assert len(trial.speech.calls) == 4
    assert await trial.say("One.", "Two.") == (0, 2)
    go_on.set()
    assert (await probe)[0] == 1
    assert await trial.say("One.", "Two.") == (2, 0)


@timeless
async def test_a_probe_that_fails() -> None:
    """When the probe fails, the engine rests as long again, and the sentence is the fallback's."""
    trial = Trial(Boom())
    await trial.say(*["One."] * 3)
    trial.clock.advance(30)
    assert await trial.say("One.", "Two.", retries=3) == (1, 2)
    trial.clock.advance(29)
    assert await trial.say() == (0, 1)
    trial.clock.advance(1)
    assert await trial.say() == (1, 1)


@timeless
async def test_a_probe_that_is_cut_off() -> None:
    """A probe whose turn ends early says nothing; the next sentence is the probe."""
    trial = Trial(Boom())
    await trial.say(*["One."] * 3)
    trial.clock.advance(30)
    trial.steps = [HANG]
    probe = asyncio.create_task(trial.say())
    await settle(10)
    probe.cancel()
    await asyncio.wait({probe})
    trial.steps = [sound(100)]
    assert await trial.say() == (1, 0)


def test_without_a_fallback_nobody_rests() -> None:
    """An engine that is the only one is asked for every sentence, however often it failed."""
    speech = in_turn([Boom()])
    assert len(finals(run(heard(speech, *["One."] * 20, options=ONCE)))) == 20
    assert len(speech.calls) == 20


def test_two_sentences_ahead_share_the_breaker() -> None:
    """Sentences that are spoken ahead count and rest like all others, and none is lost."""
    trial = Trial(Boom(), failures=2)
    first, second = run(trial.say(*["One."] * 10, prefetch=2))
    assert second == 10
    assert 2 <= first <= 4


@timeless
async def test_what_was_ahead_when_the_reader_left() -> None:
    """A turn that is left while its engines speak is neither a failure nor a success of theirs."""
    trial = Trial(sound(100), HANG, failures=1)
    async with aclosing(stage(numbered(*["One."] * 4), trial.both, speech_options(prefetch=2))) as events:
        await anext(events)
        await anext(events)
    assert trial.both[0].breaker.admits(object())
