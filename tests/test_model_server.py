"""A model server behind the whole of Stentor: what its client sees of it, and what it sees of the client."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from protos import streaming_pb2 as pb
from tests.fakes import still, until
from tests.pipeline.llm.openai.hostile_server import (
    CUT,
    DONE,
    HANG,
    STOP,
    WELL,
    HostileServer,
    Reply,
    chunk,
    hostile,
    said,
    text,
)
from tests.serving import Answer, Service, read, serving

SETTINGS = """
[server]
port = 0
grace_seconds = 1.0
[limits]
{limits}
[pipeline.llm]
kind = "openai"
base_url = "{url}"
model = "m"
stall_timeout_seconds = {stall}
{more}
[pipeline.commands]
allow = ["open_app"]
[pipeline.tts]
kind = "off"
"""

SECRET = "sk-very-secret"


@asynccontextmanager
async def served(
    folder: Path,
    replies: Mapping[str, Reply | Sequence[Reply]] | Reply,
    more: str = "",
    limits: str = "",
    stall: float = 2.0,
) -> AsyncIterator[tuple[Service, HostileServer]]:
    async with hostile({"m": replies} if isinstance(replies, Reply) else replies) as upstream:
        more = more.replace("{url}", upstream.url)
        settings = SETTINGS.format(url=upstream.url, more=more, limits=limits, stall=stall)
        async with serving(folder, text=settings) as service:
            yield service, upstream


async def ask(service: Service, prompt: str = "Hello?", **fields: Any) -> Answer:
    return await read(service.stub.StreamAudio(pb.StreamRequest(prompt=prompt, **fields)))


async def test_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer arrives with the model's own count of tokens; the key from the environment goes up, nowhere else."""
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    async with served(tmp_path, WELL) as (service, upstream):
        answer = await ask(service)
    assert (answer.code, answer.texts) == (grpc.StatusCode.OK, ["Hello there."])
    end = answer.messages[-1].end
    assert (end.reason, end.input_tokens, end.output_tokens) == (pb.END_REASON_COMPLETE, 7, 3)
    assert upstream.asked[0].headers["authorization"] == f"Bearer {SECRET}"
    assert SECRET not in str(answer)


async def test_what_the_model_is_asked(tmp_path: Path) -> None:
    """The system prompt tells of the allowed commands; what was said so far and the screenshot come with the prompt."""
    png = "iVBORw0KGgoAAAANSUhEUg=="
    async with served(tmp_path, WELL) as (service, upstream):
        await ask(service, "First?", session_id="s", hardware_id="mac")
        await ask(service, "Second?", session_id="s", hardware_id="mac", screenshot=png, language="ru-RU")
    system, *messages = upstream.asked[1].body["messages"]
    assert "open_app" in system["content"]
    assert "ru-RU" in system["content"]
    assert messages[:2] == [{"role": "user", "content": "First?"}, {"role": "assistant", "content": "Hello there."}]
    assert messages[2]["content"][-1]["image_url"]["url"] == f"data:image/png;base64,{png}"


@pytest.mark.parametrize(
    ("reply", "code", "reason"),
    [
        (said(401, {"error": {"message": SECRET}}), "FAILED_PRECONDITION", "MODEL_REJECTED"),
        (said(404, SECRET.encode()), "FAILED_PRECONDITION", "MODEL_REJECTED"),
        (said(429, {}, retry_after="30"), "RESOURCE_EXHAUSTED", "MODEL_BUSY"),
        (said(500, SECRET.encode()), "UNAVAILABLE", "MODEL_UNAVAILABLE"),
        (Reply([b"<html>" + SECRET.encode() + b"</html>"]), "INTERNAL", "MODEL_PROTOCOL_ERROR"),
        (Reply([DONE]), "UNAVAILABLE", "MODEL_UNAVAILABLE"),
        (Reply([text("Hello there. I am"), HANG]), "DEADLINE_EXCEEDED", "MODEL_TIMEOUT"),
        (Reply([text("Hello there. I am")]), "UNAVAILABLE", "MODEL_UNAVAILABLE"),
        (Reply([text("Hello there. I am"), CUT]), "UNAVAILABLE", "MODEL_UNAVAILABLE"),
    ],
)
async def test_failure(tmp_path: Path, reply: Reply, code: str, reason: str) -> None:
    """Every way to fail has its status; what was complete is delivered; nothing that the server said is shown."""
    async with served(tmp_path, reply) as (service, _):
        answer = await ask(service)
    assert answer.code is not None
    assert (answer.code.name, answer.reason) == (code, reason)
    assert answer.kinds[-1] == "error_message"
    begun = any(isinstance(piece, bytes) and b"Hello there" in piece for piece in reply.body)
    assert answer.texts == (["Hello there."] if begun else [])
    assert SECRET not in str(answer)
    if reason == "MODEL_BUSY":
        assert answer.retry_seconds == answer.pushback / 1000 == 30.0
    elif answer.texts:
        assert answer.pushback == -1


@pytest.mark.parametrize(
    ("finish", "reason", "words"),
    [
        ("length", pb.END_REASON_LENGTH, "Hello there."),
        ("content_filter", pb.END_REASON_CONTENT_FILTER, "Hello there. filter"),
    ],
)
async def test_good_endings(tmp_path: Path, finish: str, reason: int, words: str) -> None:
    """A length and a content filter end OK with their reason; the filter says so; a half command becomes a warning."""
    half = text('{"command": "open_app", "args": {"app_') if finish == "length" else b""
    reply = Reply([text("Hello there. "), *([half] if half else []), chunk(finish=finish), DONE])
    async with served(tmp_path, reply) as (service, _):
        answer = await ask(service)
    assert (answer.code, answer.messages[-1].end.reason) == (grpc.StatusCode.OK, reason)
    assert all(word in "".join(answer.texts) for word in words.split())
    assert answer.commands == []
    warnings = [message.warning.message for message in answer.messages if message.HasField("warning")]
    assert warnings == (["truncated"] if half else [])


async def test_fallback(tmp_path: Path) -> None:
    """It takes over before anything was answered, and only then."""
    more = 'fallback = { kind = "openai", base_url = "{url}", model = "second" }'
    replies = {"m": [said(503), said(503), Reply([text("Hello. I am"), CUT])], "second": WELL}
    async with served(tmp_path, replies, more) as (service, _):
        first, later = await ask(service), await ask(service)
    assert (first.code, first.texts) == (grpc.StatusCode.OK, ["Hello there."])
    assert (later.code, later.texts) == (grpc.StatusCode.UNAVAILABLE, ["Hello."])


async def test_tools(tmp_path: Path) -> None:
    """With ``tools`` the commands are offered as such, and a call is a command behind its sentence."""
    call = {
        "tool_calls": [{"index": 0, "id": "a", "function": {"name": "open_app", "arguments": '{"app_name":"Mail"}'}}]
    }
    reply = Reply([text("Opening Mail."), chunk(call), chunk(finish="tool_calls"), DONE])
    async with served(tmp_path, reply, "tools = true") as (service, upstream):
        answer = await ask(service)
    assert [tool["function"]["name"] for tool in upstream.asked[0].body["tools"]] == ["open_app"]
    assert answer.kinds == ["text_chunk", "action_message", "end_message"]
    assert json.loads(answer.commands[0]) == {"command": "open_app", "args": {"app_name": "Mail"}}


@pytest.mark.parametrize("how", ["cancel", "interrupt", "deadline"])
async def test_whoever_stops_listening_stops_the_model(tmp_path: Path, how: str) -> None:
    """The connection to the model is closed when its listener cancels, is interrupted, or has no time left."""
    async with served(tmp_path, Reply([text("Hello there. I "), HANG]), stall=60.0) as (service, upstream):
        request = pb.StreamRequest(prompt="Hello?", hardware_id="mac")
        call = service.stub.StreamAudio(request, timeout=2 if how == "deadline" else None)
        await anext(aiter(call))
        await upstream.hanging.wait()
        if how == "cancel":
            call.cancel()
        elif how == "interrupt":
            await service.interrupt("mac")
        await until(lambda: bool(upstream.hung_up))
        await until(lambda: service.leases == 0)


async def test_slow_listener_slows_the_model(tmp_path: Path) -> None:
    """What a client does not read is not read from the model either, but for a bounded rest."""
    sentence = "One more sentence of an endless answer. " * 200
    reply = Reply([*(text(sentence) for _ in range(5000)), STOP, DONE])
    async with served(tmp_path, reply, limits="send_timeout_seconds = 60.0") as (service, upstream):
        call = service.stub.StreamAudio(pb.StreamRequest(prompt="Hello?"))
        await anext(aiter(call))
        await still(lambda: upstream.sent)
        assert upstream.sent < 5000 * len(sentence) / 2
        call.cancel()
        await until(lambda: service.leases == 0 and not upstream.tasks)


async def test_many_cancelled_streams(tmp_path: Path) -> None:
    """Hundreds of cancelled answers leave no connection and no task behind."""
    before = asyncio.all_tasks()
    async with served(tmp_path, Reply([text("Hello there. I "), HANG]), stall=60.0) as (service, upstream):
        for _ in range(5):
            calls = [service.stub.StreamAudio(pb.StreamRequest(prompt="Hello?")) for _ in range(50)]
            for call in calls:
                await anext(aiter(call))
                call.cancel()
            await until(lambda: service.leases == 0 and not upstream.tasks)
    await until(lambda: asyncio.all_tasks() <= before)


async def test_pings_do_not_hide_a_stall(tmp_path: Path) -> None:
    """Comments that keep the connection alive are no content: the stall timer goes on."""
    reply = Reply([text("Hello there. I "), *([b": ping\n\n", 0.05] * 100)])
    async with served(tmp_path, reply) as (service, upstream):
        answer = await ask(service)
    assert answer.reason == "MODEL_TIMEOUT"
    assert upstream.sent < len(b": ping\n\n") * 90
