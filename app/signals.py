"""The signals of the process: SIGTERM and SIGINT stop the server, SIGHUP and its like mean nothing."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from app import logs

IGNORED = (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2)
"""Signals that mean nothing here, and by default would end the process without a drain."""

log = structlog.get_logger(scope="server")


def ignore() -> None:
    """Ignore what means nothing, from the first moment of a start."""
    for number in IGNORED:
        signal.signal(number, signal.SIG_IGN)


@contextmanager
def handled(on_stop: Callable[[], None], seconds: float) -> Iterator[None]:
    """Call *on_stop* in the running loop at the first SIGTERM or SIGINT.

    The process ends by force *seconds* later, if the block still runs, and at once at a second signal, also while a
    stage blocks the loop.
    """
    asked, over = threading.Event(), threading.Event()

    def at_once(*_: object) -> None:
        if asked.is_set():
            os._exit(1)
        asked.set()

    def end_by_force() -> None:
        asked.wait()
        if not over.wait(seconds):
            log.warning("a stage did not stop", decision="abandon")
            time.sleep(3 * logs.PAUSE_SECONDS)  # a thread writes it
            os._exit(0)

    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_stop)
        signal.signal(number, at_once)  # beside the loop's own way, which needs a loop that runs
    for other in IGNORED:
        loop.add_signal_handler(other, _told, other)
    threading.Thread(target=end_by_force, name="end by force", daemon=True).start()
    try:
        yield
    finally:
        over.set()
        asked.set()


def _told(number: signal.Signals) -> None:
    log.info("a signal is ignored", decision="go on", signal=number.name)
