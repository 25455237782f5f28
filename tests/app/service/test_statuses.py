"""The table of statuses, row by row; how a row arrives is the status link's (tests/interceptors/test_status.py)."""

from typing import Any

import pytest
from grpc import StatusCode
from hypothesis import example, given
from hypothesis import strategies as st

from app.service.statuses import TABLE, judge
from interceptors.errors import Rejected, StreamError
from pipeline.errors import STATUSES, CommandRefused, StageError
from pipeline.flow import SourceFailed


@pytest.mark.parametrize("reason", TABLE)
@pytest.mark.parametrize("kind", [StreamError, Rejected])
def test_a_links_error_is_its_row(reason: str, kind: type[StreamError]) -> None:
    """A link names only the reason; the row has the status and the words."""
    outcome = judge(kind(reason))
    assert (outcome.code, outcome.reason) == (TABLE[reason].code, reason)
    assert outcome.text == outcome.details == TABLE[reason].text
    assert not outcome.defect


def test_a_link_may_have_better_words() -> None:
    """Words of the link's own replace the row's; how long to wait and the metadata are its own anyway."""
    outcome = judge(Rejected("INVALID_REQUEST", "prompt: must not be", metadata={"field": "prompt"}, retry_after=2))
    assert outcome.text == outcome.details == "prompt: must not be"
    assert (outcome.metadata, outcome.retry_after) == ({"field": "prompt"}, 2)


def test_only_a_client_that_does_not_read_gets_no_message() -> None:
    """SEND_TIMEOUT alone is silent."""
    assert [reason for reason in TABLE if judge(StreamError(reason)).silent] == ["SEND_TIMEOUT"]


def test_only_unforeseen_errors_are_defects() -> None:
    """Defects are what is in no row, and what is no error of ours."""
    errors = [ValueError("x"), StreamError("OTHER"), SourceFailed("x"), CommandRefused("x"), SystemExit()]
    for error in errors:
        outcome = judge(error)
        assert (outcome.defect, outcome.reason, outcome.code) == (True, "INTERNAL", StatusCode.INTERNAL)
        assert outcome.retry_after is None
    assert not judge(StageError("INTERNAL", "INTERNAL", "x")).defect


@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("status", "OK"),
        ("status", "NOPE"),
        ("status", None),
        ("status", []),
        ("reason", None),
        ("text", None),
        ("text", b"secret"),
        ("text", property(lambda _: 1 / 0)),
        ("retry_after", float("nan")),
        ("retry_after", -1),
        ("retry_after", "1"),
        ("retry_after", 10**30),
    ],
)
@pytest.mark.parametrize("by", ["a subclass", "an assignment"])
def test_a_stage_error_whose_attributes_are_unusable(attribute: str, value: Any, by: str) -> None:
    """What its constructor would have refused is refused here too, and not sent: it is INTERNAL, a defect."""
    if by == "a subclass":
        error = type("Own", (StageError,), {"__init__": lambda self: None, attribute: value})()
    else:
        error = StageError("NOT_FOUND", "OWN_REASON", "own words")
        setattr(error, attribute, value)
    assert judge(error) == judge(ValueError())


@example("x" * 201, "MODEL_BUSY", "UNKNOWN")
@given(
    text=st.text(st.characters(exclude_categories=()), max_size=300),
    reason=st.one_of(st.sampled_from(sorted(TABLE)), st.from_regex(r"[A-Z_]{0,70}", fullmatch=True), st.text()),
    status=st.sampled_from(sorted(STATUSES)),
)
def test_any_words_are_made_fit_for_the_wire(text: str, reason: str, status: str) -> None:
    """Whatever a stage says: the text is UTF-8, not empty and short; the details are printable ASCII; the reason is
    UPPER_SNAKE.
    """
    outcome = judge(StageError(status, reason, text))
    assert outcome.code is StatusCode[status]
    assert 0 < len(outcome.text) <= 200
    assert outcome.text.encode()
    assert 0 < len(outcome.details) <= 200
    assert outcome.details.isascii()
    assert outcome.details.isprintable()
    assert outcome.reason == outcome.reason.upper()
    assert 0 < len(outcome.reason) <= 63


@pytest.mark.parametrize("error", [StreamError("MODEL_BUSY", "занято"), StageError("UNKNOWN", "MODEL_BUSY", "занято")])
def test_words_that_are_not_ascii_stay_in_the_message(error: Any) -> None:
    """The message keeps its language; the details are the row's."""
    outcome = judge(error)
    assert (outcome.text, outcome.details) == ("занято", TABLE["MODEL_BUSY"].text)


def test_a_reason_of_ones_own_is_its_own_details() -> None:
    """Where there is neither a row nor ASCII, the reason says it."""
    assert judge(StageError("UNKNOWN", "OWN_REASON", "занято")).details == "OWN_REASON"
