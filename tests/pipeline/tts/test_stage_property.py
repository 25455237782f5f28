"""Order, completeness, no repetition and nothing left behind, whatever the engines, the model and the reader do."""

import asyncio
import struct
from collections import Counter
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from interceptors.testing import Boom
from pipeline.events import AudioChunk, Command, ModelEnd, Notice, Sentence
from pipeline.interfaces import Voice
from pipeline.testing import HANG, Pause
from pipeline.tts.options import SpeechOptions
from pipeline.tts.stage import spoken
from tests.pipeline.tts.engines import speech_options, speech_stage
from tests.pipeline.tts.speaking import FADE, RATE, Counting, index_of, nothing, pair, pcm, run

Script = tuple[Any, ...]
"""What an engine does for one call: pieces, as their size in bytes, pauses, and perhaps a failure at the end."""

PIECES = st.one_of(st.integers(0, 900), st.floats(0, 3).map(Pause))
SCRIPTS = st.tuples(
    st.lists(PIECES, max_size=5),
    st.sampled_from([(), (), (Boom(),), (HANG,), ("garbage",), (asyncio.CancelledError(),)]),
).map(lambda parts: (*parts[0], *parts[1]))


@dataclass(frozen=True)
class World:
    """One turn: what the engines do in their 1st, 2nd, … call for each sentence, and what stands between the
    sentences.
    """

    scripts: list[list[Script]]
    between: list[Any]
    options: SpeechOptions
    fallback: bool
    model_fails: bool
    reading: list[float]
    leaves_after: int

    def decisive(self, sentence: int) -> Script | None:
        """The call that the listener hears: the first that gives a byte."""
        calls = (1 + self.options.retries) * (2 if self.fallback else 1)
        heard = (call for call in self.scripts[sentence - 1][:calls] if given_by(call))
        return next(heard, None)


def given_by(call: Script) -> int:
    """The number of bytes that a call gives."""
    return sum(step for step in call if isinstance(step, int))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    """Turns of up to five sentences."""
    count = draw(st.integers(1, 5))
    retries = draw(st.integers(0, 1))
    extra = st.one_of(st.none(), st.just(Command("x", {})), st.floats(0, 20).map(Pause))
    return World(
        scripts=draw(st.lists(st.lists(SCRIPTS, min_size=4, max_size=4), min_size=count, max_size=count)),
        between=draw(st.lists(extra, min_size=count, max_size=count)),
        options=speech_options(
            prefetch=draw(st.integers(0, 3)), retries=retries, buffer_seconds=draw(st.sampled_from([0.2, 0.6, 30.0]))
        ),
        fallback=draw(st.booleans()),
        model_fails=draw(st.booleans()),
        reading=draw(st.lists(st.sampled_from([0.0, 0.0, 0.5, 30.0]), min_size=1, max_size=4)),
        leaves_after=draw(st.one_of(st.just(10_000), st.integers(1, 12))),
    )


@dataclass
class Played:
    """The engines of one turn. Every sample of a call is that call's number, so that one hears who speaks."""

    world: World
    calls: int = 0
    tries: Counter[int] = field(default_factory=Counter)
    engines: list[Counting] = field(default_factory=list)

    def steps(self, text: str) -> Any:
        sentence = int(text)
        self.calls += 1
        number, mine = self.calls, self.world.scripts[sentence - 1][self.tries[sentence]]
        self.tries[sentence] += 1
        # Odd pieces: the stream of bytes is cut anywhere.
        data = struct.pack("<h", number) * given_by(mine)
        for step in mine:
            if isinstance(step, int):
                yield data[:step]
                data = data[step:]
            else:
                yield step

    def engine(self) -> Counting:
        """One more engine; all count their calls together."""
        self.engines.append(Counting(self.steps))
        self.engines[-1].script = self.engines[0].script
        return self.engines[-1]


async def source(world: World) -> Any:
    for number, between in enumerate(world.between, start=1):
        yield Sentence(number, f" {number}")
        if isinstance(between, Pause):
            await asyncio.sleep(between.seconds)
        elif between is not None:
            yield between
    if world.model_fails:
        raise Boom
    yield ModelEnd()


async def listen(world: World, played: Played) -> list[Any]:
    """The events that the reader gets until it leaves."""
    speech: Any = played.engine()
    if world.fallback:
        speech = pair(speech, played.engine(), failures_in_a_row=10_000)
    events: list[Any] = []
    async with (
        aclosing(source(world)) as sentences,
        aclosing(spoken(sentences, speech_stage(speech, world.options), Voice(), nothing)) as out,
    ):
        try:
            async for event in out:
                events.append(event)
                if len(events) == world.leaves_after:
                    break
                await asyncio.sleep(world.reading[len(events) % len(world.reading)])
        except Boom as boom:
            events.append(boom)
    assert played.engines[0].script.running == 0
    return events


@settings(max_examples=150, deadline=None)
@given(world=worlds())
def test_any_turn(world: World) -> None:
    """Events come in order. One call of each sentence is heard, whole or up to its failure, and nothing twice; only the
    sentence's last event is final. No more engines speak at once than allowed, and none is left, also when the reader
    leaves early.
    """
    played = Played(world)
    with capture_logs():
        events = run(listen(world, played))
    assert max(engine.most for engine in played.engines) <= world.options.prefetch + 1
    left_early = len(events) == world.leaves_after
    check_order(events, left_early)
    for number in range(1, len(world.scripts) + 1):
        mine = [event for event in events if is_of(event, number)]
        if mine and (mine[-1].final or not left_early):
            check_sentence(mine, number, world)
    if not left_early:
        assert isinstance(events[-1], Boom if world.model_fails else ModelEnd)
        assert [event.index for event in events if isinstance(event, Sentence)] == [*range(1, len(world.scripts) + 1)]
        commands = [event for event in events if isinstance(event, Command)]
        assert commands == [between for between in world.between if isinstance(between, Command)]


def is_of(event: Any, sentence: int) -> bool:
    return isinstance(event, Sentence | AudioChunk | Notice) and index_of(event) == sentence


def check_order(events: list[Any], left_early: bool) -> None:
    """The sentences' events are together, in order, each begun by its text and ended by its only final event."""
    current = 0
    over = True
    for event in events:
        if isinstance(event, Sentence):
            assert over
            assert event.index == current + 1
            current, over = event.index, event.final
        elif isinstance(event, AudioChunk | Notice):
            assert event.sentence == current
            assert not over
            over = event.final
        else:
            assert over
    assert over or left_early


def check_sentence(events: list[Any], number: int, world: World) -> None:
    """The sound is that of the decisive call."""
    call = world.decisive(number)
    sound = pcm(events, number)
    well = call is not None and not isinstance(call[-1], Boom | asyncio.CancelledError | str) and call[-1] is not HANG
    assert isinstance(events[-1], AudioChunk if well else Notice)
    assert [event.final for event in events].count(True) == 1
    size = 0 if call is None else given_by(call)
    assert len(sound) == size - size % 2
    sure = sound if well else sound[: max(0, len(sound) - FADE)]
    samples = set(struct.unpack(f"<{len(sure) // 2}h", sure))
    assert len(samples) <= 1
    assert {event.sample_rate for event in events if isinstance(event, AudioChunk)} <= {RATE}
    assert all(len(event.pcm) % 2 == 0 for event in events if isinstance(event, AudioChunk))


def test_the_world_can_fail() -> None:
    """The property notices a sound that is not the call's."""
    world = World([[(100,)] * 4], [None], speech_options(), False, False, [0.0], 10_000)
    events = [Sentence(1, "1"), AudioChunk(1, struct.pack("<50h", *range(50)), RATE, final=True)]
    with pytest.raises(AssertionError):
        check_sentence(events, 1, world)
