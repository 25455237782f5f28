"""One sentence on its way to be said, by whichever engine, to its end or to a Notice."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

import structlog

from pipeline.errors import BuiltInError, StageError
from pipeline.events import AudioChunk, Notice
from pipeline.tts.attempt import Attempt
from pipeline.tts.engines import Speaker, unknown_voice
from pipeline.tts.errors import SpeechFailed, TextRejected, why
from pipeline.tts.options import Wanted, words_for

ABOUT_THE_CALL = frozenset({"INVALID_ARGUMENT", "NOT_FOUND", "OUT_OF_RANGE"})
"""Statuses that say nothing against an engine: the wish of one client, such as a voice that does not exist, must not
take the engine from all the others.
"""

log = structlog.get_logger(scope="speech")


class Utterance:
    """Asks for a sentence, again or of another engine as long as not a single byte came; nothing is said twice.

    ``open`` starts it. Then ``take`` gives its events, until one is final. It must be closed.
    """

    def __init__(self, speakers: Sequence[Speaker], wanted: Wanted) -> None:
        self.sentence = wanted.sentence
        self._wanted = wanted
        self._first = speakers[0].engine
        # Those first that have a voice for this text; the order of the settings holds among them.
        fitting = sorted(speakers, key=lambda speaker: not speaker.engine.fits(wanted.sentence.text, wanted.voice))
        self._tries = [speaker for speaker in fitting for _ in range(1 + wanted.options.retries)]
        self._begun = False
        self._notices: list[Notice] = []
        self._ending: list[AudioChunk | Notice] = []

    def open(self) -> None:
        """Ask the first engine that may be asked; waits for nothing."""
        speaker = self._next()
        assert speaker is not None, "the last engine has no breaker"
        self._ask(speaker)

    async def close(self) -> None:
        """Stop the engine and wait until it has closed."""
        self._report(None)
        await self._attempt.close()

    def ready(self) -> AudioChunk | None:
        """Give the next chunk where nothing has to be waited for; None where ``take`` tells what comes."""
        if not self._begun or self._notices or self._ending or self._asked.stands_in:
            return None
        return self._attempt.ready()

    async def take(self) -> AudioChunk | Notice:
        """Give the next chunk. The last event is ``final``: a chunk, which may be empty, or a Notice if the voice
        failed. With ``on_failure = "abort"`` raise a StageError instead of giving the Notice. Notices before the sound
        tell that another voice speaks than was wanted.
        """
        if not self._ending:
            try:
                if not self._begun:
                    await self._begin()
                if self._notices:
                    return self._notices.pop(0)
                return self._named(await self._attempt.take())
            except SpeechFailed as failed:
                self._failed(failed)
                self._break_off(failed)
        return self._ending.pop(0)

    async def _begin(self) -> None:
        """Wait for the first sound, of whichever engine. Raise SpeechFailed when none gives any."""
        troubles: list[str] = []
        while (failed := await self._attempt.silence()) is not None:
            self._failed(failed)
            speaker = self._next()
            if speaker is None:
                raise failed
            troubles.append(why(failed))
            log.debug("no sound came; asking again", decision="retry", sentence=self.sentence.index, exc_info=failed)
            await self._attempt.close()
            self._ask(speaker)
        index, reasons = self.sentence.index, list(dict.fromkeys(troubles))
        if self._asked.stands_in:
            log.info("the fallback speaks", decision="fallback", sentence=index, why=reasons)
        elif troubles:
            log.info("a sentence was spoken at another try", decision="retry", sentence=index, why=reasons)
        self._notices = list(self._remarks())
        self._begun = True

    def _remarks(self) -> Iterator[Notice]:
        """Tell in what the voice that speaks is not the wanted one."""
        engine, voice, index = self._asked.engine, self._wanted.voice, self.sentence.index
        if not self._asked.stands_in and not engine.knows(voice.name):
            yield unknown_voice(index)
        yield from (replace(notice, sentence=index) for notice in self._attempt.notices)
        if not engine.fits(self.sentence.text, voice):
            yield Notice("VOICE_LANGUAGE", "the voice that reads this sentence is of another language", index)

    def _next(self) -> Speaker | None:
        while self._tries:
            speaker = self._tries.pop(0)
            if speaker.breaker is None or speaker.breaker.admits(self):
                return speaker
        return None

    def _ask(self, speaker: Speaker) -> None:
        self._asked, self._breaker = speaker, speaker.breaker
        wanted = self._wanted
        if speaker.stands_in:  # its voice may be of another language and of another rate
            said, voice = words_for(speaker.engine, self.sentence.text, wanted.saying, wanted.asked)
            wanted = replace(wanted, said=said, voice=voice)
            if not self._first.rate_varies:
                wanted = replace(wanted, rate=lambda _: self._wanted.rate(self._first.sample_rate))
        self._attempt = Attempt(speaker.engine, wanted, partial(self._report, True))
        self._attempt.open()

    def _named(self, chunk: AudioChunk) -> AudioChunk:
        return replace(chunk, stands_in=True) if self._asked.stands_in else chunk

    def _failed(self, failed: SpeechFailed) -> None:
        cause = failed.__cause__
        refused = isinstance(cause, TextRejected)
        if refused:  # the same engine would refuse it again
            self._tries = [speaker for speaker in self._tries if speaker is not self._asked]
        lives = refused or (isinstance(cause, StageError) and cause.status in ABOUT_THE_CALL)
        self._report(None if lives else False)

    def _report(self, well: bool | None) -> None:
        """Tell the breaker, once, how the call ended."""
        breaker, self._breaker = self._breaker, None
        if breaker is not None:
            breaker.ended(self, well)

    def _break_off(self, failed: SpeechFailed) -> None:
        index, cause, on_failure = self.sentence.index, failed.__cause__, self._wanted.options.on_failure
        log.warning("a sentence could not be spoken", decision=on_failure, sentence=index, why=why(failed))
        log.debug("why it could not be spoken", decision=on_failure, sentence=index, exc_info=failed)
        if on_failure == "abort":
            if isinstance(cause, StageError):  # the voice's own words
                raise cause from cause.__cause__  # not from failed: the chain of causes would be a circle
            raise BuiltInError("UNAVAILABLE", "SPEECH_FAILED", "the answer could not be spoken") from failed
        self._ending.extend(map(self._named, self._attempt.faded()))
        text = f"this sentence was not spoken{' to its end' if self._attempt.given else ''}"
        self._ending.append(Notice("SPEECH_FAILED", text, index, final=True))
