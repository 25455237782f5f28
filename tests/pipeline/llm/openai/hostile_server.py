"""A model server that plays every fault, picked by the model's name: bytes on a socket, stdlib only.

A reply is a list of steps: bytes are sent, a number is a pause in seconds, HANG waits until the client hangs up, RESET
breaks the connection with an RST, CUT closes it in the middle.
"""

import asyncio
import json
import socket
import ssl
import struct
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from enum import Enum
from typing import Any


class Step(Enum):
    """What a reply does beside sending and pausing."""

    HANG = "hang"
    RESET = "reset"
    CUT = "cut"


HANG, RESET, CUT = Step
Steps = Sequence[bytes | float | Step]


@dataclass(frozen=True)
class Reply:
    """One response. *framing*: ``chunked``, ``close`` (the end of the connection is the end of the body), or ``raw``
    (the steps are all there is, head included).
    """

    body: Steps = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=lambda: {"content-type": "text/event-stream"})
    framing: str = "chunked"


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


def data(value: Any) -> bytes:
    """One event."""
    return b"data: " + json.dumps(value, ensure_ascii=False).encode() + b"\n\n"


def chunk(delta: Mapping[str, Any] | None = None, finish: str | None = None, index: int = 0, **extra: Any) -> bytes:
    """A chunk of a chat completion."""
    choice = {"index": index, "delta": delta or {}, "finish_reason": finish}
    return data(
        {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [choice], **extra}
    )


def text(content: Any) -> bytes:
    """A chunk of text."""
    return chunk({"content": content})


def tool(args: str, name: str = "open_app", index: int = 0) -> bytes:
    """A chunk of a tool call. The first chunk of a call has its name, further ones have ""."""
    named = {"id": f"c{index}", "type": "function"} if name else {}
    function = {"name": name, "arguments": args} if name else {"arguments": args}
    return chunk({"tool_calls": [{"index": index, **named, "function": function}]})


def usage(read: int = 7, written: int = 3) -> bytes:
    """The chunk after the last one."""
    counts = {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}
    return data(
        {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m", "choices": [], "usage": counts}
    )


DONE = b"data: [DONE]\n\n"
STOP = chunk(finish="stop")
WELL = Reply([chunk({"role": "assistant"}), text("Hello"), text(" there."), STOP, usage(), DONE])


def said(status: int, body: Any = None, **headers: str) -> Reply:
    """A response of another status, with a JSON body; header names in snake case."""
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply([raw] if raw else [], status, {"content-type": "application/json", **names})


class HostileServer:
    """Plays ``replies[model]``: one reply for each request of that model, the last one again and again.

    ``asked``: what was asked, in order. ``tasks``: one for each open connection. ``hung_up``: loop time at which a
    client left a reply that hangs. ``sent``: bytes that a client has taken.
    """

    def __init__(self, replies: Mapping[str, Reply | Sequence[Reply]]) -> None:
        self.replies = {name: [some] if isinstance(some, Reply) else list(some) for name, some in replies.items()}
        self.asked: list[Asked] = []
        self.connections = 0
        self.tasks: set[asyncio.Task[None]] = set()
        self.sent = 0
        self.hung_up: list[float] = []
        self.hanging = asyncio.Event()
        self.port = 0
        self._count: Counter[str] = Counter()

    @property
    def url(self) -> str:
        """What goes into ``base_url``."""
        return f"http://127.0.0.1:{self.port}/v1"

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection until it ends."""
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self.tasks.add(task)
        try:
            while (asked := await _request(reader)) is not None:
                self.asked.append(asked)
                if not await self._play(self._reply(asked), reader, writer):
                    break
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass  # the client has left, or the test is over
        finally:
            self.tasks.discard(task)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    def _reply(self, asked: Asked) -> Reply:
        name = asked.body["model"] if asked.body else asked.path.rpartition("/")[2]
        replies = self.replies[name]
        self._count[name] += 1
        return replies[min(self._count[name], len(replies)) - 1]

    async def _play(self, reply: Reply, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection may serve another request."""
        if reply.framing != "raw":
            writer.write(_head(reply))
        for step in reply.body:
            match step:
                case bytes():
                    writer.write(b"%x\r\n%b\r\n" % (len(step), step) if reply.framing == "chunked" else step)
                    await writer.drain()
                    self.sent += len(step)
                case Step.HANG:
                    self.hanging.set()
                    await reader.read()
                    self.hung_up.append(asyncio.get_running_loop().time())
                    return False
                case Step.RESET:
                    linger = struct.pack("ii", 1, 0)
                    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    writer.transport.abort()
                    return False
                case Step.CUT:
                    return False
                case _:
                    await asyncio.sleep(step)
        if reply.framing != "chunked":
            return False
        writer.write(b"0\r\n\r\n")
        await writer.drain()
        return True


def _head(reply: Reply) -> bytes:
    headers = dict(reply.headers)
    if reply.framing == "chunked":
        headers["transfer-encoding"] = "chunked"
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {reply.status} Whatever\r\n{lines}\r\n".encode()


async def _request(reader: asyncio.StreamReader) -> Asked | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").rstrip().split("\r\n")
    method, path, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method, path, headers, json.loads(body) if body else None)


@asynccontextmanager
async def hostile(
    replies: Mapping[str, Reply | Sequence[Reply]] | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[HostileServer]:
    """A server on a free port of 127.0.0.1 while the block runs."""
    playing = HostileServer(replies or {})
    server = await asyncio.start_server(playing.connected, "127.0.0.1", 0, backlog=1000, ssl=tls)
    playing.port = server.sockets[0].getsockname()[1]
    try:
        yield playing
    finally:
        server.close()
        for task in list(playing.tasks):
            task.cancel()
        await asyncio.gather(*playing.tasks)
