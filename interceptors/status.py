"""Sets the status of every failed call; no other place does.

An exception becomes one last message, a gRPC status, and the trailers that explain it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from logging import DEBUG, INFO
from typing import Any

import grpc
import structlog
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_status.rpc_status import to_status

from interceptors.base import Call, StreamInterceptor, WrappedContext, is_cancelled, metadata_value
from interceptors.errors import Rejected, StreamError
from interceptors.session import SHORT

DOMAIN = "stentor"
PUSHBACK = "grpc-retry-pushback-ms"
REFUSALS_HEADER = "x-refusals"
STATUS_SECONDS = 2.0
"""How long the call waits until its status has left. A client that does not read gets it later."""

log = structlog.get_logger(scope="stream")


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a failed call ends."""

    code: grpc.StatusCode
    reason: str
    """UPPER_SNAKE, the ErrorInfo's."""
    text: str
    """Shown to the user, in any language."""
    details: str
    """The status' text: ASCII, at most 200 characters, since clients show anything else wrongly."""
    retry_after: float | None = None
    """Seconds; None = do not retry."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """The ErrorInfo's."""
    silent: bool = False
    """There is no last message, because the client does not read."""
    defect: bool = False
    """Nobody foresaw this failure; the log shows its traceback."""
    own_words: bool = False
    """Whoever failed chose ``text`` for the user; else it is for whoever writes the client."""


LastWords = Callable[[Any, Outcome, int], Awaitable[Sequence[Any]]]
"""``await last_words(request, outcome, rate)`` makes the last messages of a failed stream in words for its user; none =
the plain message will do. *request* is None where it could not be decoded; *rate* are the Hz of the sound that was
sent, 0 = none was.
"""


class StatusInterceptor(StreamInterceptor):
    """Give failed calls their end on the wire; leave successful ones alone.

    ``judge(error)`` is the table of outcomes. ``error_message[method](text)`` makes the plain last message of a
    streaming method, ``last_words[method]`` those for its user. ``is_own(message)`` tells whether a message is no part
    of the answer, ``rate_of(message)`` the Hz of its sound, 0 = it has none. ``refusals`` tells whether a refused
    stream gets a last ``message``, or ``trailers`` only, which a stock retry policy needs; a client may ask for the
    latter in its metadata. ``send_timeout_seconds``: how long a client may not read before its last message is given
    up. ``is_outer``: another status link stands further in, and logs the calls that end there. ``is_minor(request)``: a
    call that goes well is logged at DEBUG only.
    """

    def __init__(
        self,
        methods: Collection[str],
        judge: Callable[[BaseException], Outcome],
        error_message: Mapping[str, Callable[[str], Any]],
        *,
        refusals: str,
        send_timeout_seconds: float,
        last_words: Mapping[str, LastWords] | None = None,
        is_own: Callable[[Any], bool] = lambda _: False,
        rate_of: Callable[[Any], int] = lambda _: 0,
        is_outer: bool = False,
        is_minor: Callable[[Any], bool] = lambda _request: False,
    ) -> None:
        super().__init__(methods)
        self._judge = judge
        self._error_message = error_message
        self._refusals = refusals
        self._send_timeout = send_timeout_seconds
        self._last_words = last_words or {}
        self._is_own = is_own
        self._rate_of = rate_of
        self._is_outer = is_outer
        self._is_minor = is_minor

    async def intercept(self, method: Call, request: Any, context: Any, method_name: str) -> Any:
        """Await the call; turn whatever it raises into its end on the wire, and log how it ended."""
        structlog.contextvars.bind_contextvars(**_names(request, method_name))
        own = asyncio.current_task()
        watched = WatchedContext(context, self._is_own, self._rate_of)
        try:
            response = await method(request, watched)
            if not watched.aborted:
                _check_answer(response, watched.wrote, streams=method_name in self._error_message)
        except BaseException as error:
            if watched.aborted:  # grpc takes only one status
                self._log_end("ended by a link further in", decision="end")
                raise
            if isinstance(error, GeneratorExit) and not _runs(own):
                raise  # the coroutine was thrown away and cannot await anything any more
            if isinstance(error, asyncio.CancelledError) and is_cancelled():
                self._log_end("the client left", decision="cancel")
                raise
            outcome = self._judge(error)
            _log(error, outcome)
            silent = outcome.silent or self._by_trailers(error, context)
            messages = () if silent else await self._messages(method_name, request, outcome, watched.rate)
            await _end(watched, outcome, messages, self._send_timeout)
            return None
        if not watched.aborted:
            self._log_end("done", DEBUG if self._is_minor(request) else INFO, decision="end", outcome="OK")
        return response

    def _log_end(self, event: str, level: int = INFO, **fields: str) -> None:
        if not self._is_outer:
            log.log(level, event, **fields)

    async def _messages(self, method_name: str, request: Any, outcome: Outcome, rate: int) -> Sequence[Any]:
        """Make the last messages. A failure is told also where the words for its user cannot be made."""
        plain = self._error_message.get(method_name)
        try:
            words = self._last_words.get(method_name)
            messages = await words(request, outcome, rate) if words else ()
        except Exception as error:
            log.exception("the words for the user could not be made", decision="skip", exc_info=error)
            messages = ()
        return messages or ([plain(outcome.text)] if plain else ())

    def _by_trailers(self, error: BaseException, context: Any) -> bool:
        if not isinstance(error, Rejected):
            return False
        return self._refusals == "trailers" or metadata_value(context, REFUSALS_HEADER) == "trailers"


class WatchedContext(WrappedContext):
    """Remembers whether anything of the answer was sent, after which no client may retry by itself, and at which rate;
    since when a message waits for its reader; and whether a link or a status link further in has ended the call with a
    status of its own.
    """

    def __init__(self, context: Any, is_own: Callable[[Any], bool], rate_of: Callable[[Any], int]) -> None:
        super().__init__(context)
        self._is_own = is_own
        self._rate_of = rate_of
        self.wrote = False
        self.rate = 0
        self.waits_since: float | None = None
        self.aborted = False

    async def abort(self, code: grpc.StatusCode, details: str = "", trailing_metadata: Any = ()) -> None:
        """End the call with a status."""
        self.aborted = True
        await self.inner.abort(code, details, trailing_metadata)

    async def write(self, message: Any) -> None:
        """Send *message*."""
        self.wrote = self.wrote or not self._is_own(message)
        self.rate = self.rate or self._rate_of(message)
        self.waits_since = asyncio.get_running_loop().time()
        await self.inner.write(message)
        self.waits_since = None


async def _end(context: WatchedContext, outcome: Outcome, messages: Sequence[Any], send_timeout: float) -> None:
    retry_after = None if context.wrote else outcome.retry_after
    pushback = -1 if retry_after is None else max(1, round(retry_after * 1000))
    rich = to_status(_rich(outcome))
    trailers = (*rich.trailing_metadata, (PUSHBACK, str(pushback)))
    if messages:
        await _say(context, messages, send_timeout)
    try:
        async with asyncio.timeout(STATUS_SECONDS):
            await context.abort(outcome.code, outcome.details, trailers)
    except TimeoutError:
        log.info("the client does not take its status yet", decision="skip")


async def _say(context: WatchedContext, messages: Sequence[Any], send_timeout: float) -> None:
    """Send the last messages. A client that has not been reading has only the rest of its time for that."""
    since = context.waits_since
    try:
        async with asyncio.timeout_at((asyncio.get_running_loop().time() if since is None else since) + send_timeout):
            for message in messages:
                await context.inner.write(message)
    except TimeoutError:
        log.info("the client does not read its last message", decision="skip")
    except asyncio.CancelledError:
        if is_cancelled():
            raise  # else the client may still be there, and waits for its status


def _check_answer(response: Any, wrote: bool, *, streams: bool) -> None:
    """Refuse to end a call well that no link has answered: somebody forgot to await the call further in."""
    if isinstance(response, Coroutine):
        response.close()
    elif wrote if streams else response is not None:
        return
    log.error("a link did not await the call", decision="end")
    raise StreamError("INTERNAL")


def _rich(outcome: Outcome) -> Status:
    """google.rpc.Status with ErrorInfo, and RetryInfo where waiting helps (https://google.aip.dev/193)."""
    status = Status(code=outcome.code.value[0], message=outcome.details)
    info = ErrorInfo(reason=outcome.reason, domain=DOMAIN, metadata=outcome.metadata)
    status.details.add().Pack(info)
    if outcome.retry_after is not None:
        retry = RetryInfo()
        retry.retry_delay.FromTimedelta(timedelta(seconds=outcome.retry_after))
        status.details.add().Pack(retry)
    return status


def _runs(task: "asyncio.Task[Any] | None") -> bool:
    """Tell whether *task* itself runs this, not somebody who closes its coroutine."""
    try:
        return asyncio.current_task() is task
    except RuntimeError:  # the loop has stopped
        return False


def _names(request: Any, method_name: str) -> dict[str, str]:
    """Name the call on each of its log lines: the method, and the ids that the request has, shortened."""
    ids = {"session": getattr(request, "session_id", ""), "client": getattr(request, "hardware_id", "")}
    return {"method": method_name.rpartition("/")[2]} | {name: id_[:SHORT] for name, id_ in ids.items() if id_}


def _log(error: BaseException, outcome: Outcome) -> None:
    if outcome.defect:
        log.error("failed", decision="end", outcome=outcome.reason, exc_info=error)
    elif isinstance(error, Rejected):
        log.info("refused", decision="reject", outcome=outcome.reason, **outcome.metadata)
    elif outcome.code is grpc.StatusCode.CANCELLED:  # somebody wanted this end
        log.info("ended", decision="end", outcome=outcome.reason, code=outcome.code.name)
    else:
        log.warning("ended", decision="end", outcome=outcome.reason, code=outcome.code.name)
