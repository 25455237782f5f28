"""The one table: what a model server says when it fails, as what a turn ends with.

Nothing that the server wrote is in the text; it may hold the prompt, the key or another customer's name.
"""

import re
from collections.abc import Mapping
from typing import Any

from pipeline.errors import StageError

SOON = 1.0
"""Seconds to wait where the server did not say."""

TOO_LONG = re.compile(
    r"context.{0,12}(length|window|size|limit)|(prompt|input|request).{0,12} too (long|large)|reduce the length|"
    r"token count|(too many|input|maximum number of).{0,12}tokens",
    re.IGNORECASE | re.DOTALL,
)
"""How servers say, with a bare 400, that the prompt is too long: vLLM, llama.cpp, Anthropic, Gemini, Mistral, Groq."""

NO_CREDIT = ("insufficient_quota", "insufficient_balance", "billing")
FILTERED = ("content_filter", "content_policy", "responsibleaipolicy")

WORDS = (
    ("rate_limit", 429),
    ("resource_exhausted", 429),
    ("insufficient_", 429),
    ("too_many_requests", 429),
    ("not_found", 404),
    ("notfound", 404),
    ("permission", 403),
    ("api_key", 401),
    ("auth", 401),
    ("context", 400),
    ("invalid", 400),
    ("badrequest", 400),
    ("content_", 400),
)
"""Codes and types of error objects that come without a number; any other is a server that has failed."""


class ModelFailed(StageError):
    """A turn that the model server failed.

    ``again``: another try of the same may do better. ``wait``: seconds before it that the server asked for.
    ``dead``: the server could not be reached at all.
    """

    def __init__(
        self,
        status: str,
        reason: str,
        text: str,
        *,
        retry_after: float | None = None,
        again: bool = False,
        wait: float | None = None,
        dead: bool = False,
    ) -> None:
        super().__init__(status, reason, text, retry_after=retry_after)
        self.again = again
        self.wait = wait
        self.dead = dead


class ContentFiltered(Exception):
    """The server's content filter refused the prompt: an answer that is complete with a notice."""


def unavailable(
    text: str = "the language model cannot be reached",
    *,
    wait: float | None = None,
    again: bool = True,
    dead: bool = False,
) -> ModelFailed:
    """No server, a broken one, or an answer that was cut off."""
    retry_after = wait or SOON
    return ModelFailed(
        "UNAVAILABLE", "MODEL_UNAVAILABLE", text, retry_after=retry_after, again=again, wait=wait, dead=dead
    )


def cut_off() -> ModelFailed:
    """The answer ended without a finish reason, however politely."""
    return unavailable("the language model broke off its answer")


def busy(wait: float | None, *, credit: bool = True) -> ModelFailed:
    """429. Without *credit* waiting does not help."""
    if not credit:
        return ModelFailed("RESOURCE_EXHAUSTED", "MODEL_BUSY", "the account of the language model is used up")
    retry_after = wait or SOON
    text = "the language model is busy"
    return ModelFailed("RESOURCE_EXHAUSTED", "MODEL_BUSY", text, retry_after=retry_after, again=True, wait=wait)


def rejected() -> ModelFailed:
    """Our key, account or model name is wrong."""
    return ModelFailed("FAILED_PRECONDITION", "MODEL_REJECTED", "the language model refuses this server")


def timed_out(text: str, *, dead: bool = False) -> ModelFailed:
    """One of the turn's timers has run out; they are the turn's, so that there is no time for another try."""
    return ModelFailed("DEADLINE_EXCEEDED", "MODEL_TIMEOUT", text, dead=dead)


def malformed() -> ModelFailed:
    """What came is no chat completion."""
    return ModelFailed("INTERNAL", "MODEL_PROTOCOL_ERROR", "the language model gave a malformed answer")


def too_long() -> ModelFailed:
    """The prompt with its history and screenshot is more than the model takes."""
    return ModelFailed("INVALID_ARGUMENT", "INVALID_REQUEST", "the request is too long for the language model")


def by_status(status: int, body: Any = None, wait: float | None = None) -> ModelFailed:
    """The failure of an HTTP status that is no success. *body*: the decoded error object, if there was one.

    Raises ContentFiltered where the server's filter refused the prompt.
    """
    error = _error(body)
    words = _words(error)
    if status in (400, 403) and any(word in words for word in FILTERED):
        raise ContentFiltered
    match status:
        case 429:
            return busy(wait, credit=not any(word in words for word in NO_CREDIT))
        case 401 | 402 | 403 | 404:
            return rejected()
        case 413:
            return too_long()
        case 400 | 422 if TOO_LONG.search(f"{words.replace('_', ' ')} {error.get('message')}"):
            return too_long()
        case 408:
            return unavailable(wait=wait)
        case _ if status >= 500 and status != 501:
            return unavailable("the language model's server has failed", wait=wait)
        case _:
            return ModelFailed("INTERNAL", "INTERNAL", "the language model's server did not take the request")


def by_report(body: Any) -> ModelFailed:
    """The failure of an error object that came with status 200, by its code. Raises ContentFiltered likewise."""
    error = _error(body)
    code = error.get("code")
    if isinstance(code, str) and code.isdecimal() and len(code) == 3:
        code = int(code)
    if isinstance(code, int) and 400 <= code <= 599:
        return by_status(code, body)
    words = _words(error)
    return by_status(next((status for word, status in WORDS if word in words), 500), body)


def _error(body: Any) -> Mapping[str, Any]:
    """The error object in *body*, which some servers put into a list, write as a bare string, or leave bare."""
    if isinstance(body, list) and body:
        body = body[0]
    error = body.get("error", body) if isinstance(body, Mapping) else body
    if isinstance(error, str):
        return {"message": error}
    return error if isinstance(error, Mapping) else {}


def _words(error: Mapping[str, Any]) -> str:
    return " ".join(str(error.get(key, "")) for key in ("code", "type", "status")).lower()
