"""A speech server behind the whole of Stentor: what its client hears, and what its operator reads."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc
import pytest

from pipeline.tts import convert
from protos import streaming_pb2 as pb
from tests.pipeline.llm.openai.hostile_server import HostileServer, Reply, hostile
from tests.pipeline.tts.openai.hostile_speech import chunk, form, sound, tone, wav
from tests.serving import Answer, Service, read, serving

RATE = 16_000
PCM = tone(4000, RATE)
DEAD = sound([], status=503)
SECRET = b"my private words"


@pytest.fixture(autouse=True)
def without_resample(monkeypatch: pytest.MonkeyPatch) -> None:
    """The installation of README: without the extra that changes rates."""
    monkeypatch.setattr(convert.importlib.util, "find_spec", lambda name: None)


@asynccontextmanager
async def served(
    folder: Path, replies: Reply | Sequence[Reply], more: str = ""
) -> AsyncIterator[tuple[Service, HostileServer]]:
    async with hostile({"m": [replies] if isinstance(replies, Reply) else replies}) as upstream:
        tts = f'{{ kind = "openai", base_url = "{upstream.url}", model = "m", voice = "ann", retries = 0 {more} }}'
        async with serving(folder, tts=tts) as service:
            yield service, upstream


def fallback(rate: int) -> str:
    voice = f'kind = "custom", factory = "tests.scripted:ScriptedSpeech", options = {{ sample_rate = {rate} }}'
    return f", fallback = {{ {voice} }}"


def rates(answer: Answer) -> set[int]:
    return {message.audio_chunk.sample_rate for message in answer.messages if message.audio_chunk.audio_data}


def warnings(answer: Answer) -> list[tuple[str, str]]:
    return [(m.warning.reason, m.warning.message) for m in answer.messages if m.HasField("warning")]


def logged(capsys: pytest.CaptureFixture[str]) -> list[Any]:
    """The lines about speech at the default level."""
    lines = map(json.loads, capsys.readouterr().err.splitlines())
    return [line for line in lines if line["scope"] == "speech"]


SHAPES = {
    "pcm with a rate": sound([PCM], "audio/pcm;rate=16000"),
    "wav": sound([wav(PCM, form(RATE))], "audio/wav"),
    "2 billion bytes": sound([wav(PCM, form(RATE), size=2_000_000_000)], "audio/wav"),
    "2^30 bytes": sound([wav(PCM, form(RATE), size=1 << 30)], "audio/wav"),
    "endless, with tags": sound(
        [wav(PCM, form(RATE), size=0xFFFF_FFFF, after=chunk(b"LIST", b"INFO" * 9))], "audio/wav"
    ),
    "length 0, with credentials": sound(
        [wav(PCM, form(RATE), size=0, after=chunk(b"C2PA", b"\x12" * 1839))], "audio/wav"
    ),
    "a wav for each piece": sound(
        [wav(PCM[at : at + 2000], form(RATE), size=0) for at in range(0, 8000, 2000)], "audio/wav"
    ),
    "24 bits": sound(
        [wav(b"".join(b"\0" + PCM[at : at + 2] for at in range(0, 8000, 2)), form(RATE, bits=24))], "audio/wav"
    ),
    "32 bits": sound(
        [wav(b"".join(b"\0\0" + PCM[at : at + 2] for at in range(0, 8000, 2)), form(RATE, bits=32))], "audio/wav"
    ),
}


@pytest.mark.parametrize("more", ["", fallback(8000)], ids=["alone", "with a fallback"])
@pytest.mark.parametrize("shape", SHAPES)
async def test_the_sound_is_the_servers(
    shape: str, more: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The client hears the samples byte for byte, at the rate that the reply tells, without a warning; nothing is
    logged, and the next sentences are asked of the same server.
    """
    async with served(tmp_path, SHAPES[shape], more) as (service, upstream):
        answer = await service.ask("One. Two. Three. Four. ")
    assert answer.code is grpc.StatusCode.OK
    assert answer.sound == 4 * PCM
    assert rates(answer) == {RATE}
    assert warnings(answer) == []
    assert len(upstream.asked) == 4
    assert logged(capsys) == []


async def test_welcome_has_the_rate_of_the_reply(tmp_path: Path) -> None:
    """The metadata tell the rate of the sound that follows."""
    async with served(tmp_path, SHAPES["wav"]) as (service, _):
        answer = await read(service.stub.GenerateWelcomeAudio(pb.WelcomeRequest(text="Hi.")))
    assert answer.messages[0].metadata.sample_rate == RATE
    assert answer.sound == PCM


@pytest.mark.parametrize("other", [8000, 22_050])
async def test_one_answer_has_one_rate(other: int, tmp_path: Path) -> None:
    """A fallback in the middle of an answer speaks at the rate of what was heard before, and lasts as long as ever."""
    async with served(tmp_path, [SHAPES["wav"], DEAD, SHAPES["wav"]], f"{fallback(other)}, prefetch = 0") as (
        service,
        _,
    ):
        answer = await service.ask("One. A sentence. Three. ")
    assert rates(answer) == {RATE}
    assert len(answer.sound) / 2 == pytest.approx(2 * 4000 + len("A sentence.") * 0.01 * RATE, abs=10)
    assert warnings(answer) == []


async def test_each_answer_has_the_rate_of_its_replies(tmp_path: Path) -> None:
    """A server whose voices have several rates is heard at each of them, also from the cache."""
    replies = [SHAPES["wav"], sound([wav(tone(2000, 8000), form(8000))], "audio/wav")]
    async with served(tmp_path, replies, ", cache = { max_bytes = 1000000 }") as (service, upstream):
        answers = [await service.ask("One. ", voice=voice) for voice in ("", "bob", "", "bob")]
    assert [rates(answer) for answer in answers] == [{RATE}, {8000}, {RATE}, {8000}]
    assert [answer.sound for answer in answers] == [PCM, tone(2000, 8000)] * 2
    assert len(upstream.asked) == 2


FAILURES = {
    "the speech server answered 503 to /v1/audio/speech": DEAD,
    "the speech server answered 401 to /v1/audio/speech": sound([SECRET], status=401),
    "the speech server sent MP3 where PCM was asked for": sound([b"ID3\x04" + SECRET * 9], "audio/pcm"),
    "the speech server sent application/json where PCM was asked for": sound([SECRET], "application/json"),
    "a WAV of format 17 with 4 bits: not known here": sound([wav(SECRET * 9, form(RATE, tag=17, bits=4))], "audio/wav"),
    "the speech server sent no sound": sound([]),
}


@pytest.mark.parametrize("why", FAILURES)
async def test_silence_has_a_reason(why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Each sentence that is not spoken is one warning for the client, and one line for the operator, which says why."""
    async with served(tmp_path, FAILURES[why]) as (service, _):
        answer = await service.ask("One. Two. ")
    assert answer.code is grpc.StatusCode.OK
    assert warnings(answer) == [("SPEECH_FAILED", "this sentence was not spoken")] * 2
    lines = logged(capsys)
    assert [(line["ctx"]["sentence"], line["ctx"]["why"]) for line in lines] == [(1, why), (2, why)]
    assert not any("exception" in line for line in lines)
    assert SECRET.decode() not in str(lines) + str(answer)


async def test_a_voice_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The client is warned once that the server refused the voice it asked for; the usual one speaks."""
    refusal, well = sound([SECRET], status=404), SHAPES["wav"]
    async with served(tmp_path, [refusal, well, refusal, well], ", prefetch = 0") as (service, _):
        answer = await service.ask("One. Two. ", voice="typo")
    assert answer.sound == 2 * PCM
    assert [reason for reason, _ in warnings(answer)] == ["VOICE_UNKNOWN"]
    assert [line["ctx"]["reason"] for line in logged(capsys)] == ["VOICE_UNKNOWN"]


async def test_no_text_is_longer_than_the_voice_can_take(tmp_path: Path) -> None:
    """The limit holds for the words that are said: a sentence that is longer in words is asked for in parts."""
    text = "Pay " + ", ".join(f"${number}.{number}" for number in range(11, 44)) + ".\n"
    async with served(tmp_path, SHAPES["wav"], ", max_spoken_chars = 200") as (service, upstream):
        answer = await service.ask(text)
    asked = [each.body["input"] for each in upstream.asked]
    assert len(answer.texts) == 1
    assert len(asked) > 2
    assert max(map(len, asked)) <= 200
    assert all(part.endswith((",", ".")) for part in asked)
    assert answer.sound == len(asked) * PCM
    assert warnings(answer) == []
