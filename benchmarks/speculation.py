"""How soon an answer is heard: with speculation beside without, in pairs of the same turn.

The model needs 400 ms to its first token; the COMMIT comes 500 ms, or a second, after the last word. Of ten turns one
pauses in the middle, so that its guess is spent too early, and three are committed with other blanks and an end mark.
``python -m benchmarks.speculation``
"""

import asyncio
import itertools
import statistics
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

from benchmarks.serving import serving
from pipeline.interfaces import Turn
from protos import streaming_pb2 as pb

SETTINGS = """
[server]
port = 0
[pipeline]
speculate = {speculate}
llm = {{ kind = "custom", factory = "benchmarks.speculation:Model" }}
[logging]
level = "WARNING"
"""

FIRST_TOKEN_SECONDS = 0.4
TOKENS_PER_SECOND = 40
WORD_SECONDS = 0.12
PAUSE_SECONDS = 0.5
COMMIT_SECONDS = (0.5, 1.0)
"""From the last change of the text to the COMMIT."""

TURNS = 30
AT_ONCE = 2
GOOD_MS = 60.0

QUESTION = ["tell", "me", "what", "stands", "in", "the", "second", "window"]
ANSWER = "The second window holds your notes. There are three of them, and the last one is from today."


class Model:
    """Answers after a while, as a large model does."""

    async def stream(self, _turn: Turn) -> AsyncIterator[str]:
        """Yield the answer word by word."""
        await asyncio.sleep(FIRST_TOKEN_SECONDS)
        for word in ANSWER.split(" "):
            yield f"{word} "
            await asyncio.sleep(1 / TOKENS_PER_SECOND)


async def turn(stub: Any, number: int, commit_seconds: float) -> float:
    """Milliseconds from the COMMIT of one turn to its first sound."""
    own = {"hardware_id": f"device {number}", "session_id": f"s{number}"}
    for seq in range(len(QUESTION)):
        if seq == len(QUESTION) // 2 and number % 10 == 0:
            await asyncio.sleep(PAUSE_SECONDS)
        text = " ".join(QUESTION[: seq + 1])
        chunk = pb.StreamRequest(phase=pb.REQUEST_PHASE_COLLECT, chunk_seq=seq, chunk_text=text, **own)
        await anext(aiter(stub.StreamAudio(chunk)))
        await asyncio.sleep(WORD_SECONDS if seq < len(QUESTION) - 1 else commit_seconds)
    prompt = f" {text}.\n" if number % 10 in (1, 2, 3) else text
    began = time.perf_counter()
    call = stub.StreamAudio(pb.StreamRequest(phase=pb.REQUEST_PHASE_COMMIT, prompt=prompt, **own))
    first = 0.0
    async for message in call:
        if message.audio_chunk.audio_data and not first:
            first = (time.perf_counter() - began) * 1000
    return first


async def measure() -> int:
    """Run both servers at once, and print what was heard when."""
    async with (
        serving(SETTINGS.format(speculate="true")) as (guessing, _),
        serving(SETTINGS.format(speculate="false")) as (waiting, _),
    ):
        await asyncio.gather(turn(guessing, TURNS, 0.5), turn(waiting, TURNS, 0.5))  # warm up
        for commit_seconds in COMMIT_SECONDS:
            print(f"COMMIT {commit_seconds * 1000:.0f} ms after the last change")
            report(*await compared(guessing, waiting, commit_seconds))
    return 0


async def compared(guessing: Any, waiting: Any, commit_seconds: float) -> tuple[list[float], list[float]]:
    """The times of the same turns with and without speculation, one after the other."""
    numbers = itertools.count()
    with_guess: list[float] = []
    without: list[float] = []

    async def pairs() -> None:
        while (number := next(numbers)) < TURNS:
            with_guess.append(await turn(guessing, number, commit_seconds))
            without.append(await turn(waiting, number, commit_seconds))

    await asyncio.gather(*(pairs() for _ in range(AT_ONCE)))
    return with_guess, without


def report(with_guess: list[float], without: list[float]) -> None:
    """Print one line for each, and their ratio."""
    for name, values in (("with speculation", with_guess), ("without", without)):
        good = sum(value <= GOOD_MS for value in values) / len(values)
        print(
            f"  {name:17} first sound p50 {statistics.median(values):6.1f} ms, worst {max(values):6.1f} ms,"
            f" within {GOOD_MS:.0f} ms {good:4.0%}"
        )
    print(f"  {'ratio':17} first sound p50 {statistics.median(with_guess) / statistics.median(without):6.2f}")


if __name__ == "__main__":
    sys.exit(asyncio.run(measure()))
