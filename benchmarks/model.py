"""Measure what reading a model's answer costs: Stentor's model stage beside the openai SDK (extra ``test``), and beside
aiohttp and bare asyncio, which both only count the events. All read the same scripted events from one server in a
process of its own, in turns, so that a noisy machine is noisy to all. And how soon the first text leaves the server.

``python -m benchmarks.model [ROUNDS]``
"""

import asyncio
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.serving import serving
from pipeline.events import TextDelta
from pipeline.interfaces import Turn
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
    from app.settings.stages import OpenAIModelSettings
    from app.stages.model import openai_model

    tables = [OpenAIModelSettings(base_url=url, model=name) for name in (f"{EVENTS}/0", f"{TOKENS}/{RATE}")]
    models = {table.model: openai_model(table, Path(), None) for table in tables}

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


@asynccontextmanager
async def plain(url: str) -> AsyncIterator[Ask]:
    """aiohttp as it comes, which only counts."""
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as client:

        async def ask(name: str) -> int:
            count = 0
            async with client.post(f"{url}/chat/completions", json={"model": name}) as response:
                async for piece in response.content.iter_any():
                    count += piece.count(b" token")
            return count

        yield ask


class Counting(asyncio.Protocol):
    """The least that can be done with an answer: its bytes are taken and events are counted in them."""

    def __init__(self) -> None:
        self.count = 0
        self.over = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        """asyncio's: bytes came."""
        self.count += data.count(b" token")
        if b"[DONE]" in data:
            self.over.set_result(None)


@asynccontextmanager
async def bare(url: str) -> AsyncIterator[Ask]:
    """Bare asyncio: what no client in Python on this loop and machine can go below."""
    port = int(url.split(":")[2].removesuffix("/v1"))

    async def ask(name: str) -> int:
        transport, answer = await asyncio.get_running_loop().create_connection(Counting, "127.0.0.1", port)
        body = json.dumps({"model": name}).encode()
        transport.write(b"POST / HTTP/1.1\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
        await answer.over
        transport.close()
        return answer.count

    yield ask


async def measure(clients: Sequence[Callable[[str], Any]], url: str, rounds: int) -> list[tuple[float, float]]:
    """For each client, in turns: µs of CPU for each event of one fast answer, and of many slow ones at once."""
    fast: list[list[float]] = [[] for _ in clients]
    slow: list[list[float]] = [[] for _ in clients]
    async with AsyncExitStack() as stack:
        asks = [await stack.enter_async_context(make(url)) for make in clients]
        for number in range(rounds + 1):  # the first one only imports and connects
            for ask, spent in zip(asks, fast, strict=True):
                began = time.process_time()
                assert await ask(f"{EVENTS}/0") == EVENTS
                spent += [(time.process_time() - began) / EVENTS * 1e6] * bool(number)
        for _ in range(max(1, rounds // 2)):
            for ask, spent in zip(asks, slow, strict=True):
                began = time.process_time()
                assert await asyncio.gather(*(ask(f"{TOKENS}/{RATE}") for _ in range(STREAMS))) == [TOKENS] * STREAMS
                spent.append((time.process_time() - began) / STREAMS / TOKENS * 1e6)
    return [(statistics.median(one), statistics.median(many)) for one, many in zip(fast, slow, strict=True)]


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
        spent = await measure((stentor, sdk, plain, bare), url, rounds)
        loaded = [imported(name) for name in ("pipeline.llm.openai.model", "openai", "aiohttp", "asyncio")]
        first = statistics.quantiles(await first_text(url), n=100)
    finally:
        server.terminate()
        await server.wait()
    names = ("CPU per event, one fast answer, µs", f"CPU per event, {STREAMS} answers of {RATE}/s, µs")
    print(f"{'':42}{'stentor':>10}{'openai':>10}{'aiohttp':>10}{'asyncio':>10}")
    columns = [(*cpu, *imports) for cpu, imports in zip(spent, loaded, strict=True)]
    for name, row in zip((*names, "import, s of CPU", "import, MB"), zip(*columns, strict=True), strict=True):
        print(f"{name:42}" + "".join(f"{value:10.2f}" for value in row))
    loads = ", ".join(f"{cpu[1] * RATE * STREAMS / 1e6:.2f}" for cpu in spent)
    print(f"cores for {STREAMS} answers of {RATE} events a second, in the same order: {loads}")
    print(f"model server to client, first sentence, ms: median {first[49]:.1f}, 99 % {first[98]:.1f}")


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        asyncio.run(run_server())
    else:
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        asyncio.run(main(int(sys.argv[1]) if sys.argv[1:] else 5))
