"""Reads calls that a model wrote as Python: ``open_app(app_name="Mail")``, in a list or in ``print`` too."""

import ast
import json
from collections.abc import Iterator

from pipeline.events import ToolCall

MAX_CHARS = 4096


class _NoCall(ValueError):
    """The text is something else than calls."""


def python_calls(text: str) -> list[ToolCall]:
    """Return the calls that *text* consists of; none if there is anything else in it. Nothing is run.

    A call is ``refused`` whose arguments have no names or are no literals.
    """
    if len(text) > MAX_CHARS:
        return []
    try:
        statements = ast.parse(text.strip()).body
        return [call for statement in statements for call in _calls(statement)]
    except (ValueError, SyntaxError, RecursionError, MemoryError):
        return []


def _calls(node: ast.AST) -> Iterator[ToolCall]:
    match node:
        case ast.Expr(value=inner) | ast.Call(func=ast.Name(id="print"), args=[inner], keywords=[]):
            yield from _calls(inner)
        case ast.List(elts=inner) | ast.Tuple(elts=inner):
            for item in inner:
                yield from _calls(item)
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(value=ast.Name(id=name), attr="call")):
            yield _call(name, node)
        case ast.Call(func=ast.Attribute(value=ast.Name(), attr=name)):
            yield _call(name, node)
        case _:
            raise _NoCall


def _call(name: str, node: ast.Call) -> ToolCall:
    try:
        args = {str(keyword.arg): ast.literal_eval(keyword.value) for keyword in node.keywords}
        text = json.dumps(args, ensure_ascii=False, allow_nan=False)
    except (ValueError, TypeError):
        return ToolCall(name, "", refused="invalid_args")
    unnamed = node.args or any(keyword.arg is None for keyword in node.keywords)
    return ToolCall(name, text, refused="invalid_args" if unnamed else "")
