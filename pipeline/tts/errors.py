"""How a voice fails. The classes are told apart in the log; the texts hold no key and nothing that a server sent."""


class SpeechEngineError(Exception):
    """The voice could not say a sentence. ``retry_after``: seconds that the server asked to wait; None = it did not."""

    def __init__(self, text: str, *, retry_after: float | None = None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class SpeechRejected(SpeechEngineError):
    """The server does not take the request as it is: the key, the model, the voice or the text is wrong."""


class TextRejected(SpeechRejected):
    """The server does not take this text, and would not take it a second time; it may well say another."""


class SpeechBusy(SpeechEngineError):
    """The server has too much to do, or the account has no more."""


class SpeechUnavailable(SpeechEngineError):
    """The server cannot be reached, has failed, or broke off."""


class SpeechStalled(SpeechEngineError):
    """The server sends nothing any more."""


class NotPcm(SpeechEngineError):
    """What came is no sound that can be used here."""
