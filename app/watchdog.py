"""Watches the event loop from a thread of its own, and says which line of code holds it up."""

import asyncio
import os
import selectors
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import FrameType

import structlog

from app.logs import is_ours, is_standard

BLOCKED_SECONDS = 0.25
"""A loop that stands for so long is blocked."""

BEAT_SECONDS = 0.05
"""The pause between two looks."""

LATE_SECONDS = 0.05
"""So soon after a block, calls begin that came during it."""

log = structlog.get_logger(scope="loop")


class Watchdog:
    """Logs each block of the running loop, once, with the file and the line in which the loop stood; counts them.

    Use it as a context: ``with watchdog:`` inside the loop.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.blocks = 0
        self._clock = clock
        self._stood = (0.0, 0.0)
        self._over = threading.Event()

    def __enter__(self) -> "Watchdog":
        self._loop = asyncio.get_running_loop()
        self._loop_thread = threading.get_ident()
        self._over.clear()
        self._thread = threading.Thread(target=self._watch, name="watchdog", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()

    def arrival(self) -> float:
        """Tell when a call that begins now has arrived: now, or when a block began that is only just over.

        gRPC tells a call only to a loop that runs, and not when the call came.
        """
        now = self._clock()
        began, ended = self._stood
        return began if now - ended < LATE_SECONDS else now

    def _watch(self) -> None:
        while not self._over.wait(BEAT_SECONDS):
            asked, answered = self._clock(), threading.Event()
            try:
                self._loop.call_soon_threadsafe(self._answer, asked, answered)
            except RuntimeError:  # the loop is closed
                return
            if not answered.wait(BLOCKED_SECONDS - BEAT_SECONDS):
                self._tell()
                while not (answered.wait(BEAT_SECONDS) or self._over.is_set()):
                    pass

    def _answer(self, asked: float, answered: threading.Event) -> None:
        now = self._clock()
        if now - asked >= BLOCKED_SECONDS - BEAT_SECONDS:
            self._stood = (asked, now)
        answered.set()

    def _tell(self) -> None:
        frame = sys._current_frames().get(self._loop_thread)
        place = where(frame) if frame is not None else ""
        if place:
            self.blocks += 1
            log.warning("the event loop is blocked", decision="wait", stands_in=place, blocks=self.blocks)


def where(frame: FrameType) -> str:
    """Name the place in which the loop stands: the innermost line that is neither installed nor ours, else the
    innermost one outside the standard library. Return "" for a loop that only waits, on a machine that is slow.
    """
    every = list(_inside_the_loop(frame))
    outside = [each for each in every if not is_standard(each.f_code.co_filename)]
    of_a_stage = [each for each in outside if not _is_installed(each.f_code.co_filename)]
    if not outside and (not every or every[0].f_code.co_filename == selectors.__file__):
        return ""
    place = (of_a_stage or outside or every)[0]
    return f"{place.f_code.co_filename}:{place.f_lineno} in {place.f_code.co_name}"


def _inside_the_loop(frame: FrameType | None) -> Iterator[FrameType]:
    """Yield the frames, the innermost first, up to the loop's own. uvloop's has none: its caller is the next one."""
    while frame is not None and not (
        frame.f_code.co_name == "_run_once" or frame.f_code.co_filename == asyncio.runners.__file__
    ):
        yield frame
        frame = frame.f_back


def _is_installed(file: str) -> bool:
    return is_ours(file) or f"-packages{os.sep}" in file
