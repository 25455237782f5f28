"""The errors that links raise. The status link turns them into the stream's status; nobody else sets one."""

from collections.abc import Mapping


class StreamError(Exception):
    """Ends the stream for *reason* (UPPER_SNAKE, a row of the status table).

    ``text`` replaces the table's text and must be safe to show. ``retry_after``: seconds after which another try may
    help; None = it won't. ``metadata`` goes to the client as the ErrorInfo's.
    """

    def __init__(
        self,
        reason: str,
        text: str = "",
        *,
        retry_after: float | None = None,
        metadata: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(f"{reason}: {text}" if text else reason)
        self.reason = reason
        self.text = text
        self.retry_after = retry_after
        self.metadata = dict(metadata or {})


class Rejected(StreamError):
    """Refused at the door: nothing was done for this call."""
