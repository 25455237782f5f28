"""The model stage against a server that plays every way to answer and every way to fail."""

import asyncio
import gzip
import json
from typing import Any

import pytest

from pipeline.events import ModelEnd, TextDelta, ToolCall, Usage
from pipeline.interfaces import Message, Turn
from pipeline.llm.openai import exchange
from tests.fakes import until
from tests.pipeline.llm.openai.asking import Outcome, ask, asking
from tests.pipeline.llm.openai.hostile_server import (
    CUT,
    DONE,
    HANG,
    RESET,
    STOP,
    WELL,
    HostileServer,
    Reply,
    Steps,
    chunk,
    data,
    said,
    text,
    tool,
    usage,
)

HELLO = text("Hello")
RUSSIAN = text("Привет, 😀!")
OK = ("OK", "COMPLETE")
UNAVAILABLE = ("UNAVAILABLE", "MODEL_UNAVAILABLE")
MALFORMED = ("INTERNAL", "MODEL_PROTOCOL_ERROR")
BUSY = ("RESOURCE_EXHAUSTED", "MODEL_BUSY")
REJECTED = ("FAILED_PRECONDITION", "MODEL_REJECTED")
TOO_LONG = ("INVALID_ARGUMENT", "INVALID_REQUEST")


def bytewise(*steps: bytes) -> Steps:
    return [bytes([byte]) for byte in b"".join(steps)]


def crlf(*steps: bytes, end: bytes = b"\r\n") -> Steps:
    return [b"".join(steps).replace(b"\n", end)]


def raw(*lines: bytes, body: bytes = b"") -> Reply:
    return Reply([b"\r\n".join(lines) + b"\r\n\r\n" + body], framing="raw")


async def outcome(*replies: Reply, turn: Turn | None = None, **settings: Any) -> tuple[Outcome, HostileServer]:
    """What comes of one turn; every connection that its answer has not used up must be closed by then."""
    async with asking(*replies, **settings) as (model, server):
        found = await ask(model, turn or Turn("s", "Hello"))
    return found, server


# Good answers, however they are sent.

LATER = 2 * exchange.USAGE_SECONDS
"""Later than the usage that follows a finish."""


def hasty(content: str, word: str = "stop") -> bytes:
    """A chunk of a server that puts a finish reason on every one."""
    return chunk({"content": content}, word)


HASTY = [hasty("One. "), LATER, hasty("Two. "), LATER, hasty("Three.")]

GOOD: dict[str, tuple[Steps, str]] = {
    "as it should be": (WELL.body, "Hello there."),
    "byte by byte": (bytewise(RUSSIAN, STOP, DONE), "Привет, 😀!"),
    "all in one packet": ([b"".join((HELLO, text(" you."), STOP, usage(), DONE))], "Hello you."),
    "CR LF": (crlf(HELLO, STOP, DONE), "Hello"),
    "CR": (crlf(HELLO, STOP, DONE, end=b"\r"), "Hello"),
    "CR LF byte by byte": (bytewise(*crlf(RUSSIAN, STOP, DONE)), "Привет, 😀!"),
    "pings and comments": ([b": ping\n\n", b"retry: 5\n\n", HELLO, b"event: ping\n\n", b"id: 5\n\n", STOP], "Hello"),
    "a ping object": ([b'event: ping\ndata: {"type": "ping"}\n\n', HELLO, STOP], "Hello"),
    "a line of a megabyte": ([text("x" * 1_000_000), STOP], "x" * 1_000_000),
    "raw line separators": ([text("a\u2028b\u2029c\x85d"), STOP], "a\u2028b\u2029c\x85d"),
    "no [DONE]": ([HELLO, STOP], "Hello"),
    "no close after [DONE]": ([HELLO, STOP, usage(), DONE, HANG], "Hello"),
    "no close after the finish": ([HELLO, STOP, HANG], "Hello"),
    "no close after the usage": ([HELLO, STOP, usage(), HANG], "Hello"),
    "pings after the finish": ([HELLO, STOP, *([b": ping\n\n", 0.05] * 50)], "Hello"),
    "cut after the finish": ([HELLO, STOP, CUT], "Hello"),
    "reset after the finish": ([HELLO, STOP, 0.02, RESET], "Hello"),
    "garbage after the finish": ([HELLO, STOP, b"data: {\n\n"], "Hello"),
    "several choices": ([chunk({"content": "no"}, index=1), HELLO, chunk(finish="stop", index=1), STOP], "Hello"),
    "empty and role-only deltas": ([chunk({"role": "assistant", "content": ""}), chunk(), HELLO, STOP], "Hello"),
    "reasoning": ([chunk({"reasoning": "hm"}), chunk({"reasoning_content": "hm"}), HELLO, STOP], "Hello"),
    "a leading thought": ([text("<thi"), text("nk>hm</th"), text("ink>\n\nHello"), STOP], "Hello"),
    "no final blank line": ([HELLO, STOP, b"data: [DONE]"], "Hello"),
    "the finish in the last text": ([HELLO, hasty(" you.")], "Hello you."),
    "the finish in the last text, cut": ([HELLO, hasty(" you."), CUT], "Hello you."),
    "a finish in every chunk": (HASTY, "One. Two. Three."),
    "a finish in every chunk, [DONE], cut": ([*HASTY, DONE, CUT], "One. Two. Three."),
    "a finish beside the role": ([chunk({"role": "assistant"}, "stop"), LATER, *HASTY], "One. Two. Three."),
    "a finish beside reasoning": ([chunk({"reasoning": "hm"}, "stop"), LATER, HELLO, STOP], "Hello"),
    "text behind a finish": ([HELLO, STOP, text(" you."), LATER, text(" Well?"), STOP], "Hello you. Well?"),
    "text behind the last finish, [DONE]": ([HELLO, STOP, text(" you."), DONE], "Hello you."),
    "the word null": ([hasty("Hello", "null"), LATER, hasty(" you.", "None"), STOP], "Hello you."),
}


@pytest.mark.parametrize(("steps", "expected"), GOOD.values(), ids=GOOD)
async def test_good_answers(steps: Steps, expected: str) -> None:
    """An answer with a finish reason is complete, however its bytes come and whatever follows or fails to follow; but
    nothing of it is lost where more of it does follow.
    """
    found, server = await outcome(Reply(steps))
    assert (found.ending, found.text) == (OK, expected)
    assert len(server.asked) == 1


FRAMINGS = [
    Reply(WELL.body, framing="close"),
    Reply(WELL.body, headers={"content-type": "text/plain"}),
    Reply(WELL.body, headers={}),
    Reply(
        [gzip.compress(b"".join(s for s in WELL.body if isinstance(s, bytes)))], headers={"content-encoding": "gzip"}
    ),
]


@pytest.mark.parametrize("reply", FRAMINGS, ids=["until close", "text/plain", "no content type", "gzip"])
async def test_framings(reply: Reply) -> None:
    """What a body is, its bytes say: a wrong content type, a gzip nobody asked for and a missing length do no harm."""
    found, _ = await outcome(reply)
    assert (found.ending, found.text) == (OK, "Hello there.")


async def test_usage_after_the_finish() -> None:
    """The usage in the chunk after the finish reason is in ModelEnd, which comes last and once."""
    found, _ = await outcome(WELL)
    assert found.events == [TextDelta("Hello"), TextDelta(" there."), ModelEnd(usage=Usage(7, 3))]


@pytest.mark.parametrize(("finish", "reason"), [("length", "LENGTH"), ("content_filter", "CONTENT_FILTER")])
async def test_other_good_ends(finish: str, reason: str) -> None:
    """An answer that its length or a filter ended is a good one."""
    found, _ = await outcome(Reply([HELLO, chunk(finish=finish), DONE]))
    assert found.ending == ("OK", reason)
    assert found.text.startswith("Hello")


FILTERED_PROMPT = said(400, {"error": {"code": "content_filter", "message": "SECRET"}})


@pytest.mark.parametrize(
    ("turn", "said_first", "said_after"),
    [
        (Turn("s", "Hello"), "content filter did not", "content filter stopped"),
        (Turn("s", "Привет"), "Фильтр модели не", "фильтр модели остановил"),
        (Turn("s", "Hello", language="ru-RU"), "Фильтр модели не", "фильтр модели остановил"),
        (Turn("s", "Привет", language="en"), "content filter did not", "content filter stopped"),
    ],
)
async def test_a_content_filter_is_told(turn: Turn, said_first: str, said_after: str) -> None:
    """What a filter stops ends well, with a notice to be spoken in the turn's language."""
    for reply in (FILTERED_PROMPT, Reply([chunk(finish="content_filter")])):
        found, _ = await outcome(reply, turn=turn)
        assert found.ending == ("OK", "CONTENT_FILTER")
        assert said_first in found.text
    found, _ = await outcome(Reply([HELLO, chunk(finish="content_filter")]), turn=turn)
    assert said_after in found.text.removeprefix("Hello\n\n")


async def test_an_answer_that_is_not_streamed() -> None:
    """A server that does not stream is heard all the same, if its answer is complete."""
    whole = {"choices": [{"message": {"content": "Hello."}, "finish_reason": "stop"}], "usage": {"prompt_tokens": 4}}
    found, _ = await outcome(said(200, whole))
    assert found.events == [TextDelta("Hello."), ModelEnd(usage=Usage(4, 0))]


async def test_tool_calls() -> None:
    """Native tool calls come whole and in order, and are an answer without any text."""
    steps = [tool(""), tool('{"app_name": ', ""), tool('"Safari"}', ""), chunk(finish="tool_calls")]
    found, _ = await outcome(Reply(steps))
    assert found.events == [ToolCall("open_app", '{"app_name": "Safari"}'), ModelEnd()]


# Failures. Each with its ending, the text that came before, and how often the server was asked.

BIG = [b"data: ", *([b"x" * 65536] * 80)]
UPSTREAM = {"error": {"message": "SECRET of the upstream", "code": None}}

FAILURES: dict[str, tuple[Reply, tuple[str, str], str, int]] = {
    "an empty body": (Reply(), UNAVAILABLE, "", 2),
    "204": (Reply(status=204, framing="close"), UNAVAILABLE, "", 2),
    "pings only": (Reply([b": ping\n\n"]), UNAVAILABLE, "", 2),
    "only [DONE]": (Reply([DONE]), UNAVAILABLE, "", 2),
    "only [DONE], not closed": (Reply([DONE, HANG]), UNAVAILABLE, "", 2),
    "a finish without content": (Reply([STOP, DONE]), UNAVAILABLE, "", 2),
    "only reasoning": (Reply([chunk({"reasoning": "hm"}), STOP]), UNAVAILABLE, "", 2),
    "only white space": (Reply([text("\n"), text(" \n"), STOP, DONE]), UNAVAILABLE, "", 2),
    "an unclosed thought": (Reply([text("<think>hm"), STOP]), UNAVAILABLE, "", 2),
    "no finish reason": (Reply([HELLO, DONE]), UNAVAILABLE, "Hello", 1),
    "no finish reason, closed": (Reply([HELLO], framing="close"), UNAVAILABLE, "Hello", 1),
    "the word null, cut": (Reply([hasty("Hello", "null"), CUT]), UNAVAILABLE, "Hello", 1),
    "a finish in every chunk, cut": (Reply([*HASTY, CUT]), UNAVAILABLE, "One. Two. Three.", 1),
    "a finish in every chunk, an error": (Reply([*HASTY, data({"error": {"code": 429}})]), BUSY, "One. Two. Three.", 1),
    "text behind the last finish": (Reply([HELLO, STOP, text(" you.")]), UNAVAILABLE, "Hello you.", 1),
    "a broken finish": (Reply([HELLO, chunk(finish="error")]), UNAVAILABLE, "Hello", 1),
    "cut in a body": (Reply([HELLO, CUT]), UNAVAILABLE, "Hello", 1),
    "cut in an event": (Reply([HELLO, b'data: {"cho', CUT]), UNAVAILABLE, "Hello", 1),
    "cut before content": (Reply([b": ping\n\n", CUT]), UNAVAILABLE, "", 2),
    "cut in a tool call": (Reply([tool("{}"), CUT]), UNAVAILABLE, "", 1),
    "reset": (Reply([HELLO, 0.02, RESET]), UNAVAILABLE, "Hello", 1),
    "reset before content": (Reply([RESET]), UNAVAILABLE, "", 2),
    "no response": (Reply([CUT], framing="raw"), UNAVAILABLE, "", 2),
    "half a head": (Reply([b"HTTP/1.1 200 OK\r\ncont", CUT], framing="raw"), UNAVAILABLE, "", 2),
    "a short body": (raw(b"HTTP/1.1 200 OK", b"content-length: 10000", body=HELLO), UNAVAILABLE, "Hello", 1),
    "no HTTP": (raw(b"220 mail.example.org ESMTP"), MALFORMED, "", 1),
    "a bad chunk length": (raw(b"HTTP/1.1 200 OK", b"transfer-encoding: chunked", body=b"xyz\r\n"), MALFORMED, "", 1),
    "a page of HTML": (
        Reply([b"<html>\n<body>", b"Log in\n</body>"], headers={"content-type": "text/html"}),
        MALFORMED,
        "",
        1,
    ),
    "HTML without a line end": (Reply([b"<html>"]), MALFORMED, "", 1),
    "garbage JSON": (Reply([HELLO, b"data: {\n\n"]), MALFORMED, "Hello", 1),
    "no UTF-8": (Reply([HELLO, b'data: {"choices": [], "a": "\xff"}\n\n']), MALFORMED, "Hello", 1),
    "wrong types": (Reply([HELLO, data({"choices": [{"delta": {"content": 5}}]})]), MALFORMED, "Hello", 1),
    "no object": (Reply([data([1, 2])]), MALFORMED, "", 1),
    "an endless line": (Reply([*BIG, HANG]), MALFORMED, "", 1),
    "an endless document": (Reply([b"{", *BIG, HANG]), MALFORMED, "", 1),
    "half a document": (said(200, b'{"choices": ['), MALFORMED, "", 1),
    "broken gzip": (Reply([b"no gzip at all"], headers={"content-encoding": "gzip"}), MALFORMED, "", 1),
    "an unfinished document": (said(200, {"choices": [{"message": {"content": "Hi"}}]}), UNAVAILABLE, "Hi", 1),
    "a document that is no answer": (said(200, {"hello": 1}), UNAVAILABLE, "", 2),
    "an error object": (said(200, UPSTREAM), UNAVAILABLE, "", 2),
    "an error event": (Reply([HELLO, data({"error": {"code": 429}})]), BUSY, "Hello", 1),
    "an error event first": (Reply([data({"error": {"code": "rate_limit_exceeded"}})]), BUSY, "", 2),
    "an unknown error event": (Reply([HELLO, data(UPSTREAM)]), UNAVAILABLE, "Hello", 1),
    "401": (said(401, UPSTREAM), REJECTED, "", 1),
    "402": (said(402, UPSTREAM), REJECTED, "", 1),
    "403": (said(403, b"<html>"), REJECTED, "", 1),
    "404": (said(404), REJECTED, "", 1),
    "400": (said(400, UPSTREAM), ("INTERNAL", "INTERNAL"), "", 1),
    "400, too long": (said(400, {"error": {"code": "context_length_exceeded"}}), TOO_LONG, "", 1),
    "413": (said(413), TOO_LONG, "", 1),
    "422": (said(422), ("INTERNAL", "INTERNAL"), "", 1),
    "501": (said(501), ("INTERNAL", "INTERNAL"), "", 1),
    "a redirect": (said(307, location="http://127.0.0.1:1/"), ("INTERNAL", "INTERNAL"), "", 1),
    "408": (said(408), UNAVAILABLE, "", 2),
    "500": (said(500, UPSTREAM), UNAVAILABLE, "", 2),
    "503": (said(503, b"[" * 5000), UNAVAILABLE, "", 2),
    "529": (said(529, b"\xff" * 100_000), UNAVAILABLE, "", 2),
    "an error body that never ends": (Reply([b"{", 0.01, RESET], 500), UNAVAILABLE, "", 2),
    "429": (said(429, UPSTREAM), BUSY, "", 2),
    "429, no quota": (said(429, {"error": {"code": "insufficient_quota"}}), BUSY, "", 1),
}


@pytest.mark.parametrize(("reply", "ending", "before", "times"), FAILURES.values(), ids=FAILURES)
async def test_failures(
    reply: Reply, ending: tuple[str, str], before: str, times: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each failure has its status and reason; what came before stays; it is tried again only before any content and
    where that may help; nothing that the server wrote is told or logged.
    """
    found, server = await outcome(reply)
    assert (found.ending, found.text, len(server.asked)) == (ending, before, times)
    assert found.error is not None
    assert found.end is None
    assert found.error.text.isascii()
    waits = ending == UNAVAILABLE or (ending == BUSY and times == 2) or (ending == BUSY and bool(before))
    assert (found.error.retry_after is not None and found.error.retry_after > 0) is waits
    assert "SECRET" not in found.error.text + capsys.readouterr().err


@pytest.mark.parametrize("first", [Reply(), said(503), said(408), said(429), Reply([b": ping\n\n", RESET])])
async def test_a_second_try_that_goes_well(first: Reply) -> None:
    """What fails before any content, and may pass, is tried once more with the same request."""
    found, server = await outcome(first, WELL)
    assert (found.ending, found.text) == (OK, "Hello there.")
    assert server.asked[0].body == server.asked[1].body


@pytest.mark.parametrize("retries", [0, 1, 3])
async def test_retries(retries: int) -> None:
    """``retries`` is how often it is tried again."""
    found, server = await outcome(said(503), retries=retries)
    assert found.ending == UNAVAILABLE
    assert len(server.asked) == retries + 1


async def test_retry_after_that_fits_is_waited_for() -> None:
    """The server's wait is kept before the second try."""
    found, server = await outcome(said(429, retry_after="0.03"), WELL, retry_wait_seconds=0.0)
    assert found.ending == OK
    assert len(server.asked) == 2


def remembered(turns: int) -> tuple[Message, ...]:
    return tuple(Message(role, f"{role} {turn}") for turn in range(turns) for role in ("user", "assistant"))


EXCEEDED = {"error": {"code": "context_length_exceeded"}}


@pytest.mark.parametrize("refused", [said(400, EXCEEDED), Reply([data(EXCEEDED)])], ids=["status", "event"])
@pytest.mark.parametrize(
    ("turns", "asked_with"), [(0, [0]), (1, [2, 0]), (2, [4, 2, 0]), (5, [10, 4, 0])], ids=["0", "1", "2", "5"]
)
async def test_a_history_that_is_too_long(refused: Reply, turns: int, asked_with: list[int]) -> None:
    """What was said so far is left out, the older half first, where the model does not take all of it; a question that
    is too long by itself is INVALID_REQUEST.
    """
    turn = Turn("s", "Hello", history=remembered(turns))
    found, server = await outcome(refused, turn=turn, retries=0)
    assert (found.ending, found.text) == (TOO_LONG, "")
    histories = [asked.body["messages"][1:-1] for asked in server.asked]
    assert [len(history) for history in histories] == asked_with
    for history in histories:
        assert history == histories[0][len(histories[0]) - len(history) :]
        assert [message["role"] for message in history] == ["user", "assistant"] * (len(history) // 2)
    for times in range(1, len(asked_with)):
        found, _ = await outcome(*[refused] * times, WELL, turn=turn, retries=0)
        assert (found.ending, found.text) == (OK, "Hello there.")


@pytest.mark.parametrize(("status", "reason"), [(429, "MODEL_BUSY"), (503, "MODEL_UNAVAILABLE")])
async def test_retry_after_that_does_not_fit(status: int, reason: str) -> None:
    """A wait that is longer than what is left for the first content is not begun; the client is told of it."""
    found, server = await outcome(said(status, retry_after="3"), WELL, first_content_timeout_seconds=1.0)
    assert found.error is not None
    assert (found.error.reason, found.error.retry_after, len(server.asked)) == (reason, 3.0, 1)


async def test_a_server_that_is_not_there() -> None:
    """A refused connection is MODEL_UNAVAILABLE."""
    async with asking() as (_, server):
        url = server.url
    found, _ = await outcome(base_url=url)
    assert (found.ending, found.text) == (UNAVAILABLE, "")


# Connections.


async def test_a_connection_serves_one_turn_after_another() -> None:
    """An answer that was read to its end leaves its connection for the next turn."""
    async with asking(WELL) as (model, server):
        for _ in range(3):
            assert (await ask(model)).ending == OK
        assert (server.connections, len(server.asked)) == (1, 3)


async def test_a_connection_that_the_server_closed_meanwhile() -> None:
    """A kept connection that has gone is no failure."""
    async with asking(WELL) as (model, server):
        await ask(model)
        for task in list(server.tasks):
            task.cancel()
        assert (await ask(model)).ending == OK


async def test_connections_that_the_server_forgot() -> None:
    """They take no try, however many there are, and none of them is used again."""
    async with asking(*[WELL] * 5, Reply([RESET], framing="raw"), WELL, retries=0) as (model, server):
        await asyncio.gather(*(ask(model) for _ in range(5)))
        assert (await ask(model)).ending == OK
        assert (server.connections, len(server.asked)) == (6, 7)
        await until(lambda: len(server.tasks) == 1)


async def test_nothing_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of the environment stands between us and the model server."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    found, _ = await outcome(WELL)
    assert found.ending == OK


async def test_a_proxy() -> None:
    """The proxy of the settings gets the request for the model server."""
    async with asking(WELL) as (_, server):
        proxy = f"http://127.0.0.1:{server.port}"
        found, _ = await outcome(base_url="http://nowhere.invalid/v1", proxy=proxy)
        assert found.ending == OK
        assert server.asked[0].path == "http://nowhere.invalid/v1/chat/completions"


async def test_the_address() -> None:
    """A slash at the end of base_url and a query in it are kept right."""
    for end in ("", "/", "/?api-version=1"):
        async with asking(WELL) as (_, server):
            async with asking(WELL, base_url=server.url + end) as (model, _):
                await ask(model)
            assert server.asked[0].path == "/v1/chat/completions" + end.lstrip("/")


async def test_what_is_asked() -> None:
    """The request has the model, the messages, streaming with usage, and the settings' extras."""
    settings = {"extra_headers": {"X-Team": "blue"}, "extra_body": {"top_p": 0.5}, "temperature": 0.1, "max_tokens": 9}
    _, server = await outcome(WELL, **settings)
    asked = server.asked[0]
    assert asked.method == "POST"
    assert asked.headers["x-team"] == "blue"
    assert asked.headers["accept-encoding"] == "identity"
    body = {key: value for key, value in asked.body.items() if key != "messages"}
    expected = {"model": "m", "stream": True, "stream_options": {"include_usage": True}}
    assert body == {**expected, "temperature": 0.1, "max_tokens": 9, "top_p": 0.5}
    assert json.dumps(asked.body["messages"][-1]) == '{"role": "user", "content": "Hello"}'


@pytest.mark.parametrize(
    ("settings", "match"),
    [
        ({"base_url": "localhost:11434/v1"}, "base_url"),
        ({"base_url": "ftp://x/v1"}, "base_url"),
        ({"base_url": "http://"}, "base_url"),
        ({"base_url": "http://a..b/v1"}, "base_url: its host"),
        ({"base_url": f"http://{'a' * 64}.local/v1"}, "base_url: its host"),
        ({"base_url": "http://localhost:0/v1"}, "base_url: its port"),
        ({"base_url": "http://localhost:65536/v1"}, "base_url: its port"),
        ({"proxy": "socks5://me:SECRET@h:1"}, "proxy: must be an http URL"),
        ({"extra_headers": {"a b": "c"}}, "extra_headers: 'a b'"),
        ({"extra_headers": {"x-key": "SECRET\n"}}, "extra_headers: the value of x-key"),
        ({"tools": True, "commands": {"open app": None}}, "tools: 'open app'"),
    ],
)
async def test_settings_that_cannot_be_used(settings: dict[str, Any], match: str) -> None:
    """A setting that could only fail later is a ValueError at once, which names it and no secret."""
    with pytest.raises(ValueError, match=match) as caught:
        await outcome(WELL, **settings)
    assert "SECRET" not in str(caught.value)
