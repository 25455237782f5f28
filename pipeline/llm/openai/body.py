"""Finds the JSON documents in the body of a good response, whatever its content type says."""

from pipeline.llm.openai import errors as upstream_errors
from pipeline.llm.openai.sse import MAX_EVENT_BYTES, EventTooLong, SSEDecoder


class BodyDecoder:
    """Gives the data of each event of an event stream, or the whole of a body that is one JSON document.

    The first character decides, because real servers send error objects as ``text/event-stream`` and streams as
    ``text/plain``. Raises ModelFailed (MODEL_PROTOCOL_ERROR) for an event or a document over ``MAX_EVENT_BYTES``.
    """

    def __init__(self) -> None:
        self._sse = SSEDecoder()
        self._plain = bytearray()
        self._streams = False
        self._had_events = False

    def feed(self, piece: bytes) -> list[bytes]:
        """Return the documents that *piece* completes."""
        if not self._streams:
            start = piece if self._plain else piece.lstrip()
            if self._plain or start[:1] in (b"{", b"["):
                self._plain += start
                if len(self._plain) > MAX_EVENT_BYTES:
                    raise upstream_errors.malformed()
                return []
            self._streams = bool(start)
        try:
            documents = self._sse.feed(piece)
        except EventTooLong:
            raise upstream_errors.malformed() from None
        self._had_events = self._had_events or bool(documents)
        return documents

    def flush(self) -> list[bytes]:
        """Return the document that the end of the body completes. A body of other lines than those of an event stream,
        such as a page of HTML, is a MODEL_PROTOCOL_ERROR.
        """
        if not self._had_events and not self._plain:
            self._sse.feed(b"\n")  # ends a last line that has no end
        if self._sse.junk and not self._had_events:
            raise upstream_errors.malformed()
        return [bytes(self._plain)] if self._plain else []
