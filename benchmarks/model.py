"""What reading a model's answer costs: Stentor's model stage beside the openai SDK (extra ``bench``), the same scripted
events from one server in a process of its own, in turns, so that a noisy machine is noisy to both. And how soon the
first text leaves through the whole server.

``python -m benchmarks.model [ROUNDS]``
"""

import asyncio
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

from benchmarks.serving import serving
from pipeline.events import TextDelta
from pipeline.stage import Turn
from protos import streaming_pb2 as pb

EVENTS = 2000
"""Of one answer that comes as fast as it is read, each event in a packet of its own as far as the kernel lets it."""

STREAMS, TOKENS, RATE = 100, 300, 100
"""Answers at once, events in each, events a second in each."""

STAMPED = "stamped"
"""The model that says the time: what is measured from the write of that event to the arrival of the sentence."""

ASKED = 100
PAUSE = 0.02
"""So many such turns one after another, with a pause in which the machine is idle again."""

SETTINGS = """
[server]
port = 0
[pipeline]
llm = {{ kind = "openai", base_url = "{url}", model = "stamped", api_key_env = "" }}
tts = {{ kind = "off" }}
[logging]
level = "WARNING"
"""


def event(content: str, finish: str | None = None) -> bytes:
    """A chunk as OpenAI sends it, about 230 bytes."""
    choice = {"index": 0, "delta": {"content": content}, "logprobs": None, "finish_reason": finish}
    body = {
        "id": "chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz",
        "object": "chat.completion.chunk",
        "created": 1760000000,
        "model": "gpt-benchmark",
        "system_fingerprint": "fp_0123456789",
        "choices": [choice],
    }
    data = b"data: " + json.dumps(body).encode() + b"\n\n"
    return b"%x\r\n%b\r\n" % (len(data), data)


HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
TOKEN = event(" token")
END = event("", "stop") + b"e\r\ndata: [DONE]\n\n\r\n0\r\n\r\n"


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer each request with the number of events that its ``model`` names, at a rate a second that follows it; or
    with the time.
    """
    while head := await reader.readline():
        while (line := await reader.readline()) != b"\r\n":
            head += line
        length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
        model = json.loads(await reader.readexactly(length))["model"]
        writer.write(HEAD)
        if model == STAMPED:
            await asyncio.sleep(PAUSE)
            writer.write(event(f"It is {time.monotonic():.6f} seconds since then. N"))
            await asyncio.sleep(PAUSE)
        else:
            await tokens(writer, *map(int, model.split("/")))
        writer.write(END)


async def tokens(writer: asyncio.StreamWriter, count: int, rate: int) -> None:
    """So many events, so many a second; 0: as fast as they are taken."""
    began = time.monotonic()
    for number in range(count):
        writer.write(TOKEN)
        await writer.drain()
        await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()) if rate else 0)


async def run_server() -> None:
    """Listen until killed."""
    server = await asyncio.start_server(serve, "127.0.0.1", 0, backlog=1000)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


Ask = Callable[[str], Awaitable[int]]


@asynccontextmanager
async def stentor(url: str) -> AsyncIterator[Ask]:
    """Ours."""
    from pipeline.llm.openai import OpenAIModel

    models = {name: OpenAIModel(base_url=url, model=name) for name in (f"{EVENTS}/0", f"{TOKENS}/{RATE}")}

    async def ask(name: str) -> int:
        async with aclosing(models[name].stream(Turn("s", "Hello"))) as events:
            return len([event async for event in events if isinstance(event, TextDelta)])

    try:
        yield ask
    finally:
        for model in models.values():
            await model.aclose()


@asynccontextmanager
async def sdk(url: str) -> AsyncIterator[Ask]:
    """The openai SDK."""
    from openai import AsyncOpenAI

    async with AsyncOpenAI(base_url=url, api_key="none") as client:

        async def ask(name: str) -> int:
            messages: Any = [{"role": "user", "content": "Hello"}]
            async with await client.chat.completions.create(model=name, messages=messages, stream=True) as stream:
                return len([part async for part in stream if part.choices and part.choices[0].delta.content])

        yield ask


async def measure(make: Callable[[str], Any], url: str, rounds: int) -> tuple[float, float]:
    """Microseconds of CPU for each event of one fast answer, and of many slow ones at once."""
    fast, slow = [], []
    async with make(url) as ask:
        for _ in range(rounds + 1):
            began = time.process_time()
            assert await ask(f"{EVENTS}/0") == EVENTS
            fast.append((time.process_time() - began) / EVENTS * 1e6)
        began = time.process_time()
        assert await asyncio.gather(*(ask(f"{TOKENS}/{RATE}") for _ in range(STREAMS))) == [TOKENS] * STREAMS
        slow.append((time.process_time() - began) / STREAMS / TOKENS * 1e6)
    return statistics.median(fast[1:]), statistics.median(slow)


async def first_text(url: str) -> list[float]:
    """Milliseconds from the event that ends the first sentence, as the model server writes it, to its arrival at the
    client of the whole server, three processes away.
    """
    taken: list[float] = []
    async with serving(SETTINGS.format(url=url)) as (stub, _process):
        for _ in range(ASKED):
            messages = aiter(stub.StreamAudio(pb.StreamRequest(prompt="Hello")))
            sentence = (await anext(messages)).text_chunk
            taken.append((time.monotonic() - float(sentence.split()[2])) * 1000)
            async for _ in messages:
                pass
    return taken[5:]


def imported(module: str) -> tuple[float, float]:
    """Seconds of CPU and megabytes that importing *module* takes in a process of its own."""
    code = (
        "import time, asyncio, structlog, pipeline.events; b = time.process_time()\n"
        "import psutil; m = psutil.Process().memory_info().rss\n"
        f"import {module}\n"
        "print(time.process_time() - b, (psutil.Process().memory_info().rss - m) / 2**20)"
    )
    spent, taken = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout.split()
    return float(spent), float(taken)


async def main(rounds: int) -> None:
    """Measure and print the table."""
    server = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "benchmarks.model", "serve", stdout=asyncio.subprocess.PIPE
    )
    assert server.stdout is not None
    url = f"http://127.0.0.1:{int(await server.stdout.readline())}/v1"
    try:
        ours = (*await measure(stentor, url, rounds), *imported("pipeline.llm.openai"))
        theirs = (*await measure(sdk, url, rounds), *imported("openai"))
        first = statistics.quantiles(await first_text(url), n=100)
    finally:
        server.terminate()
        await server.wait()
    names = ("CPU per event, one fast answer, µs", f"CPU per event, {STREAMS} answers of {RATE}/s, µs")
    print(f"{'':42}{'stentor':>10}{'openai':>10}{'ratio':>8}")
    for name, mine, other in zip((*names, "import, s of CPU", "import, MB"), ours, theirs, strict=True):
        print(f"{name:42}{mine:10.2f}{other:10.2f}{other / mine:8.1f}")
    load = ours[1] * RATE * STREAMS / 1e6
    print(f"{STREAMS} answers of {RATE} events a second take {load:.2f} of a core in Stentor's model stage")
    print(f"model server to client, first sentence, ms: median {first[49]:.1f}, 99 % {first[98]:.1f}")


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        asyncio.run(run_server())
    else:
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else 5))
