"""One request and the reading of its answer."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx2
import structlog

from pipeline.events import ModelEvent, Usage
from pipeline.llm import upstream_errors
from pipeline.llm.body import BodyDecoder
from pipeline.llm.chat import ChatDecoder
from pipeline.llm.connection import Connection, pieces, whole
from pipeline.llm.keys import Key
from pipeline.llm.sse import MAX_EVENT_BYTES
from pipeline.llm.timers import TurnTimers, ran_out
from pipeline.llm.upstream_errors import ModelFailed

USAGE_SECONDS = 0.25
"""After the finish reason, for the chunk with the usage. A server that is silent then has still said everything."""

CLOSE_SECONDS = 0.05
"""After that, or ``[DONE]``, for the end of the body: a connection that was read to its end serves the next turn."""

ERROR_SECONDS = 2.0
MAX_ERROR_BYTES = 65536
"""For the body that explains an error status."""

log = structlog.get_logger(scope="model")


class Server:
    """A model server: how it is reached and with which key."""

    def __init__(self, connection: Connection, key: Key) -> None:
        self._connection = connection
        self._key = key

    @asynccontextmanager
    async def ask(self, content: bytes, timers: TurnTimers) -> AsyncIterator[httpx2.Response]:
        """The response to a chat request, which was accepted; its body is not read yet. Raises ModelFailed and
        ContentFiltered. A key that is refused is asked for anew once.
        """
        key = await self._get_key(timers)
        for _ in range(2):
            async with self._connection.send("POST", "chat/completions", key, timers, content) as response:
                if response.is_success:
                    yield response
                    return
                other = await self._get_key(timers, key) if response.status_code == 401 else key
                if other == key:
                    raise await _refusal(response, timers, key)
            key = other
        raise upstream_errors.rejected()

    async def models(self, timers: TurnTimers) -> tuple[str, ...]:
        """The names of the models; none where the server gives no list. Raises ModelFailed."""
        key = await self._get_key(timers)
        async with self._connection.send("GET", "models", key, timers) as response:
            if not response.is_success:
                raise await _refusal(response, timers, key)
            body = await whole(response, timers.left, MAX_EVENT_BYTES)
        try:
            return tuple(str(item["id"]) for item in json.loads(body)["data"])
        except (ValueError, RecursionError, LookupError, TypeError):
            return ()

    async def aclose(self) -> None:
        """Close every connection."""
        await self._connection.aclose()

    async def _get_key(self, timers: TurnTimers, refused: str = "") -> str:
        left = timers.left()
        try:
            async with asyncio.timeout(left.seconds):
                return await self._key.get(refused)
        except TimeoutError:
            raise ran_out(left) from None
        except ConnectionError:
            raise upstream_errors.unavailable("there is no key for the language model") from None


async def events_of(
    response: httpx2.Response, timers: TurnTimers, chat: ChatDecoder, clock: Callable[[], float]
) -> AsyncGenerator[ModelEvent, None]:
    """What *chat* makes of the body, as it comes; returns when the model has said that it is done, be it that the
    server then says no more. Raises ModelFailed and ContentFiltered; an end without a finish reason is a failure.
    """
    try:
        async with aclosing(_documents(response, timers, chat, clock)) as found:
            async for documents in found:
                for data in documents:
                    for event in chat.feed(data):
                        yield event
    except ModelFailed:
        if not _ending(chat):
            raise
    if chat.finish is None:
        raise upstream_errors.cut_off()


async def _documents(
    response: httpx2.Response, timers: TurnTimers, chat: ChatDecoder, clock: Callable[[], float]
) -> AsyncGenerator[list[bytes], None]:
    """The documents that each piece of the body completes; *chat* is expected to be fed with them. Keeps the timers."""
    body = BodyDecoder()
    wait = timers.left
    ending = 0
    async with aclosing(pieces(response, lambda: wait())) as found:
        async for piece in found:
            arrived, contents = clock(), chat.contents
            yield body.feed(piece)
            timers.reader_was_busy(clock() - arrived)
            if chat.contents > contents:
                timers.content()
            if _ending(chat) > ending:
                ending = _ending(chat)
                wait = timers.within(USAGE_SECONDS if ending == 1 else CLOSE_SECONDS)
    yield body.flush()


def _ending(chat: ChatDecoder) -> int:
    """0: the answer goes on. 1: it is complete but for its usage. 2: nothing more is of interest."""
    if chat.done:
        return 2
    if chat.finish is None:
        return 0
    return 1 if chat.usage == Usage() else 2


async def _refusal(response: httpx2.Response, timers: TurnTimers, key: str) -> ModelFailed:
    """The failure that an error status stands for. Its body explains it; it is shown in the log at DEBUG only."""
    try:
        raw = await whole(response, timers.within(ERROR_SECONDS), MAX_ERROR_BYTES)
    except ModelFailed:
        raw = b""
    said = raw[:2000].decode(errors="replace")
    log.debug("the model refuses", status=response.status_code, said=said.replace(key, "…") if key else said)
    try:
        body: Any = json.loads(raw)
    except (ValueError, RecursionError):
        body = None
    return upstream_errors.by_status(response.status_code, body, upstream_errors.retry_after(response.headers))
