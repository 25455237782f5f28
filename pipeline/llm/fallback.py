"""Lets another model answer when the first one fails before it answered anything."""

from collections.abc import AsyncGenerator

import structlog

from pipeline.errors import StageError
from pipeline.events import ModelEvent
from pipeline.flow import closing
from pipeline.interfaces import Turn
from pipeline.llm.engines import Engine

log = structlog.get_logger(scope="model")


class WithFallback:
    """An ``Engine`` of two: *fallback* answers when *first* fails before its first event.

    The failure must be one of the model: a StageError with a reason MODEL_…, a ConnectionError or a TimeoutError. The
    log shows *name*.
    """

    def __init__(self, first: Engine, fallback: Engine, name: str) -> None:
        self._first = first
        self._fallback = fallback
        self._name = name

    async def stream(self, turn: Turn) -> AsyncGenerator[ModelEvent | str, None]:
        """See Model."""
        answering = False
        try:
            async with closing(self._first.stream(turn)) as events:
                async for event in events:
                    answering = True
                    yield event
        except (StageError, ConnectionError, TimeoutError) as failed:
            reason = failed.reason if isinstance(failed, StageError) else f"MODEL_{type(failed).__name__}"
            if answering or not reason.startswith("MODEL_"):
                raise
            log.warning("the fallback takes over", decision="fallback", reason=reason, model=self._name)
        else:
            return
        async with closing(self._fallback.stream(turn)) as others:
            async for other in others:
                yield other

    async def start(self) -> None:
        """Start both."""
        await self._first.start()
        await self._fallback.start()

    async def aclose(self) -> None:
        """Close both."""
        try:
            await self._first.aclose()
        finally:
            await self._fallback.aclose()
