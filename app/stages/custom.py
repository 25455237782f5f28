"""Builds and checks custom stages when the server starts, so that a wrong one stops the start."""

import importlib
import sys
from collections.abc import Awaitable, Callable, Coroutine
from operator import attrgetter
from pathlib import Path
from typing import Any

from app.settings.load import SettingsError
from app.settings.stages import CustomSettings, CustomSpeechSettings, FactorySettings
from app.stages.shapes import PLAIN, SEGMENTER, SPEECH, STREAM, Method, faults, shape_of
from pipeline.segmenter.custom import CustomSegmenter
from pipeline.segmenter.stage import ReleasingSegmenter
from pipeline.tts.custom import CustomSpeech, FunctionSpeech, is_function
from pipeline.tts.engines import Engine
from pipeline.tts.speed import Stretched


def build(table: FactorySettings, folder: Path, key: str, methods: tuple[Method, ...] = ()) -> Any:
    """Call ``factory(**options)`` of the settings table at *key*. The stage must have the *methods*.

    The factory's module is also looked for in *folder*, behind all installed ones. Raise SettingsError if it can't be
    imported, called or used.
    """
    stage = _called(_find(table.factory, folder, key), table, key)
    if wrong := " and ".join(faults(stage, methods)):
        raise SettingsError(f"{key}.factory: what {table.factory} gives {wrong}")
    return stage


def _called(factory: Callable[..., Any], table: FactorySettings, key: str) -> Any:
    shape = shape_of(factory)
    if shape not in ("", PLAIN):
        raise SettingsError(f"{key}.factory: {table.factory} must be a class or {PLAIN} that gives one, not {shape}")
    try:
        stage = factory(**table.options)
    except (Exception, SystemExit) as error:
        message = f"{key}.factory: {table.factory} cannot be built with these options: {type(error).__name__}: {error}"
        raise SettingsError(message) from error
    if isinstance(stage, Coroutine):
        stage.close()
    if isinstance(stage, type):
        raise SettingsError(f"{key}.factory: {table.factory} must give an object, not the class {stage.__name__}")
    return stage


def build_speech(table: CustomSpeechSettings, folder: Path, key: str) -> Engine:
    """Build a voice as an engine. It may also be an async generator function: ``speak(text, voice, **options)``.

    The sound of one that does not have ``sets_speed = True`` is made faster or slower behind it.
    """
    engine = _speech(table, folder, key)
    return engine if engine.sets_speed else Stretched(engine)


def _speech(table: CustomSpeechSettings, folder: Path, key: str) -> CustomSpeech:
    factory = _find(table.factory, folder, key)
    if is_function(factory):
        try:
            return CustomSpeech(FunctionSpeech(factory, table.options, table.sample_rate))
        except ValueError as error:
            raise SettingsError(f"{key}.{error}") from error
    if (shape := shape_of(factory)) not in ("", PLAIN):
        raise SettingsError(f"{key}.factory: the voice {table.factory} must be a class or {STREAM}, not {shape}")
    stage = build(table, folder, key, SPEECH)
    if not hasattr(stage, "sample_rate"):
        raise SettingsError(f"{key}.factory: what {table.factory} gives has no sample_rate")
    return CustomSpeech(stage)


def build_segmenter(table: CustomSettings, folder: Path, key: str) -> Callable[[], ReleasingSegmenter]:
    """Give a function that builds the segmenter for each turn; build it here once to see that it can be built."""
    build(table, folder, key, SEGMENTER)
    factory = _find(table.factory, folder, key)
    return lambda: CustomSegmenter(factory(**table.options))


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
    except (Exception, SystemExit) as error:
        why = _hidden(module, folder) or f"{type(error).__name__}: {error}"
        raise SettingsError(f"{key}.factory: {name} cannot be imported: {why}") from error
    if not callable(factory):
        raise SettingsError(f"{key}.factory: {name} cannot be called")
    return factory  # type: ignore[no-any-return]


def _hidden(module: str, folder: Path) -> str:
    """Tell why a module that is there, in *folder*, is not found: another one of its name comes first."""
    top = module.partition(".")[0]
    own = next((place for place in (folder / f"{top}.py", folder / top) if place.exists()), None)
    other = getattr(sys.modules.get(top), "__file__", None) or ""
    if own is None or top not in sys.modules or Path(other).is_relative_to(folder.resolve()):
        return ""
    owner = "Stentor itself" if top in ("app", "interceptors", "pipeline", "protos") else "an installed package"
    return f"the name {top} belongs to {owner}; give {own.name} another name"
