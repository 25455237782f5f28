"""Gets the keys with which an issuer signs: from a file or a URL, as a JSON Web Key Set (RFC 7517)."""

import asyncio
import json
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from typing import Any, Protocol
from urllib.parse import urlsplit

import structlog
from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, Key

from app.auth.watched import WatchedFile
from pipeline.http import HttpClient, HttpFailed

REASK_SECONDS = 10.0
"""An issuer is asked this often at most, however many tokens name keys that nobody knows."""

KEEP_SECONDS = 300.0
"""Keys that are older are asked for anew, beside the calls; a key that the issuer has withdrawn ends by then."""

FETCH_SECONDS = 5.0
"""An issuer that takes longer has failed."""

MOST_BYTES = 1024 * 1024

KEY_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
"""The type of key for each algorithm, by the beginning of its name."""

log = structlog.get_logger(scope="auth")


class Keys(Protocol):
    """Gives public keys."""

    @property
    def trouble(self) -> str:
        """Why there are none; "" where there are."""
        ...

    async def start(self) -> None:
        """Get ready; a server that listens has its keys, where they can be had."""

    async def find(self, kid: str | None, algorithm: str) -> Key | None:
        """Return the key of that id for an algorithm, None if there is none. Without an id: the only one there is."""

    async def aclose(self) -> None:
        """Close what is open."""


def read(data: bytes) -> tuple[Key, ...]:
    """Read the public keys for signatures of a key set; keys of unknown kinds are left out, and so are secret ones.

    ValueError for what is no key set, and for one without such a key. Nothing of the set is in its text.
    """
    document = json.loads(data)
    members = document.get("keys") if isinstance(document, dict) else None
    keys = tuple(_usable(members if isinstance(members, list) else ()))
    if not keys:
        raise ValueError("it is no JSON Web Key Set with a public key for signatures")
    return keys


def _usable(members: Iterable[Any]) -> Iterable[Key]:
    for member in members:
        if isinstance(member, dict) and member.get("kty") in KEY_TYPES.values() and member.get("use", "sig") == "sig":
            with suppress(JoseError, ValueError, TypeError):
                yield JWKRegistry.import_key(member)


def choose(keys: Iterable[Key], kid: str | None, algorithm: str) -> Key | None:
    """Return the key that a token names and whose type fits *algorithm*; None where that is not exactly one."""
    fitting = [
        key
        for key in keys
        if (kid is None or key.kid == kid)
        and key.key_type == KEY_TYPES[algorithm[:2]]
        and key.get("alg") in (None, algorithm)
    ]
    return fitting[0] if len(fitting) == 1 else None


class FileKeys:
    """The keys of a file, which is read again when it changes."""

    trouble = ""

    def __init__(self, file: WatchedFile[tuple[Key, ...]]) -> None:
        self._file = file

    async def start(self) -> None:
        """See Keys."""

    async def find(self, kid: str | None, algorithm: str) -> Key | None:
        """See Keys."""
        return choose(await self._file.get(), kid, algorithm)

    async def aclose(self) -> None:
        """See Keys."""


class UrlKeys:
    """The keys at *url*, kept, and asked for again when they are old or a token names one that is not there.

    While the issuer cannot be reached the keys that were had last stay good.
    """

    def __init__(self, url: str, clock: Callable[[], float] = time.monotonic) -> None:
        parts = urlsplit(url)
        folder, _, self._path = parts.path.rpartition("/")
        self._client = HttpClient(parts._replace(path=folder).geturl(), proxy="")
        self._host = parts.hostname
        self._clock = clock
        self._keys: tuple[Key, ...] = ()
        self._fetched = self._asked = clock() - KEEP_SECONDS
        self._asking: asyncio.Task[None] | None = None
        self.trouble = "the issuer was not asked yet"

    async def start(self) -> None:
        """Ask for the keys. Where that fails the log says so, and calls are refused until they can be had."""
        await self._ask()

    async def find(self, kid: str | None, algorithm: str) -> Key | None:
        """See Keys. Only a call that names an unknown key waits for the issuer."""
        key = choose(self._keys, kid, algorithm)
        if key is None:
            await self._ask()
            key = choose(self._keys, kid, algorithm)
        elif self._clock() - self._fetched >= KEEP_SECONDS:
            self._begin()
        return key

    async def aclose(self) -> None:
        """See Keys."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait({self._asking})
        await self._client.aclose()

    async def _ask(self) -> None:
        """Return when the issuer has been asked: all who wait for it wait for one request."""
        self._begin()
        if self._asking is not None:
            await asyncio.wait({self._asking})

    def _begin(self) -> None:
        now = self._clock()
        if now - self._asked >= REASK_SECONDS and (self._asking is None or self._asking.done()):
            self._asked = now
            self._asking = asyncio.create_task(self._fetch())

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                self._keys = read(await self._download())
        except (HttpFailed, TimeoutError, ValueError) as error:
            why = str(error) or "it took too long"
            log.warning("the issuer's keys cannot be had", decision="keep the old", host=self._host, why=why)
            if not self._keys:
                self.trouble = why
        else:
            self.trouble = ""
            self._fetched = self._clock()

    async def _download(self) -> bytes:
        reply = await self._client.send("GET", self._path, {}, connect_seconds=FETCH_SECONDS)
        try:
            if not reply.is_success:
                raise ValueError(f"the answer has the status {reply.status}")
            data = b""
            while piece := await reply.read(FETCH_SECONDS):
                data += piece
                if len(data) > MOST_BYTES:
                    raise ValueError("the answer is too long")
            return data
        finally:
            await reply.aclose()
