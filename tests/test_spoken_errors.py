"""A failure is never silent for whoever asks: on a whole server, of each reason, in each language, in each distress."""

import asyncio
import signal
from pathlib import Path

import grpc
import pytest

from app.server import serve
from app.service.own_words import UNSAID
from app.service.statuses import TABLE
from app.settings.load import load
from app.settings.own_words import BUILT_IN
from pipeline.tts import own_sound
from protos import streaming_pb2 as pb
from tests import scripted
from tests.fakes import PATIENCE, until
from tests.serving import VOICE, Answer, serving, voice, write_settings

REASONS = sorted(set(TABLE) - UNSAID - {"UNAUTHENTICATED"})

DEAD = VOICE.replace("ScriptedSpeech", "DeadSpeech")
HANGS = VOICE.replace("ScriptedSpeech", "HangingSpeech")

VOICES = {"alive": VOICE, "dead": DEAD, "hangs": HANGS, "espeak": '{ kind = "espeak" }', "none": '{ kind = "off" }'}
HERTZ = {"alive": 16000, "dead": 16000, "hangs": 16000, "espeak": 22050, "none": 22050}


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine takes its time to start a voice."""
    monkeypatch.setattr(own_sound, "LAST_VOICE_SECONDS", PATIENCE)


def is_said(answer: Answer, text: str, rate: int = 16000) -> None:
    """One last message with the words and their sound, at most 10 s."""
    assert answer.kinds.count("error_message") == 1
    assert (answer.kinds[-1], answer.error) == ("error_message", text)
    sound = answer.messages[-1].error_audio
    assert (sound.dtype, sound.channels, sound.sample_rate) == ("int16", 1, rate)
    assert len(sound.audio_data) == 2 * sound.shape[0] > 0
    assert sound.shape[0] <= 10 * rate


@pytest.fixture(params=BUILT_IN)
def language(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.mark.parametrize("distress", VOICES)
async def test_each_reason(distress: str, language: str, tmp_path: Path) -> None:
    """Each failure of a running stream is said, whatever the voice is like; status and reason are as ever."""
    async with serving(tmp_path, tts=VOICES[distress]) as service:
        for reason in REASONS:
            answer = await service.ask({"fail": reason}, language=language, speak_errors=True)
            is_said(answer, BUILT_IN[language][reason], HERTZ[distress])
            assert (answer.code, answer.reason) == (TABLE[reason].code, reason)


@pytest.mark.parametrize("reason", ["INVALID_REQUEST", "INTERNAL"])
@pytest.mark.parametrize("distress", VOICES)
async def test_in_the_language_of_the_prompt(distress: str, reason: str, tmp_path: Path) -> None:
    """Without a language the letters of the prompt tell it, also of a prompt that is refused."""
    async with serving(tmp_path, limits="max_prompt_chars = 40", tts=VOICES[distress]) as service:
        prompt = "Привет! " * (1 if reason == "INTERNAL" else 10)
        answer = await service.ask(prompt=prompt, speak_errors=True)
        is_said(answer, BUILT_IN["ru"][reason], HERTZ[distress])


@pytest.mark.parametrize("distress", ["alive", "dead", "espeak"])
async def test_full_and_draining(distress: str, language: str, tmp_path: Path) -> None:
    """A server without a place says so, and so does one that shuts down, also to the streams that it ends."""
    one = {"language": language, "speak_errors": True, "hardware_id": "device"}
    async with serving(tmp_path, limits="max_concurrent_streams = 1", tts=VOICES[distress]) as service:
        call = service.call({"hang": True}, **one, session_id="s")
        await call.initial_metadata()
        for session, reason in (("s", "CONCURRENT_REQUEST"), ("t", "STREAM_LIMIT_EXCEEDED")):
            answer = await service.ask("x", **one, session_id=session)
            is_said(answer, BUILT_IN[language][reason], HERTZ[distress])
            assert (answer.reason, len(answer.messages)) == (reason, 1)
        await until(lambda: scripted.diary.running == 1)
        await service.server.container.streams().drain(0.05)
        late = await service.ask("x", **one, session_id="u")
        is_said(late, BUILT_IN[language]["DRAINING"], HERTZ[distress])
        assert late.pushback > 0
        ended = await anext(aiter(call))
        assert (ended.error_message, bool(ended.error_audio.audio_data)) == (BUILT_IN[language]["DRAINING"], True)
        assert await call.code() is grpc.StatusCode.UNAVAILABLE


async def test_many_refusals_at_once(tmp_path: Path) -> None:
    """200 refusals are one synthesis, and take no place."""
    async with serving(tmp_path, limits="max_concurrent_streams = 1") as service:
        call = service.call({"hang": True}, session_id="s")
        await call.initial_metadata()
        answers = await asyncio.gather(*(service.ask("x", session_id=f"s{n}", speak_errors=True) for n in range(200)))
        for answer in answers:
            is_said(answer, BUILT_IN["en"]["STREAM_LIMIT_EXCEEDED"])
        assert scripted.diary.who("said") == [BUILT_IN["en"]["STREAM_LIMIT_EXCEEDED"]]
        assert service.leases == 1
        call.cancel()


async def test_serve_makes_them_ahead(tmp_path: Path) -> None:
    """A server that listens lets its voice say each sentence once, before anybody needs it."""
    diary = scripted.new_diary()
    server = asyncio.create_task(serve(load(str(write_settings(tmp_path)), {}), lambda _address: None))
    ahead = [
        text for texts in BUILT_IN.values() for reason, text in texts.items() if reason not in {*UNSAID, "WORKING"}
    ]
    await until(lambda: len(diary.who("said")) == len(ahead))
    signal.raise_signal(signal.SIGTERM)
    await asyncio.wait_for(server, PATIENCE)
    assert diary.who("said") == ahead


@pytest.mark.parametrize("settings", ["", 'speak_errors = "never"'])
async def test_who_does_not_ask_gets_no_byte_more(settings: str, tmp_path: Path) -> None:
    """The message is as it was, and the voice is not asked."""
    asked = {"speak_errors": True} if settings else {}
    async with serving(tmp_path, pipeline=settings) as service:
        for reason in REASONS:
            answer = await service.ask({"fail": reason}, language="ru", session_id="s", **asked)
            [message] = answer.messages
            message.ClearField("sequence")
            message.ClearField("session_id")
            assert message.SerializeToString() == type(message)(error_message=TABLE[reason].text).SerializeToString()
        assert scripted.diary.who("said") == []


async def test_always_but_not_against_the_request(tmp_path: Path) -> None:
    """The setting speaks for old clients; an explicit false wins; a request that cannot be read is answered too."""
    async with serving(tmp_path, pipeline='speak_errors = "always"') as service:
        is_said(await service.ask({"fail": "DRAINING"}), BUILT_IN["en"]["DRAINING"])
        silent = await service.ask({"fail": "DRAINING"}, speak_errors=False)
        assert (silent.error, silent.messages[-1].HasField("error_audio")) == (TABLE["DRAINING"].text, False)
        garbage = service.channel.unary_stream("/streaming.StreamingService/StreamAudio")(b"\xff\xff")
        message = pb.StreamResponse.FromString(await anext(aiter(garbage)))
        assert (message.error_message, bool(message.error_audio.audio_data)) == (
            BUILT_IN["en"]["INVALID_REQUEST"],
            True,
        )


async def test_as_chunks(tmp_path: Path) -> None:
    """For clients that do not know error_audio, the sound comes before the message; it is no part of the answer."""
    limits = 'max_message_rate_per_second = 3\nrate_policy = "reject"'
    async with serving(tmp_path, pipeline='speak_errors = "chunks"', limits=limits) as service:
        answer = await service.ask({"fail": "MODEL_BUSY"}, session_id="s")
        *chunks, last = answer.messages
        assert len(chunks) > 3, "the rate does not count them"
        assert {(each.WhichOneof("content"), each.sentence_index, each.final) for each in chunks} == {
            ("audio_chunk", 0, False)
        }
        assert (last.error_message, last.HasField("error_audio")) == (BUILT_IN["en"]["MODEL_BUSY"], False)
        assert [each.sequence for each in answer.messages] == list(range(1, len(answer.messages) + 1))
        refused = await service.ask(prompt=" ", session_id="s")
        assert (refused.code, refused.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST")
        assert refused.sound


async def test_at_the_rate_of_the_answer(tmp_path: Path) -> None:
    """A stream keeps its rate to the end, also where another voice says the failure."""
    async with serving(tmp_path, tts=voice("options = { sample_rate = 8000 }")) as service:
        answer = await service.ask("It begins. ", {"fail": "MODEL_TIMEOUT"}, speak_errors=True)
        is_said(answer, BUILT_IN["en"]["MODEL_TIMEOUT"], 8000)
        assert answer.texts == ["It begins."]
        assert answer.pushback == -1


async def test_in_the_words_of_the_stage(tmp_path: Path) -> None:
    """A custom stage is quoted; what only a client's author understands is not."""
    async with serving(tmp_path) as service:
        answer = await service.ask({"status": "NOT_FOUND"}, language="ru", speak_errors=True)
        is_said(answer, "in my own words")
        assert (answer.code, answer.reason) == (grpc.StatusCode.NOT_FOUND, "OF_MY_OWN")
        is_said(await service.ask(language="ru", prompt=" ", speak_errors=True), BUILT_IN["ru"]["INVALID_REQUEST"])
        is_said(await service.ask(language="ru", speak_errors=True), BUILT_IN["ru"]["MODEL_UNAVAILABLE"])


async def test_what_has_no_sound(tmp_path: Path) -> None:
    """Nobody is told of an end that somebody wanted, and refusals by trailers stay so."""
    async with serving(tmp_path) as service:
        call = service.call({"hang": True}, speak_errors=True, session_id="s", hardware_id="d")
        await call.initial_metadata()
        await until(lambda: service.streams == 1)
        assert (await service.interrupt("d")).success
        message = await anext(aiter(call))
        assert (message.error_message, message.HasField("error_audio")) == ("interrupted", False)
        answer = await service.ask(prompt=" ", speak_errors=True, metadata=[("x-refusals", "trailers")])
        assert (answer.messages, answer.reason) == ([], "INVALID_REQUEST")
        assert scripted.diary.who("said") == []


async def test_the_operators_words(tmp_path: Path) -> None:
    """Words of the settings are said in place of the built-in ones."""
    settings = 'error_texts = { ru = { DRAINING = "Перерыв на обед." } }'
    async with serving(tmp_path, pipeline=settings) as service:
        is_said(await service.ask({"fail": "DRAINING"}, language="ru", speak_errors=True), "Перерыв на обед.")
        is_said(await service.ask({"fail": "DRAINING"}, speak_errors=True), BUILT_IN["en"]["DRAINING"])
