"""The tables of ``[pipeline]``: one class for each kind of each stage."""

from typing import Annotated, Any, Literal, get_args

from pydantic import AfterValidator, Field, model_validator

from app.settings.types import Count, Json, NotNegative, Positive, PositiveCount, Strict, Text, finite, rate_or_off
from pipeline.pcm import LEAST_HZ, MOST_HZ


class FactorySettings(Strict):
    """Something custom: ``factory(**options)`` is called at start."""

    factory: Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_][\w.]*$")]
    options: dict[str, Any] = {}


class CustomSettings(FactorySettings):
    """A custom stage."""

    kind: Literal["custom"] = "custom"


class DemoModelSettings(Strict):
    """Rules, no model. ``reply``: the format it answers in; ``delta_ms``: the pause between two pieces of text."""

    kind: Literal["demo"] = "demo"
    reply: Literal["prose", "envelope"] = "prose"
    delta_ms: NotNegative = 15.0


class OpenAIModelSettings(Strict):
    """Any server with OpenAI's ``/chat/completions``. ``system_prompt_file`` is relative to the settings file."""

    kind: Literal["openai"] = "openai"
    base_url: Text
    model: Text
    api_key_env: str = "OPENAI_API_KEY"
    api_key_command: list[Text] = []
    api_key_seconds: Positive = 600.0
    system_prompt: str | None = None
    system_prompt_file: Text | None = None
    system_role: Literal["system", "user"] = "system"
    temperature: Annotated[float, AfterValidator(finite), Field(ge=0, le=2)] | None = None
    max_tokens: PositiveCount | None = None
    extra_headers: dict[Text, str] = {}
    extra_body: Json = {}
    tools: bool = False
    reasoning_marks: list[Annotated[list[Text], Field(min_length=2, max_length=2)]] = [
        ["<think>", "</think>"],
        ["<thinking>", "</thinking>"],
        ["<thought>", "</thought>"],
        ["<reasoning>", "</reasoning>"],
        ["<seed:think>", "</seed:think>"],
        ["<reflection>", "</reflection>"],
        ["<analysis>", "</analysis>"],
        ["<scratchpad>", "</scratchpad>"],
        ["[THINK]", "[/THINK]"],
        ["◁think▷", "◁/think▷"],
        ["<|begin_of_thought|>", "<|end_of_thought|>"],
        ["<|start_thinking|>", "<|end_thinking|>"],
        ["<|inner_prefix|>", "<|inner_suffix|>"],
        ["<|channel|>analysis", "<|channel|>final"],
        ["<|channel>thought", "<channel|>"],
        ["<|im_start|>user", "<|im_start|>assistant"],
        ["<|start_header_id|>user", "<|start_header_id|>assistant"],
        ["<|start_of_role|>user", "<|start_of_role|>assistant"],
        ["<|start|>user", "<|start|>assistant"],
        ["<|user|>", "<|assistant|>"],
        ["<|turn>user", "<|turn>model"],
        ["<start_of_turn>user", "<start_of_turn>model"],
    ]
    template_marks: list[Text] = [
        "<s>",
        "</s>",
        "<bos>",
        "<eos>",
        "<end_of_turn>",
        "<start_of_turn>",
        "[INST]",
        "[/INST]",
        "<turn|>",
        "<unk>",
        "<pad>",
        "<answer>",
        "</answer>",
        "<response>",
        "</response>",
    ]
    starts_in_reasoning: bool = False
    connect_timeout_seconds: Positive = 5.0
    first_content_timeout_seconds: Positive = 20.0
    stall_timeout_seconds: Positive = 10.0
    total_timeout_seconds: Positive = 120.0
    retries: Annotated[int, Field(ge=0, le=10)] = 1
    proxy: str = ""
    fallback: Annotated["ModelSettings", Field(discriminator="kind")] | None = None

    @model_validator(mode="after")
    def _one_prompt(self) -> "OpenAIModelSettings":
        if self.system_prompt is not None and self.system_prompt_file is not None:
            raise ValueError("system_prompt: must not be set beside system_prompt_file")
        return self


ModelSettings = DemoModelSettings | OpenAIModelSettings | CustomSettings
OpenAIModelSettings.model_rebuild()  # now that the kinds of ``fallback`` are known


class ProcessMemorySettings(Strict):
    """What was said so far, in this process. ``scope``: a conversation is a session, or all sessions of a client."""

    kind: Literal["memory"] = "memory"
    scope: Literal["session", "client"] = "session"
    max_turns: PositiveCount = 20
    max_sessions: PositiveCount = 10_000
    ttl_seconds: Positive = 1800.0


class NoMemorySettings(Strict):
    """Every turn is the first."""

    kind: Literal["none"] = "none"


class RulesSegmenterSettings(Strict):
    """Sentences by rules.

    ``hold_ms``: how long a finished sentence waits for the next character.
    ``clause_after_seconds``: after so long without sound a clause of an unfinished sentence is said; 0 = never.
    """

    kind: Literal["rules"] = "rules"
    hold_ms: NotNegative = 120.0
    clause_after_seconds: NotNegative = 3.0
    max_segment_chars: Annotated[int, Field(ge=20)] = 400
    max_json_chars: PositiveCount = 65536
    max_json_depth: Annotated[int, Field(ge=1, le=200)] = 32
    max_answer_chars: PositiveCount = 100_000


class JsonCommandsSettings(Strict):
    """Commands as JSON. ``allow``: their names, empty = any; ``schemas``: a JSON Schema of each one's args."""

    kind: Literal["json"] = "json"
    allow: list[Text] = []
    schemas: dict[str, Json] = {}
    on_invalid: Literal["warn", "abort"] = "warn"


class CustomCommandsSettings(CustomSettings):
    """A custom extractor."""

    on_invalid: Literal["warn", "abort"] = "warn"


class SpeechCacheSettings(Strict):
    """Remembers sentences that were spoken.

    ``max_bytes``: of sound in memory; 0 = none.
    ``folder``: where sound is kept on disk too; empty = nowhere.
    """

    max_bytes: Count = 0
    folder: str = ""
    max_disk_bytes: PositiveCount = 256 * 1024 * 1024


class VoicedSettings(Strict):
    """The keys of every voice. ``lexicon_file`` is relative to the settings file; empty = none.

    In a ``fallback`` table only the engine's keys, ``max_spoken_chars``,
    ``output_sample_rate`` and ``cache`` have an effect. ``sentence_pause_ms``: None = as the engine gives it.
    """

    first_audio_timeout_seconds: Positive = 10.0
    stall_timeout_seconds: Positive = 10.0
    max_sentence_seconds: Positive = 120.0
    max_spoken_chars: Count = 400
    prefetch: Annotated[int, Field(ge=0, le=16)] = 1
    buffer_seconds: Positive = 30.0
    retries: Annotated[int, Field(ge=0, le=10)] = 1
    on_failure: Literal["text", "abort"] = "text"
    rest_after_failures: PositiveCount = 3
    rest_seconds: Positive = 30.0
    normalize: bool = True
    emoji: Literal["drop", "name"] = "drop"
    code: Literal["announce", "read", "skip"] = "announce"
    lexicon_file: str = ""
    output_sample_rate: Annotated[int, AfterValidator(rate_or_off)] = 0
    sentence_pause_ms: Annotated[int, Field(ge=0, le=2000)] | None = None
    loudness: Literal["as_is", "even"] = "as_is"
    cache: SpeechCacheSettings = SpeechCacheSettings()
    fallback: Annotated["AnyVoiceSettings", Field(discriminator="kind")] | None = None


class EspeakSettings(VoicedSettings):
    """espeak-ng, in a worker process. ``voices``: language -> espeak voice."""

    kind: Literal["espeak"] = "espeak"
    voices: dict[Text, Text] = {"en": "en-us", "ru": "ru"}
    default_language: Text = "en"
    rate: Annotated[int, Field(ge=80, le=450)] = 175
    pitch: Annotated[int, Field(ge=0, le=100)] = 50
    gender: Literal["", "male", "female"] = ""
    workers: Annotated[int, Field(ge=0, le=16)] = 0

    @model_validator(mode="after")
    def _has_default(self) -> "EspeakSettings":
        if self.default_language not in self.voices:
            raise ValueError(f"default_language: must be one of the voices' languages: {', '.join(self.voices)}")
        return self


class OpenAISpeechSettings(VoicedSettings):
    """Any OpenAI-compatible ``/audio/speech``. ``sample_rate``: Hz of replies that tell no rate."""

    kind: Literal["openai"] = "openai"
    base_url: Text
    model: Text
    voice: Text
    api_key_env: str = "OPENAI_API_KEY"
    sample_rate: Annotated[int, Field(ge=LEAST_HZ, le=MOST_HZ)] = 24_000
    extra_body: Json = {}
    connect_timeout_seconds: Positive = 5.0
    proxy: str = ""


class PiperSettings(VoicedSettings):
    """piper. ``voices``: language -> the .onnx file of a voice; ``default_language``: empty = the first of them."""

    kind: Literal["piper"] = "piper"
    voices: Annotated[dict[Text, Text], Field(min_length=1)]
    default_language: str = ""
    length_scale: Annotated[float, AfterValidator(finite), Field(ge=0.1, le=10)] = 1.0


class NoSpeechSettings(Strict):
    """Text and commands only."""

    kind: Literal["off"] = "off"


class CustomSpeechSettings(VoicedSettings, CustomSettings):
    """A custom voice. ``sample_rate``: Hz of a voice that is only a function; 0 = the function has the attribute."""

    sample_rate: Annotated[int, AfterValidator(rate_or_off)] = 0


BuiltInVoiceSettings = EspeakSettings | OpenAISpeechSettings | PiperSettings
AnyVoiceSettings = BuiltInVoiceSettings | CustomSpeechSettings
SpeechSettings = BuiltInVoiceSettings | NoSpeechSettings | CustomSpeechSettings
for _voice in get_args(AnyVoiceSettings):
    _voice.model_rebuild()  # now that the kinds of ``fallback`` are known
