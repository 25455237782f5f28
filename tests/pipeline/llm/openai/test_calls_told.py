"""The ways in which servers tell a tool call: the calls that were meant come out, each once, or a refusal; no other."""

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.events import TextDelta, ToolCall
from tests.pipeline.llm.openai.asking import new_decoder

NAMES = ("open_app", "open", "press_key", "say")
ARGS: tuple[dict[str, Any], ...] = (
    {},
    {"app_name": "Mail"},
    {"app_name": "Mail", "x": [1, {"y": "}"}]},
    {"text": 'a "b" {c'},
)

Meant = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Way:
    """How a server tells calls.

    ``name``: in the first fragment, in pieces, in every fragment, or cumulative. ``id``: one for each call, none, a new
    one in each fragment, or the same in each. ``index``: counted, counted from 1, 0 for all, none, or in the first
    fragment only. ``args``: how they come. ``again``: the last chunk has all calls again, told the same way (``same``)
    or with indexes that count (``counted``).
    """

    name: str
    id: str
    index: str
    args: str
    again: str
    words: bool


WAYS = st.builds(
    Way,
    name=st.sampled_from(["first", "pieces", "every", "cumulative"]),
    id=st.sampled_from(["one", "none", "new", "every"]),
    index=st.sampled_from(["counted", "from one", "zero", "none", "first"]),
    args=st.sampled_from(
        ["whole", "pieces", "cumulative", "repeated", "object", "blank first", "empty first", "quoted", "in tags"]
    ),
    again=st.sampled_from(["", "same", "counted"]),
    words=st.booleans(),
)


def halves(text: str, cumulative: bool = False) -> list[str]:
    third = max(1, len(text) // 3)
    pieces = [text[:third], text[third : 2 * third], text[2 * third :]]
    if cumulative:
        pieces = ["".join(pieces[: end + 1]) for end in range(3)]
    return [piece for piece in pieces if piece]


def args_of(way: Way, args: dict[str, Any]) -> list[Any]:
    text = json.dumps(args)
    told: dict[str, list[Any]] = {
        "whole": [text],
        "pieces": halves(text),
        "cumulative": halves(text, cumulative=True),
        "repeated": [*halves(text), text],
        "object": [args],
        "blank first": ["", *halves(text)],
        "empty first": ["{}", *halves(text)],
        "quoted": [json.dumps(text)],
    }
    return told[way.args] if args else [None]


def fragments(way: Way, number: int, meant: Meant) -> list[dict[str, Any]]:
    name, parts = meant[0], args_of(way, meant[1])
    names = halves(name, way.name == "cumulative") if way.name in ("pieces", "cumulative") else [name]
    told: list[tuple[str | None, Any]] = [(piece, None) for piece in names[:-1]]
    told += [(names[-1], parts[0]), *((name if way.name == "every" else None, part) for part in parts[1:])]
    out = []
    for at, (piece, part) in enumerate(told):
        fragment: dict[str, Any] = {"type": "function", "function": {"name": piece, "arguments": part}}
        if way.index in ("counted", "zero", "from one") or (way.index == "first" and at == 0):
            fragment["index"] = {"zero": 0, "from one": number + 1}.get(way.index, number)
        if way.id == "new":
            fragment["id"] = f"call_{number}_{at}"
        elif way.id == "every" or (way.id == "one" and at == 0):
            fragment["id"] = f"call_{number}"
        out.append(fragment)
    return out


def told(way: Way, calls: list[Meant]) -> list[dict[str, Any]]:
    """The deltas of an answer with these calls."""
    if way.args == "in tags":
        return [
            {"content": f"<tool_call>\n{json.dumps({'name': name, 'arguments': args})}\n</tool_call>"}
            for name, args in calls
        ]
    deltas: list[dict[str, Any]] = [{"content": "Now. "}] if way.words else []
    for number, meant in enumerate(calls):
        deltas += ({"tool_calls": [fragment]} for fragment in fragments(way, number, meant))
    if way.words:
        deltas.append({"content": "Done."})
    if way.again:
        is_told_apart = way.id in ("one", "every") or way.index != "zero"
        index = "counted" if way.again == "counted" and is_told_apart else way.index
        whole = Way("first", "every" if way.id in ("one", "every") else way.id, index, "whole", "", False)
        deltas.append({"tool_calls": [item for n, meant in enumerate(calls) for item in fragments(whole, n, meant)]})
    return deltas


def heard(deltas: list[dict[str, Any]], *names: str, finish: str = "tool_calls") -> tuple[list[ToolCall], str]:
    decoder = new_decoder(*names)
    found = [
        event
        for delta in [*deltas, {}]
        for event in decoder.feed(
            json.dumps({"choices": [{"delta": delta, "finish_reason": None if delta else finish}]}).encode()
        )
    ]
    found += decoder.end()
    text = "".join(event.text for event in found if isinstance(event, TextDelta))
    return [event for event in found if isinstance(event, ToolCall)], text


def key(name: str, args: Any) -> str:
    return json.dumps([name, args], sort_keys=True)


def done(calls: list[ToolCall]) -> list[str]:
    """The calls that run."""
    return [
        key(call.name, call.args if not isinstance(call.args, str) else json.loads(call.args or "{}"))
        for call in calls
        if not call.refused and is_object(call.args)
    ]


def is_object(args: Any) -> bool:
    try:
        return not isinstance(args, str) or isinstance(json.loads(args or "{}"), dict)
    except ValueError:
        return False


@settings(max_examples=500)
@given(
    way=WAYS,
    calls=st.lists(st.tuples(st.sampled_from(NAMES), st.sampled_from(ARGS)), min_size=1, max_size=3),
    known=st.booleans(),
)
def test_only_the_calls_that_were_meant(way: Way, calls: list[Meant], known: bool) -> None:
    """Each call that was meant runs once, or there is a refusal. No other runs, none twice, none with half its
    arguments. Without ids and numbers, a call told twice is the same as two calls.
    """
    found, _ = heard(told(way, calls), *(NAMES if known else ()))
    meant = [key(*call) for call in calls]
    assert not Counter(done(found)) - Counter(meant)
    numbered = way.id in ("one", "every") or way.index == "counted"
    alike = not numbered and len({name for name, _ in calls}) < len(calls)
    assert done(found) == meant or len(done(found)) < len(found) or alike


PLAIN = [
    Way(name, id, index, args, again, words)
    for name in ("first", "every", "pieces")
    for id in ("one", "every")
    for index in ("counted", "zero")
    for args in ("whole", "pieces", "cumulative", "repeated", "object", "blank first", "quoted")
    for again in ("", "same", "counted")
    for words in (False, True)
]


@pytest.mark.parametrize("way", PLAIN, ids=str)
def test_what_is_clear_runs(way: Way) -> None:
    """With an id for each call there is no doubt: nothing is refused."""
    calls = [("open_app", ARGS[1]), ("press_key", ARGS[2])]
    for names in ((), NAMES):
        found, _ = heard(told(way, calls), *names)
        assert done(found) == [key(*call) for call in calls]
        assert len(found) == 2


def one(name: str | None = None, args: Any = None, **fields: Any) -> dict[str, Any]:
    """A delta with one fragment."""
    return {"tool_calls": [{"function": {"name": name, "arguments": args}, **fields}]}


MAIL = '{"app_name": "Mail"}'
CLOSE = '{"app_name": "Notes"}'


@pytest.mark.parametrize(
    ("deltas", "runs", "refused"),
    [
        # The indexes of the last chunk count; those before were all 0.
        (
            [
                one("open", MAIL, index=0),
                one("say", CLOSE, index=0),
                one("open", MAIL, index=0),
                one("say", CLOSE, index=1),
            ],
            2,
            0,
        ),
        # The same, with indexes from 1.
        (
            [
                one("open", MAIL, index=1),
                one("say", CLOSE, index=2),
                one("open", MAIL, index=0),
                one("say", CLOSE, index=1),
            ],
            2,
            0,
        ),
        # An empty end with an id of its own.
        ([one("say", MAIL, id="a"), one("say", "", id="b")], 1, 1),
        # An empty object, and behind it the arguments without a name, under other ids.
        ([one("say", "{}", id="a", index=0), one(None, "", id="b", index=0), one(None, MAIL, id="c", index=0)], 1, 0),
        # The arguments stand before their names.
        ([one(None, MAIL, index=0), one("open", index=0), one(None, CLOSE, index=0), one("say", index=0)], 0, 2),
        ([one(None, MAIL, id="a"), one("open", id="b"), one(None, CLOSE, id="c"), one("say", id="d")], 0, 3),
        # The same call again under another id, of a server whose indexes count.
        (
            [one("open", MAIL, id="a", index=0), one("open", MAIL, id="b", index=0), one("say", MAIL, id="c", index=1)],
            2,
            1,
        ),
        # The same call twice, and the server says so.
        ([one("open", MAIL, id="a", index=0), one("open", MAIL, id="b", index=0)], 2, 0),
        ([one("open", MAIL, index=0), one("open", MAIL, index=1)], 2, 0),
        # The same call under several indexes, at first without its arguments.
        ([one("say", "", id="a", index=0), one("say", MAIL, id="a", index=1), one("say", MAIL, id="a", index=2)], 1, 0),
        # Whole objects that grow.
        ([one("say", '{"a": "x"}', id="a"), one(None, '{"a": "xy", "b": 1}', id="a")], 1, 0),
        ([one("say", '{"a": "x"}', id="a"), one(None, '{"b": 1}', id="a")], 0, 1),
        # A template's mark in the name.
        ([one("open<|channel|>commentary", MAIL)], 1, 0),
    ],
)
def test_ways_seen(deltas: list[dict[str, Any]], runs: int, refused: int) -> None:
    """Ways in which servers repeat, number and scatter calls."""
    found, _ = heard(deltas, *NAMES)
    assert (len(done(found)), len(found) - len(done(found))) == (runs, refused)
    assert all(call.name in NAMES for call in found if not call.refused)
