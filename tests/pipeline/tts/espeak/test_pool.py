"""The pool's endings, with workers that do what a test says when it says so, and a real process that is no espeak."""

import asyncio
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from math import inf

import pytest

from pipeline.tts.espeak import pool as espeak_pool
from pipeline.tts.espeak import process as espeak_process
from pipeline.tts.espeak.pool import Pool
from pipeline.tts.espeak.process import EspeakUnavailable, Job, Worker
from tests.fakes import PATIENCE, until

READY = (
    "import sys, time; from pipeline.tts.espeak import worker as w;"
    "sys.stdout.buffer.write(w.HEADER.pack(w.READY, 0, 0)); sys.stdout.flush(); time.sleep(60)"
)
"""A process that says it is ready and then nothing."""


class ScriptedWorker:
    """Has the interface of ``Worker``; speaks nothing and dies over every job. ``hangs``: the call that never ends;
    ``inside``: the calls that were made.
    """

    hangs = ""

    def __init__(self, command: Sequence[str]) -> None:
        self.running = False
        self.inside: list[str] = []

    async def start(self) -> str:
        if self.inside:
            await self._enter("start")
        self.inside.append("start")
        self.running = True
        return ""

    async def speak(self, job: Job) -> None:
        await self._enter("speak")
        raise EOFError

    async def kill(self) -> int:
        await self._enter("kill")
        self.running = False
        return -9

    async def close(self) -> None:
        self.running = False

    async def _enter(self, call: str) -> None:
        self.inside.append(call)
        if call == self.hangs:
            await asyncio.Event().wait()


@pytest.mark.parametrize(
    ("hangs", "dead"), [("speak", False), ("kill", False), ("start", False), ("start", True)], ids=str
)
async def test_closing_tells_a_reader_wherever_its_job_is(monkeypatch, hangs, dead):
    """Wherever ``aclose`` comes (while a worker speaks, is killed, or is replaced before or after this job), the reader
    gets EspeakUnavailable and does not wait for ever.
    """
    monkeypatch.setattr(espeak_pool, "Worker", ScriptedWorker)
    monkeypatch.setattr(ScriptedWorker, "hangs", hangs)
    pool = Pool([], 1)
    await pool.start()
    (worker,) = pool._workers
    worker.running = not dead
    reader = asyncio.create_task(pool.submit("", "").read())
    await until(lambda: worker.inside[-1] == hangs and len(worker.inside) > 1)
    await pool.aclose()
    async with asyncio.timeout(PATIENCE):
        with pytest.raises(EspeakUnavailable, match="closed"):
            await reader
    with pytest.raises(EspeakUnavailable, match="closed"):
        await pool.submit("", "").read()


async def test_a_kill_that_was_cancelled_is_finished_by_the_next():
    """The process still counts as running until it was waited for and its pipes are closed."""
    worker = Worker((sys.executable, "-c", READY))
    assert await worker.start() == ""
    killing = asyncio.create_task(worker.kill())
    await asyncio.sleep(0)
    killing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await killing
    assert worker.running
    assert await worker.kill() == -9
    assert not worker.running
    assert await worker.kill() == 0


class Speaking(ScriptedWorker):
    """Speaks everything, and notes it; the first job lasts until ``go``."""

    go: asyncio.Event
    spoken: list[bytes]

    async def speak(self, job: Job) -> None:
        self.spoken.append(job.request)
        await self.go.wait()
        job.end()


@asynccontextmanager
async def busy(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[tuple[Pool, list[str]]]:
    """A pool whose worker becomes free at the end of the block, and then the texts in the order in which they were
    spoken.
    """
    monkeypatch.setattr(espeak_pool, "Worker", Speaking)
    monkeypatch.setattr(Speaking, "go", asyncio.Event(), raising=False)
    monkeypatch.setattr(Speaking, "spoken", [], raising=False)
    pool = Pool([], 1)
    await pool.start()
    pool.submit("", "first")
    await until(lambda: Speaking.spoken)
    order: list[str] = []
    yield pool, order
    last = pool.submit("", "last", due=lambda: inf)
    Speaking.go.set()
    assert await last.read() is None
    await pool.aclose()
    order += [request.decode().removeprefix("\x000\0") for request in Speaking.spoken[1:-1]]


async def test_what_is_due_first_is_spoken_first(monkeypatch):
    """A sentence that is spoken ahead waits for those that somebody waits for; of equals the oldest comes first."""
    async with busy(monkeypatch) as (pool, order):
        for text, due in (("ahead", inf), ("later", 20.0), ("old", 10.0), ("also ahead", inf), ("new", 10.0)):
            pool.submit("", text, due=lambda due=due: due)
    assert order == ["old", "new", "later", "ahead", "also ahead"]


async def test_nobody_is_passed_over_for_long(monkeypatch):
    """A sentence that is spoken ahead is due after some seconds: later listeners do not keep it from its turn."""
    monkeypatch.setattr(espeak_process, "PATIENCE_SECONDS", 0.0)
    async with busy(monkeypatch) as (pool, order):
        pool.submit("", "ahead", due=lambda: inf)
        soon = asyncio.get_running_loop().time() + 60
        pool.submit("", "new", due=lambda: soon)
    assert order == ["ahead", "new"]


async def test_what_becomes_due_while_it_waits(monkeypatch):
    """A sentence that was spoken ahead becomes urgent when nothing is left to play before it. A job that nobody reads
    is dropped.
    """
    times = {"ahead": inf, "new": 10.0}
    async with busy(monkeypatch) as (pool, order):
        for text in times:
            pool.submit("", text, due=lambda text=text: times[text])
        left = pool.submit("", "left")
        times["ahead"] = 5.0
        left.close()
    assert order == ["ahead", "new"]
