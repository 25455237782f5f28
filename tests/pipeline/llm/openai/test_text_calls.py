"""Calls that a model writes in its text, in the forms of many models."""

import json
from typing import Any

import pytest

from pipeline.events import TextDelta, ToolCall
from pipeline.llm.openai.calls.call_marks import PAIRS
from tests.pipeline.llm.openai.asking import new_decoder

ARGS = '{"app_name": "Mail"}'
CALL = f'{{"name": "open_app", "arguments": {ARGS}}}'
MEANT = [("open_app", {"app_name": "Mail"}, "")]


NAMES = ("open_app", "close_app")


def read(*contents: str, finish: str = "stop") -> tuple[list[tuple[str, Any, str]], str]:
    """The calls (name, arguments, why refused) and the text of an answer of these pieces."""
    decoder = new_decoder(*NAMES)
    chunks = [{"choices": [{"delta": {"content": content}}]} for content in contents]
    found = [event for chunk in chunks for event in decoder.feed(json.dumps(chunk).encode())]
    found += decoder.feed(json.dumps({"choices": [{"delta": {}, "finish_reason": finish}]}).encode()) + decoder.end()
    calls = [event for event in found if isinstance(event, ToolCall)]
    text = "".join(event.text for event in found if isinstance(event, TextDelta))
    return [(c.name, json.loads(str(c.args)) if not c.refused else None, c.refused) for c in calls], text


FORMS = [
    *(f"{begin}{CALL}{end}" for begin, end in PAIRS if begin != "<|channel|>commentary"),
    f"<tool_call>\n```json\n{CALL}\n```\n</tool_call>",
    f"<tool_call>[{CALL}]</tool_call>",
    f'<tool_call>{{"type": "function", "function": {CALL}}}</tool_call>',
    f'<tool_call>{{"name": "open_app", "parameters": {ARGS}}}</tool_call>',
    f'<tool_call>{{"command": "open_app", "args": {ARGS}}}</tool_call>',
    f'<tool_call>{{"name": "open_app", "arguments": {json.dumps(ARGS)}}}</tool_call>',
    f"<function=open_app>{ARGS}</function>",
    "<tool_call>\n<function=open_app>\n<parameter=app_name>\nMail\n</parameter>\n</function>\n</tool_call>",
    '<function_calls><invoke name="open_app"><parameter name="app_name">Mail</parameter></invoke></function_calls>',
    "<tool_call>open_app\n<arg_key>app_name</arg_key>\n<arg_value>Mail</arg_value>\n</tool_call>",
    "<|tool_calls_section_begin|><|tool_call_begin|>functions.open_app:0<|tool_call_argument_begin|>"
    f"{ARGS}<|tool_call_end|><|tool_calls_section_end|>",
    "<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>open_app\n```json\n"
    f"{ARGS}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
    f"<|python_tag|>{CALL}<|eom_id|>",
    f"[TOOL_CALLS]open_app{ARGS}",
    f"[TOOL_CALLS]open_app[ARGS]{ARGS}</s>",
    f"[TOOL_CALLS]open_app[CALL_ID]a1b2c3d4e[ARGS]{ARGS}",
    '<invoke name="open_app"><parameter name="app_name">Mail</parameter></invoke>',
    '<｜DSML｜function_calls><｜DSML｜invoke name="open_app"><｜DSML｜parameter name="app_name" string="true">'
    "Mail</｜DSML｜parameter></｜DSML｜invoke></｜DSML｜function_calls>",
    '<｜｜DSML｜｜tool_calls><｜｜DSML｜｜invoke name="open_app"><｜｜DSML｜｜parameter name="app_name" string="true">'
    "Mail</｜｜DSML｜｜parameter></｜｜DSML｜｜invoke></｜｜DSML｜｜tool_calls>",
    "<seed:tool_call><function=open_app><parameter=app_name>Mail</parameter></function></seed:tool_call>",
    f"<tool_calls>\n<tool_call>open_app\n```json\n{ARGS}\n```\n</tool_call>\n</tool_calls>",
    f'<|START_ACTION|>[{{"tool_call_id": "0", "tool_name": "open_app", "parameters": {ARGS}}}]<|END_ACTION|>',
    '<|tool_call>call:open_app{app_name:<|"|>Mail<|"|>}<tool_call|>',
    "<start_function_call>call:open_app{app_name:<escape>Mail<escape>}<end_function_call>",
    '```tool_code\nopen_app(app_name="Mail")\n```',
    "```tool_code\nprint(default_api.open_app(app_name='Mail'))\n```",
    '<|python_tag|>open_app.call(app_name="Mail")<|eom_id|>',
    '<|python_start|>[open_app(app_name="Mail")]<|python_end|>',
    '[open_app(app_name="Mail")]',
    f"<|channel|>commentary to=functions.open_app <|constrain|>json<|message|>{ARGS}<|call|>",
    "<|channel|>analysis<|message|>hm<|end|><|start|>assistant"
    f"<|channel|>commentary to=functions.open_app<|message|>{ARGS}",
    f"<|channel|>analysis<|message|>hm<|channel|>commentary to=functions.open_app<|message|>{ARGS}<|call|>",
    f"<tool_call>{CALL}<|im_end|>",
    f"<think>hm</think><tool_call>{CALL}</tool_call>",
]


@pytest.mark.parametrize("form", FORMS)
def test_forms(form: str) -> None:
    """Every form is one call, in one piece or in single characters; nothing of it is text."""
    for pieces in ([form], list(form)):
        calls, text = read(*pieces)
        assert (calls, text.strip()) == (MEANT, "")


CLOSE = '{"app_name": "Notes"}'


@pytest.mark.parametrize(
    "form",
    [
        f"[TOOL_CALLS]open_app{ARGS}[TOOL_CALLS]close_app{CLOSE}",
        f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>function<｜tool▁sep｜>open_app\n```json\n{ARGS}\n```<｜tool▁call▁end｜>\n"
        f"<｜tool▁call▁begin｜>function<｜tool▁sep｜>close_app\n```json\n{CLOSE}\n```<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
        f"<｜tool▁calls▁begin｜><｜tool▁call▁begin｜>open_app<｜tool▁sep｜>{ARGS}<｜tool▁call▁end｜>"
        f"<｜tool▁call▁begin｜>close_app<｜tool▁sep｜>{CLOSE}<｜tool▁call▁end｜><｜tool▁calls▁end｜>",
        f"<|tool_call_begin|>functions.open_app:0<|tool_call_argument_begin|>{ARGS}<|tool_call_end|>"
        f"<|tool_call_begin|>functions.close_app:1<|tool_call_argument_begin|>{CLOSE}<|tool_call_end|>",
        '[open_app(app_name="Mail"), close_app(app_name="Notes")]',
        '```tool_code\nopen_app(app_name="Mail")\nclose_app(app_name="Notes")\n```',
    ],
)
def test_two_calls(form: str) -> None:
    """Several calls between one pair of marks are several calls."""
    for pieces in ([form], list(form)):
        calls, text = read(*pieces)
        assert (calls, text.strip()) == ([*MEANT, ("close_app", {"app_name": "Notes"}, "")], "")


def test_words_beside_a_call_of_gpt_oss() -> None:
    """A comment without a recipient is for the user."""
    written = "<|channel|>commentary<|message|>Opening Mail.<|end|><|start|>assistant<|channel|>"
    for pieces in (
        [written + f"commentary to=functions.open_app<|message|>{ARGS}<|call|>"],
        [*written, "commentary to=functions.open_app<|message|>", ARGS],
    ):
        assert read(*pieces) == (MEANT, "Opening Mail.")


def test_text_around_calls() -> None:
    """The text around stays text, also where a closing mark is missing; marks in strings are strings."""
    assert read(f"One. <tool_call>{CALL}</tool_call> Two.") == (MEANT, "One.  Two.")
    assert read(f"One. <tool_call>{CALL}\nTwo.") == (MEANT, "One. \nTwo.")
    assert read(f"{CALL}</tool_call>")[1] == CALL
    behind = f"[TOOL_CALLS][{CALL}] Two. <think>hm</think><tool_call>{CALL}</tool_call>"
    assert read(behind) == (MEANT * 2, " Two. ")
    assert read(f"[TOOL_CALLS]open_app{ARGS} Two.") == (MEANT, " Two.")
    cut = read(f'[TOOL_CALLS]open_app{ARGS}[TOOL_CALLS]close_app{{"a')[0]
    assert {why: name for name, _, why in cut} == {"": "open_app", "truncated": ""}
    said = {"text": "</tool_call> {"}
    calls, text = read(f"<tool_call>{json.dumps({'name': 'say', 'arguments': said})}</tool_call> Two.")
    assert (calls, text) == ([("say", said, "")], "Two.")
    assert len(read(f"<tool_call>{CALL}</tool_call>" * 2)[0]) == 2


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("<tool_call>do it</tool_call>", "invalid_json"),
        ("<tool_call></tool_call>", "invalid_json"),
        ('<tool_call>{"name": "a", "arguments": {"x": 1, "x": 2}}</tool_call>', "invalid_json"),
        ('<tool_call>{"arguments": {}}</tool_call>', "invalid_command"),
        ('<tool_call>{"name": "a", "app_name": "Mail"}</tool_call>', "invalid_args"),
        ('<tool_call>{"name": "a", "arguments": {}, "parameters": {"x": 1}}</tool_call>', "invalid_args"),
        ('<tool_call>{"name": "a", "argum', "truncated"),
        ('[TOOL_CALLS]a[ARGS]{"x": 1', "truncated"),
        ("<tool_call><function=a><parameter=x>1</parameter>", "truncated"),
        ("```tool_code\na('b')\n```", "invalid_args"),
        ("```tool_code\na(b=c)\n```", "invalid_args"),
        ("```tool_code\na(**{'b': 1})\n```", "invalid_args"),
        ("```tool_code\nb = a()\n```", "invalid_json"),
        ("```tool_code\n" + "(" * 300 + "\n```", "invalid_json"),
        (
            "<tool_call><function=a><parameter=x>1</parameter><parameter=x>2</parameter></function></tool_call>",
            "invalid_args",
        ),
    ],
)
def test_refused(written: str, reason: str) -> None:
    """A call that can't be read for certain is refused, and not said."""
    calls, text = read(written)
    assert ([refused for *_, refused in calls], text) == ([reason], "")


def test_a_call_that_is_written_is_progress() -> None:
    """The pieces of a call count as content, so that no timer takes a long one for a silent model."""
    decoder = new_decoder()
    for content in ("<tool_call>", '{"name": '):
        before = decoder.contents
        assert decoder.feed(json.dumps({"choices": [{"delta": {"content": content}}]}).encode()) == []
        assert decoder.contents == before + 1
