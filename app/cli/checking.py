"""Looks at the parts of a server without serving: ``stentor check`` and ``stentor voices``."""

import asyncio
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from app import logs
from app.auth import build as auth
from app.cli.asking import HARDWARE_ID, own_server
from app.cli.client import CallFailed, answer
from app.cli.printable import one_line
from app.container import rules_segmenter
from app.settings.stages import (
    AnyVoiceSettings,
    EspeakSettings,
    NoSpeechSettings,
    OpenAIModelSettings,
    OpenAISpeechSettings,
    RulesSegmenterSettings,
    SpeechCacheSettings,
)
from app.settings.tables import STAGES, Settings
from app.stages.lexicon import entries
from app.stages.lifetime import blamed_on, close
from app.stages.model import openai_model
from app.stages.voice import speakers
from pipeline.errors import OwnError, StageError
from pipeline.interfaces import Turn, Voice
from pipeline.llm.demo import DemoModel, DemoModelOptions
from pipeline.pcm import seconds_of
from pipeline.run import Stages, recite, run
from pipeline.tts.engines import Speaker
from pipeline.tts.errors import SpeechFailed, why
from protos import streaming_pb2 as pb

TEST_TEXT = "This is a test."
TEST_PROMPT = "Tell me the time and open the calculator."
TURN_SECONDS = 20.0


class Report:
    """Prints one line for each check and remembers whether all were good."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self.good = True

    def ok(self, text: str) -> None:
        """Report something that is as it should be."""
        self._line("ok", "green", text)

    def failed(self, text: str) -> None:
        """Report something that is not as it should be."""
        self.good = False
        self._line("failed", "bold red", text)

    def _line(self, verdict: str, style: str, text: str) -> None:
        self._console.print(Text.assemble((verdict, style), f": {one_line(text)}"), soft_wrap=True)


async def check(settings: Settings, online: bool, console: Console) -> bool:
    """Look at everything a server of these settings needs, and tell whether it is all there. Raise SettingsError."""
    report = Report(console)
    report.ok(f"the settings are well formed: {settings.source}")
    await _auth(settings, online, report)
    async with own_server(_without_caches(settings)) as server:
        kinds = (f"{name} {getattr(settings.pipeline, name).kind}" for name in STAGES)
        report.ok(f"the stages are built: {', '.join(kinds)}")
        _lexicon(settings, report)
        segmenter = rules_segmenter(RulesSegmenterSettings())  # the failure of a custom one is not the voice's
        stages = replace(server.container.stages(), segmenter=segmenter)
        await _speech(settings.pipeline.tts, stages, online, report)
        await _turn(settings, server.container.stages(), report)
        if online:
            await _model(settings, server.address, report)
    return report.good


async def _auth(settings: Settings, online: bool, report: Report) -> None:
    """Build what knows the callers, since the server of the check asks nobody; an issuer is asked *online* only."""
    known = auth.authenticator(settings.auth, settings.folder)
    if known is None:
        return
    async with auth.started(known if online else None):
        if online and known.trouble:
            report.failed(f"callers cannot be known: auth {settings.auth.kind}: {known.trouble}")
        else:
            report.ok(f"callers are known: auth {settings.auth.kind}")


def _lexicon(settings: Settings, report: Report) -> None:
    table = settings.pipeline.tts
    if not isinstance(table, NoSpeechSettings) and table.lexicon_file:
        counts = {code: len(words) for code, words in entries(settings.folder / table.lexicon_file, "").items()}
        languages = ", ".join(f"{count} {code}" for code, count in counts.items() if count)
        report.ok(f"the lexicon has {sum(counts.values())} entries" + (f": {languages}" if languages else ""))


def _without_caches(settings: Settings) -> Settings:
    """Take the caches out: a sentence that an engine said once must not speak for it now."""
    table = settings.pipeline.tts
    if isinstance(table, NoSpeechSettings):
        return settings
    uncached = table.fallback and table.fallback.model_copy(update={"cache": SpeechCacheSettings()})
    tts = table.model_copy(update={"cache": SpeechCacheSettings(), "fallback": uncached})
    return settings.model_copy(update={"pipeline": settings.pipeline.model_copy(update={"tts": tts})})


async def _speech(table: AnyVoiceSettings | NoSpeechSettings, stages: Stages, online: bool, report: Report) -> None:
    """Check each engine by itself, since a fallback would speak for one that is dead."""
    if isinstance(table, NoSpeechSettings):
        report.ok("speech is off: text and commands only")
    elif stages.speech is not None:
        tables = (table,) if table.fallback is None else (table, table.fallback)
        for each, speaker in zip(tables, stages.speech.speakers, strict=True):
            name = f"the {each.kind} voice" + (" of the fallback" if speaker.stands_in else "")
            alone = replace(stages, speech=replace(stages.speech, speakers=(Speaker(speaker.engine),)))
            await _voice(each, name, alone, online, report)


async def _voice(table: AnyVoiceSettings, name: str, stages: Stages, online: bool, report: Report) -> None:
    if isinstance(table, OpenAISpeechSettings) and not online:
        report.ok(f"{name} is asked with --online only")
        return
    clock = asyncio.get_running_loop().time
    began, first, seconds = clock(), 0.0, 0.0
    try:
        async with aclosing(recite(TEST_TEXT, Voice(), stages)) as chunks:
            async for chunk in chunks:
                seconds += seconds_of(chunk.pcm, chunk.sample_rate)
                first = first or clock() - began
    except StageError as error:
        cause = error.__cause__
        reason = why(cause) if isinstance(cause, SpeechFailed) else error.text
        report.failed(f"{name} does not speak: {error.status} {error.reason}: {reason}")
    else:
        report.ok(f"{name} speaks: {seconds:.1f} seconds, the first after {first * 1000:.0f} ms")


async def _turn(settings: Settings, stages: Stages, report: Report) -> None:
    """Try a turn through the custom stages, since some faults show only there. No server is asked."""
    kinds = {name: getattr(settings.pipeline, name).kind for name in ("llm", "segmenter", "commands")}
    if "custom" not in kinds.values():
        return
    if kinds["llm"] != "custom":
        stages = replace(stages, model=DemoModel(DemoModelOptions(reply="prose", delta_ms=0.0)))
    turn = Turn(session_id="check", prompt=TEST_PROMPT, hardware_id=HARDWARE_ID)
    try:
        async with asyncio.timeout(TURN_SECONDS), aclosing(run(turn, replace(stages, speech=None))) as events:
            count = len([event async for event in events])
    except TimeoutError:
        report.failed(f"a turn of the custom stages does not end within {TURN_SECONDS:.0f} seconds")
    except Exception as error:  # noqa: BLE001  (a custom stage may raise anything)
        report.failed(f"a turn of the custom stages fails: {_what(error)}")
    else:
        report.ok(f"a turn of the custom stages ends well, with {count} events")


def _what(error: Exception) -> str:
    text = f"{type(error).__name__}: {error}"
    frames = logs.frames(error) if not isinstance(error, OwnError) else []
    for frame in reversed([each for each in frames if not logs.is_ours(each.filename)] or frames):
        return f"{text} ({frame.filename}:{frame.lineno})"
    return text


async def _model(settings: Settings, target: str, report: Report) -> None:
    kind = settings.pipeline.llm.kind
    if kind == "demo":
        report.ok("nothing to ask online: the demo answers by rules, without a model")
        return
    if isinstance(settings.pipeline.llm, OpenAIModelSettings):
        await _probe(settings.pipeline.llm, settings, report)
    request = pb.StreamRequest(prompt="Hello.", hardware_id=HARDWARE_ID)
    total = 0.0
    try:
        async with aclosing(answer(target, request)) as messages:
            async for message in messages:
                total = message.end.total_ms
    except CallFailed as error:
        report.failed(f"the {kind} model does not answer: {error}")
    else:
        report.ok(f"the {kind} model answers: {total:.0f} ms in all")


async def _probe(table: OpenAIModelSettings, settings: Settings, report: Report) -> None:
    """Report what the model server can do. It must answer; everything else is optional."""
    from pipeline.llm.openai.probe import probe

    model = openai_model(table, settings.folder, settings.pipeline.commands)
    try:
        found = await probe(model)
    except StageError as error:
        seen = getattr(error, "seen", "")
        report.failed(f"the model {model.name}: {error.reason}: {error.text}" + (f" ({seen})" if seen else ""))
        return
    finally:
        await model.aclose()
    listed = "lists it" if found.lists(model.name) else f"lists {len(found.models)} models, not this one"
    report.ok(f"the model {model.name} answers: first word after {found.first_ms:.0f} ms; its server {listed}")
    report.ok("it counts tokens" if found.usage else "it does not count tokens")
    report.ok("it calls tools" if found.tools else "it did not call a tool: leave tools = false")
    report.ok("it takes images" if found.images else "it does not take images")


async def voices(settings: Settings) -> Sequence[Any]:
    """Return the voices of the configured engine, sorted by language: objects with ``name``, ``language``, ``gender``
    and ``engine``. Empty if the engine lists none.

    Raise SettingsError for an engine that cannot be built or started.
    """
    table = settings.pipeline.tts
    if isinstance(table, NoSpeechSettings):
        return ()
    if isinstance(table, EspeakSettings):
        table = EspeakSettings()  # settings that name a voice it does not have must not keep the list of them secret
    with blamed_on("pipeline.tts"):
        engine = speakers(table, settings.folder)[0].engine
        try:
            return sorted(await engine.voices(), key=_row)
        finally:
            await close(engine)


def _row(voice: Any) -> tuple[str, ...]:
    return tuple(one_line(str(getattr(voice, name, ""))) for name in ("language", "name", "gender", "engine"))


def voice_table(found: Sequence[Any]) -> Table:
    """Make columns without lines, since a screen reader would spell the lines out."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("Language", "Name", "Gender", "Engine"):
        table.add_column(name, overflow="fold")  # a name that is cut cannot be copied into the settings
    for voice in found:
        table.add_row(*map(Text, _row(voice)))
    return table
