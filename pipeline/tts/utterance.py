"""One sentence on its way to be said, by whichever engine, to its end or to a Notice."""

from collections import deque
from dataclasses import replace
from functools import partial
from itertools import dropwhile
from operator import is_
from typing import NoReturn

import structlog

from pipeline.errors import StageError
from pipeline.events import AudioChunk, Notice
from pipeline.tts.attempt import Attempt, SpeechFailed
from pipeline.tts.errors import TextRejected
from pipeline.tts.fallback import AnySpeech, Try, tries
from pipeline.tts.options import Wanted, said_by

ABOUT_THE_CALL = frozenset({"INVALID_ARGUMENT", "NOT_FOUND", "OUT_OF_RANGE"})
"""An engine that answers with one of these lives: one client's wish, such as a voice that does not exist, must not take
the engine from all the others.
"""

log = structlog.get_logger(scope="speech")


class Utterance:
    """Asks for a sentence, again or another engine if not a single byte came, and never repeats what was said.

    ``open`` starts it. Then ``take`` gives its events, until one is final; it must be closed.
    """

    def __init__(self, speech: AnySpeech, wanted: Wanted) -> None:
        self.sentence = wanted.sentence
        self._wanted = wanted
        self._tries = tries(speech, 1 + wanted.options.retries)
        self._begun = False
        self._ending: deque[AudioChunk | Notice] = deque()

    async def open(self) -> None:
        """Ask the first engine that may be asked; waits for nothing."""
        await self._ask(next(filter(self._admitted, self._tries)))

    async def close(self) -> None:
        """Stop the engine and wait until it has closed."""
        self._report(None)
        await self._attempt.close()

    async def take(self) -> AudioChunk | Notice:
        """The next chunk; the last event is ``final``: an empty chunk perhaps, or a Notice if the voice failed, after
        what there was. With ``on_failure = "abort"`` a StageError instead of the Notice.
        """
        if not self._ending:
            try:
                if not self._begun:
                    await self._begin()
                return self._named(await self._attempt.take())
            except SpeechFailed as failed:
                self._failed(failed)
                self._break_off(failed)
        return self._ending.popleft()

    async def _begin(self) -> None:
        """Wait for the first sound, of whichever engine. SpeechFailed when none gives any."""
        while (failed := await self._attempt.silence()) is not None:
            self._failed(failed)
            another = next(filter(self._admitted, self._tries), None)
            if another is None:
                raise failed
            log.warning("no sound came; asking again", decision="retry", sentence=self.sentence.index, exc_info=failed)
            await self._attempt.close()
            await self._ask(another)
        if self._asked.stands_in:
            log.info("the fallback speaks", decision="fallback", sentence=self.sentence.index)
        self._begun = True

    async def _ask(self, chosen: Try) -> None:
        self._asked, self._breaker = chosen, chosen.breaker
        wanted = self._wanted
        if chosen.stands_in:  # its voice may be of another language
            said = said_by(chosen.engine, wanted.sentence.text, wanted.voice, wanted.options.wording)
            wanted = replace(wanted, said=said)
        self._attempt = Attempt(chosen.engine, wanted, partial(self._report, True))
        await self._attempt.open()

    def _named(self, chunk: AudioChunk) -> AudioChunk:
        return replace(chunk, stands_in=True) if self._asked.stands_in else chunk

    def _admitted(self, candidate: Try) -> bool:
        return candidate.breaker is None or candidate.breaker.admits(self)

    def _failed(self, failed: SpeechFailed) -> None:
        cause = failed.__cause__
        refused = isinstance(cause, TextRejected)
        if refused:  # it would be again
            self._tries = dropwhile(partial(is_, self._asked), self._tries)
        lives = refused or (isinstance(cause, StageError) and cause.status in ABOUT_THE_CALL)
        self._report(None if lives else False)

    def _report(self, well: bool | None) -> None:
        """Tell the breaker, once, what came of the call."""
        breaker, self._breaker = self._breaker, None
        if breaker is not None:
            breaker.ended(self, well)

    def _break_off(self, failed: SpeechFailed) -> None:
        index = self.sentence.index
        if self._wanted.options.on_failure == "abort":
            _abort(failed)
        log.warning("a sentence could not be spoken", decision="text", sentence=index, exc_info=failed)
        self._ending.extend(map(self._named, self._attempt.faded()))
        self._ending.append(Notice("SPEECH_FAILED", "this sentence was not spoken to its end", index, final=True))


def _abort(failed: SpeechFailed) -> NoReturn:
    cause = failed.__cause__
    if isinstance(cause, StageError):  # the voice's own words
        raise cause from cause.__cause__  # not from failed: the chain of causes would be a circle
    raise StageError("UNAVAILABLE", "SPEECH_FAILED", "the answer could not be spoken") from failed
