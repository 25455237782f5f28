"""The phrase for a slow model on a whole server: heard by the user, and no part of the answer."""

from pathlib import Path
from typing import Any

import grpc
import pytest

from app.settings.own_words import BUILT_IN
from pipeline.tts import own_sound
from tests import scripted
from tests.fakes import PATIENCE, until
from tests.serving import VOICE, Answer, Service, read, serving

SOON = "working = { after_seconds = 0.05, every_seconds = 0.05 }"
IDLE = "idle_timeout_seconds = 3.0\nmax_stream_seconds = 30.0"
ONCE = "working = { after_seconds = 0.05 }"


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine takes its time to start a voice."""
    monkeypatch.setattr(own_sound, "LAST_VOICE_SECONDS", PATIENCE)


async def stalled(service: Service, *script: Any, **fields: Any) -> Answer:
    """The answer of a model that waits until the phrase has come."""
    call = service.call({"wait": True}, *script, **fields)
    messages = []
    async for message in call:
        messages.append(message)
        if message.warning.reason == "WORKING":
            scripted.diary.cue.set()
            break
    answer = await read(call)
    answer.messages[:0] = messages
    return answer


@pytest.mark.parametrize("language", BUILT_IN)
@pytest.mark.parametrize("tts", [VOICE, '{ kind = "espeak" }', '{ kind = "off" }'])
async def test_it_is_heard(tts: str, language: str, tmp_path: Path) -> None:
    """Sound of no sentence, of which the first piece has the words as a warning; then the answer, from sentence 1."""
    async with serving(tmp_path, pipeline=ONCE, tts=tts) as service:
        answer = await stalled(service, "It is done.", language=language)
        own = [message for message in answer.messages if not message.sentence_index and message.HasField("audio_chunk")]
        assert [message.warning.message for message in own if message.HasField("warning")] == [
            BUILT_IN[language]["WORKING"]
        ]
        assert own == answer.messages[: len(own)]
        assert own[0].HasField("warning")
        assert {message.final for message in own} == {False}
        assert b"".join(message.audio_chunk.audio_data for message in own)
        assert answer.texts == ["It is done."]
        assert [message.sequence for message in answer.messages] == list(range(1, len(answer.messages) + 1))
        assert answer.messages[0].session_id


async def test_it_is_no_part_of_the_answer(tmp_path: Path) -> None:
    """Figures, memory and the rate of messages know nothing of it."""
    limits = "max_message_rate_per_second = 4"
    async with serving(tmp_path, pipeline=ONCE, limits=limits) as service:
        me = {"hardware_id": "d", "session_id": "s"}
        answer = await stalled(service, "Yes.", **me)
        own = sum(
            message.audio_chunk.shape[0]
            for message in answer.messages
            if not message.sentence_index and message.HasField("audio_chunk")
        )
        end = answer.messages[-1].end
        assert own > 0
        assert 2 * (end.audio_samples + own) == len(answer.sound)
        assert end.sentences == 1
        assert end.first_audio_ms >= end.first_text_ms > 0
        await service.ask("x", **me)
        [_, said] = scripted.diary.histories[-1]
        assert said.text == "Yes."


async def test_a_failure_behind_it_may_be_tried_again(tmp_path: Path) -> None:
    """The user has heard nothing of the answer, so the pushback is as if nothing had been sent."""
    async with serving(tmp_path, pipeline=ONCE) as service:
        answer = await stalled(service, {"raise": "ConnectionError"})
        assert (answer.reason, answer.kinds[-1]) == ("MODEL_UNAVAILABLE", "error_message")
        assert answer.pushback > 0


async def test_it_is_no_progress(tmp_path: Path) -> None:
    """A model that hangs is idle, however often the phrase is said."""
    async with serving(tmp_path, pipeline=SOON, limits=IDLE) as service:
        answer = await service.ask({"hang": True}, speak_errors=True)
        assert (answer.code, answer.reason) == (grpc.StatusCode.DEADLINE_EXCEEDED, "STREAM_IDLE_TIMEOUT")
        assert any(message.warning.reason == "WORKING" for message in answer.messages)
        assert answer.messages[-1].error_audio.audio_data
        await until(lambda: service.leases == 0)


async def test_a_quick_answer_has_none(tmp_path: Path) -> None:
    """Nothing is said, made or warned of."""
    async with serving(tmp_path, pipeline="working = { after_seconds = 120, every_seconds = 1 }") as service:
        answer = await service.ask("It is done.")
        assert not any(message.HasField("warning") for message in answer.messages)
        assert scripted.diary.who("said") == ["It is done."]
