"""An issuer of JSON Web Tokens, and every wrong credential that somebody may try."""

import base64
import hmac
import json
import time
from collections.abc import Iterator
from functools import cache
from typing import Any

from joserfc import jws
from joserfc.jwk import ECKey, OKPKey, RSAKey

ISSUER, AUDIENCE = "https://issuer.example", "stentor"

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA")

Metadata = tuple[tuple[str, str | bytes], ...]


@cache
def rsa(kid: str = "rsa", **more: str) -> RSAKey:
    return RSAKey.generate_key(2048, {"kid": kid, **more})


@cache
def ec(kid: str = "ec", curve: str = "P-256") -> ECKey:
    return ECKey.generate_key(curve, {"kid": kid})


@cache
def okp(kid: str = "okp") -> OKPKey:
    return OKPKey.generate_key("Ed25519", {"kid": kid})


def key_set(*keys: Any) -> bytes:
    """What an issuer publishes."""
    return json.dumps({"keys": [key.as_dict(private=False) for key in keys]}).encode()


def claims(**other: Any) -> dict[str, Any]:
    """Good claims, but for the *other* ones; None leaves one out."""
    now = int(time.time())
    every = {"iss": ISSUER, "aud": AUDIENCE, "sub": "anna", "iat": now, "exp": now + 600, **other}
    return {name: value for name, value in every.items() if value is not None}


def signed(payload: bytes | str | None = None, key: Any = None, alg: str = "RS256", **header: Any) -> str:
    """A token with any payload and any header."""
    key = key or rsa()
    named = {"alg": alg, "kid": key.kid, "typ": "JWT", **header}
    registry = jws.JWSRegistry(algorithms=[alg], strict_check_header=False)
    content = json.dumps(claims()) if payload is None else payload
    kept = {name: value for name, value in named.items() if value is not None}
    return jws.serialize_compact(kept, content, key, registry=registry)


def token(key: Any = None, alg: str = "RS256", **other: Any) -> str:
    """A token with good claims, but for the *other* ones."""
    return signed(json.dumps(claims(**other)), key, alg)


def bearing(text: str | bytes) -> Metadata:
    return (("authorization", b"Bearer " + text if isinstance(text, bytes) else f"Bearer {text}"),)


def part(value: Any) -> str:
    """A part of a token."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def wrong_headers(good: str) -> Iterator[tuple[str, Metadata]]:
    """What is no bearer token, whatever kind of token is good."""
    yield "none", ()
    yield "empty", (("authorization", ""),)
    yield "scheme only", (("authorization", "Bearer"),)
    yield "no token", (("authorization", "Bearer "),)
    yield "another scheme", (("authorization", f"Basic {good}"),)
    yield "no scheme", (("authorization", good),)
    yield "a colon", (("authorization", f"Bearer: {good}"),)
    yield "two spaces", (("authorization", f"Bearer  {good}"),)
    yield "two tokens", (("authorization", f"Bearer {good} {good}"),)
    yield "a comma", (("authorization", f"Bearer {good}, Bearer {good}"),)
    yield "two headers", bearing(good) * 2
    yield "a wrong header behind", (*bearing(good), *bearing("x"))
    yield "a wrong header before", (*bearing("x"), *bearing(good))
    yield "another header", (("x-authorization", f"Bearer {good}"),)
    yield "binary", (("authorization-bin", f"Bearer {good}".encode()),)
    yield "10 KB", bearing("a" * 10_000)
    yield "a beginning", bearing(good[:-1])
    yield "more behind", bearing(good + "A")
    yield "another case", bearing(good.swapcase())


def wrong_tokens() -> Iterator[tuple[str, str]]:
    """Tokens that are not good for ``rsa()``, ``rsa("second")`` and ``ec()`` and the algorithms RS256 and ES256."""
    now = int(time.time())
    yield from ((f"claim {name}", token(**other)) for name, other in wrong_claims(now))
    good = token()
    head, body, signature = good.split(".")
    stranger = RSAKey.generate_key(2048, {"kid": "rsa"})
    yield "signed by another key", token(stranger)
    yield "unknown kid", token(rsa("other"))
    yield "no kid", signed(kid=None)
    yield "kid that is a path", signed(kid="../../dev/null")
    yield "the other key's kid", signed(kid="ec")
    yield "key in the header", signed(key=stranger, jwk=stranger.as_dict(private=False))
    yield "key at an address", signed(key=stranger, jku="https://evil.example/keys")
    yield "critical header", f"{part({'alg': 'RS256', 'kid': 'rsa', 'crit': ['x'], 'x': 1})}.{body}.{signature}"
    raw = {"alg": "RS256", "kid": "rsa", "b64": False, "crit": ["b64"]}
    yield "payload as it is", f"{part(raw)}.{body}.{signature}"
    for name in ("none", "None", "nOnE", "rs256", "", "HS256"):
        yield f"alg {name} without a signature", f"{part({'alg': name, 'kid': 'rsa'})}.{body}."
        yield f"alg {name} with one", f"{part({'alg': name, 'kid': 'rsa'})}.{body}.{signature}"
    yield "no alg", f"{part({'kid': 'rsa'})}.{body}.{signature}"
    yield "alg that is a list", f"{part({'alg': ['RS256'], 'kid': 'rsa'})}.{body}.{signature}"
    yield "kid that is a number", f"{part({'alg': 'RS256', 'kid': 1})}.{body}.{signature}"
    shared = f"{part({'alg': 'HS256', 'kid': 'rsa'})}.{body}"
    for name, secret in (("public key", rsa().as_pem(private=False)), ("modulus", rsa().as_dict()["n"]), ("void", "")):
        key = secret if isinstance(secret, bytes) else str(secret).encode()
        yield f"HS256 with the {name}", f"{shared}.{part(hmac.digest(key, shared.encode(), 'sha256'))}"
    yield "an algorithm that is not allowed", token(alg="RS512")
    yield "padding that is not allowed", token(alg="PS256")
    yield "no signature", f"{head}.{body}."
    yield "two parts", f"{head}.{body}"
    yield "one part", head
    yield "five parts", f"{head}.{body}.{signature}.{body}.{signature}"
    yield "another's signature", f"{head}.{part(claims(sub='boris'))}.{signature}"
    yield "half a signature", f"{head}.{body}.{signature[: len(signature) // 2]}"
    yield "zeros for a signature", f"{part({'alg': 'ES256', 'kid': 'ec'})}.{body}.{part(bytes(64))}"
    yield "dots", ".."
    yield "no base64", "!!!.???.###"
    yield "a header that is no JSON", f"{part(b'{')}.{body}.{signature}"
    yield "a header that is a list", f"{part([1])}.{body}.{signature}"
    yield "a deep header", f"{part(b'[' * 4000)}.{body}.{signature}"
    yield "a payload that is no JSON", signed("{")
    yield "a payload that is a list", signed("[]")
    yield "a deep payload", signed('{"a":' * 1000)


def wrong_claims(now: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each alone makes a good token a wrong one."""
    past, later = now - 60, now + 600
    yield from (("exp past", {"exp": past}), ("exp missing", {"exp": None}), ("exp in text", {"exp": f"{later}"}))
    yield from (("exp true", {"exp": True}), ("exp nan", {"exp": float("nan")}), ("exp endless", {"exp": float("inf")}))
    yield from (("exp listed", {"exp": [later]}), ("nbf later", {"nbf": later}), ("nbf in text", {"nbf": f"{past}"}))
    yield from (("nbf true", {"nbf": True}), ("iat later", {"iat": later}))
    audiences = {"of another": "other", "shorter": "stento", "longer": "stentor2", "missing": None, "empty": ""}
    others: dict[str, Any] = {"none": [], "others": ["other", "x"], "a number": 7, "a table": {"stentor": 1}}
    for name, audience in {**audiences, **others}.items():
        yield f"aud {name}", {"aud": audience}
    issuers = {"of another": "https://other.example", "with a slash": ISSUER + "/", "in capitals": ISSUER.upper()}
    for name, issuer in {**issuers, "missing": None, "empty": "", "a number": 7, "listed": [ISSUER]}.items():
        yield f"iss {name}", {"iss": issuer}
    names = {"empty": "", "anonymous": "anonymous", "with a line break": "an\nna", "too long": "a" * 256}
    for name, subject in {**names, "missing": None, "a number": 7, "listed": ["anna"]}.items():
        yield f"sub {name}", {"sub": subject}
