"""HTTP to model and speech servers.

HTTP/1.1, or HTTP/2 where the settings say so; nothing is negotiated. Of the environment only SSL_CERT_FILE and
SSL_CERT_DIR are used (else the system's certificates), no proxy and no netrc: a local server must not be asked through
a company's proxy. Redirects are not followed: the key would go along.
"""

import ssl

import httpx2

from pipeline.http.connection import HttpConnection
from pipeline.http.http1 import Http1Connection
from pipeline.http.transport import Transport


class HttpClient:
    """The client of one server; ValueError if *base_url* is no http(s) URL, or certificates cannot be read;
    ModuleNotFoundError if *http2* needs what is not installed.

    Certificates are read here, because that takes many milliseconds, in which an event loop would stand still.
    """

    def __init__(self, base_url: str, timeout: httpx2.Timeout | None = None, *, http2: bool = False) -> None:
        self._base = _http_url(base_url)
        self._connection = _http2() if http2 else Http1Connection
        self._ssl_context = _certificates("h2" if http2 else "http/1.1") if self._base.scheme == "https" else None
        self._timeout = timeout
        self._client: httpx2.AsyncClient | None = None
        self._transport: Transport | None = None

    def url(self, path: str) -> httpx2.URL:
        """That of *path* below the base."""
        return self._base.copy_with(path=f"{self._base.path.rstrip('/')}/{path}")

    @property
    def connections(self) -> int:
        """How many there are, in use or waiting."""
        return self._transport.connections if self._transport else 0

    def open(self) -> httpx2.AsyncClient:
        """The one client, made when it is needed, also after it was closed."""
        if self._client is None:
            self._transport = Transport(self._ssl_context, self._connection)
            self._client = httpx2.AsyncClient(transport=self._transport, timeout=self._timeout, trust_env=False)
        return self._client

    async def aclose(self) -> None:
        """Close every connection."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()


def _http2() -> type[HttpConnection]:
    try:
        from pipeline.http.http2 import Http2Connection
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("HTTP/2 needs h2: pip install 'stentor[http2]'", name=error.name) from error
    return Http2Connection


def _certificates(protocol: str) -> ssl.SSLContext:
    try:
        context = httpx2.create_ssl_context()
    except OSError as error:  # an SSLError too
        raise ValueError("base_url: the certificates of SSL_CERT_FILE or SSL_CERT_DIR cannot be read") from error
    context.set_alpn_protocols([protocol])
    return context


def _http_url(base_url: str) -> httpx2.URL:
    """*base_url* as the settings have it; ValueError, with the key, for anything but http(s)."""
    try:
        url = httpx2.URL(base_url)
    except httpx2.InvalidURL:
        raise ValueError("base_url: must be an http or https URL") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("base_url: must be an http or https URL")
    if url.port is not None and not 0 < url.port < 65536:
        raise ValueError("base_url: its port must be from 1 to 65535")
    try:
        url.raw_host.decode("ascii").encode("idna")  # as asking for its address does
    except UnicodeError:
        raise ValueError("base_url: its host must be a name of parts of 1 to 63 characters") from None
    return url
