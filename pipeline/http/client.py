"""HTTP to model and speech servers.

HTTP/1.1 only: an HTTP/2 that leaves a stream alone without telling the server (as httpcore's does: no RST_STREAM) would
let it go on writing, and charging, an answer after the user has interrupted it. Of the environment only SSL_CERT_FILE
and SSL_CERT_DIR are used (else the system's certificates), no proxy and no netrc: a local server must not be asked
through a company's proxy. Redirects are not followed: the key would go along.
"""

import ssl

import httpx2

from pipeline.http.transport import Transport


class HttpClient:
    """The client of one server; ValueError if *base_url* is no http(s) URL, or certificates cannot be read.

    Certificates are read here, because that takes many milliseconds, in which an event loop would stand still.
    """

    def __init__(self, base_url: str, timeout: httpx2.Timeout | None = None) -> None:
        self._base = _http_url(base_url)
        self._ssl_context = _certificates() if self._base.scheme == "https" else None
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
            self._transport = Transport(self._ssl_context)
            self._client = httpx2.AsyncClient(transport=self._transport, timeout=self._timeout, trust_env=False)
        return self._client

    async def aclose(self) -> None:
        """Close every connection."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()


def _certificates() -> ssl.SSLContext:
    try:
        context = httpx2.create_ssl_context()
    except OSError as error:  # an SSLError too
        raise ValueError("base_url: the certificates of SSL_CERT_FILE or SSL_CERT_DIR cannot be read") from error
    context.set_alpn_protocols(["http/1.1"])
    return context


def _http_url(base_url: str) -> httpx2.URL:
    """*base_url* as the settings have it; ValueError, with the key, for anything but http(s)."""
    try:
        url = httpx2.URL(base_url)
    except httpx2.InvalidURL:
        raise ValueError("base_url: must be an http or https URL") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("base_url: must be an http or https URL")
    return url
