"""The model of any server with OpenAI's ``/chat/completions``: https://platform.openai.com/docs/api-reference/chat."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Any

import structlog

from pipeline.events import EndReason, ModelEnd, ModelEvent, TextDelta, Usage
from pipeline.interfaces import Message, Turn
from pipeline.languages import base_tag, is_cyrillic
from pipeline.llm.openai import errors as upstream_errors
from pipeline.llm.openai.chat import ChatDecoder
from pipeline.llm.openai.connection import Connection
from pipeline.llm.openai.errors import ContentFiltered, ModelFailed
from pipeline.llm.openai.exchange import Answer, Server
from pipeline.llm.openai.keys import Key, key_of
from pipeline.llm.openai.marks import Marks
from pipeline.llm.openai.options import OpenAIModelOptions
from pipeline.llm.openai.prompt import PromptWriter
from pipeline.llm.openai.timers import TurnTimers

CONTENT_FILTER = {
    "en": ("The model's content filter did not let this be answered.", "The content filter stopped the answer here."),
    "ru": ("Фильтр модели не пропустил ответ на это.", "Здесь фильтр модели остановил ответ."),
}
"""The notice of a content filter, before anything was answered and after."""

log = structlog.get_logger(scope="model")


class OpenAIModel:
    """An ``Engine`` that streams answers from ``base_url`` + ``/chat/completions``.

    ``stream`` yields TextDelta and ToolCall as they come and then one ModelEnd. It raises StageError with the reason
    MODEL_REJECTED, MODEL_BUSY, MODEL_UNAVAILABLE, MODEL_TIMEOUT, MODEL_PROTOCOL_ERROR, INVALID_REQUEST (the prompt is
    too long even without its history) or INTERNAL; the error does not repeat what the server wrote. Before any content
    a request that may succeed is sent again, up to ``retries`` times. Nothing is read ahead of the reader. Closing the
    stream closes the connection.

    *key* gives the API key, else the command or the environment variable of *options* does. Without a key no
    Authorization is sent, as local servers expect. *clock* is that of ``Turn.deadline``. Raise ValueError for a URL, a
    header or a tool's name that cannot be used.
    """

    def __init__(
        self,
        options: OpenAIModelOptions,
        *,
        key: Key | None = None,
        retry_wait_seconds: float = 0.25,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = options.model
        self._options = options
        self._prompts = PromptWriter(options)
        self._marks = Marks(
            options.reasoning_marks,
            options.template_marks,
            starts_in_reasoning=options.starts_in_reasoning,
            names=options.commands,
        )
        headers = {"content-type": "application/json", "accept": "text/event-stream", **options.extra_headers}
        self._server = Server(
            Connection(options.base_url, headers, clock, proxy=options.proxy), key or key_of(options, clock)
        )
        self._retry_wait = retry_wait_seconds
        self._clock = clock

    def stream(self, turn: Turn) -> AsyncGenerator[ModelEvent, None]:
        """See the class."""
        return self.answer(turn)

    async def answer(self, turn: Turn, extra: Mapping[str, Any] | None = None) -> AsyncGenerator[ModelEvent, None]:
        """Do the same as ``stream``, with the keys of *extra* in the request body."""
        # No other generator is below this one: each generator that an event passes costs a third of decoding the event.
        async with AsyncExitStack() as stack:
            answer, events = await self._begin(stack, turn, extra)
            for event in events:
                yield event
            while answer is not None and not answer.over:
                for event in await answer.read():
                    yield event
            for event in _ending(answer, turn):
                yield event

    async def _begin(
        self, stack: AsyncExitStack, turn: Turn, extra: Mapping[str, Any] | None
    ) -> tuple[Answer | None, list[ModelEvent]]:
        """Return an answer, which *stack* closes, and its first events; no answer if a filter refused the prompt.

        Make further tries if they may succeed. Shorten the history at once if the request is too long. Raise StageError
        if no try gave any content.
        """
        timers = TurnTimers(self._options, turn.deadline, self._clock)
        histories = _shorter(turn.history)
        content = self._prompts.body(turn, extra)
        tries_left = self._options.retries
        while True:
            chat = ChatDecoder(self._marks, self._options.commands)
            try:
                async with AsyncExitStack() as trying:
                    reply = await trying.enter_async_context(self._server.ask(content, timers))
                    answer = Answer(reply, chat, timers, self._clock)
                    events: list[ModelEvent] = []
                    while not (events or answer.over):
                        events = await answer.read()
                    if not (chat.contents or chat.finish is EndReason.CONTENT_FILTER):
                        raise upstream_errors.unavailable("the language model gave no answer")
                    await stack.enter_async_context(trying.pop_all())
                    return answer, events
            except ContentFiltered:
                return None, []
            except ModelFailed as failed:
                if failed.reason == "INVALID_REQUEST" and histories and not chat.contents:
                    log.info("the history is shortened for the model", decision="shorten", model=self.name)
                    content = self._prompts.body(replace(turn, history=histories.pop(0)), extra)
                    continue
                wait = self._wait(failed, timers)
                if chat.contents or not tries_left or wait is None:
                    raise
                log.info("the model is tried again", decision="retry", reason=failed.reason, model=self.name)
            tries_left -= 1
            await asyncio.sleep(wait)

    async def models(self) -> tuple[str, ...]:
        """Return the names of the server's models, none if it gives no list. Raise what ``stream`` raises."""
        return await self._server.models(TurnTimers(self._options, None, self._clock))

    async def start(self) -> None:
        """See Engine. Connections are opened when they are needed."""

    async def aclose(self) -> None:
        """Close all connections and the key."""
        await self._server.aclose()

    def _wait(self, failed: ModelFailed, timers: TurnTimers) -> float | None:
        """Return the seconds before the next try: those that the server asks for, else a short time with jitter.

        Return None if another try would not help or would come too late.
        """
        wait = max(failed.wait or 0.0, self._retry_wait * random.uniform(0.5, 1.5))
        return wait if failed.again and wait < timers.left().seconds else None


def _shorter(history: tuple[Message, ...]) -> list[tuple[Message, ...]]:
    """Return shorter histories to try: the newer half of the turns, then none."""
    half = len(history) // 4 * 2
    return ([history[-half:]] if half else []) + ([()] if history else [])


def _ending(answer: Answer | None, turn: Turn) -> list[ModelEvent]:
    """Return the last events of an answer that is over."""
    reason = (answer.chat.finish or EndReason.COMPLETE) if answer else EndReason.CONTENT_FILTER
    end = ModelEnd(reason, answer.chat.usage if answer else Usage())
    if reason is not EndReason.CONTENT_FILTER:
        return [end]
    russian = base_tag(turn.language) == "ru" if turn.language else is_cyrillic(turn.prompt)
    before, after = CONTENT_FILTER["ru" if russian else "en"]
    return [TextDelta(f"\n\n{after}" if answer and answer.chat.contents else before, apart=True), end]
