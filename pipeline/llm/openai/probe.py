"""Finds out what a model server can do, for ``stentor check --online``."""

import time
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any

from pipeline.errors import StageError
from pipeline.events import ModelEnd, TextDelta, ToolCall, Usage
from pipeline.interfaces import Screenshot, Turn
from pipeline.llm.openai.model import OpenAIModel

QUESTION = "Answer with the single word: ready."
TOOL_QUESTION = "Call the tool open_app for the app Notes. Write nothing."
IMAGE_QUESTION = "Which colour is this image? Answer with one word."

TOOL: Mapping[str, Any] = {
    "type": "function",
    "function": {
        "name": "open_app",
        "parameters": {"type": "object", "properties": {"app_name": {"type": "string"}}, "required": ["app_name"]},
    },
}

IMAGE = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000020000000200802000000fc18eda3000000274944415478daedcdb10900"
    "0008c0b0feffb45ee12004b2a7a953090402814020100804822fc10232c3fc2e70fd233d0000000049454e44ae426082"
)
"""A PNG of 32 x 32 red pixels."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a model server did.

    ``models``: the names that it lists; empty if it gives no list.
    ``first_ms``, ``total_ms``: the times to the first word and to the end of a short answer.
    ``usage``: it counts tokens.
    ``tools``: the model called a tool when it was told to.
    ``images``: it accepted an image.
    """

    models: tuple[str, ...]
    first_ms: float
    total_ms: float
    usage: bool
    tools: bool
    images: bool

    def lists(self, name: str) -> bool:
        """Tell whether *name* is one of the models. Gemini lists ``models/NAME``, Ollama ``NAME:latest``; both accept
        the bare name.
        """
        return _bare(name) in map(_bare, self.models)


async def probe(model: OpenAIModel) -> Found:
    """Ask for the list of models and for three short answers: plain, with a tool, with an image.

    Raise StageError if the plain answer fails. The others may fail: only some servers can give them.
    """
    began = time.monotonic()
    first, usage = 0.0, Usage()
    async with aclosing(model.answer(Turn("check", QUESTION))) as events:
        async for event in events:
            first = first or time.monotonic() - began
            usage = event.usage if isinstance(event, ModelEnd) else usage
    total = time.monotonic() - began
    return Found(
        models=await _models(model),
        first_ms=first * 1000,
        total_ms=total * 1000,
        usage=usage != Usage(),
        tools=await _gives(model, Turn("check", TOOL_QUESTION), ToolCall, {"tools": [TOOL]}),
        images=await _gives(model, Turn("check", IMAGE_QUESTION, screenshot=Screenshot(IMAGE, "image/png")), TextDelta),
    )


def _bare(name: str) -> str:
    return name.removeprefix("models/").removesuffix(":latest")


async def _models(model: OpenAIModel) -> tuple[str, ...]:
    try:
        return await model.models()
    except StageError:
        return ()


async def _gives(
    model: OpenAIModel, turn: Turn, kind: type[TextDelta | ToolCall], extra: Mapping[str, Any] | None = None
) -> bool:
    try:
        async with aclosing(model.answer(turn, extra)) as events:
            return bool([event async for event in events if isinstance(event, kind)])
    except StageError:
        return False
