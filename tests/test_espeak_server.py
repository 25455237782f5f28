"""The default voice behind the whole server: real speech."""

import array
import math
import os
import signal
from pathlib import Path
from typing import Any

import grpc
import psutil
import pytest

from pipeline.tts.espeak.engine import EspeakSpeech
from protos import streaming_pb2 as pb
from tests.fakes import until
from tests.serving import Answer, read, serving

pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")

ESPEAK = '{ kind = "espeak", workers = 1 }'


def energy(answer: Answer, sentence: int) -> float:
    """The root mean square of a sentence's samples, of 32,767."""
    chunks = [m.audio_chunk.audio_data for m in answer.messages if m.sentence_index == sentence]
    samples = array.array("h", b"".join(chunks))
    return math.sqrt(sum(sample * sample for sample in samples) / max(1, len(samples)))


async def test_russian_and_english(tmp_path: Path) -> None:
    """Each sentence is real speech, in its own language."""
    async with serving(tmp_path, tts=ESPEAK) as service:
        answer = await service.ask("Сегодня хорошая погода. ", "The weather is fine today.")
    assert answer.code is grpc.StatusCode.OK
    assert energy(answer, 1) > 500
    assert energy(answer, 2) > 500
    rates = {m.audio_chunk.sample_rate for m in answer.messages if m.WhichOneof("content") == "audio_chunk"}
    assert rates == {22050}
    assert 2.0 < len(answer.sound) / 2 / 22050 < 8.0


@pytest.mark.parametrize(
    ("settings", "text", "request_fields", "said"),
    [
        (', default_language = "ru"', "42.", {}, "сорок два."),
        (', default_language = "ru"', "It has 42.", {}, "It has forty-two."),
        ("", "42.", {}, "forty-two."),
        ("", "42.", {"voice": "ru"}, "сорок два."),
        ("", "Das sind 3 kg.", {"voice": "de"}, "Das sind 3 kg."),
        (', default_language = "de", voices = { de = "de" }', "Das sind 3 kg.", {}, "Das sind 3 kg."),
    ],
)
async def test_numbers_are_said_in_the_language_of_the_voice(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    settings: str,
    text: str,
    request_fields: dict[str, str],
    said: str,
) -> None:
    """Where neither the request's language nor the letters tell, numbers are in the words of the voice, be it the
    request's or the settings'; a voice whose words are not known gets digits. The welcome does the same.
    """
    pytest.importorskip("num2words")
    pytest.importorskip("pymorphy3")
    texts: list[str] = []
    synthesize = EspeakSpeech.synthesize

    def listening(self: EspeakSpeech, text: str, *more: Any) -> Any:
        texts.append(text)
        return synthesize(self, text, *more)

    monkeypatch.setattr(EspeakSpeech, "synthesize", listening)
    async with serving(tmp_path, tts=f'{{ kind = "espeak", workers = 1{settings} }}') as service:
        await service.ask(text, **request_fields)
        await read(service.stub.GenerateWelcomeAudio(pb.WelcomeRequest(text=text, **request_fields)))
    assert texts == [said, said]


@pytest.mark.parametrize(
    ("script", "fields", "said"),
    [
        (["Вот сумма:\n700 ₽"], {}, ["Вот сумма:", "семьсот рублей"]),
        (["The sum:\n700 ₽"], {}, ["The sum:", "seven hundred rubles"]),
        (["Вот сумма:\n700 ₽"], {"language": "en"}, ["Вот сумма:", "seven hundred rubles"]),
        (["Вот код:\n```py\nx = 1\n```\nГотово."], {}, ["Вот код:", "код на Python, одна строка", "Готово."]),
        (["Код:\n```py\nx = 1\ny = 2"], {}, ["Код:", "код на Python, две строки"]),
    ],
)
async def test_words_and_voice_agree(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: list[str], fields: dict[str, str], said: list[str]
) -> None:
    """What has no letters is said in the language of the answer, by a voice of that language, unless the request asks
    for another one; the text of code comes as written.
    """
    pytest.importorskip("num2words")
    pytest.importorskip("pymorphy3")
    asked: list[tuple[str, str]] = []
    synthesize = EspeakSpeech.synthesize

    def listening(self: EspeakSpeech, text: str, voice: Any, *more: Any) -> Any:
        asked.append((text, self.reads_in(text, voice)))
        return synthesize(self, text, voice, *more)

    monkeypatch.setattr(EspeakSpeech, "synthesize", listening)
    async with serving(tmp_path, tts=ESPEAK) as service:
        answer = await service.ask(*script, **fields)
    assert [text for text, _ in asked] == said
    assert all(language == ("en" if text.isascii() else "ru") for text, language in asked)
    assert "".join(answer.texts) == "".join(script)
    assert answer.code is grpc.StatusCode.OK


async def test_word_timings(tmp_path: Path) -> None:
    """Asked for, each word is told in the chunk in which it begins, counted in the text_chunk; unasked, none is."""
    script = ["Hello there. ", "Сейчас **уже** 5 часов."]
    async with serving(tmp_path, tts=ESPEAK) as service:
        answer = await service.ask(*script, word_timings=True)
        plain = await service.ask(*script)
    said: dict[int, list[str]] = {1: [], 2: []}
    texts = {m.sentence_index: m.text_chunk for m in answer.messages if m.text_chunk}
    for index, word in [(m.sentence_index, word) for m in answer.messages for word in m.audio_chunk.words]:
        said[index].append(texts[index][word.text_offset : word.text_offset + word.text_length])
    assert said == {1: ["Hello", "there"], 2: ["Сейчас", "уже", "5", "часов"]}
    assert not any(m.audio_chunk.words for m in plain.messages)


async def test_voice_process_is_killed(tmp_path: Path) -> None:
    """The engine's death costs at most the sentence that was sounding, with a warning; the rest is spoken."""
    script = [f"This is the sentence with number {n}, and it is not a short one at all. " for n in range(20)]
    async with serving(tmp_path, tts=ESPEAK) as service:
        call = service.call(*script)
        messages: list[Any] = []
        async for message in call:
            messages.append(message)
            if len(messages) == 3:
                [worker] = psutil.Process().children()
                os.kill(worker.pid, signal.SIGKILL)
        after = await service.ask("All is well again.")
    assert await call.code() is grpc.StatusCode.OK
    warned = {m.sentence_index for m in messages if m.HasField("warning")}
    spoken = {m.sentence_index for m in messages if m.audio_chunk.audio_data}
    assert len(warned) <= 2  # with one sentence spoken ahead
    assert spoken | warned == set(range(1, 21))
    assert energy(after, 1) > 500


async def test_welcome(tmp_path: Path) -> None:
    """A given text is spoken in its language; afterwards no process of the voice is left."""
    async with serving(tmp_path, tts=ESPEAK) as service:
        answer = await read(service.stub.GenerateWelcomeAudio(pb.WelcomeRequest(text="Добро пожаловать!")))
        assert len(answer.sound) / 2 / 22050 > 0.5
    await until(lambda: not psutil.Process().children())


@pytest.mark.parametrize(
    ("text", "request_fields", "reasons"),
    [
        ("Hello. Hello again. ", {"voice": "typo"}, ["VOICE_UNKNOWN"]),
        ("Hello. ", {"voice": "en-us+f3"}, []),
        ("Привет, Safari. Hello. ", {}, []),
        ("Добрый день. ", {"voice": "en-gb"}, []),
        ("مرحبا بالعالم. 你好。", {}, ["VOICE_LANGUAGE"]),
        ("مرحبا بالعالم. ", {"language": "ar"}, []),
        ("नमस्ते। ", {"voice": "hi"}, []),
    ],
)
async def test_another_voice_than_was_wanted(
    tmp_path: Path, text: str, request_fields: dict[str, str], reasons: list[str]
) -> None:
    """The client is warned, once, where the voice it asked for is not there, or the one that reads spells letters."""
    async with serving(tmp_path, tts=ESPEAK) as service:
        answer = await service.ask(text, **request_fields)
    assert [m.warning.reason for m in answer.messages if m.HasField("warning")] == reasons
    assert answer.sound


@pytest.mark.parametrize("rate", [0.5, 2.0, 4.0])
async def test_speaking_rate(rate: float, tmp_path: Path) -> None:
    """All sound of an answer is so many times as fast, within 5 %, and so are its words; the next one is as before."""
    text = "The weather in Paris is mild today, with light clouds and a breeze in the afternoon."
    async with serving(tmp_path, tts=ESPEAK) as service:
        as_set = await service.ask(text, word_timings=True)
        asked = await service.ask(text, word_timings=True, speaking_rate=rate)
        again = await service.ask(text, word_timings=True)
    assert len(asked.sound) * rate == pytest.approx(len(as_set.sound), rel=0.05)
    assert len(again.sound) == pytest.approx(len(as_set.sound), rel=0.05)
    assert words(asked)[-1].offset_ms * rate == pytest.approx(words(as_set)[-1].offset_ms, rel=0.1)


def words(answer: Answer) -> list[Any]:
    return [word for message in answer.messages for word in message.audio_chunk.words]


@pytest.mark.parametrize("rate", [0.0, 0.49, 4.01, -1.0, float("nan"), float("inf")])
async def test_an_impossible_speaking_rate(rate: float, tmp_path: Path) -> None:
    """It is refused by its name."""
    async with serving(tmp_path) as service:
        answer = await service.ask("No.", speaking_rate=rate)
    assert (answer.reason, answer.info) == ("INVALID_REQUEST", {"field": "speaking_rate"})


async def test_a_long_sentence_said_slowly(tmp_path: Path) -> None:
    """The longest sound of a sentence is counted at the voice's own speed: a slow listener loses nothing."""
    tts = '{ kind = "espeak", workers = 1, max_sentence_seconds = 3 }'
    async with serving(tmp_path, tts=tts) as service:
        slow = await service.ask("The weather is fine today.", speaking_rate=0.5)
    assert len(slow.sound) / 2 / 22050 > 3
    assert slow.kinds[-1] == "end_message"
    assert not any(message.HasField("warning") for message in slow.messages)
