"""``stentor ask`` and ``stentor speak``, each with a real server in between."""

import asyncio
import io
import json
import os
import ssl
import tracemalloc
import wave
from array import array
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import trustme
from typer.testing import CliRunner

from app.cli.asking import Output
from app.cli.client import CallFailed, answer
from app.cli.main import cli
from app.cli.player import Player, player
from app.cli.sound import Sound, SoundError, WavFile
from app.service.statuses import TABLE
from app.settings.own_words import BUILT_IN
from protos import streaming_pb2 as pb
from tests.app.cli.test_main import QUIET, SCRIPTED, invoke
from tests.fakes import until
from tests.processes import free_port, run, settings
from tests.serving import serving

SPOKEN = '[pipeline]\nllm = { kind = "demo", delta_ms = 0 }\n'


def script(*steps: Any) -> str:
    """A prompt that the scripted model plays."""
    return json.dumps(steps)


def chunk(samples: int, rate: int = 16000) -> pb.AudioChunk:
    """A piece of sound."""
    return pb.AudioChunk(audio_data=b"\1\0" * samples, dtype="int16", sample_rate=rate, channels=1)


def test_answer_with_a_command(tmp_path: Path) -> None:
    """Text, the command in its place, and the times; the demo says that no model is connected, beside the answer."""
    result = invoke("ask", "open Safari and tell me the time", "--settings", settings(tmp_path, QUIET))
    lines = result.stdout.splitlines()
    assert result.exit_code == 0
    assert lines[:2] == ["Opening Safari.", "  → open_app app_name=Safari"]
    assert lines[2].startswith("It is ")
    assert lines[4].startswith("first text ")
    assert "total " in lines[4]
    assert "audio" not in lines[4]
    assert "no language model is connected" in result.stderr


def test_plain(tmp_path: Path) -> None:
    """--plain has one event a line, in words, and not one character that only a screen could use."""
    result = invoke("ask", "open Safari", "--plain", "--settings", settings(tmp_path, SPOKEN))
    text, command, done = result.stdout.splitlines()
    assert (text, command) == ("Opening Safari.", "Command: open_app app_name=Safari")
    assert done.startswith("Done: first text after ")
    assert done.endswith(" seconds of speech.")
    assert result.stdout.isascii()
    assert "\x1b" not in result.stdout


def test_json(tmp_path: Path) -> None:
    """--json has one object a line: every message with its type and its fields, in order; sound by its length."""
    prompt = script("One. ", '{"command": "set", "args": {"n": 5}}', '{"command": 3}')
    file = settings(tmp_path, SCRIPTED)
    result = invoke("ask", prompt, "--json", "--session", "mine", "--settings", file)
    events = [json.loads(line) for line in result.stdout.splitlines()]
    kinds = [event["type"] for event in events if event["type"] != "audio_chunk"]
    assert kinds == ["text_chunk", "action_message", "end_message"]
    assert [event["sequence"] for event in events] == list(range(1, len(events) + 1))
    named = {event["type"]: event for event in events}
    assert (events[0]["text"], events[0]["sentence_index"], events[0]["session_id"]) == ("One.", 1, "mine")
    assert (named["audio_chunk"]["sample_rate"], named["audio_chunk"]["final"]) == (16000, True)
    assert (named["action_message"]["command"], named["action_message"]["args"]) == ("set", {"n": 5})
    assert json.loads(named["action_message"]["action_json"]) == {"command": "set", "args": {"n": 5}}
    assert named["end_message"]["warning"]["reason"] == "COMMAND_REFUSED"
    samples = sum(event.get("samples", 0) for event in events)
    end = named["end_message"]
    assert (end["reason"], end["sentences"], end["commands"]) == ("END_REASON_COMPLETE", 1, 1)
    assert end["audio_samples"] == samples > 0
    assert end["total_ms"] >= end["first_audio_ms"] >= end["first_text_ms"] > 0


@pytest.mark.parametrize("command", [("ask", "read aloud: The quick brown fox."), ("speak", "The quick brown fox.")])
def test_wav_has_real_speech(command: tuple[str, str], tmp_path: Path) -> None:
    """--wav leaves a file of the length that is told, and somebody speaks in it."""
    pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")
    wav = tmp_path / "said.wav"
    result = invoke(*command, "--wav", str(wav), "--settings", settings(tmp_path, SPOKEN))
    with wave.open(str(wav)) as file:
        assert (file.getnchannels(), file.getsampwidth()) == (1, 2)
        seconds = file.getnframes() / file.getframerate()
        samples = array("h", file.readframes(file.getnframes()))
    assert 1.0 < seconds < 4.0
    assert sum(map(abs, samples)) / len(samples) > 500
    assert f"Saved {wav}: {seconds:.1f} seconds of speech." in result.stdout
    assert result.exit_code == 0


def test_speak_says_where(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without --wav and --play the speech is in speech.wav; a server without a voice says so."""
    file = settings(tmp_path, SCRIPTED)
    monkeypatch.chdir(tmp_path)
    result = invoke("speak", "Hello.", "--settings", file)
    assert result.stdout == "Saved speech.wav: 0.1 seconds of speech.\n"
    assert (tmp_path / "speech.wav").exists()
    result = invoke("speak", "Hello.", "--settings", settings(tmp_path, QUIET))
    assert result.exit_code == 1
    assert result.stderr.splitlines()[-1] == "UNAVAILABLE SPEECH_FAILED: this server has no voice"


@pytest.mark.parametrize("mode", [(), ("--plain",), ("--json",)])
def test_answer_that_fails(mode: tuple[str, ...], tmp_path: Path) -> None:
    """Exit code 1 and the status on stderr; what came before is shown, and kept in the WAV, and that is told."""
    wav = tmp_path / "part.wav"
    prompt = script("One good sentence. ", {"status": "NOT_FOUND"})
    file = settings(tmp_path, SCRIPTED)
    result = invoke("ask", prompt, "--wav", str(wav), "--settings", file, *mode)
    assert result.exit_code == 1
    assert "One good sentence." in result.stdout
    assert result.stderr.splitlines()[-1] == "NOT_FOUND OF_MY_OWN: in my own words"
    assert f"Saved {wav}: 0.2 seconds" in result.output
    with wave.open(str(wav)) as saved:
        assert saved.getnframes() == len("One good sentence.") * 160


def test_nobody_there(tmp_path: Path) -> None:
    """A target that does not answer is one clear line; an old WAV stays as it was."""
    wav = tmp_path / "old.wav"
    wav.write_text("old")
    target = f"127.0.0.1:{free_port()}"
    result = invoke("ask", "hi", "--target", target, "--wav", str(wav))
    assert result.exit_code == 1
    assert result.stderr == f'UNAVAILABLE: no server answers at {target}; is "stentor serve" running there?\n'
    assert wav.read_text() == "old"


@pytest.mark.parametrize("mode", [(), ("--plain",), ("--json",)])
def test_terminal_sequences_of_a_model(mode: tuple[str, ...], tmp_path: Path) -> None:
    """No control character of a model reaches the terminal; markup of rich is text like any other."""
    evil = "A \x1b[31mred\x1b[0m [bold]word[/bold] \x1b]0;title\x07:smile:\x9b2J\b. "
    prompt = script(evil, '{"command": "a\\u001b[2J", "args": {"k": "\\u001b[31m [red]x"}}')
    result = invoke("ask", prompt, *mode, "--settings", settings(tmp_path, SCRIPTED))
    assert result.exit_code == 0
    assert not [char for char in result.stdout if not char.isprintable() and char != "\n"]
    if mode == ("--json",):
        assert json.loads(result.stdout.splitlines()[0])["text"] == evil.strip()
    else:
        assert result.stdout.startswith("A red [bold]word[/bold] :smile:.")
        assert "[red]x" in result.stdout


async def test_status_of_a_server(tmp_path: Path) -> None:
    """The client tells status and reason of every ending, and leaves the server at once when it is closed."""
    async with serving(tmp_path, limits="max_concurrent_streams = 1") as service:
        ask = partial(answer, service.server.address)
        endless, short = (pb.StreamRequest(prompt=script("Hello. ", *more)) for more in ([{"hang": True}], []))
        running = ask(endless)
        first = await anext(running)
        with pytest.raises(CallFailed, match=r"^RESOURCE_EXHAUSTED STREAM_LIMIT_EXCEEDED: too many answers"):
            [message async for message in ask(short)]
        await service.stub.InterruptSession(pb.InterruptRequest(session_id=first.session_id))
        with pytest.raises(CallFailed, match=r"^CANCELLED INTERRUPTED: interrupted$"):
            [message async for message in running]
        running = ask(endless)
        await anext(running)
        await running.aclose()
        await until(lambda: service.leases == 0)
        assert [message async for message in ask(short)][-1].HasField("end")


async def test_no_sound_is_kept() -> None:
    """Without a file and a player, sound is counted and let go."""
    tracemalloc.start()
    try:
        async with Output(None, plays=False).sound as sound:
            for _ in range(200):
                await sound.add(chunk(50_000))
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sound.seconds == pytest.approx(200 * 50_000 / 16000)
    assert most < 1_000_000


async def test_wav_is_always_whole(tmp_path: Path) -> None:
    """The file can be read while it is written, and is not spoiled by another sample rate."""
    file = WavFile(tmp_path / "a.wav")

    async def save() -> None:
        async with Sound(file) as sound:
            await sound.add(chunk(100))
            with wave.open(str(file.path)) as saved:
                assert saved.getnframes() == 100
            await sound.add(chunk(100, rate=8000))
            await sound.add(chunk(100))

    with pytest.raises(SoundError, match="another sample rate"):
        await save()
    with wave.open(str(file.path)) as saved:
        assert saved.getnframes() == 100


@pytest.mark.parametrize("bad", [chunk(1, rate=0), pb.AudioChunk(audio_data=b"1234", dtype="float32", sample_rate=8)])
async def test_sound_of_another_form(bad: pb.AudioChunk) -> None:
    """What is no 16-bit mono sound is an error and not noise."""
    with pytest.raises(SoundError, match="a form that is not known"):
        async with Sound() as sound:
            await sound.add(bad)


def test_a_fallback_is_saved_too(tmp_path: Path) -> None:
    """What a fallback of another rate says is in the file, at the rate of the first voice."""
    speech = '{ kind = "custom", factory = "tests.scripted:ScriptedSpeech", options = { sample_rate = %d } }'
    first = (speech % 16000).replace("ScriptedSpeech", "MoodySpeech").removesuffix("}")
    tts = f"tts = {first}, retries = 0, fallback = {speech % 8000} }}"
    head, _ = SCRIPTED.split("tts = ")
    wav = tmp_path / "a.wav"
    prompt = script("One. ", "MOODY. ", "Three.")
    result = invoke("ask", prompt, "--plain", "--wav", str(wav), "--settings", settings(tmp_path, head + tts))
    assert result.exit_code == 0
    assert result.stdout.splitlines()[:3] == ["One.", "MOODY.", "Three."]
    with wave.open(str(wav)) as saved:
        assert saved.getframerate() == 16000
        assert saved.getnframes() == pytest.approx(len("One.MOODY.Three.") * 160, abs=4)


def test_no_sentence_was_spoken(tmp_path: Path) -> None:
    """A voice that fails at every sentence fails the command, and the log says why; one that says some does not."""
    file = settings(tmp_path, SCRIPTED)
    failed = invoke("ask", script("This will FAIL. ", "FAIL again."), "--plain", "--settings", file)
    assert failed.exit_code == 1
    assert failed.stdout.splitlines()[1] == "Warning: SPEECH_FAILED: this sentence was not spoken"
    assert "ValueError in scripted.py" in failed.stderr
    assert failed.stderr.splitlines()[-1] == "no sentence could be spoken; the log of the server says why"
    assert invoke("ask", script("This will FAIL. ", "This not."), "--settings", file).exit_code == 0
    assert invoke("ask", script("Hello."), "--settings", settings(tmp_path, QUIET)).exit_code == 0


@pytest.mark.parametrize("text", ["-5 degrees", "- an item", "-hello", "--quiet please", "-", "— so"])
@pytest.mark.parametrize("before", [True, False])
def test_a_text_that_begins_with_a_hyphen(text: str, before: bool, tmp_path: Path) -> None:
    """It is a text, wherever it stands; a hyphen alone stands for standard input. A word behind two is an option."""
    wav = tmp_path / "a.wav"
    options = ["--wav", str(wav), "--language", "en", "--settings", settings(tmp_path, SCRIPTED)]
    words = ["speak", text, *options] if before else ["speak", *options, text]
    result = CliRunner().invoke(cli, words, input=b"Read me.\n")
    assert result.exit_code == 0, result.output
    with wave.open(str(wav)) as saved:
        assert saved.getnframes() > 160
    assert CliRunner().invoke(cli, ["speak", *words[1:], "--typo"]).exit_code == 2
    assert CliRunner().invoke(cli, ["speak", "-h"]).output.startswith("Usage: ")


def test_a_value_that_begins_with_a_hyphen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What stands behind an option is its value, not the text."""
    monkeypatch.chdir(tmp_path)
    result = invoke("speak", "--wav", "-a.wav", "Hello.", "--settings", settings(tmp_path, SCRIPTED))
    assert result.exit_code == 0, result.output
    assert (tmp_path / "-a.wav").exists()


@pytest.mark.parametrize("given", [b"", b" \n"])
@pytest.mark.parametrize("command", ["speak", "ask"])
def test_nothing_on_standard_input(command: str, given: bytes) -> None:
    """Nothing to say is wrong usage."""
    result = CliRunner().invoke(cli, [command, "-"], input=given)
    assert result.exit_code == 2
    assert "must not be blank" in result.stderr


@pytest.mark.parametrize("command", ["speak", "ask"])
def test_wav_on_standard_output(command: str, tmp_path: Path) -> None:
    """Standard output has the sound and nothing else, as a WAV whose length is told; the text is on stderr."""
    text = "Hello." if command == "speak" else script("Hello.")
    result = invoke(command, text, "--wav", "-", "--settings", settings(tmp_path, SCRIPTED))
    assert result.exit_code == 0
    with wave.open(io.BytesIO(result.stdout_bytes)) as saved:
        assert (saved.getframerate(), saved.getnframes()) == (16000, len("Hello.") * 160)
    assert command == "speak" or "Hello." in result.stderr


@pytest.mark.parametrize("command", ["speak", "ask"])
def test_a_voice_that_is_not_there(command: str, tmp_path: Path) -> None:
    """It is wrong usage: the option is named, and the settings that were read."""
    pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")
    wav, file = tmp_path / "a.wav", settings(tmp_path, SPOKEN)
    for voice, code in (("typo", 2), ("en-gb", 0), ("ru", 0), ("en-us+f3", 0), ("en-us+typo", 2)):
        result = invoke(command, "Hello.", "--voice", voice, "--wav", str(wav), "--settings", file)
        assert result.exit_code == code
        assert wav.exists() == (code == 0)
        wav.unlink(missing_ok=True)
        if code:
            assert f"--voice: espeak has no voice '{voice}'" in result.stderr
            assert file in result.stderr


def test_a_session_without_a_target(tmp_path: Path) -> None:
    """It would go on with nothing, and says so."""
    file = settings(tmp_path, QUIET)
    assert "remembers nothing" in invoke("ask", "hi", "--session", "s", "--settings", file).stderr
    assert "remembers nothing" not in invoke("ask", "hi", "--settings", file).stderr


async def answering(reply: bytes, context: ssl.SSLContext | None) -> str:
    """What ``stentor ask --target`` says of a server that gives *reply*."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            await reader.read(100)
            writer.write(reply)
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context) as server:
        target = f"127.0.0.1:{server.sockets[0].getsockname()[1]}"
        code, _, errors = await run("-m", "app.cli", "ask", "hi", "--target", target)
    assert code == 1
    return errors.replace(target, "TARGET")


@pytest.mark.parametrize("wants_certificate", [False, True])
async def test_a_target_with_tls(wants_certificate: bool) -> None:
    """A port with TLS is told as such, also one that wants to know its clients."""
    context, authority = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH), trustme.CA()
    authority.issue_cert("127.0.0.1").configure_cert(context)
    authority.configure_trust(context)
    if wants_certificate:
        context.verify_mode, context.maximum_version = ssl.CERT_REQUIRED, ssl.TLSVersion.TLSv1_2
    told = "UNAVAILABLE: a server with TLS answers at TARGET, which is asked without TLS here\n"
    assert await answering(b"", context) == told


async def test_a_target_that_is_no_grpc_server() -> None:
    """Any other server is told as such."""
    told = "UNAVAILABLE: what answers at TARGET is no gRPC server\n"
    assert await answering(b"HTTP/1.1 400 Bad Request\r\n\r\n", None) == told


def fake_player(folder: Path, monkeypatch: pytest.MonkeyPatch, commands: str) -> None:
    """Only one player is installed: a script."""
    program = folder / "aplay"
    program.write_text(f"#!/bin/sh\n{commands}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}/bin{os.pathsep}/usr/bin")
    monkeypatch.setattr("app.cli.player.PLAYERS", {"aplay": ("-r", "{rate}")})


def test_play(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """--play gives all of the sound to the player, with its rate, and waits until it was heard."""
    fake_player(tmp_path, monkeypatch, f'echo "$@" > {tmp_path}/told; cat > {tmp_path}/heard')
    result = invoke("ask", script("Hello."), "--play", "--settings", settings(tmp_path, SCRIPTED))
    assert result.exit_code == 0
    assert (tmp_path / "told").read_text() == "-r 16000\n"
    assert (tmp_path / "heard").stat().st_size == len("Hello.") * 320


def test_a_failure_is_played(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever listens hears why there is no answer, behind what came of it; the line has the details too."""
    fake_player(tmp_path, monkeypatch, f"cat > {tmp_path}/heard")
    result = invoke(
        "ask", script("Hello. ", {"fail": "MODEL_BUSY"}), "--play", "--settings", settings(tmp_path, SCRIPTED)
    )
    assert (tmp_path / "heard").stat().st_size == 2 * 160 * len("Hello." + BUILT_IN["en"]["MODEL_BUSY"])
    assert result.exit_code == 1
    line = f"RESOURCE_EXHAUSTED MODEL_BUSY: {BUILT_IN['en']['MODEL_BUSY']} ({TABLE['MODEL_BUSY'].text})"
    assert line in result.stderr.splitlines()
    quiet = invoke("ask", script({"fail": "MODEL_BUSY"}), "--settings", settings(tmp_path, SCRIPTED))
    assert f"RESOURCE_EXHAUSTED MODEL_BUSY: {TABLE['MODEL_BUSY'].text}" in quiet.stderr.splitlines()


def test_player_that_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A player that cannot play: the answer is shown all the same; then one line says why, exit code 1."""
    fake_player(tmp_path, monkeypatch, "echo no sound card >&2; exit 1")
    result = invoke("ask", script("Hello."), "--play", "--settings", settings(tmp_path, SCRIPTED))
    assert result.exit_code == 1
    assert "Hello." in result.stdout
    assert result.stderr == "aplay could not play the sound: no sound card\n"


async def test_player_is_silent_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cancelled answer stops its player in the middle of a word."""
    fake_player(tmp_path, monkeypatch, "exec sleep 60")
    found = player()
    assert isinstance(found, Player)

    async def play_for_ever() -> None:
        async with Sound(found) as sound:
            await sound.add(chunk(100))
            await asyncio.sleep(60)

    playing = asyncio.create_task(play_for_ever())
    await until(lambda: found._process is not None)
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing
    assert found._process is not None
    assert await found._process.wait() == -9


def test_no_player(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without any player it says what to install, or to use --wav, before anything is asked."""
    monkeypatch.setenv("PATH", "/nowhere")
    result = invoke("ask", "hi", "--play")
    assert result.exit_code == 1
    assert "aplay" in result.stderr
    assert "--wav FILE" in result.stderr
    assert result.stderr.count("\n") == 1
