"""HTTP to model and speech servers.

HTTP/1.1 only: httpcore's HTTP/2 ends a stream that nobody wants any more without telling the server (no RST_STREAM),
which would go on writing, and charging, an answer after the user has interrupted it. Of the environment only
SSL_CERT_FILE and SSL_CERT_DIR are used (else the system's certificates), no proxy and no netrc: a local server must not
be asked through a company's proxy. Redirects are not followed: the key would go along.
"""

import ssl

import httpcore2
import httpx2

from pipeline.network import Network

IDLE_CONNECTIONS = 64
IDLE_SECONDS = 30.0
"""Connections that wait for the next turn. How many are in use is bounded where streams are admitted."""


class HttpClient:
    """The client of one server; ValueError if *base_url* is no http(s) URL, or certificates cannot be read.

    Certificates are read here, because that takes many milliseconds, in which an event loop would stand still.
    """

    def __init__(self, base_url: str, timeout: httpx2.Timeout | None = None) -> None:
        self._base = _http_url(base_url)
        self._ssl_context = _certificates() if self._base.scheme == "https" else None
        self._timeout = timeout
        self._client: httpx2.AsyncClient | None = None

    def url(self, path: str) -> httpx2.URL:
        """That of *path* below the base."""
        return self._base.copy_with(path=f"{self._base.path.rstrip('/')}/{path}")

    def open(self) -> httpx2.AsyncClient:
        """The one client, made when it is needed, also after it was closed."""
        if self._client is None:
            transport = httpx2.AsyncHTTPTransport(verify=self._ssl_context or False)
            # For its network the transport has no argument. Nothing but speed is lost where this has no effect.
            transport._pool = httpcore2.AsyncConnectionPool(
                ssl_context=self._ssl_context,
                max_connections=None,
                max_keepalive_connections=IDLE_CONNECTIONS,
                keepalive_expiry=IDLE_SECONDS,
                network_backend=Network(),
            )
            self._client = httpx2.AsyncClient(transport=transport, timeout=self._timeout, trust_env=False)
        return self._client

    async def aclose(self) -> None:
        """Close every connection."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()


def _certificates() -> ssl.SSLContext:
    try:
        return httpx2.create_ssl_context()
    except OSError as error:  # an SSLError too
        raise ValueError("base_url: the certificates of SSL_CERT_FILE or SSL_CERT_DIR cannot be read") from error


def _http_url(base_url: str) -> httpx2.URL:
    """*base_url* as the settings have it; ValueError, with the key, for anything but http(s)."""
    try:
        url = httpx2.URL(base_url)
    except httpx2.InvalidURL:
        raise ValueError("base_url: must be an http or https URL") from None
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("base_url: must be an http or https URL")
    return url
