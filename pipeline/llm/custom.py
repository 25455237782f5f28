"""Custom models: any object with ``stream``."""

import inspect
from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

from pipeline.errors import wrong
from pipeline.events import ModelEvent
from pipeline.interfaces import Model, Turn


class CustomModel:
    """An ``Engine`` around *model*, which may have ``async start()`` and ``async aclose()``."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._start: Any = getattr(model, "start", None)
        self._close: Any = getattr(model, "aclose", None)

    def stream(self, turn: Turn) -> AsyncIterator[ModelEvent | str]:
        """See Model. WrongStage for a ``stream`` that gives something else."""
        events: Any = self._model.stream(turn)
        if not isinstance(events, AsyncIterable):
            raise wrong("pipeline.llm: stream", "be an async generator", events)
        return events  # type: ignore[return-value]

    async def start(self) -> None:
        """See Engine. A ``start`` that is not a coroutine function is not called."""
        if inspect.iscoroutinefunction(self._start):
            await self._start()

    async def aclose(self) -> None:
        """See Engine."""
        if self._close is not None:
            await self._close()
