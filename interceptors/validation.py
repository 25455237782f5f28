"""Refuses requests that break a rule, before anything is held for them."""

from collections.abc import Callable, Mapping
from typing import Any

from interceptors.base import Call, StreamInterceptor
from interceptors.errors import Rejected

Validate = Callable[[Any, Any], None]
"""``validate(request, context)`` raises Rejected for a request that breaks a rule."""


class ValidationInterceptor(StreamInterceptor):
    """Ask the rules of the method. A request that could not be decoded breaks them all."""

    def __init__(self, rules: Mapping[str, Validate]) -> None:
        super().__init__(rules.keys())
        self._rules = dict(rules)

    async def intercept(self, method: Call, request: Any, context: Any, method_name: str) -> Any:
        """Raise Rejected (INVALID_REQUEST) for a bad request."""
        if request is None:
            raise Rejected("INVALID_REQUEST", "the request could not be decoded")
        self._rules[method_name](request, context)
        return await method(request, context)
