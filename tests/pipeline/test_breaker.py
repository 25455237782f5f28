"""What is dead is not asked by everybody."""

import pytest

from pipeline.breaker import Breaker
from tests.fakes import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def breaker(clock: ManualClock) -> Breaker:
    return Breaker(3, 10.0, clock)


def call(breaker: Breaker, well: bool | None) -> bool:
    """Whether a call that ends so was let through."""
    this = object()
    admitted = breaker.admits(this)
    if admitted:
        breaker.ended(this, well)
    return admitted


def test_it_opens_after_failures_in_a_row(breaker: Breaker, clock: ManualClock) -> None:
    """The call after them is refused for so long."""
    assert [call(breaker, False) for _ in range(4)] == [True, True, True, False]
    clock.advance(4)
    assert breaker.rest == 6.0
    assert not call(breaker, True)


def test_a_success_between_them_counts(breaker: Breaker) -> None:
    """Failures that are not in a row do not open it."""
    assert all(call(breaker, well) for well in [False, False, True] * 5)


def test_what_was_cut_off_says_nothing(breaker: Breaker) -> None:
    """It is no failure and no success."""
    assert [call(breaker, well) for well in [False, None, False, None, False, None]] == [True] * 5 + [False]


def test_one_call_probes(breaker: Breaker, clock: ManualClock) -> None:
    """After the rest one call gets through; the others wait for what that one finds, and then all may."""
    for _ in range(3):
        call(breaker, False)
    clock.advance(10)
    probe = object()
    assert breaker.admits(probe)
    assert not call(breaker, True)
    breaker.ended(probe, True)
    assert breaker.admits(object())
    assert breaker.admits(object())


@pytest.mark.parametrize(("well", "rest"), [(False, 10.0), (None, 0.0)])
def test_a_probe_that_does_not_go_well(breaker: Breaker, clock: ManualClock, well: bool | None, rest: float) -> None:
    """A failure begins the rest anew; one that was cut off lets the next one probe, and keeps nobody out for ever."""
    for _ in range(3):
        call(breaker, False)
    clock.advance(10)
    assert call(breaker, well)
    assert breaker.rest == rest
    assert call(breaker, True) == (rest == 0)
