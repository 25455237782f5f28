"""The whole server, through its settings file and a real client: what a listener may rely on."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from protos import streaming_pb2 as pb
from tests import scripted
from tests.fakes import until
from tests.serving import VOICE, Service, read, serving, voice

OPEN = '{"command": "open_app", "args": {"app_name": "Safari", "n": 1}}'


async def test_normal_stream(tmp_path: Path) -> None:
    """Text, sound and command arrive complete and in place, then one end message, and the status is OK."""
    async with serving(tmp_path) as service:
        answer = await service.ask("Opening ", "Safari. ", OPEN[:9], OPEN[9:], " It is", " open.")
    assert answer.code is grpc.StatusCode.OK
    assert answer.texts == ["Opening Safari.", "  It is open."]
    assert answer.commands == ['{"command":"open_app","args":{"app_name":"Safari","n":1}}']
    kinds = [kind for before, kind in zip(["", *answer.kinds], answer.kinds, strict=False) if kind != before]
    assert kinds == ["text_chunk", "audio_chunk", "action_message", "text_chunk", "audio_chunk", "end_message"]
    assert [message.sequence for message in answer.messages] == list(range(1, len(answer.messages) + 1))
    finals = [message.sentence_index for message in answer.messages if message.final]
    assert finals == [1, 2]
    action = next(m for m in answer.messages if m.WhichOneof("content") == "action_message")
    assert (action.sentence_index, action.action_message.command) == (1, "open_app")
    assert dict(action.action_message.args) == {"app_name": "Safari", "n": 1}
    end = answer.messages[-1].end
    assert (end.reason, end.sentences, end.commands) == (pb.END_REASON_COMPLETE, 2, 1)
    assert end.audio_samples * 2 == len(answer.sound)
    assert 0 < end.first_text_ms <= end.first_audio_ms <= end.total_ms


async def test_session_id_comes_back(tmp_path: Path) -> None:
    """A session id, given or made, is in the initial metadata and in the first message only."""
    async with serving(tmp_path) as service:
        given = await service.ask("Hi there.", session_id="my-session")
        made = await service.ask("Hi there.")
    assert given.initial["x-session-id"] == "my-session" == given.messages[0].session_id
    assert made.initial["x-session-id"] == made.messages[0].session_id != ""
    assert all(not message.session_id for message in made.messages[1:])


async def test_a_sentence_in_doubt_does_not_wait_for_the_model(tmp_path: Path) -> None:
    """While the model pauses behind "plan B." it is said; the rest is the next sentence, and nothing is taken back."""
    async with serving(tmp_path, pipeline="segmenter = { kind = 'rules', hold_ms = 10 }") as service:
        call = service.call("Then we take plan B.", {"wait": True}, " 5 of us. Bye.")
        first = await anext(aiter(call))
        service.diary.cue.set()
        answer = await read(call)
    assert first.text_chunk == "Then we take plan B."
    assert answer.texts == [" 5 of us.", " Bye."]
    assert answer.code is grpc.StatusCode.OK


async def test_two_sessions_never_mix(tmp_path: Path) -> None:
    """Two sessions really run in parallel, tokens interleaved, and each gets only its own text and sound."""
    scripts = {
        name: [piece for n in range(20) for piece in (f"{name} says ", {"sleep": 0.002}, f"number {n}. ")]
        for name in ("Anna", "Boris")
    }
    async with serving(tmp_path) as service:
        answers = await asyncio.gather(
            *(service.ask(*script, session_id=name, hardware_id=name) for name, script in scripts.items())
        )
        alone = {name: await service.ask(*script, session_id=name) for name, script in scripts.items()}
    assert service.diary.most_running == 2
    for name, answer in zip(scripts, answers, strict=True):
        assert "".join(answer.texts) == "".join(piece for piece in scripts[name] if isinstance(piece, str))
        assert answer.sound == alone[name].sound
        assert answer.code is grpc.StatusCode.OK


PRICE = "It costs **$5**, see https://shop.com/a?b=1."


def without_times(messages: list[Any]) -> list[Any]:
    for message in messages:
        for name in ("first_text_ms", "first_audio_ms", "total_ms"):
            if message.HasField("end"):
                message.end.ClearField(name)
    return messages


async def test_same_session_twice(tmp_path: Path) -> None:
    """A session's second stream is refused at once, the first is as if alone, a third after its end is served."""
    script = ["One is here. ", {"wait": True}, "Two is here. "]
    async with serving(tmp_path) as service:
        service.diary.cue.set()
        solo = await service.ask(*script, session_id="s")
        diary = service.diary = scripted.new_diary()
        first = asyncio.create_task(service.ask(*script, session_id="s"))
        await until(lambda: bool(diary.entries))
        second = await service.ask("Three.", session_id="s", hardware_id="second")
        diary.cue.set()
        first_answer = await first
        after = await service.ask("Three.", session_id="s")
    assert (second.code, second.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "CONCURRENT_REQUEST")
    assert second.pushback == -1
    assert second.kinds == ["error_message"]
    assert "second" not in diary.who("opened")
    assert without_times(first_answer.messages) == without_times(solo.messages)
    assert after.code is grpc.StatusCode.OK


async def test_racing_duplicates_have_one_winner(tmp_path: Path) -> None:
    """Of 200 streams of one session that race, exactly one runs."""
    async with serving(tmp_path) as service:
        racers = [
            asyncio.create_task(service.ask({"hang": True}, session_id="s", hardware_id=f"{n}")) for n in range(200)
        ]
        await until(lambda: sum(racer.done() for racer in racers) == 199 and service.diary.entries)
        [winner] = service.diary.who("opened")
        await service.interrupt(winner)
        reasons = [(await racer).reason for racer in racers]
    assert sorted(reasons) == ["CONCURRENT_REQUEST"] * 199 + ["INTERRUPTED"]


async def test_stream_limit(tmp_path: Path) -> None:
    """With two places a third call is refused with a pushback, its model never called; when one ends, a fourth runs."""
    async with serving(tmp_path, limits="max_concurrent_streams = 2") as service:
        held = [await service.begun("A start. ", {"hang": True}, hardware_id=f"{n}") for n in range(2)]
        third = await service.ask("Hello.", hardware_id="third")
        held[0].cancel()
        await until(lambda: service.leases == 1)
        fourth = await service.ask("Hello.", hardware_id="fourth")
        held[1].cancel()
    assert (third.code, third.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "STREAM_LIMIT_EXCEEDED")
    assert third.pushback > 0
    assert third.retry_seconds > 0
    assert third.info == {"limit": "max_concurrent_streams", "value": "2"}
    assert "third" not in service.diary.who("opened")
    assert fourth.code is grpc.StatusCode.OK


async def test_burst(tmp_path: Path) -> None:
    """A burst of 400 at limit 16: exactly 16 run."""
    async with serving(tmp_path, limits="max_concurrent_streams = 16", tts='{ kind = "off" }') as service:
        calls = [service.call({"hang": True}) for _ in range(400)]
        answers = [asyncio.create_task(read(call)) for call in calls]
        await until(lambda: sum(answer.done() for answer in answers) >= 384 and len(service.diary.who("opened")) >= 16)
        assert len(service.diary.who("opened")) == service.leases == 16
        assert {answer.result().reason for answer in answers if answer.done()} == {"STREAM_LIMIT_EXCEEDED"}
        for call in calls:
            call.cancel()
        await asyncio.gather(*answers)
        await until(lambda: service.leases == 0)


async def test_limit_with_duplicates(tmp_path: Path) -> None:
    """Of 50 sessions, each sent twice at limit 2, never more than two models run, and all the others are refused."""
    async with serving(tmp_path, limits="max_concurrent_streams = 2") as service:
        answers = await asyncio.gather(
            *(service.ask({"sleep": 0.05}, "Hello.", session_id=f"s{n // 2}") for n in range(100))
        )
        assert service.leases == 0
    assert service.diary.most_running <= 2
    served = [answer for answer in answers if answer.code is grpc.StatusCode.OK]
    assert len(served) == len(service.diary.who("opened")) >= 2


async def test_limit_for_each_client(tmp_path: Path) -> None:
    """One device cannot take all places; another is served beside it."""
    async with serving(tmp_path, limits="max_streams_per_client = 1") as service:
        held = await service.begun("A start. ", {"hang": True}, hardware_id="greedy")
        refused = await service.ask("Hello.", hardware_id="greedy")
        served = await service.ask("Hello.", hardware_id="modest")
        held.cancel()
    assert (refused.reason, refused.info["limit"]) == ("STREAM_LIMIT_EXCEEDED", "max_streams_per_client")
    assert served.code is grpc.StatusCode.OK


async def test_rate_reject(tmp_path: Path) -> None:
    """At five messages a second, exactly five with text or sound arrive, then RATE_LIMIT_EXCEEDED."""
    limits = "max_message_rate_per_second = 5"
    async with serving(tmp_path, limits=limits, tts='{ kind = "off" }') as service:
        answer = await service.ask({"deltas": 8})
    assert answer.kinds == ["text_chunk"] * 5 + ["error_message"]
    assert (answer.code, answer.reason) == (grpc.StatusCode.RESOURCE_EXHAUSTED, "RATE_LIMIT_EXCEEDED")
    assert answer.pushback == -1


async def test_rate_pace(tmp_path: Path) -> None:
    """With ``pace`` all of them arrive, and none before its second."""
    limits = 'max_message_rate_per_second = 20\nrate_policy = "pace"'
    async with serving(tmp_path, limits=limits, tts='{ kind = "off" }') as service:
        began = time.monotonic()
        call = service.call({"deltas": 50})
        stamps = [time.monotonic() - began async for message in call if message.text_chunk]
    assert len(stamps) == 50
    assert await call.code() is grpc.StatusCode.OK
    assert all(stamp >= number // 20 for number, stamp in enumerate(stamps))


async def test_rate_off(tmp_path: Path) -> None:
    """Rate 0 is no limit."""
    async with serving(tmp_path, tts='{ kind = "off" }') as service:
        answer = await service.ask({"deltas": 200})
    assert len(answer.texts) == 200


FAILURES = {
    "before anything": (["{raise}"], [], 0),
    "at a sentence end": (["One is done.", "{raise}"], ["One is done."], 0),
    "in a sentence": (["One is done. Two is n", "{raise}"], ["One is done."], 0),
    "in a command": (["One is done. ", OPEN[:30], "{raise}"], ["One is done."], 0),
    "after a command": (["One is done. ", OPEN, "{raise}"], ["One is done."], 1),
    "in an envelope's text": (['{"text": "One is done. Two is', "{raise}"], ["One is done."], 0),
}


@pytest.mark.parametrize("where", FAILURES)
@pytest.mark.parametrize(
    ("step", "code", "reason"),
    [
        ({"raise": "ValueError"}, grpc.StatusCode.INTERNAL, "INTERNAL"),
        ({"raise": "ConnectionError"}, grpc.StatusCode.UNAVAILABLE, "MODEL_UNAVAILABLE"),
        ({"raise": "TimeoutError"}, grpc.StatusCode.DEADLINE_EXCEEDED, "MODEL_TIMEOUT"),
        ({"status": "NOT_FOUND"}, grpc.StatusCode.NOT_FOUND, "OF_MY_OWN"),
        ({"exit": True}, grpc.StatusCode.INTERNAL, "INTERNAL"),
        ({"garbage": True}, grpc.StatusCode.INTERNAL, "INTERNAL"),
    ],
)
async def test_failing_stage(tmp_path: Path, where: str, step: Any, code: Any, reason: str) -> None:
    """What was complete is delivered, then one error message, then the status: never OK or an end, nothing after it."""
    script, texts, commands = FAILURES[where]
    async with serving(tmp_path) as service:
        answer = await service.ask(*(step if piece == "{raise}" else piece for piece in script))
    assert (answer.code, answer.reason) == (code, reason)
    assert answer.texts == texts
    assert len(answer.commands) == commands
    assert answer.kinds[-1] == "error_message"
    assert answer.kinds.count("error_message") == 1
    assert "end_message" not in answer.kinds
    assert "secret" not in str(answer)


async def test_every_status_of_a_stage(tmp_path: Path) -> None:
    """Every one of gRPC's codes can be raised by a stage and arrives as that code, with the stage's own words."""
    async with serving(tmp_path) as service:
        for code in grpc.StatusCode:
            if code is not grpc.StatusCode.OK:
                answer = await service.ask("One is done.", {"status": code.name})
                assert (answer.code, answer.reason, answer.error) == (code, "OF_MY_OWN", "in my own words")


async def test_silence_is_no_answer(tmp_path: Path) -> None:
    """A model that says nothing has failed: an empty success would leave a listener waiting."""
    async with serving(tmp_path) as service:
        for script in ([], [" ", "\n"]):
            answer = await service.ask(*script)
            assert (answer.code, answer.reason) == (grpc.StatusCode.UNAVAILABLE, "MODEL_UNAVAILABLE")


@pytest.mark.parametrize("trouble", ["FAIL", "CUT", "HANG"])
async def test_voice_fails(tmp_path: Path, trouble: str) -> None:
    """A sentence that can't be spoken is a warning; its text stays, the next one is spoken, the stream ends well."""
    async with serving(tmp_path, tts=voice("first_audio_timeout_seconds = 1.5")) as service:
        answer = await service.ask(f"One has {trouble}. Two is fine.")
    warnings = [m for m in answer.messages if m.HasField("warning")]
    assert [(m.warning.reason, m.sentence_index, m.final) for m in warnings] == [("SPEECH_FAILED", 1, True)]
    assert answer.texts == [f"One has {trouble}.", " Two is fine."]
    assert answer.code is grpc.StatusCode.OK
    spoken = {m.sentence_index for m in answer.messages if m.audio_chunk.audio_data}
    assert spoken == ({1, 2} if trouble == "CUT" else {2})


@pytest.mark.parametrize(
    ("normalize", "said"), [("true", "It costs five dollars, see link to shop.com."), ("false", PRICE)]
)
async def test_the_voice_gets_words(tmp_path: Path, normalize: str, said: str) -> None:
    """With ``normalize`` the voice gets markup, links and numbers as words; the text always stays as written."""
    pytest.importorskip("num2words", reason="the normalize extra is not installed")
    async with serving(tmp_path, tts=voice(f"normalize = {normalize}")) as service:
        answer = await service.ask(PRICE)
    assert answer.texts == [PRICE]
    assert service.diary.who("said") == [said]


@pytest.mark.parametrize("normalize", ["true", "false"])
async def test_the_lexicon(tmp_path: Path, normalize: str) -> None:
    """The voice gets the operator's words, whose file stands beside the settings; the text stays as written."""
    (tmp_path / "words.toml").write_text('[en]\nNexy = "neck see"\n', "utf-8")
    keys = f'lexicon_file = "words.toml", normalize = {normalize}'
    async with serving(tmp_path, tts=voice(keys)) as service:
        answer = await service.ask("Ask Nexy.")
    assert answer.texts == ["Ask Nexy."]
    assert service.diary.who("said") == ["Ask neck see."]


async def test_voice_fails_and_aborts(tmp_path: Path) -> None:
    """With ``on_failure = "abort"`` it ends the stream."""
    async with serving(tmp_path, tts=voice('on_failure = "abort"')) as service:
        answer = await service.ask("One has FAIL. Two is fine.")
    assert (answer.code, answer.reason) == (grpc.StatusCode.UNAVAILABLE, "SPEECH_FAILED")
    assert answer.texts == ["One has FAIL."]


async def test_refused_command(tmp_path: Path) -> None:
    """A command or a tool call that may not run is a warning at its place, never text or sound."""
    commands = 'commands = { kind = "json", allow = ["close_app"] }'
    async with serving(tmp_path, pipeline=commands) as service:
        answer = await service.ask("Opening. ", OPEN, {"tool": "open_app"}, {"tool": "close_app"}, "Done now.")
    warnings = [m for m in answer.messages if m.HasField("warning")]
    assert [(m.warning.reason, m.warning.message, m.warning.sentence_index) for m in warnings] == [
        ("COMMAND_REFUSED", "not_allowed", 1)
    ] * 2
    assert answer.commands == ['{"command":"close_app","args":{"app_name":"Safari"}}']
    assert "".join(answer.texts).split() == ["Opening.", "Done", "now."]
    assert answer.code is grpc.StatusCode.OK


REFUSED = {"tool": "no such"}
CHUNK = "audio_chunk"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        (["One. ", REFUSED, "Two."], [("text_chunk", 2)]),
        ([REFUSED, {"tool": "close_app"}], [("action_message", 0)]),
        (["One.", REFUSED], [("end_message", 0)]),
        ([REFUSED, REFUSED, "One."], [("text_chunk", 1), (CHUNK, 1)]),
        ([REFUSED, REFUSED, REFUSED], [(CHUNK, 0), (CHUNK, 0), ("end_message", 0)]),
        (["FAIL. ", "Two."], [(CHUNK, 1)]),
        (["One. ", REFUSED, "FAIL."], [("text_chunk", 2), (CHUNK, 2)]),
        (["One. ", REFUSED, {"raise": "ValueError"}], [(CHUNK, 1)]),
        ([REFUSED, REFUSED, {"status": "NOT_FOUND"}], [(CHUNK, 0), (CHUNK, 0)]),
    ],
)
@pytest.mark.parametrize("has_voice", [True, False])
async def test_warnings_ride(
    tmp_path: Path, has_voice: bool, script: list[Any], expected: list[tuple[str, int]]
) -> None:
    """Each warning rides, alone, on the message that it is about or on the next one; no message has no content."""
    pipeline = 'commands = { kind = "json", allow = ["close_app"] }'
    async with serving(tmp_path, pipeline=pipeline, tts=VOICE if has_voice else '{ kind = "off" }') as service:
        answer = await service.ask(*script)
    assert None not in [message.WhichOneof("content") for message in answer.messages]
    told = [(each.WhichOneof("content"), each.sentence_index) for each in answer.messages if each.HasField("warning")]
    if has_voice or "FAIL" not in str(script):
        spoken_next = not has_voice and expected == [("text_chunk", 1), (CHUNK, 1)]
        assert told == ([("text_chunk", 1), ("end_message", 0)] if spoken_next else expected)
    chunks = [message.audio_chunk for message in answer.messages if message.HasField("audio_chunk")]
    assert all(chunk.sample_rate and chunk.dtype == "int16" for chunk in chunks)
    assert [message.sequence for message in answer.messages] == list(range(1, len(answer.messages) + 1))


async def test_refusals_as_trailers(tmp_path: Path) -> None:
    """A client that asks for it gets a refusal as trailers only, which a stock retry policy can act on."""
    async with serving(tmp_path) as service:
        answer = await service.ask(" ", prompt=" ", metadata=(("x-refusals", "trailers"),))
        rude = await service.ask(prompt=" ")
    assert answer.messages == []
    assert "x-session-id" not in answer.initial
    assert (answer.code, answer.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST")
    assert rude.kinds == ["error_message"]


async def test_stock_retry_policy_retries_a_refusal(tmp_path: Path) -> None:
    """With ``refusals = "trailers"`` a stock client waits out the pushback and is served."""
    policy = {
        "maxAttempts": 5,
        "initialBackoff": "0.01s",
        "maxBackoff": "0.01s",
        "backoffMultiplier": 1,
        "retryableStatusCodes": ["RESOURCE_EXHAUSTED"],
    }
    async with serving(tmp_path, limits="max_concurrent_streams = 1") as service:
        held = await service.begun("A start. ", {"sleep": 0.3}, "The end.")
        config = {"methodConfig": [{"name": [{}], "retryPolicy": policy}]}
        options = [("grpc.service_config", json.dumps(config))]
        async with grpc.aio.insecure_channel(service.server.address, options=options) as channel:
            patient = Service(service.server, channel)
            answer = await patient.ask("Served.", metadata=(("x-refusals", "trailers"),))
        await read(held)
    assert answer.texts == ["Served."]
    assert answer.code is grpc.StatusCode.OK


BAD = {
    "prompt": {"prompt": " \n"},
    "prompt ": {"prompt": "x" * 8001},
    "session_id": {"session_id": "no spaces"},
    "hardware_id": {"hardware_id": "x" * 129},
    "screenshot": {"screenshot": "not base64!"},
    "screenshot ": {"screenshot": "aGVsbG8="},
    "phase": {"phase": 7},
    "voice": {"voice": "a\x07b"},
    "language": {"language": "en_US"},
}


@pytest.mark.parametrize("field", BAD)
async def test_bad_request(tmp_path: Path, field: str) -> None:
    """A field that breaks a rule is named, and the model is never called."""
    async with serving(tmp_path) as service:
        answer = await service.ask("Hello.", **BAD[field])
    assert (answer.code, answer.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST")
    assert answer.details.startswith(field.strip())
    assert answer.info == {"field": field.strip()}
    assert answer.pushback == -1
    assert service.diary.entries == []


@pytest.mark.parametrize("rubbish", [b"\xff\xff\xff", b"\x0a\x02\xc3\x28", b"\x00"])
async def test_undecodable_request(tmp_path: Path, rubbish: bytes) -> None:
    """Bytes that are no request are INVALID_ARGUMENT, without internal text, for streaming and unary calls."""
    async with serving(tmp_path) as service:
        for method in ("StreamAudio", "GenerateWelcomeAudio"):
            answer = await read(service.channel.unary_stream(f"/streaming.StreamingService/{method}")(rubbish))
            assert (answer.code, answer.reason) == (grpc.StatusCode.INVALID_ARGUMENT, "INVALID_REQUEST")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await service.channel.unary_unary("/streaming.StreamingService/InterruptSession")(rubbish)
        assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_interrupt(tmp_path: Path) -> None:
    """InterruptSession ends and names a device's streams, or those of one session; nothing running is no error."""
    async with serving(tmp_path) as service:
        streams = {
            name: asyncio.create_task(
                service.ask("A start. ", {"hang": True}, session_id=name, hardware_id=name.partition("-")[0])
            )
            for name in ("pc-1", "pc-2", "pc-3", "phone-1")
        }
        await until(lambda: service.leases == 4)
        none = await service.interrupt("tablet")
        one = await service.interrupt("pc", "pc-2")
        assert service.leases == 3
        rest = await service.interrupt("pc")
        answers = {name: await streams[name] for name in ("pc-1", "pc-2", "pc-3")}
        assert not streams["phone-1"].done()
        await service.interrupt("phone")
        await streams["phone-1"]
    assert (none.success, list(none.interrupted_sessions)) == (False, [])
    assert (one.success, list(one.interrupted_sessions)) == (True, ["pc-2"])
    assert (rest.success, list(rest.interrupted_sessions)) == (True, ["pc-1", "pc-3"])
    for answer in answers.values():
        assert (answer.code, answer.reason) == (grpc.StatusCode.CANCELLED, "INTERRUPTED")
        assert answer.kinds[-1] == "error_message"


async def test_replace(tmp_path: Path) -> None:
    """With ``replace`` a newer request ends the older one, also on a full server, and never runs beside it."""
    limits = 'single_flight = "replace"\nmax_concurrent_streams = 1'
    async with serving(tmp_path, limits=limits, closing=0.05) as service:
        older = asyncio.create_task(service.ask("Old is here. ", {"hang": True}, session_id="s"))
        await until(lambda: service.leases == 1)
        newer = await service.ask("New is here.", session_id="s")
        old = await older
    assert (old.code, old.reason) == (grpc.StatusCode.CANCELLED, "INTERRUPTED")
    assert (newer.code, newer.texts) == (grpc.StatusCode.OK, ["New is here."])
    assert service.diary.most_running == 1


async def test_welcome(tmp_path: Path) -> None:
    """GenerateWelcomeAudio speaks the given text, or the settings' one, without a model: metadata, sound, end."""
    async with serving(tmp_path, pipeline='welcome_text = "Welcome home."') as service:
        given = await read(service.stub.GenerateWelcomeAudio(pb.WelcomeRequest(text="Hi. There.")))
        default = await read(service.stub.GenerateWelcomeAudio(pb.WelcomeRequest()))
    for answer, text in ((given, "Hi.There."), (default, "Welcome home.")):
        assert answer.code is grpc.StatusCode.OK
        assert answer.kinds[0] == "metadata"
        assert answer.kinds[-1] == "end_message"
        assert set(answer.kinds[1:-1]) == {"audio_chunk"}
        assert answer.initial["x-session-id"]
        assert len(answer.sound) == len(text) * 160 * 2
    assert (given.messages[0].metadata.sample_rate, given.messages[0].metadata.dtype) == (16000, "int16")
    assert service.diary.who("opened") == []


@pytest.mark.parametrize(
    ("text", "told", "kinds"),
    [
        ("Hi.", ("custom", 16000), {"metadata", "audio_chunk", "end_message"}),
        ("...", ("openai", 24000), {"metadata", "end_message"}),
    ],
)
async def test_welcome_tells_who_speaks(text: str, told: tuple[str, int], kinds: set[str], tmp_path: Path) -> None:
    """The metadata comes first, and is that of the voice that is heard: of the fallback when it stands in."""
    tts = f'{{ kind = "openai", base_url = "http://127.0.0.1:9/v1", model = "m", voice = "ann", fallback = {VOICE} }}'
    async with serving(tmp_path, tts=tts) as service:
        answer = await read(service.stub.GenerateWelcomeAudio(pb.WelcomeRequest(text=text)))
    assert answer.code is grpc.StatusCode.OK
    metadata = answer.messages[0].metadata
    assert (metadata.method, metadata.sample_rate) == told
    assert set(answer.kinds) == kinds
    assert {m.audio_chunk.sample_rate for m in answer.messages if m.audio_chunk.audio_data} <= {told[1]}


async def test_welcome_fails_like_any_stream(tmp_path: Path) -> None:
    """A voice that fails is an error message and a status."""
    async with serving(tmp_path) as service:
        failed = await read(service.stub.GenerateWelcomeAudio(pb.WelcomeRequest(text="FAIL.")))
    assert (failed.code, failed.reason) == (grpc.StatusCode.UNAVAILABLE, "SPEECH_FAILED")


async def test_health_and_reflection_pass_no_guard(tmp_path: Path) -> None:
    """On a full server health still answers, and is never counted."""
    async with serving(tmp_path, limits="max_concurrent_streams = 1") as service:
        held = await service.begun("A start. ", {"hang": True})
        health = health_pb2_grpc.HealthStub(service.channel)
        for name in ("", "streaming.StreamingService"):
            response = await health.Check(health_pb2.HealthCheckRequest(service=name))
            assert response.status == health_pb2.HealthCheckResponse.SERVING
        watches = [health.Watch(health_pb2.HealthCheckRequest()) for _ in range(100)]
        for watch in watches:
            assert (await watch.read()).status == health_pb2.HealthCheckResponse.SERVING
        assert service.leases == 1
        for watch in watches:
            watch.cancel()
        held.cancel()


async def test_stubborn_stage_harms_nobody(tmp_path: Path) -> None:
    """A stage that swallows its cancellation keeps its own stream closing, and no other one waiting."""
    async with serving(tmp_path) as service:
        stubborn = await service.begun("A start. ", {"stubborn": True})
        stubborn.cancel()
        answer = await service.ask("Fine.")
        await until(lambda: service.leases == 0)
    assert answer.code is grpc.StatusCode.OK
