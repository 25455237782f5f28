"""The body of a good response into the JSON documents in it, whatever its content type says."""

from pipeline.llm.openai import errors as upstream_errors
from pipeline.llm.openai.sse import MAX_EVENT_BYTES, EventTooLong, SSEDecoder


class BodyDecoder:
    """An event stream gives the data of each event; a body that begins as JSON is one document, there at its end.

    The first character decides: real servers send error objects as ``text/event-stream`` and streams as
    ``text/plain``. Raises ModelFailed (MODEL_PROTOCOL_ERROR) for an event or document of more than ``MAX_EVENT_BYTES``.
    """

    def __init__(self) -> None:
        self._sse = SSEDecoder()
        self._plain: list[bytes] = []
        self._size = 0
        self._streams = False
        self._found = False

    def feed(self, piece: bytes) -> list[bytes]:
        """The documents that *piece* completes."""
        if not self._streams:
            start = piece if self._plain else piece.lstrip()
            if self._plain or start[:1] in (b"{", b"["):
                self._keep(start)
                return []
            self._streams = bool(start)
        try:
            found = self._sse.feed(piece)
        except EventTooLong:
            raise upstream_errors.malformed() from None
        if found:
            self._found = True
        return found

    def flush(self) -> list[bytes]:
        """The document that only the end of the body completes. A body of lines that are no event stream's, such as a
        page of HTML, is MODEL_PROTOCOL_ERROR.
        """
        if not self._found and not self._plain:
            self._sse.feed(b"\n")  # so that a last line without an end is looked at too
        if self._sse.junk and not self._found:
            raise upstream_errors.malformed()
        return [b"".join(self._plain)] if self._plain else []

    def _keep(self, piece: bytes) -> None:
        self._plain.append(piece)
        self._size += len(piece)
        if self._size > MAX_EVENT_BYTES:
            raise upstream_errors.malformed()
