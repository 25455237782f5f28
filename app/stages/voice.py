"""Builds the voice: an engine, what the settings put around it, and the one that stands in for it.

Raises ValueError, ImportError or SettingsError for a wrong one.
"""

from pathlib import Path
from typing import assert_never

from app.settings.stages import (
    AnyVoiceSettings,
    CustomSpeechSettings,
    EspeakSettings,
    NoSpeechSettings,
    OpenAISpeechSettings,
    PiperSettings,
    VoicedSettings,
)
from app.stages import custom
from pipeline.breaker import Breaker
from pipeline.interfaces import Speech
from pipeline.tts.cache import CachedSpeech
from pipeline.tts.convert import Resampled
from pipeline.tts.espeak import engine as espeak
from pipeline.tts.fallback import AnySpeech, WithFallback

AROUND = {"kind", *VoicedSettings.model_fields}
"""The keys that are no matter of the engine."""


def voice(table: AnyVoiceSettings | NoSpeechSettings, folder: Path, key: str = "pipeline.tts") -> AnySpeech | None:
    """The voice of the table at *key*, None for none."""
    if isinstance(table, NoSpeechSettings):
        return None
    speech = _wrapped(table, folder, key)
    if table.fallback is None:
        return speech
    breaker = Breaker(table.rest_after_failures, table.rest_seconds)
    return WithFallback(speech, _wrapped(table.fallback, folder, f"{key}.fallback"), breaker)


def _wrapped(table: AnyVoiceSettings, folder: Path, key: str) -> Speech:
    speech = _engine(table, folder, key)
    if table.output_sample_rate not in (0, speech.sample_rate):
        speech = Resampled(speech, table.output_sample_rate)
    cache = table.cache
    if not cache.max_bytes and not cache.folder:
        return speech
    return CachedSpeech(
        speech,
        engine_key=table.model_dump_json(exclude={"cache", "fallback"}) + _files(table, folder),
        max_bytes=cache.max_bytes,
        folder=folder / cache.folder if cache.folder else None,
        max_disk_bytes=cache.max_disk_bytes,
    )


def _engine(table: AnyVoiceSettings, folder: Path, key: str) -> Speech:
    values = table.model_dump(exclude=AROUND)
    match table:
        case EspeakSettings():
            return espeak.EspeakSpeech(**values)
        case OpenAISpeechSettings():
            from pipeline.tts.openai import engine as openai

            stall = max(table.first_audio_timeout_seconds, table.stall_timeout_seconds)
            return openai.OpenAISpeech(**values, stall_timeout_seconds=stall)
        case PiperSettings():
            from pipeline.tts import piper

            values["voices"] = {language: folder / file for language, file in table.voices.items()}
            return piper.PiperSpeech(**values)
        case CustomSpeechSettings():
            return custom.build_speech(table, folder, key)
        case _:
            assert_never(table)


def _files(table: AnyVoiceSettings, folder: Path) -> str:
    """What tells whether the voice files are still the same."""
    if not isinstance(table, PiperSettings):
        return ""
    status = [(folder / file).stat() for file in table.voices.values()]
    return str([(each.st_size, each.st_mtime_ns) for each in status])
