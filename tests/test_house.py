"""Rules of the house that a reader relies on, and that no other tool checks."""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from app.settings.load import models_in
from app.settings.tables import Settings
from tests.processes import ROOT

PRODUCT = ("app", "interceptors", "pipeline")
STAGE_METHODS = frozenset(
    {"aclose", "extract", "feed", "flush", "reads_in", "release", "sample_rate", "start", "stream", "synthesize"}
    | {"synthesize_marked", "voices"}
)
ADAPTERS = frozenset(
    {"app/stages/custom.py", *(f"pipeline/{stage}/custom.py" for stage in ("llm", "segmenter", "tts"))}
)
"""Where custom stages are wrapped."""


@cache
def trees() -> dict[str, ast.Module]:
    """Every module of the product by its path."""
    files = [file for folder in PRODUCT for file in sorted((ROOT / folder).rglob("*.py"))]
    return {str(file.relative_to(ROOT)): ast.parse(file.read_text()) for file in files}


def nodes(kind: type[Any]) -> Iterator[tuple[str, Any]]:
    return ((path, node) for path, tree in trees().items() for node in ast.walk(tree) if isinstance(node, kind))


def test_only_the_adapters_of_custom_stages_probe() -> None:
    """Stages inside the house have every method; what a custom one lacks is added where it is wrapped."""
    probes = [
        f"{path}:{node.lineno}"
        for path, node in nodes(ast.Call)
        if isinstance(node.func, ast.Name)
        and node.func.id in ("getattr", "hasattr")
        and isinstance(node.args[1], ast.Constant)
        and node.args[1].value in STAGE_METHODS
        and path not in ADAPTERS
    ]
    assert probes == []


def settings_keys(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield name
        for member in models_in(field.annotation) if name != "fallback" else ():
            yield from settings_keys(member)


def defaults() -> Iterator[tuple[str, str]]:
    """Every parameter of a constructor and every field of an options class with a default but None: place, name."""
    for path, function in nodes(ast.FunctionDef):
        if function.name != "__init__":
            continue
        args = function.args
        positional = zip(reversed([*args.posonlyargs, *args.args]), reversed(args.defaults), strict=False)
        for argument, default in [*positional, *zip(args.kwonlyargs, args.kw_defaults, strict=True)]:
            if default is not None and not (isinstance(default, ast.Constant) and default.value is None):
                yield f"{path}:{function.lineno}", argument.arg
    for path, kind in nodes(ast.ClassDef):
        if kind.name.endswith(("Options", "Limits")):
            for line in kind.body:
                if isinstance(line, ast.AnnAssign) and line.value is not None and isinstance(line.target, ast.Name):
                    yield f"{path}:{line.lineno}", line.target.id


def test_defaults_of_settings_stand_in_the_settings_only() -> None:
    """A key's default is written once; the code behind it has no second one."""
    keys = frozenset(settings_keys(Settings))
    assert {"max_concurrent_streams", "hold_ms", "ttl_seconds", "rate", "system_prompt"} <= keys
    elsewhere = [
        pair
        for pair in defaults()
        if not pair[0].startswith(("app/", "pipeline/testing.py", "interceptors/testing.py"))
    ]
    twice = [f"{place} {name}" for place, name in elsewhere if name in keys]
    assert twice == []


@pytest.mark.parametrize(
    ("knowledge", "pattern", "home"),
    [
        ("the Cyrillic alphabet", r"А-Яа-я|\\u0400", "pipeline/languages/script.py"),
        ("the base of a language tag", r"""partition\("-"\)|split\("-"\)""", "pipeline/languages/script.py"),
        ("how surrogates are repaired", r"surrogatepass", "pipeline/text.py"),
        ("how many bytes a sample has", r"(?:SAMPLE_)?BYTES = 2\b", "pipeline/pcm.py"),
    ],
)
def test_knowledge_has_one_home(knowledge: str, pattern: str, home: str) -> None:
    """Small knowledge that several stages need is defined on the ground floor, once."""
    homes = [path for path in trees() if re.search(pattern, (ROOT / path).read_text())]
    assert homes == [home], knowledge


def test_every_package_is_typed() -> None:
    """A type checker believes the annotations of an installed package only beside this file."""
    assert [name for name in (*PRODUCT, "protos") if not Path(ROOT, name, "py.typed").exists()] == []


# What our users check by hand.


def lines_with(pattern: str, *folders: str) -> set[str]:
    """The modules of *folders* in which *pattern* stands, but for the doubles of tests."""
    paths = (path for path in trees() if path.startswith(folders) and not path.endswith("/testing.py"))
    return {path for path in paths if re.search(pattern, (ROOT / path).read_text())}


@pytest.mark.parametrize(
    ("rule", "pattern", "homes"),
    [
        ("a session id is made", r"request\.session_id = ", {"interceptors/session.py"}),
        ("ids are drawn", r"\b(uuid4|token_hex)\b", {"interceptors/session.py", "interceptors/limiter.py"}),
        # The session link hands it on: a client that is gone must not break the end of its call.
        (
            "a status is set",
            r"\.abort(_with_status)?\(|set_code",
            {"interceptors/status.py", "interceptors/session.py"},
        ),
        ("leases are taken", r"\.(admit|acquire)\(", {"interceptors/admission.py", "interceptors/limiter.py"}),
    ],
)
def test_one_place_in_front_of_the_stages(rule: str, pattern: str, homes: set[str]) -> None:
    """In the chain and behind it each of these happens in one place."""
    assert lines_with(pattern, "interceptors/", "app/") == homes, rule


LONG_LIVED = ("Interceptor", "Servicer", "Commands", "Model", "WithFallback")
"""How the names of classes end whose one object serves many requests at once."""


def test_nothing_of_a_request_outlives_it() -> None:
    """What serves many requests keeps nothing of one: no attribute is set after construction and start."""
    kept = [
        f"{path}:{line.lineno} {kind.name}.{function.name}"
        for path, kind in nodes(ast.ClassDef)
        if kind.name.endswith(LONG_LIVED) and not path.endswith("/testing.py")
        for function in kind.body
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        and function.name not in ("__init__", "start", "aclose")
        for line in ast.walk(function)
        if isinstance(line, ast.Attribute) and isinstance(line.ctx, ast.Store) and ast.unparse(line.value) == "self"
    ]
    assert kept == []
