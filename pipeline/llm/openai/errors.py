"""Turns the errors of model servers into the failures that a turn ends with.

No failure repeats what the server wrote: it may hold the prompt, the key or the name of another customer.
"""

import re
from collections.abc import Mapping
from typing import Any

from pipeline.errors import BuiltInError

NO_V1 = "is /v1 missing in base_url?"

SOON = 1.0
"""Seconds to wait if the server does not tell."""

TOO_LONG = re.compile(
    r"context.{0,24}(length|window|size|limit|overflow)|overflow.{0,24}context|context/cache"
    r"|(prompt|input|inputs|request|message|messages|sequence|conversation|content|string|tokens?)\W.{0,24}"
    r"(too (long|large|big)|longer than|exceed)|reduce the length|token count"
    r"|(too many|input|maximum number of|prompt).{0,16}tokens|tokens?.{0,12}limit|less than \d+ tokens|tokens to keep"
    r"|max(imum)?[ _](prompt|input|sequence|message).{0,12}(length|tokens|size)|range of input length"
    r"|input length|prompt exceeds|inputs\W{0,3}tokens \+|more than max tokens|слишком (длин|больш)|too[ _]long"
    r"|context shift|(sequence|input|prompt).{0,24}larger than|payload.{0,8}too large|fit.{0,12}tokens"
    r"|at most \d+ tokens|n_tokens > n_|(输入|上下文|提示|长度).{0,12}(超|过长|太长)",
    re.IGNORECASE | re.DOTALL,
)
"""How the servers say that the prompt is too long: vLLM, SGLang, TGI, llama.cpp, LM Studio, Ollama, Anthropic, Bedrock,
Gemini, Mistral, Groq, Qwen, GLM, Moonshot, Cohere, xAI, YandexGPT and others.
"""

NOT_TOO_LONG = re.compile(
    r"per (minute|min|day|hour)|\b[TR]P[MD]\b|rate.?limit"
    r"|max_(completion_|output_)?tokens\W{0,3}(is|must|should|value|parameter)",
    re.IGNORECASE,
)
"""Other limits on tokens, which a shorter history does not meet."""

REFUSED = re.compile(
    r"\bmodel\b.{0,80}(not.{0,8}(exist|found|supported|available|valid|recognized|loaded)|unknown|invalid"
    r"|decommissioned|deprecated|no access)"
    r"|(invalid|unknown|unsupported|unexpected|no such|not a valid|no)\W{0,3}models?\b"
    r"|api.?key|credential|unauthorized|credit|billing|unexpected endpoint",
    re.IGNORECASE | re.DOTALL,
)
"""How servers say with another status, or with 200, that the model, the key, the path or the role "system" is wrong."""

_SYSTEM = r"\b(system|developer)\W{1,3}(role|message|prompt|instruction)|\broles?\W{1,4}system\b"
_NOT = r"\bnot\b|n't|unsupported|invalid|unexpected|unknown"
NO_SYSTEM = re.compile(
    rf"({_SYSTEM}).{{0,60}}({_NOT})|({_NOT}).{{0,60}}({_SYSTEM})|not support\W{{1,3}}system\b"
    r"|only user|only.{0,40}\broles\b|should be 'user'|roles must alternate",
    re.IGNORECASE | re.DOTALL,
)
NO_PATH = re.compile(r"unexpected endpoint|(page|path|route|endpoint|url).{0,12}not found|cannot post", re.IGNORECASE)

REJECTED = frozenset({401, 402, 403, 404, 405})

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
"""The status of error objects that have no number, by words in their code or type. Others count as 500."""


class ModelFailed(BuiltInError):
    """The model server failed a turn.

    ``again``: the same request may succeed later. ``wait``: the seconds that the server asks to wait before.
    ``dead``: the server could not be reached. ``hint``: advice for the operator. ``seen``: the server's HTTP status and
    path, with the hint.
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
        hint: str = "",
    ) -> None:
        super().__init__(status, reason, text, retry_after=retry_after)
        self.again = again
        self.wait = wait
        self.dead = dead
        self.hint = hint
        self.seen = ""


class ContentFiltered(Exception):
    """The server's content filter refused the prompt. The answer is then a notice."""


def unavailable(
    text: str = "the language model cannot be reached",
    *,
    wait: float | None = None,
    again: bool = True,
    dead: bool = False,
) -> ModelFailed:
    """The server cannot be reached, has failed, or broke off its answer."""
    retry_after = wait or SOON
    return ModelFailed(
        "UNAVAILABLE", "MODEL_UNAVAILABLE", text, retry_after=retry_after, again=again, wait=wait, dead=dead
    )


def cut_off() -> ModelFailed:
    """The answer ended without a finish reason, even if its body ended well."""
    return unavailable("the language model broke off its answer")


def busy(wait: float | None, *, credit: bool = True) -> ModelFailed:
    """The server answered 429. Waiting does not help an account without *credit*."""
    if not credit:
        return ModelFailed("RESOURCE_EXHAUSTED", "MODEL_BUSY", "the account of the language model is used up")
    retry_after = wait or SOON
    text = "the language model is busy"
    return ModelFailed("RESOURCE_EXHAUSTED", "MODEL_BUSY", text, retry_after=retry_after, again=True, wait=wait)


def rejected(hint: str = "") -> ModelFailed:
    """The server refuses our key, account or model name, or has no such path or role."""
    return ModelFailed("FAILED_PRECONDITION", "MODEL_REJECTED", "the language model refuses this server", hint=hint)


def timed_out(text: str, *, dead: bool = False) -> ModelFailed:
    """A timer of the turn has run out. Another try would have no time either."""
    return ModelFailed("DEADLINE_EXCEEDED", "MODEL_TIMEOUT", text, dead=dead)


def malformed() -> ModelFailed:
    """The answer is not a chat completion."""
    return ModelFailed("INTERNAL", "MODEL_PROTOCOL_ERROR", "the language model gave a malformed answer")


def too_long() -> ModelFailed:
    """The prompt with its history and screenshot is longer than the model allows."""
    return ModelFailed("INVALID_ARGUMENT", "INVALID_REQUEST", "the request is too long for the language model")


def by_status(status: int, body: Any = None, wait: float | None = None) -> ModelFailed:
    """Return the failure of an HTTP status. *body* is the decoded error object, if there was one.

    Raise ContentFiltered if the server's filter refused the prompt.
    """
    error = _error(body)
    words = _words(error)
    text = f"{words.replace('_', ' ')} {error.get('message') or error.get('detail')}"
    if status in (400, 403) and any(word in words for word in FILTERED):
        raise ContentFiltered
    if status == 413 or (_may_be_too_long(status) and TOO_LONG.search(text) and not NOT_TOO_LONG.search(text)):
        return too_long()
    if status in REJECTED or NO_SYSTEM.search(text) or (400 <= status < 429 and REFUSED.search(text)):
        return rejected(_hint(status, text))
    match status:
        case 429:
            return busy(wait, credit=not any(word in words for word in NO_CREDIT))
        case 408:
            return unavailable(wait=wait)
        case _ if status >= 500 and status != 501:
            return unavailable("the language model's server has failed", wait=wait)
        case _:
            return ModelFailed("INTERNAL", "INTERNAL", "the language model's server did not take the request")


def _may_be_too_long(status: int) -> bool:
    return status >= 400 and status not in REJECTED and status != 429  # which asks to wait


def _hint(status: int, text: str) -> str:
    """Return what the operator may look at."""
    if NO_SYSTEM.search(text):
        return 'system_role = "user" puts the system prompt into the first user message'
    if status == 405 or NO_PATH.search(text):
        return NO_V1
    return "" if status != 404 or re.search(r"\bmodel\b", text, re.IGNORECASE) else NO_V1


def by_report(body: Any) -> ModelFailed:
    """Return the failure of an error object that came with status 200. Raise ContentFiltered as ``by_status`` does."""
    error = _error(body)
    code = error.get("code")
    if isinstance(code, str) and code.isdecimal() and len(code) == 3:
        code = int(code)
    if isinstance(code, int) and 400 <= code <= 599:
        return by_status(code, body)
    words = _words(error)
    status = next((status for word, status in WORDS if word in words), 0)
    if not status:
        status = 400 if REFUSED.search(str(error.get("message"))) else 500
    return by_status(status, body)


def _error(body: Any) -> Mapping[str, Any]:
    """Return the error object in *body*. Some servers put it into a list, omit ``error`` around it, or write text."""
    if isinstance(body, list) and body:
        body = body[0]
    error = body.get("error", body) if isinstance(body, Mapping) else body
    if isinstance(error, list) and error:
        error = error[0]
    if isinstance(error, str):
        return {"message": error}
    return error if isinstance(error, Mapping) else {}


def _words(error: Mapping[str, Any]) -> str:
    return " ".join(str(error.get(key, "")) for key in ("code", "type", "status")).lower()
