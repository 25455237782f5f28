"""Custom models: any object with ``stream``."""

import asyncio
from collections.abc import AsyncGenerator
from typing import Any

from pipeline.events import ModelEvent, TextDelta
from pipeline.flow import closing, items_of
from pipeline.interfaces import Model, Turn

EMPTY = TextDelta("")


class CustomModel:
    """An ``Engine`` around *model*, which may have ``async start()`` and ``async aclose()``."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._start: Any = getattr(model, "start", None)
        self._close: Any = getattr(model, "aclose", None)

    async def stream(self, turn: Turn) -> AsyncGenerator[ModelEvent | str, None]:
        """See Model. WrongStage for a ``stream`` that gives something else.

        Empty pieces are left out: a sentence that waits for the next character must not wait for them.
        """
        async with closing(items_of(self._model.stream(turn), "pipeline.llm: stream")) as source:
            async for event in source:
                if event == "" or event == EMPTY:
                    await asyncio.sleep(0)  # such pieces may come without end, and without a pause
                else:
                    yield event

    async def start(self) -> None:
        """See Engine."""
        if self._start is not None:
            await self._start()

    async def aclose(self) -> None:
        """See Engine."""
        if self._close is not None:
            await self._close()
