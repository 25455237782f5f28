"""One worker process of espeak-ng, as its parent sees it, and the job that it speaks."""

import asyncio
import os
import signal
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Sequence
from contextlib import suppress
from math import inf

from pipeline.time_limit import time_limit
from pipeline.tts.engines import Due
from pipeline.tts.errors import SpeechEngineError
from pipeline.tts.espeak.worker import ABORT, AUDIO, FAILED, HEADER, READY, SPEAK, SPEAK_MARKED, WORD, WORDS

WordEvent = tuple[int, int]
"""The character of the job's text at which a word begins, and when: in ms from the job's first sound."""

SILENCE_SECONDS = 5.0
"""A worker that should speak and gives nothing for this long hangs: it needs some milliseconds."""

STOP_SECONDS = 1.0
"""How long a worker may take to give up an aborted job, and to end when it is told to."""

PATIENCE_SECONDS = 2.0
"""A job is due after this long at the latest, however much its listener still has to play. Otherwise, on a machine that
is always busy, it would wait for ever and count as a voice that stalls.
"""

REPAIR = "pip install --force-reinstall 'stentor[espeak]'"


class EspeakFailed(SpeechEngineError, ConnectionError):
    """This piece of text could not be spoken, or not to its end."""


class EspeakUnavailable(EspeakFailed):
    """No worker runs and none can be started. The text says why, and how to mend it."""


class Job:
    """A piece of text on its way through a worker.

    Its sound waits here for the reader, so that a slow one holds no worker up; the length of the text bounds it.
    """

    def __init__(self, number: int, voice: str, text: str, marked: bool, due: Due, words_a_minute: int = 0) -> None:
        self.number = number
        self.kind = SPEAK_MARKED if marked else SPEAK
        self._due = due
        self._latest = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        self.request = f"{voice}\0{words_a_minute}\0{text}".encode()
        self.tries = 0
        self.heard = False
        self.closed = False
        self.abort: Callable[[], None] | None = None
        self._sound: asyncio.Queue[bytes | WordEvent | EspeakFailed | None] = asyncio.Queue()

    def rank(self) -> tuple[float, int]:
        """Give the place in the queue, lowest first: jobs that are over, then those due first, then the oldest."""
        return (-inf if self.closed else min(self._due(), self._latest)), self.number

    async def read(self) -> bytes | WordEvent | None:
        """Give the next piece of sound (whole samples), None at the end. Raise EspeakFailed.

        A marked job gives each word's event before the sound in which the word begins, and again when the worker died
        before that sound.
        """
        item = await self._sound.get()
        if isinstance(item, EspeakFailed):
            raise item
        return item

    def close(self) -> None:
        """Free the worker at once, for nobody listens any more. May be called at any time, also twice."""
        self.closed = True
        if self.abort:
            self.abort()

    def add(self, kind: int, payload: bytes) -> None:
        """Take AUDIO or WORDS from the worker; drop them when nobody listens."""
        self.heard = self.heard or kind == AUDIO
        if self.closed:
            return
        if kind == AUDIO:
            self._sound.put_nowait(payload)
        else:
            for word in WORD.iter_unpack(payload):
                self._sound.put_nowait(word)

    def end(self, error: EspeakFailed | None = None) -> None:
        """Tell the reader that nothing more comes, and the *error* if there is one."""
        self._sound.put_nowait(error)


class Worker:
    """A place for one process, filled anew by ``start`` when the one before it has died."""

    def __init__(self, command: Sequence[str]) -> None:
        self._command = command
        self._process: Process | None = None

    @property
    def running(self) -> bool:
        """Tell whether there is a process; one that died a moment ago still counts until ``speak`` finds out."""
        return self._process is not None

    async def start(self) -> str:
        """Spawn a process, wait until it can speak, and give the catalogue of its voices. Raise EspeakUnavailable."""
        try:
            # Not a fork: the parent holds the transport's threads and sockets.
            self._process = await asyncio.create_subprocess_exec(
                *self._command, stdin=PIPE, stdout=PIPE, stderr=DEVNULL
            )
        except OSError as error:
            raise EspeakUnavailable(f"the espeak worker cannot be started: {error.strerror}") from error
        kind, payload = FAILED, b"its worker ended or did not answer"
        try:
            with suppress(EOFError, TimeoutError):
                async with time_limit(SILENCE_SECONDS):
                    kind, _, payload = await self._receive()
        finally:
            if kind != READY:
                await self.kill()
        if kind != READY:
            raise EspeakUnavailable(f"espeak cannot be loaded: {payload.decode()}; try {REPAIR}")
        return payload.decode()

    async def speak(self, job: Job) -> None:
        """Have *job* spoken; return when the worker is free again, also after an abort.

        Raise EOFError, ConnectionError or TimeoutError when the process died or hangs; it has to be killed then.
        """
        async with time_limit(SILENCE_SECONDS) as limit:

            def abort() -> None:
                limit.move(STOP_SECONDS)
                self._send(ABORT, job.number)

            job.abort = abort
            try:
                self._send(job.kind, job.number, job.request)
                while True:
                    kind, number, payload = await self._receive()
                    if number != job.number:
                        continue
                    if kind not in (AUDIO, WORDS):
                        break
                    job.add(kind, payload)
                    if not job.closed:
                        limit.move(SILENCE_SECONDS)
            finally:
                job.abort = None
        job.end(EspeakFailed(payload.decode()) if kind == FAILED else None)

    async def close(self) -> None:
        """End the process: it stops when its input ends, also in the middle of a sentence. It ignores SIGTERM."""
        if self._process is None:
            return
        _into(self._process).close()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(STOP_SECONDS):
                    await _out(self._process).read()  # a worker that is blocked in a full pipe would not see the end
        finally:
            await self.kill()

    async def kill(self) -> int:
        """End the process at once and wait for it. Give its exit code, 0 if there is no process."""
        process = self._process
        if process is None:
            return 0
        # Not process.kill(): it reaps a child that is dead already, before asyncio's own watcher, which then complains.
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        code = await process.wait()
        await _out(process).read()  # to its end: only then asyncio has closed all of it
        self._process = None  # not before: a kill that is cancelled has to be finished by the next
        return code

    def _send(self, kind: int, number: int, payload: bytes = b"") -> None:
        # Not drained: at most one SPEAK, of some 1,600 bytes, and its ABORT are under way.
        _into(self._process).write(HEADER.pack(kind, number, len(payload)) + payload)

    async def _receive(self) -> tuple[int, int, bytes]:
        source = _out(self._process)
        kind, number, length = HEADER.unpack(await source.readexactly(HEADER.size))
        return kind, number, await source.readexactly(length)


def _into(process: Process | None) -> asyncio.StreamWriter:
    if process is None or process.stdin is None:
        raise EOFError("no process")
    return process.stdin


def _out(process: Process | None) -> asyncio.StreamReader:
    if process is None or process.stdout is None:
        raise EOFError("no process")
    return process.stdout
