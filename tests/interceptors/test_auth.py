"""The link that asks who calls; who knows it is the app's."""

from typing import Any

import pytest
from pytest_mock import MockerFixture
from structlog.contextvars import bound_contextvars, get_contextvars

from interceptors.auth import AuthInterceptor, BadCredential, is_identity
from interceptors.base import identity
from interceptors.errors import Rejected
from interceptors.testing import ENDINGS, METHOD, FakeContext, end_as, ending


async def anna(_context: Any) -> str:
    return "anna"


async def nobody(_context: Any) -> str:
    raise BadCredential("expired")


async def test_the_links_further_in_know_who_it_is() -> None:
    """The context has the identity, and all that it had."""
    context = FakeContext()

    async def handler(_request: Any, inner: Any) -> str:
        await inner.write("a message")
        return identity(inner)

    assert await AuthInterceptor(anna).intercept(handler, "x", context, METHOD) == "anna"
    assert context.sent == ["a message"]


async def test_nobody_passes(mocker: MockerFixture) -> None:
    """The handler is not called; only the log knows why."""
    handler = mocker.AsyncMock()
    with bound_contextvars():
        with pytest.raises(Rejected) as refused:
            await AuthInterceptor(nobody).intercept(handler, "x", FakeContext(), METHOD)
        assert get_contextvars()["credential"] == "expired"
    assert (refused.value.reason, refused.value.text, refused.value.metadata) == ("UNAUTHENTICATED", "", {})
    assert refused.value.__suppress_context__
    handler.assert_not_called()


@pytest.mark.parametrize("name", ["", "anonymous", "a" * 256, "an\nna", "\x7f", "a\u2028b"])
async def test_names_that_nobody_may_have(name: str, mocker: MockerFixture) -> None:
    """Above all not the one of those of whom nothing is known: their streams are told apart by their device only."""
    handler = mocker.AsyncMock()
    authenticate = mocker.AsyncMock(return_value=name)
    with bound_contextvars(), pytest.raises(Rejected, match="UNAUTHENTICATED"):
        await AuthInterceptor(authenticate).intercept(handler, "x", FakeContext(), METHOD)
    handler.assert_not_called()
    assert not is_identity(name)


@pytest.mark.parametrize(
    ("method", "passes"),
    [
        ("/streaming.StreamingService/StreamAudio", True),
        ("/streaming.StreamingService/AddedLater", True),
        ("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", True),
        ("/grpc.health.v1.Health/Check", False),
        ("/grpc.health.v1.Health/Watch", False),
    ],
)
def test_only_the_health_is_free(method: str, passes: bool) -> None:
    """A method that nobody thought of needs a credential."""
    assert AuthInterceptor(anna)._passes(method) is passes


@pytest.mark.parametrize("how", ENDINGS)
async def test_every_ending_passes(how: str) -> None:
    """However the call ends, it ends so outside."""

    async def handler(_request: Any, _context: Any) -> None:
        await end_as(how)

    await ending(how, lambda: AuthInterceptor(anna).intercept(handler, "x", FakeContext(), METHOD))
