"""Starts the stages before the server listens, and closes them after it has stopped."""

import asyncio
import inspect
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

import structlog

from app.settings.load import SettingsError
from app.settings.types import LEAST_HZ, MOST_HZ
from pipeline.tts.fallback import WithFallback

CLOSE_SECONDS = 5.0
"""An engine that takes longer to close is left behind."""

log = structlog.get_logger(scope="server")


@asynccontextmanager
async def started(builders: Mapping[str, Callable[[], Any]]) -> AsyncIterator[None]:
    """Build, start and check the stage of each key of ``[pipeline]``; close all of them when the block is left.

    Raise SettingsError, with the key, for a stage that cannot be built or started.
    """
    async with AsyncExitStack() as engines:
        for key, build in builders.items():
            with _blamed_on(f"pipeline.{key}"):
                for engine in _engines(build()):
                    engines.push_async_callback(_close, engine)
                    await _start(engine)
                    _check_rate(engine)
        yield


@contextmanager
def _blamed_on(key: str) -> Iterator[None]:
    """A stage that can't be built or started is a matter of the settings: what is wrong is told under its key."""
    try:
        yield
    except SettingsError:
        raise
    except Exception as error:
        is_plain = isinstance(error, ValueError | ImportError | OSError) and str(error)
        raise SettingsError(f"{key}: {error if is_plain else f'{type(error).__name__}: {error}'}") from error


def _engines(stage: Any) -> tuple[Any, ...]:
    return (stage.engine, stage.fallback) if isinstance(stage, WithFallback) else (stage,)


async def _start(engine: Any) -> None:
    """Let an engine that needs a moment take it now, not in the first turn."""
    start = getattr(engine, "start", None)
    if inspect.iscoroutinefunction(start):
        await start()


def _check_rate(engine: Any) -> None:
    """A voice tells its sample rate by now; with one that nobody can play it would fail in every turn."""
    rate = getattr(engine, "sample_rate", LEAST_HZ)
    if type(rate) is not int or not LEAST_HZ <= rate <= MOST_HZ:
        raise ValueError(f"its sample_rate is {rate!r}: must be a whole number from {LEAST_HZ} to {MOST_HZ} Hz")


async def _close(engine: Any) -> None:
    aclose = getattr(engine, "aclose", None)
    if aclose is None:
        return
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await aclose()
    except Exception as error:
        log.exception("an engine did not close", decision="abandon", exc_info=error)
