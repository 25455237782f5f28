"""What the chain and the pipeline cost: Stentor beside a bare grpc.aio handler that builds and yields the same
messages.

Both run in processes of their own, with logs at INFO, and one client asks them in turns. Each turn is a pair: the CPU
time of both by the kernel's scheduler, and the ratio of the two. The table has the medians of all pairs, which a noisy
machine hardly moves; look at the ratios. All run on one core: with two, what a message costs depends on whether the
other one happens to be free. Linux only. ``python -m benchmarks.overhead [PAIRS]``
"""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc

from benchmarks.serving import listening, serving
from pipeline.events import Sentence
from pipeline.interfaces import Turn, Voice
from protos import streaming_pb2 as pb
from protos import streaming_pb2_grpc as pb_grpc

SETTINGS = """
[server]
port = 0
[limits]
max_concurrent_streams = 1024
[pipeline]
llm = { kind = "custom", factory = "benchmarks.overhead:Model" }
[logging]
level = "INFO"
"""
SPOKEN = f'{SETTINGS}[pipeline.tts]\nkind = "custom"\nfactory = "benchmarks.overhead:Speech"\n'
WRITTEN = (
    f'{SETTINGS}[pipeline.tts]\nkind = "off"\n'
    '[pipeline.segmenter]\nkind = "custom"\nfactory = "benchmarks.overhead:PassThrough"\n'
)

PAIRS = 15
AT_ONCE = 64
HELD = 1000
TOKENS = tuple(" This is one sentence of a quite ordinary answer.".replace(" ", "\0 ").split("\0")[1:])
TOKEN_SECONDS = 0.02
PIECE = b"\0" * 8820
"""0.2 seconds at 22,050 Hz: one message."""

PIECES = 10
SAMPLE_RATE = 22050


async def written(prompt: str) -> AsyncIterator[str]:
    """Yield the model's tokens. *prompt*: how many sentences, how many tokens a piece, how many seconds a piece."""
    sentences, whole, pause = prompt.split()
    pieces = ("".join(TOKENS),) if int(whole) else TOKENS
    for _ in range(int(sentences)):
        for piece in pieces:
            yield piece
            if float(pause):
                await asyncio.sleep(float(pause))


class Model:
    """Writes what the prompt says and costs next to nothing, as ``Speech`` and ``PassThrough`` do."""

    def stream(self, turn: Turn) -> AsyncIterator[str]:
        """Yield the tokens."""
        return written(turn.prompt)


class PassThrough:
    """Takes each delta for a sentence."""

    def feed(self, text: str) -> Iterator[Sentence]:
        """Yield *text*."""
        yield Sentence(0, text)

    def flush(self) -> tuple[()]:
        """Nothing is left."""
        return ()


class Speech:
    """Speaks two seconds of silence for each sentence."""

    sample_rate = SAMPLE_RATE

    async def synthesize(self, _text: str, _voice: Voice) -> AsyncIterator[bytes]:
        """Yield ten messages' worth."""
        for _ in range(PIECES):
            yield PIECE


class BareHandler(pb_grpc.StreamingServiceServicer):
    """No session, no limits, no errors, no pipeline: the least that a server of these messages could be."""

    def __init__(self, speaks: bool) -> None:
        self._chunks = PIECES + 1 if speaks else 0

    async def StreamAudio(self, request: pb.StreamRequest, _context: Any) -> AsyncIterator[pb.StreamResponse]:
        """The messages that Stentor gives for the same request, built one by one."""
        sequence = index = 0
        text = ""
        async for token in written(request.prompt):
            text += token
            if not text.endswith("."):
                continue
            index += 1
            sequence += 1
            yield pb.StreamResponse(text_chunk=text, sentence_index=index, sequence=sequence)
            text = ""
            for piece in range(self._chunks):
                sequence += 1
                pcm = PIECE if piece < PIECES else b""
                audio = pb.AudioChunk(
                    audio_data=pcm, dtype="int16", shape=(len(pcm) // 2,), sample_rate=SAMPLE_RATE, channels=1
                )
                yield pb.StreamResponse(
                    audio_chunk=audio, sentence_index=index, final=piece == PIECES, sequence=sequence
                )
        yield pb.StreamResponse(end_message="done", end=pb.EndInfo(sentences=index), sequence=sequence + 1)


async def serve_bare(speaks: bool) -> None:
    """Listen until killed."""
    server = grpc.aio.server()
    pb_grpc.add_StreamingServiceServicer_to_server(BareHandler(speaks), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"listening on 127.0.0.1:{port}", flush=True)
    await server.wait_for_termination()


@dataclass(frozen=True, slots=True)
class Case:
    """Some streams of *prompt*, *at_once* of them in flight, asked of the servers that speak or of those that do not.

    ``per_message``: the figure is the cost of a message, else that of a stream.
    """

    name: str
    speaks: bool
    prompt: str
    streams: int
    at_once: int
    per_message: bool


CASES = (
    Case("a message with sound, µs", True, "40 1 0", 8, 8, True),
    Case("a message with text, µs", False, "400 1 0", 8, 8, True),
    Case("a stream of two messages, alone, µs", False, "1 1 0", 200, 1, False),
    Case(f"the same, {AT_ONCE} in flight, µs", False, "1 1 0", 320, AT_ONCE, False),
    Case(f"{AT_ONCE} spoken answers at 50 tokens/s, a message, µs", True, f"4 0 {TOKEN_SECONDS}", 64, 64, True),
)


@dataclass
class Pairs:
    """What was measured of a case: the bare handler's value and Stentor's, side by side."""

    values: list[tuple[float, float]] = field(default_factory=list)

    def row(self, name: str) -> str:
        """A line of the table. The ratio is the median of the pairs' ratios."""
        bare, ours = (statistics.median(side) for side in zip(*self.values, strict=True))
        ratio = statistics.median(mine / base for base, mine in self.values)
        return f"{name:52}{bare:10.1f}{ours:10.1f}{ratio:8.2f}"


@dataclass(frozen=True, slots=True)
class Contender:
    """One server: its client side and its process."""

    stub: Any
    process: int

    async def ask(self, prompt: str) -> tuple[int, float]:
        """One answer: the number of its messages, and the milliseconds to the first one."""
        began = time.perf_counter()
        call = self.stub.StreamAudio(pb.StreamRequest(prompt=prompt))
        await anext(aiter(call))
        first = (time.perf_counter() - began) * 1000
        return 1 + len([message async for message in call]), first

    async def cost(self, case: Case) -> float:
        """Microseconds of CPU for a message or a stream."""
        before = self._spent()
        messages = 0
        for _ in range(case.streams // case.at_once):
            answers = await asyncio.gather(*(self.ask(case.prompt) for _ in range(case.at_once)))
            messages += sum(count for count, _ in answers)
        spent = sum(after - before.get(task, 0) for task, after in self._spent().items())
        return spent / 1000 / (messages if case.per_message else case.streams)

    async def first(self) -> float:
        """Milliseconds to the first message: the median of many streams that begin at once."""
        answers = await asyncio.gather(*(self.ask("1 1 0") for _ in range(AT_ONCE)))
        return statistics.median(first for _, first in answers)

    async def held(self) -> float:
        """KiB of memory for a stream that is held open behind its first sentence."""
        await asyncio.gather(*(self.ask("1 1 0") for _ in range(AT_ONCE)))
        before = self._memory()
        calls = [self.stub.StreamAudio(pb.StreamRequest(prompt="2 1 600")) for _ in range(HELD)]
        for call in calls:
            await anext(aiter(call))
        await asyncio.sleep(1)
        after = self._memory()
        for call in calls:
            call.cancel()
        return (after - before) / HELD

    def _memory(self) -> float:
        status = Path(f"/proc/{self.process}/status").read_text()
        return float(status.split("RssAnon:")[1].split()[0])

    def _spent(self) -> dict[str, int]:
        """Nanoseconds that each thread has run."""
        tasks = Path(f"/proc/{self.process}/task")
        return {task.name: int((task / "schedstat").read_text().split()[0]) for task in tasks.iterdir()}


async def paired(
    pairs: int, bare: Contender, ours: Contender, measure: Callable[[Contender], Awaitable[float]]
) -> Pairs:
    """Measure both in turns; who begins changes."""
    found = Pairs()
    for number in range(-1, pairs):
        pair = {one: await measure(one) for one in ((bare, ours) if number % 2 else (ours, bare))}
        if number >= 0:  # the first pair warms up
            found.values.append((pair[bare], pair[ours]))
    return found


async def both(stack: AsyncExitStack, speaks: bool) -> tuple[Contender, Contender]:
    """The bare server and Stentor, which run until *stack* is left."""
    bare = await stack.enter_async_context(listening("benchmarks.overhead", "bare", "spoken" * speaks))
    ours = await stack.enter_async_context(serving(SPOKEN if speaks else WRITTEN, logs=True))
    return Contender(bare[0], bare[1].pid), Contender(ours[0], ours[1].pid)


async def main(pairs: int) -> None:
    """Measure in turns and print the table."""
    async with AsyncExitStack() as stack:
        contenders = {speaks: await both(stack, speaks) for speaks in (True, False)}
        print(f"{'CPU; medians of pairs':52}{'bare':>10}{'stentor':>10}{'ratio':>8}")
        for case in CASES:

            async def cost(one: Contender, case: Case = case) -> float:
                return await one.cost(case)

            print((await paired(pairs, *contenders[case.speaks], cost)).row(case.name), flush=True)
        first = await paired(pairs, *contenders[True], Contender.first)
        print(first.row(f"first message of {AT_ONCE} at once, p50 ms"), flush=True)
    held = Pairs()
    for _ in range(3):  # each time anew: a process gives little of its memory back
        async with AsyncExitStack() as stack:
            bare, ours = await both(stack, True)
            held.values.append((await bare.held(), await ours.held()))
    print(held.row("a stream held in mid-answer, KiB"))


if __name__ == "__main__":
    if sys.argv[1:2] == ["bare"]:
        asyncio.run(serve_bare("spoken" in sys.argv))
    else:
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else PAIRS))
