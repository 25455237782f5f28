"""The speech stage: the sound of each sentence behind its text, whatever the voice does."""

import asyncio
import itertools
import time
from collections.abc import Iterable, Iterator
from contextlib import aclosing, suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from pipeline.errors import StageError
from pipeline.events import AudioChunk, Command, EndReason, ModelEnd, Notice, Sentence
from pipeline.stage import Voice
from pipeline.tts.speech import Chunks, SpeechOptions, audible, spoken
from tests.fakes import HANG, Boom, Pause, ScriptedSpeech, settle, sound

RATE = 1000
FIRST = 40
"""Bytes of the 20 ms that a sentence's first chunk has at least, at RATE."""

MOST = 400
"""Bytes of the 200 ms that chunks grow to."""

CUT = "this sentence was not spoken to its end"


@pytest.fixture(autouse=True)
def logged() -> Iterator[list[Any]]:
    with capture_logs() as lines:
        yield lines


async def listed(items: Iterable[Any]) -> Any:
    for item in items:
        yield item


async def heard(speech: Any, *texts: str, limits: SpeechOptions | None = None, **options: Any) -> list[Any]:
    """What comes out for sentences of *texts*."""
    source = listed(Sentence(index, text) for index, text in enumerate(texts or ["One."], start=1))
    events = []
    stage = spoken(source, speech, Voice(), limits or SpeechOptions(), options.get("progress", lambda: None))
    async with asyncio.timeout(2), aclosing(stage) as out:
        async for event in out:
            events.append(event)  # noqa: PERF401  (it also is what came before an error)
    return events


def pcm(events: Iterable[Any], sentence: int = 1) -> bytes:
    return b"".join(event.pcm for event in events if isinstance(event, AudioChunk) and event.sentence == sentence)


def finals(events: Iterable[Any]) -> list[tuple[type, int]]:
    """Which events are final, and of which sentence."""
    return [
        (type(event), event.index if isinstance(event, Sentence) else event.sentence)
        for event in events
        if getattr(event, "final", False)
    ]


# Order.


async def test_each_sentence_and_then_its_sound() -> None:
    """The text of a sentence comes first, then all its sound, then the next sentence; its last event is final."""
    events = await heard(ScriptedSpeech(), "One.", " Two.", "Three.")
    kinds = [(type(event), getattr(event, "index", getattr(event, "sentence", 0))) for event in events]
    assert [kind for kind, _ in itertools.groupby(kinds)] == [
        (kind, index) for index in (1, 2, 3) for kind in (Sentence, AudioChunk)
    ]
    assert finals(events) == [(AudioChunk, 1), (AudioChunk, 2), (AudioChunk, 3)]
    assert [len(pcm(events, index)) for index in (1, 2, 3)] == [800, 800, 1200]
    assert {event.sample_rate for event in events if isinstance(event, AudioChunk)} == {RATE}


async def test_the_voice_hears_the_text_without_the_space_around_it() -> None:
    """The text leaves as written; the voice gets it without white space around it."""
    speech = ScriptedSpeech()
    events = await heard(speech, "\n One. ")
    assert events[0] == Sentence(1, "\n One. ")
    assert [text for text, _ in speech.calls] == ["One."]


async def test_the_wanted_voice_is_asked() -> None:
    """Every call of the engine gets the turn's voice."""
    speech, voice = ScriptedSpeech(), Voice("anna", "ru")
    async with aclosing(spoken(listed([Sentence(1, "a")]), speech, voice, SpeechOptions(), lambda: None)) as events:
        async for _ in events:
            pass
    assert speech.calls == [("a", voice)]


async def test_everything_else_passes_in_place() -> None:
    """What is no sentence passes untouched, behind the sound of the sentence before it."""
    others = [Command("open", {}), Notice("COMMAND_REFUSED", "x", 1), ModelEnd(EndReason.LENGTH)]
    source = [others[0], Sentence(1, "One."), *others, Sentence(2, "Two."), others[2]]
    stage = spoken(listed(source), ScriptedSpeech(), Voice(), SpeechOptions(), lambda: None)
    events = [event async for event in stage]
    without_sound = [event for event in events if not isinstance(event, AudioChunk)]
    assert without_sound == source
    assert [type(event) for event in events[-3:]] == [AudioChunk, AudioChunk, ModelEnd] or events[-2].final
    command = events.index(others[1]) - 1
    assert events[command - 1].final


async def test_without_a_voice() -> None:
    """Without a voice the text alone is the whole sentence, and final."""
    assert await heard(None, "One.", "Two.") == [Sentence(1, "One.", final=True), Sentence(2, "Two.", final=True)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a", True),
        ("7", True),
        ("Привет", True),
        ("你好", True),
        ("مرحبا", True),
        ("½", True),
        ("(a)", True),
        ("", False),
        (" \n\t", False),
        ("…", False),
        ("?!", False),
        ("—", False),
        ("🦊", False),
        ("👩‍💻 !", False),
        ("***", False),
        ("\u200b", False),
    ],
)
async def test_what_has_no_sound_is_not_spoken(text: str, said: bool) -> None:
    """A sentence without a letter or a digit is shown and not spoken: no engine is asked, and it is final."""
    assert audible(text) == said
    speech = ScriptedSpeech([sound(100)])
    events = await heard(speech, text)
    assert len(speech.calls) == said
    assert finals(events) == [(AudioChunk if said else Sentence, 1)]


# Chunks.


def cut(pieces: Iterable[bytes], rate: int = RATE) -> list[bytes]:
    """The chunks of a sentence that comes in *pieces*."""
    chunks = Chunks(rate)
    return [*(chunk for piece in pieces for chunk in chunks.add(piece)), chunks.rest()]


@settings(max_examples=100)
@given(pieces=st.lists(st.binary(max_size=700), max_size=30), rate=st.sampled_from([1, 50, 1000, 8000]))
def test_chunks_are_the_pieces(pieces: list[bytes], rate: int) -> None:
    """All chunks together are the pieces together, less half a sample at most; each is of whole samples and, but for
    the last, not empty; each is at most as long as all before it together, up to 200 ms.
    """
    chunks = cut(pieces, rate)
    whole = b"".join(pieces)
    assert b"".join(chunks) == whole[: len(whole) - len(whole) % 2]
    assert all(len(chunk) % 2 == 0 for chunk in chunks)
    assert all(chunks[:-1])
    most = max(2, int(0.2 * rate) * 2)
    assert all(len(chunk) <= most for chunk in chunks)
    given = 0
    for number, chunk in enumerate(chunks):
        assert not number or len(chunk) <= given
        given += len(chunk)


@settings(max_examples=50)
@given(cuts=st.lists(st.integers(1, 300), max_size=20))
def test_chunks_do_not_wait(cuts: list[int]) -> None:
    """Nothing is kept back longer than it must: what is held is less than the next chunk would need."""
    chunks = Chunks(RATE)
    got = given = 0
    for size in cuts:
        got += size
        given += sum(len(chunk) for chunk in chunks.add(bytes(size)))
        assert got - given < (min(given, MOST) or FIRST)


def test_the_first_chunk_leaves_at_once() -> None:
    """As soon as 20 ms are there, the first chunk leaves, with all there is, up to 200 ms."""
    assert [len(chunk) for chunk in cut([bytes(39)])] == [38]
    assert [len(chunk) for chunk in cut([bytes(39), bytes(1)])] == [40, 0]
    assert [len(chunk) for chunk in cut([bytes(401)])] == [400, 0]
    assert [len(chunk) for chunk in cut([bytes(101)])] == [100, 0]


def test_chunks_grow_to_200_ms() -> None:
    """From an engine that gives small pieces, chunks double until they have 200 ms."""
    assert [len(chunk) for chunk in cut([bytes(2)] * 1000)] == [40, 40, 80, 160, 320, 400, 400, 400, 160]


def test_odd_pieces_give_whole_samples() -> None:
    """Half a sample at the end of a piece waits for its other half; at the end of the sentence it is dropped."""
    data = sound(300) + b"\x7f"
    chunks = cut([data[start : start + 7] for start in range(0, len(data), 7)])
    assert b"".join(chunks) == sound(300)
    assert all(len(chunk) % 2 == 0 for chunk in chunks)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
async def test_any_kind_of_bytes(kind: Any) -> None:
    """A voice may give bytes, bytearrays or memoryviews, also one that it reuses."""
    assert pcm(await heard(ScriptedSpeech([kind(sound(50)), kind(sound(50))]))) == sound(50) * 2


async def test_the_whole_sound_arrives() -> None:
    """What the engine gives is what leaves, byte by byte, and the end of the sentence is marked once."""
    data = sound(3000)
    steps = [data[start : start + 333] for start in range(0, len(data), 333)]
    events = await heard(ScriptedSpeech(steps))
    assert pcm(events) == data
    assert finals(events) == [(AudioChunk, 1)]
    assert events[-1].final


async def test_sound_leaves_while_the_engine_goes_on() -> None:
    """The first sound leaves before the engine has the rest."""
    go_on = asyncio.Event()
    speech = ScriptedSpeech([sound(50), go_on, sound(50)])
    stage = spoken(listed([Sentence(1, "One.")]), speech, Voice(), SpeechOptions(), lambda: None)
    async with asyncio.timeout(1), aclosing(stage) as events:
        assert await anext(events) == Sentence(1, "One.")
        assert (await anext(events)).pcm == sound(50)
        go_on.set()
        assert sum([len(event.pcm) async for event in events]) == 100


async def test_progress_for_every_piece_of_sound() -> None:
    """Each piece with sound in it is a sign of life; an empty one is none."""
    calls: list[int] = []
    await heard(ScriptedSpeech([b"\1\0", b"", b"\1\0", b""]), progress=lambda: calls.append(1))
    assert len(calls) == 2


# Failures.

QUICK = SpeechOptions(first_audio=0.01, stall=0.01, max_sentence=1.0)

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
    "endless nothing": itertools.repeat(b""),
}


def failing(name: str, *before: Any) -> ScriptedSpeech:
    """Fails by *name* at "Bad.", after *before*; says everything else."""
    return ScriptedSpeech(lambda text: itertools.chain(before, FAILURES[name]) if text == "Bad." else [sound(100)])


@pytest.mark.parametrize("name", FAILURES)
@pytest.mark.parametrize("before", [0, 10, 101])
async def test_a_failure_is_one_notice(name: str, before: int) -> None:
    """When the voice fails, before or after some sound, what was said stays said, one final Notice follows, no engine
    is asked again, and the next sentence is spoken.
    """
    speech = failing(name, *([sound(before)] if before else []))
    events = await heard(speech, "Bad.", "Good.", limits=QUICK)
    assert [text for text, _ in speech.calls] == ["Bad.", "Good."]
    assert events[0] == Sentence(1, "Bad.")
    notice = events.index(Notice("SPEECH_FAILED", CUT, 1, final=True))
    assert events[notice + 1] == Sentence(2, "Good.")
    assert finals(events) == [(Notice, 1), (AudioChunk, 2)]
    assert pcm(events, 2) == sound(100)
    if name != "endless":
        assert sound(before).startswith(pcm(events))
    assert len(pcm(events)) <= 2 * RATE
    assert speech.script.running == 0


@pytest.mark.parametrize("steps", [[], [b""], [b"", b""], [Pause(0.001), b""]])
async def test_a_silent_voice(steps: list[Any]) -> None:
    """A voice that gives no sound at all has failed."""
    assert finals(await heard(ScriptedSpeech(steps))) == [(Notice, 1)]


async def test_the_log_has_the_engines_own_error(logged: list[Any]) -> None:
    """A sentence that could not be spoken leaves one line with the engine's error behind it, and without its text."""
    await heard(failing("raises"), "Bad.", limits=QUICK)
    (line,) = logged
    assert (line["log_level"], line["sentence"]) == ("warning", 1)
    assert isinstance(line["exc_info"].__cause__, Boom)


@pytest.mark.parametrize("name", FAILURES)
async def test_abort(name: str) -> None:
    """With ``on_failure = "abort"`` the turn ends with SPEECH_FAILED instead, or with what the stage itself said."""
    limits = SpeechOptions(first_audio=0.01, stall=0.01, max_sentence=1.0, on_failure="abort")
    speech = failing(name, sound(50))
    with pytest.raises(StageError) as failed:
        await heard(speech, "Bad.", "Good.", limits=limits)
    own = name == "a StageError"
    expected = ("NOT_FOUND", "OWN") if own else ("UNAVAILABLE", "SPEECH_FAILED")
    assert (failed.value.status, failed.value.reason) == expected
    assert own or "secret" not in failed.value.text
    assert [text for text, _ in speech.calls] == ["Bad."]
    assert speech.script.running == 0


@pytest.mark.parametrize("name", ["raises", "a StageError", "hangs"])
async def test_the_chain_of_causes_ends(name: str) -> None:
    """An aborted turn's error has a chain of causes that ends: what prints it would run for ever in a circle."""
    limits = SpeechOptions(first_audio=0.01, stall=0.01, on_failure="abort")
    seen: list[BaseException] = []
    with suppress(StageError):
        try:
            await heard(failing(name), "Bad.", limits=limits)
        except StageError as error:
            at: BaseException | None = error
            while at is not None:
                assert at not in seen
                seen.append(at)
                at = at.__cause__ or (None if at.__suppress_context__ else at.__context__)
            raise
    assert seen


async def test_first_sound_and_stall_have_their_own_time() -> None:
    """The first sound may take longer than any later one, or the other way round, as the limits say."""
    slow_start = [Pause(0.02), sound(50), sound(50)]
    slow_middle = [sound(50), Pause(0.02), sound(50)]
    for steps, limits, well in (
        (slow_start, SpeechOptions(first_audio=1, stall=0.005), True),
        (slow_start, SpeechOptions(first_audio=0.005, stall=1), False),
        (slow_middle, SpeechOptions(first_audio=0.005, stall=1), True),
        (slow_middle, SpeechOptions(first_audio=1, stall=0.005), False),
    ):
        events = await heard(ScriptedSpeech(steps), limits=limits)
        assert finals(events) == [(AudioChunk if well else Notice, 1)]


async def test_a_slow_voice_is_not_cut() -> None:
    """A voice may take as long as it likes, as long as each piece comes in time."""
    steps = [step for _ in range(8) for step in (Pause(0.005), sound(10))]
    events = await heard(ScriptedSpeech(steps), limits=SpeechOptions(first_audio=0.5, stall=0.5))
    assert pcm(events) == sound(10) * 8


async def test_a_slow_reader_is_not_a_slow_voice() -> None:
    """While the reader takes its time, the voice is not blamed."""
    limits = SpeechOptions(first_audio=0.005, stall=0.005)
    stage = spoken(listed([Sentence(1, "One.")]), ScriptedSpeech([sound(50)] * 40), Voice(), limits, lambda: None)
    events = []
    async with aclosing(stage) as out:
        async for event in out:
            events.append(event)
            if len(events) in (2, 4, 6):
                time.sleep(0.008)  # noqa: ASYNC251  (a reader that holds up everything)
            else:
                await asyncio.sleep(0.006 if len(events) < 8 else 0)
    assert finals(events) == [(AudioChunk, 1)]
    assert pcm(events) == sound(50) * 40


async def test_the_longest_sentence() -> None:
    """A sentence may have just so much sound; the piece that is more is cut off with a Notice."""
    limits = SpeechOptions(max_sentence=0.1)
    assert finals(await heard(ScriptedSpeech([sound(50), sound(50)]), limits=limits)) == [(AudioChunk, 1)]
    events = await heard(ScriptedSpeech([sound(50), sound(51)]), limits=limits)
    assert finals(events) == [(Notice, 1)]
    assert len(pcm(events)) <= 200


@pytest.mark.parametrize("rate", [None, "fast", 0, -1])
async def test_a_voice_without_a_rate(rate: Any) -> None:
    """A voice whose sample rate is none has failed like any other; its sound would be noise."""
    events = await heard(ScriptedSpeech([sound(50)], sample_rate=rate))
    assert finals(events) == [(Notice, 1)]


async def test_a_voice_that_cannot_be_asked() -> None:
    """An engine that raises already when it is called has failed like any other."""

    class Speech:
        sample_rate = RATE

        def synthesize(self, _text: str, _voice: Voice) -> Any:
            raise Boom

    assert finals(await heard(Speech(), "One.", "Two.")) == [(Notice, 1), (Notice, 2)]


# Endings.


@pytest.mark.parametrize("how", ["leaves", "is cancelled"])
async def test_an_early_end_closes_the_engine(how: str) -> None:
    """When the reader leaves or is cancelled in the middle of a sentence, the engine has closed when the stage has."""
    speech = ScriptedSpeech([sound(100), HANG], closing=0.002)
    reached = asyncio.Event()

    async def read() -> None:
        stage = spoken(listed([Sentence(1, "One.")]), speech, Voice(), SpeechOptions(), lambda: None)
        async with aclosing(stage) as events:
            async for event in events:
                if isinstance(event, AudioChunk):
                    reached.set()
                    if how == "leaves":
                        return

    task = asyncio.create_task(read())
    await reached.wait()
    await settle()
    if how == "is cancelled":
        assert speech.script.running == 1
        task.cancel()
    await asyncio.wait({task}, timeout=1)
    assert task.cancelled() == (how == "is cancelled")
    assert speech.script.running == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_sentences_are_spoken_one_after_the_other() -> None:
    """One turn has one engine call at a time."""
    most = 0

    class Counting(ScriptedSpeech):
        def synthesize(self, text: str, voice: Voice) -> Any:
            nonlocal most
            most = max(most, self.script.running + 1)
            return super().synthesize(text, voice)

    await heard(Counting(), *["One."] * 5)
    assert most == 1
