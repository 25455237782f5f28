"""Knows who calls: asks for a credential in front of everything that is done for a call."""

from collections.abc import Awaitable, Callable
from typing import Any

import structlog

from interceptors.base import ANONYMOUS, Call, StreamInterceptor, WrappedContext
from interceptors.errors import Rejected

HEALTH = "/grpc.health."
"""How the methods begin that answer anybody: a load balancer has no credential."""

MOST_CHARS = 255
"""The longest identity, as OpenID Connect has it of a subject."""


class BadCredential(Exception):
    """The credential is missing or wrong. ``why`` is a fixed phrase for the log; nothing of the credential is in it."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


Authenticate = Callable[[Any], Awaitable[str]]
"""``await authenticate(context)`` returns the caller's identity or raises BadCredential. All that it reads of the
context it reads before its first await: grpc's own context must not be asked once the call is over.
"""


class AuthInterceptor(StreamInterceptor):
    """Let nobody pass whom *authenticate* does not know, and tell the links further in who it is.

    Every method passes this link, also one that is added later and gRPC's reflection, but for the health service.
    """

    def __init__(self, authenticate: Authenticate) -> None:
        super().__init__()
        self._authenticate = authenticate

    async def intercept(self, method: Call, request: Any, context: Any, method_name: str) -> Any:
        """Raise Rejected (UNAUTHENTICATED), the same for every fault. Only the log line of the refusal tells why."""
        try:
            who = _usable(await self._authenticate(context))
        except BadCredential as error:
            structlog.contextvars.bind_contextvars(credential=error.why)
            raise Rejected("UNAUTHENTICATED") from None
        return await method(request, IdentifiedContext(context, who))

    def _passes(self, name: str) -> bool:
        return not name.startswith(HEALTH)


class IdentifiedContext(WrappedContext):
    """Has the ``identity`` of the caller."""

    def __init__(self, context: Any, identity: str) -> None:
        super().__init__(context)
        self.identity = identity


def _usable(who: str) -> str:
    if not is_identity(who):
        raise BadCredential("unusable identity")
    return who


def is_identity(name: str) -> bool:
    """Tell whether somebody may have *name*. Nobody may be called as those are of whom nothing is known."""
    return 0 < len(name) <= MOST_CHARS and name.isprintable() and name != ANONYMOUS
