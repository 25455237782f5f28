"""HTTP/1.1 to model and speech servers, by aiohttp.

Redirects are not followed, because the API key would go along. SSL_CERT_FILE and SSL_CERT_DIR are all that is used of
the environment: its proxy is not, because a server on this machine must not be asked through a company's proxy.
"""

import asyncio
import io
import math
import os
import re
import ssl
import time
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from types import SimpleNamespace
from typing import Any
from urllib.parse import SplitResult, urlsplit

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError

from pipeline.errors import MOST_RETRY_SECONDS
from pipeline.time_limit import LATE_SECONDS, time_limit

MOST_BYTES = 65536
"""A server has to wait while more of its body is unread. One packet of the kernel may come on top."""

MOST_HEADER_BYTES = 65536

KEPT_SECONDS = 30.0
"""An unused connection is kept this long for the next request."""


class HttpFailed(Exception):
    """A request failed. The text holds nothing that the server sent."""


class Unreachable(HttpFailed):
    """There is no connection to the server."""


class ConnectTimeout(Unreachable):
    """There was no connection in time."""


class BrokenOff(HttpFailed):
    """The connection ended before the response did."""


class NotHttp(HttpFailed):
    """The server sent something that is not HTTP, or a body that cannot be decompressed."""


class Reply:
    """A response whose body is read piece by piece. It has to be closed."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self.is_success = 200 <= response.status < 300
        self._response = response
        self._content = response.content
        self._loop = asyncio.get_running_loop()
        self._failed: HttpFailed | None = None
        self._by = math.inf  # no read waits
        self._timer: asyncio.TimerHandle | None = None

    async def read(self, seconds: float) -> bytes:
        """Return the next piece of the body, decompressed; b"" at its end. Wait at most *seconds* for it.

        Raise TimeoutError, BrokenOff or NotHttp, but only after everything that came before the failure was returned.
        """
        if self._failed is not None:
            raise self._failed
        self._by = self._loop.time() + seconds
        if self._timer is None or self._by < self._timer.when():
            self._set_timer()
        try:
            return await self._content.readany()
        except (aiohttp.ClientError, RuntimeError) as error:  # RuntimeError: the connection was closed before this read
            self._failed = _failure(error)
            self._content.set_exception(None)  # type: ignore[arg-type]  # else it does not give what came before
            if rest := self._content.read_nowait():
                return rest
            raise self._failed from None
        finally:
            self._by = math.inf

    async def aclose(self) -> None:
        """Keep the connection for another request if the body was read to its end, else close it."""
        if self._timer is not None:
            self._timer.cancel()
        self._response.close()

    def _set_timer(self) -> None:
        """Ring at the end of the present read. One timer serves all reads and moves only when it rings or has to ring
        sooner: a new timer for each piece would add a tenth to the cost of an answer.
        """
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._by, self._ring)

    def _ring(self) -> None:
        self._timer = None
        late = self._loop.time() - self._by
        if late > LATE_SECONDS:
            self._by += 2 * late
            self._set_timer()
        elif late >= 0:
            self._content.set_exception(TimeoutError())
        elif self._by < math.inf:
            self._set_timer()


class HttpClient:
    """The client of the server at *base_url*, through the http proxy at *proxy* unless that is "".

    Raise ValueError, with the name of the setting, for a URL that cannot be used, and for certificates that cannot be
    read. Certificates are read here, because an event loop would stand still for the many milliseconds that it takes.
    """

    def __init__(self, base_url: str, proxy: str) -> None:
        self._base = _url("base_url", base_url, "http", "https")
        self._proxy = _url("proxy", proxy, "http").geturl() if proxy else None
        self._ssl = _certificates() if self._base.scheme == "https" else True
        self._session: aiohttp.ClientSession | None = None

    async def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        content: bytes | None = None,
        *,
        connect_seconds: float,
        connected: Callable[[float], None] = lambda _seconds: None,
    ) -> Reply:
        """Send a request to *path* below the base URL and return the reply, whose body is not read yet.

        *connected* is called with the seconds that a new connection took, whether or not it was made. Raise
        Unreachable, BrokenOff or NotHttp.

        A kept connection that ends before the first byte of a response was forgotten: its server or proxy was
        restarted, or a router dropped it. All kept connections are closed then, and the request is sent once more over
        a new one. A server may therefore get a request twice, even a POST: send only what does no harm twice.
        """
        url = self._base._replace(path=f"{self._base.path.rstrip('/')}/{path}", fragment="").geturl()
        if self._base.username is not None:  # aiohttp sends these credentials, and refuses to send others beside them
            headers = {name: value for name, value in headers.items() if name != "authorization"}
        session = self._open()
        _close_kept(session, every=False)
        while True:
            times: dict[str, float] = {}
            body = None if content is None else io.BytesIO(content)  # aiohttp warns of long bytes
            try:
                async with time_limit(connect_seconds) as limit:
                    response = await session.request(
                        method,
                        url,
                        headers=headers,
                        data=body,
                        allow_redirects=False,
                        trace_request_ctx=(times, limit),
                    )
                return Reply(response)
            except TimeoutError:
                raise ConnectTimeout("not connected in time") from None
            except aiohttp.ClientError as error:
                if session.closed or "kept" not in times or not _forgotten(error):
                    raise _failure(error) from None
                _close_kept(session, every=True)
            finally:
                if "began" in times:
                    connected(times.get("ended", time.monotonic()) - times["began"])

    async def aclose(self) -> None:
        """Close every connection. The next request opens new ones."""
        if self._session is not None:
            session, self._session = self._session, None
            await session.close()

    def _open(self) -> aiohttp.ClientSession:
        """Return the session; make it first if there is none. Making it needs a running event loop."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=self._ssl, limit=0, keepalive_timeout=KEPT_SECONDS),
                headers={"accept-encoding": "identity"},
                cookie_jar=aiohttp.DummyCookieJar(),
                proxy=self._proxy,
                read_bufsize=MOST_BYTES // 2,
                max_line_size=MOST_HEADER_BYTES,
                max_field_size=MOST_HEADER_BYTES,
                max_headers=1024,
                trace_configs=[_trace()],
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=None),  # it would count time that stood still
            )
        return self._session


def _trace() -> aiohttp.TraceConfig:
    """Make aiohttp note when a request gets a kept connection, or makes a new one; connected, it has no limit here.

    ``trace_request_ctx``: the times, and the limit.
    """

    def note(event: str) -> Any:
        async def now(_session: object, context: SimpleNamespace, _event: object) -> None:
            times, limit = context.trace_request_ctx
            times[event] = time.monotonic()
            if event != "began":
                limit.lift()

        return now

    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(note("kept"))
    trace.on_connection_create_start.append(note("began"))
    trace.on_connection_create_end.append(note("ended"))
    return trace


def _close_kept(session: aiohttp.ClientSession, *, every: bool) -> None:
    """Close kept connections: *every* one, or those on which bytes came that aiohttp would take for an answer."""
    for kept in session.connector._conns.values():  # type: ignore[union-attr]  # it has one until it is closed
        for handler, _ in kept:
            if every or handler.should_close:
                handler.close()


def _forgotten(error: aiohttp.ClientError) -> bool:
    """Tell whether the connection ended before the first byte of the response. ``message`` holds what came, if any."""
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return isinstance(error.message, str)
    return isinstance(error, aiohttp.ClientOSError)


def _failure(error: Exception) -> HttpFailed:
    match error:
        case aiohttp.ClientConnectorError() | aiohttp.ClientHttpProxyError() | aiohttp.InvalidURL():
            return Unreachable("not connected")
        case aiohttp.ClientResponseError():
            return NotHttp("not HTTP")
        case aiohttp.ClientPayloadError() if isinstance(error.__cause__, ContentEncodingError):
            return NotHttp("not compressed as the response says")
        case _:
            return BrokenOff("the connection ended before the response")


def _certificates() -> ssl.SSLContext:
    file, folder = os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR")
    try:
        context = ssl.create_default_context(cafile=file or None, capath=None if file else folder or None)
    except OSError as error:  # an SSLError too
        raise ValueError("base_url: the certificates of SSL_CERT_FILE or SSL_CERT_DIR cannot be read") from error
    context.set_alpn_protocols(["http/1.1"])
    return context


def _url(key: str, text: str, *schemes: str) -> SplitResult:
    """Return the parts of the URL of the setting *key*. A ValueError does not repeat it: it may hold a password."""
    wrong = f"must be an {' or '.join(schemes)} URL"
    try:
        url = urlsplit(text)
        if url.scheme in schemes and url.hostname:
            wrong = "its host must be a name of parts of 1 to 63 characters"
            url.hostname.encode("idna")  # as asking for its address does
            wrong = "its port must be from 1 to 65535"
            if url.port != 0:
                return url
    except ValueError:  # a UnicodeError too
        pass
    raise ValueError(f"{key}: {wrong}")


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Return the seconds that a server asks to wait, None if it does not tell.

    ``retry-after-ms`` counts before Retry-After, which is in seconds or a date (RFC 9110, section 10.2.3). *now* is the
    time of the wall clock.
    """
    for name, unit in (("retry-after-ms", 0.001), ("retry-after", 1.0)):
        value = headers.get(name, "").strip()
        if re.fullmatch(r"\d{1,12}(\.\d+)?", value, re.ASCII):
            return min(float(value) * unit, MOST_RETRY_SECONDS)
    try:
        date = parsedate_to_datetime(headers.get("retry-after", ""))
    except ValueError:
        return None
    return min(max(0.0, date.timestamp() - (time.time() if now is None else now)), MOST_RETRY_SECONDS)
