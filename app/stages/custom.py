"""Stages of one's own: found, built and looked at when the server starts, so that a wrong one stops the start."""

import importlib
import sys
from collections.abc import Callable, Sequence
from operator import attrgetter
from pathlib import Path
from typing import Any

from app.settings.load import SettingsError
from app.settings.stages import CustomSettings, CustomSpeechSettings, FactorySettings
from pipeline.interfaces import Speech
from pipeline.tts.plain import PlainSpeech, is_plain


def build(table: FactorySettings, folder: Path, key: str, needs: Sequence[str]) -> Any:
    """``factory(**options)`` of the settings table at *key*; it must have what *needs* names.

    Its module is also looked for in *folder*, behind all installed ones. SettingsError if it can't be imported,
    called or used.
    """
    stage = _call(_find(table.factory, folder, key), table, key)
    missing = [name for name in needs if not hasattr(stage, name)]
    if missing:
        raise SettingsError(f"{key}.factory: what {table.factory} gives has no {' and no '.join(missing)}")
    return stage


def build_speech(table: CustomSpeechSettings, folder: Path, key: str) -> Speech:
    """The same for a voice, which may also be an async generator function: ``speak(text, voice, **options)``."""
    found = _find(table.factory, folder, key)
    if not is_plain(found):
        return build(table, folder, key, ("sample_rate", "synthesize"))  # type: ignore[no-any-return]
    try:
        return PlainSpeech(found, table.options, table.sample_rate)
    except ValueError as error:
        raise SettingsError(f"{key}.{error}") from error


def build_each_turn(table: CustomSettings, folder: Path, key: str, needs: Sequence[str]) -> Callable[[], Any]:
    """The same for a stage that is built for each turn; built here once to see that it can be."""
    build(table, folder, key, needs)
    factory = _find(table.factory, folder, key)
    return lambda: factory(**table.options)


def _find(name: str, folder: Path, key: str) -> Callable[..., Any]:
    path = str(folder.resolve())
    if path not in sys.path:
        sys.path.append(path)
    module, _, attribute = name.partition(":")
    try:
        found = attrgetter(attribute)(importlib.import_module(module))
    except Exception as error:
        raise SettingsError(f"{key}.factory: {name} cannot be imported: {type(error).__name__}: {error}") from error
    if not callable(found):
        raise SettingsError(f"{key}.factory: {name} cannot be called")
    return found  # type: ignore[no-any-return]


def _call(factory: Callable[..., Any], table: FactorySettings, key: str) -> Any:
    try:
        return factory(**table.options)
    except Exception as error:
        message = f"{key}.factory: {table.factory} cannot be built with these options: {type(error).__name__}: {error}"
        raise SettingsError(message) from error
