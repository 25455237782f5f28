"""HTTP/1.1: bytes over asyncio's transports, their meaning by httptools (the parser of Node.js).

The usual way to a model's answer, through anyio and h11, costs three times the CPU of this one for each event.
"""

import httptools
import httpx2

from pipeline.http.connection import MOST_BYTES, HttpConnection


class Http1Connection(HttpConnection):
    """See HttpConnection."""

    def __init__(self) -> None:
        super().__init__()
        self._parser: httptools.HttpResponseParser | None = None
        self._keeps_alive = False  # known when the response is complete
        self._reading = True

    @property
    def is_idle(self) -> bool:
        """See HttpConnection."""
        return self._keeps_alive and super().is_idle

    def send(self, request: httpx2.Request, content: bytes) -> None:
        """See HttpConnection."""
        self._begin()
        self._keeps_alive = False
        self._parser = httptools.HttpResponseParser(self)
        # Some servers do it, RFC 9112 lets a client take it (2.2, 7.1.1), and no other parser here could disagree.
        self._parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True, lenient_spaces_after_chunk_size=True)
        self._transport.write(_head(request) + content)

    def _parse(self, data: bytes) -> None:
        if self._parser is None or self._complete:
            self._transport.abort()  # nobody asked for it
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(httpx2.RemoteProtocolError("not HTTP/1.1"))
        if self._reading and self._size > MOST_BYTES:
            self._reading = False
            self._transport.pause_reading()

    def _was_read(self) -> None:
        if not self._reading:
            self._reading = True
            self._transport.resume_reading()

    def connection_lost(self, exc: Exception | None) -> None:
        """asyncio's: closed, or broken by *exc*."""
        if self._begun and not self._complete and not self._is_framed() and exc is None and self._error is None:
            self._complete = True  # its end is where the connection ends
        self._parser = None  # it holds this connection
        super().connection_lost(exc)

    def _is_framed(self) -> bool:
        """Whether HTTP tells where the body ends: RFC 9112, section 6.3."""
        return any(
            name == b"content-length" or (name == b"transfer-encoding" and value.lower().endswith(b"chunked"))
            for name, value in self.headers
        )

    def on_message_begin(self) -> None:
        """httptools': a response begins."""
        if self._complete:
            self._transport.abort()  # nobody asked for it

    def on_header(self, name: bytes, value: bytes | None) -> None:
        """httptools': a header, or behind the body a trailer."""
        if not self._begun:
            self.headers.append((name.lower(), value or b""))

    def on_headers_complete(self) -> None:
        """httptools': the head is there. That of an interim response (RFC 9110, section 15.2) is not waited for."""
        assert self._parser is not None
        if self._begun:
            return
        self.status = self._parser.get_status_code()
        self._begun = self.status >= 200
        if self._begun:
            self._wake()
        else:
            self.headers = []

    def on_body(self, data: bytes) -> None:
        """httptools': a piece of the body."""
        if not self._complete:
            self._add(data)

    def on_message_complete(self) -> None:
        """httptools': the response has ended."""
        assert self._parser is not None
        if self._begun and not self._complete:
            self._complete = True
            self._keeps_alive = self._parser.should_keep_alive()
            self._wake()


def _head(request: httpx2.Request) -> bytes:
    """The request line and headers: RFC 9112, sections 3 and 5."""
    lines = [b"%b %b HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
    lines += [b"%b: %b" % header for header in request.headers.raw]
    return b"\r\n".join((*lines, b"", b""))
