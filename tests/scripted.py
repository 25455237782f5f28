"""Stages that do what the prompt says, for tests of the whole server: named in the settings file like any custom stage.

A prompt is a JSON list of steps: a string is a delta; ``{"sleep": s}``, ``{"raise": "ValueError"}``, ``{"status":
"NOT_FOUND"}``, ``{"fail": "DRAINING"}`` (as a link fails), ``{"hang": true}``, ``{"deltas": n}`` (n numbered
sentences), ``{"tool": name}``, ``{"bare": name}`` (a call without arguments), ``{"exit": true}``, ``{"stubborn":
true}`` (swallows one cancellation), ``{"wait": true}`` (until the diary's ``cue`` is set), ``{"thread": s}`` (sleeps in
a thread, which nobody can stop), ``{"block": s}`` (stops the event loop), ``{"apart": text}`` (a notice, which is not
the model's), ``{"end": reason}``, ``{"forget": text}`` (a task that nobody awaits fails with that text), ``{"repeat":
text}`` (for ever).
"""

import asyncio
import builtins
import json
import time
from collections.abc import AsyncIterator
from typing import Any

from interceptors.base import Call, StreamInterceptor, metadata_value
from interceptors.errors import Rejected, StreamError
from pipeline.errors import StageError
from pipeline.events import EndReason, ModelEnd, TextDelta, ToolCall
from pipeline.interfaces import Message, Screenshot, Turn, Voice


class Diary:
    """What the stages of one test did, in order: ``(what, hardware_id)``."""

    def __init__(self) -> None:
        self.entries: list[tuple[str, str]] = []
        self.running = 0
        self.most_running = 0
        self.spoken = 0
        self.histories: list[tuple[Message, ...]] = []
        self.screenshots: list[Screenshot | None] = []
        self.cue = asyncio.Event()

    def note(self, what: str, who: str) -> None:
        self.entries.append((what, who))

    def who(self, what: str) -> list[str]:
        return [who for noted, who in self.entries if noted == what]


diary = Diary()


def new_diary() -> Diary:
    """Begin a new one."""
    global diary
    diary = Diary()
    return diary


class ScriptedModel:
    """Plays the prompt. ``closing``: seconds of clean-up that each stream awaits, as a real connection does."""

    def __init__(self, closing: float = 0.0) -> None:
        self._closing = closing

    async def stream(self, turn: Turn) -> AsyncIterator[Any]:
        mine = diary
        mine.note("opened", turn.hardware_id)
        mine.histories.append(turn.history)
        mine.screenshots.append(turn.screenshot)
        mine.running += 1
        mine.most_running = max(mine.most_running, mine.running)
        try:
            for step in json.loads(turn.prompt):
                if isinstance(step, str):
                    yield TextDelta(step)
                else:
                    async for event in _act(step):
                        yield event
        finally:
            await asyncio.sleep(self._closing)
            mine.running -= 1
            mine.note("closed", turn.hardware_id)


async def _act(step: dict[str, Any]) -> AsyncIterator[Any]:
    [(verb, value)] = step.items()
    match verb:
        case "sleep":
            await asyncio.sleep(value)
        case "wait":
            await diary.cue.wait()
        case "raise":
            raise getattr(builtins, value)("a secret of the stage")
        case "status":
            raise StageError(value, "OF_MY_OWN", "in my own words")
        case "fail":
            raise StreamError(value)
        case "hang":
            await asyncio.sleep(1000)
        case "thread":
            await asyncio.to_thread(time.sleep, value)
        case "block":
            time.sleep(value)  # noqa: ASYNC251  (a stage that does what no stage may)
        case "repeat":
            while True:
                yield value
                await asyncio.sleep(0.001)
        case "exit":
            raise SystemExit(3)
        case "stubborn":
            try:
                await asyncio.sleep(1000)
            except asyncio.CancelledError:
                await asyncio.sleep(0.05)
        case "deltas":
            for number in range(value):
                yield f"Number {number}. "
                await asyncio.sleep(0)
        case "tool":
            yield ToolCall(value, {"app_name": "Safari"})
        case "bare":
            yield ToolCall(value, "")
        case "apart":
            yield TextDelta(value, apart=True)
        case "end":
            yield ModelEnd(EndReason(value))
        case "forget":
            asyncio.get_running_loop().create_task(_fail(value))
            await asyncio.sleep(0)
        case "garbage":
            yield 42


async def _fail(text: str) -> None:
    raise ValueError(text)


class SlowStart(ScriptedModel):
    """It never gets ready."""

    async def start(self) -> None:
        diary.note("started", "")
        await asyncio.sleep(1000)

    async def aclose(self) -> None:
        diary.note("closed", "")


class SlowToClose(SlowStart):
    """It never gets ready, nor does it close."""

    async def aclose(self) -> None:
        await super().aclose()
        await asyncio.sleep(1000)


class FailsToStart(ScriptedModel):
    """It lacks something."""

    async def start(self) -> None:
        raise KeyError("a part")


class ScriptedSpeech:
    """Speaks ``seconds_per_char`` for each character: bytes that tell whose sentence they are. Text with FAIL fails
    before, with CUT after its first bytes; HANG hangs."""

    def __init__(self, sample_rate: int = 16000, seconds_per_char: float = 0.01) -> None:
        self.sample_rate = sample_rate
        self._seconds_per_char = seconds_per_char

    async def synthesize(self, text: str, voice: Voice) -> AsyncIterator[bytes]:
        diary.note("said", text)
        if "FAIL" in text:
            raise ValueError("a secret of the voice")
        if "HANG" in text:
            await asyncio.sleep(1000)
        samples = int(self._seconds_per_char * self.sample_rate)
        for number, char in enumerate(text):
            if "CUT" in text and number == 5:
                raise ConnectionError("a secret of the voice")
            diary.spoken += 1
            yield (ord(char) % 30000).to_bytes(2, "little") * samples
            await asyncio.sleep(0)


class DeadSpeech(ScriptedSpeech):
    """Says nothing."""

    async def synthesize(self, text: str, voice: Voice) -> AsyncIterator[bytes]:
        raise ConnectionError("a secret of the voice")
        yield b""


class HangingSpeech(ScriptedSpeech):
    """Never says anything."""

    async def synthesize(self, text: str, voice: Voice) -> AsyncIterator[bytes]:
        await asyncio.sleep(1000)
        yield b""


class MoodySpeech(ScriptedSpeech):
    """Does not say text with MOODY, which a ScriptedSpeech does."""

    async def synthesize(self, text: str, voice: Voice) -> AsyncIterator[bytes]:
        if "MOODY" in text:
            raise ConnectionError("a secret of the voice")
        async for piece in super().synthesize(text, voice):
            yield piece


class Refusal(StreamInterceptor):
    """Refuses who asks for the voice ``refused``."""

    async def intercept(self, method: Call, request: Any, context: Any, method_name: str) -> Any:
        if getattr(request, "voice", "") == "refused":
            raise Rejected("PERMISSION_DENIED")
        return await method(request, context)


class NamedByMetadata(StreamInterceptor):
    """Authenticates whoever says a name."""

    async def intercept(self, method: Call, request: Any, context: Any, method_name: str) -> Any:
        if name := metadata_value(context, "x-name"):
            context.identity = name
        return await method(request, context)
