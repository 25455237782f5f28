"""Chunks of a chat completion into events: https://platform.openai.com/docs/api-reference/chat-streaming, and what
other servers make of it. Pure; one decoder for each try.
"""

import json
from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

from pipeline.events import EndReason, ModelEvent, TextDelta, Usage
from pipeline.llm.openai import errors as upstream_errors
from pipeline.llm.openai.think import ThinkStripper
from pipeline.llm.openai.tool_calls import ToolCalls, TooManyCalls

DONE = b"[DONE]"

NONE = frozenset({"", "null", "none"})
"""Servers that write null as a word."""

LENGTH = frozenset({"length", "max_tokens", "model_length", "max_output_tokens", "model_context_window_exceeded"})
FILTER = frozenset(
    {"content_filter", "safety", "blacklist", "blocklist", "recitation", "prohibited_content", "spii", "sensitive"}
)
BROKEN = frozenset(
    {
        "error",
        "abort",
        "insufficient_system_resource",
        "network_error",
        "function_call_filter",
        "malformed_function_call",
    }
)
"""Finish reasons of OpenRouter, vLLM, DeepSeek, Z.ai and Gemini for an answer that is none. What is in no set is a good
end.
"""


class ChatDecoder:
    """Reads the events of one answer.

    ``finish``: the model's own word that it is done, None so far. Some servers put one on every chunk; one that more of
    the answer follows was none, unless the end mark bears it out. ``usage``: what it counted. ``done``: the end mark.
    ``contents``: how many pieces of the answer came, also of what is not given out yet; reasoning is no part of it.
    """

    def __init__(self) -> None:
        self.finish: EndReason | None = None
        self.usage = Usage()
        self.done = False
        self.contents = 0
        self._alone = False  # the finish came in a chunk without content
        self._early: EndReason | None = None  # a finish that more of the answer has followed
        self._think = ThinkStripper()
        self._calls = ToolCalls()

    @property
    def whole(self) -> bool:
        """Whether the answer counts as complete though its stream breaks off or falls silent: its server has said that
        it is done and was never wrong about that, or the end mark came as well. For any other answer with a ``finish``
        only the proper end of its body proves it.
        """
        return self.finish is not None and (self.done or self._early is None)

    @property
    def settled(self) -> bool:
        """Whether nothing more of the answer is to be expected: it is ``whole``, and its finish came behind what was
        answered, in a chunk of its own. Beside content it may be on every chunk, and only the end of the body tells.
        """
        return self.whole and self._alone and self.contents > 0

    def feed(self, data: bytes) -> list[ModelEvent]:
        """The events in one chunk, or in a whole completion that was not streamed.

        Raises ModelFailed: MODEL_PROTOCOL_ERROR for what is no chunk, else by the error that the server reports; and
        ContentFiltered.
        """
        if data == DONE or data.isspace() or not data:
            self.done = self.done or data == DONE
            if self.done and self.finish is None:
                self.finish = self._early  # it came too early, but the end mark bears it out
            return []
        chunk = _object(data)
        if chunk.get("error") or chunk.get("object") == "error":
            return self._error(chunk)
        if usage := chunk.get("usage"):
            self.usage = _usage(usage)
        found: list[ModelEvent] = []
        try:
            for choice in chunk.get("choices") or ():
                if not choice.get("index"):  # there is one answer; others were not asked for
                    self._choice(choice, found)
        except (AttributeError, TypeError, TooManyCalls):  # a value of another type than the protocol says
            raise upstream_errors.malformed() from None
        return found

    def end(self) -> list[ModelEvent]:
        """What was held back until the answer was certainly over; only after ``finish``."""
        found: list[ModelEvent] = []
        if (rest := self._think.flush()) and (rest.strip() or self.contents):  # white space alone is no answer
            found.append(TextDelta(rest))
        if self.finish is not EndReason.CONTENT_FILTER:
            found += self._calls.finish(cut=self.finish is EndReason.LENGTH)
        self.contents += len(found)
        return found

    def _choice(self, choice: Mapping[str, Any], found: list[ModelEvent]) -> None:
        contents = self.contents
        if delta := choice.get("delta") or choice.get("message"):
            text = _text(delta.get("content")) or _text(delta.get("refusal"))
            if text and (text := self._think.feed(text)):
                found += self._calls.finish() if self._calls else ()
                found.append(TextDelta(text))
                self.contents += 1
            for fragment in delta.get("tool_calls") or ():
                self._calls.add(fragment)
                self.contents += 1
        if self.contents > contents and self.finish is not None:
            self.finish, self._early = None, self.finish
        if finish := choice.get("finish_reason"):
            self._finish(_reason(finish), alone=self.contents == contents)

    def _finish(self, reason: EndReason | None, *, alone: bool) -> None:
        if reason is not None and self.finish is None:
            self.finish, self._alone = reason, alone
        elif reason in (EndReason.LENGTH, EndReason.CONTENT_FILTER):  # a mere "stop" behind these says less than they
            self.finish = reason

    def _error(self, chunk: Mapping[str, Any]) -> list[ModelEvent]:
        if not self.whole:
            raise upstream_errors.by_report(chunk)
        return []  # the answer is complete all the same


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
    """By pydantic's parser, which takes a quarter of the time. The other one takes lone surrogates too: some servers
    cut an escaped emoji in two.
    """
    try:
        return from_json(data)
    except ValueError:
        return json.loads(data)


def _text(content: object) -> str:
    """``content`` as text: a string, null, or a list of parts, of which only the text is said."""
    if isinstance(content, str):
        return content
    if content is None:
        return ""
    if not isinstance(content, list):
        raise TypeError("content")
    parts = (part["text"] for part in content if isinstance(part, dict) and part.get("type") in ("text", "output_text"))
    try:
        return "".join(parts)
    except KeyError:
        raise TypeError("text of a content part") from None


def _reason(finish: object) -> EndReason | None:
    word = str(finish).lower().partition(":")[0].strip()  # Gemini: "content_filter: RECITATION"
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
