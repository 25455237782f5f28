"""JSON Web Tokens: what is good, what is not, and where the keys come from."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from app.auth import keys
from app.auth.build import authenticator
from app.auth.jwt import CHECKED, JwtAuth
from app.settings.auth import JwtAuthSettings
from app.settings.load import SettingsError
from interceptors.auth import BadCredential
from tests.app.auth.test_tokens import context
from tests.credentials import (
    ALGORITHMS,
    AUDIENCE,
    ISSUER,
    bearing,
    claims,
    ec,
    key_set,
    okp,
    rsa,
    signed,
    token,
    wrong_tokens,
)
from tests.fakes import ManualClock

WHY = {"expired", "signature", "algorithm", "unknown key", "malformed", "no identity"} | {
    f"claim {name}".strip() for name in ("", *CHECKED)
}


def known(folder: Path, *some: Any, **more: Any) -> JwtAuth:
    """What knows the tokens of these keys."""
    (folder / "keys.json").write_bytes(key_set(*(some or (rsa(), rsa("second"), ec()))))
    return known_here(folder, **more)


def known_here(folder: Path, **more: Any) -> JwtAuth:
    """What knows the tokens of the keys in the folder."""
    table = JwtAuthSettings(issuer=ISSUER, audience=AUDIENCE, jwks_file="keys.json", **more)
    made = authenticator(table, folder)
    assert isinstance(made, JwtAuth)
    return made


async def who(auth: JwtAuth, text: str) -> str:
    return await auth.identify(context(bearing(text)))


async def why(auth: JwtAuth, text: str) -> str:
    with pytest.raises(BadCredential) as refused:
        await who(auth, text)
    return refused.value.why


@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")  # the old name of Ed25519
@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_good_token(algorithm: str, tmp_path: Path) -> None:
    """Every algorithm of the settings works."""
    curve = {"ES256": "P-256", "ES384": "P-384", "ES512": "P-521"}.get(algorithm)
    key = ec(curve, curve) if curve else okp() if algorithm.startswith("Ed") else rsa()
    assert await who(known(tmp_path, key, algorithms=[algorithm]), token(key, algorithm)) == "anna"


@pytest.mark.parametrize(
    ("claim", "value"), [("aud", ["other", AUDIENCE]), ("exp", -60), ("nbf", 60), ("iat", 60), ("jti", "x"), ("x", 1)]
)
async def test_what_is_good_too(claim: str, value: Any, tmp_path: Path) -> None:
    """One of several audiences, clocks that differ by less than the leeway, and claims of which nobody asks."""
    if claim in ("exp", "nbf", "iat"):
        value += claims()["iat"]
    assert await who(known(tmp_path, leeway_seconds=3600.0), token(**{claim: value})) == "anna"


async def test_headers_that_nobody_knows(tmp_path: Path) -> None:
    """They are ignored (RFC 7515), unless they are critical."""
    assert await who(known(tmp_path), signed(x5t="abc", nonce="x")) == "anna"


async def test_another_claim_names_the_caller(tmp_path: Path) -> None:
    """``identity_claim`` says which; it must be text."""
    auth = known(tmp_path, identity_claim="email")
    assert await who(auth, token(email="anna@example.com")) == "anna@example.com"
    assert await why(auth, token(email=["anna@example.com"])) == "no identity"
    assert await why(auth, token()) == "no identity"


async def test_wrong_tokens(tmp_path: Path) -> None:
    """Not one of them passes, and each is refused in words of ours."""
    auth, reasons = known(tmp_path), {}
    for name, text in wrong_tokens():
        try:
            reasons[name] = f"it is {await who(auth, text)!r}"
        except BadCredential as error:
            reasons[name] = error.why
    passed = {name for name, reason in reasons.items() if reason not in WHY}
    # The link refuses these names: see tests/interceptors/test_auth.py.
    assert passed == {f"claim sub {name}" for name in ("empty", "anonymous", "with a line break", "too long")}
    assert len(reasons) >= 60


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("claim exp past", "expired"),
        ("claim exp missing", "claim exp"),
        ("claim sub a number", "claim"),
        ("claim aud of another", "claim aud"),
        ("claim iss a number", "claim iss"),
        ("claim iat later", "claim iat"),
        ("signed by another key", "signature"),
        ("unknown kid", "unknown key"),
        ("alg none without a signature", "algorithm"),
        ("HS256 with the public key", "algorithm"),
        ("dots", "malformed"),
    ],
)
async def test_the_log_says_why(name: str, reason: str, tmp_path: Path) -> None:
    """An operator sees which rule a token broke."""
    assert await why(known(tmp_path), dict(wrong_tokens())[name]) == reason


async def test_a_key_for_another_use(tmp_path: Path) -> None:
    """A key that is there for encryption, or for another algorithm, signs nobody in."""
    for more in ({"use": "enc"}, {"alg": "RS512"}):
        (tmp_path / "keys.json").write_text(
            json.dumps({"keys": [{**rsa().as_dict(private=False), **more}, ec().as_dict(private=False)]})
        )
        assert await why(known_here(tmp_path), token()) == "unknown key"
    assert await who(known(tmp_path), token()) == "anna"


async def test_a_secret_key_in_the_set(tmp_path: Path) -> None:
    """A symmetric one is left out, and a set of nothing else is none."""
    secret = {"kty": "oct", "k": "c2VjcmV0", "kid": "s"}
    assert len(keys.read(json.dumps({"keys": [secret, rsa().as_dict(private=False)]}).encode())) == 1
    for members in ([secret], [], [7], [{"kty": "RSA"}], 7, None):
        with pytest.raises(ValueError, match="no JSON Web Key Set"):
            keys.read(json.dumps({"keys": members}).encode())


async def test_a_token_without_a_kid(tmp_path: Path) -> None:
    """It is good where there is one key only that may have signed it."""
    assert await who(known(tmp_path, rsa()), signed(kid=None)) == "anna"
    assert await why(known(tmp_path, rsa(), rsa("other")), signed(kid=None)) == "unknown key"


def test_a_key_file_that_cannot_be_used(tmp_path: Path) -> None:
    """The start ends with the key and the name."""
    table = JwtAuthSettings(issuer=ISSUER, audience=AUDIENCE, jwks_file="k.json")
    for text in (None, "{", "{}"):
        if text is not None:
            (tmp_path / "k.json").write_text(text)
        with pytest.raises(SettingsError, match=r"^auth.jwks_file: k.json cannot be used: ."):
            authenticator(table, tmp_path)


def test_a_url_that_cannot_be_used(tmp_path: Path) -> None:
    """The start ends with the key."""
    table = JwtAuthSettings(issuer=ISSUER, audience=AUDIENCE, jwks_url="https://example.com:0/keys")
    with pytest.raises(SettingsError, match=r"^auth.jwks_url: its port must be"):
        authenticator(table, tmp_path)


def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The start ends with what is to be installed."""
    monkeypatch.setitem(sys.modules, "app.auth.jwt", None)
    table = JwtAuthSettings(issuer=ISSUER, audience=AUDIENCE, jwks_file="keys.json")
    with pytest.raises(SettingsError, match=r"pip install 'stentor\[jwt\]'"):
        authenticator(table, tmp_path)


class Issuer:
    """Publishes its keys; ``asked`` counts how often."""

    def __init__(self) -> None:
        self.keys = key_set(rsa())
        self.status = 200
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.url = ""

    async def answer(self, request: web.Request) -> web.Response:
        assert request.query_string == "tenant=a/b"
        self.asked += 1
        await self.may_answer.wait()
        return web.Response(body=self.keys, status=self.status)


@asynccontextmanager
async def publishing() -> AsyncIterator[Issuer]:
    issuer, site = Issuer(), web.Application()
    site.router.add_get("/well/known.json", issuer.answer)
    runner = web.AppRunner(site)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    issuer.url = f"http://127.0.0.1:{runner.addresses[0][1]}/well/known.json?tenant=a/b"
    try:
        yield issuer
    finally:
        issuer.may_answer.set()
        await runner.cleanup()


class Asking:
    """An issuer, a clock, and what asks for the keys."""

    def __init__(self, issuer: Issuer) -> None:
        self.issuer = issuer
        self.clock = ManualClock()
        self.keys = keys.UrlKeys(issuer.url, self.clock)

    async def has(self, kid: str) -> bool:
        return await self.keys.find(kid, "RS256") is not None


@pytest.fixture
async def asking() -> AsyncIterator[Asking]:
    async with publishing() as issuer:
        made = Asking(issuer)
        async with aclosing(made.keys):
            await made.keys.start()
            yield made


async def test_the_keys_are_kept(asking: Asking) -> None:
    """The issuer is asked once at start, not for each call."""
    assert all([await asking.has("rsa") for _ in range(20)])
    assert asking.issuer.asked == 1


async def test_an_unknown_key_is_asked_for(asking: Asking) -> None:
    """At most every ten seconds, and once for all who wait; a key that is new by then is found."""
    assert not any([await asking.has(f"{n}") for n in range(20)])
    assert asking.issuer.asked == 1
    asking.issuer.keys = key_set(rsa(), rsa("new"))
    asking.clock.advance(keys.REASK_SECONDS)
    assert await asyncio.gather(*(asking.has(kid) for kid in ("new", "x", "new"))) == [True, False, True]
    assert asking.issuer.asked == 2
    asking.clock.advance(keys.REASK_SECONDS)
    assert not any([await asking.has(f"{n}") for n in range(20)])
    assert asking.issuer.asked == 3


async def test_a_known_key_waits_for_nobody(asking: Asking) -> None:
    """While the issuer is silent, known callers pass at once, also when the keys are old."""
    asking.issuer.may_answer.clear()
    asking.clock.advance(keys.KEEP_SECONDS)
    assert await asking.has("rsa")
    unknown = asyncio.create_task(asking.has("new"))
    assert await asking.has("rsa")
    assert not unknown.done()
    asking.issuer.may_answer.set()
    assert not await unknown


@pytest.mark.parametrize(("status", "body"), [(500, b""), (200, b"<html>"), (200, b'{"keys": []}'), (301, b"")])
async def test_an_outage(status: int, body: bytes, asking: Asking, capsys: pytest.CaptureFixture[str]) -> None:
    """The keys that were had last stay good, and the log says so, without a word of the answer."""
    asking.issuer.status, asking.issuer.keys = status, body
    asking.clock.advance(10 * keys.KEEP_SECONDS)
    assert not await asking.has("new")
    assert await asking.has("rsa")
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["decision"]) == ("the issuer's keys cannot be had", "keep the old")
    assert "html" not in json.dumps(line)


async def test_a_withdrawn_key(asking: Asking) -> None:
    """It is gone some minutes after the issuer has withdrawn it."""
    asking.issuer.keys = key_set(rsa("new"))
    asking.clock.advance(keys.KEEP_SECONDS)
    assert await asking.has("rsa")  # known, so it waits for nobody
    assert await asking.has("new")
    assert not await asking.has("rsa")


async def test_an_issuer_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    """The server starts all the same, and finds the keys when they can be had."""
    async with publishing() as issuer:
        asking = Asking(issuer)
        issuer.status = 503
        async with aclosing(asking.keys):
            await asking.keys.start()
            assert not await asking.has("rsa")
            issuer.status = 200
            asking.clock.advance(keys.REASK_SECONDS)
            assert await asking.has("rsa")
    assert "the answer has the status 503" in capsys.readouterr().err


async def test_a_caller_that_leaves(asking: Asking) -> None:
    """It does not end the question for those who wait as well."""
    asking.issuer.may_answer.clear()
    asking.issuer.keys = key_set(rsa("new"))
    asking.clock.advance(keys.REASK_SECONDS)
    leaves, stays = asyncio.create_task(asking.has("new")), asyncio.create_task(asking.has("new"))
    await asyncio.sleep(0)
    leaves.cancel()
    asking.issuer.may_answer.set()
    assert await stays
    assert asking.issuer.asked == 2
