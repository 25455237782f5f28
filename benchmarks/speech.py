"""Measures how soon the voice is heard: with and without speaking ahead, and with real speech through the whole server.

The first table is the speech stage alone with an engine that takes 100 ms for a sentence, six sentences that are there
at once, and a reader that plays. The second needs the extra ``espeak``: a server in a process of its own, asked by one
client; the model tells the moment at which it gives a sentence (both processes read one clock). ``python -m
benchmarks.speech``

``python -m benchmarks.speech memory`` takes some minutes: what the server and its espeak workers hold after so many
sentences.
"""

import asyncio
import importlib.util
import statistics
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app.settings.stages import CustomSpeechSettings
from app.stages.voice import voice
from benchmarks.serving import serving
from pipeline.events import AudioChunk, Sentence, ToolCall
from pipeline.interfaces import Turn, Voice
from pipeline.pcm import seconds_of
from pipeline.tts.stage import spoken
from protos import streaming_pb2 as pb

SENTENCES = 6
ENGINE_SECONDS = 0.1
RATE = 16000
ROUNDS = 5
AT_ONCE = 64
ALONE = 40
PAUSE = 0.05
"""Between two streams that are asked alone: the machine is idle again."""

MEMORY_AFTER = (100, 1000, 2500, 5000, 7500, 10_000)
"""Sentences."""

SENTENCES_A_STREAM = 20
STREAMS_AT_ONCE = 8

TEXTS = (
    "The quick brown fox jumps over the lazy dog near the river bank.\n",
    "Сегодня вечером в городе ожидается небольшой дождь и слабый ветер.\n",
    "Your next meeting begins at noon, and the room has been changed.\n",
)
LAGS = 10_000
"""The last ones: what is measured must not grow by the measuring."""

SETTINGS = """
[server]
port = 0
[limits]
max_concurrent_streams = 256
[pipeline]
llm = { kind = "custom", factory = "benchmarks.speech:StampingModel" }
tts = { kind = "espeak" }
memory = { kind = "none" }
[logging]
level = "WARNING"
"""


class SlowSpeech:
    """Thinks for ``ENGINE_SECONDS``, then has all the sound at once."""

    sample_rate = RATE

    def __init__(self, seconds: float) -> None:
        self._sound = b"\1\0" * int(seconds * RATE)

    async def synthesize(self, _text: str, _voice: Voice) -> AsyncIterator[bytes]:
        """*seconds* of sound."""
        await asyncio.sleep(ENGINE_SECONDS)
        yield self._sound


async def read(prefetch: int, seconds: float) -> tuple[float, float]:
    """Give the seconds until the last sound of all sentences was there, and the longest silence that a player heard
    between two of them.
    """

    async def source() -> AsyncIterator[Sentence]:
        for index in range(1, SENTENCES + 1):
            yield Sentence(index, "One.")

    began = time.perf_counter()
    played_until = longest = 0.0
    table = CustomSpeechSettings(factory=f"{__name__}:SlowSpeech", options={"seconds": seconds}, prefetch=prefetch)
    async with aclosing(spoken(source(), voice(table, Path()), Voice(), lambda: None)) as events:
        async for event in events:
            if isinstance(event, AudioChunk) and event.pcm:
                now = time.perf_counter() - began
                longest = max(longest, now - played_until if played_until else 0.0)
                played_until = max(now, played_until) + seconds_of(event.pcm, RATE)
    return time.perf_counter() - began, longest


async def compare() -> None:
    """Print the first table. The contenders take turns."""
    ahead = (0, 1, 2)
    lengths = (0.05, 2.0)
    runs = [
        (seconds, [await read(prefetch, seconds) for prefetch in ahead]) for _ in range(ROUNDS) for seconds in lengths
    ]
    print(f"{'six sentences, an engine of 100 ms':52}" + "".join(f"{f'prefetch {n}':>12}" for n in ahead))
    for length in lengths:
        mine = [pairs for seconds, pairs in runs if seconds == length]
        last, silence = ([statistics.median(pairs[n][part] for pairs in mine) * 1000 for n in ahead] for part in (0, 1))
        for name, values, digits in (
            ("last audio ready, ms", last, 0),
            ("beside prefetch 0", [value / last[0] for value in last], 2),
            ("longest silence between two, ms", silence, 1),
        ):
            print(row(f"sentences of {length} s: {name}", values, digits))


class StampingModel:
    """Says the sentences whose numbers are the prompt, and tells the time before each; ``reset`` and ``lag`` are about
    how long the event loop kept timers waiting.
    """

    def __init__(self) -> None:
        self._lags: deque[float] = deque(maxlen=LAGS)
        self._sampler: asyncio.Task[None] | None = None

    async def stream(self, turn: Turn) -> AsyncIterator[str | ToolCall]:
        """All sentences at once."""
        self._sampler = self._sampler or asyncio.create_task(self._sample())
        if turn.prompt == "reset":
            self._lags.clear()
            yield "."
        elif turn.prompt == "lag":
            cuts = statistics.quantiles(self._lags, n=100)
            yield ToolCall("lag", {"p50": cuts[49], "p99": cuts[98], "max": max(self._lags)})
        else:
            for number in turn.prompt:
                yield ToolCall("now", {"at": time.monotonic()})
                yield TEXTS[int(number)]

    async def _sample(self) -> None:
        while True:
            before = time.monotonic()
            await asyncio.sleep(0.001)
            self._lags.append(time.monotonic() - before - 0.001)


@dataclass
class Figures:
    """The figures of many streams, in seconds.

    ``first``: from the end of a stream's first sentence to its first sound.
    ``asked``: from a stream's request to its first sound.
    ``sound``: all sound.
    """

    first: list[float] = field(default_factory=list)
    asked: list[float] = field(default_factory=list)
    sound: float = 0.0


async def listen(stub: Any, prompt: str, figures: Figures) -> None:
    """Ask for the sentences of *prompt*."""
    asked_at, said_at, heard_at = time.monotonic(), 0.0, 0.0
    async for message in stub.StreamAudio(pb.StreamRequest(prompt=prompt)):
        match message.WhichOneof("content"):
            case "action_message":
                said_at = said_at or message.action_message.args["at"]
            case "audio_chunk":
                heard_at = heard_at or time.monotonic()
                audio = message.audio_chunk
                figures.sound += seconds_of(audio.audio_data, audio.sample_rate)
    figures.first.append(heard_at - said_at)
    figures.asked.append(heard_at - asked_at)


async def lag(stub: Any, prompt: str = "lag") -> Any:
    """Ask for the lag of the server's event loop since the prompt ``reset``."""
    messages = [message async for message in stub.StreamAudio(pb.StreamRequest(prompt=prompt))]
    return messages[0].action_message.args


def row(name: str, values: Iterable[float], digits: int = 1) -> str:
    """Return a line of a table."""
    return f"{name:52}" + "".join(f"{value:12.{digits}f}" for value in values)


async def real_speech() -> None:
    """Print the second table."""
    alone, together = Figures(), Figures()
    async with serving(SETTINGS) as (stub, _process):
        await listen(stub, "012", Figures())  # warm up
        await lag(stub, "reset")
        for number in range(ALONE):
            await asyncio.sleep(PAUSE)
            await listen(stub, str(number % len(TEXTS)), alone)
        lag_alone = await lag(stub)
        await lag(stub, "reset")
        began = time.monotonic()
        await asyncio.gather(*(listen(stub, "012", together) for _ in range(AT_ONCE)))
        seconds = time.monotonic() - began
        lag_together = await lag(stub)
    print(f"\n{'espeak through the whole server':52}{'alone':>12}{f'{AT_ONCE} at once':>12}")
    for what, measured in (
        ("sentence complete to first audio", (alone.first, together.first)),
        ("request to first audio", (alone.asked, together.asked)),
    ):
        for part, name in ((49, "p50"), (98, "p99")):
            values = [statistics.quantiles(seconds, n=100)[part] * 1000 for seconds in measured]
            print(row(f"{what}, {name} ms", values))
    for name in ("p50", "p99", "max"):
        print(row(f"event loop lag, {name} ms", [lags[name] * 1000 for lags in (lag_alone, lag_together)]))
    print(f"{'seconds of speech in a second':52}{'':12}{together.sound / seconds:12.0f}")


async def memory() -> None:
    """Print the third table. Some streams run at once until the sentences of ``MEMORY_AFTER`` were spoken."""
    prompt = "".join(str(number % len(TEXTS)) for number in range(SENTENCES_A_STREAM))
    streams = 0

    async def ask(stub: Any, numbers: Iterator[int]) -> None:
        for _ in numbers:
            await listen(stub, prompt, Figures())

    print(f"{'resident memory after sentences of espeak, MB':52}{'server':>12}{'its workers':>12}")
    async with serving(SETTINGS) as (stub, process):
        for sentences in MEMORY_AFTER:
            more = iter(range(streams, sentences // SENTENCES_A_STREAM))
            streams = sentences // SENTENCES_A_STREAM
            await asyncio.gather(*(ask(stub, more) for _ in range(STREAMS_AT_ONCE)))
            held = [process.memory_info().rss, sum(worker.memory_info().rss for worker in process.children())]
            print(row(str(sentences), [value / 1e6 for value in held]), flush=True)


async def main() -> None:
    """Print what can be measured here."""
    if importlib.util.find_spec("espeakng_loader") is None:
        await compare()
        print("\nespeak is not installed: pip install 'stentor[espeak]'")
    elif sys.argv[1:] == ["memory"]:
        await memory()
    else:
        await compare()
        await real_speech()


if __name__ == "__main__":
    asyncio.run(main())
