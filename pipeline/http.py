"""HTTP/1.1 to model and speech servers, by aiohttp.

Redirects are not followed, because the key would go along. Of the environment only SSL_CERT_FILE and SSL_CERT_DIR are
used: a proxy has to be named, so that a server on this machine is not asked through a company's proxy.
"""

import asyncio
import io
import os
import re
import ssl
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from types import SimpleNamespace
from urllib.parse import SplitResult, urlsplit

import aiohttp
from aiohttp.http_exceptions import ContentEncodingError

from pipeline.errors import MOST_RETRY_SECONDS

MOST_BYTES = 65536
"""Of a body that may wait for a reader before the server is made to wait. One packet of the kernel's comes on top."""

MOST_HEADER_BYTES = 65536
MOST_HEADERS = 1024

KEPT_SECONDS = 30.0
"""How long a connection waits for the next request."""

LEAST_SECONDS = 0.001
"""For a connection that has no time left; aiohttp takes 0 for any time."""


class HttpFailed(Exception):
    """A request failed. Nothing that the server sent is in the text."""


class Unreachable(HttpFailed):
    """No connection was made."""


class ConnectTimeout(Unreachable):
    """No connection was made in time."""


class BrokenOff(HttpFailed):
    """The connection ended before the response did."""


class NotHttp(HttpFailed):
    """The server sent something else than HTTP, or a body that cannot be decompressed."""


class Reply:
    """A response whose body is read piece by piece. Closing it closes a connection that was not read to its end."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.status = response.status
        self.headers: Mapping[str, str] = response.headers
        self.is_success = 200 <= response.status < 300
        self._response = response
        self._content = response.content
        self._loop = asyncio.get_running_loop()
        self._failed: HttpFailed | None = None
        self._waiting = False
        self._by = 0.0
        self._timer: asyncio.TimerHandle | None = None

    async def read(self, seconds: float) -> bytes:
        """Return the next piece of the body, decompressed, or b"" at its end; wait for it at most *seconds*.

        Raises TimeoutError, BrokenOff or NotHttp, after everything that came before the failure.
        """
        if self._failed is not None:
            raise self._failed
        self._by = self._loop.time() + seconds
        if self._timer is None or self._by < self._timer.when():
            self._set_timer()
        self._waiting = True
        try:
            return await self._content.readany()
        except (aiohttp.ClientError, RuntimeError) as error:  # RuntimeError: aiohttp closed the connection before
            self._failed = _failure(error)
            if rest := self._unread():
                return rest
            raise self._failed from None
        finally:
            self._waiting = False

    async def aclose(self) -> None:
        """Keep the connection for another request if the body was read to its end, else close it."""
        if self._timer is not None:
            self._timer.cancel()
        self._response.close()

    def _unread(self) -> bytes:
        """Return what came before the failure; aiohttp keeps it back as long as its reader has an exception."""
        self._content.set_exception(None)  # type: ignore[arg-type]
        return self._content.read_nowait()

    def _set_timer(self) -> None:
        """One timer serves all reads and moves only when it rings or must ring sooner: a timer for each piece of an
        answer would cost a tenth of reading the answer.
        """
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self._loop.call_at(self._by, self._ring)

    def _ring(self) -> None:
        self._timer = None
        if self._waiting and self._by > self._loop.time():
            self._set_timer()
        elif self._waiting:
            self._content.set_exception(TimeoutError())


@dataclass(slots=True)
class _Connecting:
    """Records how one request gets its connection: a kept one, or a new one between two times of ``time.monotonic``."""

    kept: bool = False
    began: float = 0.0
    ended: float = 0.0


class _Connector(aiohttp.TCPConnector):
    def drop(self, *, every: bool) -> None:
        """Close the kept connections: all, or those that got bytes since, which aiohttp would take for an answer."""
        for kept in self._conns.values():
            for handler, _ in kept:
                if every or handler.should_close:
                    handler.close()


class HttpClient:
    """The client of one server.

    *proxy*: the URL of an http proxy, "" for none. ValueError, with the name of the setting, for a *base_url* or
    *proxy* that cannot be used and for certificates that cannot be read. They are read here, because that takes many
    milliseconds, in which an event loop would stand still.
    """

    def __init__(self, base_url: str, proxy: str) -> None:
        self._base = _url("base_url", base_url, "http", "https")
        self._proxy = _url("proxy", proxy, "http").geturl() if proxy else None
        self._ssl = _certificates() if self._base.scheme == "https" else True
        self._opened: tuple[aiohttp.ClientSession, _Connector] | None = None

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
        """Send a request to *path* below the base URL; return the reply with its body unread.

        *connected* is called with the seconds that it took to connect, also in vain. Raises Unreachable, BrokenOff or
        NotHttp.

        A kept connection that ends before a byte of the response came was forgotten: by a server or a proxy that was
        restarted, or by a router on the way. Then all kept connections are closed and the request is sent once more,
        over a new one. So a server may get a request twice, a POST too: send only what does no harm twice, such as a
        question.
        """
        url = self._base._replace(path=f"{self._base.path.rstrip('/')}/{path}", fragment="").geturl()
        if self._base.username is not None:  # else aiohttp refuses to choose
            headers = {name: value for name, value in headers.items() if name != "authorization"}
        session, connector = self._open()
        connector.drop(every=False)
        while True:
            connecting = _Connecting()
            try:
                response = await session.request(
                    method,
                    url,
                    headers=headers,
                    data=None if content is None else io.BytesIO(content),  # aiohttp warns of a megabyte of bytes
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(total=None, connect=max(connect_seconds, LEAST_SECONDS)),
                    trace_request_ctx=connecting,
                )
            except aiohttp.ClientError as error:
                if session.closed or not connecting.kept or not _forgotten(error):
                    raise _failure(error) from None
                connector.drop(every=True)
            else:
                return Reply(response)
            finally:
                if connecting.began:
                    connected((connecting.ended or time.monotonic()) - connecting.began)

    async def aclose(self) -> None:
        """Close every connection. The next request opens new ones."""
        if self._opened is not None:
            (session, _), self._opened = self._opened, None
            await session.close()

    def _open(self) -> tuple[aiohttp.ClientSession, _Connector]:
        """Return the one session. It is made when it is needed, because making it needs a running loop."""
        if self._opened is None:
            connector = _Connector(ssl=self._ssl, limit=0, keepalive_timeout=KEPT_SECONDS)
            session = aiohttp.ClientSession(
                connector=connector,
                headers={"accept-encoding": "identity"},
                cookie_jar=aiohttp.DummyCookieJar(),
                proxy=self._proxy,
                read_bufsize=MOST_BYTES // 2,
                max_line_size=MOST_HEADER_BYTES,
                max_field_size=MOST_HEADER_BYTES,
                max_headers=MOST_HEADERS,
                trace_configs=[_trace()],
            )
            self._opened = session, connector
        return self._opened


def _trace() -> aiohttp.TraceConfig:
    async def kept(_session: object, context: SimpleNamespace, _event: object) -> None:
        context.trace_request_ctx.kept = True

    async def began(_session: object, context: SimpleNamespace, _event: object) -> None:
        context.trace_request_ctx.began = time.monotonic()

    async def ended(_session: object, context: SimpleNamespace, _event: object) -> None:
        context.trace_request_ctx.ended = time.monotonic()

    trace = aiohttp.TraceConfig()
    trace.on_connection_reuseconn.append(kept)
    trace.on_connection_create_start.append(began)
    trace.on_connection_create_end.append(ended)
    return trace


def _forgotten(error: aiohttp.ClientError) -> bool:
    """Whether the connection ended before a byte of the response came; else aiohttp's message holds what came."""
    if isinstance(error, aiohttp.ServerDisconnectedError):
        return isinstance(error.message, str)
    return isinstance(error, aiohttp.ClientOSError)


def _failure(error: Exception) -> HttpFailed:
    match error:
        case aiohttp.ConnectionTimeoutError():
            return ConnectTimeout("not connected in time")
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
        if sys.platform == "darwin" and not (file or folder):  # OpenSSL does not know of macOS's keychain
            import truststore

            context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        else:
            context = ssl.create_default_context(cafile=file or None, capath=None if file else folder or None)
    except OSError as error:  # an SSLError too
        raise ValueError("base_url: the certificates of SSL_CERT_FILE or SSL_CERT_DIR cannot be read") from error
    context.set_alpn_protocols(["http/1.1"])
    return context


def _url(key: str, text: str, *schemes: str) -> SplitResult:
    """Return the parts of the URL in the setting *key*. Its ValueErrors leave *text* out: it may hold a password."""
    try:
        url = urlsplit(text)
    except ValueError:
        url = urlsplit("")
    if url.scheme not in schemes or not url.hostname:
        raise ValueError(f"{key}: must be an {' or '.join(schemes)} URL")
    try:
        port = url.port
    except ValueError:
        port = 0
    if port == 0:
        raise ValueError(f"{key}: its port must be from 1 to 65535")
    try:
        url.hostname.encode("idna")  # as asking for its address does
    except UnicodeError:
        raise ValueError(f"{key}: its host must be a name of parts of 1 to 63 characters") from None
    return url


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Return the seconds that a server asks to wait: ``retry-after-ms``, else Retry-After as seconds or date (RFC 9110,
    section 10.2.3); None where it says nothing that can be understood. *now*: the wall clock.
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
