"""The transport of one model server, and its failures."""

import asyncio
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from typing import Any

import httpx2

from pipeline.breaker import Breaker
from pipeline.http_client import HttpClient
from pipeline.llm import upstream_errors
from pipeline.llm.alarm import Alarm
from pipeline.llm.timers import Left, TurnTimers, ran_out
from pipeline.llm.upstream_errors import ModelFailed

FAILURES = 5
REST_SECONDS = 10.0
"""After so many tries in a row that never reached the server, nobody asks it for so long."""

LEAST_WAIT = 0.1
"""Seconds that a caller is told to wait while another one tries."""

CONNECTED = "http11.send_request_headers.started"
"""httpcore's word for it."""


class Connection:
    """Sends requests to the server at *base_url*; ValueError if that is no http(s) URL, or for a header that cannot be
    sent. *headers* go with every request.
    """

    def __init__(self, base_url: str, headers: Mapping[str, str], clock: Callable[[], float]) -> None:
        self._http = HttpClient(base_url)
        self._headers = {"accept-encoding": "identity", **_checked(headers)}
        self._clock = clock
        self._breaker = Breaker(FAILURES, REST_SECONDS, clock)

    @asynccontextmanager
    async def send(
        self, method: str, path: str, key: str, timers: TurnTimers, content: bytes | None = None
    ) -> AsyncIterator[httpx2.Response]:
        """The response, with its headers read and its body not; leaving the block closes it.

        A body that was read to its end leaves the connection for another turn, anything else closes it. Raises
        ModelFailed: MODEL_UNAVAILABLE, MODEL_TIMEOUT, or MODEL_PROTOCOL_ERROR.
        """
        headers = {**self._headers, **({"authorization": f"Bearer {key}"} if key else {})}
        client = self._http.open()
        request = client.build_request(method, self._http.url(path), headers=headers, content=content)
        with self._unless_dead():
            response = await self._answer(client, request, timers)
        async with aclosing(response):
            yield response

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
        began = self._clock()
        left = timers.left_to_connect()
        connected = False

        async def trace(name: str, _info: Mapping[str, Any]) -> None:
            nonlocal left, connected
            if name == CONNECTED and not connected:
                connected = True
                timers.connecting(self._clock() - began)
                left = timers.left()
                timeout.reschedule(asyncio.get_running_loop().time() + left.seconds)

        request.extensions["trace"] = trace
        try:
            async with asyncio.timeout(left.seconds) as timeout:
                return await client.send(request, stream=True)
        except TimeoutError:
            raise ran_out(left, answering=False) from None
        except httpx2.TransportError as error:
            raise _failure(error, answering=False) from None
        finally:
            if not connected:
                timers.connecting(self._clock() - began)


async def pieces(response: httpx2.Response, wait: Callable[[], Left]) -> AsyncGenerator[bytes, None]:
    """The body as it comes, decompressed, read only when it is asked for. ``wait()`` is asked before each read how long
    that may take. Raises ModelFailed as ``send`` does.
    """
    with Alarm() as alarm:
        async with aclosing(response.aiter_bytes()) as body:
            while True:
                left = wait()
                try:
                    piece = await alarm.wait(anext(body), left.seconds)
                except StopAsyncIteration:
                    return
                except TimeoutError:
                    raise ran_out(left) from None
                except (httpx2.TransportError, httpx2.DecodingError, zlib.error) as error:
                    raise _failure(error) from None
                yield piece


async def whole(response: httpx2.Response, wait: Callable[[], Left], most: int) -> bytes:
    """The body, or what of it came within *most* bytes. Raises as ``pieces`` does."""
    found = b""
    async with aclosing(pieces(response, wait)) as body:
        async for piece in body:
            found += piece
            if len(found) > most:
                break
    return found


def _failure(error: Exception, *, answering: bool = True) -> ModelFailed:
    """A transport error by its class; its text may hold bytes of the server. A peer that went away is "without
    sending" in h11's words, everything else of the kind is no HTTP.
    """
    cut = not isinstance(error, httpx2.ProtocolError | httpx2.DecodingError | zlib.error)
    if cut or "without sending" in str(error):
        return upstream_errors.cut_off() if answering else upstream_errors.unavailable(dead=True)
    return upstream_errors.malformed()


def _checked(headers: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in headers.items():
        if not (name.isascii() and name.replace("-", "").replace("_", "").isalnum()):
            raise ValueError(f"extra_headers: {name!r} is no name of a header")
        if not (value.isascii() and value.isprintable()):
            raise ValueError(f"extra_headers: the value of {name} cannot be sent in a header")
    return {name.lower(): value for name, value in headers.items()}
