"""Asks a model server, and reads its answer to the end."""

import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import structlog

from pipeline.events import EndReason, ModelEvent, Usage
from pipeline.http import Reply, retry_after
from pipeline.llm.openai import errors as upstream_errors
from pipeline.llm.openai.body import BodyDecoder
from pipeline.llm.openai.chat import ChatDecoder
from pipeline.llm.openai.connection import Connection, read, read_all
from pipeline.llm.openai.errors import ContentFiltered, ModelFailed
from pipeline.llm.openai.keys import Key, no_key
from pipeline.llm.openai.sse import MAX_EVENT_BYTES
from pipeline.llm.openai.timers import TurnTimers, ran_out
from pipeline.time_limit import time_limit

USAGE_SECONDS = 0.25
"""How long to wait for the usage after the finish reason. A server that is silent then has still said everything."""

CLOSE_SECONDS = 0.05
"""How long to wait for the end of the body after that. A connection that was read to its end serves the next turn."""

ERROR_SECONDS = 2.0
MAX_ERROR_BYTES = 65536
MAX_WORDS = 2000

CHAT = "chat/completions"

NOT_AN_ANSWER = frozenset({"MODEL_REJECTED", "MODEL_BUSY", "MODEL_PROTOCOL_ERROR", "INVALID_REQUEST", "INTERNAL"})
"""Reasons that an answer with status 200 may have."""

"""Limits of the body that explains an error status."""

VERSION = re.compile(r"/v\d")

log = structlog.get_logger(scope="model")


class Server:
    """A model server: its connection and its key."""

    def __init__(self, connection: Connection, key: Key) -> None:
        self._connection = connection
        self._key = key

    @asynccontextmanager
    async def ask(self, content: bytes, timers: TurnTimers) -> AsyncIterator[Reply]:
        """Send a chat request, and give the reply if the request was accepted. Its body is not read yet.

        A key that is refused is got anew once. Raise ModelFailed and ContentFiltered.
        """
        key = await self._get_key(timers)
        for _ in range(2):
            async with self._connection.send("POST", CHAT, key, timers, content) as reply:
                if reply.is_success:
                    try:
                        yield reply
                    except ModelFailed as failed:
                        if failed.reason in NOT_AN_ANSWER:
                            self._refused(reply.status, CHAT, failed)
                        raise
                    return
                other = await self._get_key(timers, key) if reply.status == 401 else key
                if other == key:
                    raise await self._refusal(CHAT, reply, timers, key)
            key = other
        raise upstream_errors.rejected()

    async def models(self, timers: TurnTimers) -> tuple[str, ...]:
        """Return the names of the models; none if the server gives no list. Raise ModelFailed."""
        key = await self._get_key(timers)
        async with self._connection.send("GET", "models", key, timers) as reply:
            if not reply.is_success:
                raise await self._refusal("models", reply, timers, key)
            body = await read_all(reply, timers.left, MAX_EVENT_BYTES)
        try:
            return tuple(str(item["id"]) for item in json.loads(body)["data"])
        except (ValueError, RecursionError, LookupError, TypeError):
            return ()

    async def aclose(self) -> None:
        """Close every connection and the key."""
        await self._connection.aclose()
        await self._key.aclose()

    async def _refusal(self, path: str, reply: Reply, timers: TurnTimers, key: str) -> ModelFailed:
        """Return the failure of an error status, by the body that explains it. Only the log at DEBUG shows the body."""
        try:
            raw = await read_all(reply, timers.within(ERROR_SECONDS), MAX_ERROR_BYTES)
        except ModelFailed:
            raw = b""
        try:
            body: Any = json.loads(raw)
        except (ValueError, RecursionError):
            body = raw[:MAX_WORDS].decode(errors="replace")
        text = raw[:MAX_WORDS].decode(errors="replace")
        log.debug("the model refuses", status=reply.status, said=text.replace(key, "…") if key else text)
        failed = upstream_errors.by_status(reply.status, body, retry_after(reply.headers))
        self._refused(reply.status, path, failed)
        return failed

    def _refused(self, status: int, path: str, failed: ModelFailed) -> None:
        """Log an answer that is none, and note it in *failed*."""
        path = f"{self._connection.path}/{path}"
        hint = upstream_errors.NO_V1 if failed.reason == "MODEL_PROTOCOL_ERROR" else failed.hint
        if hint == upstream_errors.NO_V1 and VERSION.search(path):
            hint = ""
        failed.seen = f"HTTP {status} from {path}" + (f"; {hint}" if hint else "")
        if failed.reason != "INVALID_REQUEST":  # the model is asked again with less
            log.warning("the model server refuses", decision="fail", status=status, path=path, hint=hint)

    async def _get_key(self, timers: TurnTimers, refused: str = "") -> str:
        left = timers.left()
        try:
            async with time_limit(left.seconds):
                return await self._key.get(refused)
        except TimeoutError:
            raise ran_out(left) from None
        except ConnectionError:
            raise no_key() from None


class Answer:
    """Reads one answer to its end.

    ``chat`` decodes the answer. ``over`` tells whether ``read`` has returned all of it.
    """

    def __init__(self, reply: Reply, chat: ChatDecoder, timers: TurnTimers, clock: Callable[[], float]) -> None:
        self.chat = chat
        self.over = False
        self._reply = reply
        self._timers = timers
        self._clock = clock
        self._body = BodyDecoder()
        self._left = timers.left
        self._ending = 0
        self._failed: ModelFailed | None = None
        self._returned = clock()

    async def read(self) -> list[ModelEvent]:
        """Return the events in the next piece of the body; often there are none.

        The answer is over once the model said that it is done, even if the server then goes silent or disconnects (but
        see ``ChatDecoder.whole``). Raise ModelFailed, also for an end without a finish reason.
        """
        if self._failed is not None:
            raise self._failed
        events: list[ModelEvent] = []
        try:
            await self._read(events)
        except ContentFiltered:
            self.chat.finish = EndReason.CONTENT_FILTER
            self.over = True
        except ModelFailed as failed:
            self.over = self.chat.whole  # a failure after a whole answer changes nothing
            if not self.over:
                self._failed = upstream_errors.cut_off() if self.chat.done else failed
                if not events:
                    raise self._failed from None
        if self.over:
            events += self.chat.end()
        self._returned = self._clock()
        return events

    async def _read(self, events: list[ModelEvent]) -> None:
        chat, timers = self.chat, self._timers
        timers.extend(self._clock() - self._returned)
        contents = chat.contents
        left = self._left()
        if left.seconds <= 0:  # a body that never pauses leaves no time for a timer to ring
            raise ran_out(left)
        with timers.awaiting(left):
            piece = await read(self._reply, left)
        for data in self._body.feed(piece) if piece else self._body.flush():
            events += chat.feed(data)
        if not piece:
            if chat.finish is None:
                raise upstream_errors.cut_off()
            self.over = True
        if chat.contents > contents:
            timers.content()
        if chat.done or chat.finish is not None or self._ending:
            self._look_at_ending()

    def _look_at_ending(self) -> None:
        ending = _ending(self.chat)
        if ending == 0:
            self._left = self._timers.left  # also when more of the answer came behind its finish
        elif ending > self._ending:
            self._left = self._timers.within(USAGE_SECONDS if ending == 1 else CLOSE_SECONDS)
        self._ending = ending


def _ending(chat: ChatDecoder) -> int:
    """Return 0 while the answer goes on, 1 when only its usage is missing, 2 when nothing is missing."""
    if chat.done:
        return 2
    if not chat.settled:
        return 0
    return 1 if chat.usage == Usage() else 2
