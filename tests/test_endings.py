"""Every way a stream can end, many times over: nothing is left behind, and everything stops in the right order."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest

from interceptors.limiter import Lease
from tests import scripted
from tests.fakes import still, until
from tests.processes import python
from tests.scripted import Diary
from tests.serving import BIG_VOICE, Answer, Service, read, serving

TIMES = 50
START = "A start is made. "
FLOOD = {"deltas": 100}
SILENT = '{ kind = "off" }'


async def asked(service: Service, *script: Any, **fields: Any) -> list[Answer]:
    """The same call, many times at once, each with a device of its own."""
    calls = (service.ask(*script, hardware_id=f"device-{n}", **fields) for n in range(TIMES))
    return await asyncio.gather(*calls)


async def begun(service: Service, *script: Any, **fields: Any) -> list[Any]:
    """Many calls that have given their first message."""
    calls = [service.call(*script, hardware_id=f"device-{n}", **fields) for n in range(TIMES)]
    for call in calls:
        await anext(aiter(call))
    return calls


def all_run() -> bool:
    """Whether all models were asked, which is some steps behind the lease of their streams."""
    return len(scripted.diary.who("opened")) == TIMES


async def well(service: Service) -> list[Answer]:
    return await asked(service, START, "It is done.")


async def stage_raises(service: Service) -> list[Answer]:
    return await asked(service, START, {"raise": "ValueError"})


async def voice_raises(service: Service) -> list[Answer]:
    return await asked(service, START, "This will FAIL.")


async def idle(service: Service) -> list[Answer]:
    return await asked(service, START, {"hang": True})


async def total(service: Service) -> list[Answer]:
    return await asked(service, *[piece for n in range(120) for piece in (f"Number {n}. ", {"sleep": 0.05})])


async def deadline(service: Service) -> list[Answer]:
    return await asked(service, START, {"hang": True}, timeout=6)


async def cancel_while_streaming(service: Service) -> list[Answer]:
    for call in await begun(service, START, {"hang": True}):
        call.cancel()
    return []


async def cancel_while_blocked(service: Service) -> list[Answer]:
    calls = await begun(service, FLOOD)
    await still(lambda: scripted.diary.spoken)  # no write gets through any more
    for call in calls:
        call.cancel()
    return []


async def stalled_reader(service: Service) -> list[Answer]:
    calls = await begun(service, FLOOD)
    await until(lambda: service.leases == 0)
    return await asyncio.gather(*(read(call) for call in calls))


async def replaced(service: Service) -> list[Answer]:
    older = [
        asyncio.create_task(service.ask(START, {"hang": True}, hardware_id=f"device-{n}", session_id=f"s{n}"))
        for n in range(TIMES)
    ]
    await until(all_run)
    newer = [service.ask("It is done.", hardware_id=f"device-{n}", session_id=f"s{n}") for n in range(TIMES)]
    for answer in await asyncio.gather(*newer):
        assert answer.code is grpc.StatusCode.OK
    return await asyncio.gather(*older)


async def interrupted(service: Service) -> list[Answer]:
    streams = [
        asyncio.create_task(service.ask(START, {"hang": True}, hardware_id="device-0", session_id=f"s{n}"))
        for n in range(TIMES)
    ]
    await until(all_run)
    response = await service.interrupt("device-0")
    assert len(response.interrupted_sessions) == TIMES
    assert service.leases == 0
    return await asyncio.gather(*streams)


async def drained(service: Service) -> list[Answer]:
    streams = [asyncio.create_task(service.ask(START, {"hang": True}, hardware_id=f"device-{n}")) for n in range(TIMES)]
    await until(all_run)
    await service.server.container.streams().drain(0.05)
    assert service.leases == 0
    late = await service.ask("Too late.")
    assert (late.code, late.reason, late.kinds) == (grpc.StatusCode.UNAVAILABLE, "DRAINING", ["error_message"])
    assert late.pushback > 0
    return await asyncio.gather(*streams)


async def killed(service: Service) -> list[Answer]:
    """The clients are one process, ended the hard way."""
    code = (
        "import sys; from tests.serving import *; import asyncio\n"
        "async def main():\n"
        f"  async with grpc.aio.insecure_channel({service.server.address!r}) as channel:\n"
        "    s = Service(None, channel)\n"
        f"    await asyncio.gather(*(s.ask({START!r}, {{'hang': True}}, hardware_id=f'device-{{n}}') "
        f"for n in range({TIMES})))\n"
        "asyncio.run(main())\n"
    )
    async with python("-c", code):
        await until(all_run)
    return []


ENDINGS: dict[Callable[[Service], Awaitable[list[Answer]]], tuple[str, str]] = {
    well: ("OK", ""),
    stage_raises: ("INTERNAL", "INTERNAL"),
    voice_raises: ("UNAVAILABLE", "SPEECH_FAILED"),
    idle: ("DEADLINE_EXCEEDED", "STREAM_IDLE_TIMEOUT"),
    total: ("DEADLINE_EXCEEDED", "STREAM_TIMEOUT"),
    deadline: ("DEADLINE_EXCEEDED", ""),
    cancel_while_streaming: ("", ""),
    cancel_while_blocked: ("", ""),
    stalled_reader: ("DEADLINE_EXCEEDED", "SEND_TIMEOUT"),
    replaced: ("CANCELLED", "INTERRUPTED"),
    interrupted: ("CANCELLED", "INTERRUPTED"),
    drained: ("UNAVAILABLE", "DRAINING"),
    killed: ("", ""),
}

SETTINGS: dict[Any, dict[str, str]] = {
    voice_raises: {
        "tts": '{ kind = "custom", factory = "tests.scripted:ScriptedSpeech", on_failure = "abort" }',
    },
    idle: {"limits": "idle_timeout_seconds = 4.0"},
    total: {"limits": "max_stream_seconds = 3.0", "tts": SILENT},
    cancel_while_blocked: {"tts": BIG_VOICE},
    stalled_reader: {"limits": "send_timeout_seconds = 0.4", "tts": BIG_VOICE},
    replaced: {"limits": 'single_flight = "replace"'},
}


@pytest.mark.parametrize("ending", ENDINGS, ids=lambda ending: ending.__name__)
async def test_ending(
    ending: Callable[[Service], Awaitable[list[Answer]]],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All leases come back, each after its upstream has closed; no task is left; one terminal message, the right
    status.
    """
    before = asyncio.all_tasks()
    diary = scripted.new_diary()
    async with serving(tmp_path, closing=0.02, **SETTINGS.get(ending, {})) as service:
        note_releases(service, diary, monkeypatch)
        for answer in await ending(service):
            judge(answer, *ENDINGS[ending])
        await until(lambda: service.leases == 0 and service.streams == 0)
    left = asyncio.all_tasks() - before
    assert not {task for task in left if not task.done()}, left
    assert len(diary.who("opened")) == len(diary.who("closed")) == len(diary.who("released")) >= TIMES
    assert diary.running == 0
    for device in set(diary.who("released")):
        order = [what for what, who in diary.entries if who == device]
        assert_closed_before_released(order)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []
    for line in capfd.readouterr().err.splitlines():
        assert json.loads(line)["scope"], "something else than our own log wrote to stderr"


def note_releases(service: Service, diary: Diary, monkeypatch: pytest.MonkeyPatch) -> None:
    limiter = service.server.container.limiter()
    release = limiter.release

    def noted(lease: Lease) -> None:
        diary.note("released", lease.key)
        release(lease)

    monkeypatch.setattr(limiter, "release", noted)


def assert_closed_before_released(order: list[str]) -> None:
    """At no moment were more leases back than upstreams closed."""
    closed = 0
    for what in order:
        closed += {"opened": 0, "closed": 1, "released": -1}[what]
        assert closed >= 0, order


def judge(answer: Answer, code: str, reason: str) -> None:
    assert answer.code is not None
    assert answer.code.name == code
    if reason:
        assert answer.reason == reason
    terminal = [kind for kind in answer.kinds if kind in {"end_message", "error_message"}]
    if code == "OK":
        assert terminal == answer.kinds[-1:] == ["end_message"]
        return
    assert "end_message" not in terminal
    if reason not in {"", "SEND_TIMEOUT"}:
        assert terminal == answer.kinds[-1:] == ["error_message"]
