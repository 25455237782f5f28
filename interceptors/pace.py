"""Bounds a stream in time: how fast it sends, and how long it stands still, waits for its reader, and lasts."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from interceptors.base import Call, StreamInterceptor, WrappedContext, endable
from interceptors.errors import StreamError

WINDOW = 1.0
"""Seconds of the moving window in which the rate counts messages."""

MARGIN = 0.01
"""Seconds that a paced message leaves later than it might, since the way to the client may shorten the gap again."""

LATE = 0.1
"""A timer that rings so many seconds late tells that the loop stood still. What happened meanwhile is noticed within
as many seconds after it.
"""

MOST_LATE = 10
"""So often in a row a late timer ends nothing, on a loop that stands still again and again."""

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class PaceLimits:
    """The limits of one stream, in seconds and in messages a second."""

    max_message_rate_per_second: int
    """0 = off."""
    rate_policy: str
    """One message more than the rate ends the stream (``reject``) or waits (``pace``)."""
    idle_timeout_seconds: float
    """0 = off."""
    send_timeout_seconds: float
    max_stream_seconds: float


class PaceInterceptor(StreamInterceptor):
    """Watch each stream; a limit that is passed ends the stream itself.

    ``counts(message)`` tells whether the rate counts a message; ``is_own(message)`` whether it is no part of the
    answer, and so no progress.
    """

    def __init__(
        self,
        methods: Collection[str],
        limits: PaceLimits,
        counts: Callable[[Any], bool],
        clock: Clock = time.monotonic,
        *,
        is_own: Callable[[Any], bool] = lambda _: False,
    ) -> None:
        super().__init__(methods)
        self._limits = limits
        self._counts = counts
        self._is_own = is_own
        self._clock = clock

    async def intercept(self, method: Call, request: Any, context: Any, method_name: str) -> Any:
        """Raise StreamError: RATE_LIMIT_EXCEEDED, STREAM_IDLE_TIMEOUT, SEND_TIMEOUT or STREAM_TIMEOUT."""
        async with endable() as end:
            watch = Watch(end, self._limits, self._clock)
            most = self._limits.max_message_rate_per_second
            rate = Rate(most, self._limits.rate_policy, self._clock) if most else None
            try:
                return await method(request, PacedContext(context, watch, rate, self._counts, self._is_own))
            finally:
                watch.stop()


class PacedContext(WrappedContext):
    """Paces what is sent. The handler calls ``progress()`` at every sign of life that sends nothing."""

    def __init__(
        self,
        context: Any,
        watch: "Watch",
        rate: "Rate | None",
        counts: Callable[[Any], bool],
        is_own: Callable[[Any], bool],
    ) -> None:
        super().__init__(context)
        self.progress = watch.progress
        self._watch = watch
        self._rate = rate
        self._counts = counts
        self._is_own = is_own
        self._send = context.write

    async def write(self, message: Any) -> None:
        """Send *message* when the rate allows it."""
        rate = self._rate if self._rate and self._counts(message) else None
        if rate:
            await rate.turn(self._watch)
        self._watch.sends()
        await self._send(message)
        self._watch.sent(moves=not self._is_own(message))
        if rate:
            rate.sent()


class Rate:
    """An exact moving window: it keeps the times of the last *most* messages.

    A bucket or a sliding counter would let up to twice as many through.
    """

    def __init__(self, most: int, policy: str, clock: Clock) -> None:
        self._most = most
        self._stamps: deque[float] = deque(maxlen=most)
        self._policy = policy
        self._clock = clock

    async def turn(self, watch: "Watch") -> None:
        """Wait until one more message may leave; with ``reject``, raise StreamError instead."""
        if len(self._stamps) < self._most:
            return
        wait = self._stamps[0] + WINDOW - self._clock()
        if wait <= 0:
            return
        if self._policy == "reject":
            metadata = {"limit": "max_message_rate_per_second", "value": str(self._most)}
            raise StreamError("RATE_LIMIT_EXCEEDED", metadata=metadata)
        watch.pauses(wait + MARGIN)
        await asyncio.sleep(wait + MARGIN)

    def sent(self) -> None:
        """Count a message that has left. Counted at its start, a blocked one would let the next follow too soon."""
        self._stamps.append(self._clock())


class Watch:
    """Ends a stream that stands still.

    A write only stores a time. The timer looks at that time when it rings, and sets itself again.
    """

    def __init__(self, end: Callable[[Exception], None], limits: PaceLimits, clock: Clock) -> None:
        self._end = end
        self._limits = limits
        self._clock = clock
        now = clock()
        self._until = now + limits.max_stream_seconds
        self._moved = now
        self._sending: float | None = None
        self._late = 0
        self._timer = self._set(now)

    def progress(self) -> None:
        """Note a sign of life of the model or the voice. It does not shorten a pause, nor excuse a client that does not
        read.
        """
        now = self._clock()
        if now > self._moved:
            self._moved = now

    def sent(self, moves: bool) -> None:
        """Note that a message has left. *moves*: it is part of the answer."""
        self._sending = None
        if moves:
            self._moved = self._clock()

    def sends(self) -> None:
        """Note that a message is on its way: from now on the client's reading counts."""
        self._sending = self._clock()

    def pauses(self, seconds: float) -> None:
        """Note that the stream waits on purpose."""
        self._moved = self._clock() + seconds

    def stop(self) -> None:
        """Stop watching: the stream is over."""
        self._timer.cancel()

    def _due(self) -> tuple[float, str]:
        total = (self._until, "STREAM_TIMEOUT")
        if self._sending is not None:
            return min(total, (self._sending + self._limits.send_timeout_seconds, "SEND_TIMEOUT"))
        if self._limits.idle_timeout_seconds:
            return min(total, (self._moved + self._limits.idle_timeout_seconds, "STREAM_IDLE_TIMEOUT"))
        return total

    def _set(self, now: float) -> asyncio.TimerHandle:
        # A write or a standstill that begins right now may end no later than this.
        due = min(
            self._due()[0],
            now + self._limits.send_timeout_seconds,
            now + (self._limits.idle_timeout_seconds or self._limits.send_timeout_seconds),
        )
        return asyncio.get_running_loop().call_later(max(0.0, due - now), self._ring)

    def _ring(self) -> None:
        loop = asyncio.get_running_loop()
        is_late = loop.time() - self._timer.when() > LATE
        self._late = self._late + 1 if is_late else 0
        now = self._clock()
        due, reason = self._due()
        if now < due:
            self._timer = self._set(now)
        elif 0 < self._late <= MOST_LATE:
            self._timer = loop.call_later(LATE, self._ring)
        else:
            retry = 1.0 if reason == "STREAM_IDLE_TIMEOUT" else None
            self._end(StreamError(reason, retry_after=retry))
