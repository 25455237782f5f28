"""Every way a stream can end, many times over: nothing is left behind, and everything stops in the right order."""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import grpc
import pytest

from interceptors.limiter import Lease
from tests.fakes import still, until
from tests.processes import python
from tests.serving import BIG_VOICE, Answer, Service, read, serving, voice

TIMES = 50
START = "A start is made. "
HANG = (START, {"hang": True})
FLOOD = {"deltas": 100}


class Ending(NamedTuple):
    """How to make many streams end, the status that they end with, and the settings that this needs."""

    run: Callable[[Service], Awaitable[list[Answer]]]
    code: str = ""
    reason: str = ""
    settings: Mapping[str, str] = MappingProxyType({})


async def asked(service: Service, *script: Any, **fields: Any) -> list[Answer]:
    """The same call, many times at once, each of its own device and session."""
    own = ({"hardware_id": f"device-{n}", "session_id": f"s{n}"} for n in range(TIMES))
    return await asyncio.gather(*(service.ask(*script, **{**each, **fields}) for each in own))


def asking(*script: Any, **fields: Any) -> Callable[[Service], Awaitable[list[Answer]]]:
    """An ending that the reply, or a limit, brings about by itself."""
    return lambda service: asked(service, *script, **fields)


async def begun(service: Service, *script: Any) -> list[Any]:
    """Many calls that have given their first message."""
    return await asyncio.gather(*(service.begun(*script, hardware_id=f"device-{n}") for n in range(TIMES)))


async def running(service: Service, **fields: Any) -> "asyncio.Task[list[Answer]]":
    """Many calls that hang, read in a task. All models were asked, which is some steps behind the leases."""
    answers = asyncio.create_task(asked(service, *HANG, **fields))
    await until(lambda: len(service.diary.who("opened")) == TIMES)
    return answers


async def cancel_while_streaming(service: Service) -> list[Answer]:
    for call in await begun(service, *HANG):
        call.cancel()
    return []


async def cancel_while_blocked(service: Service) -> list[Answer]:
    calls = await begun(service, FLOOD)
    await still(lambda: service.diary.spoken)  # no write gets through any more
    for call in calls:
        call.cancel()
    return []


async def stalled_reader(service: Service) -> list[Answer]:
    calls = await begun(service, FLOOD)
    await until(lambda: service.leases == 0)
    return await asyncio.gather(*(read(call) for call in calls))


async def replaced(service: Service) -> list[Answer]:
    older = await running(service)
    for answer in await asked(service, "It is done."):
        assert answer.code is grpc.StatusCode.OK
    return await older


async def interrupted(service: Service) -> list[Answer]:
    streams = await running(service, hardware_id="device-0")
    response = await service.interrupt("device-0")
    assert len(response.interrupted_sessions) == TIMES
    assert service.leases == 0
    return await streams


async def drained(service: Service) -> list[Answer]:
    streams = await running(service)
    await service.server.container.streams().drain(0.05)
    assert service.leases == 0
    late = await service.ask("Too late.")
    assert (late.code, late.reason, late.kinds) == (grpc.StatusCode.UNAVAILABLE, "DRAINING", ["error_message"])
    assert late.pushback > 0
    return await streams


async def killed(service: Service) -> list[Answer]:
    """The clients are one process, ended the hard way."""
    code = f"""
import asyncio, grpc
from tests.test_endings import HANG, Service, asked
async def main():
    async with grpc.aio.insecure_channel({service.server.address!r}) as channel:
        await asked(Service(None, channel), *HANG)
asyncio.run(main())
"""
    async with python("-c", code):
        await until(lambda: len(service.diary.who("opened")) == TIMES)
    return []


SLOWLY = [piece for n in range(120) for piece in (f"Number {n}. ", {"sleep": 0.05})]
STRICT_VOICE = voice('on_failure = "abort"')
BRIEF = {"limits": "max_stream_seconds = 3.0", "tts": '{ kind = "off" }'}
WORKING = {"pipeline": "working = { after_seconds = 0.05, every_seconds = 0.05 }"}
BLOCKED = {"limits": "send_timeout_seconds = 0.4", "tts": BIG_VOICE}

ENDINGS = {
    "well": Ending(asking(START, "It is done."), "OK"),
    "well_and_slowly": Ending(asking(START, {"sleep": 0.5}, "It is done."), "OK", settings=WORKING),
    "stage_raises": Ending(asking(START, {"raise": "ValueError"}), "INTERNAL", "INTERNAL"),
    "voice_raises": Ending(asking(START, "This will FAIL."), "UNAVAILABLE", "SPEECH_FAILED", {"tts": STRICT_VOICE}),
    "idle": Ending(asking(*HANG), "DEADLINE_EXCEEDED", "STREAM_IDLE_TIMEOUT", {"limits": "idle_timeout_seconds = 4.0"}),
    "total": Ending(asking(*SLOWLY), "DEADLINE_EXCEEDED", "STREAM_TIMEOUT", BRIEF),
    "deadline": Ending(asking(*HANG, timeout=6), "DEADLINE_EXCEEDED"),
    "cancel_while_streaming": Ending(cancel_while_streaming),
    "cancel_while_waiting": Ending(cancel_while_streaming, settings=WORKING),
    "interrupted_while_waiting": Ending(interrupted, "CANCELLED", "INTERRUPTED", WORKING),
    "cancel_while_blocked": Ending(cancel_while_blocked, settings={"tts": BIG_VOICE}),
    "stalled_reader": Ending(stalled_reader, "DEADLINE_EXCEEDED", "SEND_TIMEOUT", BLOCKED),
    "replaced": Ending(replaced, "CANCELLED", "INTERRUPTED", {"limits": 'single_flight = "replace"'}),
    "interrupted": Ending(interrupted, "CANCELLED", "INTERRUPTED"),
    "drained": Ending(drained, "UNAVAILABLE", "DRAINING"),
    "killed": Ending(killed),
}


@pytest.mark.parametrize("ending", ENDINGS.values(), ids=ENDINGS)
async def test_ending(
    ending: Ending,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """All leases come back, each after its upstream closed; no task is left; one terminal message, the right status."""
    before = asyncio.all_tasks()
    async with serving(tmp_path, closing=0.02, **ending.settings) as service:
        diary = service.diary
        note_releases(service, monkeypatch)
        for answer in await ending.run(service):
            judge(answer, ending.code, ending.reason)
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


def note_releases(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    limiter = service.server.container.limiter()
    release = limiter.release

    def noted(lease: Lease) -> None:
        service.diary.note("released", lease.key)
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
