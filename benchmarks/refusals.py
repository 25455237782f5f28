"""How fast a second request of a session is refused: Stentor beside a bare grpc.aio handler that waits as long.

The server waits 0.1 s for the end of the running stream before it refuses, since a client's cancel may be on its way.
The bare handler sleeps for 0.1 s and aborts. ``python -m benchmarks.refusals``
"""

import asyncio
import statistics
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import grpc

from benchmarks.serving import listening, serving
from pipeline.interfaces import Turn
from protos import streaming_pb2 as pb
from protos import streaming_pb2_grpc as pb_grpc

SETTINGS = """
[server]
port = 0
[pipeline]
llm = { kind = "custom", factory = "benchmarks.refusals:Model" }
tts = { kind = "off" }
[logging]
level = "WARNING"
"""

GRACE_SECONDS = 0.1
REQUESTS = 1000
AT_ONCE = 50


class Model:
    """Begins an answer and never ends it."""

    async def stream(self, _turn: Turn) -> AsyncIterator[str]:
        """Yield one sentence, then hang."""
        yield "This goes on. "
        await asyncio.Event().wait()


class BareHandler(pb_grpc.StreamingServiceServicer):
    """Refuses every request, as late as Stentor refuses a duplicate."""

    async def StreamAudio(self, _request: pb.StreamRequest, context: Any) -> AsyncIterator[pb.StreamResponse]:
        """One message, then a status."""
        await asyncio.sleep(GRACE_SECONDS)
        yield pb.StreamResponse(error_message="refused")
        await context.abort(grpc.StatusCode.RESOURCE_EXHAUSTED, "refused")


async def serve_bare() -> None:
    """Listen until killed."""
    server = grpc.aio.server()
    pb_grpc.add_StreamingServiceServicer_to_server(BareHandler(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    print(f"listening on 127.0.0.1:{port}", flush=True)
    await server.wait_for_termination()


async def refused(stub: Any) -> float:
    """Milliseconds until a request has its status."""
    began = time.perf_counter()
    try:
        async for _ in stub.StreamAudio(pb.StreamRequest(prompt="And now?", session_id="s", hardware_id="h")):
            pass
    except grpc.aio.AioRpcError as error:
        if error.code() is not grpc.StatusCode.RESOURCE_EXHAUSTED:
            raise
    return (time.perf_counter() - began) * 1000


async def measure(stub: Any) -> list[float]:
    """The times of all requests, ``AT_ONCE`` of them at a time."""
    await refused(stub)  # warm up
    times: list[float] = []
    while len(times) < REQUESTS:
        times += await asyncio.gather(*(refused(stub) for _ in range(AT_ONCE)))
    return times


async def main() -> None:
    """Measure in turns and print the table."""
    async with listening("benchmarks.refusals", "bare") as (bare, _), serving(SETTINGS) as (ours, _):
        held = ours.StreamAudio(pb.StreamRequest(prompt="Go on.", session_id="s", hardware_id="h"))
        await held.initial_metadata()
        cuts = [statistics.quantiles(await measure(stub), n=100) for stub in (bare, ours)]
        held.cancel()
    print(f"{REQUESTS} refused requests, {AT_ONCE} at once{'bare':>20}{'stentor':>10}{'ratio':>8}")
    for name, at in (("p50, ms", 49), ("p99, ms", 98)):
        print(f"{name:40}{cuts[0][at]:17.0f}{cuts[1][at]:10.0f}{cuts[1][at] / cuts[0][at]:8.2f}")


if __name__ == "__main__":
    asyncio.run(serve_bare() if sys.argv[1:] == ["bare"] else main())
