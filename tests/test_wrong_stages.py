"""A custom stage that is plainly wrong: one good line at start, or at the first turn."""

import json
from pathlib import Path

import grpc
import pytest

from app.settings.load import SettingsError
from tests.processes import run, settings
from tests.serving import serving
from tests.wrong_stages import WRONG

GOOD = {"llm": '{ kind = "custom", factory = "tests.wrong_stages:Model" }', "tts": '{ kind = "off" }'}


def pipeline(name: str, stage: str) -> str:
    """The settings of a server with that wrong stage."""
    tables = {**GOOD, stage: f'{{ kind = "custom", factory = "tests.wrong_stages:{name}" }}'}
    lines = [f"{key} = {table}" for key, table in tables.items()]
    return "\n".join(["[server]", "port = 0", "grace_seconds = 0.1", "[pipeline]", *lines])


@pytest.mark.parametrize("name", WRONG)
async def test_one_good_line(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It names the stage, the method, and what was expected."""
    stage, _, expected = WRONG[name]
    try:
        async with serving(tmp_path, text=pipeline(name, stage)) as service:
            answer = await service.ask("Hello")
    except SettingsError as error:
        line = str(error)
        assert line.startswith(f"pipeline.{stage}")
    else:
        lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
        told = "why" if stage == "tts" else "exception"
        (line, *_) = [each[told] for each in (line["ctx"] | line for line in lines) if told in each]
        assert answer.code is grpc.StatusCode.OK if stage == "tts" else answer.reason == "INTERNAL"
        assert f"pipeline.{stage}: " in line
    assert expected in line
    assert "\n" not in line.strip()


@pytest.mark.parametrize("name", ["model_returns_text", "segmenter_nothing", "commands_dict"])
async def test_check_tries_a_turn(name: str, tmp_path: Path) -> None:
    """What only a turn can tell is told by ``check``, without a server that is asked."""
    stage, _, expected = WRONG[name]
    llm = "" if stage == "llm" else 'llm = { kind = "demo" }\n'
    text = pipeline(name, stage).replace(f"llm = {GOOD['llm']}\n", llm)
    code, out, _ = await run("-m", "app.cli", "check", "--settings", settings(tmp_path, text))
    assert code == 1
    assert f"failed: a turn of the custom stages fails: WrongStage: pipeline.{stage}: " in out
    assert expected in out


@pytest.mark.parametrize(("name", "expected"), [("voices_number", "TypeError"), ("voices_exit", "SystemExit: no key")])
async def test_wrong_voices(name: str, expected: str, tmp_path: Path) -> None:
    """``stentor voices`` tells a voice that gives something else than a list, or exits, in one line."""
    code, _, errors = await run("-m", "app.cli", "voices", "--settings", settings(tmp_path, pipeline(name, "tts")))
    assert code == 2
    assert f"pipeline.tts: {expected}" in errors
    assert errors.count("\n") == 1


STAGE = """
import asyncio, os, sys
print("hello from the module")

class Model:
    def __init__(self):
        print("hello from the factory")

    async def stream(self, turn):
        print("hello from the turn")
        os.system("echo hello from the shell")
        print("hello from the real one", file=sys.__stdout__, flush=True)
        if turn.prompt == "fail":
            raise ValueError(turn.prompt * 2)
        yield "Fine."
"""


def beside(folder: Path, module: str = "talker", level: str = "INFO") -> str:
    """The settings file of a model in the module beside it."""
    (folder / f"{module}.py").write_text(STAGE)
    llm = f'{{ kind = "custom", factory = "{module}:Model" }}'
    text = f'[server]\nport = 0\n[logging]\nlevel = "{level}"\n[pipeline]\ntts = {{ kind = "off" }}\nllm = {llm}\n'
    return settings(folder, text)


async def test_a_stage_that_prints(tmp_path: Path) -> None:
    """What it prints does not get into the output for programs."""
    code, out, errors = await run("-m", "app.cli", "ask", "hi", "--json", "--settings", beside(tmp_path))
    assert code == 0
    assert [json.loads(line)["type"] for line in out.splitlines()] == ["text_chunk", "end_message"]
    assert errors.count("hello from the") == 5


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
async def test_the_traceback_of_a_stage(level: str, tmp_path: Path) -> None:
    """It begins in the stage's own file, and has the text of a foreign error at DEBUG only, in ``ask`` too."""
    code, _, errors = await run("-m", "app.cli", "ask", "fail", "--settings", beside(tmp_path, level=level))
    assert code == 1
    frames = [line for line in errors.splitlines() if line.strip().startswith("File ")]
    assert "talker.py" in frames[0]
    assert len(frames) == 1
    assert ("failfail" in errors) is (level == "DEBUG")


@pytest.mark.parametrize("module", ["app", "pipeline", "json", "grpc"])
async def test_a_name_that_is_taken(module: str, tmp_path: Path) -> None:
    """A module beside the settings that another one of its name hides is told in one line."""
    code, _, errors = await run("-m", "app.cli", "check", "--settings", beside(tmp_path, module))
    assert code == 2
    (line,) = errors.splitlines()
    assert f"the name {module} belongs to" in line
    assert f"give {module}.py another name" in line
