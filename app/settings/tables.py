"""Defines the settings but for the stages' tables: typed, and checked whole at start."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from app.settings.auth import AuthSettings, NoAuthSettings
from app.settings.own_words import ErrorTexts
from app.settings.stages import (
    CustomCommandsSettings,
    CustomSettings,
    DemoModelSettings,
    EspeakSettings,
    FactorySettings,
    JsonCommandsSettings,
    ModelSettings,
    NoMemorySettings,
    ProcessMemorySettings,
    RulesSegmenterSettings,
    SpeechSettings,
)
from app.settings.types import Count, NotNegative, Positive, PositiveCount, Strict, Text, is_loopback


class Server(Strict):
    """``[server]``: where the server listens and how it stops."""

    host: Text = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 50051
    workers: PositiveCount = 1
    grace_seconds: NotNegative = 10.0
    max_request_bytes: Annotated[int, Field(ge=1024, le=2**31 - 1)] = 8 * 1024 * 1024
    reflection: bool = True
    refusals: Literal["message", "trailers"] = "message"
    insecure: bool = False

    @model_validator(mode="after")
    def _loopback(self) -> "Server":
        if not self.insecure and not is_loopback(self.host):
            raise ValueError(
                "host: must be a loopback address such as 127.0.0.1, or set server.insecure = true: without TLS anyone "
                "on the network could read along"
            )
        return self


class MemoryStoreSettings(Strict):
    """Counts the limits in one process."""

    kind: Literal["memory"] = "memory"


class Limits(Strict):
    """``[limits]``: how much one server takes on, and how long a stream may take."""

    max_concurrent_streams: Annotated[int, Field(ge=1, le=1_000_000)] = 64
    max_streams_per_client: Count = 0
    max_message_rate_per_second: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    rate_policy: Literal["reject", "pace"] = "reject"
    idle_timeout_seconds: NotNegative = 300.0
    send_timeout_seconds: Positive = 10.0
    max_stream_seconds: Positive = 600.0
    single_flight: Literal["reject", "replace"] = "reject"
    max_prompt_chars: PositiveCount = 8000
    max_screenshot_bytes: Count = 4 * 1024 * 1024
    store: MemoryStoreSettings = MemoryStoreSettings()


class Working(Strict):
    """``pipeline.working``: what is said while the model writes nothing. 0 = off."""

    after_seconds: NotNegative = 0.0
    every_seconds: NotNegative = 0.0


class Pipeline(Strict):
    """``[pipeline]``: which stages answer.

    ``first_clause``: the first sentence of an answer may be cut where a speaker would breathe.
    """

    llm: Annotated[ModelSettings, Field(discriminator="kind")] = DemoModelSettings()
    memory: Annotated[ProcessMemorySettings | NoMemorySettings, Field(discriminator="kind")] = ProcessMemorySettings()
    welcome_text: Text = "Hello. I am ready."
    speak_errors: Literal["asked", "always", "chunks", "never"] = "asked"
    error_texts: ErrorTexts = {}
    working: Working = Working()
    speculate: bool = False
    first_clause: bool = True
    segmenter: Annotated[RulesSegmenterSettings | CustomSettings, Field(discriminator="kind")] = (
        RulesSegmenterSettings()
    )
    commands: Annotated[JsonCommandsSettings | CustomCommandsSettings, Field(discriminator="kind")] = (
        JsonCommandsSettings()
    )
    tts: Annotated[SpeechSettings, Field(discriminator="kind")] = EspeakSettings()

    @model_validator(mode="before")
    @classmethod
    def _kinds(cls, data: Any) -> Any:
        """A table without ``kind`` is one of the default kind."""
        if not isinstance(data, dict):
            return data
        defaults = {name: cls.model_fields[name].default.kind for name in STAGES}
        return {
            key: {"kind": defaults[key], **table} if key in defaults and isinstance(table, dict) else table
            for key, table in data.items()
        }


STAGES = ("llm", "memory", "segmenter", "commands", "tts")
"""The keys of ``[pipeline]`` whose table is picked by its ``kind``."""


Link = Literal["session", "status", "auth", "validation", "single_flight", "admission", "pace"]
"""The links of the chain, the outermost first."""


class LinkSettings(FactorySettings):
    """``[[interceptors]]``: a custom link, right inside the link that ``after`` names."""

    after: Link


class Logging(Strict):
    """``[logging]``, to stderr."""

    format: Literal["console", "json"] = "console"
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


class Settings(Strict):
    """All settings."""

    server: Server = Server()
    limits: Limits = Limits()
    auth: Annotated[AuthSettings, Field(discriminator="kind")] = NoAuthSettings()
    pipeline: Pipeline = Pipeline()
    logging: Logging = Logging()
    interceptors: list[LinkSettings] = []
    _file: Path | None = None

    @property
    def folder(self) -> Path:
        """The folder of file names and factories: that of the settings file, else the current one."""
        return self._file.parent if self._file else Path()

    @property
    def source(self) -> str:
        """What was read, to be told to whoever wonders which settings hold."""
        return f"settings file {self._file.absolute()}" if self._file else "no settings file, so the defaults"

    @model_validator(mode="after")
    def _one_process(self) -> "Settings":
        if self.server.workers > 1 and self.limits.store.kind == "memory":
            raise ValueError(
                'server.workers: must be 1 with limits.store = { kind = "memory" }: each process would count for itself'
            )
        return self
