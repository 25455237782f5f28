"""Knows callers by JSON Web Tokens (RFC 7519) that an issuer has signed for this server. joserfc does the checking."""

import time
from collections.abc import Callable
from typing import Any

from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, ExpiredTokenError, InvalidClaimError, MissingClaimError
from joserfc.jwk import Key

from app.auth.bearer import bearer
from app.auth.keys import Keys
from app.settings.auth import JwtAuthSettings
from interceptors.auth import BadCredential

CHECKED = frozenset({"exp", "nbf", "iat", "iss", "aud"})
"""The claims whose names may be in a log; any other name comes from the token."""


class JwtAuth:
    """Asks for a token of the issuer for this audience, signed by one of *keys* with an algorithm of the settings."""

    def __init__(self, table: JwtAuthSettings, keys: Keys, clock: Callable[[], float] = time.time) -> None:
        self._keys = keys
        self._claim = table.identity_claim
        self._registry = jws.JWSRegistry(algorithms=table.algorithms, strict_check_header=False)
        self._algorithms = table.algorithms
        self._claims = jwt.JWTClaimsRegistry(
            now=lambda: int(clock()),
            leeway=round(table.leeway_seconds),
            exp={"essential": True},
            iss={"essential": True, "value": table.issuer},
            aud={"essential": True, "value": table.audience},
        )

    @property
    def trouble(self) -> str:
        """Why there are no keys; "" where there are."""
        return self._keys.trouble

    async def start(self) -> None:
        """Get the keys."""
        await self._keys.start()

    async def aclose(self) -> None:
        """Close what the keys need."""
        await self._keys.aclose()

    async def identify(self, context: Any) -> str:
        """Return the claim that names the caller, of a token that is good. Raise BadCredential."""
        token = bearer(context)
        algorithm, kid = self._header(token)
        key = await self._keys.find(kid, algorithm)
        if key is None:
            raise BadCredential("unknown key")
        who = self._judge(token, key).get(self._claim)
        if not isinstance(who, str):
            raise BadCredential("no identity")
        return who

    def _header(self, token: str) -> tuple[str, str | None]:
        """Return algorithm and key id. The algorithm decides nothing but which of the allowed ones is used."""
        try:
            header = jws.extract_compact(token.encode()).headers()
        except Exception:  # noqa: BLE001  (foreign code meets what a stranger made)
            raise BadCredential("malformed") from None
        algorithm, kid = header.get("alg"), header.get("kid")
        if algorithm not in self._algorithms:
            raise BadCredential("algorithm")
        if kid is not None and not isinstance(kid, str):
            raise BadCredential("malformed")
        return algorithm, kid

    def _judge(self, token: str, key: Key) -> dict[str, Any]:
        """Return the claims. No error of the library's passes: its text, and its traceback's, may hold the token."""
        try:
            claims = jwt.decode(token, key, self._algorithms, self._registry).claims
            self._claims.validate(claims)
        except BadSignatureError:
            raise BadCredential("signature") from None
        except ExpiredTokenError:
            raise BadCredential("expired") from None
        except (InvalidClaimError, MissingClaimError) as error:
            name = getattr(error, "claim", None)
            raise BadCredential(f"claim {name}" if name in CHECKED else "claim") from None
        except Exception:  # noqa: BLE001  (foreign code meets what a stranger made)
            raise BadCredential("malformed") from None
        return claims
