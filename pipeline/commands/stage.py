"""The commands stage: each JSON object and each native tool call becomes a Command, a refusal, or nothing."""

from collections.abc import AsyncGenerator, AsyncIterator
from typing import Protocol

from pipeline.errors import BuiltInError, CommandRefused, model_unavailable
from pipeline.events import (
    CheckedEvent,
    Command,
    CutEvent,
    EndReason,
    JsonBlock,
    ModelEnd,
    Notice,
    Sentence,
    ToolCall,
)


class Extractor(Protocol):
    """Knows what a command is, in an object of the text and in a native tool call."""

    def extract(self, source: JsonBlock | ToolCall) -> Command | None:
        """Return the command in *source*, None if it holds none. CommandRefused for one that must not run."""
        ...


async def checked(
    source: AsyncIterator[CutEvent], extractor: Extractor, on_invalid: str
) -> AsyncGenerator[CheckedEvent, None]:
    """Let *extractor* judge the objects and tool calls of *source*; the rest passes.

    A refused command is a Notice in its place (*on_invalid* = ``warn``) or a StageError (``abort``). An answer without
    a sentence, a command or a notice is MODEL_UNAVAILABLE, for silence is no answer.
    """
    sentence = 0
    answered = False
    async for event in source:
        outcome = _judge(event, extractor, on_invalid, sentence) if isinstance(event, JsonBlock | ToolCall) else event
        if outcome is None:
            continue
        if isinstance(outcome, Sentence):
            sentence = outcome.index
        if isinstance(outcome, ModelEnd) and not answered and outcome.reason is not EndReason.CONTENT_FILTER:
            raise model_unavailable("the language model gave no answer")
        answered = True
        yield outcome


def _judge(
    source: JsonBlock | ToolCall, extractor: Extractor, on_invalid: str, sentence: int
) -> Command | Notice | None:
    try:
        return _extract(source, extractor)
    except CommandRefused as refused:
        if on_invalid == "abort":
            text = f"a command was refused: {refused.reason}"
            raise BuiltInError("ABORTED", "COMMAND_REFUSED", text) from refused
        return Notice("COMMAND_REFUSED", str(refused.reason), sentence)


def _extract(source: JsonBlock | ToolCall, extractor: Extractor) -> Command | None:
    if source.refused:
        raise CommandRefused(source.refused)
    return extractor.extract(source)
