"""How a voice fails. The log tells the classes apart; the texts hold no key and nothing that a server sent."""

from pipeline.errors import OwnError


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
