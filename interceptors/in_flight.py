"""Knows which calls are still in flight, so that the server stops only when each has its status."""

import asyncio
from typing import Any

from interceptors.base import Call, StreamInterceptor


class InFlightInterceptor(StreamInterceptor):
    """Note the task of each call; put it around all other links.

    gRPC's own ``stop`` forgets calls that have been aborted, and cuts off those that are just sending their status.
    """

    def __init__(self) -> None:
        super().__init__()
        self._tasks: set[asyncio.Task[Any]] = set()

    async def intercept(self, method: Call, request: Any, context: Any, method_name: str) -> Any:
        """Await the call. gRPC sends the status in the same task, after this."""
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        return await method(request, context)

    async def ended(self, seconds: float) -> None:
        """Wait until no call is in flight, *seconds* at most."""
        loop = asyncio.get_running_loop()
        until = loop.time() + seconds
        while self._tasks and (left := until - loop.time()) > 0:
            await asyncio.wait(set(self._tasks), timeout=left)
