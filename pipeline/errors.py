"""The errors of a stage. Any other error is a defect and reaches the client as INTERNAL, without its text."""

from collections.abc import Coroutine

STATUSES = frozenset(
    {
        "CANCELLED",
        "UNKNOWN",
        "INVALID_ARGUMENT",
        "DEADLINE_EXCEEDED",
        "NOT_FOUND",
        "ALREADY_EXISTS",
        "PERMISSION_DENIED",
        "RESOURCE_EXHAUSTED",
        "FAILED_PRECONDITION",
        "ABORTED",
        "OUT_OF_RANGE",
        "UNIMPLEMENTED",
        "INTERNAL",
        "UNAVAILABLE",
        "DATA_LOSS",
        "UNAUTHENTICATED",
    }
)
"""gRPC's status names but OK: a stream that failed never looks like one that succeeded."""

MOST_RETRY_SECONDS = 1e9
"""google.protobuf.Duration ends not far beyond."""


class OwnError(Exception):
    """An error in words of ours, which hold nothing that somebody else wrote. The log shows them at every level."""


class WrongStage(OwnError, TypeError):
    """A custom stage does not do what its interface says. The text names the stage, the method and the rule."""


class InvalidStageError(ValueError, TypeError):
    """A StageError that cannot be made. The text is ours and may be logged, as that of an OwnError."""


def wrong(method: str, rule: str, given: object) -> WrongStage:
    """Make the error of a stage whose *method*, such as ``pipeline.llm: stream``, *must* do otherwise than it did."""
    if isinstance(given, Coroutine):  # else Python complains that nobody awaited it
        given.close()
    return WrongStage(f"{method} must {rule}, not {type(given).__name__}")


class StageError(Exception):
    """Ends the turn with a status and a reason that the stage chose.

    ``status`` is the name of a gRPC code but OK. ``reason`` is UPPER_SNAKE. ``text`` is shown to the user as it is, so
    it must not hold anything private. ``retry_after``: seconds after which another try may help; None = no try will.
    InvalidStageError for an unknown status, a reason or text that is no ``str``, or a wait out of range. An error with
    such attributes, set past this constructor, arrives as INTERNAL.
    """

    # For a subclass that does not call this constructor.
    status = reason = "INTERNAL"
    text = ""
    retry_after: float | None = None

    def __init__(self, status: str, reason: str, text: str, *, retry_after: float | None = None) -> None:
        if status not in STATUSES:
            raise InvalidStageError(f"the status of a StageError must be one of {', '.join(sorted(STATUSES))}")
        if not isinstance(reason, str) or not isinstance(text, str):
            raise InvalidStageError("the reason and the text of a StageError must be str")
        if retry_after is not None and not 0 <= retry_after <= MOST_RETRY_SECONDS:
            raise InvalidStageError(f"the retry_after of a StageError must be 0 to {MOST_RETRY_SECONDS:.0f}, or None")
        super().__init__(f"{reason}: {text}")
        self.status = status
        self.reason = reason
        self.text = text
        self.retry_after = None if retry_after is None else float(retry_after)


class BuiltInError(StageError):
    """The StageError of a built-in stage. Users are told of it in the server's words for its reason, in their language:
    ``text`` is for whoever writes the client.
    """


def model_unavailable(text: str) -> StageError:
    """Make the error of a model that is not there. Another try may find it."""
    return BuiltInError("UNAVAILABLE", "MODEL_UNAVAILABLE", text, retry_after=1.0)


class CommandRefused(Exception):
    """The object, or the tool call, is not a command that may run.

    ``reason`` is a class such as ``invalid_json`` or ``not_allowed``, safe to show.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
