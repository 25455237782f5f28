"""Joins the stages for one turn: model -> segmenter -> commands -> speech, each an async generator over the one
before it.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain, count
from typing import Any

from pipeline.commands.extractor import MAX_DEPTH
from pipeline.commands.strict_json import depth, parse
from pipeline.commands.values import plain
from pipeline.errors import CommandRefused, StageError
from pipeline.events import (
    AudioChunk,
    Command,
    EndReason,
    JsonBlock,
    ModelEnd,
    ModelEvent,
    Notice,
    Segment,
    Sentence,
    TextDelta,
    ToolCall,
    TurnEvent,
    Usage,
)
from pipeline.flow import End, prefetch
from pipeline.interfaces import Commands, Model, Segmenter, Turn, Voice
from pipeline.tts.stage import AnySpeech, SpeechOptions, spoken

DELTAS_AHEAD = 32
"""How far the model may run ahead of a slow reader: some sentences; then the reading of the model stops too."""


@dataclass(frozen=True, slots=True)
class Stages:
    """Who does what; one of these serves every turn of the process.

    ``hold``: seconds that a finished sentence waits for its next character. ``on_invalid``: a refused command is a
    Notice (``warn``) or ends the turn (``abort``). No ``speech``: text and commands only.
    """

    model: Model
    segmenter: Callable[[], Segmenter]
    commands: Commands
    speech: AnySpeech | None
    hold: float = 0.12
    on_invalid: str = "warn"
    speech_options: SpeechOptions = field(default_factory=SpeechOptions)


def nobody() -> None:
    """Nobody watches the progress."""


async def run(turn: Turn, stages: Stages, progress: Callable[[], None] = nobody) -> AsyncGenerator[TurnEvent, None]:
    """The events of one turn in order, ModelEnd last. *progress* is called at every sign of life of the model and of
    the voice.

    Raises what the stages raise; an answer without a word or a command is MODEL_UNAVAILABLE, for silence is no answer.
    """
    voice = Voice(turn.voice, turn.language)
    async with (
        prefetch(partial(stages.model.stream, turn), DELTAS_AHEAD) as items,
        aclosing(segments(items, stages.segmenter, stages.hold, progress)) as cut,
        aclosing(checked(cut, stages.commands, stages.on_invalid)) as answer,
        aclosing(spoken(answer, stages.speech, voice, stages.speech_options, progress, turn.word_timings)) as events,
    ):
        async for event in events:
            yield event


async def recite(
    text: str, voice: Voice, stages: Stages, progress: Callable[[], None] = nobody
) -> AsyncGenerator[AudioChunk, None]:
    """Speak a given text; no model. A sentence that can't be spoken ends it with SPEECH_FAILED: there is no text
    beside the sound.
    """
    if stages.speech is None:
        raise StageError("UNAVAILABLE", "SPEECH_FAILED", "this server has no voice")
    options = replace(stages.speech_options, on_failure="abort")
    async with (
        aclosing(_sentences(text, stages.segmenter())) as sentences,
        aclosing(spoken(sentences, stages.speech, voice, options, progress)) as events,
    ):
        async for event in events:
            if isinstance(event, AudioChunk):
                yield event


async def _sentences(text: str, segmenter: Segmenter) -> AsyncGenerator[Sentence, None]:
    for index, segment in enumerate(chain(segmenter.feed(text), segmenter.flush()), start=1):
        yield Sentence(index, segment.raw if isinstance(segment, JsonBlock) else segment.text)


async def segments(
    items: prefetch[ModelEvent | str], make: Callable[[], Segmenter], hold: float, progress: Callable[[], None]
) -> AsyncGenerator[Segment | ToolCall | ModelEnd, None]:
    """Cut the model's text into segments; tool calls keep their place; ModelEnd comes last, once.

    Sentences are numbered here, so that a segmenter of one's own can't break the wire's order. A blank one is not a
    sentence: its white space stands before the next one.
    """
    indexes = count(1)
    blank = ""
    async with aclosing(_cut(items, make, hold, progress)) as found:
        async for segment in found:
            match segment:
                case Sentence(text=text, apart=apart):
                    blank += text
                    if text.strip():
                        yield Sentence(next(indexes), blank, apart=apart)
                        blank = ""
                case JsonBlock() | ToolCall() | ModelEnd():
                    yield segment
                case _:
                    raise TypeError(f"a segmenter gives Sentence or JsonBlock, not {type(segment).__name__}")


async def _cut(
    items: prefetch[ModelEvent | str], make: Callable[[], Segmenter], hold: float, progress: Callable[[], None]
) -> AsyncGenerator[Segment | ToolCall | ModelEnd, None]:
    """What the segmenter makes of the model's text.

    A finished sentence waits at most *hold* seconds for a model that pauses. When the model fails, a sentence that was
    finished by then still comes before the error; half a sentence does not. Text after a tool call, or ``apart``,
    begins anew.
    """
    segmenter = make()
    while True:
        if not await items.ready(hold):
            for segment in _released(segmenter):
                yield segment
        item = _known(await items.take())
        progress()
        if isinstance(item, ModelEnd | End):
            break
        segmenter, pieces = _fed(segmenter, item, make)
        for piece in pieces:
            yield piece
    failed = isinstance(item, End) and item.error is not None
    for segment in _released(segmenter) if failed else segmenter.flush():
        yield segment
    yield _end(item)


def _known(item: ModelEvent | str | End) -> ModelEvent | End:
    """*item* as one of the events; what a model must not yield is a failure of the model like any other."""
    match item:
        case str():
            return TextDelta(item)
        case TextDelta(text=str()) | ToolCall() | ModelEnd() | End():
            return item
        case _:
            return End(TypeError(f"a model yields str, TextDelta, ToolCall or ModelEnd, not {type(item).__name__}"))


def _fed(
    segmenter: Segmenter, item: TextDelta | ToolCall, make: Callable[[], Segmenter]
) -> tuple[Segmenter, Iterable[Segment | ToolCall]]:
    """The segmenter from now on, and what comes of *item*."""
    if isinstance(item, TextDelta) and not item.apart:
        return segmenter, segmenter.feed(item.text)
    whole = item if isinstance(item, ToolCall) else Sentence(0, item.text, apart=True)
    return make(), chain(segmenter.flush(), (whole,))


def _released(segmenter: Segmenter) -> Iterable[Segment]:
    """What is a finished sentence already, where the segmenter can tell."""
    release: Callable[[], Iterable[Segment]] = getattr(segmenter, "release", tuple)
    return release()


def _end(item: ModelEnd | End) -> ModelEnd:
    if isinstance(item, ModelEnd):
        return ModelEnd(EndReason(item.reason), item.usage or Usage())
    match item.error:
        case None:
            return ModelEnd()  # a model need not say that it is done
        case ConnectionError():
            raise unavailable("the language model cannot be reached") from item.error
        case TimeoutError():
            raise StageError("DEADLINE_EXCEEDED", "MODEL_TIMEOUT", "the language model took too long") from item.error
        case error:
            raise error


def unavailable(text: str) -> StageError:
    """The model is not there: another try may find it."""
    return StageError("UNAVAILABLE", "MODEL_UNAVAILABLE", text, retry_after=1.0)


async def checked(
    source: AsyncIterator[Segment | ToolCall | ModelEnd], extractor: Commands, on_invalid: str
) -> AsyncGenerator[Sentence | Command | Notice | ModelEnd, None]:
    """*source* with every JSON object and tool call judged by *extractor*: a Command, nothing, or a refusal.

    An answer that comes to nothing at all is MODEL_UNAVAILABLE: silence is no answer.
    """
    last = 0
    answered = False
    async for event in source:
        outcome = _judge(event, extractor, on_invalid, last) if isinstance(event, JsonBlock | ToolCall) else event
        match outcome:
            case None:
                continue
            case Sentence(index=last):
                pass
            case ModelEnd(reason=reason) if not answered and reason is not EndReason.CONTENT_FILTER:
                raise unavailable("the language model gave no answer")
        answered = True
        yield outcome


def _judge(event: JsonBlock | ToolCall, extractor: Commands, on_invalid: str, last: int) -> Command | Notice | None:
    try:
        return _extract(event, extractor)
    except CommandRefused as refused:
        if on_invalid == "abort":
            text = f"a command was refused: {refused.reason}"
            raise StageError("ABORTED", "COMMAND_REFUSED", text) from refused
        return Notice("COMMAND_REFUSED", str(refused.reason), last)


def _extract(event: JsonBlock | ToolCall, extractor: Commands) -> Command | None:
    if event.refused:
        raise CommandRefused(event.refused)
    command = extractor.extract(event if isinstance(event, JsonBlock) else _as_block(event))
    if command is not None and not isinstance(command, Command):
        raise TypeError(f"an extractor gives Command or None, not {type(command).__name__}")
    return command


def _as_block(call: ToolCall) -> JsonBlock:
    """A native tool call passes the same extractor as a command in the text: one allow-list, one set of schemas."""
    try:
        fields = {"command": call.name, "args": _arguments(call.args)}
        return JsonBlock(json.dumps(fields, ensure_ascii=False, allow_nan=False))
    except (TypeError, ValueError):
        raise CommandRefused("invalid_args") from None


def _arguments(args: Mapping[str, Any] | str) -> Any:
    if not isinstance(args, str):
        return dict(args)
    if depth(args) > MAX_DEPTH:
        raise CommandRefused("too_deep")
    try:
        found = parse(args) if args.strip() else {}
    except (ValueError, RecursionError):
        raise CommandRefused("invalid_json") from None
    if not isinstance(found, dict):
        raise CommandRefused("invalid_args")
    return plain(found, MAX_DEPTH)
