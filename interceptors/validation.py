"""Refuses what can't be answered, before anything is held for it."""

from collections.abc import Callable, Mapping
from typing import Any

from interceptors.base import Call, StreamInterceptor
from interceptors.errors import Rejected

Validate = Callable[[Any], None]
"""Raises Rejected for a request that breaks a rule."""


class ValidationInterceptor(StreamInterceptor):
    """Asks the method's own rules; a request that could not even be decoded breaks them all."""

    def __init__(self, rules: Mapping[str, Validate]) -> None:
        super().__init__(rules.keys())
        self._rules = dict(rules)

    async def intercept(self, method: Call, request: Any, context: Any, method_name: str) -> Any:
        """Raise Rejected (INVALID_REQUEST, UNSUPPORTED_PHASE) for a bad request."""
        if request is None:
            raise Rejected("INVALID_REQUEST", "the request could not be decoded")
        self._rules[method_name](request)
        return await method(request, context)
