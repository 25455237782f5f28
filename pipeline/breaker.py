"""A circuit breaker: keeps a dead model server or voice from costing every caller a timeout."""

import time
from collections.abc import Callable


class Breaker:
    """After *failures_in_a_row* calls of something that failed, it rests for *rest_seconds*; then one call probes it,
    and all others wait for what that one finds.

    One for each server or engine of the process, touched only in the event loop.
    """

    def __init__(
        self,
        failures_in_a_row: int,
        rest_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most = failures_in_a_row
        self._rest = rest_seconds
        self._clock = clock
        self._failures = 0
        self._rests_until = 0.0
        self._probe: object | None = None

    def admits(self, call: object) -> bool:
        """Whether *call* may be made. One that may is ``ended`` some time."""
        if self._failures < self._most:
            return True
        if self._probe is not None or self.rest > 0:
            return False
        self._probe = call
        return True

    def ended(self, call: object, well: bool | None) -> None:
        """*call* is over: it went *well* or failed; None: it was cut off, or anything else that says nothing."""
        if self._probe is call:
            self._probe = None
        if well:
            self._failures = 0
        elif well is not None:
            self._failures += 1
            if self._failures >= self._most:
                self._rests_until = self._clock() + self._rest

    @property
    def rest(self) -> float:
        """Seconds until the next probe."""
        return max(0.0, self._rests_until - self._clock())
