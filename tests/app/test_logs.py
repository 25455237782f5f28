"""The log: what it shows of an exception."""

import json
from collections.abc import Callable

import pytest
import structlog

from app import logs


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
