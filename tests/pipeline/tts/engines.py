"""Engines with the defaults of the settings, but for what a test changes."""

from typing import Any

from app.settings.stages import EspeakSettings, OpenAISpeechSettings, PiperSettings, SpeechCacheSettings, VoicedSettings
from app.stages.options import options
from pipeline.tts.cache.speech import CachedSpeech, CacheOptions
from pipeline.tts.custom import CustomSpeech
from pipeline.tts.engines import Engine, Speaker
from pipeline.tts.espeak.engine import EspeakOptions, EspeakSpeech
from pipeline.tts.openai.engine import OpenAISpeech, OpenAISpeechOptions
from pipeline.tts.options import SpeechOptions, as_written
from pipeline.tts.piper import PiperOptions, PiperSpeech
from pipeline.tts.stage import SpeechStage


def espeak_options(**changes: Any) -> EspeakOptions:
    return options(EspeakOptions, EspeakSettings(), **changes)


def espeak(**changes: Any) -> EspeakSpeech:
    return EspeakSpeech(espeak_options(**changes))


def piper(**changes: Any) -> PiperSpeech:
    return PiperSpeech(options(PiperOptions, PiperSettings(voices={"en": "."}), **changes))


def openai(environment: dict[str, str], **changes: Any) -> OpenAISpeech:
    table = OpenAISpeechSettings(base_url="http://127.0.0.1:1/v1", model="m", voice="ann")
    return OpenAISpeech(options(OpenAISpeechOptions, table, **{"stall_timeout_seconds": 10.0, **changes}), environment)


def cached(engine: Engine, **changes: Any) -> CachedSpeech:
    given = {"engine_key": "e", "max_bytes": 100_000, "folder": None, **changes}
    return CachedSpeech(engine, options(CacheOptions, SpeechCacheSettings(), **given))


def speech_options(**changes: Any) -> SpeechOptions:
    return options(SpeechOptions, VoicedSettings(), **{"wording": as_written, **changes})


def speech_stage(speech: Any, options: SpeechOptions | None = None) -> SpeechStage | None:
    """The stage of *speech*: a custom voice, the speakers themselves, or None."""
    if speech is None:
        return None
    speakers = speech if isinstance(speech, tuple) else (Speaker(CustomSpeech(speech)),)
    return SpeechStage(speakers, options or speech_options())
