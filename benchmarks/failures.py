"""How soon a failure is heard: refusals of a full server with their sound, beside the same refusals without.

Each is the time from sending the request to the whole error_message, which nothing but the refusal comes before. A
server with one place, then one with 64 places that are all taken by answers under way, which espeak speaks.
``python -m benchmarks.failures``
"""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc

from benchmarks.serving import serving
from pipeline.interfaces import Turn
from protos import streaming_pb2 as pb

SETTINGS = """
[server]
port = 0
[limits]
max_concurrent_streams = {places}
[pipeline]
llm = {{ kind = "custom", factory = "benchmarks.failures:Model" }}
[logging]
level = "WARNING"
"""

REFUSALS = 400
AT_ONCE = (1, 50)
PLACES = (1, 64)
WORD_SECONDS = 0.1


class Model:
    """Writes for ever, ten words a second."""

    async def stream(self, _turn: Turn) -> AsyncIterator[str]:
        """Yield short sentences."""
        while True:
            for word in ("This ", "goes ", "on ", "and ", "on. "):
                yield word
                await asyncio.sleep(WORD_SECONDS)


async def refused(stub: Any, number: int, spoken: bool) -> float:
    """Milliseconds until a refused request has its last message."""
    request = pb.StreamRequest(prompt="And now?", session_id=f"other-{number}", speak_errors=spoken or None)
    call = stub.StreamAudio(request)
    began = time.perf_counter()
    message = await anext(aiter(call))
    took = (time.perf_counter() - began) * 1000
    if not message.error_message or bool(message.error_audio.audio_data) is not spoken:
        raise RuntimeError(f"not the refusal that was wanted: {message.error_message}")
    call.cancel()
    return took


async def measure(stub: Any, at_once: int) -> tuple[list[float], list[float]]:
    """The times without and with sound, in turns."""
    times: tuple[list[float], list[float]] = ([], [])
    while len(times[0]) < REFUSALS:
        for spoken in (False, True):
            times[spoken].extend(await asyncio.gather(*(refused(stub, n, spoken) for n in range(at_once))))
    return times


async def drain(call: Any) -> None:
    """Read a call until it is cancelled."""
    try:
        async for _ in call:
            pass
    except (grpc.aio.AioRpcError, asyncio.CancelledError):
        pass


async def full(places: int) -> None:
    """Measure a server whose places are all taken, and print its rows."""
    async with serving(SETTINGS.format(places=places)) as (stub, _):
        calls = [stub.StreamAudio(pb.StreamRequest(prompt="Go on.", session_id=f"s{n}")) for n in range(places)]
        readers = [asyncio.create_task(drain(call)) for call in calls]
        await asyncio.gather(*(call.initial_metadata() for call in calls))
        await refused(stub, 0, True)
        for at_once in AT_ONCE:
            silent, spoken = map(sorted, await measure(stub, at_once))
            half = [statistics.median(times) for times in (silent, spoken)]
            last = [times[int(len(times) * 0.99)] for times in (silent, spoken)]
            print(
                f"{places:4} answers under way, {at_once:3} refusals at once"
                f"{half[0]:10.1f}{half[1]:10.1f}{half[1] / half[0]:8.2f}{last[0]:12.1f}{last[1]:10.1f}"
            )
        for call in calls:
            call.cancel()
        await asyncio.gather(*readers)


async def main() -> None:
    """Measure in turns and print the table."""
    print(f"{'':43}{'silent':>10}{'spoken':>10}{'ratio':>8}{'silent p99':>12}{'p99, ms':>10}")
    for places in PLACES:
        await full(places)


if __name__ == "__main__":
    asyncio.run(main())
