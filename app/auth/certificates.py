"""Knows callers by the certificates that their connections have, which the transport has checked."""

from typing import Any

from interceptors.auth import BadCredential

NAMES = ("peer_uri", "x509_common_name")
"""What names the owner of a certificate, in gRPC's words: a URI of its subject's other names, else the common name."""


class CertificateAuth:
    """Asks for a client certificate with a name in it."""

    trouble = ""

    async def start(self) -> None:
        """There is nothing to prepare."""

    async def aclose(self) -> None:
        """Nothing is open."""

    async def identify(self, context: Any) -> str:
        """Return the name in the certificate. Raise BadCredential where there is none, or more than one URI."""
        peer = context.auth_context()
        for name in NAMES:
            values = list(peer.get(name) or ())
            if len(values) > 1:
                raise BadCredential("more than one")
            if values:
                return _text(values[0])
        raise BadCredential("missing")


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        raise BadCredential("malformed") from None
