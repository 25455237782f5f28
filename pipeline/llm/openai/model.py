"""Any server with OpenAI's ``/chat/completions``: https://platform.openai.com/docs/api-reference/chat."""

import asyncio
import random
import time
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, aclosing
from dataclasses import replace
from typing import Any

import structlog

from pipeline.errors import StageError
from pipeline.events import EndReason, ModelEnd, ModelEvent, TextDelta
from pipeline.flow import closing
from pipeline.interfaces import Message, Model, Turn
from pipeline.languages import base_tag, is_cyrillic
from pipeline.llm.openai import errors as upstream_errors
from pipeline.llm.openai.chat import ChatDecoder
from pipeline.llm.openai.connection import Connection
from pipeline.llm.openai.errors import ContentFiltered, ModelFailed
from pipeline.llm.openai.exchange import Answer, Server
from pipeline.llm.openai.keys import CommandKey, EnvironmentKey, Key
from pipeline.llm.openai.prompt import PromptWriter, Schema
from pipeline.llm.openai.timers import ModelLimits, TurnTimers

CONTENT_FILTER = {
    "en": ("The model's content filter did not let this be answered.", "The content filter stopped the answer here."),
    "ru": ("Фильтр модели не пропустил ответ на это.", "Здесь фильтр модели остановил ответ."),
}
"""What is said of a content filter: before anything was answered, and after."""

log = structlog.get_logger(scope="model")


class OpenAIModel:
    """Streams answers from ``base_url`` + ``/chat/completions``.

    ``stream`` gives TextDelta and ToolCall as they come and then one ModelEnd, or raises StageError with a reason of
    MODEL_REJECTED, MODEL_BUSY, MODEL_UNAVAILABLE, MODEL_TIMEOUT, MODEL_PROTOCOL_ERROR, INVALID_REQUEST (too long for
    the model, also without its history) or INTERNAL; nothing that the server said is in its text. Closing the stream
    closes the connection; nothing is read ahead of the reader. Before any content up to *retries* further tries are
    made where that may help, then *fallback* takes over after any MODEL_ failure.

    The keywords are the settings' keys. The key is that of *key*, else what *api_key_command* prints (kept for
    *api_key_seconds*), else the variable *api_key_env*; without one no Authorization is sent, as local servers like it.
    *commands*: the allowed ones with their JSON Schemas. *clock*: what ``Turn.deadline`` counts in. ValueError for a
    URL, a header or a tool's name that cannot be used.
    """

    def __init__(
        self,
        *,
        base_url: str,
        model: str,
        api_key_env: str = "OPENAI_API_KEY",
        api_key_command: Sequence[str] = (),
        api_key_seconds: float = 600.0,
        key: Key | None = None,
        system_prompt: str | None = None,
        temperature: float | None = None,
        max_tokens: int | None = None,
        extra_headers: Mapping[str, str] | None = None,
        extra_body: Mapping[str, Any] | None = None,
        tools: bool = False,
        commands: Mapping[str, Schema | None] | None = None,
        connect_timeout_seconds: float = 5.0,
        first_content_timeout_seconds: float = 20.0,
        stall_timeout_seconds: float = 10.0,
        total_timeout_seconds: float = 120.0,
        retries: int = 1,
        retry_wait_seconds: float = 0.25,
        proxy: str = "",
        fallback: Model | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name = model
        self._prompts = PromptWriter(
            model,
            system_prompt=system_prompt,
            commands=commands,
            tools=tools,
            temperature=temperature,
            max_tokens=max_tokens,
            extra_body=extra_body,
        )
        self._environment_key = EnvironmentKey(api_key_env)
        command = CommandKey(api_key_command, api_key_seconds, clock) if api_key_command else None
        self._key: Key = key or command or self._environment_key
        headers = {"content-type": "application/json", "accept": "text/event-stream", **(extra_headers or {})}
        self._server = Server(Connection(base_url, headers, clock, proxy=proxy), self._key)
        self._limits = ModelLimits(
            connect=connect_timeout_seconds,
            first_content=first_content_timeout_seconds,
            stall=stall_timeout_seconds,
            total=total_timeout_seconds,
        )
        self._retries = retries
        self._retry_wait = retry_wait_seconds
        self._fallback = fallback
        self._clock = clock

    @property
    def api_key_missing(self) -> bool:
        """Whether the key is to come from an environment variable that is not set."""
        return self._key is self._environment_key and self._environment_key.missing

    def stream(self, turn: Turn) -> AsyncGenerator[ModelEvent | str, None]:
        """The answer to *turn*; see the class."""
        return self.answer(turn) if self._fallback is None else self._with_fallback(turn, self._fallback)

    async def _with_fallback(self, turn: Turn, fallback: Model) -> AsyncGenerator[ModelEvent | str, None]:
        answering = False
        try:
            async with aclosing(self.answer(turn)) as events:
                async for event in events:
                    answering = True
                    yield event
        except StageError as failed:
            if answering or not failed.reason.startswith("MODEL_"):
                raise
            log.warning("the fallback takes over", decision="fallback", reason=failed.reason, model=self.name)
        else:
            return
        source = fallback.stream(turn)
        async with closing(source) as others:
            async for other in others:
                yield other

    async def answer(self, turn: Turn, extra: Mapping[str, Any] | None = None) -> AsyncGenerator[ModelEvent, None]:
        """The same without the fallback. *extra*: put over the request body of this turn."""
        # Below this there is no other generator: each one that an event passes costs a third of what its decoding does.
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
        """An answer, which *stack* closes, and its first events, by as many tries as it takes and is worth; what is too
        long is asked at once with less of its history. No answer where a filter refused the question. Raises StageError
        for one that failed before it gave any.
        """
        timers = TurnTimers(self._limits, turn.deadline, self._clock)
        histories = _shorter(turn.history)
        content = self._prompts.body(turn, extra)
        tries_left = self._retries
        while True:
            chat = ChatDecoder()
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
        """The names of the server's models, none where it gives no list. Raises as ``stream`` does."""
        return await self._server.models(TurnTimers(self._limits, None, self._clock))

    async def aclose(self) -> None:
        """Close all connections, and the key and the fallback where they can be closed."""
        await self._server.aclose()
        for part in (self._key, self._fallback):
            close = getattr(part, "aclose", None)
            if close is not None:
                await close()

    def _wait(self, failed: ModelFailed, timers: TurnTimers) -> float | None:
        """Seconds before the next try: what the server asks for, else a short time with jitter. None: no try any more,
        because it would not help or would come too late.
        """
        wait = max(failed.wait or 0.0, self._retry_wait * random.uniform(0.5, 1.5))
        return wait if failed.again and wait < timers.left().seconds else None


def _shorter(history: tuple[Message, ...]) -> list[tuple[Message, ...]]:
    """What is left of *history* where it is too much: the newer half of its turns, then nothing."""
    half = len(history) // 4 * 2
    return ([history[-half:]] if half else []) + ([()] if history else [])


def _ending(answer: Answer | None, turn: Turn) -> list[ModelEvent]:
    """What follows an answer that is over."""
    chat = answer.chat if answer else ChatDecoder()
    reason = (chat.finish or EndReason.COMPLETE) if answer else EndReason.CONTENT_FILTER
    end = ModelEnd(reason, chat.usage)
    if reason is not EndReason.CONTENT_FILTER:
        return [end]
    return [TextDelta(_content_filter(turn, bool(chat.contents)), apart=True), end]


def _content_filter(turn: Turn, answered: bool) -> str:
    """The notice in the turn's language; where none is asked for, in the script of the prompt."""
    russian = base_tag(turn.language) == "ru" if turn.language else is_cyrillic(turn.prompt)
    before, after = CONTENT_FILTER["ru" if russian else "en"]
    return f"\n\n{after}" if answered else before
