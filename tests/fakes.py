"""Doubles with the real interfaces, for tests of one link or one stage without a server."""

import asyncio
import copy
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import grpc
from grpc._cython import cygrpc  # the error of a dead peer has no public name

from interceptors.base import StreamInterceptor
from pipeline.errors import CommandRefused
from pipeline.events import Command, JsonBlock, Segment, Sentence
from pipeline.stage import Turn, Voice

METHOD = "/test.Service/Stream"
PATIENCE = 120.0
"""Seconds after which a test gives up waiting for what must come: what takes so long hangs. A machine with neighbours
may be ten times slower than usual, or stand still for seconds.
"""


class ManualClock:
    """Seconds that pass only when a test says so."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


# Scripts of models and voices.


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
    """A ``pipeline.stage.Model``. The steps are a list, or a function of the turn."""

    def __init__(self, steps: Iterable[Any] | Callable[[Turn], Iterable[Any]], *, closing: float = 0.0) -> None:
        self.script = Script(closing)
        self.turns: list[Turn] = []
        self._steps = steps

    def stream(self, turn: Turn) -> AsyncIterator[Any]:
        self.turns.append(turn)
        return self.script.play(self._steps(turn) if callable(self._steps) else self._steps)


class ScriptedSpeech:
    """A ``pipeline.stage.Speech``. The steps are a list, the same for every sentence, or a function of its text.

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


class DotSegmenter:
    """A ``pipeline.stage.Segmenter``: a full stop ends a sentence as soon as the next character is there; ``{…}``
    without braces inside is an object.
    """

    def __init__(self) -> None:
        self._text = ""

    def feed(self, text: str) -> Iterator[Segment]:
        for char in text:
            if self._text.startswith("{"):
                self._text += char
                if char == "}":
                    yield JsonBlock(self._take())
            else:
                if self._finished() or (char == "{" and self._text):
                    yield Sentence(0, self._take())
                self._text += char

    def release(self) -> Iterator[Segment]:
        if self._finished():
            yield Sentence(0, self._take())

    def flush(self) -> Iterator[Segment]:
        if self._text.startswith("{"):
            yield JsonBlock(self._take(), refused="truncated")
        elif self._text:
            yield Sentence(0, self._take())

    def _finished(self) -> bool:
        return self._text.endswith(".") and not self._text.startswith("{")

    def _take(self) -> str:
        taken, self._text = self._text, ""
        return taken


class RawCommands:
    """A ``pipeline.stage.Commands`` that records what it is asked. ``{no}`` holds no command, ``{bad}`` is refused; of
    any other object the text is the command's name.
    """

    def __init__(self) -> None:
        self.blocks: list[JsonBlock] = []

    def extract(self, block: JsonBlock) -> Command | None:
        self.blocks.append(block)
        if block.raw == "{bad}":
            raise CommandRefused("not_allowed")
        return None if block.raw == "{no}" else Command(block.raw, {})


# The call's context.


class FakeContext:
    """A ``grpc.aio.ServicerContext`` that records what the call did: ``events`` in order, and each part by itself.

    ``block()`` stands for a client that does not read, ``kill()`` for one that is gone. As with grpc, a message whose
    write was cancelled is on its way until the client reads, and no other one is taken meanwhile; behind headers that
    were left so no status is taken at all.
    """

    def __init__(
        self, metadata: Mapping[str, str] | None = None, *, time_remaining: float | None = None, identity: str = ""
    ) -> None:
        self.task: asyncio.Task[Any] | None = None  # the call's own, where not all is sent by the same one
        self.events: list[str] = []
        self.sent: list[Any] = []
        self.initial_metadata: tuple[tuple[str, str], ...] | None = None
        self.status: tuple[grpc.StatusCode, str] | None = None
        self.trailers: tuple[tuple[str, str | bytes], ...] = ()
        if identity:
            self.identity = identity
        self._metadata = tuple((metadata or {}).items())
        self._time_remaining = time_remaining
        self._open = asyncio.Event()
        self._open.set()
        self._cancel_after: float | None = None
        self._dead = False
        self._on_its_way: list[Any] = []
        self._headers_left = False
        self._abort: grpc.aio.AbortError | None = None

    # What a test does to it.

    def block(self) -> None:
        """From now on the client does not read."""
        self._open.clear()

    def unblock(self) -> None:
        """The client reads again."""
        self.sent += self._on_its_way
        self._on_its_way.clear()
        self._open.set()

    def kill(self, cancel_after: float | None = 0.0) -> None:
        """The client is gone: a write fails, and only *cancel_after* seconds later is the task cancelled, once; None
        = never.
        """
        self._dead = True
        self._cancel_after = cancel_after
        self._open.set()

    # What the links and the handler see.

    async def write(self, message: Any) -> None:
        self.events.append("write")
        if self._on_its_way:
            raise cygrpc.ExecuteBatchError("Failed grpc_call_start_batch: 8 (too many operations)")
        try:
            await self._send("SendMessageOperation")
        except asyncio.CancelledError:
            if not self._open.is_set():
                self._on_its_way.append(copy.deepcopy(message))
            raise
        self.sent.append(copy.deepcopy(message))

    async def send_initial_metadata(self, metadata: tuple[tuple[str, str], ...]) -> None:
        self.events.append("initial_metadata")
        if self.initial_metadata is not None or self.sent:
            raise grpc.aio.UsageError("Send initial metadata failed: already sent")
        try:
            await self._send("SendInitialMetadataOperation")
        except asyncio.CancelledError:
            self._headers_left = True
            raise
        self.initial_metadata = metadata

    async def abort(
        self, code: grpc.StatusCode, details: str = "", trailing_metadata: tuple[tuple[str, str | bytes], ...] = ()
    ) -> None:
        self.events.append("abort")
        if self._abort is not None:
            raise grpc.aio.UsageError("Abort already called!")
        self._abort = grpc.aio.AbortError("Locally aborted.")
        self._cancel_after = None  # as grpc: a call that has its status is not cancelled any more
        self.status = (code, details)
        self.trailers = trailing_metadata
        if self._headers_left:  # grpc would send them once more, with the status
            raise cygrpc.ExecuteBatchError("Failed grpc_call_start_batch: 8 (too many operations)")
        await self._reach("SendStatusFromServerOperation")
        raise self._abort

    def invocation_metadata(self) -> tuple[tuple[str, str], ...]:
        return self._metadata

    def time_remaining(self) -> float | None:
        return self._time_remaining

    def set_code(self, code: grpc.StatusCode) -> None:
        self.events.append("set_code")

    def set_details(self, details: str) -> None:
        self.events.append("set_details")

    def set_trailing_metadata(self, metadata: Any) -> None:
        self.events.append("set_trailing_metadata")

    async def _send(self, operation: str) -> None:
        if self._abort is not None:
            raise self._abort
        await self._reach(operation)

    async def _reach(self, operation: str) -> None:
        await self._open.wait()
        if self._dead:
            task = self.task or asyncio.current_task()
            if self._cancel_after is not None and task is not None:
                asyncio.get_running_loop().call_later(self._cancel_after, task.cancel)
                self._cancel_after = None
            raise cygrpc.ExecuteBatchError(f'Failed "execute_batch": ({operation},)')


def chained(
    *links: StreamInterceptor, handler: Callable[[Any, Any], Awaitable[Any]], method: str = METHOD
) -> Callable[[Any, Any], Awaitable[Any]]:
    """*handler* behind *links*, the outermost first."""
    for link in reversed(links):
        handler = partial(_through, link, handler, method)
    return handler


async def _through(
    link: StreamInterceptor,
    handler: Callable[[Any, Any], Awaitable[Any]],
    method: str,
    request: Any,
    context: Any,
) -> Any:
    return await link.intercept(handler, request, context, method)


# How a call may end.

ENDINGS = ("returns", "raises", "is cancelled")


class Boom(Exception):
    """A handler's own failure."""


async def ending(how: str, start: Callable[[], Awaitable[Any]], entered: asyncio.Event) -> None:
    """Run *start* to the end *how*: what it awaits inside must be ``end_as(how, entered)``."""
    task = asyncio.ensure_future(start())
    if how == "is cancelled":
        await entered.wait()
        task.cancel()
    await asyncio.wait({task})
    if how == "returns":
        task.result()
    elif how == "raises":
        assert isinstance(task.exception(), Boom), task
    else:
        assert task.cancelled()


async def end_as(how: str, entered: asyncio.Event) -> None:
    """End the caller's block *how*, after one turn of the loop."""
    entered.set()
    await asyncio.sleep(0)
    if how == "raises":
        raise Boom
    if how == "is cancelled":
        await asyncio.sleep(3600)


def sentences(events: Iterable[Any]) -> list[str]:
    """The texts of the sentences among *events*."""
    return [event.text for event in events if isinstance(event, Sentence)]


async def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait for *condition*, at most so long."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.001)


async def still(value: Callable[[], object]) -> None:
    """Wait until *value* does not change any more. A machine that stood still makes one look useless, not five."""
    looks = [value()]
    while len(looks) < 5 or len(set(looks[-5:])) > 1:
        await asyncio.sleep(0.06)
        looks.append(value())


async def settle(ticks: int = 5) -> None:
    """Let everything that is ready to run do so."""
    for _ in range(ticks):
        await asyncio.sleep(0)
