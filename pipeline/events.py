"""What flows between the stages: small frozen values, one class for each thing that can happen in a turn."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class EndReason(StrEnum):
    """Why the model stopped. All three are good endings; a failure is an exception."""

    COMPLETE = "COMPLETE"
    LENGTH = "LENGTH"
    CONTENT_FILTER = "CONTENT_FILTER"


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens that the model says it read and wrote; 0 = it did not say."""

    input_tokens: int = 0
    output_tokens: int = 0


@dataclass(frozen=True, slots=True)
class TextDelta:
    """A piece of the model's text, cut anywhere. ``apart``: it is nothing that the model wrote, but one sentence by
    itself; what was open before it, such as half an object, stays open for ever.
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
    """The model's own word that it is done."""

    reason: EndReason = EndReason.COMPLETE
    usage: Usage = field(default_factory=Usage)


@dataclass(frozen=True, slots=True)
class Sentence:
    """Prose that may be spoken as it is.

    ``index`` counts from 1. ``text`` is as written, with the white space that stood before it; it may hold nothing
    speakable (only white space or punctuation). ``final`` says that nothing more of this sentence follows; the
    speech stage sets it, nobody else. ``apart``: it is no part of the conversation (see TextDelta).
    """

    index: int
    text: str
    final: bool = False
    apart: bool = False


@dataclass(frozen=True, slots=True)
class JsonBlock:
    """One whole JSON object of the reply, braces included.

    ``refused`` names why the segmenter gave it up (``truncated``, ``too_deep``, …); ``raw`` is then only what there
    was of it, and no extractor is asked.
    """

    raw: str
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Command:
    """A validated instruction for the client."""

    name: str
    args: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class WordMark:
    """When a word is said: ``offset`` and ``length`` in characters of the sentence's text, ``ms`` from its first
    sound. What is said in other words ("$5") is one word.
    """

    offset: int
    length: int
    ms: float


@dataclass(frozen=True, slots=True)
class AudioChunk:
    """Sound of a sentence: PCM signed 16-bit little endian, mono, whole samples. ``final``: nothing more of this
    sentence follows. ``stands_in``: it is the fallback's.
    """

    sentence: int
    pcm: bytes
    sample_rate: int
    final: bool = False
    words: tuple[WordMark, ...] = ()
    stands_in: bool = False


@dataclass(frozen=True, slots=True)
class Notice:
    """Something the listener should know that does not end the stream: a warning on the wire. ``reason`` is
    UPPER_SNAKE.
    """

    reason: str
    text: str
    sentence: int
    final: bool = False


ModelEvent = TextDelta | ToolCall | ModelEnd
Segment = Sentence | JsonBlock
TurnEvent = Sentence | AudioChunk | Command | Notice | ModelEnd
