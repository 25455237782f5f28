"""Limits how long a model may take: the timers of one turn, which all its tries share."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from pipeline.llm.openai import errors as upstream_errors
from pipeline.llm.openai.errors import ModelFailed
from pipeline.llm.openai.options import OpenAIModelOptions


class Left(NamedTuple):
    """The time until the nearest limit: ``seconds``, and the name of the limit."""

    seconds: float
    which: str


TEXTS = {
    "connect": "the language model cannot be reached",
    "first_content": "the language model took too long to begin its answer",
    "stall": "the language model stopped in the middle of its answer",
    "total": "the language model took too long",
    "end": "the language model did not end its answer",
    "deadline": "the language model took longer than the client waits",
}


class TurnTimers:
    """The timers of one turn, over all its tries. Each ends at *deadline* (in *clock* seconds) at the latest.

    They run while the model is awaited. Only content resets the stall timer; pings and reasoning do not. All stand
    still while the reader of the answer is busy, so that a slow reader does not look like a slow model.
    """

    def __init__(self, limits: OpenAIModelOptions, deadline: float | None, clock: Callable[[], float]) -> None:
        now = clock()
        self._clock = clock
        self._stall = limits.stall_timeout_seconds
        self._deadline = deadline
        self._total_by = now + limits.total_timeout_seconds
        self._content_by = now + limits.first_content_timeout_seconds
        self._which = "first_content"
        self._connect = limits.connect_timeout_seconds

    def left(self) -> Left:
        """Return the time until the nearest limit, at least 0."""
        by, which = self._content_by, self._which
        if self._total_by < by:
            by, which = self._total_by, "total"
        if self._deadline is not None and self._deadline < by:
            by, which = self._deadline, "deadline"
        return Left(max(0.0, by - self._clock()), which)

    def within(self, seconds: float) -> Callable[[], Left]:
        """Return a ``left`` that ends *seconds* from now at the latest."""
        by = self._clock() + seconds
        return lambda: min(self.left(), Left(max(0.0, by - self._clock()), "end"))

    def left_to_connect(self) -> Left:
        """Return the time that is left to connect."""
        left = self.left()
        return Left(self._connect, "connect") if self._connect < left.seconds else left

    def connecting(self, seconds: float) -> None:
        """Take the *seconds* that a try spent on connecting from the time to connect: the next try has the rest."""
        self._connect = max(0.0, self._connect - seconds)

    def content(self) -> None:
        """Note that content came."""
        self._content_by, self._which = self._clock() + self._stall, "stall"

    @contextmanager
    def awaiting(self, left: Left) -> Iterator[None]:
        """Extend the timers when the block takes longer than *left*: what came was in time, but the event loop stood
        still. As ``time_limit`` does, give the time beyond once more.
        """
        began = self._clock()
        yield
        self.extend(max(0.0, 2 * (self._clock() - began - left.seconds)))

    def extend(self, seconds: float) -> None:
        """Extend the timers by the *seconds* in which nobody waited for the model, or the event loop stood still."""
        self._content_by += seconds
        self._total_by += seconds


def ran_out(left: Left, *, answering: bool = True) -> ModelFailed:
    """Return the failure of the limit in *left*. A server that is not *answering* yet may be dead, unless it was the
    client who ran out of time.
    """
    dead = not answering and left.which != "deadline"
    if left.which == "connect":  # no time is left to connect again
        return upstream_errors.unavailable(TEXTS["connect"], again=False, dead=dead)
    return upstream_errors.timed_out(TEXTS[left.which], dead=dead)
