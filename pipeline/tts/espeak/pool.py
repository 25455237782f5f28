"""The workers of espeak-ng behind one queue: the most urgent job comes first.

A worker dies alone and is replaced; the sentences of others are kept.
"""

import asyncio
import itertools
from collections.abc import Sequence
from contextlib import AsyncExitStack, suppress

import structlog

from pipeline.tts.engines import Due, at_once
from pipeline.tts.espeak.process import EspeakFailed, EspeakUnavailable, Job, Worker

TRIES = 2
"""How often a job is given to a worker: a second time if the first worker died before any sound came."""

START_PAUSES = (0.0, 0.1, 0.5)
"""Seconds before each attempt to replace a worker. When the last attempt fails, the jobs that wait for it fail."""

REST_SECONDS = 1.0
"""The pause before further attempts, however many jobs wait: processes that die at once must not eat the machine."""

log = structlog.get_logger(scope="espeak")


class Waiting(asyncio.Queue[Job]):
    """Gives the job that is due first at that moment: how urgent a job is changes while it waits. At most some hundreds
    wait.
    """

    def _init(self, _maxsize: int) -> None:
        self._queue: list[Job] = []

    def _put(self, item: Job) -> None:
        self._queue.append(item)

    def _get(self) -> Job:
        job = min(self._queue, key=Job.rank)
        self._queue.remove(job)
        return job


class Pool:
    """*count* processes of *command*, each with one job at a time, the most urgent one first."""

    def __init__(self, command: Sequence[str], count: int) -> None:
        self._workers = [Worker(command) for _ in range(count)]
        self._jobs = Waiting()
        self._numbers = itertools.count(1)
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> str:
        """Start all workers and give the catalogue of their voices. Raise EspeakUnavailable; then nothing runs."""
        async with AsyncExitStack() as undo:
            undo.push_async_callback(self.aclose)
            for worker in self._workers:
                catalogue = await worker.start()
            undo.pop_all()
        self._tasks = [asyncio.create_task(self._serve(worker), name="espeak") for worker in self._workers]
        return catalogue

    def submit(self, voice: str, text: str, marked: bool = False, due: Due = at_once, words_a_minute: int = 0) -> Job:
        """Queue *text* for *voice*, espeak's identifier. The caller reads the job and closes it.

        *words_a_minute*: 0 = those of the settings.
        """
        job = Job(next(self._numbers), voice, text, marked, due, words_a_minute)
        if self._tasks:
            self._jobs.put_nowait(job)
        else:
            job.end(EspeakUnavailable("espeak is closed"))
        return job

    async def aclose(self) -> None:
        """End the processes and wait for them; jobs that are not done raise EspeakUnavailable."""
        tasks, self._tasks = self._tasks, []
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        for worker in self._workers:
            await worker.close()
        self._refuse_all(EspeakUnavailable("espeak is closed"))

    async def _serve(self, worker: Worker) -> None:
        while True:
            job = await self._jobs.get()
            if job.closed:
                continue
            try:
                await self._speak(worker, job)
            except asyncio.CancelledError:
                job.end(EspeakUnavailable("espeak is closed"))
                raise

    async def _speak(self, worker: Worker, job: Job) -> None:
        try:
            if not worker.running:
                await _replace(worker)
            job.tries += 1
            await worker.speak(job)
        except EspeakUnavailable as error:
            self._jobs.put_nowait(job)
            if not any(other.running for other in self._workers):
                self._refuse_all(error)
            await asyncio.sleep(REST_SECONDS)
        except (EOFError, ConnectionError, TimeoutError):
            log.warning("a worker died or hung", decision="replace", exit_code=await worker.kill())
            self._lost(job)
            with suppress(EspeakUnavailable):  # the next job tries again, and fails if it must
                await _replace(worker)

    def _lost(self, job: Job) -> None:
        if job.heard or job.tries >= TRIES:
            job.end(EspeakFailed("the espeak worker died over this text"))
        else:
            self._jobs.put_nowait(job)

    def _refuse_all(self, error: EspeakUnavailable) -> None:
        while not self._jobs.empty():
            self._jobs.get_nowait().end(error)


async def _replace(worker: Worker) -> None:
    for pause in START_PAUSES[:-1]:
        await asyncio.sleep(pause)
        with suppress(EspeakUnavailable):
            await worker.start()
            return
    await asyncio.sleep(START_PAUSES[-1])
    await worker.start()
