"""What users of voice assistants, model servers and speech servers have reported in public, played against the server.

Each line of ``data/reports.jsonl`` is a case: ``input`` (see tests/replay.py), the ``right`` outcome, and the public
``report`` of such a fault. A case with ``open`` is not right yet: whoever mends it removes the mark.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from tests.replay import VARYING, check, command_line, conversation

DATA = Path(__file__).parent / "data" / "reports.jsonl"
CASES = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]
AREAS = {"model", "text", "commands", "grpc", "sound", "sessions", "cli"}


def _parameter(case: dict[str, Any]) -> Any:
    # A machine that stands still for a moment may mend a race for once.
    is_steady = case["area"] not in ("sessions", "grpc")
    marks = [pytest.mark.xfail(strict=is_steady, reason=case["kind"])] if case.get("open") else []
    return pytest.param(case, id=case["id"], marks=marks)


@pytest.mark.parametrize("case", [_parameter(case) for case in CASES])
async def test_report(case: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The outcome is right, in everything that the case tells of it."""
    if case["area"] == "cli":
        check(await command_line(case["input"], tmp_path), case["right"])
        return
    outcomes, told = await conversation(case["input"], tmp_path)
    told["log"] = VARYING.sub("", capsys.readouterr().err)
    right = case["right"] if "calls" in case["input"] else {"answer": case["right"]}
    assert right
    for name, values in right.items():
        check(told | outcomes.get(name, {}), values)


def test_corpus() -> None:
    """Cases of every area, each under an id and a title of its own; nearly all with a public report."""
    for key in ("id", "title"):
        assert max(Counter(case[key] for case in CASES).values()) == 1
    assert {case["area"] for case in CASES} == AREAS
    assert all(case["id"].startswith(f"{case['area']}-") for case in CASES)
    assert sum(case["report"] is None for case in CASES) < len(CASES) / 10
