"""Sends requests to one model server, and tells a failure of it by its kind."""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import aclosing, asynccontextmanager, contextmanager
from urllib.parse import urlsplit

from pipeline import http
from pipeline.breaker import Breaker
from pipeline.llm.openai import errors as upstream_errors
from pipeline.llm.openai.errors import ModelFailed
from pipeline.llm.openai.timers import Left, TurnTimers, ran_out
from pipeline.time_limit import time_limit

FAILURES = 5
REST_SECONDS = 10.0
"""After so many tries in a row that did not reach the server, it is not asked for so long."""

LEAST_WAIT = 0.1
"""Seconds that a client is told to wait while the request of another one probes the server."""


class Connection:
    """Sends requests to the server at *base_url*, through *proxy* unless that is "", each with *headers*.

    ``path``: that of the URL. Raise ValueError for a URL or a header that cannot be used.
    """

    def __init__(self, base_url: str, headers: Mapping[str, str], clock: Callable[[], float], *, proxy: str) -> None:
        self._http = http.HttpClient(base_url, proxy)
        self._headers = _checked(headers)
        self.path = urlsplit(base_url).path.rstrip("/")
        self._breaker = Breaker(FAILURES, REST_SECONDS, clock)

    @asynccontextmanager
    async def send(
        self, method: str, path: str, key: str, timers: TurnTimers, content: bytes | None = None
    ) -> AsyncIterator[http.Reply]:
        """Give the reply, whose body is not read yet. Leaving the block closes it.

        Raise ModelFailed: MODEL_UNAVAILABLE, MODEL_TIMEOUT, or MODEL_PROTOCOL_ERROR.
        """
        headers = {**self._headers, **({"authorization": f"Bearer {key}"} if key else {})}
        left, to_connect = timers.left(), timers.left_to_connect()
        with self._unless_dead(), _unanswered(left, to_connect), timers.awaiting(left):
            async with time_limit(left.seconds):
                reply = await self._http.send(
                    method,
                    path,
                    headers,
                    content,
                    connect_seconds=to_connect.seconds,
                    connected=timers.connecting,
                )
        async with aclosing(reply):
            yield reply

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    @contextmanager
    def _unless_dead(self) -> Iterator[None]:
        """Ask the breaker before a try, and tell it how the try went.

        Any response shows that the server lives, even an error. A ModelFailed that is ``dead`` shows that it does not.
        Other failures and a cancellation show nothing.
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


@contextmanager
def _unanswered(left: Left, left_to_connect: Left) -> Iterator[None]:
    """Turn failures before the head of a response into ModelFailed."""
    try:
        yield
    except http.ConnectTimeout:
        raise ran_out(left_to_connect, answering=False) from None
    except TimeoutError:
        raise ran_out(left, answering=False) from None
    except http.NotHttp:
        raise upstream_errors.malformed() from None
    except http.HttpFailed:
        raise upstream_errors.unavailable(dead=True) from None


async def read(reply: http.Reply, left: Left) -> bytes:
    """Return the next piece of the body, b"" at its end. Wait no longer than *left*.

    Raise ModelFailed: MODEL_UNAVAILABLE, MODEL_TIMEOUT or MODEL_PROTOCOL_ERROR.
    """
    try:
        return await reply.read(left.seconds)
    except TimeoutError:
        raise ran_out(left) from None
    except http.NotHttp:
        raise upstream_errors.malformed() from None
    except http.HttpFailed:
        raise upstream_errors.cut_off() from None


async def read_all(reply: http.Reply, wait: Callable[[], Left], most: int) -> bytes:
    """Return the body, but no piece behind the first *most* bytes. ``wait()`` gives the time for each piece.

    Raise what ``read`` raises.
    """
    body = b""
    while len(body) <= most and (piece := await read(reply, wait())):
        body += piece
    return body


def _checked(headers: Mapping[str, str]) -> Mapping[str, str]:
    for name, value in headers.items():
        if not (name.isascii() and name.replace("-", "").replace("_", "").isalnum()):
            raise ValueError(f"extra_headers: {name!r} is no name of a header")
        if not (value.isascii() and value.isprintable()):
            raise ValueError(f"extra_headers: the value of {name} cannot be sent in a header")
    return {name.lower(): value for name, value in headers.items()}
