"""One answer as its listener got it: what the conversation keeps of it, and where it is cut."""

import re
from array import array
from bisect import bisect_right
from dataclasses import dataclass, replace
from itertools import chain

from pipeline.events import AudioChunk, Command, EndReason, ModelEnd, Sentence, command_json
from pipeline.interfaces import Message
from pipeline.pcm import SAMPLE_BYTES

MESSAGE_CHARS = 100_000
"""The most that is kept of one message: far more than a model reads."""

CHAR_MS = 65.0
"""How long a character is said: a guess for a sentence that broke off in an answer that has no whole one."""

WORD = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|[^\s\u3040-\u30ff\u3400-\u9fff]+")
"""A word, with what stands at its edges, or a character of a script without white space."""


@dataclass(frozen=True, slots=True)
class Heard:
    """How far the listener heard an answer: all sentences before number ``sentence``, and of this one what was said in
    the first ``ms`` milliseconds of its sound.
    """

    sentence: int
    ms: float


@dataclass(slots=True)
class _Part:
    """A sentence, or a command behind it, as it was sent. ``words``: of each, its offset and the ms at which it begins,
    one behind the other in an array, because the last answer of each of many sessions has them.
    """

    sentence: int
    text: str
    is_command: bool = False
    is_whole: bool = False
    ms: float = 0.0
    words: "array[float] | None" = None


class Answer:
    """Takes in what was really sent of the answer to *prompt*, and gives both as the conversation has them."""

    __slots__ = ("_complete", "_heard", "_kept", "_parts", "_silent", "_sounding", "is_over", "prompt")

    def __init__(self, prompt: str) -> None:
        self.prompt = prompt
        self.is_over = False
        """Nothing more is sent of the answer."""
        self._parts: list[_Part] = []
        self._silent: _Part | None = None  # was sent, and waits for its sound
        self._sounding: _Part | None = None
        self._complete = False
        self._heard: Heard | None = None
        self._kept: tuple[Message, ...] | None = None

    def sent(self, event: Sentence | AudioChunk | Command | ModelEnd) -> None:
        """Take in an event that has left. A sentence counts from its first sound on, or once it is clear that it has
        none.
        """
        match event:
            case AudioChunk():
                self._sounds(event)
            case Sentence():
                self._silent = None if event.apart else _Part(event.index, event.text)
                if event.final:
                    self._begin(True)
            case Command():
                self._parts.append(_Part(0, f" {command_json(event)}", is_command=True))
            case ModelEnd():
                self._complete = event.reason is not EndReason.CONTENT_FILTER

    def _sounds(self, chunk: AudioChunk) -> None:
        if self._silent is not None and (chunk.pcm or chunk.final):
            self._begin(False)
        part = self._sounding
        if part is not None and part.sentence == chunk.sentence:
            part.ms += 1000 * len(chunk.pcm) / SAMPLE_BYTES / chunk.sample_rate
            part.is_whole = chunk.final
            if chunk.words:
                part.words = part.words or array("d")
                part.words.extend(chain.from_iterable((word.offset, word.ms) for word in chunk.words))

    def _begin(self, is_whole: bool) -> None:
        if self._silent is not None:
            self._silent.is_whole = is_whole
            self._sounding = self._silent
            self._parts.append(self._silent)
        self._silent = None

    def hear(self, heard: Heard) -> None:
        """Keep only what was *heard*, of what comes, too. The last call counts; one behind ``settle`` has no effect."""
        self._heard = heard

    def settle(self) -> None:
        """Keep nothing but the messages: what was heard of the answer is not asked any more."""
        self._kept = self.messages()
        self._parts, self._silent, self._sounding = [], None, None

    def messages(self) -> tuple[Message, ...]:
        """Return the question and its answer. A question without a word of an answer did not happen: its user will ask
        again. One of whose answer nothing was heard stays.
        """
        if self._kept is not None:
            return self._kept
        if not self._parts and (self._silent is None or self._heard is None):
            return ()
        heard = [part.text if part.is_command else self._heard_of(part) for part in self._parts]
        is_cut = any(len(text) < len(part.text) for text, part in zip(heard, self._parts, strict=True))
        answer = Message("assistant", "".join(heard).strip(), cut=is_cut or not self._complete)
        return _bounded(Message("user", self.prompt)), _bounded(answer)

    def _heard_of(self, part: _Part) -> str:
        heard = self._heard
        if heard is None or part.sentence < heard.sentence:
            return part.text
        if part.sentence > heard.sentence or heard.ms <= 0:
            return ""
        if part.is_whole and heard.ms >= part.ms:
            return part.text
        if part.words:  # the word that is being said is not heard
            begun = bisect_right(part.words[1::2], heard.ms)
            return part.text[: int(part.words[::2][max(0, begun - 1)])]
        return _words(part.text, heard.ms / self._length_ms(part))

    def _length_ms(self, part: _Part) -> float:
        """Return how long all of *part* is said, by the whole sentences where its own sound broke off."""
        if part.is_whole:
            return part.ms
        whole = [other for other in self._parts if other.is_whole and other.ms]
        chars = sum(len(other.text) for other in whole)
        return max(part.ms, len(part.text) * (sum(other.ms for other in whole) / chars if chars else CHAR_MS))


def _words(text: str, share: float) -> str:
    """Return the words of *text* that are over when this *share* of its characters has been said."""
    begin = len(text) - len(text.lstrip())
    said = begin + share * len(text.strip())
    return text[: max((word.end() for word in WORD.finditer(text) if word.end() <= said), default=0)]


def _bounded(message: Message) -> Message:
    is_short = len(message.text) <= MESSAGE_CHARS
    return message if is_short else replace(message, text=message.text[:MESSAGE_CHARS], cut=True)
