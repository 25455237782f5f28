"""Logs, to stderr: ``scope``, ``method`` and ``decision`` on top, everything else in ``ctx``.

A line that cannot be made or written is lost: a log whose reader has gone, or a full disk, ends no stream.

No prompt, answer or command text is ever logged above DEBUG. An exception's own text may hold any of these, so that
it is shown at DEBUG only; its type and traceback always are.
"""

import logging
import re
import sys
import traceback
from collections.abc import MutableMapping
from contextlib import suppress
from typing import Any

import structlog

TOP = frozenset({"event", "level", "timestamp", "scope", "method", "decision", "exception"})
EventDict = MutableMapping[str, Any]

MOST_CAUSES = 20
"""Of a chain of exceptions so many are shown, causes first, as Python prints them: the last ones."""

ASYNCIO_SHOWS = re.compile(r"[<(\n]")
"""Where asyncio begins to show tasks, arguments and exceptions, with their texts."""


def configure(log_format: str, level: str) -> None:
    """``console`` for people, ``json`` for machines (one object a line)."""
    number = logging.getLevelNamesMapping()[level]
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _exception if number > logging.DEBUG else structlog.processors.format_exc_info,
            *(_machine() if log_format == "json" else _people()),
        ],
        wrapper_class=_unfailing(structlog.make_filtering_bound_logger(number)),
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),  # whatever stderr is by then
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[Libraries(number)], level=max(number, logging.WARNING))


class Libraries(logging.Handler):
    """What libraries log of *level* and above, as lines like ours: ``scope`` is the library's logger."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line; of an exception only what we show of our own."""
        try:
            text = record.getMessage()
        except Exception:  # noqa: BLE001  (its arguments don't fit, or one of them cannot be shown)
            text = str(record.msg)
        if record.name == "asyncio" and self.level > logging.DEBUG:
            text = ASYNCIO_SHOWS.split(text, 1)[0].rstrip()
        level = min(record.levelno // 10 * 10, logging.CRITICAL)  # structlog has the standard levels only
        error = record.exc_info[1] if record.exc_info else None
        structlog.get_logger().log(level, text, scope=record.name, exc_info=error)


def _unfailing(logger: Any) -> Any:
    class Unfailing(logger):  # type: ignore[misc]
        def _proxy_to_logger(self, *args: Any, **kw: Any) -> None:
            with suppress(Exception):
                super()._proxy_to_logger(*args, **kw)

    return Unfailing


def _machine() -> list[Any]:
    return [_ctx, structlog.processors.JSONRenderer(ensure_ascii=False)]


def _people() -> list[Any]:
    return [
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)
    ]


def _ctx(_logger: Any, _name: str, event: EventDict) -> EventDict:
    top = {key: value for key, value in event.items() if key in TOP}
    return {**top, "ctx": {key: value for key, value in event.items() if key not in TOP}}


def _exception(_logger: Any, _name: str, event: EventDict) -> EventDict:
    error = event.pop("exc_info", None)
    if isinstance(error, BaseException):
        event["exception"] = "\n\n".join(_shown(one) for one in reversed(_chain(error)))
    return event


def _chain(error: BaseException) -> list[BaseException]:
    """*error*, what it came from, and so on. A chain may bite its own tail: ``raise error from error``."""
    seen: dict[int, BaseException] = {}
    before: BaseException | None = error
    while before is not None and id(before) not in seen and len(seen) < MOST_CAUSES:
        seen[id(before)] = before
        cause = before.__cause__
        before = cause if cause is not None or before.__suppress_context__ else before.__context__
    return list(seen.values())


def _shown(error: BaseException) -> str:
    """As Python prints it, but for its text."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    return f"{frames}{type(error).__qualname__} (its text is logged at level DEBUG only)"
