"""The status link: every failure becomes one last message, a status and its trailers; a success is never touched."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any

import grpc
import pytest
from google.rpc.error_details_pb2 import ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from structlog.testing import capture_logs

from app.service.statuses import TABLE, judge
from interceptors import status
from interceptors.errors import Rejected, StreamError
from interceptors.session import SessionInterceptor
from interceptors.status import StatusInterceptor
from interceptors.testing import METHOD, FakeContext, chained
from pipeline.errors import STATUSES, InvalidStageError, StageError
from pipeline.flow import SourceFailed
from tests.fakes import PATIENCE, settle

UNARY = "/test.Service/Unary"

CONTRACT = {
    "INVALID_REQUEST": "INVALID_ARGUMENT",
    "UNSUPPORTED_PHASE": "INVALID_ARGUMENT",
    "UNAUTHENTICATED": "UNAUTHENTICATED",
    "PERMISSION_DENIED": "PERMISSION_DENIED",
    "STREAM_LIMIT_EXCEEDED": "RESOURCE_EXHAUSTED",
    "CONCURRENT_REQUEST": "RESOURCE_EXHAUSTED",
    "RATE_LIMIT_EXCEEDED": "RESOURCE_EXHAUSTED",
    "STREAM_IDLE_TIMEOUT": "DEADLINE_EXCEEDED",
    "SEND_TIMEOUT": "DEADLINE_EXCEEDED",
    "STREAM_TIMEOUT": "DEADLINE_EXCEEDED",
    "INTERRUPTED": "CANCELLED",
    "DRAINING": "UNAVAILABLE",
    "STORE_UNAVAILABLE": "UNAVAILABLE",
    "LEASE_LOST": "ABORTED",
    "MODEL_REJECTED": "FAILED_PRECONDITION",
    "MODEL_BUSY": "RESOURCE_EXHAUSTED",
    "MODEL_UNAVAILABLE": "UNAVAILABLE",
    "MODEL_TIMEOUT": "DEADLINE_EXCEEDED",
    "MODEL_PROTOCOL_ERROR": "INTERNAL",
    "COMMAND_REFUSED": "ABORTED",
    "SPEECH_FAILED": "UNAVAILABLE",
    "INTERNAL": "INTERNAL",
}
"""The contract's table."""


def link(refusals: str = "message", send_timeout: float = PATIENCE, **options: Any) -> StatusInterceptor:
    messages = {METHOD: lambda text: f"error: {text}"}
    options |= {"refusals": refusals, "send_timeout_seconds": send_timeout}
    return StatusInterceptor([METHOD, UNARY], judge, messages, **options)


def ends(error: BaseException | None, *, after: int = 0) -> Callable[[Any, Any], Any]:
    """A handler that raises *error*, or responds, after so many messages."""

    async def handler(_request: Any, context: Any) -> str:
        for number in range(after):
            await context.write(number)
        if error is not None:
            raise error
        return "response"

    return handler


async def hangs(_request: Any, context: Any) -> None:
    await context.write("x")
    await asyncio.sleep(3600)


async def failed(error: BaseException, *, after: int = 0, refusals: str = "message", **context: Any) -> FakeContext:
    """The context of a call whose handler raised *error*."""
    fake = FakeContext(**context)
    with pytest.raises(grpc.aio.AbortError):
        await link(refusals).intercept(ends(error, after=after), None, fake, METHOD)
    assert fake.events.count("abort") == 1
    assert fake.events[-1] == "abort", "nothing comes after the status"
    assert not {"set_code", "set_details", "set_trailing_metadata"} & set(fake.events)
    return fake


def rich(context: FakeContext) -> tuple[Status, ErrorInfo, timedelta | None]:
    """google.rpc.Status in the trailers, its ErrorInfo, and how long it says to wait."""
    found = Status.FromString(dict(context.trailers)["grpc-status-details-bin"])  # type: ignore[arg-type]
    info, retry, wait = ErrorInfo(), RetryInfo(), None
    for detail in found.details:
        if not detail.Unpack(info):
            assert detail.Unpack(retry)
            assert wait is None
            wait = retry.retry_delay.ToTimedelta()
    return found, info, wait


def pushback(context: FakeContext) -> int:
    return int(dict(context.trailers)["grpc-retry-pushback-ms"])


async def test_last_words_for_the_user() -> None:
    """They are made of the request, the outcome and the rate of the first sound, and stand in place of the plain
    message; what is no part of the answer is no data for the pushback.
    """
    asked: list[Any] = []

    async def words(request: Any, outcome: status.Outcome, rate: int) -> list[str]:
        asked.append((request, outcome.reason, rate))
        return ["one", "two"]

    for after, rate, wait in ((0, 0, 1000), (1, 0, 1000), (3, 10, -1)):
        asked.clear()
        fake = FakeContext()
        made = link(
            last_words={METHOD: words}, is_own=lambda message: message < 1, rate_of=lambda message: message * 10
        )
        with pytest.raises(grpc.aio.AbortError):
            await made.intercept(ends(StreamError("DRAINING", retry_after=1), after=after), "request", fake, METHOD)
        assert fake.sent == [*range(after), "one", "two"]
        assert asked == [("request", "DRAINING", rate)]
        assert pushback(fake) == wait


@pytest.mark.parametrize("gives", [[], ZeroDivisionError()])
async def test_without_last_words(gives: Any) -> None:
    """Where there are none, or they cannot be made, the plain message says it."""

    async def words(*_: Any) -> Any:
        if isinstance(gives, Exception):
            raise gives
        return gives

    fake = FakeContext()
    with pytest.raises(grpc.aio.AbortError):
        await link(last_words={METHOD: words}).intercept(ends(StreamError("DRAINING")), None, fake, METHOD)
    assert fake.sent == [f"error: {TABLE['DRAINING'].text}"]


def test_the_table_is_the_contracts() -> None:
    """Every reason of the contract is in the table, with its status, and no other."""
    assert {reason: row.code.name for reason, row in TABLE.items()} == CONTRACT


@pytest.mark.parametrize("reason", CONTRACT)
async def test_every_reason(reason: str) -> None:
    """A reason arrives as its status, with safe words, an ErrorInfo, and no retry unless it says so."""
    context = await failed(StreamError(reason, metadata={"limit": "some_limit"}))
    assert context.status == (grpc.StatusCode[CONTRACT[reason]], TABLE[reason].text)
    found, info, wait = rich(context)
    assert (found.code, found.message) == (grpc.StatusCode[CONTRACT[reason]].value[0], TABLE[reason].text)
    assert (info.domain, info.reason, dict(info.metadata)) == ("stentor", reason, {"limit": "some_limit"})
    assert wait is None
    assert pushback(context) == -1
    assert context.sent == ([] if reason == "SEND_TIMEOUT" else [f"error: {TABLE[reason].text}"])


@pytest.mark.parametrize("reason", CONTRACT)
def test_every_text_of_the_table_is_fit_for_the_wire(reason: str) -> None:
    """The table's own words are ASCII and at most 200 characters."""
    assert TABLE[reason].text.isascii()
    assert TABLE[reason].text.isprintable()
    assert 0 < len(TABLE[reason].text) <= 200


@pytest.mark.parametrize(
    "error",
    [
        Rejected("STREAM_LIMIT_EXCEEDED", retry_after=1.5),
        StreamError("DRAINING", retry_after=1.5),
        StageError("UNAVAILABLE", "MODEL_BUSY", "x", retry_after=Decimal("1.5")),
    ],
)
async def test_retry_where_waiting_helps(error: Exception) -> None:
    """An error that says when to come again tells it in RetryInfo and, in milliseconds, as pushback."""
    context = await failed(error)
    assert rich(context)[2] == timedelta(seconds=1.5)
    assert pushback(context) == 1500


@pytest.mark.parametrize("retry_after", [0.0, 0.0001])
async def test_pushback_is_more_than_nothing(retry_after: float) -> None:
    """A wait too short for a millisecond is one."""
    assert pushback(await failed(StageError("UNAVAILABLE", "MODEL_BUSY", "x", retry_after=retry_after))) == 1


async def test_no_retry_once_anything_was_sent() -> None:
    """Once a message has left, no client may retry by itself."""
    context = await failed(StageError("UNAVAILABLE", "MODEL_UNAVAILABLE", "gone", retry_after=1.0), after=1)
    assert pushback(context) == -1
    assert context.sent == [0, "error: gone"]


@pytest.mark.parametrize("code", sorted(STATUSES))
async def test_a_stage_may_raise_every_status(code: str) -> None:
    """Every gRPC status but OK arrives as a stage author raised it, with his reason and his words."""
    context = await failed(StageError(code, "OWN_REASON", "own words", retry_after=2.0))
    assert context.status == (grpc.StatusCode[code], "own words")
    found, info, wait = rich(context)
    assert found.code == grpc.StatusCode[code].value[0]
    assert (info.domain, info.reason, wait) == ("stentor", "OWN_REASON", timedelta(seconds=2))
    assert context.sent == ["error: own words"]


def test_all_statuses_but_ok() -> None:
    """The statuses that a stage may raise are gRPC's, but OK."""
    assert {code.name for code in grpc.StatusCode} - {"OK"} == STATUSES


@pytest.mark.parametrize(
    ("text", "message", "details"),
    [
        ("Модель занята", "Модель занята", TABLE["MODEL_BUSY"].text),
        ("emoji 🦊", "emoji 🦊", TABLE["MODEL_BUSY"].text),
        ("lone \ud83e", "lone \ufffd", TABLE["MODEL_BUSY"].text),
        ("a\x1b[31m\x00b", "a\x1b[31m\x00b", TABLE["MODEL_BUSY"].text),
        (" two \n lines\t", "two lines", "two lines"),
        ("x" * 500, "x" * 200, "x" * 200),
        ("ж" * 500, "ж" * 200, TABLE["MODEL_BUSY"].text),
    ],
)
async def test_any_text(text: str, message: str, details: str) -> None:
    """The message keeps its language; the details are printable ASCII on one line, at most 200 characters."""
    context = await failed(StageError("RESOURCE_EXHAUSTED", "MODEL_BUSY", text))
    assert context.sent == [f"error: {message}"]
    assert context.status == (grpc.StatusCode.RESOURCE_EXHAUSTED, details)
    assert rich(context)[0].message == details


@pytest.mark.parametrize("text", ["", " \n"])
async def test_no_words_are_the_tables(text: str) -> None:
    """A failure without words gets the table's, or its reason: the user is never shown nothing."""
    known = await failed(StageError("UNAVAILABLE", "MODEL_UNAVAILABLE", text))
    assert known.sent == [f"error: {TABLE['MODEL_UNAVAILABLE'].text}"]
    own = await failed(StageError("UNAVAILABLE", "OWN_REASON", text))
    assert own.sent == ["error: OWN_REASON"]
    assert (await failed(StreamError("DRAINING", text))).sent == [f"error: {TABLE['DRAINING'].text}"]


@pytest.mark.parametrize("reason", ["lower", "", "HAS SPACE", "Ä", "X" * 64, "TRAILING_", "A\nB"])
async def test_a_reason_that_is_none(reason: str) -> None:
    """A reason that an ErrorInfo can't carry is INTERNAL; status and words stay."""
    context = await failed(StageError("NOT_FOUND", reason, "own words"))
    assert rich(context)[1].reason == "INTERNAL"
    assert context.status == (grpc.StatusCode.NOT_FOUND, "own words")


class Hostile(Exception):
    """Its very text fails."""

    def __str__(self) -> str:
        raise RuntimeError("secret")


@pytest.mark.parametrize(
    "error",
    [
        ValueError("secret"),
        StreamError("NOT_IN_THE_TABLE", "secret"),
        KeyError("secret"),
        OSError(2, "secret", "/secret/path"),
        ExceptionGroup("secret", [ValueError("secret")]),
        BaseExceptionGroup("secret", [KeyboardInterrupt("secret")]),
        SourceFailed("secret"),
        Hostile(),
        MemoryError("secret"),
        grpc.aio.AbortError("secret"),
        SystemExit("secret"),
        KeyboardInterrupt("secret"),
        GeneratorExit("secret"),
        asyncio.CancelledError("secret"),
    ],
    ids=lambda error: type(error).__name__,
)
@pytest.mark.parametrize("after", [0, 2])
async def test_what_nobody_foresaw(error: BaseException, after: int) -> None:
    """Any other exception, and a CancelledError that nobody asked for, is INTERNAL; nothing of its text leaves."""
    context = await failed(error, after=after)
    assert context.status == (grpc.StatusCode.INTERNAL, "something went wrong in the server")
    assert rich(context)[1].reason == "INTERNAL"
    assert pushback(context) == -1
    everything = repr((context.sent, context.status, context.trailers))
    assert "secret" not in everything
    assert type(error).__name__ not in everything


@pytest.mark.parametrize(
    ("status", "reason", "text", "retry_after", "error"),
    [
        *[("UNAVAILABLE", "OWN", "x", wait, "retry_after") for wait in (float("nan"), float("inf"), -1.0, 1e300)],
        *[(code, "OWN", "x", None, "must be one of") for code in ("OK", "ok", "not_found", "", 5)],
        ("UNAVAILABLE", "OWN", ValueError("secret"), None, "must be str"),
        ("UNAVAILABLE", None, "x", None, "must be str"),
    ],
)
def test_what_is_none_is_refused_where_it_is_made(
    status: Any, reason: Any, text: Any, retry_after: float | None, error: str
) -> None:
    """A StageError says so at once when its wait is none, its status is OK or not gRPC's, or its words are no text."""
    with pytest.raises(InvalidStageError, match=error):
        StageError(status, reason, text, retry_after=retry_after)


# Successes, and clients that leave.


@pytest.mark.parametrize(("method", "messages"), [(METHOD, 1), (UNARY, 0)])
async def test_a_success_is_not_touched(method: str, messages: int) -> None:
    """A call that goes well sets no status, no details, no trailers, and aborts nothing; its response passes."""
    context = FakeContext()
    assert await link().intercept(ends(None, after=messages), None, context, method) == "response"
    assert context.events == ["write"] * messages


@pytest.mark.parametrize("method", [METHOD, UNARY])
@pytest.mark.parametrize("awaits", [True, False])
async def test_a_call_that_nobody_answers(awaits: bool, method: str) -> None:
    """A link further in that does not await the call, or awaits nothing, makes no success of it."""
    context = FakeContext()

    async def forgets(request: Any, context: Any) -> Any:
        return None if awaits else ends(None)(request, context)

    with pytest.raises(grpc.aio.AbortError):
        await link().intercept(forgets, None, context, method)
    assert context.status == (grpc.StatusCode.INTERNAL, TABLE["INTERNAL"].text)
    assert context.events == (["write", "abort"] if method == METHOD else ["abort"])


async def test_a_unary_failure_has_no_message() -> None:
    """A method without a last message ends with its status alone."""
    context = FakeContext()
    with pytest.raises(grpc.aio.AbortError):
        await link().intercept(ends(Rejected("PERMISSION_DENIED")), None, context, UNARY)
    assert context.events == ["abort"]
    assert context.status == (grpc.StatusCode.PERMISSION_DENIED, TABLE["PERMISSION_DENIED"].text)


@pytest.mark.parametrize("closing", [0.0, 0.005])
async def test_a_real_cancellation_passes_untouched(closing: float) -> None:
    """A client that cancels gets no message and no status, and the cancellation comes through."""

    async def handler(request: Any, context: Any) -> None:
        try:
            await hangs(request, context)
        finally:
            await asyncio.sleep(closing)

    context = FakeContext()
    task = asyncio.create_task(link().intercept(handler, None, context, METHOD))
    await settle()
    task.cancel()
    await asyncio.wait({task})
    assert task.cancelled()
    assert context.events == ["write"]


async def test_a_call_that_is_thrown_away() -> None:
    """A call whose coroutine is closed, as at the end of a process, sends nothing: it could wait for nothing."""
    context = FakeContext()
    call = link().intercept(hangs, None, context, METHOD)
    task = asyncio.create_task(call)
    await settle()
    call.close()
    assert context.events == ["write"]
    task.cancel()
    await asyncio.wait({task})


# Refusals.


@pytest.mark.parametrize(
    ("setting", "asked", "messages"),
    [("message", "", 1), ("message", "trailers", 0), ("trailers", "", 0), ("trailers", "x", 0), ("message", "x", 1)],
)
async def test_refusals_as_message_or_as_trailers(setting: str, asked: str, messages: int) -> None:
    """A refused stream has a last message, or trailers only where the settings or the client's metadata say so."""
    metadata = {"x-refusals": asked} if asked else {}
    context = await failed(Rejected("CONCURRENT_REQUEST"), refusals=setting, metadata=metadata)
    assert len(context.sent) == messages
    assert context.initial_metadata is None
    assert context.status is not None
    assert context.status[0] is grpc.StatusCode.RESOURCE_EXHAUSTED


async def test_only_refusals_go_without_a_message() -> None:
    """A stream that was admitted keeps its last message, whatever the client asked for refusals."""
    context = await failed(StreamError("INTERRUPTED"), refusals="trailers", metadata={"x-refusals": "trailers"})
    assert context.sent == ["error: interrupted"]


# Clients that do not read, or die, while the call ends.


@pytest.fixture
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "STATUS_SECONDS", 0.01)


@pytest.mark.usefixtures("_soon")
@pytest.mark.parametrize("error", [ValueError("x"), StreamError("SEND_TIMEOUT"), Rejected("DRAINING")])
async def test_a_client_that_does_not_read_holds_nothing(error: Exception) -> None:
    """With a client that takes neither the last message nor the status, the call ends all the same, and quietly."""
    context = FakeContext()
    context.block()
    async with asyncio.timeout(PATIENCE):
        assert await link(send_timeout=0.01).intercept(ends(error), None, context, METHOD) is None
    assert context.status is not None, "the status is on its way"


@pytest.mark.usefixtures("_soon")
async def test_a_client_that_reads_again_after_the_last_message_was_given_up() -> None:
    """When the last message is not taken in time, it is on its way all the same, and the status behind it."""

    class ReadsAgain(FakeContext):
        async def abort(self, *args: Any) -> None:
            self.unblock()
            await super().abort(*args)

    context = ReadsAgain()
    context.block()
    with pytest.raises(grpc.aio.AbortError):
        await link(send_timeout=0.01).intercept(ends(ValueError()), None, context, METHOD)
    assert len(context.sent) == 1


async def test_a_last_message_that_is_cancelled_by_nobody() -> None:
    """A CancelledError that nobody asked for does not keep the status from a client that waits for it."""

    class Fails(FakeContext):
        async def write(self, message: Any) -> None:
            raise asyncio.CancelledError

    context = Fails()
    with pytest.raises(grpc.aio.AbortError):
        await link().intercept(ends(ValueError()), None, context, METHOD)
    assert context.status is not None


async def test_a_client_that_leaves_during_the_last_message() -> None:
    """A client's own cancellation ends the last words."""
    context = FakeContext()
    context.block()
    task = asyncio.create_task(link().intercept(ends(ValueError()), None, context, METHOD))
    await settle()
    task.cancel()
    await asyncio.wait({task}, timeout=PATIENCE)
    assert task.cancelled()
    assert context.status is None


@pytest.mark.usefixtures("_soon")
@pytest.mark.parametrize("cancel_after", [0.001, None])
@pytest.mark.parametrize("error", [ValueError("x"), StreamError("SEND_TIMEOUT")])
async def test_a_client_that_is_gone_during_the_last_words(error: Exception, cancel_after: float | None) -> None:
    """A failure whose client is gone ends quietly: grpc's private error does not come out of the chain."""
    context = FakeContext()
    context.kill(cancel_after=cancel_after)
    outermost = SessionInterceptor([METHOD], lambda *_: None)
    task = asyncio.create_task(chained(outermost, link(), handler=ends(error))(None, context))
    await asyncio.wait({task}, timeout=PATIENCE)
    assert task.done()
    assert task.cancelled() or task.exception() is None


# Links with a status of their own.


async def refuse(_request: Any, context: Any) -> None:
    """A link that was written for another server: it sets a status itself."""
    await context.abort(grpc.StatusCode.PERMISSION_DENIED, "not today")


async def test_a_status_that_a_link_has_set_stays() -> None:
    """What a link further in ends with ``abort`` keeps its status; nothing is written behind it."""
    context = FakeContext()
    with pytest.raises(grpc.aio.AbortError), capture_logs() as lines:
        await link().intercept(refuse, None, context, METHOD)
    assert context.status == (grpc.StatusCode.PERMISSION_DENIED, "not today")
    assert context.events == ["abort"]
    assert [line["event"] for line in lines] == ["ended by a link further in"]


async def test_an_abort_that_a_link_swallows_is_no_success() -> None:
    """The log does not call a stream done that ended with a status."""

    async def swallowing(request: Any, context: Any) -> None:
        with suppress(grpc.aio.AbortError):
            await refuse(request, context)

    with capture_logs() as lines:
        await link().intercept(swallowing, None, FakeContext(), METHOD)
    assert lines == []


@pytest.mark.parametrize("error", [None, ValueError("x"), Rejected("DRAINING")], ids=lambda value: type(value).__name__)
async def test_an_outer_status_link_repeats_nothing(error: Exception | None) -> None:
    """Around a status link an outer one changes nothing: one last message, one status, one line in the log."""
    context = FakeContext()
    with suppress(grpc.aio.AbortError), capture_logs() as lines:
        await chained(link(is_outer=True), link(), handler=ends(error, after=error is None))(None, context)
    assert context.events == (["write"] if error is None else ["write", "abort"])
    assert len(lines) == 1


# The log.


@pytest.mark.parametrize(("is_minor", "levels"), [(False, ["info", "warning"]), (True, ["warning"])])
async def test_a_minor_call_that_goes_well_is_no_news(is_minor: bool, levels: list[str]) -> None:
    """At INFO there is no line of it; its failures are logged as any other's."""
    minor = link(is_minor=lambda _request: is_minor)
    with capture_logs() as lines, suppress(grpc.aio.AbortError):
        await minor.intercept(ends(None, after=1), None, FakeContext(), METHOD)
        await minor.intercept(ends(StreamError("SEND_TIMEOUT")), None, FakeContext(), METHOD)
    assert [line["log_level"] for line in lines if line["log_level"] != "debug"] == levels


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (None, {"log_level": "info", "decision": "end", "outcome": "OK"}),
        (Rejected("DRAINING", metadata={"limit": "a"}), {"log_level": "info", "decision": "reject", "limit": "a"}),
        (StreamError("INTERRUPTED"), {"log_level": "info", "outcome": "INTERRUPTED", "code": "CANCELLED"}),
        (StreamError("SEND_TIMEOUT"), {"log_level": "warning", "outcome": "SEND_TIMEOUT"}),
        (ValueError("x"), {"log_level": "error", "decision": "end", "outcome": "INTERNAL"}),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_one_line_for_each_end(error: Exception | None, expected: dict[str, str]) -> None:
    """Each call leaves one line that says how it ended; what nobody foresaw has its traceback there."""
    with suppress(grpc.aio.AbortError), capture_logs() as lines:
        await link().intercept(ends(error, after=error is None), None, FakeContext(), METHOD)
    (line,) = lines
    assert expected.items() <= line.items()
    assert line.get("exc_info") is (error if isinstance(error, ValueError) else None)
