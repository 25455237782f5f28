"""The log: what it shows of an exception, and of what libraries log."""

import asyncio
import json
import logging
import os
from collections.abc import Callable
from typing import Any

import pytest
import structlog

from app import logs
from pipeline.errors import InvalidStageError, OwnError, StageError
from tests.fakes import until
from tests.processes import ROOT

MANY = 3000
"""Lines: more than a pipe takes."""


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    """*error* as it is after it was raised."""
    with pytest.raises(type(error)):
        raise error from cause
    return error


def own_cause() -> BaseException:
    error = ValueError("secret")
    return raised(error, error)


def own_context() -> BaseException:
    first, second = ValueError("secret"), KeyError("secret")
    first.__context__, second.__context__ = second, first
    return first


def without_end() -> BaseException:
    error: BaseException = KeyError("secret")
    for _ in range(3000):
        error = raised(ValueError("secret"), error)
    return error


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
@pytest.mark.parametrize("make", [own_cause, own_context, without_end])
def test_any_chain_of_exceptions(
    make: Callable[[], BaseException], level: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every exception makes one line, also where its causes go round in a circle or on and on; its text is there at
    DEBUG only.
    """
    logs.configure("json", level)
    error = make()
    structlog.get_logger(scope="test").error("failed", exc_info=error)
    (line,) = capsys.readouterr().err.splitlines()
    assert type(error).__name__ in json.loads(line)["exception"]
    assert ("secret" in line) is (level == "DEBUG")


class Hostile(Exception):
    """Python itself cannot show what it caused."""

    def __bool__(self) -> bool:
        raise RuntimeError("secret")


@pytest.mark.parametrize("level", ["INFO", "DEBUG"])
def test_a_line_that_cannot_be_made(level: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever logs it goes on, and so does the log."""
    logs.configure("json", level)
    log = structlog.get_logger(scope="test")
    log.error("failed", exc_info=raised(ValueError("secret"), Hostile("secret")))
    log.info("next")
    assert json.loads(capsys.readouterr().err.splitlines()[-1])["event"] == "next"


class Empty(ValueError):
    """False, as an exception may be."""

    def __bool__(self) -> bool:
        return False


def test_a_line_of_the_console(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a terminal a line reads as structlog's own renderer writes it, its exception below."""
    values = {"event": "sent off", "b": 2, "a": "plain", "c": "a b", "d": 'say="x"', "e": "", "f": None, "g": ("x",)}
    logs.configure("console", "INFO")
    structlog.get_logger().info(**values, exc_info=ValueError("secret"))
    line, *shown = capsys.readouterr().err.splitlines()
    stamp = line.partition(" ")[0]
    plain = structlog.dev.ConsoleRenderer(colors=False)
    assert line == plain(None, "", {"timestamp": stamp, "level": "info", **values})
    assert shown == ["ValueError (its text is logged at level DEBUG only)"]


def test_a_chain_of_exceptions(capsys: pytest.CaptureFixture[str]) -> None:
    """Causes come first, each with its traceback; what was hidden by ``from None`` stays hidden."""
    hidden = raised(Empty("secret"))
    hidden.__context__ = RuntimeError("secret")
    hidden.__suppress_context__ = True
    structlog.get_logger(scope="test").error("failed", exc_info=raised(ValueError("secret"), hidden))
    shown = json.loads(capsys.readouterr().err)["exception"]
    assert "RuntimeError" not in shown
    first, second = shown.split("\n\n")
    assert first.endswith("Empty (its text is logged at level DEBUG only)")
    assert second.endswith("ValueError (its text is logged at level DEBUG only)")
    assert "raise error from cause" in first
    assert "raise error from cause" in second


# What libraries log.


def handled(capsys: pytest.CaptureFixture[str], **record: Any) -> dict[str, Any]:
    """The line that comes of a library's *record*."""
    logs.Libraries(logging.INFO).handle(logging.makeLogRecord({"name": "library", **record}))
    (line,) = capsys.readouterr().err.splitlines()
    return json.loads(line)


@pytest.mark.parametrize(
    ("level", "shown"), [(logging.WARNING, "warning"), (logging.ERROR, "error"), (35, "warning"), (99, "critical")]
)
def test_a_librarys_line_is_like_ours(level: int, shown: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It is one object, with the library as its scope and the exception without its text."""
    error = raised(ValueError("secret"), KeyError("secret"))
    exc_info = (type(error), error, error.__traceback__)
    line = handled(capsys, levelno=level, msg="no %s\nand no %s", args=("this", "that"), exc_info=exc_info)
    assert (line["scope"], line["level"], line["event"]) == ("library", shown, "no this\nand no that")
    assert line["exception"].count("logged at level DEBUG only") == 2


@pytest.mark.parametrize("arguments", [("secret",), ("secret", "and more")])
def test_a_librarys_line_that_cannot_be_made(arguments: tuple[Any, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """It comes without its arguments, and the library goes on."""
    assert handled(capsys, levelno=logging.ERROR, msg="failed: %d", args=arguments)["event"] == "failed: %d"


async def test_what_nobody_awaits(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """A task or a callback that fails is logged by asyncio, with what it was about: we show neither that nor the
    exception's text.
    """

    async def fail() -> None:
        raise ValueError("secret")

    def callback(_task: Any) -> None:
        raise KeyError("secret")

    monkeypatch.setattr(logging.getLogger("asyncio"), "handlers", [logs.Libraries(logging.INFO)])
    lines: list[dict[str, Any]] = []

    def logged(times: int) -> bool:
        lines.extend(json.loads(line) for line in capsys.readouterr().err.splitlines())
        return len(lines) == times

    asyncio.get_running_loop().create_task(fail())
    await until(lambda: logged(1))
    asyncio.get_running_loop().create_task(asyncio.sleep(0, "secret")).add_done_callback(callback)
    await until(lambda: logged(2))
    assert "secret" not in repr([line["event"] for line in lines])
    assert [line["exception"].splitlines()[-1].split()[0] for line in lines] == ["ValueError", "KeyError"]


def test_words_of_ours_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """At every level, without a traceback; the text of their cause is not."""
    error = raised(OwnError("we say so"), ValueError("secret"))
    structlog.get_logger(scope="test").error("failed", exc_info=error)
    cause, own = json.loads(capsys.readouterr().err)["exception"].split("\n\n")
    assert own == "OwnError: we say so"
    assert "secret" not in cause.splitlines()[-1]


def test_a_stage_error_that_cannot_be_made(capsys: pytest.CaptureFixture[str]) -> None:
    """Our words on how to make one are shown, and the stage's line."""
    with pytest.raises(InvalidStageError) as raised:
        StageError("not_found", "REASON", "text")
    structlog.get_logger(scope="test").error("failed", exc_info=raised.value)
    shown = json.loads(capsys.readouterr().err)["exception"]
    assert 'StageError("not_found", "REASON", "text")' in shown
    assert "must be one of ABORTED" in shown.splitlines()[-1]


@pytest.mark.parametrize(
    ("file", "is_around"),
    [
        ("pipeline/run.py", True),
        ("pipeline/flow.py", True),
        ("pipeline/tts/attempt.py", True),
        ("pipeline/llm/custom.py", True),
        ("interceptors/status.py", True),
        ("app/service/servicer.py", True),
        ("pipeline/llm/demo.py", False),
        ("pipeline/tts/openai/engine.py", False),
        ("tests/scripted.py", False),
    ],
)
def test_what_stands_around_a_stage(file: str, is_around: bool) -> None:
    """The frames of the chain are left out of a traceback, those of a stage, ours too, are not."""
    assert (ROOT / file).exists()
    assert bool(logs.CHAIN.fullmatch(str(ROOT / file))) is is_around


def test_a_terminal_that_takes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the background a line waits for its reader, in order, while whoever logs goes on, and leaves in the end."""
    reader, writer = os.pipe()
    monkeypatch.setattr(logs, "STDERR", writer)
    monkeypatch.setattr(logs, "LAST_SECONDS", 0.1)
    logs.configure("json", "INFO")
    with logs.background():
        for number in range(MANY):
            structlog.get_logger().info("a line", number=number)
    with os.fdopen(reader) as lines:
        assert [json.loads(next(lines))["ctx"]["number"] for _ in range(MANY)] == list(range(MANY))
    os.close(writer)
