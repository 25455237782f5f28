"""The shapes of the methods of custom stages and links: a plainly wrong one is told at start, not in the first turn."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction, signature
from typing import Any

Kind = Callable[[Any], bool]

SHAPES: dict[str, Kind] = {
    "an async generator (async def with yield)": isasyncgenfunction,
    "a coroutine (async def without yield)": iscoroutinefunction,
    "a generator (def with yield)": isgeneratorfunction,
}
STREAM, COROUTINE, GENERATOR = SHAPES
PLAIN = "a plain function (def)"


@dataclass(frozen=True, slots=True)
class Method:
    """A method of a stage: its arguments, and the shapes that it may have, the expected one first."""

    name: str
    arguments: tuple[str, ...]
    shapes: tuple[str, ...]
    needed: bool = True


LIFE = tuple(Method(name, (), (COROUTINE,), needed=False) for name in ("start", "aclose"))

# A plain function may return what somebody else's generator gives. Only a turn can tell.
MODEL = (Method("stream", ("turn",), (STREAM, PLAIN)), *LIFE)
SEGMENTER = (
    Method("feed", ("text",), (PLAIN, GENERATOR)),
    Method("flush", (), (PLAIN, GENERATOR)),
    Method("release", (), (PLAIN, GENERATOR), needed=False),
)
COMMANDS = (Method("extract", ("block",), (PLAIN,)), *LIFE)
SPEECH = (
    Method("synthesize", ("text", "voice"), (STREAM, PLAIN)),
    Method("synthesize_marked", ("text", "voice"), (STREAM, PLAIN), needed=False),
    Method("reads_in", ("text", "voice"), (PLAIN,), needed=False),
    Method("knows", ("name",), (PLAIN,), needed=False),
    Method("fits", ("text", "voice"), (PLAIN,), needed=False),
    Method("voices", (), (COROUTINE,), needed=False),
    *LIFE,
)
INTERCEPT = Method("intercept", ("method", "request", "context", "method_name"), (COROUTINE,))


def faults(stage: object, methods: tuple[Method, ...]) -> Iterator[str]:
    """Tell each method that is missing or wrong, with what it must be."""
    for method in methods:
        try:
            function = getattr(stage, method.name, None)
        except Exception as error:  # noqa: BLE001  (a property may raise anything)
            yield f"has a wrong {method.name}: to read it raises {type(error).__name__}: {error}"
            continue
        if function is not None:
            yield from _wrong(function, method)
        elif method.needed:
            yield f"has no {method.name}"


def _wrong(function: Any, method: Method) -> Iterator[str]:
    if not callable(function):
        yield f"has a wrong {method.name}: it must be a method, not {type(function).__name__}"
    elif (shape := shape_of(function)) and shape not in method.shapes:
        yield f"has a wrong {_call(method)}: it must be {method.shapes[0]}, not {shape}"
    elif not _takes(function, len(method.arguments)):
        yield f"has a wrong {method.name}{signature(function)}: it is called as {_call(method)}"


def shape_of(function: Callable[..., Any]) -> str:
    """Name the shape of *function*, which may be an object with ``__call__``; "" for a class."""
    if isinstance(function, type):
        return ""
    called = function, type(function).__call__
    return next((name for name, is_kind in SHAPES.items() if any(map(is_kind, called))), PLAIN)


def _call(method: Method) -> str:
    return f"{method.name}({', '.join(method.arguments)})"


def _takes(function: Any, count: int) -> bool:
    try:
        called = signature(function)
    except (TypeError, ValueError):  # written in C
        return True
    try:
        called.bind(*[None] * count)
    except TypeError:
        return False
    return True
