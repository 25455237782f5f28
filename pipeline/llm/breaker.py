"""Keeps a dead model server from costing each caller a timeout."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from pipeline.llm import upstream_errors
from pipeline.llm.upstream_errors import ModelFailed

FAILURES = 5
OPEN_SECONDS = 10.0
LEAST_WAIT = 0.1


class Breaker:
    """After *failures* tries in a row that never reached the server, refuse at once for *seconds*; then let one caller
    try, and go by what that one finds.

    Any answer of the server, also an error, shows that it lives.
    """

    def __init__(self, clock: Callable[[], float], *, failures: int = FAILURES, seconds: float = OPEN_SECONDS) -> None:
        self._clock = clock
        self._most = failures
        self._seconds = seconds
        self._failures = 0
        self._open_until: float | None = None
        self._probed = False

    @contextmanager
    def watch(self) -> Iterator[None]:
        """Around one try to reach the server. Raises ModelFailed (MODEL_UNAVAILABLE, with the wait) instead of trying;
        a block that is cancelled says nothing about the server.
        """
        probe = self._admit()
        try:
            yield
        except ModelFailed as failed:
            if failed.dead:
                self._count_failure()
            raise
        else:
            self._failures, self._open_until = 0, None
        finally:
            if probe:
                self._probed = False

    def _admit(self) -> bool:
        """Whether this caller is the one that tries a server that was dead."""
        if self._open_until is None:
            return False
        left = self._open_until - self._clock()
        if left > 0 or self._probed:
            raise upstream_errors.unavailable(wait=max(left, LEAST_WAIT), again=False)
        self._probed = True
        return True

    def _count_failure(self) -> None:
        self._failures += 1
        if self._failures >= self._most:
            self._open_until = self._clock() + self._seconds
