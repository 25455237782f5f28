"""Says in the user's language what the server itself has to say: why an answer failed, and that it takes a while."""

from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from app.service import wire
from interceptors.status import Outcome
from pipeline.events import AudioChunk
from pipeline.interfaces import Turn, Voice
from pipeline.languages import base_tag, guess, is_cyrillic, script_of
from pipeline.tts.own_sound import OwnSound, pieces
from pipeline.tts.stage import SpeechStage
from protos import streaming_pb2 as pb

UNSAID = frozenset({"INTERRUPTED", "SEND_TIMEOUT"})
"""The user wanted the one, and the other means that nothing reaches the user."""

NO_VOICE_HZ = 24_000
"""The rate of chunks without data where there is no voice. Each chunk tells one."""

LETTERS = 1000
"""So many characters of a text tell its language: a prompt that is refused may have millions."""

log = structlog.get_logger(scope="stream")


class OwnWords:
    """Knows the server's sentences, the language of each user, and how the sentences sound.

    *texts* has a sentence for each reason and WORKING, by language. *speech* is the voice of the settings, if any.
    """

    def __init__(self, texts: Mapping[str, Mapping[str, str]], sound: OwnSound, speech: SpeechStage | None) -> None:
        self._texts = texts
        self._sound = sound
        self._speech = speech
        self._rate = speech.sample_rate if speech is not None else 0

    def language(self, asked: str, text: str) -> str:
        """Return the language for a user: the one *asked* for, else that of the letters of *text*, else the voice's."""
        if (language := base_tag(asked)) in self._texts:
            return language
        return self._written(text) or self._default()

    def failure(self, outcome: Outcome, language: str) -> tuple[str, str]:
        """Return what a user is told of a failure, and the language of that text."""
        if outcome.own_words:
            return outcome.text, self._written(outcome.text) or language
        sentences = self._texts[language]
        return sentences.get(outcome.reason, sentences["INTERNAL"]), language

    async def said(self, text: str, voice: Voice, rate: int) -> AudioChunk | None:
        """Return the sound of *text* at *rate* Hz; 0 = that of the voice. None where nobody can say it."""
        return await self._sound.said(text, voice, rate or self._rate)

    async def working(self, turn: Turn, rate: int) -> tuple[str, Sequence[AudioChunk]]:
        """See ``pipeline.working.Phrase``."""
        language = self.language(turn.language, turn.prompt)
        text = self._texts[language][wire.WORKING]
        sound = await self.said(text, Voice("", language, turn.speaking_rate), rate)
        return text, pieces(sound) if sound is not None else [AudioChunk(0, b"", rate or self._rate or NO_VOICE_HZ)]

    async def prepare(self, *, errors: bool, working: bool) -> None:
        """Make the sound of the sentences ahead: those of failures, and that for a slow model."""
        wanted = [
            (text, Voice("", language))
            for language, sentences in self._texts.items()
            for reason, text in sentences.items()
            if (working if reason == wire.WORKING else errors and reason not in UNSAID)
        ]
        await self._sound.prepare(wanted, self._rate)

    def _written(self, text: str) -> str:
        """Return which of our languages the letters of *text* are of, "" for none."""
        text = text[:LETTERS]
        language = guess(text) if is_cyrillic(text) else {"latin": "en"}.get(script_of(text), "")
        return language if language in self._texts else "ru" if is_cyrillic(text) else ""

    def _default(self) -> str:
        """Return the language of the voice of the settings, if it is one of ours."""
        language = ""
        try:
            if self._speech is not None:
                language = base_tag(self._speech.speakers[0].engine.reads_in("", Voice()))
        except Exception as error:
            log.debug("the voice does not tell its language", decision="skip", exc_info=error)
        return language if language in self._texts else next(iter(self._texts))


class LastWords:
    """Makes the last messages of a failed StreamAudio in words for its user, where the settings or the request want it.

    *mode* is ``pipeline.speak_errors``.
    """

    def __init__(self, words: OwnWords, mode: str) -> None:
        self._words = words
        self._mode = mode

    async def __call__(self, request: pb.StreamRequest | None, outcome: Outcome, rate: int) -> Sequence[Any]:
        """See ``interceptors.status.LastWords``."""
        if not self._wanted(request, outcome):
            return ()
        language = self._words.language(request.language, request.prompt) if request else self._words.language("", "")
        text, language = self._words.failure(outcome, language)
        sound = await self._words.said(text, Voice("", language, wire.speaking_rate(request)), rate)
        if self._mode == "chunks":
            chunks = pieces(sound) if sound is not None else ()
            return [*map(wire.audio_message, chunks), wire.error_message(text)]
        return [wire.error_message(text, sound)]

    def _wanted(self, request: pb.StreamRequest | None, outcome: Outcome) -> bool:
        """Tell whether the user is to be told. Of a request that cannot be trusted or read, only the setting counts."""
        if self._mode == "never" or outcome.reason in UNSAID:
            return False
        if request is None or outcome.reason == "UNAUTHENTICATED" or not request.HasField("speak_errors"):
            return self._mode != "asked"
        return request.speak_errors
