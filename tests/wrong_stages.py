"""Custom stages that are plainly wrong, each in one way: named in the settings file like any other."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

from pipeline.errors import StageError
from pipeline.events import Command, JsonBlock, ModelEnd, Sentence, TextDelta, ToolCall

TEXT = '{"command": "open", "args": {}} Hello there. '


def stage(**methods: Any) -> Callable[[], Any]:
    """A factory of a stage with these functions as its methods."""
    functions = {name: staticmethod(value) if callable(value) else value for name, value in methods.items()}
    return type("Stage", (), functions)


async def good_stream(turn: Any) -> AsyncIterator[Any]:
    yield TEXT


async def good_speech(text: str, voice: Any) -> AsyncIterator[bytes]:
    yield bytes(3200)


def yields(*items: Any) -> Callable[[Any], AsyncIterator[Any]]:
    async def stream(turn: Any) -> AsyncIterator[Any]:
        for item in items:
            yield item

    return stream


def says(*pieces: Any) -> Callable[[str, Any], AsyncIterator[Any]]:
    async def synthesize(text: str, voice: Any) -> AsyncIterator[Any]:
        for piece in pieces:
            yield piece

    return synthesize


async def coroutine(*_: Any) -> Any:
    return None


async def raises(turn: Any) -> Any:
    raise StageError("NOT_FOUND", "MY_OWN", "my own words")


def generator(*_: Any) -> Iterator[Any]:
    yield "Hello."


async def async_generator(*_: Any) -> AsyncIterator[Any]:
    yield Sentence(0, "Hello.")


def gives(value: Any) -> Callable[..., Any]:
    def method(*_: Any) -> Any:
        return value() if callable(value) else value

    return method


def nothing() -> None: ...


def leaves(*_: Any) -> Any:
    raise SystemExit("no key")


async def cancels() -> None:
    raise asyncio.CancelledError


class Called:
    async def __call__(self, turn: Any) -> str:
        return "Hello."


class NoIterator:
    def __aiter__(self) -> Any:
        return 5


def voice(**methods: Any) -> Callable[[], Any]:
    return stage(**{"sample_rate": 16000, "synthesize": good_speech, **methods})


def cutter(**methods: Any) -> Callable[[], Any]:
    return stage(**{"feed": gives(()), "flush": gives(()), **methods})


def extractor(extract: Any) -> Callable[[], Any]:
    return stage(extract=extract)


WRONG: dict[str, tuple[str, Any, str]] = {
    # The stage, its factory, and what the line must say.
    "model_coroutine": ("llm", stage(stream=coroutine), "stream(turn): it must be an async generator"),
    "model_raises_only": ("llm", stage(stream=raises), "stream(turn): it must be an async generator"),
    "model_generator": ("llm", stage(stream=generator), "stream(turn): it must be an async generator"),
    "model_no_parameter": ("llm", stage(stream=lambda: good_stream(None)), "it is called as stream(turn)"),
    "model_two_parameters": ("llm", stage(stream=lambda turn, more: good_stream(turn)), "it is called as stream(turn)"),
    "model_keyword": ("llm", stage(stream=lambda *, turn: good_stream(turn)), "it is called as stream(turn)"),
    "model_other_name": ("llm", stage(generate=good_stream), "has no stream"),
    "model_text": ("llm", stage(stream="Hello."), "wrong stream: it must be a method, not str"),
    "model_list": ("llm", stage(stream=["Hello."]), "wrong stream: it must be a method, not list"),
    "model_none": ("llm", stage(stream=None), "has no stream"),
    "model_factory_stream": ("llm", good_stream, "must be a class or a plain function"),
    "model_factory_coroutine": ("llm", coroutine, "must be a class or a plain function"),
    "model_factory_generator": ("llm", generator, "must be a class or a plain function"),
    "model_factory_none": ("llm", nothing, "has no stream"),
    "model_factory_class": ("llm", gives(lambda: SimpleNamespace), "must give an object, not the class"),
    "model_close": ("llm", stage(stream=good_stream, aclose=nothing), "aclose(): it must be a coroutine"),
    "model_close_generator": ("llm", stage(stream=good_stream, aclose=generator), "aclose(): it must be a coroutine"),
    "model_start": ("llm", stage(stream=good_stream, start=nothing), "start(): it must be a coroutine"),
    "model_start_generator": ("llm", stage(stream=good_stream, start=async_generator), "start(): it must be a coro"),
    "model_start_exit": ("llm", stage(stream=good_stream, start=AsyncMock(side_effect=leaves)), "SystemExit: no key"),
    "model_start_cancel": ("llm", stage(stream=good_stream, start=cancels), "CancelledError"),
    "model_exit": ("llm", leaves, "cannot be built with these options: SystemExit: no key"),
    "model_called": ("llm", stage(stream=property(lambda _: Called())), "stream(turn): it must be an async generator"),
    "model_property": ("llm", stage(stream=property(lambda _: 1 / 0)), "to read it raises ZeroDivisionError"),
    "model_no_iterator": ("llm", stage(stream=gives(NoIterator)), "pipeline.llm: stream must be an async generator"),
    "model_returns_text": ("llm", stage(stream=gives("Hello.")), "pipeline.llm: stream must be an async generator"),
    "model_returns_list": ("llm", stage(stream=gives(list)), "pipeline.llm: stream must be an async generator"),
    "model_returns_none": ("llm", stage(stream=gives(None)), "pipeline.llm: stream must be an async generator"),
    "model_returns_generator": ("llm", stage(stream=gives(generator)), "pipeline.llm: stream must be an async"),
    "model_returns_coroutine": ("llm", stage(stream=gives(coroutine)), "pipeline.llm: stream must be an async"),
    "model_yields_bytes": ("llm", stage(stream=yields(b"Hello.")), "pipeline.llm: stream must yield str"),
    "model_yields_number": ("llm", stage(stream=yields(1)), "pipeline.llm: stream must yield str"),
    "model_yields_none": ("llm", stage(stream=yields(None)), "pipeline.llm: stream must yield str"),
    "model_yields_dict": ("llm", stage(stream=yields({"text": "Hi."})), "pipeline.llm: stream must yield str"),
    "model_yields_list": ("llm", stage(stream=yields(["Hi."])), "pipeline.llm: stream must yield str"),
    "model_yields_sentence": ("llm", stage(stream=yields(Sentence(0, "Hi."))), "pipeline.llm: stream must yield str"),
    "model_yields_delta": ("llm", stage(stream=yields(TextDelta(None))), "pipeline.llm: stream must yield str"),  # type: ignore[arg-type]
    "model_reason": ("llm", stage(stream=yields("Hi.", ModelEnd("stop"))), "the reason of a ModelEnd must be one of"),  # type: ignore[arg-type]
    "model_usage": ("llm", stage(stream=yields("Hi.", ModelEnd(usage={1: 2}))), "the usage of a ModelEnd must be"),  # type: ignore[arg-type]
    "segmenter_coroutine": ("segmenter", cutter(feed=coroutine), "feed(text): it must be a plain function"),
    "segmenter_async": ("segmenter", cutter(feed=async_generator), "feed(text): it must be a plain function"),
    "segmenter_flush": ("segmenter", cutter(flush=coroutine), "flush(): it must be a plain function"),
    "segmenter_release": ("segmenter", cutter(release=coroutine), "release(): it must be a plain function"),
    "segmenter_no_flush": ("segmenter", stage(feed=gives(())), "has no flush"),
    "segmenter_no_parameter": ("segmenter", cutter(feed=lambda: ()), "it is called as feed(text)"),
    "segmenter_flush_parameter": ("segmenter", cutter(flush=lambda text: ()), "it is called as flush()"),
    "segmenter_nothing": ("segmenter", cutter(), "pipeline.segmenter: feed and flush gave nothing"),
    "segmenter_blank": ("segmenter", cutter(feed=gives(lambda: [Sentence(0, " ")])), "feed and flush gave nothing"),
    "segmenter_none": ("segmenter", cutter(feed=gives(None)), "pipeline.segmenter: feed must give an iterable of"),
    "segmenter_flush_none": ("segmenter", cutter(flush=gives(None)), "pipeline.segmenter: flush must give an iterable"),
    "segmenter_text": ("segmenter", cutter(feed=gives("Hello.")), "pipeline.segmenter: feed must give an iterable of"),
    "segmenter_texts": ("segmenter", cutter(feed=gives(lambda: ["Hi."])), "pipeline.segmenter: feed must give an"),
    "segmenter_command": ("segmenter", cutter(flush=gives(lambda: [Command("a", {})])), "flush must give an iterable"),
    "segmenter_number": ("segmenter", cutter(flush=gives(7)), "pipeline.segmenter: flush must give an iterable of"),
    "segmenter_no_text": ("segmenter", cutter(feed=gives(lambda: [Sentence(0, None)])), "feed must give a Sentence of"),  # type: ignore[arg-type]
    "segmenter_no_raw": ("segmenter", cutter(feed=gives(lambda: [JsonBlock(b"{}")])), "feed must give a JsonBlock of"),  # type: ignore[arg-type]
    "commands_coroutine": ("commands", extractor(coroutine), "extract(block): it must be a plain function"),
    "commands_generator": ("commands", extractor(generator), "extract(block): it must be a plain function"),
    "commands_async": ("commands", extractor(async_generator), "extract(block): it must be a plain function"),
    "commands_no_parameter": ("commands", extractor(lambda: None), "it is called as extract(block)"),
    "commands_other_name": ("commands", stage(parse=gives(None)), "has no extract"),
    "commands_dict": ("commands", extractor(gives(lambda: {"command": "a"})), "pipeline.commands: extract must give"),
    "commands_text": ("commands", extractor(gives("open")), "pipeline.commands: extract must give Command or None"),
    "commands_true": ("commands", extractor(gives(True)), "pipeline.commands: extract must give Command or None"),
    "commands_tool": ("commands", extractor(gives(ToolCall("a", ""))), "pipeline.commands: extract must give Command"),
    "commands_late": ("commands", extractor(gives(coroutine)), "pipeline.commands: extract must give Command or None"),
    "commands_name": ("commands", extractor(gives(Command(None, {}))), "extract must give a Command whose name is"),  # type: ignore[arg-type]
    "commands_args": ("commands", extractor(gives(Command("a", [1]))), "extract must give a Command whose args JSON"),  # type: ignore[arg-type]
    "commands_no_json": ("commands", extractor(gives(Command("a", {"x": {1}}))), "a Command whose args JSON can hold"),
    "voice_coroutine": ("tts", voice(synthesize=coroutine), "synthesize(text, voice): it must be an async generator"),
    "voice_generator": ("tts", voice(synthesize=generator), "synthesize(text, voice): it must be an async generator"),
    "voice_one_parameter": ("tts", voice(synthesize=lambda text: None), "it is called as synthesize(text, voice)"),
    "voice_no_rate": ("tts", stage(synthesize=good_speech), "has no sample_rate"),
    "voice_rate": ("tts", voice(sample_rate="16000"), "sample_rate is '16000'"),
    "voice_no_synthesize": ("tts", stage(sample_rate=16000), "has no synthesize"),
    "voice_reads_in": ("tts", voice(reads_in=coroutine), "reads_in(text, voice): it must be a plain function"),
    "voice_knows": ("tts", voice(knows=coroutine), "knows(name): it must be a plain function"),
    "voice_fits": ("tts", voice(fits=nothing), "it is called as fits(text, voice)"),
    "voice_start": ("tts", voice(start=nothing), "start(): it must be a coroutine"),
    "voice_voices": ("tts", voice(voices=gives(list)), "voices(): it must be a coroutine"),
    "voice_marks": ("tts", voice(synthesize_marked=coroutine), "synthesize_marked(text, voice): it must be an async"),
    "voice_close": ("tts", voice(aclose=nothing), "aclose(): it must be a coroutine"),
    "voice_function_coroutine": ("tts", coroutine, "must be a class or an async generator"),
    "voice_function_generator": ("tts", generator, "must be a class or an async generator"),
    "voice_returns_bytes": ("tts", voice(synthesize=gives(b"\0\0")), "pipeline.tts: synthesize must be an async"),
    "voice_returns_none": ("tts", voice(synthesize=gives(None)), "pipeline.tts: synthesize must be an async generator"),
    "voice_yields_text": ("tts", voice(synthesize=says("sound")), "pipeline.tts: synthesize must yield bytes, not str"),
    "voice_yields_list": ("tts", voice(synthesize=says([0, 0])), "pipeline.tts: synthesize must yield bytes, not list"),
}
voices_number = voice(voices=AsyncMock(return_value=5))
voices_exit = voice(voices=AsyncMock(side_effect=leaves))
globals().update({name: factory for name, (_, factory, _) in WRONG.items()})


class Model:
    """Writes a command and a sentence."""

    async def stream(self, turn: Any) -> AsyncIterator[str]:
        await asyncio.sleep(0)
        yield TEXT
