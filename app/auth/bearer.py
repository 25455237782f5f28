"""Reads the credential of a call: ``authorization: Bearer …`` of its metadata."""

from typing import Any

from interceptors.auth import BadCredential

HEADER, SCHEME = "authorization", "bearer"


def bearer(context: Any) -> str:
    """Return the token that the client sent: ASCII, not empty, no white space in it. Raise BadCredential.

    Two headers are refused, also where one of them is right: somebody in between may have taken the other for granted.
    """
    values = [value for name, value in context.invocation_metadata() or () if name == HEADER]
    if not values:
        raise BadCredential("missing")
    if len(values) > 1:
        raise BadCredential("more than one")
    [value] = values
    if not isinstance(value, str):  # grpc gives bytes that are no text as they are
        raise BadCredential("malformed")
    scheme, _, token = value.partition(" ")
    if scheme.lower() != SCHEME or not token.isascii() or not token.isprintable() or token.split() != [token]:
        raise BadCredential("malformed")
    return token
