"""Starts the stages before the server listens, and closes them after it has stopped."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from typing import Any

import structlog

from app.settings.load import SettingsError
from app.stages import custom
from interceptors.base import is_cancelled
from pipeline.pcm import LEAST_HZ, MOST_HZ, RATES
from pipeline.tts.own_sound import OwnSound
from pipeline.tts.stage import SpeechStage

CLOSE_SECONDS = 3.0
"""An engine that takes longer to close is left behind."""

FAILURES = (Exception, SystemExit, asyncio.CancelledError)
"""How a stage may fail: it ends neither the server nor its start with an exit or a cancellation of its own."""

log = structlog.get_logger(scope="server")


@asynccontextmanager
async def started(builders: Mapping[str, Callable[[], Any]]) -> AsyncIterator[None]:
    """Build and start the stage of each key of ``[pipeline]``; close all of them when the block is left.

    Raise SettingsError, with the key, for a stage that cannot be built or started.
    """
    async with AsyncExitStack() as stages:
        for key, build in builders.items():
            with blamed_on(f"pipeline.{key}"):
                stage = build()
                engines = [each.engine for each in stage.speakers] if isinstance(stage, SpeechStage) else [stage]
                for engine in engines:
                    stages.push_async_callback(close, engine)
                    await custom.optional(engine, "start")()
                    if isinstance(stage, SpeechStage):
                        _check_rate(engine.sample_rate)
        yield


@asynccontextmanager
async def lent(sound: OwnSound, stand_in: SpeechStage | None) -> AsyncIterator[None]:
    """Close *sound*, and the voice that stands in for it, when the block is left."""
    try:
        yield
    finally:
        await sound.aclose()
        for speaker in stand_in.speakers if stand_in is not None else ():
            await close(speaker.engine)


async def close(engine: Any) -> None:
    """Close a stage or an engine of one, if it can be closed. Log a failure: others are still to be closed."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS) as limit:
            await custom.optional(engine, "aclose")()
    except FAILURES as error:
        if isinstance(error, asyncio.CancelledError) and is_cancelled():
            raise
        where = error.__cause__ if limit.expired() else error
        log.exception("an engine did not close", decision="abandon", exc_info=where)


@contextmanager
def blamed_on(key: str) -> Iterator[None]:
    """Turn an error of a stage that can't be built or started into one of the settings, under its key."""
    try:
        yield
    except SettingsError:
        raise
    except FAILURES as error:
        if isinstance(error, asyncio.CancelledError) and is_cancelled():
            raise
        is_plain = isinstance(error, ValueError | ImportError | OSError) and str(error)
        raise SettingsError(f"{key}: {error if is_plain else f'{type(error).__name__}: {error}'}") from error


def _check_rate(rate: object) -> None:
    """Refuse a sample rate that nobody can play: the voice would fail in every turn."""
    if type(rate) is not int or rate not in RATES:
        raise ValueError(f"its sample_rate is {rate!r}: must be a whole number from {LEAST_HZ} to {MOST_HZ} Hz")
