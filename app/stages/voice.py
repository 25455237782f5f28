"""Builds the engines of the voice, with even pauses and loudness, resampling and a cache where the settings want it.

Raises ValueError, ImportError or SettingsError for a wrong one.
"""

import importlib.util
from functools import partial
from pathlib import Path
from typing import assert_never

from app.settings.own_words import BUILT_IN
from app.settings.stages import (
    AnyVoiceSettings,
    CustomSpeechSettings,
    EspeakSettings,
    NoSpeechSettings,
    OpenAISpeechSettings,
    PiperSettings,
    SpeechSettings,
    VoicedSettings,
)
from app.stages import custom
from app.stages.lexicon import lexicons
from app.stages.options import options
from pipeline import speakable
from pipeline.breaker import Breaker
from pipeline.tts.cache.speech import CachedSpeech, CacheOptions
from pipeline.tts.convert import Resampled
from pipeline.tts.divided import Divided
from pipeline.tts.engines import Engine, Speaker
from pipeline.tts.espeak.engine import EspeakOptions, EspeakSpeech
from pipeline.tts.loudness import Evened
from pipeline.tts.options import SpeechOptions, Wording, as_written
from pipeline.tts.pauses import Paused
from pipeline.tts.speed import Stretched
from pipeline.tts.stage import SpeechStage

LANGUAGES = frozenset(BUILT_IN)
"""The languages of the server's own words."""


def voice(table: SpeechSettings, folder: Path, key: str = "pipeline.tts") -> SpeechStage | None:
    """Build the voice of the table at *key*; None for no voice."""
    if isinstance(table, NoSpeechSettings):
        return None
    words = wording(table, folder, key)  # first: a wrong lexicon is told before voices are loaded
    return SpeechStage(speakers(table, folder, key), options(SpeechOptions, table, wording=words))


def stand_in(table: SpeechSettings) -> SpeechStage | None:
    """Build the espeak voice that says the server's own words where the voice of *table* cannot; None where that is
    espeak anyway, or where espeak is not installed.
    """
    tables = (table, getattr(table, "fallback", None))
    is_espeak = any(isinstance(each, EspeakSettings) and set(each.voices) >= LANGUAGES for each in tables)
    if is_espeak or importlib.util.find_spec("espeakng_loader") is None:
        return None
    plain = EspeakSettings()
    engine: Engine = EspeakSpeech(options(EspeakOptions, plain))
    if not isinstance(table, NoSpeechSettings):
        engine = _shaped(engine, table)
    return SpeechStage((Speaker(engine),), options(SpeechOptions, plain, wording=as_written))


def speakers(table: AnyVoiceSettings, folder: Path, key: str = "pipeline.tts") -> tuple[Speaker, ...]:
    """Build the engine of the table at *key*, and behind it that of its fallback, which pauses as the first one does
    and is as loud.
    """
    first = _wrapped(table, folder, key)
    if table.fallback is None:
        return (Speaker(first),)
    breaker = Breaker(table.rest_after_failures, table.rest_seconds)
    same = {"sentence_pause_ms": table.sentence_pause_ms, "loudness": table.loudness}
    fallback = _wrapped(table.fallback.model_copy(update=same), folder, f"{key}.fallback")
    return Speaker(first, breaker), Speaker(fallback, stands_in=True)


def wording(table: VoicedSettings, folder: Path, key: str = "pipeline.tts") -> Wording:
    """Choose the words that the voice gets. Word lists are loaded now rather than in the first turn."""
    file = table.lexicon_file
    words = lexicons(folder / file, f"{key}.lexicon_file") if file else {}
    if table.normalize:
        speakable.load()
    return partial(speakable.Reading, options(speakable.ReadingOptions, table, lexicons=words))


def _wrapped(table: AnyVoiceSettings, folder: Path, key: str) -> Engine:
    engine = _engine(table, folder, key)
    if table.max_spoken_chars:
        engine = Divided(engine, table.max_spoken_chars)
    if table.output_sample_rate:
        engine = Resampled(engine, table.output_sample_rate)
    engine = _shaped(engine, table)
    cache = table.cache
    if not cache.max_bytes and not cache.folder:
        return engine
    engine_key = table.model_dump_json(exclude={"cache", "fallback"}) + _files(table, folder)
    place = folder / cache.folder if cache.folder else None
    return CachedSpeech(engine, options(CacheOptions, cache, folder=place, engine_key=engine_key))


def _shaped(engine: Engine, table: AnyVoiceSettings) -> Engine:
    """Wrap *engine* in what makes its sentences alike. Silence is trimmed first: its threshold is that of the engine's
    own sound.
    """
    if table.sentence_pause_ms is not None:
        engine = Paused(engine, table.sentence_pause_ms)
    return Evened(engine) if table.loudness == "even" else engine


def _engine(table: AnyVoiceSettings, folder: Path, key: str) -> Engine:
    match table:
        case EspeakSettings():
            return EspeakSpeech(options(EspeakOptions, table))
        case OpenAISpeechSettings():
            from pipeline.tts.openai.engine import OpenAISpeech, OpenAISpeechOptions

            stall = max(table.first_audio_timeout_seconds, table.stall_timeout_seconds)
            return OpenAISpeech(options(OpenAISpeechOptions, table, stall_timeout_seconds=stall))
        case PiperSettings():
            from pipeline.tts.piper import PiperOptions, PiperSpeech

            files = {language: folder / file for language, file in table.voices.items()}
            # Its own speed is off by up to a quarter: piper rounds each sound up to whole frames.
            return Stretched(PiperSpeech(options(PiperOptions, table, voices=files)), sets_speed=True)
        case CustomSpeechSettings():
            return custom.build_speech(table, folder, key)
        case _:
            assert_never(table)


def _files(table: AnyVoiceSettings, folder: Path) -> str:
    """Give size and time of the voice files: other files are another voice."""
    if not isinstance(table, PiperSettings):
        return ""
    status = [(folder / file).stat() for file in table.voices.values()]
    return str([(each.st_size, each.st_mtime_ns) for each in status])
