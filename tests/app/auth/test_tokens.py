"""Tokens of the settings and of a file, and the file that changes."""

import asyncio
import json
import os
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from app.auth.build import authenticator
from app.auth.tokens import TokenAuth, identities, read
from app.auth.watched import LOOK_SECONDS, WatchedFile
from app.settings.auth import TokenAuthSettings, TokenSettings
from app.settings.load import SettingsError
from interceptors.auth import BadCredential
from interceptors.testing import FakeContext
from tests.credentials import bearing, wrong_headers
from tests.fakes import ManualClock

GOOD = "a-Token.of~Anna+/="


def hashed(token: str) -> str:
    return sha256(token.encode()).hexdigest()


def table(*tokens: tuple[str, str]) -> str:
    return "".join(f'[[tokens]]\nidentity = "{who}"\nsha256 = "{hashed(token)}"\n' for who, token in tokens)


def context(metadata: Any) -> FakeContext:
    made = FakeContext()
    made._metadata = metadata
    return made


ANNA = TokenAuth(identities([TokenSettings(identity="anna", sha256=hashed(GOOD))]), None)


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
async def test_a_token_is_somebodys(scheme: str) -> None:
    """The scheme's case does not count (RFC 9110); the token's does."""
    assert await ANNA.identify(context((("x", "y"), ("authorization", f"{scheme} {GOOD}")))) == "anna"


@pytest.mark.parametrize(("name", "metadata"), [*wrong_headers(GOOD)])
async def test_wrong_tokens(name: str, metadata: Any) -> None:
    """Anything else is nobody's."""
    with pytest.raises(BadCredential):
        await ANNA.identify(context(metadata))


@pytest.mark.parametrize("value", [b"\xff\xfe", "Bearer \u0430", "Bearer a\x00b", "Bearer a\tb", "Bearer \ud800"])
async def test_what_is_no_text(value: Any) -> None:
    """Bytes, letters outside ASCII and control characters are malformed."""
    with pytest.raises(BadCredential, match="malformed"):
        await ANNA.identify(context((("authorization", value),)))


async def test_every_hash_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first token, the last one and a wrong one cost the same: time tells nothing about what is known."""
    compared = 0

    def compare(a: bytes, b: bytes) -> bool:
        nonlocal compared
        compared += 1
        return a == b

    monkeypatch.setattr("hmac.compare_digest", compare)
    many = TokenAuth(identities(TokenSettings(identity=f"{n}", sha256=hashed(f"{n}")) for n in range(50)), None)
    counts = []
    for given in ("0", "49", "x"):
        before = compared
        try:
            assert await many.identify(context(bearing(given))) == given
        except BadCredential:
            assert given == "x"
        counts.append(compared - before)
    assert counts == [50, 50, 50]


def test_no_token_is_kept() -> None:
    """Only hashes are in memory."""
    assert GOOD.encode() not in b"".join(ANNA._known)


class Watch:
    """A file of tokens, a clock, and who is known."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.clock = ManualClock()
        file.write_text(table(("anna", "one")))
        self.known = TokenAuth({}, WatchedFile(file, read, "auth.tokens_file", self.clock))

    def change(self, text: str) -> None:
        """As an editor, or whoever replaces the file."""
        other = self.file.with_suffix(".new")
        other.write_text(text)
        os.replace(other, self.file)
        self.clock.advance(LOOK_SECONDS)

    async def who(self, token: str) -> str:
        try:
            return await self.known.identify(context(bearing(token)))
        except BadCredential:
            return ""


@pytest.fixture
def watch(tmp_path: Path) -> Watch:
    return Watch(tmp_path / "tokens.toml")


async def test_a_file_that_changes(watch: Watch) -> None:
    """A new token is known and a withdrawn one is not, a second later and without a restart; nobody gets the old answer
    while the file is being read.
    """
    assert [await watch.who(token) for token in ("one", "two")] == ["anna", ""]
    watch.change(table(("boris", "two")))
    both = await asyncio.gather(*(watch.who(token) for token in ("one", "two", "one")))
    assert both == ["", "boris", ""]


async def test_within_a_second_the_file_is_not_looked_at(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand calls a second cost no look each."""
    watch.change(table(("boris", "two")))
    watch.clock.advance(-LOOK_SECONDS / 2)
    assert await watch.who("one") == "anna"


@pytest.mark.parametrize("text", ["[[tokens]]\n", "tokens", "", "\x00", table(("anonymous", "x")), "[[token]]"])
async def test_a_broken_file(text: str, watch: Watch, capsys: pytest.CaptureFixture[str]) -> None:
    """It leaves what was known, and is told once, without a value; the next good one is used."""
    watch.change(text)
    for _ in range(3):
        watch.clock.advance(LOOK_SECONDS)
        assert await watch.who("one") == "anna"
    [line] = [json.loads(each) for each in capsys.readouterr().err.splitlines()]
    assert (line["event"], line["level"]) == ("a file of credentials cannot be used", "warning")
    assert line["ctx"]["key"] == "auth.tokens_file"
    assert hashed("x") not in json.dumps(line)
    watch.change(table(("boris", "two")))
    assert await watch.who("two") == "boris"


async def test_a_file_that_is_gone(watch: Watch, capsys: pytest.CaptureFixture[str]) -> None:
    """As a broken one."""
    watch.file.unlink()
    watch.clock.advance(LOOK_SECONDS)
    assert await watch.who("one") == "anna"
    assert "No such file" in capsys.readouterr().err


async def test_an_empty_list_locks_all_out(watch: Watch) -> None:
    """Who writes that nobody has a token means it."""
    watch.change("tokens = []")
    assert await watch.who("one") == ""


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "No such file"),
        ("[[tokens]]\nidentity = 'a'\nsha256 = 'A'", "tokens.0.sha256: must be the SHA-256"),
        ("[[tokens]]\nidentity = 'a'", "tokens.0.sha256: Field required"),
        (table(("a", "x"), ("b", "x")), "tokens: the token of number 1 stands there twice"),
        ("tokens = 3", "tokens: Input should be a valid list"),
        ("x = ", "Invalid value"),
    ],
)
def test_a_file_that_cannot_be_used_at_start(text: str | None, why: str, tmp_path: Path) -> None:
    """The start ends with the key, the name and the place."""
    if text is not None:
        (tmp_path / "t.toml").write_text(text)
    with pytest.raises(SettingsError, match=f"^auth.tokens_file: t.toml cannot be used: {why}"):
        authenticator(TokenAuthSettings(tokens_file="t.toml"), tmp_path)
