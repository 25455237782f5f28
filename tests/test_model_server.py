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
    data,
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


# The same call, told in another way.


def call(name: str | None = None, args: Any = None, **fields: Any) -> bytes:
    return chunk({"tool_calls": [{**fields, "function": {"name": name, "arguments": args}}]})


MAIL = '{"app_name":"Mail"}'
OPEN_MAIL = {"command": "open_app", "args": {"app_name": "Mail"}}

TOLD: dict[str, Sequence[bytes]] = {
    "a name in pieces": [call("open_", index=0, id="a"), call("app", index=0), call(None, MAIL, index=0)],
    "a new id in each piece": [
        call("open_app", "", index=0, id="a"),
        call("", MAIL[:8], index=0, id="b"),
        call("", MAIL[8:], index=0, id="c"),
    ],
    "an object": [call("open_app", {"app_name": "Mail"}, index=0, id="a")],
    "the whole again": [
        call("open_app", MAIL[:8], index=0, id="a"),
        call(None, MAIL[8:], index=0),
        call("open_app", MAIL, index=0, id="a"),
    ],
    "cumulative": [call("open_app", MAIL[:8], index=0, id="a"), call(None, MAIL, index=0)],
    "no index": [call("open_app", MAIL[:8], id="a"), call(None, MAIL[8:])],
    "an empty object first": [call("open_app", "{}", index=0, id="a"), call(None, MAIL, index=0)],
    "the older protocol": [chunk({"function_call": {"name": "open_app", "arguments": MAIL}})],
    "in tags": [text('<tool_call>{"name": "open_app", "argu'), text('ments": {"app_name": "Mail"}}</tool_call>')],
    "in tags, as XML": [
        text("<tool_call><function=open_app><parameter=app_name>\nMail\n</parameter></function></tool_call>")
    ],
    "in tags and natively": [
        text(f'<tool_call>{{"name": "open_app", "arguments": {MAIL}}}</tool_call>'),
        call("open_app", MAIL, index=0, id="a"),
    ],
    "bare": [text(f'{{"name": "open_app", "arguments": {MAIL}}}')],
    "an array": [text(f'[{{"command": "open_app", "args": {MAIL}}}]')],
    "a line break": [text('{"command": "open_app",\n"args": {"app_name":"Mail"\n}}')],
}


@pytest.mark.parametrize("chunks", TOLD.values(), ids=TOLD)
async def test_the_same_call_told_in_another_way(tmp_path: Path, chunks: Sequence[bytes]) -> None:
    """The command runs once, with all its arguments. Nothing of it is said."""
    reply = Reply([text("Opening Mail. "), *chunks, text(" Done."), chunk(finish="tool_calls"), DONE])
    async with served(tmp_path, reply) as (service, _):
        answer = await ask(service)
    assert [json.loads(command) for command in answer.commands] == [OPEN_MAIL]
    assert "".join(answer.texts).split() == ["Opening", "Mail.", "Done."]
    assert not [message for message in answer.messages if message.HasField("warning")]


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("<tool_call>open the mail</tool_call>", "invalid_json"),
        ('<tool_call>{"name": "open_app", "arguments": {"app_na', "truncated"),
        ('<tool_call>{"name": "delete_all", "arguments": {}}</tool_call>', "not_allowed"),
        ('{"status": "ok"}', "no_command"),
    ],
)
async def test_what_cannot_run_is_told(tmp_path: Path, written: str, reason: str) -> None:
    """A call that can't be read, or an object that is no command, is a warning; it is neither run nor said."""
    async with served(tmp_path, Reply([text("Well. "), text(written), STOP, DONE])) as (service, _):
        answer = await ask(service)
    warnings = [message.warning for message in answer.messages if message.HasField("warning")]
    assert [(warning.reason, warning.message) for warning in warnings] == [("COMMAND_REFUSED", reason)]
    assert "".join(answer.texts).strip() == "Well."
    assert answer.commands == []


@pytest.mark.parametrize(
    ("pieces", "said_text"),
    [
        (["<thinking>Hm.</thinking>Hello."], "Hello."),
        (["Hello.</th", "ink> Bye.<|im_end|>"], "Hello. Bye."),
        (["Hello. <think>Hm. Well.</think>Bye."], "Hello. Bye."),
        (['{"text": "He said "yes", "no" and left.", "command": null}'], 'He said "yes", "no" and left.'),
        (['{"te\\u0078t": "Hello."}'], "Hello."),
        (['He wrote {"hello"} to me.'], 'He wrote {"hello"} to me.'),
        (["Say {'tis the season} now. Bye."], "Say {'tis the season} now. Bye."),
    ],
)
async def test_what_is_said(tmp_path: Path, pieces: Sequence[str], said_text: str) -> None:
    """Reasoning and marks are not said; slips in an envelope are; braces around words are prose."""
    for cut in (pieces, list("".join(pieces))):
        async with served(tmp_path, Reply([*map(text, cut), STOP, DONE])) as (service, _):
            answer = await ask(service)
        assert "".join(answer.texts) == said_text
        assert answer.code is grpc.StatusCode.OK


async def test_a_finish_in_camel_case(tmp_path: Path) -> None:
    """``finishReason`` is an end."""
    reply = Reply([data({"choices": [{"delta": {"content": "Hello."}, "finishReason": "STOP"}]})])
    async with served(tmp_path, reply) as (service, _):
        answer = await ask(service)
    assert (answer.code, answer.texts) == (grpc.StatusCode.OK, ["Hello."])


async def test_a_slow_sentence_is_said_by_clauses(tmp_path: Path) -> None:
    """Of a sentence that does not end, the words so far are said after a while."""
    words = [text(f"{word} ") for word in ["and", "so", "it", "went", "on", "and", "on", "for", "a", "long", "time"]]
    reply = Reply([*words, HANG])
    more = "[pipeline.segmenter]\nclause_after_seconds = 0.2"
    async with served(tmp_path, reply, more, stall=60.0) as (service, _):
        stream = service.stub.StreamAudio(pb.StreamRequest(prompt="Hello?"))
        first = await anext(aiter(stream))
        assert first.text_chunk.startswith("and so it")
        stream.cancel()


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        (said(400, {"error": {"message": f"model m does not exist {SECRET}"}}), '"status": 400'),
        (said(404, b"404 page not found"), "is /v1 missing in base_url?"),
        (said(200, {"error": f"Unexpected endpoint or method. {SECRET}"}), "is /v1 missing in base_url?"),
        (said(400, {"error": {"message": "System role not supported"}}), "system_role"),
    ],
)
async def test_a_refusal_is_told_to_the_operator(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], refusal: Reply, told: str
) -> None:
    """The log names the status and the path at the default level, but not the words of the server."""
    async with hostile({"m": refusal}) as upstream:
        settings = SETTINGS.format(url=upstream.url.removesuffix("/v1"), more="", limits="", stall=2.0)
        async with serving(tmp_path, text=settings) as service:
            answer = await ask(service)
    logged = capsys.readouterr().err
    assert answer.reason == "MODEL_REJECTED"
    assert told in logged
    assert '"path": "/chat/completions"' in logged
    assert SECRET not in logged


async def test_too_long_in_an_answer(tmp_path: Path) -> None:
    """A server that tells in an answer of status 200 that the context overflows is asked again with less."""
    overflow = data({"error": {"message": "Trying to keep the first 5000 tokens when context the overflows."}})
    replies = {"m": [WELL, Reply([b"event: error\n" + overflow]), WELL]}
    async with served(tmp_path, replies) as (service, upstream):
        await ask(service, "First?", session_id="s", hardware_id="h")
        answer = await ask(service, "Second?", session_id="s", hardware_id="h")
    assert answer.texts == ["Hello there."]
    assert len(upstream.asked[2].body["messages"]) < len(upstream.asked[1].body["messages"])


async def test_the_system_prompt_without_a_system_role(tmp_path: Path) -> None:
    """It stands at the beginning of the first user message, once, without the mark that an editor put before it."""
    (tmp_path / "prompt.txt").write_bytes("\ufeffBe kind.".encode())
    more = 'system_role = "user"\nsystem_prompt_file = "prompt.txt"'
    async with served(tmp_path, WELL, more) as (service, upstream):
        await ask(service, "First?", session_id="s", hardware_id="h")
        await ask(service, "Second?", session_id="s", hardware_id="h")
    messages = upstream.asked[1].body["messages"]
    assert [message["role"] for message in messages] == ["user", "assistant", "user"]
    assert [messages[0]["content"], messages[2]["content"]] == ["Be kind.\n\nFirst?", "Second?"]
