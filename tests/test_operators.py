"""What an operator sees and may rely on: a blocked loop, signals, the drain, the log, limits with a reason."""

import asyncio
import json
import signal
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import grpc
import pytest

from app.server import running
from app.settings.load import load
from protos import streaming_pb2 as pb
from tests.fakes import PATIENCE, still, until
from tests.serving import BIG_VOICE, FIXED_WINDOWS, Service, read, serving, write_settings
from tests.test_process import begin, process


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    """The log so far, ``ctx`` and top in one."""
    objects = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    return [{**each, **each.get("ctx", {})} for each in objects]


async def test_a_stage_that_blocks(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each block is told once, with the line that blocks; who asked meanwhile ends well."""
    async with serving(tmp_path) as service:
        blocking = asyncio.create_task(service.ask("One. ", {"block": 1.0}, {"sleep": 0.3}, {"block": 1.0}, "Two."))
        await until(lambda: service.streams)
        beside = await service.ask("Beside.")
        answer = await blocking
        assert service.server.container.watchdog().blocks >= 2
    told = [line for line in lines(capsys) if line["event"] == "the event loop is blocked"]
    ours = [line for line in told if "scripted.py" in line["stands_in"]]
    assert len(ours) == 2
    assert all("tests/scripted.py:" in line["stands_in"] and line["scope"] == "loop" for line in ours)
    assert answer.code is beside.code is grpc.StatusCode.OK
    assert answer.messages[-1].end.total_ms > 2000


LIMIT = 2.0


class SlowModel(BaseHTTPRequestHandler):
    """A model server in a thread: it goes on while the event loop stands still."""

    protocol_version = "HTTP/1.1"
    asked = threading.Event()

    def do_POST(self) -> None:
        """Answer in pieces, each a moment after the other."""
        self.rfile.read(int(self.headers["content-length"]))
        self.asked.set()
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        for piece in ("One two", " three. ", "Four five", " six."):
            time.sleep(0.1)
            self.wfile.write(b"data: %s\n\n" % json.dumps({"choices": [{"delta": {"content": piece}}]}).encode())
        self.wfile.write(b'data: {"choices": [{"delta": {}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n')

    def log_message(self, *_arguments: object) -> None:
        """Print nothing."""


async def test_a_block_that_is_longer_than_all_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the loop stands still no time passes for those who wait for a model or a voice."""
    monkeypatch.setattr("pipeline.tts.espeak.process.SILENCE_SECONDS", LIMIT)
    upstream = ThreadingHTTPServer(("127.0.0.1", 0), SlowModel)
    threading.Thread(target=upstream.serve_forever, daemon=True).start()
    settings = f"""
[server]
port = 0
[limits]
idle_timeout_seconds = {LIMIT}
[pipeline]
tts = {{ kind = "espeak" }}
[pipeline.llm]
kind = "openai"
base_url = "http://127.0.0.1:{upstream.server_port}/v1"
model = "m"
retries = 0
first_content_timeout_seconds = {LIMIT}
stall_timeout_seconds = {LIMIT}
"""
    try:
        async with serving(tmp_path, text=settings) as service:
            answering = asyncio.create_task(service.ask("Count."))
            await until(SlowModel.asked.is_set)
            time.sleep(2 * LIMIT)  # noqa: ASYNC251
            answer = await answering
    finally:
        await asyncio.to_thread(upstream.shutdown)
        upstream.server_close()
    assert (answer.reason, answer.code) == ("", grpc.StatusCode.OK)
    assert "".join(answer.texts) == "One two three. Four five six."
    assert not [message.warning.reason for message in answer.messages if message.HasField("warning")]


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2])
async def test_a_signal_that_means_nothing(number: signal.Signals, tmp_path: Path) -> None:
    """It neither ends the server nor a stream; the log says that it came."""
    async with process(tmp_path) as (server, service):
        answering = await begin(service, "One. ", {"sleep": 0.3}, "Two.")
        server.send_signal(number)
        assert (await answering).code is grpc.StatusCode.OK
        assert (await service.ask("Still there.")).code is grpc.StatusCode.OK
        server.send_signal(signal.SIGTERM)
        _, log = await server.communicate()
    assert server.returncode == 0
    assert "a signal is ignored" in log.decode()
    assert number.name in log.decode()


@pytest.mark.parametrize("step", [{"hang": True}, {"sleep": 0.5}, {"deltas": 300}])
async def test_a_drain_gives_each_call_its_status(tmp_path: Path, step: dict[str, Any]) -> None:
    """Of a hundred running calls none ends with a bare CANCELLED."""
    limits = "max_concurrent_streams = 100"
    async with process(tmp_path, grace=0.4, limits=limits) as (server, service):
        calls = [service.call("A start. ", step, "The end.") for _ in range(100)]
        await asyncio.gather(*(anext(aiter(call)) for call in calls))
        server.send_signal(signal.SIGTERM)
        answers = await asyncio.gather(*map(read, calls))
        assert await asyncio.wait_for(server.wait(), PATIENCE) == 0
    ends = {(answer.code, answer.reason) for answer in answers}
    assert ends <= {(grpc.StatusCode.OK, ""), (grpc.StatusCode.UNAVAILABLE, "DRAINING")}


async def test_a_drain_waits_for_a_client_that_reads_late(tmp_path: Path) -> None:
    """The stream is over, but its last message waits for the client: it still gets that, and its status."""
    started = running(load(str(write_settings(tmp_path, grace=0, tts=BIG_VOICE)), {}))
    server = await started.__aenter__()
    async with grpc.aio.insecure_channel(server.address, options=FIXED_WINDOWS) as channel:
        service = Service(server, channel)
        call = await service.begun("A sentence that is long enough to fill every buffer on the way. " * 20)
        await still(lambda: service.diary.spoken)
        stopping = asyncio.create_task(started.__aexit__(None, None, None))
        await asyncio.sleep(1.5)
        answer = await read(call)
        await stopping
    assert (answer.code, answer.reason) == (grpc.StatusCode.UNAVAILABLE, "DRAINING")
    assert answer.kinds[-1] == "error_message"


@pytest.mark.parametrize("nothing", ["", " ", "\n", "\t\u2028", "\u200b", "\ufeff", "\0"])
async def test_pieces_without_content(tmp_path: Path, nothing: str) -> None:
    """They are no progress, however many come."""
    async with serving(tmp_path, limits="idle_timeout_seconds = 2.0\nmax_stream_seconds = 30") as service:
        answer = await service.ask("One. ", {"sleep": 1.0}, {"repeat": nothing})
    assert (answer.code, answer.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "STREAM_IDLE_TIMEOUT")
    assert answer.texts[0].startswith("One.")
    assert answer.messages[-2].sentence_index == 1  # its sound came too


@pytest.mark.parametrize(
    "script", [["Word. " * 50], ["Word. "] * 50, [{"repeat": "Word. "}], ["Wörd " * 50], [{"repeat": " "}]]
)
@pytest.mark.parametrize("segmenter", ["rules", "custom"])
async def test_the_longest_answer(tmp_path: Path, script: list[Any], segmenter: str) -> None:
    """A longer one ends there, with LENGTH, and nothing runs on."""
    tables = {
        "rules": ('segmenter = { kind = "rules", max_answer_chars = 100 }', 100),
        "custom": ('segmenter = { kind = "custom", factory = "pipeline.testing:DotSegmenter" }', 100_000),
    }
    table, most = tables[segmenter]
    if segmenter == "custom":
        script = [{"repeat": "Word. " * 500}]
    async with serving(tmp_path, pipeline=table, tts='{ kind = "off" }') as service:
        answer = await service.ask("One. ", *script)
        assert service.diary.running == 0
    assert answer.code is grpc.StatusCode.OK
    assert answer.messages[-1].end.reason == pb.END_REASON_LENGTH
    assert most - 6 < len("".join(answer.texts)) <= most or not "".join(answer.texts[1:]).strip()


async def test_an_answer_of_just_that_length(tmp_path: Path) -> None:
    """It is complete."""
    table = 'segmenter = { kind = "rules", max_answer_chars = 10 }'
    async with serving(tmp_path, pipeline=table) as service:
        answer = await service.ask("One. ", "Two. ")
        longer = await service.ask("One. ", "Two. ", ".")
        calls = await service.ask(*[{"tool": "open_app"}] * 5)
        bare = await service.ask(*[{"bare": "open_app"}] * 5)
    assert answer.messages[-1].end.reason == pb.END_REASON_COMPLETE
    assert longer.messages[-1].end.reason == pb.END_REASON_LENGTH
    assert len(calls.commands) == 1
    assert bare.messages[-1].end.reason == pb.END_REASON_LENGTH


async def test_a_request_that_is_too_long(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It is refused with a reason that names the limit, and logged; each method has this limit."""
    text = (
        '[server]\nport = 0\nmax_request_bytes = 2048\n[pipeline]\ntts = { kind = "off" }\n'
        '[pipeline.llm]\nkind = "custom"\nfactory = "tests.scripted:ScriptedModel"'
    )
    async with serving(tmp_path, text=text) as service:
        good = await service.ask("x" * 1900)
        bad = await service.ask("x" * 1000, screenshot="A" * 5_000_000, hardware_id="a-device-of-mine")
        welcome = await read(service.stub.GenerateWelcomeAudio(pb.WelcomeRequest(text="x" * 4000)))
        with pytest.raises(grpc.aio.AioRpcError) as interrupt:
            await service.interrupt("a", "b" * 4000)
    assert good.code is grpc.StatusCode.OK
    for refused in (bad, welcome):
        assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST")
        assert "at most 2048 bytes" in refused.error
        assert refused.info["limit"] == "max_request_bytes"
    assert interrupt.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    told = [line for line in lines(capsys) if line["event"] == "refused"]
    assert [line["method"] for line in told] == ["StreamAudio", "GenerateWelcomeAudio", "InterruptSession"]
    assert (told[0]["limit"], told[0]["client"]) == ("max_request_bytes", "a-device")


async def test_who_hits_the_limit(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each line of a call names method, session and client, shortened; an interruption is no warning."""
    async with serving(tmp_path, limits="max_streams_per_client = 1") as service:
        interrupted = await service.begun(
            "One. ", {"hang": True}, hardware_id="device-number-1", session_id="session-number-1"
        )
        await service.ask("Two.", hardware_id="device-number-1", session_id="session-number-2")
        await service.interrupt("device-number-1", "session-number-1")
        assert (await read(interrupted)).reason == "INTERRUPTED"
    refused, *ended = [line for line in lines(capsys) if line["scope"] == "stream"]
    assert (refused["outcome"], refused["limit"]) == ("STREAM_LIMIT_EXCEEDED", "max_streams_per_client")
    assert {line["method"]: line["level"] for line in ended} == {"StreamAudio": "info", "InterruptSession": "info"}
    for line in (refused, *ended):
        assert (line["client"], line["session"]) == ("device-n", "session-")
