"""Doubles with the real interfaces for tests of one stage: scripted models and voices, a segmenter, an extractor."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.errors import CommandRefused
from pipeline.events import Command, JsonBlock, Segment, Sentence
from pipeline.interfaces import Turn, Voice


@dataclass(frozen=True)
class Pause:
    """A step of a script: nothing comes for so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Stubborn:
    """A step of a script: hangs, and swallows its first *times* cancellations."""

    times: int


HANG = Pause(3600)


class Script:
    """Plays steps: an exception is raised, a ``Pause`` or an ``asyncio.Event`` is waited for, the rest is yielded.

    ``closing``: seconds that closing takes. ``opened`` and ``closed`` count; ``given`` counts the items that were
    taken.
    """

    def __init__(self, closing: float = 0.0) -> None:
        self.closing = closing
        self.opened = 0
        self.closed = 0
        self.given = 0

    @property
    def running(self) -> int:
        return self.opened - self.closed

    async def play(self, steps: Iterable[Any]) -> AsyncIterator[Any]:
        self.opened += 1
        try:
            for step in steps:
                match step:
                    case BaseException():
                        raise step
                    case Pause(seconds):
                        await asyncio.sleep(seconds)
                    case Stubborn(times):
                        await _swallow(times)
                    case asyncio.Event():
                        await step.wait()
                    case _:
                        self.given += 1
                        yield step
        finally:
            try:
                await asyncio.sleep(self.closing)
            finally:
                self.closed += 1


async def _swallow(times: int) -> None:
    for _ in range(times):
        try:
            await asyncio.sleep(3600)
        except asyncio.CancelledError:
            continue
    await asyncio.sleep(3600)


class ScriptedModel:
    """A ``pipeline.interfaces.Model``. The steps are a list, or a function of the turn."""

    def __init__(self, steps: Iterable[Any] | Callable[[Turn], Iterable[Any]], *, closing: float = 0.0) -> None:
        self.script = Script(closing)
        self.turns: list[Turn] = []
        self._steps = steps

    def stream(self, turn: Turn) -> AsyncIterator[Any]:
        self.turns.append(turn)
        return self.script.play(self._steps(turn) if callable(self._steps) else self._steps)


class ScriptedSpeech:
    """A ``pipeline.interfaces.Speech``. The steps are a list, the same for every sentence, or a function of its text.

    By default it says 100 samples for each character, in one piece.
    """

    def __init__(
        self,
        steps: Sequence[Any] | Callable[[str], Iterable[Any]] = lambda text: [sound(100 * len(text))],
        *,
        sample_rate: int = 1000,
        closing: float = 0.0,
    ) -> None:
        self.script = Script(closing)
        self.calls: list[tuple[str, Voice]] = []
        self.sample_rate = sample_rate
        self._steps = steps

    def synthesize(self, text: str, voice: Voice) -> AsyncIterator[Any]:
        self.calls.append((text, voice))
        return self.script.play(self._steps(text) if callable(self._steps) else self._steps)


def sound(samples: int) -> bytes:
    """So many samples of PCM, none of them silent, and no two neighbours alike."""
    return b"".join((1 + i % 30000).to_bytes(2, "little") for i in range(samples))


_PIECE = re.compile(r"\{[^}]*\}|[^{.]*\.(?=.)|[^{]+(?=\{)", re.DOTALL)


class DotSegmenter:
    """A ``pipeline.interfaces.Segmenter``: a full stop ends a sentence as soon as the next character is there; ``{…}``
    without braces inside is an object.
    """

    def __init__(self) -> None:
        self._text = ""

    def feed(self, text: str) -> Iterator[Segment]:
        self._text += text
        while piece := _PIECE.match(self._text):
            self._text = self._text[piece.end() :]
            yield JsonBlock(piece.group()) if piece.group().startswith("{") else Sentence(0, piece.group())

    def release(self) -> Iterator[Segment]:
        if self._text.endswith(".") and not self._text.startswith("{"):
            yield from self.flush()

    def flush(self) -> Iterator[Segment]:
        text, self._text = self._text, ""
        if text.startswith("{"):
            yield JsonBlock(text, refused="truncated")
        elif text:
            yield Sentence(0, text)


class RawCommands:
    """A ``pipeline.interfaces.Commands`` that records the blocks it gets.

    ``{no}`` holds no command, ``{bad}`` is refused; the text of any other object becomes the command's name.
    """

    def __init__(self) -> None:
        self.blocks: list[JsonBlock] = []

    def extract(self, block: JsonBlock) -> Command | None:
        self.blocks.append(block)
        if block.raw == "{bad}":
            raise CommandRefused("not_allowed")
        return None if block.raw == "{no}" else Command(block.raw, {})


def sentences(events: Iterable[Any]) -> list[str]:
    """The texts of the sentences among *events*."""
    return [event.text for event in events if isinstance(event, Sentence)]
