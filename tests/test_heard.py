"""What the conversation keeps when its listener tells how much of an answer was heard, through the whole server."""

import random
from pathlib import Path
from typing import Any

import grpc
import pytest

from pipeline.interfaces import Message
from protos import streaming_pb2 as pb
from tests.fakes import until
from tests.serving import Answer, Service, read, serving

ME = {"session_id": "s", "hardware_id": "mac"}
FEW = pytest.param(20)
MANY = pytest.param(200, marks=pytest.mark.slow)


def heard(sentence: int, ms: float = 0.0) -> pb.Heard:
    return pb.Heard(sentence_index=sentence, offset_ms=ms)


async def interrupt(service: Service, how_far: pb.Heard, **fields: Any) -> pb.InterruptResponse:
    return await service.stub.InterruptSession(pb.InterruptRequest(**{**ME, **fields}, heard=how_far))


async def remembered(service: Service, **fields: Any) -> list[Message]:
    """The answers that the model is told of at the next question."""
    await service.ask("Next.", **{**ME, **fields})
    return [message for message in service.diary.histories[-1] if message.role == "assistant"]


async def test_an_interrupted_answer(tmp_path: Path) -> None:
    """Of an answer that was sent further than it was heard, only what was heard is remembered."""
    async with serving(tmp_path) as service:
        call = await service.begun("One. Two. Three. ", {"hang": True}, **ME)
        async for message in call:
            if message.sentence_index == 3:
                break
        response = await interrupt(service, heard(2))
        assert (response.success, list(response.interrupted_sessions)) == (True, ["s"])
        assert (await read(call)).code is grpc.StatusCode.CANCELLED
        assert await remembered(service) == [Message("assistant", "One.", cut=True)]


async def test_an_answer_that_is_over(tmp_path: Path) -> None:
    """What was heard of it counts, though nothing was running; told twice, the later counts; beyond it, none does."""
    async with serving(tmp_path) as service:
        await service.ask("One. Two. ", **ME)
        assert not (await interrupt(service, heard(2))).success
        assert (await interrupt(service, heard(1))).message == "nothing was running"
        await interrupt(service, heard(1), session_id="other")
        await interrupt(service, heard(1), hardware_id="phone")
        assert await remembered(service) == [Message("assistant", "", cut=True)]
        await interrupt(service, heard(7))
        assert (await remembered(service))[-1] == Message("assistant", "Next.")


async def test_told_with_the_next_question(tmp_path: Path) -> None:
    """A client that cancels its call tells with its next request how much was heard: the model is told no more."""
    async with serving(tmp_path) as service:
        call = await service.begun("One. Two. ", {"hang": True}, **ME)
        async for message in call:
            if message.sentence_index == 2 and message.final:
                break
        call.cancel()
        assert await remembered(service, heard=heard(1, 1e9)) == [Message("assistant", "One.", cut=True)]


async def test_a_refused_question(tmp_path: Path) -> None:
    """What it tells has no effect: its client will ask again."""
    async with serving(tmp_path) as service:
        await service.ask("One. ", **ME)
        for wrong in (heard(-1), heard(1, -1.0), heard(1, float("nan")), heard(1, float("inf"))):
            answer = await service.ask("No.", **ME, heard=wrong)
            assert (answer.reason, answer.info) == ("INVALID_REQUEST", {"field": "heard"})
            with pytest.raises(grpc.aio.AioRpcError, match="heard: sentence_index and offset_ms"):
                await interrupt(service, wrong)
        with pytest.raises(grpc.aio.AioRpcError, match="heard: needs a session_id"):
            await interrupt(service, heard(0), session_id="")
        assert await remembered(service) == [Message("assistant", "One.")]


async def test_one_conversation_for_each_client(tmp_path: Path) -> None:
    """With ``scope = "client"`` a client's sessions are one conversation: also while one of them is not over yet."""
    async with serving(tmp_path, pipeline='memory = { kind = "memory", scope = "client" }') as service:
        await service.ask("One. ", session_id="a", hardware_id="mac")
        call = await service.begun("Two. Three. ", {"hang": True}, session_id="b", hardware_id="mac")
        async for message in call:
            if message.sentence_index == 2 and message.final:
                break
        told = await remembered(service, session_id="c", heard=heard(2))
        assert told == [Message("assistant", "One."), Message("assistant", "Two.", cut=True)]
        call.cancel()
        await until(lambda: service.streams == 0)
        told = await remembered(service, session_id="d")
        assert [message.text for message in told] == ["One.", "Two.", "Next."]
        assert await remembered(service, session_id="e", hardware_id="phone") == []
        assert await remembered(service, session_id="e", hardware_id="") == []
        assert await remembered(service, session_id="e", hardware_id="") == []


async def test_clients_do_not_cut_each_other(tmp_path: Path) -> None:
    """What one client tells cuts no other one's conversation, though both name the same session."""
    async with serving(tmp_path) as service:
        await service.ask("Mine. ", **ME)
        await service.ask("Yours. ", session_id="s", hardware_id="phone", heard=heard(0))
        await interrupt(service, heard(0), hardware_id="phone")
        assert await remembered(service) == [Message("assistant", "Mine.")]


def words_of(answer: Answer) -> list[tuple[int, int, float]]:
    """Sentence, offset in its text, and beginning in ms of each word of an answer."""
    return [
        (message.sentence_index, word.text_offset, word.offset_ms)
        for message in answer.messages
        for word in message.audio_chunk.words
    ]


@pytest.mark.parametrize("turns", [FEW, MANY])
async def test_at_any_word(turns: int, tmp_path: Path) -> None:
    """The default voice knows its words, so the conversation has what was heard to the word, whether or not the client
    asked for the words.
    """
    pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")
    script = ("It is $5.20 today, and tomorrow it may well be more. ", "Завтра будет тепло, около 20 градусов.")
    choice = random.Random(5)
    async with serving(tmp_path, tts='{ kind = "espeak", workers = 1 }') as service:
        asked = await service.ask(*script, **ME, word_timings=True)
        words, texts = words_of(asked), ["", *asked.texts]
        assert len(words) > 12
        for turn in range(turns):
            me = {"session_id": f"{turn}", "hardware_id": "mac"}
            answer = await service.ask(*script, **me)
            assert words_of(answer) == []
            number = choice.randrange(len(words) - 1)
            (sentence, offset, begin), (after, _, end) = words[number], words[number + 1]
            ms = choice.uniform(begin, end) if after == sentence else begin + 1
            (kept,) = await remembered(service, **me, heard=heard(sentence, ms))
            exact = "".join(texts[1:sentence]) + texts[sentence][:offset]
            words_off = abs(len(kept.text.split()) - len(exact.split()))
            assert words_off <= 1, (sentence, ms, kept.text)
            assert exact.startswith(kept.text) or kept.text.startswith(exact.strip())
            assert kept.cut
