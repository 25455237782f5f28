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


async def test_word_timings(tmp_path: Path) -> None:
    """Asked for, each word is told in the chunk in which it begins, counted in the text_chunk; unasked, none is."""
    script = ["Hello there. ", "Сейчас 5 часов."]
    async with serving(tmp_path, tts=ESPEAK) as service:
        answer = await service.ask(*script, word_timings=True)
        plain = await service.ask(*script)
    said: dict[int, list[str]] = {}
    texts = {m.sentence_index: m.text_chunk for m in answer.messages if m.text_chunk}
    for message in answer.messages:
        for word in message.audio_chunk.words:
            text = texts[message.sentence_index]
            said.setdefault(message.sentence_index, []).append(
                text[word.text_offset : word.text_offset + word.text_length]
            )
    assert said == {1: ["Hello", "there"], 2: ["Сейчас", "5", "часов"]}
    assert not any(m.audio_chunk.words for m in plain.messages)


async def test_voice_process_is_killed(tmp_path: Path) -> None:
    """The engine's death costs at most the sentence that was sounding, with a warning; everything after it is
    spoken.
    """
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
