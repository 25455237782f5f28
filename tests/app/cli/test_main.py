"""The command line: usage, settings, exit codes, and the processes behind it."""

import asyncio
import signal
import socket
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from app.cli.arguments import a_target
from app.cli.main import cli
from tests.fakes import PATIENCE
from tests.processes import free_port, python, run, settings

QUIET = '[server]\nport = 0\n[pipeline]\ntts = { kind = "off" }\nllm = { kind = "demo", delta_ms = 0 }\n'
SCRIPTED = (
    '[server]\nport = 0\n[pipeline]\nllm = { kind = "custom", factory = "tests.scripted:ScriptedModel" }\n'
    'tts = { kind = "custom", factory = "tests.scripted:ScriptedSpeech" }\n'
)


@pytest.fixture(autouse=True)
def _never_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server in this process would not end by itself."""
    monkeypatch.setattr("app.server.serve", None)


def invoke(*arguments: str) -> Result:
    """What ``stentor ARGUMENTS`` does, in this process."""
    return CliRunner().invoke(cli, arguments)


RUN = (
    "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    "runpy.run_module('app.cli', run_name='__main__', alter_sys=True)"
)
"""Ctrl-C reaches the process also where the tests themselves run in the background: there SIGINT is ignored, which a
child inherits. Not by ``preexec_fn``, for which Python forks: beside gRPC's threads, which this process has, a forked
child crashes now and then before it becomes the program.
"""


def listens(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


async def test_version_is_cheap() -> None:
    """--version prints it and does not load the transport."""
    script = (
        "import sys; from app.cli.main import main; sys.argv[1:] = ['--version']\n"
        "try: main()\nexcept SystemExit as end: print(end.code, 'grpc' in sys.modules)"
    )
    failed, output, _ = await run("-c", script)
    name, _, code, loaded = output.split()
    assert (failed, name, code, loaded) == (0, "stentor", "0", "False")


async def test_the_demo_is_cheap() -> None:
    """The stages of the default settings do not load the HTTP client, which takes a while."""
    script = (
        "import sys; from app.container import Container; from app.settings.load import load\n"
        "Container(settings=load(None, {})).stages(); print('aiohttp' in sys.modules)"
    )
    assert (await run("-c", script))[:2] == (0, "False\n")


def test_help() -> None:
    """``stentor`` alone shows the commands, and nothing about shell completion."""
    shown = invoke().output
    assert all(command in shown for command in ("serve", "ask", "speak", "voices", "check"))
    assert "completion" not in shown


@pytest.mark.parametrize(
    "arguments",
    [
        ("nonsense",),
        ("ask",),
        ("ask", "hi", "--nonsense"),
        ("ask", "hi", "--target", "nowhere"),
        ("ask", "hi", "--wav", "/no/such/folder/a.wav"),
        ("speak", "hi", "--wav", "a.wav", "--play"),
        ("speak", " "),
        ("serve", "--port", "many"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    """Wrong usage is exit code 2, told on stderr."""
    result = invoke(*arguments)
    assert result.exit_code == 2
    assert "Error: " in result.stderr
    assert not result.stdout


@pytest.mark.parametrize("command", [("serve",), ("ask", "hi"), ("speak", "hi"), ("voices",), ("check",)])
@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("[server]\nprot = {port}", "server.prot"),
        ("[limits]\nmax_concurrent_streams = -1\n[server]\nport = {port}", "limits.max_concurrent_streams"),
        ('[pipeline.llm]\nkind = "custom"\nfactory = "a b"\n[server]\nport = {port}', "pipeline.llm.factory"),
    ],
)
def test_wrong_settings(command: tuple[str, ...], text: str, key: str, tmp_path: Path) -> None:
    """Whatever is wrong in the settings stops every command: exit code 2, one line that names the key, nothing
    listens.
    """
    port = free_port()
    result = invoke(*command, "--settings", settings(tmp_path, text.format(port=port)))
    assert result.exit_code == 2
    assert key in result.stderr
    assert result.stderr.count("\n") == 1
    assert not result.stdout
    assert not listens(port)


@pytest.mark.parametrize(
    ("stage", "key"),
    [
        ('llm = { kind = "custom", factory = "nowhere:Nobody" }', "pipeline.llm.factory"),
        ('tts = { kind = "espeak", voices = { en = "nobody" } }', "voices.en"),
    ],
)
def test_stage_that_cannot_start(stage: str, key: str, tmp_path: Path) -> None:
    """A stage that the settings name and that cannot be built or started is told like any other wrong setting."""
    if "espeak" in stage:
        pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")
    result = invoke("speak", "hi", "--settings", settings(tmp_path, f"[pipeline]\n{stage}"))
    assert result.exit_code == 2
    assert key in result.stderr
    assert result.stderr.count("\n") == 1
    assert not result.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--settings", "/nowhere.toml"), "--settings: there is no file /nowhere.toml"),
        (("--port", "70000"), "--port: server.port: must be less than or equal to 65535"),
        (("--port", "-1"), "--port: server.port: must be greater than or equal to 0"),
        (("--workers", "0"), "--workers: server.workers: must be greater than or equal to 1"),
        (("--workers", "2"), "server.workers: must be 1 with limits.store"),
    ],
)
def test_options_are_settings(options: tuple[str, ...], message: str) -> None:
    """What ``serve`` takes from the command line passes the same checks and is told under its own name."""
    result = invoke("serve", *options)
    assert result.exit_code == 2
    assert message in result.stderr
    assert result.stderr.count("\n") == 1


async def test_serve(tmp_path: Path) -> None:
    """One line on stdout when it listens; a second server on that port ends with 1 and one line; SIGTERM ends the first
    with 0.
    """
    file = settings(tmp_path, QUIET)
    async with asyncio.timeout(PATIENCE), python("-c", RUN, "serve", "--settings", file) as first:
        assert first.stdout
        line = (await first.stdout.readline()).decode()
        port = line.removeprefix("listening on 127.0.0.1:").strip()
        assert port.isdecimal()
        code, out, told = await run("-c", RUN, "serve", "--settings", file, "--port", port)
        assert (code, out, told.count("\n")) == (1, "", 1)
        assert f"cannot listen on 127.0.0.1:{port}" in told
        first.send_signal(signal.SIGTERM)
        rest, log = await first.communicate()
    assert (first.returncode, rest) == (0, b"")
    assert b"Traceback" not in log


async def test_interrupted_from_the_keyboard(tmp_path: Path) -> None:
    """Ctrl-C ends a question with 130, soon and without a word; what came stays, as a whole line."""
    file = settings(tmp_path, SCRIPTED)
    arguments = ("ask", '["One sentence. ", "Two. ", {"hang": true}]', "--settings", file)
    async with asyncio.timeout(PATIENCE), python("-c", RUN, *arguments) as asked:
        assert asked.stdout
        shown = await asked.stdout.readexactly(len("One sentence."))
        asked.send_signal(signal.SIGINT)
        rest, told = await asked.communicate()
    assert asked.returncode == 130
    assert shown == b"One sentence."
    assert rest.endswith(b"\n")
    assert b"Traceback" not in told


def test_voices() -> None:
    """The voices of espeak, by language, one a line."""
    pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")
    result = invoke("voices")
    head, *lines = result.stdout.splitlines()
    assert head.split() == ["Language", "Name", "Gender", "Engine"]
    assert ["en-us", "en-us", "male", "espeak"] in [line.split() for line in lines]
    assert result.exit_code == 0


def test_voices_in_a_narrow_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """No name is cut, which would be of no use in the settings."""
    pytest.importorskip("espeakng_loader", reason="the espeak extra is not installed")
    monkeypatch.setenv("COLUMNS", "30")
    result = invoke("voices")
    assert "…" not in result.stdout
    assert len(result.stdout.splitlines()) > 150, "long ones go on in the next line"


@pytest.mark.parametrize(("text", "expected"), [(QUIET, "Speech is off"), (SCRIPTED, "does not tell")])
def test_no_voices(text: str, expected: str, tmp_path: Path) -> None:
    """Without a list of voices it says so; that is no failure."""
    result = invoke("voices", "--settings", settings(tmp_path, text))
    assert expected in result.stdout
    assert result.exit_code == 0


def test_check(tmp_path: Path) -> None:
    """All good: a line for each check, exit code 0; the demo has nothing to ask online, and it says so."""
    result = invoke("check", "--online", "--settings", settings(tmp_path, QUIET))
    lines = result.stdout.splitlines()
    assert len(lines) == 4
    assert all(line.startswith("ok: ") for line in lines)
    assert "nothing to ask online" in lines[-1]
    assert result.exit_code == 0


@pytest.mark.parametrize("rate", ["0", "-1", "1000000", "16000.0", "'16000'"])
def test_a_voice_at_a_rate_that_nobody_can_play(rate: str, tmp_path: Path) -> None:
    """It stops the start: it would fail in every turn."""
    text = SCRIPTED.replace('ScriptedSpeech"', f'ScriptedSpeech", options = {{ sample_rate = {rate} }}')
    result = invoke("check", "--settings", settings(tmp_path, text))
    assert "pipeline.tts: its sample_rate is " in result.stderr
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)


def test_a_stage_that_cannot_start(tmp_path: Path) -> None:
    """Whatever it raises is told in one line."""
    text = SCRIPTED.replace("ScriptedModel", "FailsToStart")
    result = invoke("check", "--settings", settings(tmp_path, text))
    assert result.stderr == "pipeline.llm: KeyError: 'a part'\n"
    assert result.exit_code == 2


def test_check_fails(tmp_path: Path) -> None:
    """A voice and a model that fail: each is told, exit code 1. That the port is taken, by the server itself as a rule,
    is no fault.
    """
    with socket.create_server(("127.0.0.1", 0)) as taken:
        text = SCRIPTED.replace("port = 0", f"port = {taken.getsockname()[1]}")
        wrong = text.replace("ScriptedSpeech", "Diary")
        assert invoke("check", "--settings", settings(tmp_path, wrong)).exit_code == 2
        demo = text.replace('{ kind = "custom", factory = "tests.scripted:ScriptedModel" }', '{ kind = "demo" }')
        assert invoke("check", "--settings", settings(tmp_path, demo)).exit_code == 0
        text = text.replace('ScriptedSpeech"', 'ScriptedSpeech", options = { seconds_per_char = [] }')
        result = invoke("check", "--online", "--settings", settings(tmp_path, text))
    assert result.exit_code == 1
    failed = [line for line in result.stdout.splitlines() if line.startswith("failed: ")]
    assert len(failed) == 3
    assert "UNAVAILABLE SPEECH_FAILED: TypeError in scripted.py" in failed[0]
    assert "a turn of the custom stages fails: JSONDecodeError" in failed[1]
    assert "INTERNAL" in failed[2]


TARGETS = [
    "http://127.0.0.1:50051",
    "127.0.0.1",
    "127.0.0.1:",
    ":50051",
    "127.0.0.1:x",
    "127.0.0.1:0",
    "h:65536",
    "::1:50051",
]


@pytest.mark.parametrize("target", TARGETS)
def test_a_wrong_target(target: str) -> None:
    """What is no HOST:PORT is wrong usage, and told with an example."""
    result = invoke("ask", "hi", "--target", target)
    assert (result.exit_code, result.stdout) == (2, "")
    assert "must be HOST:PORT, such as 127.0.0.1:50051" in result.stderr


@pytest.mark.parametrize("target", ["localhost:50051", "[::1]:50051", "[fe80::1%eth0]:50051", "a-b.example:1"])
def test_a_target(target: str) -> None:
    """Names and addresses of both kinds are taken."""
    assert a_target(target) == target


@pytest.mark.parametrize("command", [("ask", "hi", "--json"), ("ask", "hi", "--plain"), ("ask", "hi"), ("--version",)])
async def test_a_full_disk(command: tuple[str, ...], tmp_path: Path) -> None:
    """Output that cannot be written ends the command with one line and exit code 1."""
    words = [*command, *(["--settings", settings(tmp_path, QUIET)] if command[0] == "ask" else [])]
    code = f"import os, sys; os.dup2(os.open('/dev/full', os.O_WRONLY), 1); sys.argv[1:] = {words}\n"
    status, _, errors = await run("-c", f"{code}from app.cli.main import main; main()")
    told = [line for line in errors.splitlines() if not line.startswith("Note: ")]
    assert (status, told) == (1, ["standard output cannot be written: No space left on device"])


async def test_a_closed_standard_output() -> None:
    """Sound for an output that is not there ends the command in the same way."""
    code = "import sys; sys.stdout = None; sys.argv[1:] = ['speak', 'hi', '--wav', '-']\n"
    status, _, errors = await run("-c", f"{code}from app.cli.main import main; main()")
    assert (status, errors) == (1, "standard output cannot be written: Bad file descriptor\n")


def test_all_wrong_settings_at_once(tmp_path: Path) -> None:
    """Each wrong key is one line, in the order of the file's tables; exit code 2."""
    wrong = '[server]\nport = "x"\nhots = 1\n[limits]\nmax_stream_seconds = -1\n[pipeline.tts]\nkind = "espeek"\n'
    result = invoke("check", "--settings", settings(tmp_path, wrong))
    lines = result.stderr.splitlines()
    keys = ("server.port", "server.hots", "limits.max_stream_seconds", "pipeline.tts.kind")
    assert len(lines) == len(keys)
    assert all(f"settings.toml: {key}: " in line for key, line in zip(keys, lines, strict=True))
    assert (result.exit_code, result.stdout) == (2, "")


def test_check_names_the_settings(tmp_path: Path) -> None:
    """Whoever checks learns which file was read."""
    file = settings(tmp_path, QUIET)
    assert f"settings file {file}" in invoke("check", "--settings", file).stdout
