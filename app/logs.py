"""Writes the log to stderr: ``scope``, ``method`` and ``decision`` on top, everything else in ``ctx``.

A line that cannot be made or written is lost: a log whose reader has gone, or a full disk, ends no stream.

No prompt, answer or command text is logged above DEBUG. The text of an exception may hold any of these, so it is shown
at DEBUG only, unless the text is ours. The type always is, and so is the traceback, from the stage's own file on.
"""

import logging
import os
import re
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import Any, TypeAlias

import structlog

from pipeline.errors import InvalidStageError, OwnError

TOP = frozenset({"event", "level", "timestamp", "scope", "method", "decision", "exception"})
EventDict: TypeAlias = MutableMapping[str, Any]
Processor: TypeAlias = Callable[[Any, str, Any], Any]

STDERR = 2

PAUSE_SECONDS = 0.1
"""The writer's pause between two looks for lines: making some at a time costs a third."""

MOST_LINES = 10_000

LAST_SECONDS = 1.0

MOST_CAUSES = 20
"""Exceptions that are shown of a chain: the last ones, causes first, as Python prints them."""

ROOT = Path(__file__).parents[1]
OURS = tuple(f"{ROOT / package}{os.sep}" for package in ("app", "interceptors", "pipeline", "protos"))
CHAIN = re.compile(
    rf"{re.escape(str(ROOT))}/((app|interceptors)/.*|pipeline/(run|flow)|pipeline/\w+/(stage|custom|fallback|ahead|attempt|utterance))\.py"
)
"""Files that stand around every stage. Their frames are the same in each traceback."""

STANDARD = (f"{Path(os.__file__).parent}{os.sep}", "<frozen ")

QUOTED = re.compile(r"[\s=\"']")
"""What a value on the console is quoted for."""

ASYNCIO_SHOWS = re.compile(r"[<(\n]")
"""The characters from which on asyncio shows tasks, arguments and exceptions, with their texts."""


def configure(log_format: str, level: str) -> None:
    """Log from *level* on: as ``console`` for people, or as ``json``, one object a line, for machines."""
    number = logging.getLevelNamesMapping()[level]
    steps: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        partial(_exception, shows_texts=number <= logging.DEBUG),
    ]
    shown: list[Processor] = [_line]
    if log_format == "json":
        shown = [_ctx, structlog.processors.JSONRenderer(ensure_ascii=False)]
    elif sys.stderr.isatty():
        shown = [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    render = _all_or_nothing(shown)
    structlog.configure(
        processors=[_all_or_nothing(steps), lambda *event: ((partial(render, *event),), {})],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: Stderr(sys.stderr),  # whatever stderr is by then
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[Libraries(number)], level=max(number, logging.WARNING))


class Stderr(structlog.PrintLogger):
    """Writes a line, or loses it where stderr takes none. Inside ``background`` a thread does both later."""

    def msg(self, render: Callable[[], str]) -> None:  # type: ignore[override]
        """Write the line that *render* makes."""
        if _background is not None:
            _background.append(render)
            return
        with suppress(OSError, ValueError):  # a full disk, a reader that has gone; a closed file
            super().msg(render())

    log = debug = info = warning = error = critical = msg  # type: ignore[assignment]


_background: deque[Callable[[], str]] | None = None


@contextmanager
def background() -> Iterator[None]:
    """Inside the block a thread makes and writes the lines, some at a time: a terminal that takes none stops no stream.

    Leaving waits ``LAST_SECONDS`` at most for the last lines. Of more than ``MOST_LINES`` the oldest are lost.
    """
    global _background
    _background, over = deque(maxlen=MOST_LINES), threading.Event()
    writer = threading.Thread(target=_write, args=(_background, over), name="log", daemon=True)
    writer.start()
    try:
        yield
    finally:
        _background = None
        over.set()
        for _ in range(10):  # a process that was stopped meanwhile still writes its last lines
            writer.join(LAST_SECONDS / 10)


def _write(lines: deque[Callable[[], str]], over: threading.Event) -> None:
    is_over = False
    while not is_over:
        is_over = over.wait(PAUSE_SECONDS)
        text = "".join(_made(lines))
        # Not through sys.stderr: Python cannot end while a thread holds its lock.
        rest = memoryview(text.encode(errors="replace"))
        with suppress(OSError):
            while rest:
                rest = rest[os.write(STDERR, rest) :]


def _made(lines: deque[Callable[[], str]]) -> Iterator[str]:
    while lines:
        with suppress(structlog.DropEvent):
            yield lines.popleft()() + "\n"


class Libraries(logging.Handler):
    """Writes what libraries log, from *level* on, as lines like ours. ``scope`` is the name of the library's logger."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line of *record*. An exception is shown as one of ours."""
        try:
            text = record.getMessage()
        except Exception:  # noqa: BLE001  (the arguments don't fit, or one of them cannot be shown)
            text = str(record.msg)
        if record.name == "asyncio" and self.level > logging.DEBUG:
            text = ASYNCIO_SHOWS.split(text, 1)[0].rstrip()
        level = min(record.levelno // 10 * 10, logging.CRITICAL)  # structlog has the standard levels only
        error = record.exc_info[1] if record.exc_info else None
        structlog.get_logger().log(level, text, scope=record.name, exc_info=error)


def _all_or_nothing(steps: list[Processor]) -> Processor:
    """Run *steps* as one, and drop a line that cannot be made: what it shows may be foreign, and fail in any way."""

    def render(logger: Any, name: str, event: Any) -> Any:
        try:
            for step in steps:
                event = step(logger, name, event)
        except Exception:  # noqa: BLE001
            raise structlog.DropEvent from None
        return event

    return render


def _ctx(_logger: Any, _name: str, event: EventDict) -> EventDict:
    top = {key: value for key, value in event.items() if key in TOP}
    return {**top, "ctx": {key: value for key, value in event.items() if key not in TOP}}


def _line(_logger: Any, _name: str, event: EventDict) -> str:
    """Render *event* as ConsoleRenderer does, without colours and in a fifth of its time."""
    exception = event.pop("exception", None)
    head = f"{event.pop('timestamp')} [{event.pop('level'):<9}] {event.pop('event')!s:<30}"
    line = " ".join((head, *(f"{key}={_plain(value)}" for key, value in sorted(event.items()))))
    return line if exception is None else f"{line}\n{exception}"


def _plain(value: object) -> str:
    return value if isinstance(value, str) and not QUOTED.search(value) else repr(value)


def _exception(_logger: Any, _name: str, event: EventDict, *, shows_texts: bool) -> EventDict:
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event["exception"] = "\n\n".join(_shown(one, shows_texts) for one in reversed(_chain(error)))
    return event


def _chain(error: BaseException) -> list[BaseException]:
    """List *error*, its cause, and so on. A chain may bite its own tail: ``raise error from error``."""
    seen: dict[int, BaseException] = {}
    before: BaseException | None = error
    while before is not None and id(before) not in seen and len(seen) < MOST_CAUSES:
        seen[id(before)] = before
        cause = before.__cause__
        before = cause if cause is not None or before.__suppress_context__ else before.__context__
    return list(seen.values())


def _shown(error: BaseException, shows_texts: bool) -> str:
    """Show *error* as Python prints it, but for frames that say nothing, and for a text that may be foreign."""
    if isinstance(error, OwnError):
        return f"{type(error).__qualname__}: {error}"
    lines = "".join(traceback.format_list(frames(error)))
    if shows_texts or isinstance(error, InvalidStageError):
        return lines + "".join(traceback.format_exception_only(error)).rstrip()
    return f"{lines}{type(error).__qualname__} (its text is logged at level DEBUG only)"


def frames(error: BaseException) -> list[traceback.FrameSummary]:
    """List the frames from the first one that is a stage's; all of them, if none is."""
    every = traceback.extract_tb(error.__traceback__)
    is_around = (CHAIN.fullmatch(frame.filename) or is_standard(frame.filename) for frame in every)
    return every[next((at for at, around in enumerate(is_around) if not around), 0) :]


def is_ours(file: str) -> bool:
    """Tell whether *file* is part of Stentor."""
    return file.startswith(OURS)


def is_standard(file: str) -> bool:
    """Tell whether *file* is part of Python."""
    return file.startswith(STANDARD) and f"-packages{os.sep}" not in file
