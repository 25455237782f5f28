"""The server as a process: what an operator sees of its start and its end."""

import asyncio
import gc
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from app.server import serve
from app.settings.load import load
from app.settings.tables import Settings
from app.stages import lifetime
from tests import scripted
from tests.fakes import PATIENCE, until
from tests.processes import python, run
from tests.serving import Answer, Service, read, write_settings


@asynccontextmanager
async def process(
    folder: Path, *, stderr: str = "", **parts: object
) -> AsyncIterator[tuple[asyncio.subprocess.Process, Service]]:
    """``stentor serve`` with scripted stages, killed behind the block. *stderr*: what Python does to it first."""
    file = write_settings(folder, **parts)
    start = ("-c", f"import os, sys; {stderr or 'pass'}; os.execv(sys.executable, [sys.executable, *sys.argv[1:]])")
    async with python(*start, "-m", "app.cli", "serve", "--settings", str(file)) as server:
        assert server.stdout is not None
        line = (await server.stdout.readline()).decode()
        assert line.startswith("listening on 127.0.0.1:")
        async with grpc.aio.insecure_channel(line.removeprefix("listening on ").strip()) as channel:
            yield server, Service(None, channel)  # type: ignore[arg-type]


async def begin(service: Service, *script: object) -> "asyncio.Task[Answer]":
    """A stream that has given its first message; the rest is read in a task."""
    call = service.call(*script)
    first = await anext(aiter(call))
    rest = asyncio.create_task(read(call))
    rest.add_done_callback(lambda done: done.result().messages.insert(0, first))
    return rest


async def test_drain(tmp_path: Path) -> None:
    """On SIGTERM health says so at once, new streams are refused, the running one is finished, the exit code is 0."""
    async with process(tmp_path, grace=10) as (server, service):
        running = await begin(service, "A start. ", {"sleep": 1.0}, "The end.")
        watch = health_pb2_grpc.HealthStub(service.channel).Watch(health_pb2.HealthCheckRequest())
        statuses = aiter(watch)
        assert (await anext(statuses)).status == health_pb2.HealthCheckResponse.SERVING
        server.send_signal(signal.SIGTERM)
        assert (await anext(statuses)).status == health_pb2.HealthCheckResponse.NOT_SERVING
        refused = await service.ask("Too late.")
        answer = await running
        assert await asyncio.wait_for(server.wait(), PATIENCE) == 0
    assert (refused.code, refused.reason) == (grpc.StatusCode.UNAVAILABLE, "DRAINING")
    assert refused.pushback > 0
    assert answer.texts == ["A start.", " The end."]
    assert answer.code is grpc.StatusCode.OK


@pytest.mark.parametrize(("step", "number"), [({"hang": True}, signal.SIGINT), ({"thread": 1000}, signal.SIGTERM)])
async def test_grace_is_over(tmp_path: Path, step: dict[str, object], number: signal.Signals) -> None:
    """What runs after the grace, even a thread, ends with DRAINING, told by a last message, and the process with 0."""
    async with process(tmp_path, grace=0.1) as (server, service):
        running = await begin(service, "A start. ", step)
        server.send_signal(number)
        answer = await running
        assert await asyncio.wait_for(server.wait(), PATIENCE) == 0
    assert (answer.code, answer.reason) == (grpc.StatusCode.UNAVAILABLE, "DRAINING")
    assert answer.kinds[-1] == "error_message"
    assert answer.pushback == -1


@pytest.mark.parametrize("model", ["SlowStart", "SlowToClose"])
async def test_a_signal_while_it_starts(model: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A start that takes long can be given up, and closes what was there already."""
    monkeypatch.setattr(lifetime, "CLOSE_SECONDS", 0.1)
    diary = scripted.new_diary()
    file = write_settings(tmp_path, grace=60)
    file.write_text(file.read_text().replace("ScriptedModel", model))
    serving = asyncio.create_task(serve(load(str(file), {}), lambda _address: diary.note("announced", "")))
    await until(lambda: diary.entries)
    signal.raise_signal(signal.SIGTERM)
    await asyncio.wait_for(serving, PATIENCE)
    assert [what for what, _ in diary.entries] == ["started", "closed"]


async def test_second_signal(tmp_path: Path) -> None:
    """Whoever can't wait sends a second signal: the process ends at once."""
    async with process(tmp_path, grace=60) as (server, service):
        running = await begin(service, "A start. ", {"hang": True})
        server.send_signal(signal.SIGTERM)
        assert (await service.ask("Too late.")).reason == "DRAINING"
        server.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(server.wait(), PATIENCE) == 1
        await running


@pytest.mark.parametrize(("times", "code"), [(1, 0), (2, 1)])
async def test_a_signal_while_a_stage_blocks(times: int, code: int, tmp_path: Path) -> None:
    """The process ends by force soon after the grace, and at once at a second signal, though no loop runs."""
    async with process(tmp_path, grace=0.1) as (server, service):
        call = service.call({"block": 1000})
        assert server.stderr is not None
        while b"the event loop is blocked" not in await server.stderr.readline():
            pass
        for _ in range(times):
            server.send_signal(signal.SIGTERM)
            await asyncio.sleep(0.1)  # two at once count as one
        assert await asyncio.wait_for(server.wait(), PATIENCE) == code
        assert (b"a stage did not stop" in await server.stderr.read()) is (times == 1)
        call.cancel()


async def test_a_signal_that_means_nothing_at_first() -> None:
    """It is ignored from the beginning of the start."""
    lines = ("import os, signal", "from app import signals", "signals.ignore()")
    code, *_ = await run("-c", "; ".join([*lines, "os.kill(os.getpid(), signal.SIGHUP)"]))
    assert code == 0


async def test_nothing_private_is_logged(tmp_path: Path) -> None:
    """No prompt, answer, argument or text of an exception is in the log of a server at INFO."""
    async with process(tmp_path) as (server, service):
        secret = "Rumpelstiltskin"
        command = f'{{"command": "open_app", "args": {{"name": "{secret}"}}}}'
        await service.ask(f"{secret} is my name. ", command, session_id=f"{secret}-1", hardware_id=secret)
        await service.ask(f"{secret} is my name. ", {"raise": "ValueError"})
        await service.ask(f"{secret} has FAIL. ")
        await service.ask("One. ", {"forget": secret}, {"sleep": 0.01}, "Two. ")
        await service.ask(f"{secret}", language=f"{secret}!")
        server.send_signal(signal.SIGTERM)
        _, log = await server.communicate()
    text = log.decode()
    assert secret not in text
    assert "ValueError" in text
    assert text.count("scope=stream") >= 5
    assert "Task exception was never retrieved" in text
    await until(lambda: server.returncode == 0)


@pytest.mark.parametrize(
    "stderr",
    ["os.close(2)", "os.dup2(os.open('/dev/full', os.O_WRONLY), 2)", "os.dup2(os.pipe()[1], 2)"],
    ids=["closed", "no space", "nobody reads"],
)
async def test_a_log_that_cannot_be_written(stderr: str, tmp_path: Path) -> None:
    """Where no log line can be written, good streams end well, others with their reason, and the process with 0."""
    async with process(tmp_path, stderr=stderr) as (server, service):
        good = await service.ask("All is well. ")
        failed = await service.ask({"raise": "ValueError"})
        refused = await service.ask("No. ", session_id="\n")
        server.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(server.wait(), PATIENCE) == 0
    assert (good.code, good.kinds[-1]) == (grpc.StatusCode.OK, "end_message")
    assert (failed.code, failed.reason, failed.kinds) == (grpc.StatusCode.INTERNAL, "INTERNAL", ["error_message"])
    assert (refused.reason, refused.kinds) == ("INVALID_REQUEST", ["error_message"])


async def test_collecting_garbage_does_not_look_at_what_stays() -> None:
    """Once the server listens, no garbage collection, which stops all streams, looks at what its start made."""
    looked_at = []

    def announce(_address: str) -> None:
        looked_at.append(len(gc.get_objects()))
        signal.raise_signal(signal.SIGTERM)

    settings = Settings.model_validate({"server": {"port": 0}, "pipeline": {"tts": {"kind": "off"}}})
    try:
        await serve(settings, announce)
    finally:
        gc.unfreeze()
    assert looked_at < [1000]
