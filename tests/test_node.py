"""Clients in Node (grpc-js), whose calls reach the server in another order than those of Python."""

import asyncio
import json
import shutil
from asyncio.subprocess import PIPE
from pathlib import Path

import pytest

from tests.fakes import until
from tests.processes import NODE_MODULES, ROOT
from tests.serving import serving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(shutil.which("node") is None, reason="Node is not installed"),
    pytest.mark.skipif(not NODE_MODULES.exists(), reason="run npm install in tests/node"),
]
TIMES = 1000


async def play(name: str, address: str, channels: int) -> dict[str, int]:
    """How often each status came back from a play of tests/node/sessions.js."""
    command = ("node", "tests/node/sessions.js", name, address, str(channels), str(TIMES))
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, stdout=PIPE)
    try:
        output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0
    counts: dict[str, int] = json.loads(output)
    return counts


@pytest.mark.parametrize("channels", [1, 2])
async def test_barge_in_by_cancel(tmp_path: Path, channels: int) -> None:
    """A client that cancels and asks at once is never refused, over one connection or two; never do two models run."""
    async with serving(tmp_path, tts='{ kind = "off" }', closing=0.005) as service:
        counts = await play("barge_in", service.server.address, channels)
        await until(lambda: service.leases == service.streams == 0)
    assert counts == {"OK": TIMES}
    assert service.diary.most_running == 1


async def test_true_duplicates(tmp_path: Path) -> None:
    """A duplicate of a stream that really runs is refused, each time, and its model never asked."""
    async with serving(tmp_path, tts='{ kind = "off" }') as service:
        counts = await play("duplicates", service.server.address, 2)
        await until(lambda: service.leases == 0)
    assert counts == {"RESOURCE_EXHAUSTED": TIMES}
    assert len(service.diary.who("opened")) == 1
