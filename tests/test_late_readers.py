"""Clients that do not read for a while, or leave at once: they get their end, and leave nothing behind."""

import asyncio
import logging
import random
from pathlib import Path
from typing import Any

import grpc
import pytest

from tests.fakes import PATIENCE, still, until
from tests.gates import gated
from tests.serving import BIG_VOICE, FIXED_WINDOWS, Answer, Service, read, serving, voice

FLOOD = {"deltas": 200}


async def blocked(service: Service, **fields: str) -> Any:
    """A call whose client does not read, with a server that is blocked in a write."""
    call = await service.begun(FLOOD, **fields)
    await still(lambda: service.diary.spoken)
    return call


async def read_late(call: Any, seconds: float) -> Answer:
    await asyncio.sleep(seconds)
    async with asyncio.timeout(PATIENCE):
        return await read(call)


@pytest.mark.parametrize("late", [0.0, 3.0, *(pytest.param(n, marks=pytest.mark.slow) for n in (6.0, 9.0))])
async def test_interrupted_while_it_does_not_read(tmp_path: Path, late: float) -> None:
    """A stream that is ended amid a write ends with its last message and its status, when its client reads again."""
    async with serving(tmp_path, tts=BIG_VOICE, limits="send_timeout_seconds = 12") as service:
        call = await blocked(service, session_id="s", hardware_id="pc")
        assert (await service.interrupt("pc")).success
        assert service.leases == 0
        answer = await read_late(call, late)
    assert (answer.code, answer.reason) == (grpc.StatusCode.CANCELLED, "INTERRUPTED")
    assert answer.kinds[-1] == "error_message"
    numbers = [message.sequence for message in answer.messages]
    assert numbers == list(range(numbers[0], numbers[-1] + 1))


async def test_its_last_message_is_given_up(tmp_path: Path) -> None:
    """When the rest of send_timeout_seconds is over the last message is given up; the status comes all the same."""
    async with serving(tmp_path, tts=BIG_VOICE, limits="send_timeout_seconds = 2") as service:
        call = await blocked(service, session_id="s", hardware_id="pc")
        assert (await service.interrupt("pc")).success
        answer = await read_late(call, 3.0)
    assert (answer.code, answer.reason) == (grpc.StatusCode.CANCELLED, "INTERRUPTED")
    assert "error_message" not in answer.kinds


async def test_one_that_never_reads(tmp_path: Path) -> None:
    """Its lease comes back after send_timeout_seconds, and it gets its status when it reads at last."""
    async with serving(tmp_path, tts=BIG_VOICE, limits="send_timeout_seconds = 1") as service:
        call = await service.begun(FLOOD)
        await until(lambda: service.leases == 0)
        answer = await read_late(call, 0)
    assert answer.reason == "SEND_TIMEOUT"


@pytest.mark.parametrize("late", [3.0, *(pytest.param(n, marks=pytest.mark.slow) for n in (6.0, 9.0))])
@pytest.mark.parametrize("patience", [2, 12], ids=["given up", "in time"])
async def test_refused_while_the_connection_is_full(tmp_path: Path, late: float, patience: int) -> None:
    """A call that is refused while its connection takes nothing gets its message and its status when there is room
    again, also when the server has given the message up.
    """
    async with (
        serving(tmp_path, tts=BIG_VOICE, limits=f"send_timeout_seconds = {patience}") as service,
        gated(service.server.address) as (address, is_open),
        grpc.aio.insecure_channel(address, options=FIXED_WINDOWS) as channel,
    ):
        full = Service(service.server, channel, service.diary)
        flood = await full.begun(FLOOD, session_id="s")
        is_open.clear()
        reading = asyncio.create_task(read(flood))
        await still(lambda: service.diary.spoken)
        refused = asyncio.create_task(full.ask("Next.", session_id="s"))
        await asyncio.sleep(late)
        is_open.set()
        async with asyncio.timeout(PATIENCE):
            answer = await refused
        flood.cancel()
        await reading
    assert (answer.reason, answer.kinds) == ("CONCURRENT_REQUEST", ["error_message"])


@pytest.mark.parametrize("times", [200, pytest.param(1000, marks=pytest.mark.slow)])
async def test_clients_that_cancel_at_once(tmp_path: Path, times: int, caplog: pytest.LogCaptureFixture) -> None:
    """A client that cancels within its first 50 ms is no news for the log, at whatever moment it does."""

    async def one() -> None:
        call = service.call("Hello. ", {"hang": True})
        answer = asyncio.create_task(read(call))
        await asyncio.sleep(random.uniform(0, 0.05))
        call.cancel()
        await answer

    async with serving(tmp_path) as service:
        for _ in range(times // 50):
            await asyncio.gather(*(one() for _ in range(50)))
        await until(lambda: service.leases == service.streams == 0)
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


async def test_a_loop_that_stood_still(tmp_path: Path) -> None:
    """A stage that stops the event loop for longer than the timeouts ends no stream beside it."""
    limits = "idle_timeout_seconds = 1\nsend_timeout_seconds = 1"
    tts = voice("first_audio_timeout_seconds = 1, stall_timeout_seconds = 1, options = { seconds_per_char = 0.001 }")
    beside = [step for n in range(20) for step in (f"Number {n}. ", {"sleep": 0.05})]
    async with serving(tmp_path, limits=limits, tts=tts) as service:
        others = [asyncio.create_task(service.ask(*beside)) for _ in range(20)]
        await until(lambda: len(service.diary.who("opened")) == 20)
        await asyncio.gather(*(service.ask({"block": 2.0}, "Done.", {"block": 2.0}) for _ in range(2)))
        answers = [await other for other in others]
    assert {answer.code for answer in answers} == {grpc.StatusCode.OK}
    assert not [message for answer in answers for message in answer.messages if message.HasField("warning")]
