"""The segmenter stage: cuts the model's text into sentences and JSON objects, and numbers the sentences."""

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from dataclasses import dataclass, replace
from itertools import chain
from math import inf
from operator import itemgetter
from typing import Protocol, TypeVar

from pipeline.errors import BuiltInError, model_unavailable, wrong
from pipeline.events import (
    CutEvent,
    EndReason,
    JsonBlock,
    ModelEnd,
    ModelEvent,
    Segment,
    Sentence,
    TextDelta,
    ToolCall,
    Usage,
)
from pipeline.flow import End, prefetch
from pipeline.interfaces import Segmenter

T = TypeVar("T")

_TIMES_IN_DOUBT = 5
_LEAST_IN_DOUBT = 0.1
_FIRST_CLAUSE_SECONDS = 0.25
"""So long the first sentence of an answer may be written before it is said by clauses. One that is written within it
would gain less than its listener loses by the seam."""
CHARS_PER_SECOND = 15
"""How fast speech is, about."""


class ReleasingSegmenter(Segmenter, Protocol):
    """A segmenter as the stage needs it. A custom one has no ``doubtful``, ``breath`` and ``clause``;
    ``release`` is optional.
    """

    def release(self) -> Iterable[Segment]:
        """Return what is a finished sentence already."""
        ...

    def doubtful(self) -> Iterable[Segment]:
        """Return what may be a finished sentence. If it goes on after all, the rest is the next sentence."""
        ...

    def breath(self) -> Iterable[Segment]:
        """Return the beginning of a sentence, up to where a speaker would breathe; nothing where that is in doubt."""
        ...

    def clause(self) -> Iterable[Segment]:
        """Return what can be said of a sentence that is not finished."""
        ...


@dataclass(frozen=True, slots=True)
class Patience:
    """``hold``: seconds that a finished sentence waits for its next character. ``clause``: seconds that unfinished text
    waits for its end before a clause of it is said; 0 = for ever. ``first_clause``: the first sentence of an answer
    waits only ``_FIRST_CLAUSE_SECONDS`` for its end, and then for a place to breathe.
    """

    hold: float
    clause: float
    first_clause: bool = False

    @property
    def doubt(self) -> float:
        """Seconds more that a sentence waits whose end is in doubt.

        Even with ``hold`` 0 there are some: the tokens of one number (3, ., 5) come one by one.
        """
        return max(_TIMES_IN_DOUBT * self.hold, _LEAST_IN_DOUBT) - self.hold


def segments(
    items: prefetch[ModelEvent | str],
    make: Callable[[], ReleasingSegmenter],
    patience: Patience,
    progress: Callable[[], None],
    most_chars: int = sys.maxsize,
) -> AsyncGenerator[CutEvent, None]:
    """Cut the model's text into segments. Tool calls keep their place; ModelEnd comes last, once.

    A finished sentence waits at most ``hold`` seconds for a model that pauses, one whose end is in doubt ``doubt`` more
    seconds. When the model fails, a sentence that was finished by then still comes before the error; half a sentence
    does not. *progress* is called for each item of the model that has content. An answer of more than *most_chars*
    characters, tool calls included, ends there with LENGTH.
    """
    return _numbered(_cut(items, make, patience, progress, most_chars))


def sentences(text: str, segmenter: Segmenter) -> AsyncGenerator[Sentence, None]:
    """Cut a given text into sentences. An object in it is read as it is written: a given text holds no commands."""
    return _numbered(_as_written(text, segmenter))


async def _numbered(source: AsyncGenerator[T, None]) -> AsyncGenerator[T | Sentence, None]:
    """Number the sentences from 1, whatever numbers a segmenter gives. The rest of *source* passes.

    A sentence without content is none: it goes before the next one.
    """
    index = 0
    blank = ""
    async with aclosing(source):
        async for item in source:
            if isinstance(item, Sentence):
                blank += item.text
                if _has_content(item.text):
                    index += 1
                    yield Sentence(index, blank, apart=item.apart)
                    blank = ""
            else:
                yield item


async def _as_written(text: str, segmenter: Segmenter) -> AsyncGenerator[Sentence, None]:
    for segment in chain(segmenter.feed(text), segmenter.flush()):
        yield Sentence(0, segment.raw) if isinstance(segment, JsonBlock) else segment


async def _cut(
    items: prefetch[ModelEvent | str],
    make: Callable[[], ReleasingSegmenter],
    patience: Patience,
    progress: Callable[[], None],
    room: int,
) -> AsyncGenerator[CutEvent, None]:
    due = _Due(patience)
    segmenter = make()
    while room >= 0:
        if not items.is_ready():
            async for segment in _paused(items, segmenter, patience, due):
                yield due.said(segment)
        item = _known(await items.take(), progress)
        if isinstance(item, ModelEnd | End):
            break
        segmenter, pieces = _fed(segmenter, _at_most(item, room), make)
        due.came(item)
        for piece in pieces:
            yield due.said(piece)
        room -= _length(item)
    else:
        item = ModelEnd(EndReason.LENGTH)
    for segment in _rest(segmenter, item):
        yield segment
    yield _end(item)


async def _paused(
    items: prefetch[ModelEvent | str], segmenter: ReleasingSegmenter, patience: Patience, due: "_Due"
) -> AsyncGenerator[Segment, None]:
    """Wait for the next of *items*, and yield what may leave before it."""
    waited = 0.0
    steps = (
        (due.first_clause(), segmenter.breath),
        (patience.hold, segmenter.release),
        (patience.hold + patience.doubt, segmenter.doubtful),
    )
    for seconds, early in sorted(steps, key=itemgetter(0)):
        for segment in () if seconds == inf or await items.ready(seconds - waited) else early():
            yield segment
        waited = seconds
    for segment in segmenter.clause() if await due.comes(items) else ():
        yield segment


def _rest(segmenter: ReleasingSegmenter, end: ModelEnd | End) -> Iterable[Segment]:
    """Return what is left: of an answer that failed only whole sentences."""
    failed = isinstance(end, End) and end.error is not None
    return segmenter.release() if failed else segmenter.flush()


class _Due:
    """Knows when a clause of an unfinished sentence is due: so long after its first text came, and after the sound of
    the sentences before it, about.
    """

    def __init__(self, patience: Patience) -> None:
        self._seconds = patience.clause
        self._first_clause = patience.first_clause  # until a sentence leaves
        self._clock = asyncio.get_running_loop().time
        self._since: float | None = None
        self._sound = 0.0

    async def comes(self, items: prefetch[ModelEvent | str]) -> bool:
        """Wait for the next of *items*. Return True if a clause is due before it."""
        if self._since is None or not self._seconds:
            return False
        left = max(self._since, self._sound) + self._seconds - self._clock()
        if await items.ready(max(0.0, left)):
            return False
        self._since = self._clock()
        return True

    def first_clause(self) -> float:
        """Return the seconds until the first clause of the answer is due: infinite if it is not wanted, or was said."""
        if self._since is None or not self._first_clause:
            return inf
        return max(0.0, self._since + _FIRST_CLAUSE_SECONDS - self._clock())

    def came(self, item: TextDelta | ToolCall) -> None:
        """Note that *item* came. Time is counted from the first text that has content."""
        if self._since is None and isinstance(item, TextDelta) and _has_content(item.text):
            self._since = self._clock()

    def said(self, piece: T) -> T:
        """Note that *piece* leaves."""
        self._since = None
        if isinstance(piece, Sentence) and _has_content(piece.text):
            self._first_clause = False
            self._sound = max(self._sound, self._clock()) + len(piece.text) / CHARS_PER_SECOND
        return piece


def _known(item: ModelEvent | str | End, progress: Callable[[], None]) -> ModelEvent | End:
    """Return *item* as an event. An item that a model must not yield is a failure of the model like any other."""
    match item:
        case str():
            item = TextDelta(item)
        case TextDelta(text=str()) | ToolCall() | ModelEnd() | End():
            pass
        case _:
            return End(wrong("pipeline.llm: stream", "yield str, TextDelta of a str, ToolCall or ModelEnd", item))
    if not isinstance(item, TextDelta) or _has_content(item.text):  # else such items may come for ever
        progress()
    return item


def _has_content(text: str) -> bool:
    """Tell whether there is anything to see in *text*: more than white space, zero-width and control characters."""
    return any(char.isprintable() and not char.isspace() for char in text)


def _length(item: TextDelta | ToolCall) -> int:
    return len(item.text if isinstance(item, TextDelta) else f"{item.name}({item.args})")


def _at_most(item: TextDelta | ToolCall, room: int) -> TextDelta | ToolCall:
    if isinstance(item, TextDelta) and len(item.text) > room:
        return replace(item, text=item.text[:room])
    return item


def _fed(
    segmenter: ReleasingSegmenter, item: TextDelta | ToolCall, make: Callable[[], ReleasingSegmenter]
) -> tuple[ReleasingSegmenter, Iterable[Segment | ToolCall]]:
    """Return the segmenter for the next item, and the segments that *item* completes.

    A tool call, or a text that stands ``apart``, ends the text before it; text behind it gets a new segmenter.
    """
    if isinstance(item, TextDelta) and not item.apart:
        return segmenter, segmenter.feed(item.text)
    whole = item if isinstance(item, ToolCall) else Sentence(0, item.text, apart=True)
    return make(), chain(segmenter.flush(), (whole,))


def _model_end(item: ModelEnd) -> ModelEnd:
    usage = item.usage or Usage()
    if not isinstance(usage, Usage):
        raise wrong("pipeline.llm: the usage of a ModelEnd", "be a Usage", usage)
    if item.reason not in list(EndReason):
        raise wrong("pipeline.llm: the reason of a ModelEnd", f"be one of {', '.join(EndReason)}", item.reason)
    return ModelEnd(EndReason(item.reason), usage)


def _end(item: ModelEnd | End) -> ModelEnd:
    if isinstance(item, ModelEnd):
        return _model_end(item)
    match item.error:
        case None:
            return ModelEnd()  # a model need not say that it is done
        case ConnectionError():
            raise model_unavailable("the language model cannot be reached") from item.error
        case TimeoutError():
            raise BuiltInError("DEADLINE_EXCEEDED", "MODEL_TIMEOUT", "the language model took too long") from item.error
        case error:
            raise error
