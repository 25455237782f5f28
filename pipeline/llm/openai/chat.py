"""Turns the chunks of a chat completion into events, as OpenAI and many other servers write them:
https://platform.openai.com/docs/api-reference/chat-streaming.
"""

import json
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from pydantic_core import from_json

from pipeline.events import EndReason, ModelEvent, TextDelta, Usage
from pipeline.llm.openai import errors as upstream_errors
from pipeline.llm.openai.calls.text_calls import calls as written_calls
from pipeline.llm.openai.calls.tool_calls import ToolCalls, TooManyCalls
from pipeline.llm.openai.marks import MarkFilter, Marks, Written

DONE = b"[DONE]"

NONE = frozenset({"", "null", "none"})
"""Finish reasons that mean null."""

LENGTH = frozenset(
    {"length", "max_tokens", "model_length", "max_output_tokens", "model_context_window_exceeded", "error_limit"}
)
FILTER = frozenset(
    {
        "content_filter",
        "safety",
        "blacklist",
        "blocklist",
        "recitation",
        "prohibited_content",
        "spii",
        "sensitive",
        "error_toxic",
    }
)
BROKEN = frozenset(
    {
        "error",
        "abort",
        "insufficient_system_resource",
        "network_error",
        "server_error",
        "model_error",
        "internal_error",
        "timeout",
        "cancelled",
        "canceled",
        "function_call_filter",
        "malformed_function_call",
    }
)
"""Finish reasons of OpenRouter, vLLM, DeepSeek, Z.ai, Gemini and Cohere for a failure. A reason in none of these sets
is a good end.
"""

FINISH_KEYS = ("finish_reason", "finishReason", "stop_reason", "done_reason")
MESSAGE_KEYS = ("message", "detail")
"""Where an error without an ``error`` object has its text."""


class ChatDecoder:
    """Decodes one answer, chunk by chunk. *names*: the commands that the model was told of.

    ``finish``: why the model stopped; None while it writes. Some servers put a finish reason on every chunk: one that
    more of the answer follows does not count, unless the end mark confirms it.
    ``usage``: the tokens that the model counted.
    ``done``: the end mark came.
    ``contents``: how many pieces of the answer came, even if they are still held back. Reasoning does not count.
    """

    def __init__(self, marks: Marks, names: Collection[str] = ()) -> None:
        self.finish: EndReason | None = None
        self.usage = Usage()
        self.done = False
        self.contents = 0
        self._alone = False  # the finish reason came in a chunk without content
        self._early: EndReason | None = None  # a finish reason that more of the answer followed
        self._streamed = False  # text came in deltas
        self._marks = marks
        self._text = MarkFilter(marks)
        self._calls = ToolCalls(names)

    @property
    def whole(self) -> bool:
        """Tell whether the answer is complete even if its stream breaks off or goes silent.

        It is if its server gave a finish reason and none too early, or if the end mark came too. Any other answer with
        a ``finish`` is complete only at the proper end of its body.
        """
        return self.finish is not None and (self.done or self._early is None)

    @property
    def settled(self) -> bool:
        """Tell whether the answer certainly has no more content: it is ``whole``, and its finish reason came in a chunk
        without content. Beside content, a finish reason may be on every chunk.
        """
        return self.whole and self._alone and self.contents > 0

    def feed(self, data: bytes) -> list[ModelEvent]:
        """Return the events in one chunk, or in a whole completion that was not streamed.

        Raise ContentFiltered or ModelFailed: MODEL_PROTOCOL_ERROR for bytes that are not a chunk, else the failure that
        the server reports.
        """
        if data[:1] != b"{" and _is_no_chunk(mark := data.strip().upper()):
            self.done = self.done or mark == DONE
            if self.done and self.finish is None:
                self.finish = self._early  # the end mark confirms it
            return []
        chunk = _object(data)
        if _is_error(chunk):
            return self._error(chunk)
        if usage := chunk.get("usage"):
            self.usage = _usage(usage)
        events: list[ModelEvent] = []
        try:
            for choice in chunk.get("choices") or ():
                self._choice(choice, events)
        except (AttributeError, TypeError, TooManyCalls):  # a value has another type than the protocol says
            raise upstream_errors.malformed() from None
        return events

    def end(self) -> list[ModelEvent]:
        """Return the events that were held back until the answer was over. Call it only after ``finish``."""
        events = self._said(self._text.flush())
        words = any(not isinstance(event, TextDelta) or event.text.strip() for event in events)
        events = events if words or self.contents else []  # white space alone is no answer
        if self.finish is not EndReason.CONTENT_FILTER:
            events += self._calls.finish(cut=self.finish is EndReason.LENGTH)
        self.contents += len(events)
        return events

    def _choice(self, choice: Mapping[str, Any], events: list[ModelEvent]) -> None:
        if choice.get("error") and not self.whole:
            raise upstream_errors.by_report(choice)
        if choice.get("index") not in (None, 0, "0"):  # only one answer was asked for
            return
        contents = self.contents
        if delta := choice.get("delta"):
            self._streamed = self._streamed or bool(delta.get("content"))
            self._delta(delta, events)
        if message := choice.get("message"):  # of an answer that is not streamed, or the whole of one that was
            self._delta({**message, "content": None} if self._streamed else message, events)
        if self.contents > contents and self.finish is not None:
            self.finish, self._early = None, self.finish
        if finish := next(filter(None, map(choice.get, FINISH_KEYS)), None):
            self._finish(_reason(finish), alone=self.contents == contents)

    def _delta(self, delta: Mapping[str, Any], events: list[ModelEvent]) -> None:
        if delta.get("reasoning") or delta.get("reasoning_content"):
            self._text.not_reasoning()
        if text := _text(delta.get("content")) or _text(delta.get("refusal")):
            said = self._said(self._text.feed(text))
            events += said
            self.contents += len(said) or self._text.in_call
        for fragment in _fragments(delta):
            self._calls.add(fragment)
            self.contents += 1

    def _said(self, pieces: Sequence[str | Written]) -> list[ModelEvent]:
        """Return the events of pieces of the text. Calls that were whole before a piece with words come before it."""
        events: list[ModelEvent] = []
        for piece in pieces:
            if isinstance(piece, Written):
                events += self._written(piece)
            else:
                events += self._calls.settled() if self._calls and not piece.isspace() else ()
                events.append(TextDelta(piece))
        return events

    def _written(self, piece: Written) -> list[ModelEvent]:
        calls, behind = written_calls(piece.raw, closed=piece.closed)
        for call in calls:
            if not call.refused:
                self._calls.add_text(call.name, str(call.args))
                self.contents += 1
        events: list[ModelEvent] = [call for call in calls if call.refused]
        rest = MarkFilter(self._marks)
        return events + self._said([*rest.feed(behind), *rest.flush()] if behind else [])

    def _finish(self, reason: EndReason | None, *, alone: bool) -> None:
        if reason is not None and self.finish is None:
            self.finish, self._alone = reason, alone
        elif reason in (EndReason.LENGTH, EndReason.CONTENT_FILTER):  # these count more than a mere "stop" before them
            self.finish = reason

    def _error(self, chunk: Mapping[str, Any]) -> list[ModelEvent]:
        if not self.whole:
            raise upstream_errors.by_report(chunk)
        return []  # the answer is complete


def _is_no_chunk(data: bytes) -> bool:
    """Tell whether an event is the end mark, empty, or a comment that a proxy wrapped as data."""
    return data == DONE or not data or data.startswith(b":")


def _is_error(chunk: Mapping[str, Any]) -> bool:
    if chunk.get("error") or chunk.get("object") == "error":
        return True
    return "choices" not in chunk and any(isinstance(chunk.get(key), str) for key in MESSAGE_KEYS)


def _object(data: bytes) -> Mapping[str, Any]:
    try:
        chunk = _parsed(data)
    except (ValueError, RecursionError):  # a UnicodeDecodeError is a ValueError too
        raise upstream_errors.malformed() from None
    if isinstance(chunk, list) and len(chunk) == 1:
        chunk = chunk[0]  # how Gemini wraps its errors
    if not isinstance(chunk, dict):
        raise upstream_errors.malformed()
    return chunk


def _parsed(data: bytes) -> Any:
    """Parse with pydantic, which takes a quarter of the time; else with the stdlib, which allows lone surrogates: some
    servers cut an escaped emoji in two.
    """
    try:
        return from_json(data)
    except ValueError:
        return json.loads(data)


def _text(content: object) -> str:
    """Return the text of ``content``: a string, null, or a list of parts, of which only text counts."""
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    parts = [content] if isinstance(content, dict) and "type" in content else content
    if not isinstance(parts, list):
        raise TypeError("content")
    try:
        return "".join(part if isinstance(part, str) else part["text"] for part in parts if _is_text(part))
    except KeyError:
        raise TypeError("text of a content part") from None


def _is_text(part: object) -> bool:
    if not isinstance(part, dict):
        return isinstance(part, str)
    return part.get("type", "text" if "text" in part else "") in ("text", "output_text")


def _fragments(delta: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    """Return the fragments of tool calls in *delta*: a list, or one alone; or the one call of the older protocol."""
    fragments = delta.get("tool_calls") or delta.get("toolCalls") or ()
    if function := delta.get("function_call"):
        return [*fragments, {"function": function}]
    return [fragments] if isinstance(fragments, dict) else fragments


def _reason(finish: object) -> EndReason | None:
    word = str(finish).lower().partition(":")[0].strip().rpartition(".")[2]  # Gemini: "content_filter: RECITATION"
    if word in NONE:
        return None
    if word in BROKEN:
        raise upstream_errors.cut_off()
    if word in LENGTH:
        return EndReason.LENGTH
    return EndReason.CONTENT_FILTER if word in FILTER else EndReason.COMPLETE


def _usage(usage: object) -> Usage:
    if not isinstance(usage, Mapping):
        return Usage()
    return Usage(_count(usage.get("prompt_tokens")), _count(usage.get("completion_tokens")))


def _count(value: object) -> int:
    return value if isinstance(value, int) and 0 <= value < 2**63 else 0
