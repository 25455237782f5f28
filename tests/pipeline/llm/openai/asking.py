"""How the tests of the model stage ask: one model, one turn, everything that came of it."""

from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from app.settings.stages import OpenAIModelSettings
from app.stages.options import options
from pipeline.errors import StageError
from pipeline.events import ModelEnd, TextDelta, ToolCall
from pipeline.interfaces import Turn
from pipeline.llm.openai.chat import ChatDecoder
from pipeline.llm.openai.marks import Marks
from pipeline.llm.openai.model import OpenAIModel
from pipeline.llm.openai.options import OpenAIModelOptions, Schema
from tests.fakes import PATIENCE
from tests.pipeline.llm.openai.hostile_server import HostileServer, Reply, hostile

TURN = Turn("s", "Hello")

QUICK: dict[str, Any] = {
    "connect_timeout_seconds": PATIENCE,
    "first_content_timeout_seconds": PATIENCE,
    "stall_timeout_seconds": PATIENCE,
    "total_timeout_seconds": 2 * PATIENCE,
}

OTHER = {"key", "retry_wait_seconds", "clock"}
"""What a model takes beside its options."""


def model_options(commands: Mapping[str, Schema | None] | None = None, **settings: Any) -> OpenAIModelOptions:
    """The options of these settings; the others have their defaults."""
    table = OpenAIModelSettings(**{"base_url": "http://127.0.0.1:1/v1", "model": "m", **settings})
    return options(OpenAIModelOptions, table, commands=commands or {})


def marks(*names: str, **changes: Any) -> Marks:
    """The marks of a model with these settings, which was told of the commands *names*."""
    table = model_options(**changes)
    starts = table.starts_in_reasoning
    return Marks(table.reasoning_marks, table.template_marks, starts_in_reasoning=starts, names=names)


def new_decoder(*names: str, **changes: Any) -> ChatDecoder:
    """A decoder for a model that was told of the commands *names*."""
    return ChatDecoder(marks(*names, **changes), names)


def made(**settings: Any) -> OpenAIModel:
    """A model of these settings, which waits patiently; *settings* may name what a model takes beside its options."""
    other = {"retry_wait_seconds": 0.005, **{name: settings.pop(name) for name in OTHER & settings.keys()}}
    return OpenAIModel(model_options(**{**QUICK, **settings}), **other)


@dataclass
class Outcome:
    """What one turn gave."""

    events: list[Any] = field(default_factory=list)
    error: StageError | None = None

    @property
    def text(self) -> str:
        return "".join(event.text for event in self.events if isinstance(event, TextDelta))

    @property
    def calls(self) -> list[ToolCall]:
        return [event for event in self.events if isinstance(event, ToolCall)]

    @property
    def end(self) -> ModelEnd | None:
        return self.events[-1] if self.events and isinstance(self.events[-1], ModelEnd) else None

    @property
    def ending(self) -> tuple[str, str]:
        """The status and the reason; OK and the reason of ModelEnd."""
        if self.error is not None:
            return self.error.status, self.error.reason
        assert self.end is not None
        return "OK", str(self.end.reason)


async def ask(model: Any, turn: Turn = TURN) -> Outcome:
    """Read one answer to its end."""
    outcome = Outcome()
    try:
        async with aclosing(model.stream(turn)) as events:
            async for event in events:
                outcome.events.append(event)
    except StageError as error:
        outcome.error = error
    return outcome


@asynccontextmanager
async def asking(
    *replies: Reply, model: str = "m", **settings: Any
) -> AsyncIterator[tuple[OpenAIModel, HostileServer]]:
    """A model and the hostile server that plays *replies* to it, one for each request."""
    async with (
        hostile({model: replies} if replies else {}) as server,
        aclosing(made(**{"base_url": server.url, "model": model, **settings})) as asked,
    ):
        yield asked, server
