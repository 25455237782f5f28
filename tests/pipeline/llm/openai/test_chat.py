"""Chunks of a chat completion into events, without a server."""

import json
import random
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import StageError
from pipeline.events import EndReason, ModelEvent, TextDelta, ToolCall, Usage
from pipeline.llm.openai import errors as upstream_errors
from pipeline.llm.openai.calls.tool_calls import MAX_CHARS
from pipeline.llm.openai.chat import ChatDecoder
from pipeline.llm.openai.marks import MarkFilter
from tests.pipeline.llm.openai.asking import marks, new_decoder


def delta(finish: str | None = None, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]}


def call(index: int | None, args: str | None = None, name: str | None = None, id: str | None = None) -> dict[str, Any]:
    fragment = {"index": index, "id": id, "function": {"name": name, "arguments": args}}
    return delta(tool_calls=[fragment])


STOP = delta("stop")


def read(*chunks: Any, names: Sequence[str] = ()) -> tuple[ChatDecoder, list[ModelEvent]]:
    decoder = new_decoder(*names)
    found = [event for chunk in chunks for event in decoder.feed(json.dumps(chunk).encode())]
    return decoder, found + (decoder.end() if decoder.finish else [])


def events(*chunks: Any, names: Sequence[str] = ()) -> list[ModelEvent]:
    return read(*chunks, names=names)[1]


def said(*chunks: Any) -> str:
    return "".join(event.text for event in events(*chunks) if isinstance(event, TextDelta))


# Text.


@pytest.mark.parametrize(
    ("chunk", "text"),
    [
        (delta(role="assistant"), ""),
        (delta(content=""), ""),
        (delta(content=None), ""),
        (delta(), ""),
        ({"choices": [{"delta": None}]}, ""),
        ({"choices": []}, ""),
        ({"choices": None}, ""),
        ({"type": "ping"}, ""),
        ({"choices": [{"delta": {"content": "no index"}}]}, "no index"),
        ({"choices": [{"index": "0", "delta": {"content": "a text"}}]}, "a text"),
        (delta(content={"type": "text", "text": "one part"}), "one part"),
        (delta(content=["two ", {"text": "parts"}]), "two parts"),
        (
            {"choices": [{"index": 1, "delta": {"content": "other"}}, {"index": 0, "delta": {"content": "first"}}]},
            "first",
        ),
        (delta(content="a\u2028b \ud83d"), "a\u2028b \ud83d"),
        (delta(content=[{"type": "text", "text": "a"}, {"type": "image"}, {"type": "text", "text": "b"}]), "ab"),
        (delta(content=[{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]), ""),
        (delta(refusal="I can't do that."), "I can't do that."),
        (delta(reasoning="hm", content=None), ""),
        (delta(reasoning_content="hm", content=""), ""),
        ({"error": None, **delta(content="fine")}, "fine"),
    ],
)
def test_what_is_text(chunk: Any, text: str) -> None:
    """Only the text of the first choice is the answer: not roles, not nulls, not reasoning, not other choices."""
    assert said(chunk) == text
    assert bool(read(chunk)[0].contents) is bool(text)


@pytest.mark.parametrize(
    "data",
    [
        b"{",
        b"5",
        b'"text"',
        b"[]",
        b"null",
        b"\xff\xfe{}",
        b'{"choices": 5}',
        b'{"choices": {"a": 1}}',
        b'{"choices": [5]}',
        b'{"choices": [{"delta": "text"}]}',
        b'{"choices": [{"delta": {"content": 5}}]}',
        b'{"choices": [{"delta": {"content": {"a": 1}}}]}',
        b'{"choices": [{"delta": {"content": [{"type": "text"}]}}]}',
        b'{"choices": [{"delta": {"content": [{"type": "text", "text": 5}]}}]}',
        b'{"choices": [{"delta": {"tool_calls": 5}}]}',
        b'{"choices": [{"delta": {"tool_calls": [5]}}]}',
        b'{"choices": [{"delta": {"tool_calls": [{"index": "a"}]}}]}',
        b'{"choices": [{"delta": {"tool_calls": [{"function": "f"}]}}]}',
        b"[" * 100_000,
        b'{"a": ' + b"1" * 5000 + b"}",
    ],
)
def test_what_is_no_chunk(data: bytes) -> None:
    """Bytes, JSON and types that the protocol does not know are MODEL_PROTOCOL_ERROR, whatever they are."""
    with pytest.raises(StageError) as caught:
        new_decoder().feed(data)
    assert (caught.value.status, caught.value.reason) == ("INTERNAL", "MODEL_PROTOCOL_ERROR")


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("stop",), EndReason.COMPLETE),
        (("tool_calls",), EndReason.COMPLETE),
        (("eos",), EndReason.COMPLETE),
        (("STOP",), EndReason.COMPLETE),
        (("length",), EndReason.LENGTH),
        (("MAX_TOKENS",), EndReason.LENGTH),
        (("FinishReason.MAX_TOKENS",), EndReason.LENGTH),
        (("ERROR_LIMIT",), EndReason.LENGTH),
        (("ERROR_TOXIC",), EndReason.CONTENT_FILTER),
        (("content_filter",), EndReason.CONTENT_FILTER),
        (("blacklist",), EndReason.CONTENT_FILTER),
        (("BLOCKLIST",), EndReason.CONTENT_FILTER),
        (("SPII",), EndReason.CONTENT_FILTER),
        (("sensitive",), EndReason.CONTENT_FILTER),
        (("content_filter: RECITATION",), EndReason.CONTENT_FILTER),
        (("content_filter: PROHIBITED_CONTENT",), EndReason.CONTENT_FILTER),
        (("model_context_window_exceeded",), EndReason.LENGTH),
        (("length", "stop"), EndReason.LENGTH),
        (("content_filter", "stop"), EndReason.CONTENT_FILTER),
        (("stop", "length"), EndReason.LENGTH),
        (("stop", "content_filter"), EndReason.CONTENT_FILTER),
        (("null",), None),
        (("",), None),
    ],
)
def test_finish_reasons(words: tuple[str, ...], reason: EndReason | None) -> None:
    """The finish reasons of many servers become three; an unknown one is a good end. A mere "stop" does not hide that
    the answer was cut; a word for null is none.
    """
    assert read(delta(content="x"), *map(delta, words))[0].finish is reason


@pytest.mark.parametrize(
    "word",
    [
        "error",
        "network_error",
        "server_error",
        "cancelled",
        "MALFORMED_FUNCTION_CALL",
        "function_call_filter: MALFORMED_FUNCTION_CALL",
    ],
)
def test_a_broken_finish(word: str) -> None:
    """A finish reason that says the server failed is a failure."""
    with pytest.raises(StageError, match="MODEL_UNAVAILABLE"):
        read(delta(word))


@pytest.mark.parametrize("key", ["finish_reason", "finishReason", "stop_reason", "done_reason"])
def test_names_of_the_finish_reason(key: str) -> None:
    """Servers name it in several ways."""
    chunk = {"choices": [{"index": 0, "delta": {}, key: "stop"}]}
    assert read(delta(content="x"), chunk)[0].finish is EndReason.COMPLETE


@pytest.mark.parametrize("data", [b": OPENROUTER PROCESSING", b"", b" ", b" [done]"])
def test_events_that_are_no_chunks(data: bytes) -> None:
    """A comment in an event, an empty event, and the end mark in other letters harm nothing."""
    decoder = new_decoder()
    assert decoder.feed(data) == []
    assert decoder.done is (b"done" in data)


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 5, "completion_tokens": 6}, Usage(5, 6)),
        ({"prompt_tokens": None, "completion_tokens": -1}, Usage()),
        ({"prompt_tokens": "5"}, Usage()),
        ([1], Usage()),
        (None, Usage()),
    ],
)
def test_usage(usage: Any, expected: Usage) -> None:
    """Usage is taken where it can be understood, also in a chunk of its own after the finish."""
    assert read(STOP, {"choices": [], "usage": usage})[0].usage == expected


def test_a_whole_completion() -> None:
    """An answer that was not streamed is read by the same rules."""
    message = {
        "role": "assistant",
        "content": "Hi.",
        "tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{}"}}],
    }
    whole = {"choices": [{"index": 0, "message": message, "finish_reason": "tool_calls"}]}
    assert events(whole) == [TextDelta("Hi."), ToolCall("f", "{}")]


# Reasoning in the text.

THOUGHTS = [
    ("<think>hm</think>Hello", "Hello"),
    (" \n<think>\nhm < / </think \n</think>\n\nHello <think>x</think>", "Hello "),
    ("<think></think> <think>again</think> Hi", "Hi"),
    ("Hello. <think>hm</think>Bye.", "Hello. Bye."),
    ("<thinking>hm</thinking>\nHello.", "Hello."),
    ("<Thought>hm</Thought>Hello.", "Hello."),
    ("[THINK]hm[/THINK]Hello.", "Hello."),
    ("◁think▷hm◁/think▷Hello.", "Hello."),
    ("Hello.</think>", "Hello."),
    ("</think>\n\nHello.", "Hello."),
    ("<think>hm</thinking>Hello.", "Hello."),
    (" <thinking> aloud", ""),
    ("<think>never ends", ""),
    ("Hello. <think>never ends", "Hello. "),
    ("<thi", "<thi"),
    ("  ", "  "),
    ("<", "<"),
    ("", ""),
    ("  Hello", "  Hello"),
    ("Hello.<|im_end|>", "Hello."),
    ("Hello.<|im_", "Hello."),
    ("<|im_start|>assistant\nHello.<|im_end|>\n<|im_start|>user\nAnd?", "Hello.\n"),
    ("Hello.<|eot_id|><|start_header_id|>", "Hello."),
    ("Hello.</s>", "Hello."),
    ("[INST] Hello. [/INST]", "Hello. "),
    ("Hello.<｜end▁of▁sentence｜>", "Hello."),
    ("<start_of_turn>model\nHello.<end_of_turn>", "Hello."),
    ("<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>Hello.<|return|>", "Hello."),
    ("The mark `<think>` opens it, `</think>` ends it.", "The mark `<think>` opens it, `</think>` ends it."),
    ("1 < 2 and 3 <4, a[0], [see] x <y> <|", "1 < 2 and 3 <4, a[0], [see] x <y> <|"),
    (
        '{"command": "type", "args": {"x": "<think>a</think> \\"</s>"}}</s> f(x) { {</s>',
        '{"command": "type", "args": {"x": "<think>a</think> \\"</s>"}} f(x) { {',
    ),
    ('{"text": "<think>hm</think>Hello.", "command": null}', '{"text": "Hello.", "command": null}'),
    ("If a <| b | c |> d", "If a <| b | c |> d"),
]


def filtered(pieces: Sequence[str], **changes: Any) -> str:
    stripper = MarkFilter(marks(**changes))
    found = [piece for text in pieces for piece in stripper.feed(text)] + stripper.flush()
    return "".join(piece for piece in found if isinstance(piece, str))


@pytest.mark.parametrize(("text", "rest"), THOUGHTS)
def test_marks_are_no_speech(text: str, rest: str) -> None:
    """Reasoning and the marks of templates are not said, wherever they stand, in one piece or in single characters."""
    for pieces in ([text], list(text)):
        assert filtered(pieces) == rest


@given(case=st.sampled_from(THOUGHTS), seed=st.randoms(use_true_random=False))
def test_marks_cut_anywhere(case: tuple[str, str], seed: random.Random) -> None:
    """However the text is cut, the same is left."""
    text, rest = case
    pieces = []
    while text:
        size = seed.randint(1, 4)
        pieces.append(text[:size])
        text = text[size:]
    assert filtered(pieces) == rest


def test_marks_of_the_settings() -> None:
    """Other marks may be named; a model may begin inside its reasoning, unless its server tells reasoning apart."""
    named = {"reasoning_marks": [["(hm)", "(/hm)"]], "template_marks": ["@@"]}
    assert filtered(["(hm) hm (/hm) Hello @@."], **named) == "Hello ."
    assert filtered(["hm</th", "ink>\nHello."], starts_in_reasoning=True) == "Hello."
    assert filtered(["hm"], starts_in_reasoning=True) == ""
    assert filtered(["<think>x</think>"], reasoning_marks=[]) == "<think>x</think>"
    decoder = new_decoder(starts_in_reasoning=True)
    assert decoder.feed(json.dumps(delta(reasoning_content="hm")).encode()) == []
    assert decoder.feed(json.dumps(delta(content="Hello.")).encode()) == [TextDelta("Hello.")]


def test_a_held_beginning_is_said_at_the_end() -> None:
    """What might have become a thought, and did not, is still part of the answer."""
    assert said(delta(content="<th"), STOP) == "<th"


# Tool calls.


def test_calls_are_put_together() -> None:
    """Fragments of several calls, interleaved, become whole calls in the model's order, after the text before them."""
    assert events(
        delta(content="Opening."),
        call(0, "", "open_app", "a"),
        call(0, '{"app_na'),
        call(1, '{"x"', "close_app", "b"),
        call(0, 'me": "Safari"}'),
        call(1, ": 1}"),
        delta("tool_calls"),
    ) == [TextDelta("Opening."), ToolCall("open_app", '{"app_name": "Safari"}'), ToolCall("close_app", '{"x": 1}')]


def test_a_call_keeps_its_place_before_text() -> None:
    """A call that text follows comes before that text."""
    assert events(call(0, "{}", "f", "a"), delta(content="Done."), STOP) == [ToolCall("f", "{}"), TextDelta("Done.")]


@pytest.mark.parametrize("index", [0, None])
def test_calls_without_proper_numbers(index: int | None) -> None:
    """Servers that number every call 0, or none, send each call whole with an id of its own."""
    found = events(call(index, '{"a": 1}', "f", "x"), call(index, '{"a": 2}', "f", "y"), STOP)
    assert found == [ToolCall("f", '{"a": 1}'), ToolCall("f", '{"a": 2}')]


@pytest.mark.parametrize("id", ["", None])
def test_calls_without_numbers_and_ids(id: str | None) -> None:
    """All numbered 0 and without an id: a call that came whole is followed by another one, and so is one by another
    name; a name that is only repeated changes nothing.
    """
    found = events(call(0, '{"a": 1}', "f", id), call(0, '{"a": 2}', "f", id), call(0, '{"a": 3}', "g", id), STOP)
    assert found == [ToolCall("f", '{"a": 1}'), ToolCall("f", '{"a": 2}'), ToolCall("g", '{"a": 3}')]
    assert events(call(0, "{}", "f", id), call(0, "", "g", id), STOP) == [ToolCall("f", "{}"), ToolCall("g", "")]
    for args in (['{"a": ', "1", "}"], ["", '{"a": 1}'], ['{"a": 1}', ""], ["", '{"a": ', "1}", " "]):
        assert events(*(call(0, part, "f", id) for part in args), STOP) == [ToolCall("f", "".join(args))]


@pytest.mark.parametrize("args", ["", None, "  ", "{}", '{"a": 1', "[1]", "{'a': 1}", '{"a": 1, "a": 2}', "[" * 50])
def test_arguments_are_not_judged(args: str | None) -> None:
    """They are given as the model wrote them, whatever they are; null is as good as nothing."""
    assert events(call(0, args, "f", "a"), STOP) == [ToolCall("f", args or "")]


def test_a_call_cut_by_the_length() -> None:
    """The call that the length limit cut is not whole, also when nothing of its arguments had come."""
    found = events(call(0, "", "f", "a"), call(1, "", "g", "b"), delta("length"))
    assert found == [ToolCall("f", ""), ToolCall("g", "", refused="truncated")]


def test_filtered_calls_do_not_run() -> None:
    """After a content filter nothing that was still held back is done."""
    assert events(call(0, "{}", "f", "a"), delta("content_filter")) == []


def test_calls_are_bounded() -> None:
    """Endless calls, with arguments or without, are MODEL_PROTOCOL_ERROR before they fill the memory."""
    for chunk in (call(0, "x" * 10_000, "f", "a"), call(None, "", "f" * 1000)):
        decoder, data = new_decoder(), json.dumps(chunk).encode()
        with pytest.raises(StageError, match="MODEL_PROTOCOL_ERROR"):  # noqa: PT012
            for _ in range(MAX_CHARS // 500):
                decoder.feed(data)


# Errors.

TOO_LONG = ("INVALID_ARGUMENT", "INVALID_REQUEST", False)
OURS = ("INTERNAL", "INTERNAL", False)
STATUSES: list[tuple[list[int], Any, tuple[str, str, bool]]] = [
    ([401, 402, 403, 404, 405], None, ("FAILED_PRECONDITION", "MODEL_REJECTED", False)),
    ([400], {"error": {"code": "context_length_exceeded"}}, TOO_LONG),
    ([400], {"error": {"type": "exceed_context_size_error"}}, TOO_LONG),
    ([400], {"message": "maximum context length is 8"}, TOO_LONG),
    ([400], {"error": {"message": "prompt is too long: 9 tokens"}}, TOO_LONG),
    ([400], [{"error": {"message": "The input token count exceeds"}}], TOO_LONG),
    ([413], b"", TOO_LONG),
    ([400], {"error": {"message": "bad temperature"}}, OURS),
    ([400], {"error": "text"}, OURS),
    ([422, 501, 302], None, OURS),
    ([408, 500, 503, 529], None, ("UNAVAILABLE", "MODEL_UNAVAILABLE", True)),
    ([429], None, ("RESOURCE_EXHAUSTED", "MODEL_BUSY", True)),
    ([429], {"error": {"code": "insufficient_quota"}}, ("RESOURCE_EXHAUSTED", "MODEL_BUSY", False)),
]


TOO_LONG_WORDS = [
    "Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with ...",
    "The number of tokens to keep from the initial prompt is greater than the context length.",
    "the request exceeds the available context size, try increasing it",
    "Input length (265330) exceeds model's maximum context length (262144).",
    "The input (5000 tokens) is longer than the model's context length (4096 tokens).",
    "Input validation error: `inputs` must have less than 4096 tokens. Given: 5000",
    "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4096. Given: 5000 `inputs` tokens",
    "Range of input length should be [1, 30720]",
    "Prompt exceeds max length",
    "Your request exceeded model token limit: 8192 (requested: 9000)",
    "too many tokens: size limit exceeded by 11 tokens",
    "This model's maximum prompt length is 131072 but the request contains 150000 tokens.",
    "context/cache: Job requires 1027 pages (only 1024 available) and cannot be enqueued.",
    "Input is too long for requested model.",
    "number of input tokens must be no more than 8192, got 10000",
    "input length and `max_tokens` exceed context limit: 1 + 2 > 3",
    "Requested tokens (5000) exceed context window of 4096",
    "string too long. Expected a string with maximum length 1048576",
    "Total tokens of image and text exceed max message tokens",
    "context shift is disabled",
    "Sequence length 9000 is larger than the model's maximum of 8192",
    "Payload too large",
    "Cannot fit 9000 tokens into 4096",
    "This model supports at most 8192 tokens",
    "llama_decode failed: n_tokens > n_batch",
    "输入长度超过限制",
]


@pytest.mark.parametrize("words", TOO_LONG_WORDS)
def test_words_for_too_long(words: str) -> None:
    """A prompt that is too long is told in many words, with a status of 400 or 500 or in an answer of status 200."""
    for error in ({"message": words}, words):
        assert upstream_errors.by_status(400, {"error": error}).reason == "INVALID_REQUEST"
        assert upstream_errors.by_status(500, {"error": error}).reason == "INVALID_REQUEST"
        assert upstream_errors.by_report({"error": error}).reason == "INVALID_REQUEST"


@pytest.mark.parametrize(
    ("status", "words", "reason"),
    [
        (500, "context deadline exceeded", "MODEL_UNAVAILABLE"),
        (429, "Request too large: tokens per min (TPM): Limit 30000", "MODEL_BUSY"),
        (400, "max_tokens is too large: 100000. This model supports at most 16384 completion tokens", "INTERNAL"),
        (400, "unexpected token in JSON", "INTERNAL"),
        (400, "foo is not a valid model ID", "MODEL_REJECTED"),
        (400, "The model `foo` does not exist", "MODEL_REJECTED"),
        (400, "Invalid model: foo", "MODEL_REJECTED"),
        (400, "Model Not Exist", "MODEL_REJECTED"),
        (400, "No models loaded. Please load a model", "MODEL_REJECTED"),
        (400, "API key not valid. Please pass a valid API key.", "MODEL_REJECTED"),
        (400, "Your credit balance is too low", "MODEL_REJECTED"),
        (400, "System role not supported", "MODEL_REJECTED"),
        (400, "'messages[0].role' does not support 'system' with this model.", "MODEL_REJECTED"),
        (400, "Developer instruction is not enabled for models/gemma-3-27b-it", "MODEL_REJECTED"),
        (400, "the model doesn't support system messages", "MODEL_REJECTED"),
        (400, 'messages: Unexpected role "system"', "MODEL_REJECTED"),
        (422, "Input should be 'user' or 'assistant'", "MODEL_REJECTED"),
        (500, "Conversation roles must alternate user/assistant/user/assistant/...", "MODEL_REJECTED"),
    ],
)
def test_words_for_a_refusal(status: int, words: str, reason: str) -> None:
    """Other limits on tokens are no long prompt. A wrong model, key or role is refused whatever its status."""
    assert upstream_errors.by_status(status, {"error": {"message": words}}).reason == reason


@pytest.mark.parametrize(("statuses", "body", "expected"), STATUSES)
def test_statuses(statuses: list[int], body: Any, expected: tuple[str, str, bool]) -> None:
    """Every HTTP status has its row; only what may pass has a time to wait."""
    for status in statuses:
        failed = upstream_errors.by_status(status, body)
        assert (failed.status, failed.reason, failed.again) == expected
        assert (failed.retry_after is not None) is failed.again


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        ({"code": 429}, "MODEL_BUSY"),
        ({"code": "429"}, "MODEL_BUSY"),
        ({"code": "rate_limit_exceeded"}, "MODEL_BUSY"),
        ({"type": "insufficient_quota"}, "MODEL_BUSY"),
        ({"code": 401}, "MODEL_REJECTED"),
        ({"code": "invalid_api_key"}, "MODEL_REJECTED"),
        ({"type": "authentication_error"}, "MODEL_REJECTED"),
        ({"code": "model_not_found"}, "MODEL_REJECTED"),
        ({"code": "context_length_exceeded"}, "INVALID_REQUEST"),
        ({"type": "invalid_request_error", "message": "no"}, "INTERNAL"),
        ({"code": 502}, "MODEL_UNAVAILABLE"),
        ({"type": "overloaded_error"}, "MODEL_UNAVAILABLE"),
        ({"code": None, "type": 5, "message": ["x"]}, "MODEL_UNAVAILABLE"),
        ({"code": 200}, "MODEL_UNAVAILABLE"),
        ("all went wrong", "MODEL_UNAVAILABLE"),
        (["what"], "MODEL_UNAVAILABLE"),
        (True, "MODEL_UNAVAILABLE"),
    ],
)
def test_reported_errors(error: Any, reason: str) -> None:
    """An error object with status 200 counts by its code; one without a known code is a server that has failed."""
    for chunk in ({"error": error}, [{"error": error}]):
        with pytest.raises(StageError) as caught:
            read(chunk)
        assert caught.value.reason == reason


@pytest.mark.parametrize(
    ("chunk", "reason"),
    [
        ({"object": "error", "message": "slow down", "code": 429}, "MODEL_BUSY"),
        ({"code": "InvalidParameter", "message": "Range of input length should be [1, 6144]"}, "INVALID_REQUEST"),
        ({"detail": "the context length is exceeded"}, "INVALID_REQUEST"),
        ({"error": [{"message": "prompt is too long"}]}, "INVALID_REQUEST"),
        ({"choices": [{"delta": {}, "error": {"code": 429}, "finish_reason": "error"}]}, "MODEL_BUSY"),
    ],
)
def test_other_error_objects(chunk: Any, reason: str) -> None:
    """Some servers send the error without the key "error", in a list, or in the choice."""
    with pytest.raises(StageError, match=reason):
        read(chunk)


def test_an_error_after_the_end_changes_nothing() -> None:
    """An answer that is complete stays complete."""
    assert said(delta(content="Hi."), STOP, {"error": {"code": 500}}) == "Hi."
