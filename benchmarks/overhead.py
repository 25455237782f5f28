"""What the chain and the pipeline cost: Stentor beside a bare grpc.aio handler that builds and yields the same
messages.

Both run in processes of their own and are asked in turns by one client, so that a noisy machine is noisy to both;
look at the ratios. ``python -m benchmarks.overhead [ROUNDS]``
"""

import asyncio
import statistics
import sys
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import psutil

from benchmarks.serving import listening, serving
from pipeline.interfaces import Turn, Voice
from protos import streaming_pb2 as pb
from protos import streaming_pb2_grpc as pb_grpc

SETTINGS = """
[server]
port = 0
[limits]
max_concurrent_streams = 256
[pipeline]
llm = { kind = "custom", factory = "benchmarks.overhead:Model" }
tts = { kind = "custom", factory = "benchmarks.overhead:Speech" }
[logging]
level = "WARNING"
"""

SHORT, LONG = 1, 40
"""Sentences of an answer: the difference between the two is the cost of messages, the rest that of a stream."""

STREAMS = {SHORT: 300, LONG: 15}
AT_ONCE = 64

SENTENCE = " This is one sentence of an ordinary answer."
PIECE = b"\0" * 8820
"""0.2 seconds at 22,050 Hz: one message."""

PIECES = 10
SAMPLE_RATE = 22050


class Model:
    """Answers with as many sentences as the prompt says, and costs next to nothing, as ``Speech`` does."""

    async def stream(self, turn: Turn) -> AsyncIterator[str]:
        """Yield one delta for each sentence."""
        for _ in range(int(turn.prompt)):
            yield SENTENCE


class Speech:
    """Speaks two seconds of silence for each sentence."""

    sample_rate = SAMPLE_RATE

    async def synthesize(self, _text: str, _voice: Voice) -> AsyncIterator[bytes]:
        """Yield ten messages' worth."""
        for _ in range(PIECES):
            yield PIECE


class BareHandler(pb_grpc.StreamingServiceServicer):
    """No session, no limits, no errors, no pipeline: the least that a server of these messages could be."""

    async def StreamAudio(self, request: pb.StreamRequest, _context: Any) -> AsyncIterator[pb.StreamResponse]:
        """The messages that Stentor gives for the same request, built one by one."""
        sequence = 0
        for index in range(1, int(request.prompt) + 1):
            sequence += 1
            yield pb.StreamResponse(text_chunk=SENTENCE, sentence_index=index, sequence=sequence)
            for piece in range(PIECES + 1):
                sequence += 1
                pcm = PIECE if piece < PIECES else b""
                audio = pb.AudioChunk(
                    audio_data=pcm, dtype="int16", shape=(len(pcm) // 2,), sample_rate=SAMPLE_RATE, channels=1
                )
                yield pb.StreamResponse(
                    audio_chunk=audio, sentence_index=index, final=piece == PIECES, sequence=sequence
                )
        yield pb.StreamResponse(end_message="done", end=pb.EndInfo(sentences=index), sequence=sequence + 1)


async def serve_bare() -> None:
    """Listen until killed."""
    server = grpc.aio.server()
    pb_grpc.add_StreamingServiceServicer_to_server(BareHandler(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"listening on 127.0.0.1:{port}", flush=True)
    await server.wait_for_termination()


@dataclass
class Contender:
    """One server: its client side, its process, and what was measured of it."""

    stub: Any
    process: psutil.Process
    cpu: dict[int, list[float]] = field(default_factory=lambda: {SHORT: [], LONG: []})
    messages: dict[int, int] = field(default_factory=dict)
    first: list[float] = field(default_factory=list)

    async def ask(self, sentences: int) -> int:
        """One answer; the number of its messages."""
        call = self.stub.StreamAudio(pb.StreamRequest(prompt=str(sentences)))
        return len([message async for message in call])

    async def measure(self, sentences: int) -> None:
        """CPU seconds of the server for one stream, the mean of many, one after the other; the least of all rounds
        counts.
        """
        before = sum(self.process.cpu_times()[:2])
        for _ in range(STREAMS[sentences]):
            self.messages[sentences] = await self.ask(sentences)
        self.cpu[sentences].append((sum(self.process.cpu_times()[:2]) - before) / STREAMS[sentences])

    async def measure_first(self) -> None:
        """Milliseconds to the first message, of many streams that begin at once."""

        async def one() -> None:
            began = time.perf_counter()
            call = self.stub.StreamAudio(pb.StreamRequest(prompt=str(SHORT)))
            await anext(aiter(call))
            self.first.append((time.perf_counter() - began) * 1000)
            async for _ in call:
                pass

        await asyncio.gather(*(one() for _ in range(AT_ONCE)))

    @property
    def per_message(self) -> float:
        """Microseconds of CPU."""
        spent = min(self.cpu[LONG]) - min(self.cpu[SHORT])
        return spent / (self.messages[LONG] - self.messages[SHORT]) * 1e6

    @property
    def per_stream(self) -> float:
        """Microseconds of CPU beside those of its messages."""
        return min(self.cpu[SHORT]) * 1e6 - self.per_message * self.messages[SHORT]


async def main(rounds: int) -> None:
    """Measure in turns and print the table."""
    async with listening("benchmarks.overhead", "bare") as bare_handler, serving(SETTINGS) as stentor:
        bare, ours = Contender(*bare_handler), Contender(*stentor)
        for one in (bare, ours):  # warm up
            await one.measure(SHORT)
            one.cpu[SHORT].clear()
        for _ in range(rounds):
            for work in (SHORT, LONG):
                for one in (bare, ours):
                    await one.measure(work)
            for one in (bare, ours):
                await one.measure_first()
    report(bare, ours)


def report(bare: Contender, ours: Contender) -> None:
    """The figures side by side."""
    assert bare.messages == ours.messages, "both must give the same messages"
    cuts = [statistics.quantiles(one.first, n=100) for one in (bare, ours)]
    rows = [
        ("CPU per message, µs", bare.per_message, ours.per_message),
        ("CPU per stream set-up, µs", bare.per_stream, ours.per_stream),
        (f"first message of {AT_ONCE} at once, p50 ms", cuts[0][49], cuts[1][49]),
        (f"first message of {AT_ONCE} at once, p99 ms", cuts[0][98], cuts[1][98]),
    ]
    print(f"{'':42}{'bare':>10}{'stentor':>10}{'ratio':>8}")
    for name, base, mine in rows:
        print(f"{name:42}{base:10.1f}{mine:10.1f}{mine / base:8.2f}")


if __name__ == "__main__":
    if sys.argv[1:] == ["bare"]:
        asyncio.run(serve_bare())
    else:
        asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else 5))
