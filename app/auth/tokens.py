"""Knows callers by tokens, of which only hashes are kept."""

import hmac
import tomllib
from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from pydantic import ValidationError

from app.auth.bearer import bearer
from app.auth.watched import WatchedFile
from app.settings.auth import TokenFile, TokenSettings
from interceptors.auth import BadCredential

Identities = Mapping[bytes, str]
"""Whose a token is, by the SHA-256 of its bytes."""


def identities(tokens: Iterable[TokenSettings]) -> Identities:
    """Return whose each token is."""
    return {bytes.fromhex(token.sha256): token.identity for token in tokens}


def read(data: bytes) -> Identities:
    """Read a ``tokens_file``. ValueError names the place of what is wrong in it, never a value."""
    table = tomllib.loads(data.decode())
    try:
        return identities(TokenFile.model_validate(table).tokens)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise ValueError(f"{place}: {first['msg'].removeprefix('Value error, ')}") from None


class TokenAuth:
    """Asks for one of the tokens of the settings, or of a *file*."""

    trouble = ""

    def __init__(self, known: Identities, file: WatchedFile[Identities] | None) -> None:
        self._known = known
        self._file = file

    async def start(self) -> None:
        """Everything was read."""

    async def aclose(self) -> None:
        """Nothing is open."""

    async def identify(self, context: Any) -> str:
        """Return whose the token of the call is. Raise BadCredential.

        Every token takes the same time, whether it is known or not: all hashes are compared, each as a whole.
        """
        given = sha256(bearer(context).encode()).digest()
        who = ""
        for known in (self._known, await self._file.get() if self._file is not None else {}):
            for digest, identity in known.items():
                if hmac.compare_digest(digest, given):
                    who = identity
        if not who:
            raise BadCredential("unknown")
        return who
