"""A real server on 127.0.0.1:0, made from a settings file, and a client for it."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status

from app.server import Running, running
from app.settings.load import load
from protos import streaming_pb2 as pb
from protos import streaming_pb2_grpc as pb_grpc
from tests.scripted import Diary, new_diary

SCRIPTED = """
[server]
port = 0
grace_seconds = {grace}
[limits]
{limits}
[pipeline]
llm = {{ kind = "custom", factory = "tests.scripted:ScriptedModel", options = {{ closing = {closing} }} }}
tts = {tts}
{pipeline}
"""

VOICE = '{ kind = "custom", factory = "tests.scripted:ScriptedSpeech" }'


def voice(more: str) -> str:
    """The scripted voice with *more* settings."""
    return VOICE.replace(" }", f", {more} }}")


BIG_VOICE = voice("options = { sample_rate = 384000, seconds_per_char = 0.6 }")
"""Messages of 150 kB: what a client that does not read still takes (4 MiB) is full after a sentence."""

FIXED_WINDOWS = (("grpc.http2.bdp_probe", 0),)
"""Else a busy machine makes gRPC take more and more for a client that does not read: once it was a gigabyte."""


@dataclass
class Answer:
    """All that came back from one call."""

    messages: list[Any] = field(default_factory=list)
    code: grpc.StatusCode | None = None
    details: str = ""
    initial: dict[str, Any] = field(default_factory=dict)
    trailers: dict[str, Any] = field(default_factory=dict)

    @property
    def kinds(self) -> list[str]:
        return [message.WhichOneof("content") or "warning" for message in self.messages]

    @property
    def texts(self) -> list[str]:
        return [message.text_chunk for message in self.messages if message.WhichOneof("content") == "text_chunk"]

    @property
    def commands(self) -> list[str]:
        return [m.action_message.action_json for m in self.messages if m.WhichOneof("content") == "action_message"]

    @property
    def sound(self) -> bytes:
        return b"".join(message.audio_chunk.audio_data for message in self.messages)

    @property
    def error(self) -> str:
        return self.messages[-1].error_message if self.messages else ""

    @property
    def reason(self) -> str:
        return self._detail(ErrorInfo()).reason

    @property
    def info(self) -> dict[str, str]:
        return dict(self._detail(ErrorInfo()).metadata)

    @property
    def retry_seconds(self) -> float:
        return self._detail(RetryInfo()).retry_delay.ToTimedelta().total_seconds()

    @property
    def pushback(self) -> int:
        return int(self.trailers["grpc-retry-pushback-ms"])

    def _detail(self, kind: Any) -> Any:
        status = Status.FromString(self.trailers.get("grpc-status-details-bin", b""))
        for detail in status.details:
            if detail.Unpack(kind):
                break
        return kind


async def read(call: Any) -> Answer:
    """Everything a call gives, and how it ended."""
    answer = Answer()
    try:
        async for message in call:
            answer.messages.append(message)
    except grpc.aio.AioRpcError:
        pass
    except asyncio.CancelledError:
        if not call.cancelled():
            raise
    answer.code = await call.code()
    answer.details = await call.details()
    answer.initial = dict(await call.initial_metadata() or ())
    answer.trailers = dict(await call.trailing_metadata() or ())
    return answer


@dataclass
class Service:
    """A running server with a client: ``ask`` plays a script (tests/scripted.py) as the reply."""

    server: Running
    channel: grpc.aio.Channel
    diary: Diary = field(default_factory=new_diary)

    @property
    def stub(self) -> Any:
        return pb_grpc.StreamingServiceStub(self.channel)

    @property
    def leases(self) -> int:
        return len(self.server.container.limiter())

    @property
    def streams(self) -> int:
        return len(self.server.container.streams())

    def call(self, *script: Any, timeout: float | None = None, metadata: Any = None, **fields: Any) -> Any:
        request = pb.StreamRequest(**{"prompt": json.dumps(script), **fields})
        return self.stub.StreamAudio(request, timeout=timeout, metadata=metadata)

    async def begun(self, *script: Any, **fields: Any) -> Any:
        """A call that has given its first message."""
        call = self.call(*script, **fields)
        await anext(aiter(call))
        return call

    async def interrupt(self, hardware_id: str, session_id: str = "") -> pb.InterruptResponse:
        return await self.stub.InterruptSession(pb.InterruptRequest(hardware_id=hardware_id, session_id=session_id))

    async def ask(self, *script: Any, **fields: Any) -> Answer:
        return await read(self.call(*script, **fields))


def write_settings(folder: Path, **parts: Any) -> Path:
    """A settings file for scripted stages."""
    file = folder / "settings.toml"
    values = {"limits": "", "pipeline": "", "tts": VOICE, "grace": 1, "closing": 0.0, **parts}
    file.write_text(SCRIPTED.format(**values))
    return file


@asynccontextmanager
async def serving(folder: Path, *, text: str = "", **parts: Any) -> AsyncIterator[Service]:
    """The server of a settings file: *text*, or the scripted one."""
    file = write_settings(folder, **parts)
    if text:
        file.write_text(text)
    async with (
        running(load(str(file), {})) as server,
        grpc.aio.insecure_channel(server.address, options=FIXED_WINDOWS) as channel,
    ):
        yield Service(server, channel)
