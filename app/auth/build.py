"""Builds what knows the callers, as ``[auth]`` says."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Protocol, TypeVar

from app.auth.tokens import TokenAuth, identities, read
from app.auth.watched import WatchedFile
from app.settings.auth import AuthSettings, JwtAuthSettings, NoAuthSettings, TokenAuthSettings
from app.settings.load import SettingsError
from interceptors.auth import AuthInterceptor

T = TypeVar("T")


class Authenticator(Protocol):
    """Knows callers."""

    @property
    def trouble(self) -> str:
        """Why nobody can be known right now; "" where somebody can."""
        ...

    async def start(self) -> None:
        """Get ready before the server listens."""

    async def identify(self, context: Any) -> str:
        """Be an ``interceptors.auth.Authenticate``."""

    async def aclose(self) -> None:
        """Close what is open."""


def authenticator(table: AuthSettings, folder: Path) -> Authenticator | None:
    """Return what knows the callers; None where nobody is asked. Raise SettingsError."""
    match table:
        case NoAuthSettings():
            return None
        case TokenAuthSettings():
            file = _watched(folder, table.tokens_file, read, "auth.tokens_file") if table.tokens_file else None
            return TokenAuth(identities(table.tokens), file)
        case JwtAuthSettings():
            return _jwt(table, folder)


def _jwt(table: JwtAuthSettings, folder: Path) -> Authenticator:
    try:
        from app.auth import keys
        from app.auth.jwt import JwtAuth
    except ImportError:
        raise SettingsError("auth.kind: jwt needs the extra jwt: pip install 'stentor[jwt]'") from None
    if table.jwks_url:
        try:
            return JwtAuth(table, keys.UrlKeys(table.jwks_url))
        except ValueError as error:
            raise SettingsError(f"auth.jwks_url: {str(error).partition(': ')[2]}") from None
    return JwtAuth(table, keys.FileKeys(_watched(folder, table.jwks_file, keys.read, "auth.jwks_file")))


def _watched(folder: Path, name: str, parse: Callable[[bytes], T], key: str) -> WatchedFile[T]:
    try:
        return WatchedFile(folder / name, parse, key)
    except (OSError, ValueError) as error:
        why = (error.strerror if isinstance(error, OSError) else "") or str(error)
        raise SettingsError(f"{key}: {name} cannot be used: {why}") from None


def link(known: Authenticator | None) -> AuthInterceptor | None:
    """Return the link that asks who calls, None where nobody is asked."""
    return AuthInterceptor(known.identify) if known is not None else None


@asynccontextmanager
async def started(known: Authenticator | None) -> AsyncIterator[None]:
    """Start *known*, and close it when the block is left."""
    if known is None:
        yield
        return
    try:
        await known.start()
        yield
    finally:
        await known.aclose()
