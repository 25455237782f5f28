"""Where the key comes from, and where it never goes."""

import asyncio
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from app import logs
from pipeline.errors import StageError
from pipeline.llm.openai.keys import CommandKey, EnvironmentKey
from pipeline.llm.openai.model import OpenAIModel
from tests.fakes import ManualClock, until
from tests.pipeline.llm.openai.asking import ask, asking, model_options
from tests.pipeline.llm.openai.hostile_server import WELL, Reply, said

SECRET = "sk-SECRET"


async def test_the_key_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """It goes into Authorization, as it is at the time of the request."""
    monkeypatch.setenv("MY_KEY", f" {SECRET}\n")
    async with asking(WELL, api_key_env="MY_KEY") as (model, server):
        await ask(model)
        monkeypatch.setenv("MY_KEY", "another")
        await ask(model)
        assert [asked.headers["authorization"] for asked in server.asked] == [f"Bearer {SECRET}", "Bearer another"]


@pytest.mark.parametrize("name", ["NO_SUCH_KEY", ""])
async def test_no_key(name: str) -> None:
    """Without a key no Authorization is sent."""
    async with asking(WELL, api_key_env=name) as (model, server):
        assert (await ask(model)).error is None
        assert "authorization" not in server.asked[0].headers


async def test_a_key_that_no_header_can_carry() -> None:
    """It is not sent, and not told in an error either."""
    for value in (f"{SECRET}\nx", f"{SECRET}é"):
        with pytest.raises(StageError) as caught:
            await EnvironmentKey("K", {"K": value}).get()
        assert "SECRET" not in str(caught.value)


async def test_the_key_is_nowhere(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Not in a log, also where the server sends it back, not in an error, not in a repr."""
    logs.configure("json", "DEBUG")
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    echo = {"error": {"message": f"Incorrect API key: {SECRET}", "code": "invalid_api_key"}}
    for reply in (said(401, echo), said(200, echo), Reply([f"{SECRET}\n\n".encode()]), said(503, echo)):
        async with asking(reply) as (model, _):
            found = await ask(model)
        assert SECRET not in f"{found.error!r} {model!r} {vars(model)!r} {model._server!r}"
        assert found.error is not None
        assert found.error.__cause__ is None
    log = capsys.readouterr().err
    assert "Incorrect API key" in log
    assert SECRET not in log


# A command.


def command(code: str) -> list[str]:
    return [sys.executable, "-S", "-c", code]


async def test_a_command_gives_the_key(tmp_path: Path) -> None:
    """It runs once for its time, however many turns wait for it."""
    file = tmp_path / "runs"
    clock = ManualClock()
    key = CommandKey(command(f"open({str(file)!r}, 'a').write('x'); print('key')"), 60.0, clock)
    assert await asyncio.gather(*(key.get() for _ in range(5))) == ["key"] * 5
    assert file.read_text() == "x"
    assert await key.get(refused="an older one") == "key"
    assert file.read_text() == "x"
    clock.advance(60)
    assert await key.get() == "key"
    assert file.read_text() == "xx"


@pytest.mark.parametrize(
    "argv", [command("raise SystemExit(1)"), command(""), command("print('a\\nb')"), ["/no/such/command"]]
)
async def test_a_command_that_gives_none(argv: list[str]) -> None:
    """A command that fails, prints nothing or prints no key is MODEL_UNAVAILABLE."""
    with pytest.raises(StageError, match="MODEL_UNAVAILABLE"):
        await CommandKey(argv, 600.0).get()


async def test_a_command_that_hangs() -> None:
    """It is killed when the turn has no more time, and the turn is MODEL_TIMEOUT."""
    argv = command("import time; time.sleep(60)")
    children = psutil.Process().children()
    async with asking(WELL, api_key_command=argv, first_content_timeout_seconds=0.05) as (model, server):
        assert (await ask(model)).ending == ("DEADLINE_EXCEEDED", "MODEL_TIMEOUT")
        assert server.asked == []
        assert psutil.Process().children() == children


@pytest.mark.parametrize("rest", ["wait; echo key", "echo key"])
async def test_a_command_that_started_others(rest: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are killed with it, also if they outlive it: they hold its output, and so every turn that waits."""
    create = asyncio.create_subprocess_exec
    created = asyncio.Event()

    async def created_then(*args: Any, **named: Any) -> Any:
        process = await create(*args, **named)
        created.set()
        return process

    monkeypatch.setattr(asyncio, "create_subprocess_exec", created_then)
    file = tmp_path / "pid"
    key = CommandKey(["sh", "-c", f"sleep 3600 & echo $! > {file}; {rest}"], 600.0)
    getting = asyncio.create_task(key.get())
    await until(lambda: file.exists() and file.read_text().endswith("\n"))
    await created.wait()
    child = psutil.Process(int(file.read_text()))
    try:
        getting.cancel()
        await until(getting.done)
        await until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
    finally:
        with suppress(psutil.NoSuchProcess):
            child.kill()


async def test_a_refused_key_is_asked_for_anew_once(tmp_path: Path) -> None:
    """After 401 the command runs again, and the request is made again with another key; it takes no retry."""
    file = tmp_path / "runs"
    argv = command(f"f = open({str(file)!r}, 'a'); f.write('x'); print('key', f.tell(), sep='-')")
    async with asking(said(401), WELL, api_key_command=argv, retries=0) as (m, server):
        assert (await ask(m)).text == "Hello there."
        assert [asked.headers["authorization"] for asked in server.asked] == ["Bearer key-1", "Bearer key-2"]
        await until(lambda: len(server.tasks) == 1)  # that of the refused request is closed
    async with asking(said(401), api_key_command=argv) as (m, server):
        assert (await ask(m)).ending == ("FAILED_PRECONDITION", "MODEL_REJECTED")
        assert len(server.asked) == 2


class OwnKey:
    """A key of one's own."""

    def __init__(self) -> None:
        self.refused: list[str] = []
        self.closed = False

    async def get(self, refused: str = "") -> str:
        self.refused.append(refused)
        if len(self.refused) > 2:
            raise ConnectionError("SECRET")
        return "mine"

    async def aclose(self) -> None:
        self.closed = True


async def test_a_key_of_ones_own() -> None:
    """It is asked for each request, told of a refusal, and closed with the model; its ConnectionError is
    MODEL_UNAVAILABLE.
    """
    own = OwnKey()
    async with asking(said(401), key=own, retries=0) as (model, server):
        assert (await ask(model)).ending == ("FAILED_PRECONDITION", "MODEL_REJECTED")
        assert own.refused == ["", "mine"]
        assert len(server.asked) == 1
        assert (await ask(model)).ending == ("UNAVAILABLE", "MODEL_UNAVAILABLE")
    assert own.closed


def test_no_key_in_the_constructor() -> None:
    """There is no setting that takes a key itself."""
    with pytest.raises(TypeError):
        OpenAIModel(model_options(), api_key="sk")  # type: ignore[call-arg]
