"""Builds and checks custom stages when the server starts, so that a wrong one stops the start."""

import importlib
import sys
from collections.abc import Awaitable, Callable, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

from app.settings.load import SettingsError
from app.settings.stages import CustomSettings, CustomSpeechSettings, FactorySettings
from pipeline.segmenter.stage import CustomSegmenter, ReleasingSegmenter
from pipeline.tts.custom import CustomSpeech, FunctionSpeech, is_function


def build(table: FactorySettings, folder: Path, key: str, needs: Sequence[str]) -> Any:
    """Call ``factory(**options)`` of the settings table at *key*. The stage must have the attributes in *needs*.

    The factory's module is also looked for in *folder*, behind all installed ones. Raise SettingsError if it can't be
    imported, called or used.
    """
    factory = _find(table.factory, folder, key)
    try:
        stage = factory(**table.options)
    except Exception as error:
        message = f"{key}.factory: {table.factory} cannot be built with these options: {type(error).__name__}: {error}"
        raise SettingsError(message) from error
    missing = [name for name in needs if not hasattr(stage, name)]
    if missing:
        raise SettingsError(f"{key}.factory: what {table.factory} gives has no {' and no '.join(missing)}")
    return stage


def build_speech(table: CustomSpeechSettings, folder: Path, key: str) -> CustomSpeech:
    """Build a voice as an engine. It may also be an async generator function: ``speak(text, voice, **options)``."""
    factory = _find(table.factory, folder, key)
    if not is_function(factory):
        return CustomSpeech(build(table, folder, key, ("sample_rate", "synthesize")))
    try:
        return CustomSpeech(FunctionSpeech(factory, table.options, table.sample_rate))
    except ValueError as error:
        raise SettingsError(f"{key}.{error}") from error


def build_segmenter(table: CustomSettings, folder: Path, key: str) -> Callable[[], ReleasingSegmenter]:
    """Give a function that builds the segmenter for each turn; build it here once to see that it can be built."""
    build(table, folder, key, ("feed", "flush"))
    factory = _find(table.factory, folder, key)

    def make() -> ReleasingSegmenter:
        segmenter: Any = factory(**table.options)
        return CustomSegmenter(segmenter, getattr(segmenter, "release", None))

    return make


def optional(stage: Any, method: str) -> Callable[[], Awaitable[object]]:
    """Give the coroutine method of *stage*, which may be custom; one that does nothing where it has none."""
    return getattr(stage, method, None) or _nothing


async def _nothing() -> None:
    pass


def _find(name: str, folder: Path, key: str) -> Callable[..., Any]:
    path = str(folder.resolve())
    if path not in sys.path:
        sys.path.append(path)
    module, _, attribute = name.partition(":")
    try:
        factory = attrgetter(attribute)(importlib.import_module(module))
    except Exception as error:
        raise SettingsError(f"{key}.factory: {name} cannot be imported: {type(error).__name__}: {error}") from error
    if not callable(factory):
        raise SettingsError(f"{key}.factory: {name} cannot be called")
    return factory  # type: ignore[no-any-return]
