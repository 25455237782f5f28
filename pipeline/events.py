"""The events that flow between the stages: small frozen values, one class for each thing that happens in a turn."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from pipeline.text import mend


class EndReason(StrEnum):
    """Why the model stopped. All three endings are good; a failure is an exception."""

    COMPLETE = "COMPLETE"
    LENGTH = "LENGTH"
    CONTENT_FILTER = "CONTENT_FILTER"


@dataclass(frozen=True, slots=True)
class Usage:
    """The tokens that the model counted; 0 = it told no number."""

    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the model's text, cut anywhere.

    ``apart``: the text is a whole sentence that the model did not write. It ends what was open before it, such as half
    an object.
    """

    text: str
    apart: bool = False


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A model's native tool call, complete.

    ``args`` is the JSON text that the model wrote ("" = no arguments), or a mapping. ``refused`` names why the call is
    not complete (see JsonBlock); such a call does not run.
    """

    name: str
    args: Mapping[str, Any] | str
    refused: str = ""


@dataclass(frozen=True, slots=True)
class ModelEnd:
    """The model says that its answer is done."""

    reason: EndReason = EndReason.COMPLETE
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Sentence:
    """Prose that may be spoken as it is.

    ``index`` counts from 1; the segmenter stage sets it. ``text`` is as written, with the white space before it; it may
    hold nothing but punctuation. ``final``: nothing more of this sentence follows; the speech stage sets it. ``apart``:
    the sentence is no part of the conversation (see TextDelta).
    """

    index: int
    text: str
    final: bool = False
    apart: bool = False


@dataclass(frozen=True, slots=True)
class JsonBlock:
    """One whole JSON object of the reply, braces included.

    ``refused`` names why the segmenter gave the object up (``truncated``, ``too_deep``, …). ``raw`` is then the part
    that was read, and no extractor is asked.
    """

    raw: str
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A validated instruction for the client."""

    name: str
    args: Mapping[str, Any]


def command_json(command: Command) -> str:
    """Return *command* as clients and memory get it: these two keys in this order, compact, UTF-8 as it is."""
    fields = {"command": command.name, "args": dict(command.args)}
    return mend(json.dumps(fields, ensure_ascii=False, separators=(",", ":"), allow_nan=False))


@dataclass(frozen=True, slots=True)
class WordMark:
    """When a word is said.

    ``offset`` and ``length`` count characters of the sentence's text, ``ms`` counts from the sentence's first sound.
    Text that is said in other words ("$5") is one word.
    """

    offset: int
    length: int
    ms: float


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """Sound of a sentence: PCM signed 16-bit little endian, mono, whole samples.

    ``final``: nothing more of this sentence follows. ``stands_in``: the fallback speaks.
    """

    sentence: int
    pcm: bytes
    sample_rate: int
    final: bool = False
    words: tuple[WordMark, ...] = ()
    stands_in: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """A warning to the listener; the stream goes on. ``reason`` is UPPER_SNAKE."""

    reason: str
    text: str
    sentence: int
    final: bool = False


# What flows from each stage to the next one.
ModelEvent = TextDelta | ToolCall | ModelEnd
Segment = Sentence | JsonBlock
CutEvent = Segment | ToolCall | ModelEnd
CheckedEvent = Sentence | Command | Notice | ModelEnd
TurnEvent = CheckedEvent | AudioChunk
