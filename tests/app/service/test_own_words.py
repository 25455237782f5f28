"""What the server itself says: a sentence for each reason, in the user's language, where somebody wants it."""

from collections.abc import Iterable
from typing import Any

import pytest

from app.service.own_words import UNSAID, LastWords, OwnWords
from app.service.statuses import TABLE, judge
from app.settings.own_words import BUILT_IN, with_own
from interceptors.errors import StreamError
from pipeline.errors import BuiltInError, StageError
from pipeline.events import AudioChunk
from pipeline.interfaces import Voice
from pipeline.tts.own_sound import OwnSound
from protos import streaming_pb2 as pb
from tests.documents import rows
from tests.processes import ROOT


class Noted(OwnSound):
    """Says whatever is asked for, and notes it."""

    def __init__(self) -> None:
        super().__init__(None)
        self.asked: list[tuple[str, str, int]] = []
        self.prepared: list[tuple[str, Voice]] = []
        self.speeds: list[float] = []

    async def prepare(self, sentences: Iterable[tuple[str, Voice]], rate: int = 0) -> None:
        self.prepared += sentences

    async def said(self, text: str, voice: Voice, rate: int = 0) -> AudioChunk | None:
        self.asked.append((text, voice.language, rate))
        self.speeds.append(voice.speaking_rate)
        return AudioChunk(0, b"\1\0" * 9000, rate or 16000)


def words(texts: Any = BUILT_IN) -> tuple[OwnWords, Noted]:
    sound = Noted()
    return OwnWords(texts, sound, None), sound


def test_every_reason_has_a_sentence_in_every_language() -> None:
    """Whatever the table of statuses has can be said, and WORKING; all languages say the same."""
    assert set(BUILT_IN) == {"en", "ru"}
    for sentences in BUILT_IN.values():
        assert set(sentences) == {*TABLE, "REQUEST_GONE", "WORKING"}


@pytest.mark.parametrize("language", BUILT_IN)
def test_sentences_are_for_listeners(language: str) -> None:
    """Short whole sentences in the letters of the language, without names of fields, reasons or signs."""
    for text in BUILT_IN[language].values():
        assert len(text) <= 110
        assert text[0].isupper()
        assert text.endswith(".")
        letters = {char for char in text if char.isalpha()}
        assert all(char.isascii() == (language == "en") for char in letters)
        assert all(char in " .,;-'" for char in set(text) - letters)


def test_the_page_for_clients_shows_them() -> None:
    """The table to copy in docs/clients.md is the data."""
    shown = [cells for heading, cells in rows(ROOT / "docs" / "clients.md", "Code") if "own words" in heading]
    assert {cells[0]: cells[1] for cells in shown} == BUILT_IN["en"]
    assert {cells[0]: cells[2] for cells in shown} == BUILT_IN["ru"]


@pytest.mark.parametrize(
    ("asked", "text", "language"),
    [
        ("en", "Который час?", "en"),
        ("ru-RU", "What time is it?", "ru"),
        ("RU", "", "ru"),
        ("de", "Который час?", "ru"),
        ("de", "Wie spät ist es?", "en"),
        ("", "Который час?", "ru"),
        ("", "What time is it?", "en"),
        ("", "What does the word привет mean in English?", "en"),
        ("", "Сағат неше?", "ru"),
        ("", "42", "en"),
        ("", "", "en"),
        ("?", "何時ですか", "en"),
        ("", "Да " * 1_000_000, "ru"),
    ],
)
def test_language(asked: str, text: str, language: str) -> None:
    """The request's, else that of the letters, else the voice's."""
    assert words()[0].language(asked, text) == language


@pytest.mark.parametrize("language", BUILT_IN)
@pytest.mark.parametrize("reason", TABLE)
async def test_each_failure_is_said(reason: str, language: str) -> None:
    """One message: the sentence of the reason in the language of the user, and its sound at the rate of the answer."""
    own, sound = words()
    outcome = judge(StreamError(reason, "field: in technical words"))
    messages = await LastWords(own, "always")(pb.StreamRequest(speak_errors=True, language=language), outcome, 22050)
    if reason in UNSAID:
        assert (list(messages), sound.asked) == ([], [])
        return
    [message] = messages
    assert message.error_message == BUILT_IN[language][reason]
    assert message.error_audio.sample_rate == 22050
    assert list(message.error_audio.shape) == [9000]
    assert sound.asked == [(BUILT_IN[language][reason], language, 22050)]


@pytest.mark.parametrize(
    ("error", "text", "language"),
    [
        (StageError("NOT_FOUND", "OF_MY_OWN", "Такой песни нет."), "Такой песни нет.", "ru"),
        (StageError("NOT_FOUND", "MODEL_BUSY", "We are closed."), "We are closed.", "en"),
        (StageError("NOT_FOUND", "OF_MY_OWN", ""), BUILT_IN["en"]["INTERNAL"], "en"),
        (BuiltInError("UNAVAILABLE", "MODEL_BUSY", "technical"), BUILT_IN["en"]["MODEL_BUSY"], "en"),
        (ValueError("a secret"), BUILT_IN["en"]["INTERNAL"], "en"),
    ],
)
async def test_whose_words(error: Exception, text: str, language: str) -> None:
    """A custom stage is quoted, in the language of its letters; for all others the sentence of the reason stands."""
    own, sound = words()
    [message] = await LastWords(own, "always")(pb.StreamRequest(prompt="Hello there"), judge(error), 0)
    assert message.error_message == text
    assert sound.asked == [(text, language, 0)]


@pytest.mark.parametrize("asked", [None, True, False])
@pytest.mark.parametrize("mode", ["asked", "always", "chunks", "never"])
async def test_who_gets_them(mode: str, asked: bool | None) -> None:
    """The request decides, within the setting; an explicit false always wins."""
    request = pb.StreamRequest(prompt="x", speak_errors=asked)
    messages = await LastWords(words()[0], mode)(request, judge(StreamError("DRAINING")), 0)
    wanted = {"asked": asked is True, "always": asked is not False, "chunks": asked is not False, "never": False}
    assert bool(messages) == wanted[mode]


@pytest.mark.parametrize(("request_", "reason"), [(None, "INVALID_REQUEST"), (True, "UNAUTHENTICATED")])
async def test_requests_that_cannot_be_trusted(request_: bool | None, reason: str) -> None:
    """Of these only the setting counts."""
    own = words()[0]
    for asked, mode, wanted in ((True, "asked", False), (False, "always", True), (False, "chunks", True)):
        request = None if request_ is None else pb.StreamRequest(speak_errors=asked)
        assert bool(await LastWords(own, mode)(request, judge(StreamError(reason)), 0)) == wanted


@pytest.mark.parametrize(("asked", "speed"), [(None, 1.0), (2.5, 2.5), (99.0, 1.0), (float("nan"), 1.0)])
async def test_everyones_own_speed(asked: float | None, speed: float) -> None:
    """A failure is said as fast as an answer would be; what cannot be is the failure itself, and said as ever."""
    own, sound = words()
    await LastWords(own, "always")(pb.StreamRequest(speaking_rate=asked), judge(StreamError("INVALID_REQUEST")), 0)
    assert sound.speeds == [speed]


async def test_what_is_made_ahead() -> None:
    """Each sentence that may be said, in each language; nothing that will not."""
    for errors, working in ((True, True), (True, False), (False, True), (False, False)):
        own, sound = words()
        await own.prepare(errors=errors, working=working)
        made = [
            (text, Voice("", language))
            for language, sentences in BUILT_IN.items()
            for reason, text in sentences.items()
            if (working and reason == "WORKING") or (errors and reason not in {*UNSAID, "WORKING"})
        ]
        assert sound.prepared == made


async def test_chunks_come_before_the_message() -> None:
    """Sound of no sentence, never final, cut as that of an answer; then the text, without the sound again."""
    *chunks, last = await LastWords(words()[0], "chunks")(pb.StreamRequest(), judge(StreamError("DRAINING")), 8000)
    assert b"".join(chunk.audio_chunk.audio_data for chunk in chunks) == b"\1\0" * 9000
    assert {(chunk.sentence_index, chunk.final, chunk.audio_chunk.sample_rate) for chunk in chunks} == {
        (0, False, 8000)
    }
    assert max(len(chunk.audio_chunk.audio_data) for chunk in chunks) <= 8000 * 2 // 5
    assert (last.error_message, last.HasField("error_audio")) == (BUILT_IN["en"]["DRAINING"], False)


async def test_the_operators_words() -> None:
    """Words of the settings replace the built-in ones one by one."""
    own = words(with_own({"ru": {"DRAINING": "Перерыв."}}))[0]
    for reason, text in (("DRAINING", "Перерыв."), ("INTERNAL", BUILT_IN["ru"]["INTERNAL"])):
        [message] = await LastWords(own, "always")(pb.StreamRequest(language="ru"), judge(StreamError(reason)), 0)
        assert message.error_message == text
