"""The link that refuses bad requests; the rules themselves are the app's."""

from typing import Any

import pytest

from interceptors.errors import Rejected
from interceptors.testing import ENDINGS, METHOD, FakeContext, end_as, ending
from interceptors.validation import ValidationInterceptor

OTHER = "/test.Service/Other"


def no_blanks(request: Any, _context: Any) -> None:
    if not request:
        raise Rejected("INVALID_REQUEST", "blank")


def anything(_request: Any, _context: Any) -> None:
    """Everything is good."""


LINK = ValidationInterceptor({METHOD: no_blanks, OTHER: anything})


async def never(_request: Any, _context: Any) -> None:
    pytest.fail("the handler was called")


def test_passes_the_methods_that_have_rules() -> None:
    """The link stands before exactly those methods that have rules."""
    assert LINK.methods == {METHOD, OTHER}


@pytest.mark.parametrize("method", [METHOD, OTHER])
async def test_a_request_that_was_not_decoded(method: str) -> None:
    """A request that could not be decoded is INVALID_REQUEST for every method; the handler is not called."""
    with pytest.raises(Rejected) as refused:
        await LINK.intercept(never, None, FakeContext(), method)
    assert refused.value.reason == "INVALID_REQUEST"


async def test_a_bad_request() -> None:
    """A request that breaks its method's rules is refused before the handler is called; another method's rules don't
    count.
    """
    with pytest.raises(Rejected, match="blank"):
        await LINK.intercept(never, "", FakeContext(), METHOD)

    async def handler(_request: Any, _context: Any) -> str:
        return "well"

    assert await LINK.intercept(handler, "", FakeContext(), OTHER) == "well"


@pytest.mark.parametrize("how", ENDINGS)
async def test_every_ending_passes(how: str) -> None:
    """However the call of a good request ends, it ends so outside."""

    async def handler(_request: Any, _context: Any) -> None:
        await end_as(how)

    await ending(how, lambda: LINK.intercept(handler, "x", FakeContext(), METHOD))
