"""Thousands of streams: nothing accumulates."""

import asyncio
import gc
from collections import Counter
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.fakes import until
from tests.serving import Service, serving, voice

STREAMS = 5000
AT_ONCE = 50
WAVES = 6
DRIFT = 5 * 1024 * 1024

MIX: list[list[Any]] = [
    ["One is here. ", "Two is here."],
    ["One is here. ", '{"command": "open_app", "args": {"app_name": "Safari"}}'],
    ["One is here. ", {"raise": "ValueError"}],
    ["One has FAIL. ", "Two is here."],
    ["One is here. ", {"hang": True}],
    [" "],
]


async def one(service: Service, number: int) -> None:
    """One stream of the mix; one that hangs is cancelled by its client, one in ten is a duplicate."""
    script = MIX[number % len(MIX)]
    call = service.call(*script, session_id=f"s{number - (number % 10 == 9)}", hardware_id=f"{number % 7}")
    async for message in call:
        if message.final and {"hang": True} in script:
            call.cancel()


async def many(service: Service, numbers: range) -> None:
    for start in range(numbers.start, numbers.stop, AT_ONCE):
        batch = (one(service, number) for number in range(start, start + AT_ONCE))
        await asyncio.gather(*batch, return_exceptions=True)


async def test_mixed_streams(tmp_path: Path) -> None:
    """After 5,000 mixed streams no lease is held, and the second half needed no more memory than the first."""
    process = psutil.Process()
    bounded = 'memory = { kind = "memory", max_sessions = 500 }'  # else each stream adds a conversation
    async with serving(tmp_path, tts=voice("options = { seconds_per_char = 0.001 }"), pipeline=bounded) as service:
        sizes = []
        for half in (range(STREAMS // 2), range(STREAMS // 2, STREAMS)):
            await many(service, half)
            await until(lambda: service.leases == 0 and service.streams == 0)
            gc.collect()
            sizes.append(process.memory_info().rss)
    assert sizes[1] - sizes[0] < DRIFT


def kept() -> Counter[str]:
    """How many objects there are of each class of ours, and how many tasks."""
    gc.collect()
    kinds = (f"{type(each).__module__}.{type(each).__qualname__}" for each in gc.get_objects())
    ours = Counter(kind for kind in kinds if kind.startswith(("app.", "interceptors.", "pipeline.")))
    return ours + Counter(tasks=len(asyncio.all_tasks()))


@pytest.mark.parametrize("in_a_wave", [200, pytest.param(1000, marks=pytest.mark.slow)])
async def test_waves_of_cancelled_streams(tmp_path: Path, in_a_wave: int) -> None:
    """Nothing is kept of streams that are cancelled in mid-answer: after each wave as much as after the first."""
    memory = 'memory = { kind = "none" }'
    async with serving(tmp_path, limits=f"max_concurrent_streams = {in_a_wave}", pipeline=memory) as service:
        after = []
        for wave in range(WAVES):
            calls = [service.call("One. ", {"hang": True}, session_id=f"{wave}-{n}") for n in range(in_a_wave)]
            await asyncio.gather(*(anext(aiter(call)) for call in calls))
            for call in calls:
                call.cancel()
            await asyncio.gather(*(call.code() for call in calls))
            calls.clear()
            await until(lambda: service.leases == 0 and service.streams == 0)
            await asyncio.sleep(0.1)  # grpc's own tasks end behind ours
            after.append(kept())
    assert after[1:] == after[:1] * (WAVES - 1)
