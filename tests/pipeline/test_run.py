"""The stages joined: what comes out of one turn, whatever its model and its stages do."""

import asyncio
import contextlib
import gc
import sys
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interceptors.testing import Boom
from pipeline.commands.custom import CustomCommands
from pipeline.errors import StageError
from pipeline.events import (
    AudioChunk,
    Command,
    EndReason,
    JsonBlock,
    ModelEnd,
    Notice,
    Sentence,
    TextDelta,
    ToolCall,
    Usage,
)
from pipeline.interfaces import Turn, Voice
from pipeline.run import Stages, recite, run
from pipeline.segmenter.custom import CustomSegmenter
from pipeline.segmenter.stage import Patience
from pipeline.testing import HANG, DotSegmenter, Pause, RawCommands, ScriptedModel, ScriptedSpeech, sentences
from tests.fakes import PATIENCE, settle
from tests.pipeline.tts.engines import speech_stage

TURN = Turn(session_id="s", prompt="p")


def stages(steps: Any = (), commands: Any = None, **options: Any) -> Stages:
    """Text and commands only, unless *options* say otherwise; no sentence waits."""
    extractor = CustomCommands(commands or RawCommands())
    segmenter = options.pop("segmenter", DotSegmenter)
    made = Stages(
        ScriptedModel(steps), lambda: CustomSegmenter(segmenter()), extractor, None, hold=5.0, on_invalid="warn"
    )
    if "speech" in options:
        options["speech"] = speech_stage(options["speech"])
    return replace(made, **options)


async def outcome(house: Stages, turn: Turn = TURN, **options: Any) -> tuple[list[Any], BaseException | None]:
    """The events of a turn, and the error behind them, if any."""
    events: list[Any] = []
    try:
        async with asyncio.timeout(PATIENCE), aclosing(run(turn, house, **options)) as source:
            async for event in source:
                events.append(event)  # noqa: PERF401  (what came before an error counts)
    except Exception as error:  # noqa: BLE001  (the error is what is looked at)
        return events, error
    return events, None


async def good(steps: Iterable[Any], **options: Any) -> list[Any]:
    events, error = await outcome(stages(steps, **options))
    assert error is None, error
    return events


async def bad(steps: Iterable[Any], **options: Any) -> tuple[list[Any], Any]:
    events, error = await outcome(stages(steps, **options))
    assert error is not None, events
    return events, error


def told(events: Iterable[Any]) -> list[str]:
    """The sentences' texts and the commands' names, in order."""
    shown = ((event.text if isinstance(event, Sentence) else getattr(event, "name", "")) for event in events)
    return [text for text in shown if text]


# Order.


async def test_sentences_in_order_with_the_end_last() -> None:
    """Sentences come in order, numbered from 1, as written; the model's own end is last, with what it said."""
    usage = Usage(7, 9)
    assert await good([TextDelta("One. T"), TextDelta("wo.  Three"), ModelEnd(EndReason.LENGTH, usage)]) == [
        Sentence(1, "One.", final=True),
        Sentence(2, " Two.", final=True),
        Sentence(3, "  Three", final=True),
        ModelEnd(EndReason.LENGTH, usage),
    ]


async def test_a_model_of_strings() -> None:
    """A model may yield plain strings, and one that just stops has completed its answer."""
    events = await good(["On", "e. ", "Two."])
    assert sentences(events) == ["One.", " Two."]
    assert events[-1] == ModelEnd(EndReason.COMPLETE, Usage(0, 0))


async def test_nothing_is_read_after_the_end() -> None:
    """What a model yields or raises after its ModelEnd is not heard."""
    house = stages(["One.", ModelEnd(), "Two.", Boom()])
    events, error = await outcome(house)
    assert (sentences(events), error) == (["One."], None)
    assert house.model.script.running == 0


@pytest.mark.parametrize("reason", ["COMPLETE", "LENGTH"])
async def test_a_reason_may_be_its_name(reason: str) -> None:
    """A custom model may name the reason as a string, and need not have counted tokens."""
    assert (await good(["One.", ModelEnd(reason, None)]))[-1] == ModelEnd(EndReason(reason), Usage())  # type: ignore[arg-type]


async def test_sentences_are_numbered_here() -> None:
    """Whatever numbers a segmenter gives, on the wire they count from 1 without a gap. A blank sentence is none: its
    white space stands before the next, so that nothing of the prose is lost.
    """

    class Numbers(DotSegmenter):
        def feed(self, text: str) -> Iterator[Any]:
            yield Sentence(7, "Seven.")
            yield Sentence(8, " \n")
            yield Sentence(7, "Again.", final=True)
            yield Sentence(9, "")
            yield Sentence(-1, "\t…")
            yield Sentence(1, "\n")

    events = await good(["x"], segmenter=Numbers)
    assert events[:-1] == [Sentence(1, "Seven.", True), Sentence(2, " \nAgain.", True), Sentence(3, "\t…", True)]


async def test_each_turn_has_a_segmenter_of_its_own() -> None:
    """The segmenter is built once for each turn."""
    made = []

    def segmenter() -> DotSegmenter:
        made.append(DotSegmenter())
        return made[-1]

    house = stages(["Half a"], segmenter=segmenter)
    for _ in range(2):
        assert sentences((await outcome(house))[0]) == ["Half a"]
    assert len(made) == 2


# Hold.


async def test_a_finished_sentence_waits_only_so_long() -> None:
    """When the model pauses for longer than ``hold``, a finished sentence leaves; an unfinished one stays."""
    go_on = asyncio.Event()
    seen = []
    house = stages(["One. Two.", go_on, " Thr", go_on, "ee."], hold=0.002)
    async with asyncio.timeout(PATIENCE), aclosing(run(TURN, house)) as events:
        async for event in events:
            seen.append(event)
            if event == Sentence(2, " Two.", final=True):
                assert not go_on.is_set()
                go_on.set()
    assert sentences(seen) == ["One.", " Two.", " Three."]


@pytest.mark.parametrize(
    ("steps", "hold", "cut"),
    [
        (["Hal", Pause(0.01), "f. ", Pause(0.01), "x"], 0.001, ["Half.", " x"]),
        (["One.", Pause(0.001), " Two.", Pause(0.001)], 0.0, ["One.", " Two."]),
    ],
)
async def test_hold(steps: list[Any], hold: float, cut: list[str]) -> None:
    """However long the model pauses, half a sentence waits for its end; 0 = a finished sentence leaves at once."""
    assert sentences(await good(steps, hold=hold)) == cut


class Doubt(DotSegmenter):
    """Its end is in doubt, whatever it is."""

    def release(self) -> Iterator[Any]:
        return iter(())

    def doubtful(self) -> Iterator[Any]:
        return super().release()

    def breath(self) -> tuple[Any, ...]:
        return ()

    def clause(self) -> tuple[Any, ...]:
        return ()


@pytest.mark.parametrize("hold", [0.0, 0.002])
async def test_an_end_in_doubt_waits_longer(hold: float) -> None:
    """When the model pauses for long, a sentence leaves whose end is in doubt; what comes then is the next one."""
    go_on = asyncio.Event()
    seen = []
    house = replace(stages(["Plan B.", go_on, " 5 of us."]), segmenter=Doubt, hold=hold)
    async with asyncio.timeout(PATIENCE), aclosing(run(TURN, house)) as events:
        async for event in events:
            seen.append(event)
            go_on.set()
    assert sentences(seen) == ["Plan B.", " 5 of us."]


def test_doubt_is_five_times_the_hold() -> None:
    """The doubtful waits five times as long in all, and a tenth of a second at least: 3 . 5 are three tokens."""
    assert Patience(hold=0.12, clause=0).doubt == pytest.approx(0.48)
    assert Patience(hold=0.0, clause=0).doubt == pytest.approx(0.1)


async def test_a_steady_model_is_not_cut_short() -> None:
    """While the model goes on within ``hold``, the segmenter is not asked to release."""

    class NoRelease(DotSegmenter):
        def release(self) -> Iterator[Any]:
            pytest.fail("released")

    assert sentences(await good(["One.", Pause(0.001), " Two."], segmenter=NoRelease)) == ["One.", " Two."]


async def test_a_segmenter_without_release() -> None:
    """``release`` is optional."""

    class Plain:
        def __init__(self) -> None:
            self._inner = DotSegmenter()
            self.feed = self._inner.feed
            self.flush = self._inner.flush

    steps = ["One.", Pause(0.005), " Two."]
    assert sentences(await good(steps, segmenter=Plain, hold=0.001)) == ["One.", " Two."]


# Failures of the model.


@pytest.mark.parametrize(
    ("error", "status", "reason"),
    [
        (ConnectionError("secret"), "UNAVAILABLE", "MODEL_UNAVAILABLE"),
        (ConnectionResetError("secret"), "UNAVAILABLE", "MODEL_UNAVAILABLE"),
        (TimeoutError("secret"), "DEADLINE_EXCEEDED", "MODEL_TIMEOUT"),
        (StageError("NOT_FOUND", "OWN", "own words"), "NOT_FOUND", "OWN"),
    ],
)
async def test_what_a_model_may_raise(error: Exception, status: str, reason: str) -> None:
    """A ConnectionError is MODEL_UNAVAILABLE, a TimeoutError MODEL_TIMEOUT, a StageError what it says."""
    _, raised = await bad([error])
    assert isinstance(raised, StageError)
    assert (raised.status, raised.reason) == (status, reason)
    assert raised is error or raised.__cause__ is error
    assert "secret" not in raised.text


@pytest.mark.parametrize("kind", [Boom, ConnectionError, SystemExit])
@pytest.mark.parametrize(
    ("steps", "complete"),
    [
        ([], []),
        (["One. Tw"], ["One."]),
        (["One. Two."], ["One.", " Two."]),
        (["One.{a}"], ["One.", "{a}"]),
        (["One.{a} Two.{b"], ["One.", "{a}", " Two."]),
        (["One", Pause(0.002)], []),
    ],
)
async def test_what_was_complete_comes_before_the_error(
    steps: list[Any], complete: list[str], kind: type[BaseException]
) -> None:
    """When the model fails, all that was finished by then still comes, half a sentence or object does not; then the
    error, as it is where nobody foresaw it; never an end.
    """
    raised = kind()
    events, error = await bad([*steps, raised])
    assert told(events) == complete
    assert not [event for event in events if isinstance(event, ModelEnd | Notice)]
    assert isinstance(error, Exception)
    assert (error is raised) == (kind is Boom)


@pytest.mark.parametrize(
    "steps",
    [[], [""], ["", TextDelta("")], [" \n"], [ModelEnd()], [" ", ModelEnd(EndReason.LENGTH)]],
)
async def test_an_empty_answer(steps: list[Any]) -> None:
    """An answer without a word or a command is MODEL_UNAVAILABLE, with a retry: silence is no answer."""
    events, error = await bad(steps)
    assert events == []
    assert isinstance(error, StageError)
    assert (error.status, error.reason, error.retry_after) == ("UNAVAILABLE", "MODEL_UNAVAILABLE", 1.0)


async def test_a_filtered_answer_may_be_empty() -> None:
    """An answer that a content filter kept back is no failure."""
    assert await good([ModelEnd(EndReason.CONTENT_FILTER)]) == [ModelEnd(EndReason.CONTENT_FILTER)]


@pytest.mark.parametrize("steps", [["{a}"], [ToolCall("{a}", {})]])
async def test_a_command_alone_is_an_answer(steps: list[Any]) -> None:
    """An answer may be a command without a word."""
    events = await good(steps)
    assert isinstance(events[0], Command)
    assert isinstance(events[1], ModelEnd)


@pytest.mark.parametrize("garbage", [None, 5, b"x", ["x"], TextDelta(None), TextDelta(b"x"), Sentence(1, "x.")])  # type: ignore[arg-type]
async def test_garbage_from_the_model(garbage: Any) -> None:
    """What is no event of a model ends the turn like any failure of it, after what was complete."""
    house = stages(["One. Two.", garbage, "Three."])
    events, error = await outcome(house)
    assert sentences(events) == ["One.", " Two."]
    assert isinstance(error, TypeError)
    assert house.model.script.running == 0


@pytest.mark.parametrize("end", [ModelEnd("NO_SUCH_REASON"), ModelEnd(None)])  # type: ignore[arg-type]
async def test_an_end_that_is_none(end: ModelEnd) -> None:
    """A ModelEnd with a reason that is none fails after everything was said."""
    events, error = await bad(["One. Two", end])
    assert sentences(events) == ["One.", " Two"]
    assert isinstance(error, TypeError)


@pytest.mark.parametrize("opens", [lambda _turn: None, lambda _turn: [1], lambda: None], ids=["None", "list", "raises"])
async def test_a_model_that_gives_no_stream(opens: Callable[..., Any]) -> None:
    """A ``stream`` that gives no asynchronous iterator, or can't be called, fails the turn."""
    model = ScriptedModel([])
    model.stream = opens  # type: ignore[method-assign]
    _, error = await outcome(stages(model=model))
    assert isinstance(error, TypeError)


# Failures of the other stages.


@pytest.mark.parametrize("garbage", [Boom(), None, "text", Command("x", {}), AudioChunk(1, b"", 1), Sentence(1, None)])  # type: ignore[arg-type]
async def test_a_segmenter_that_fails(garbage: Any) -> None:
    """A segmenter that raises or gives garbage ends the turn after what it gave before; the model is closed."""

    class Broken(DotSegmenter):
        def feed(self, text: str) -> Iterator[Any]:
            yield from (Sentence(1, char) for char in text)
            if isinstance(garbage, Exception):
                raise garbage
            yield garbage

    house = stages(["ab", HANG], segmenter=Broken)
    events, error = await outcome(house)
    assert sentences(events) == ["a", "b"]
    assert error is not None
    assert house.model.script.running == 0


async def test_a_segmenter_that_cannot_be_built() -> None:
    """A segmenter that can't be built fails the turn, and no task is left."""

    def cannot() -> DotSegmenter:
        raise Boom

    house = stages(["One."], segmenter=cannot)
    assert isinstance((await outcome(house))[1], Boom)
    assert house.model.script.running == 0
    assert len(asyncio.all_tasks()) == 1


@pytest.mark.parametrize("result", [Boom(), "command", {"command": "x"}, JsonBlock("{}")])
async def test_an_extractor_that_fails(result: Any) -> None:
    """An extractor that raises, or gives anything but a Command or None, ends the turn after what was before."""

    class Extractor:
        def extract(self, _block: JsonBlock) -> Any:
            if isinstance(result, Exception):
                raise result
            return result

    events, error = await bad(["One. {a} Two."], commands=Extractor())
    assert sentences(events)[0] == "One."
    assert isinstance(error, Boom | TypeError)


# Commands.


async def test_commands_come_in_place() -> None:
    """A command comes exactly once, at its place between the sentences."""
    events = await good(["One. {a}{b} Two. ", "{c", "}"])
    assert told(events) == ["One.", "{a}", "{b}", "  Two.", "{c}"]


async def test_tool_calls_pass_the_extractor_in_place() -> None:
    """A native tool call is judged by the same extractor, as one JSON object; what was written before it comes before
    it, as far as it is there.
    """
    commands = RawCommands()
    events = await good(["One. Half", ToolCall("öpen", {"app": "Safari"}), " more."], commands=commands)
    raw = '{"command": "öpen", "args": {"app": "Safari"}}'
    assert commands.blocks == [JsonBlock(raw)]
    assert events[:-1] == [
        Sentence(1, "One.", True),
        Sentence(2, " Half", True),
        Command(raw, {}),
        Sentence(3, " more.", True),
    ]


@pytest.mark.parametrize("args", [{"x": float("nan")}, {"x": object()}, None, 5, {"x": {1, 2}}, [("a",)], "[]", "null"])
async def test_a_tool_call_that_is_no_json(args: Any) -> None:
    """A tool call whose arguments are no JSON object is refused like any command; no extractor is asked."""
    commands = RawCommands()
    events = await good(["One.", ToolCall("open", args)], commands=commands)
    assert events[:-1] == [Sentence(1, "One.", True), Notice("COMMAND_REFUSED", "invalid_args", 1)]
    assert commands.blocks == []


async def test_refused_commands_are_warnings() -> None:
    """A refused command is a Notice with its class, at its place, with the sentence before it; the turn goes on. An
    object that holds no command leaves nothing.
    """
    commands = RawCommands()
    events = await good(["{bad}One.{bad}{no} Two.{cut"], commands=commands)
    assert events == [
        Notice("COMMAND_REFUSED", "not_allowed", 0),
        Sentence(1, "One.", True),
        Notice("COMMAND_REFUSED", "not_allowed", 1),
        Sentence(2, " Two.", True),
        Notice("COMMAND_REFUSED", "truncated", 2),
        ModelEnd(),
    ]
    assert [block.raw for block in commands.blocks] == ["{bad}", "{bad}", "{no}"], "what was given up is not judged"


async def test_a_refused_command_may_end_the_turn() -> None:
    """With ``on_invalid = "abort"`` a refused command ends the turn at its place."""
    events, error = await bad(["One. {bad} Two."], on_invalid="abort")
    assert [text for text in sentences(events) if text.strip()] == ["One."]
    assert isinstance(error, StageError)
    assert error.reason == "COMMAND_REFUSED"


# Progress and endings.


async def test_progress() -> None:
    """Each item of the model, and each piece of the voice, is a sign of life."""
    calls: list[int] = []
    await outcome(stages(["a", "b", "c."]), progress=lambda: calls.append(1))
    assert len(calls) >= 3
    silent, calls[:] = len(calls), []
    speech = ScriptedSpeech([b"\1\0"] * 5)
    await outcome(stages(["a", "b", "c."], speech=speech), progress=lambda: calls.append(1))
    assert len(calls) == silent + 5


@pytest.mark.parametrize("how", ["leaves", "is cancelled"])
@pytest.mark.parametrize("where", ["in the model", "in the voice"])
async def test_an_early_end_closes_everything_inside_out(how: str, where: str) -> None:
    """When the reader leaves or is cancelled, the voice and then the model have closed before the turn is over, and no
    task is left.
    """
    model = ScriptedModel(["One. Two.", HANG], closing=0.002)
    speech = ScriptedSpeech([b"\1\0" * 10, HANG] if where == "in the voice" else [b"\1\0"], closing=0.002)
    house = stages(model=model, speech=speech, hold=0.0)
    reached = asyncio.Event()

    async def read() -> None:
        async with aclosing(run(TURN, house)) as events:
            async for event in events:
                if how == "leaves" and isinstance(event, AudioChunk | Sentence):
                    break
                asyncio.get_running_loop().call_later(0.005, reached.set)

    task = asyncio.create_task(read())
    if how == "is cancelled":
        await reached.wait()
        task.cancel()
    await asyncio.wait({task}, timeout=PATIENCE)
    assert task.cancelled() == (how == "is cancelled")
    assert model.script.running == 0
    assert speech.script.running == 0
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_a_slow_reader_stops_the_model() -> None:
    """A reader that does not take anything holds the model back: it runs ahead by a bounded number of deltas."""
    model = ScriptedModel([f"{number}." for number in range(10_000)])
    async with aclosing(run(TURN, stages(model=model))) as events:
        await anext(events)
        await settle(200)
        assert model.script.given < 100


# Two turns at once.


def script(turn: Turn) -> list[Any]:
    """Sentences and commands that name their session, as the prompt says."""
    steps: list[Any] = []
    for number, kind in enumerate(turn.prompt):
        name = f"{turn.session_id}{number}"
        steps += {
            "t": [f"Text {name}", "."],
            "c": [f"{{{name}}}"],
            "h": [f"Half {name}"],
            "p": [Pause(0)],
            "n": ["{no}"],
            "b": ["{bad}"],
            "x": [ToolCall(name, {"session": name})],
        }[kind]
    return steps


@settings(max_examples=30, deadline=None)
@given(
    prompts=st.tuples(*[st.text("tchpnbx", min_size=1, max_size=8)] * 2),
    turns=st.lists(st.integers(0, 1), max_size=60),
)
def test_two_turns_interleaved_are_as_apart(prompts: tuple[str, str], turns: list[int]) -> None:
    """Two turns through the same stage objects, in any rhythm, give what each gives alone."""
    both = [Turn(session_id=name, prompt="t" + prompt, voice=name) for name, prompt in zip("ab", prompts, strict=True)]
    speech = ScriptedSpeech(lambda text: [text.encode().ljust(1 + 2 * len(text), b".")] * 2)
    house = stages(script, speech=speech)

    async def apart() -> list[list[Any]]:
        return [(await outcome(house, turn))[0] for turn in both]

    async def interleaved() -> list[list[Any]]:
        got: list[list[Any]] = [[], []]
        async with contextlib.AsyncExitStack() as stack:
            running = [await stack.enter_async_context(aclosing(run(turn, house))) for turn in both]
            for number in [*turns, *[0, 1] * 200]:
                with contextlib.suppress(StopAsyncIteration):
                    got[number].append(await anext(running[number]))
        return got

    alone = asyncio.run(apart())
    assert all(isinstance(events[-1], ModelEnd) for events in alone)
    assert asyncio.run(interleaved()) == alone


async def test_many_turns_at_once_share_nothing() -> None:
    """50 turns at once, tokens interleaved: each gets its own text and its own voice, complete and in order."""
    turns = [Turn(session_id=f"s{n}-", prompt="tptcptp" * 3, voice=f"voice {n}") for n in range(50)]
    speech = ScriptedSpeech()
    house = stages(script, speech=speech)
    results = await asyncio.gather(*(outcome(house, turn) for turn in turns))
    for turn, (events, error) in zip(turns, results, strict=True):
        assert error is None
        own = [event for event in events if isinstance(event, Sentence)]
        assert len(own) == 9
        assert all(turn.session_id in sentence.text for sentence in own)
    assert all(text.split(" ")[1].startswith(f"s{voice.name.split()[1]}-") for text, voice in speech.calls)


# recite


async def recited(text: str, **options: Any) -> list[AudioChunk]:
    async with aclosing(recite(text, Voice("v", "ru"), stages(**options))) as chunks:
        return [chunk async for chunk in chunks]


async def test_recite_speaks_every_sentence() -> None:
    """A given text is spoken sentence by sentence, in the wanted voice, without any model; only sound comes."""
    speech = ScriptedSpeech()
    chunks = await recited("One. Two.", speech=speech)
    assert speech.calls == [("One.", Voice("v", "ru")), ("Two.", Voice("v", "ru"))]
    assert {type(chunk) for chunk in chunks} == {AudioChunk}
    assert [chunk.sentence for chunk in chunks if chunk.final] == [1, 2]
    assert len(b"".join(chunk.pcm for chunk in chunks)) == 2 * 2 * 400


async def test_recite_reads_objects_as_they_are() -> None:
    """A given text holds no commands: an object in it is read."""
    speech, commands = ScriptedSpeech(), RawCommands()
    await recited("One. {a b}", speech=speech, commands=commands)
    assert [text for text, _ in speech.calls] == ["One.", "{a b}"]
    assert commands.blocks == []


@pytest.mark.parametrize("speech", [None, ScriptedSpeech([Boom()]), ScriptedSpeech([])])
async def test_recite_without_sound(speech: ScriptedSpeech | None) -> None:
    """Without a voice, or with one that fails, it is SPEECH_FAILED, whatever ``on_failure`` says: there is no text."""
    with pytest.raises(StageError) as failed:
        await recited("One.", speech=speech)
    assert (failed.value.status, failed.value.reason) == ("UNAVAILABLE", "SPEECH_FAILED")


@pytest.fixture
def orphans() -> Iterator[list[Any]]:
    """The generators that were left open for the garbage collector to close, in a task of nobody's."""
    found: list[Any] = []
    hooks = sys.get_asyncgen_hooks()
    sys.set_asyncgen_hooks(hooks.firstiter, found.append)
    yield found
    sys.set_asyncgen_hooks(*hooks)


@pytest.mark.parametrize(
    "opens",
    [
        lambda: recite("One. Two. Three.", Voice(), stages(speech=ScriptedSpeech())),
        lambda: run(TURN, stages(["One. {a} Two. Three."], speech=ScriptedSpeech())),
    ],
    ids=["recite", "run"],
)
async def test_left_early_it_leaves_nothing(opens: Callable[[], AsyncGenerator[Any, None]], orphans: list[Any]) -> None:
    """A reader that leaves in the middle has closed every generator behind him."""
    async with aclosing(opens()) as events:
        await anext(events)
        await anext(events)
    del events
    gc.collect()
    assert orphans == []
