"""Guesses what a turn will be, and makes its answer before it is asked.

Nothing of a guess leaves before a COMMIT has asked the very same; a wrong one is never sent, run or remembered.
"""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from dataclasses import replace
from functools import partial
from typing import Any

import structlog

from app.service import wire
from app.service.early_input import Conversation, Entry, Key, key_of
from interceptors.base import identity
from interceptors.limiter import Lease, MemoryLimiter
from interceptors.streams import Streams, uncut
from pipeline.events import ModelEvent, TurnEvent
from pipeline.flow import closing, prefetch
from pipeline.interfaces import Model, Turn
from pipeline.memory.memory import ProcessMemory
from pipeline.run import Stages, nobody, run
from protos import streaming_pb2 as pb

STANDS_SECONDS = 0.25
"""Input that did not change for so long may be the whole turn."""

LIFE_SECONDS = 5.0
"""A guess that nobody asks for ends so long after the last chunk of its turn."""

log = structlog.get_logger(scope="guess")


class Guess:
    """An answer to *turn* that is made ahead: all of the model, the voice of the first sentence.

    It runs from ``start`` until it has ``ended``; then *stopped* is called. ``taken`` gives its events to the stream
    that asks for them.
    """

    def __init__(self, turn: Turn, stopped: Callable[["Guess"], None], *, marks_words: bool = False) -> None:
        self.turn = turn
        self._marks_words = marks_words
        self.outcome = ""
        """Why it ended: ``used``, ``wrong``, ``failed``, ``late`` (nobody asked for it) or ``full``; "" = it runs."""
        self._stopped = stopped
        self._progress = nobody
        self._asked = asyncio.Event()
        self._over = asyncio.Event()
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def start(self, stages: Stages, lease: Lease) -> None:
        """Begin, in the place of *lease*."""
        self.lease = lease
        self._timer = self._expires()
        ahead = replace(stages, model=_Watched(stages.model, self._model_failed))
        self._events = prefetch(partial(run, self.turn, ahead, self._moved, self._marks_words, self._asked), 1)
        self._task = asyncio.create_task(self._live())

    async def _live(self) -> None:
        try:
            async with self._events:
                await self._over.wait()
        finally:
            self._timer.cancel()
            self._stopped(self)
            self._ended.set_result(None)

    def suits(self, turn: Turn) -> bool:
        """Tell whether *turn* asks the same, up to the white space and the end punctuation of its prompt."""
        return asked_by(self.turn) == asked_by(turn)

    def keep(self) -> None:
        """Note a chunk of the same turn."""
        self._timer.cancel()
        self._timer = self._expires()

    def end_as(self, outcome: str) -> None:
        """Make it end. The first *outcome* counts."""
        self.outcome = self.outcome or outcome
        self._over.set()

    async def end(self, outcome: str) -> None:
        """Make it end, and return when all of its work has stopped. A cancellation waits for this, too."""
        self.end_as(outcome)
        await uncut(self._ended)

    def taken(self, progress: Callable[[], None]) -> AsyncIterator[TurnEvent]:
        """Let the rest of the answer be made, and return all of it. *progress* is called as by ``run``."""
        self.outcome = "used"
        self._timer.cancel()
        self._progress = progress
        self._asked.set()
        return self._events

    def _expires(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(LIFE_SECONDS, self.end_as, "late")

    def _moved(self) -> None:
        self._progress()

    def _model_failed(self) -> None:
        if not self._asked.is_set():
            self.end_as("failed")


def asked_by(turn: Turn) -> Turn:
    """Return all of *turn* that its answer depends on."""
    return replace(turn, prompt=wire.core(turn.prompt), deadline=None)


class _Watched:
    """A model that tells when it fails."""

    def __init__(self, model: Model, failed: Callable[[], None]) -> None:
        self._model = model
        self._failed = failed

    async def stream(self, turn: Turn) -> AsyncIterator[ModelEvent | str]:
        try:
            async with closing(self._model.stream(turn)) as items:
                async for item in items:
                    yield item
        except Exception:
            self._failed()
            raise


class Guesses:
    """The guesses of all clients: one at most for a turn, each in a place that gives way to any stream.

    ``outcomes`` counts how they ended. Without *speculates* there are none.
    """

    def __init__(
        self,
        stages: Stages,
        memory: ProcessMemory | None,
        limiter: MemoryLimiter,
        streams: Streams,
        conversation: Conversation,
        *,
        speculates: bool,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.outcomes: Counter[str] = Counter()
        self._stages = stages
        self._memory = memory
        self._limiter = limiter
        self._streams = streams
        self._conversation = conversation
        self._speculates = speculates
        self._clock = clock
        self._guesses: dict[Key, Guess] = {}

    def __len__(self) -> int:
        """Return how many guesses run."""
        return len(self._guesses)

    def chunk_came(self, entry: Entry) -> None:
        """Note that *entry* got a chunk. A guess at something else is wrong now; one begins when the turn has stood for
        a while.
        """
        guess = self._guesses.get(entry.key)
        if guess is not None:
            if guess.suits(wire.turn(entry.turn, entry.key[0], guess.turn.history, None)):
                guess.keep()
            else:
                guess.end_as("wrong")
        elif self._speculates and not entry.guessed and entry.waits != entry.version:
            self._wait(entry)

    def _wait(self, entry: Entry) -> None:
        entry.waits = entry.version
        asyncio.get_running_loop().call_later(STANDS_SECONDS, self._stood, entry, entry.version)

    def _stood(self, entry: Entry, version: int) -> None:
        """Begin a guess at *entry* if it is the same *version* still. Try again later if there is no place, or if the
        session's last answer is not over: this turn's history will have it.
        """
        is_current = entry.is_open and entry.version == version and self._clock() - entry.touched <= LIFE_SECONDS
        if not is_current or entry.guessed or not self._streams.is_open or not wire.core(entry.turn.prompt):
            return
        who, _, session = entry.key
        entry.guessed = not self._streams.is_running(who, session) and self._begin(entry.key, entry.turn)
        if not entry.guessed:
            self._wait(entry)

    def _begin(self, key: Key, request: pb.StreamRequest) -> bool:
        """Begin a guess. Return False if there is no place, or if the one before has not stopped yet."""

        def stopped(guess: Guess) -> None:
            self._limiter.release(guess.lease)
            if self._guesses.get(key) is guess:
                del self._guesses[key]
            self.outcomes[guess.outcome] += 1
            log.debug("a guess ended", decision="end", outcome=guess.outcome)

        if key in self._guesses:
            return False
        memory = self._memory
        history = memory.recall(self._conversation(request, key[0])) if memory is not None else ()
        guess = Guess(wire.turn(request, key[0], history, None), stopped, marks_words=memory is not None)
        lease = self._limiter.lend(partial(guess.end, "full"))
        if lease is None:
            return False
        self._guesses[key] = guess
        guess.start(self._stages, lease)
        return True

    def lease_of(self, request: Any, context: Any) -> Lease | None:
        """Return the lease of the guess at the turn that *request* commits, None if there is none."""
        key = key_of(request, identity(context))
        guess = self._guesses.get(key) if key is not None else None
        return guess.lease if guess is not None else None

    def answer(
        self, key: Key | None, turn: Turn, progress: Callable[[], None], *, marks_words: bool = False
    ) -> AsyncGenerator[TurnEvent, None]:
        """Yield the events of a turn, as ``run`` does: those of the guess at it, where there is one that suits.

        Any other guess at it has ended before the model is asked. A guess that fails before its first event is as none.
        """
        if key is None or key not in self._guesses:
            return run(turn, self._stages, progress, marks_words)
        return self._guessed(key, turn, progress, marks_words)

    async def _guessed(
        self, key: Key, turn: Turn, progress: Callable[[], None], marks_words: bool
    ) -> AsyncGenerator[TurnEvent, None]:
        guess = self._guesses.pop(key)  # from now on it belongs to the stream
        async with aclosing(self._of(guess, turn, progress)) as events:
            async for event in events:
                yield event
        if guess.outcome != "used":
            async with aclosing(run(turn, self._stages, progress, marks_words)) as events:
                async for event in events:
                    yield event

    async def _of(self, guess: Guess, turn: Turn, progress: Callable[[], None]) -> AsyncGenerator[TurnEvent, None]:
        """Yield the events of *guess*, none if it does not suit or fails before the first one."""
        is_said = False
        try:
            if guess.outcome or not guess.suits(turn):
                return
            async for event in guess.taken(progress):
                is_said = True
                yield event
        except Exception:
            if is_said:
                raise
            guess.outcome = "failed"
            log.debug("a guess failed", decision="ask anew", exc_info=True)
        finally:
            await guess.end("wrong")

    async def aclose(self) -> None:
        """End the guesses that nobody has asked for: streams take no more of them. Call it when the drain begins."""
        await asyncio.gather(*(guess.end("late") for guess in self._guesses.values()))
