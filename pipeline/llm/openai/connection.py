"""The transport of one model server, and its failures."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from functools import partial

import httpx2

from pipeline.breaker import Breaker
from pipeline.http.client import HttpClient
from pipeline.http.transport import Body
from pipeline.llm.openai import errors as upstream_errors
from pipeline.llm.openai.errors import ModelFailed
from pipeline.llm.openai.timers import Left, TurnTimers, ran_out

FAILURES = 5
REST_SECONDS = 10.0
"""After so many tries in a row that never reached the server, nobody asks it for so long."""

LEAST_WAIT = 0.1
"""Seconds that a caller is told to wait while another one tries."""


class Reply:
    """A response whose body is read piece by piece."""

    def __init__(self, response: httpx2.Response) -> None:
        self.status: int = response.status_code
        self.headers = response.headers
        self.is_success = response.is_success
        self._response = response
        self._body: Body = response.extensions["body"]
        is_plain = response.headers.get("content-encoding", "identity").lower() == "identity"
        self._decoded = None if is_plain else response.aiter_bytes()

    async def read(self, left: Left) -> bytes:
        """The next piece of the body, decompressed, within the time that is *left*; b"" at its end. Raises ModelFailed:
        MODEL_UNAVAILABLE, MODEL_TIMEOUT or MODEL_PROTOCOL_ERROR.
        """
        self._body.timeout = left.seconds
        try:
            if self._decoded is None:
                return await self._body.read()
            return await anext(self._decoded, b"")
        except httpx2.ReadTimeout:
            raise ran_out(left) from None
        except (httpx2.TransportError, httpx2.DecodingError, zlib.error) as error:
            raise _failure(error) from None

    async def all(self, wait: Callable[[], Left], most: int) -> bytes:
        """The body, or what of it came within *most* bytes; ``wait()`` tells the time for each piece. Raises as
        ``read``.
        """
        found = b""
        while len(found) <= most and (piece := await self.read(wait())):
            found += piece
        return found

    async def aclose(self) -> None:
        """Leave the connection for another request if the body was read to its end, else close it."""
        if self._decoded is not None:
            await self._decoded.aclose()
        await self._response.aclose()


class Connection:
    """Sends requests to the server at *base_url*; ValueError if that is no http(s) URL, or for a header that cannot be
    sent. *headers* go with every request.
    """

    def __init__(
        self, base_url: str, headers: Mapping[str, str], clock: Callable[[], float], *, http2: bool = False
    ) -> None:
        self._http = HttpClient(base_url, http2=http2)
        self._headers = {"accept-encoding": "identity", **_checked(headers)}
        self._clock = clock
        self._breaker = Breaker(FAILURES, REST_SECONDS, clock)

    @asynccontextmanager
    async def send(
        self, method: str, path: str, key: str, timers: TurnTimers, content: bytes | None = None
    ) -> AsyncIterator[Reply]:
        """The reply, with its headers read and its body not; leaving the block closes it. Raises ModelFailed:
        MODEL_UNAVAILABLE, MODEL_TIMEOUT, or MODEL_PROTOCOL_ERROR.
        """
        headers = {**self._headers, **({"authorization": f"Bearer {key}"} if key else {})}
        client = self._http.open()
        request = client.build_request(method, self._http.url(path), headers=headers, content=content)
        with self._unless_dead():
            response = await self._answer(client, request, timers)
        async with aclosing(Reply(response)) as reply:
            yield reply

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    @contextmanager
    def _unless_dead(self) -> Iterator[None]:
        """Around one try to reach the server. Any answer, also an error, shows that it lives; ModelFailed by its
        ``dead``; a cancellation says nothing.
        """
        call = object()
        if not self._breaker.admits(call):
            raise upstream_errors.unavailable(wait=max(self._breaker.rest, LEAST_WAIT), again=False)
        well: bool | None = None
        try:
            yield
            well = True
        except ModelFailed as failed:
            well = False if failed.dead else None
            raise
        finally:
            self._breaker.ended(call, well)

    async def _answer(self, client: httpx2.AsyncClient, request: httpx2.Request, timers: TurnTimers) -> httpx2.Response:
        connecting_left, left = timers.left_to_connect(), timers.left()
        request.extensions["timeout"] = {"connect": connecting_left.seconds}
        request.extensions["connecting"] = partial(self._connecting, timers)
        try:
            async with asyncio.timeout(left.seconds):
                return await client.send(request, stream=True)
        except httpx2.ConnectTimeout:
            raise ran_out(connecting_left, answering=False) from None
        except TimeoutError:
            raise ran_out(left, answering=False) from None
        except httpx2.TransportError as error:
            raise _failure(error, answering=False) from None

    @contextmanager
    def _connecting(self, timers: TurnTimers) -> Iterator[None]:
        began = self._clock()
        try:
            yield
        finally:
            timers.connecting(self._clock() - began)


def _failure(error: Exception, *, answering: bool = True) -> ModelFailed:
    """A transport error by its class: a peer that went away, or something that is no HTTP."""
    if isinstance(error, httpx2.ProtocolError | httpx2.DecodingError | zlib.error):
        return upstream_errors.malformed()
    return upstream_errors.cut_off() if answering else upstream_errors.unavailable(dead=True)


def _checked(headers: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in headers.items():
        if not (name.isascii() and name.replace("-", "").replace("_", "").isalnum()):
            raise ValueError(f"extra_headers: {name!r} is no name of a header")
        if not (value.isascii() and value.isprintable()):
            raise ValueError(f"extra_headers: the value of {name} cannot be sent in a header")
    return {name.lower(): value for name, value in headers.items()}
