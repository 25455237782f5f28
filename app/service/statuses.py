"""Holds the one table of statuses: how each failure arrives at a client."""

import re
from contextlib import suppress
from dataclasses import dataclass

from grpc import StatusCode

from interceptors.errors import StreamError
from interceptors.status import Outcome
from pipeline.errors import BuiltInError, StageError
from pipeline.text import mend

MOST_CHARS = 200


@dataclass(frozen=True, slots=True)
class Row:
    """The status of a reason, and the text for the user where the error has none of its own."""

    code: StatusCode
    text: str


TABLE = {
    "INVALID_REQUEST": Row(StatusCode.INVALID_ARGUMENT, "the request is not valid"),
    "UNSUPPORTED_PHASE": Row(StatusCode.INVALID_ARGUMENT, "phase: this server does not know it"),
    "UNAUTHENTICATED": Row(StatusCode.UNAUTHENTICATED, "a valid credential is needed"),
    "PERMISSION_DENIED": Row(StatusCode.PERMISSION_DENIED, "this belongs to somebody else"),
    "STREAM_LIMIT_EXCEEDED": Row(StatusCode.RESOURCE_EXHAUSTED, "too many answers are running; try again in a moment"),
    "CONCURRENT_REQUEST": Row(StatusCode.RESOURCE_EXHAUSTED, "this session is still being answered"),
    "RATE_LIMIT_EXCEEDED": Row(StatusCode.RESOURCE_EXHAUSTED, "more messages a second than this server allows"),
    "STREAM_IDLE_TIMEOUT": Row(StatusCode.DEADLINE_EXCEEDED, "nothing happened for too long"),
    "SEND_TIMEOUT": Row(StatusCode.DEADLINE_EXCEEDED, "the client does not read the answer"),
    "STREAM_TIMEOUT": Row(StatusCode.DEADLINE_EXCEEDED, "the answer took too long"),
    "INTERRUPTED": Row(StatusCode.CANCELLED, "interrupted"),
    "DRAINING": Row(StatusCode.UNAVAILABLE, "the server is shutting down"),
    "STORE_UNAVAILABLE": Row(StatusCode.UNAVAILABLE, "the server cannot check its limits right now"),
    "LEASE_LOST": Row(StatusCode.ABORTED, "another server took this session over"),
    "MODEL_REJECTED": Row(StatusCode.FAILED_PRECONDITION, "the language model refuses this server"),
    "MODEL_BUSY": Row(StatusCode.RESOURCE_EXHAUSTED, "the language model is busy"),
    "MODEL_UNAVAILABLE": Row(StatusCode.UNAVAILABLE, "the language model cannot be reached"),
    "MODEL_TIMEOUT": Row(StatusCode.DEADLINE_EXCEEDED, "the language model took too long"),
    "MODEL_PROTOCOL_ERROR": Row(StatusCode.INTERNAL, "the language model gave a malformed answer"),
    "COMMAND_REFUSED": Row(StatusCode.ABORTED, "a command of the answer was refused"),
    "SPEECH_FAILED": Row(StatusCode.UNAVAILABLE, "the answer could not be spoken"),
    "INTERNAL": Row(StatusCode.INTERNAL, "something went wrong in the server"),
}
"""Every reason that this server gives by itself. A stage may add others with a StageError."""


def judge(error: BaseException) -> Outcome:
    """Tell how *error* ends its call. One that nobody foresaw is INTERNAL, and its text stays here."""
    match error:
        case StageError():
            with suppress(Exception):  # a subclass may have made anything of its attributes
                return _staged(error)
        case StreamError(reason=reason) if reason in TABLE:
            row = TABLE[reason]
            text = _short(error.text) or row.text
            silent = reason == "SEND_TIMEOUT"
            return Outcome(row.code, reason, text, _ascii(text, row.text), error.retry_after, error.metadata, silent)
    row = TABLE["INTERNAL"]
    return Outcome(row.code, "INTERNAL", row.text, row.text, defect=True)


def _staged(error: StageError) -> Outcome:
    """Use the stage's words. A reason that is not UPPER_SNAKE would break the ErrorInfo (https://google.aip.dev/193)."""
    own_words = not isinstance(error, BuiltInError)
    # The constructor judges again, since a stage may have set the attributes past it.
    error = StageError(error.status, error.reason, error.text, retry_after=error.retry_after)
    reason = error.reason if re.fullmatch(r"[A-Z][A-Z0-9_]{1,61}[A-Z0-9]", error.reason) else "INTERNAL"
    fallback = TABLE[reason].text if reason in TABLE else reason
    text = _short(error.text) or fallback
    details, own = _ascii(text, fallback), own_words and bool(_short(error.text))
    return Outcome(StatusCode[error.status], reason, text, details, error.retry_after, own_words=own)


def _short(text: str) -> str:
    return " ".join(mend(text).split())[:MOST_CHARS]


def _ascii(text: str, fallback: str) -> str:
    """Return *text* if it is ASCII. gRPC percent-encodes anything else, and clients show it so."""
    return text if text.isascii() and text.isprintable() else fallback
