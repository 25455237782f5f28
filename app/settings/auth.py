"""The tables of ``[auth]``: one class for each kind."""

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, model_validator

from app.settings.types import NotNegative, Strict, Text, is_loopback
from interceptors.auth import MOST_CHARS, is_identity

SHA256 = re.compile("[0-9a-f]{64}")

Algorithm = Literal["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
"""Only such with a public key: a server that can check a token cannot make one."""


def identity(name: str) -> str:
    """Refuse a name that no caller may have."""
    if not is_identity(name):
        raise ValueError(f'must be 1 to {MOST_CHARS} printable characters, and not "anonymous"')
    return name


def hashed(text: str) -> str:
    """Accept the SHA-256 of a token."""
    if not SHA256.fullmatch(text):
        raise ValueError("must be the SHA-256 of the token: 64 digits from 0 to f, in lower case")
    return text


class NoAuthSettings(Strict):
    """Nobody is asked who calls."""

    kind: Literal["none"] = "none"


class TokenSettings(Strict):
    """One token: whose it is, and its hash. Somebody may have several."""

    identity: Annotated[str, AfterValidator(identity)]
    sha256: Annotated[str, AfterValidator(hashed)]


def each_once(tokens: list[TokenSettings]) -> list[TokenSettings]:
    """Refuse a token that stands there twice: it would be the last one's."""
    seen: set[str] = set()
    for number, token in enumerate(tokens):
        if token.sha256 in seen:
            raise ValueError(f"the token of number {number} stands there twice")
        seen.add(token.sha256)
    return tokens


Tokens = Annotated[list[TokenSettings], AfterValidator(each_once)]


class TokenFile(Strict):
    """A ``tokens_file``."""

    tokens: Tokens


class TokenAuthSettings(Strict):
    """Tokens of our own. ``tokens_file`` is relative to the settings file; empty = none."""

    kind: Literal["token"] = "token"
    tokens: Tokens = []
    tokens_file: str = ""

    @model_validator(mode="after")
    def _any(self) -> "TokenAuthSettings":
        if not self.tokens and not self.tokens_file:
            raise ValueError("tokens: must not be empty without a tokens_file: nobody could call")
        return self


class JwtAuthSettings(Strict):
    """Tokens of an issuer. ``identity_claim``: the claim that names the caller."""

    kind: Literal["jwt"] = "jwt"
    issuer: Text
    audience: Text
    algorithms: Annotated[list[Algorithm], Field(min_length=1)] = ["RS256", "ES256"]
    jwks_file: str = ""
    jwks_url: str = ""
    identity_claim: Text = "sub"
    leeway_seconds: NotNegative = 30.0

    @model_validator(mode="after")
    def _one_source(self) -> "JwtAuthSettings":
        if bool(self.jwks_file) == bool(self.jwks_url):
            raise ValueError("jwks_file: either this or jwks_url must be set")
        if self.jwks_url and not _is_safe(self.jwks_url):
            raise ValueError("jwks_url: must be an https URL, or an http one of this machine")
        return self


def _is_safe(url: str) -> bool:
    try:
        parts = urlsplit(url)
        host: Any = parts.hostname
    except ValueError:
        return False
    return bool(host) and (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host)))


AuthSettings = NoAuthSettings | TokenAuthSettings | JwtAuthSettings
