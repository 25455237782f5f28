"""How a voice fails. The texts are ours and may be logged: of a server's reply they hold status and type at most."""

import traceback
from pathlib import Path

from pipeline.errors import OwnError, StageError


class SpeechEngineError(OwnError):
    """The voice could not say a sentence. ``retry_after``: seconds that the server asked to wait, if it did."""

    def __init__(self, text: str, *, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class SpeechRejected(SpeechEngineError):
    """The server refuses the request: the key, the model, the voice or the text is wrong."""


class TextRejected(SpeechRejected):
    """The server refuses this text, and would refuse it again; it may well say another."""


class SpeechBusy(SpeechEngineError):
    """The server has too much to do, or the account is empty."""


class SpeechUnavailable(SpeechEngineError):
    """The server cannot be reached, has failed, or broke off."""


class SpeechStalled(SpeechEngineError):
    """The server went silent."""


class NotPcm(SpeechEngineError):
    """The server sent something else than sound that can be used here."""


class SpeechFailed(OwnError):
    """The voice did not say the whole sentence. The engine's own error, if any, is the cause."""


def why(error: BaseException) -> str:
    """Tell why a voice failed, in one line that may be logged at any level: the text of a foreign exception may hold a
    user's words, so its type and its place stand for it.
    """
    cause = error.__cause__ or error
    if isinstance(cause, OwnError):
        return str(cause)
    if isinstance(cause, StageError):
        return f"{cause.status} {cause.reason}: {cause.text}"
    places = traceback.extract_tb(cause.__traceback__)
    place = f" in {Path(places[-1].filename).name}:{places[-1].lineno}" if places else ""
    return f"{type(cause).__name__}{place} (its text is logged at level DEBUG only)"
