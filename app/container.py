"""Wires the server: a table of contents of who gets whom.

Constructor injection only. Only this module and ``app/stages`` translate settings.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

from dependency_injector.containers import DeclarativeContainer
from dependency_injector.providers import Dependency, Dict, Factory, Object, Selector, Singleton
from grpc_reflection.v1alpha import reflection

from app.auth import build as auth
from app.service import requests, statuses, wire
from app.service.early_input import Conversation, EarlyInput, conversation_of
from app.service.own_words import LastWords, OwnWords
from app.service.servicer import StreamingServicer
from app.service.speculation import Guesses
from app.settings.own_words import with_own
from app.settings.stages import ProcessMemorySettings, RulesSegmenterSettings
from app.settings.tables import Pipeline, Settings
from app.stages import custom, links, shapes
from app.stages import model as models
from app.stages import voice as voices
from app.stages.options import options
from app.watchdog import Watchdog
from interceptors.admission import AdmissionInterceptor
from interceptors.base import ANONYMOUS, identity
from interceptors.early_input import EarlyInputInterceptor
from interceptors.limiter import MemoryLimiter
from interceptors.pace import PaceInterceptor, PaceLimits
from interceptors.session import SessionInterceptor
from interceptors.single_flight import SingleFlightInterceptor
from interceptors.status import StatusInterceptor
from interceptors.streams import Streams
from interceptors.validation import ValidationInterceptor
from pipeline.commands.custom import CustomCommands
from pipeline.commands.extractor import JsonCommands, JsonOptions
from pipeline.memory.memory import MemoryOptions, ProcessMemory
from pipeline.run import Stages
from pipeline.segmenter.segmenter import RulesOptions, RulesSegmenter
from pipeline.tts.own_sound import OwnSound
from pipeline.working import Working

ANSWERS = frozenset({wire.STREAM_AUDIO, wire.GENERATE_WELCOME_AUDIO})
"""The methods that stream an answer: they have a session, hold a lease, and are paced."""

REFLECTION = f"/{reflection.SERVICE_NAME}/ServerReflectionInfo"

EVERY = ANSWERS | {wire.INTERRUPT_SESSION, REFLECTION}
"""The methods that can be refused, and need a status then."""


def client_of(request: Any, context: Any) -> str:
    """Name the client whose streams ``max_streams_per_client`` counts: the identity; without auth, the device."""
    who = identity(context)
    return who if who != ANONYMOUS else getattr(request, "hardware_id", "") or "unknown"


def fill(early: EarlyInput, request: Any, context: Any) -> None:
    """Add to a request what early input tells of its turn."""
    early.fill(request, identity(context))


def keep(early: EarlyInput, guesses: Guesses, request: Any, context: Any) -> None:
    """Keep early input, and let a guess begin."""
    entry = early.collect(request, identity(context))
    if entry is not None:
        guesses.chunk_came(entry)


def rules_segmenter(table: RulesSegmenterSettings) -> Callable[[], RulesSegmenter]:
    """Return a function that builds the segmenter of a turn."""
    return partial(RulesSegmenter, options(RulesOptions, table))


def voice_names(table: Any) -> tuple[str, str]:
    """Return the names under which clients are told who speaks: the engine's, and the fallback's."""
    fallback = getattr(table, "fallback", None)
    return table.kind, fallback.kind if fallback else ""


def cutting(pipeline: Pipeline) -> RulesSegmenterSettings:
    """Return how answers are cut. A custom segmenter has no such keys: the defaults hold."""
    table = pipeline.segmenter
    return table if isinstance(table, RulesSegmenterSettings) else RulesSegmenterSettings()


def conversation(pipeline: Pipeline) -> Conversation:
    """Return the function that names what a request continues: its session, or all sessions of its client."""
    is_one = isinstance(pipeline.memory, ProcessMemorySettings) and pipeline.memory.scope == "client"
    return partial(conversation_of, is_one)


def working(pipeline: Pipeline, words: OwnWords) -> Working | None:
    """Return when "One moment." is said; None for never."""
    table = pipeline.working
    return Working(table.after_seconds, table.every_seconds, words.working) if table.after_seconds else None


def hold_seconds(pipeline: Pipeline) -> float:
    """Return how long a finished sentence waits."""
    return cutting(pipeline).hold_ms / 1000


class Container(DeclarativeContainer):
    """Makes the ``chain`` (outermost link first) and the ``servicer`` behind it from the checked settings."""

    settings = Dependency(instance_of=Settings)
    limits = settings.provided.limits
    pipeline = settings.provided.pipeline
    folder = settings.provided.folder

    llm = Singleton(models.model, pipeline.llm, folder, pipeline.commands)
    memory = Selector(
        pipeline.memory.kind,
        memory=Singleton(ProcessMemory, Factory(options, MemoryOptions, pipeline.memory)),
        none=Object(None),
    )
    segmenter = Selector(
        pipeline.segmenter.kind,
        rules=Singleton(rules_segmenter, pipeline.segmenter),
        custom=Singleton(custom.build_segmenter, pipeline.segmenter, folder, "pipeline.segmenter"),
    )
    commands = Selector(
        pipeline.commands.kind,
        json=Singleton(JsonCommands, Factory(options, JsonOptions, pipeline.commands)),
        custom=Singleton(custom.build, pipeline.commands, folder, "pipeline.commands", shapes.COMMANDS),
    )
    extractor = Selector(pipeline.commands.kind, json=commands, custom=Singleton(CustomCommands, commands))
    tts = Singleton(voices.voice, pipeline.tts, folder)
    stand_in = Singleton(voices.stand_in, pipeline.tts)
    own_sound = Singleton(OwnSound, tts, stand_in)
    own_words = Singleton(OwnWords, Factory(with_own, pipeline.error_texts), own_sound, tts)

    stages = Singleton(
        Stages,
        model=llm,
        segmenter=segmenter,
        commands=extractor,
        speech=tts,
        hold=Factory(hold_seconds, pipeline),
        on_invalid=pipeline.commands.on_invalid,
        most_chars=Factory(cutting, pipeline).provided.max_answer_chars,
        clause=Factory(cutting, pipeline).provided.clause_after_seconds,
        working=Factory(working, pipeline, own_words),
        first_clause=pipeline.first_clause,
    )

    watchdog = Singleton(Watchdog)
    authenticator = Singleton(auth.authenticator, settings.provided.auth, folder)
    streams = Singleton(Streams, limits.single_flight)
    limiter = Singleton(MemoryLimiter, limits.max_concurrent_streams, limits.max_streams_per_client)
    welcome_limiter = Singleton(MemoryLimiter, limits.max_concurrent_streams, 0)  # a full server can still say so
    early_input = Singleton(EarlyInput)
    conversation = Factory(conversation, pipeline)
    guesses = Singleton(Guesses, stages, memory, limiter, streams, conversation, speculates=pipeline.speculate)
    pace = Singleton(
        PaceInterceptor,
        ANSWERS,
        Factory(options, PaceLimits, limits),
        Object(wire.has_text_or_sound),
        is_own=Object(wire.is_own_sound),
    )
    status = Factory(
        StatusInterceptor,
        EVERY,
        Object(statuses.judge),
        wire.ERROR_MESSAGE,
        refusals=settings.provided.server.refusals,
        send_timeout_seconds=limits.send_timeout_seconds,
        last_words=Dict({wire.STREAM_AUDIO: Factory(LastWords, own_words, pipeline.speak_errors)}),
        is_own=Object(wire.is_own_sound),
        rate_of=Object(wire.rate_of),
        is_minor=Object(wire.is_early),
    )
    chain = Singleton(
        links.chain,
        Dict(
            session=Singleton(SessionInterceptor, ANSWERS, wire.stamp, clock=watchdog.provided.arrival),
            status=status,
            auth=Factory(auth.link, authenticator),
            validation=Singleton(
                ValidationInterceptor,
                Factory(
                    requests.rules,
                    limits,
                    settings.provided.server.max_request_bytes,
                    Factory(partial, fill, early_input),
                ),
            ),
            early_input=Singleton(
                EarlyInputInterceptor,
                {wire.STREAM_AUDIO},
                is_early=Object(wire.is_early),
                keep=Factory(partial, keep, early_input, guesses),
                accepted=Object(wire.accepted),
                streams=streams,
                timed_by=pace,
            ),
            single_flight=Singleton(SingleFlightInterceptor, ANSWERS, streams),
            admission=Singleton(
                AdmissionInterceptor,
                Dict({wire.STREAM_AUDIO: limiter, wire.GENERATE_WELCOME_AUDIO: welcome_limiter}),
                Object(client_of),
                guesses.provided.lease_of,
            ),
            pace=pace,
        ),
        outer_status=Factory(status, is_outer=True),
        tables=settings.provided.interceptors,
        folder=folder,
    )
    servicer = Singleton(
        StreamingServicer,
        stages,
        streams,
        memory,
        early_input,
        guesses,
        conversation,
        welcome_text=pipeline.welcome_text,
        voice_names=Factory(voice_names, pipeline.tts),
    )
