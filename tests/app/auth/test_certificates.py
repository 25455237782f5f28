"""Callers that are known by their certificates, over real mutual TLS."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import grpc
import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from app.auth.certificates import CertificateAuth
from interceptors.auth import AuthInterceptor, BadCredential
from interceptors.base import identity
from interceptors.testing import METHOD

AUTHORITY = trustme.CA()
KEY = ec.generate_private_key(ec.SECP256R1())


def certificate(name: str, uris: Sequence[str]) -> bytes:
    """A client's, with these names, signed by the authority."""
    now = datetime.now(UTC)
    ours = x509.load_pem_x509_certificate(AUTHORITY.cert_pem.bytes())
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)] if name else []))
        .issuer_name(ours.subject)
        .public_key(KEY.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
    )
    if uris:
        others = x509.SubjectAlternativeName([x509.UniformResourceIdentifier(uri) for uri in uris])
        builder = builder.add_extension(others, critical=False)
    signer: Any = load_pem_private_key(AUTHORITY.private_key_pem.bytes(), None)
    return builder.sign(signer, hashes.SHA256()).public_bytes(Encoding.PEM)


async def echo(_request: bytes, context: Any) -> bytes:
    return identity(context).encode()


async def failing(request: bytes, context: Any) -> bytes:
    """A link's handler, whose refusal becomes a status here."""
    try:
        return await AuthInterceptor(CertificateAuth().identify).intercept(echo, request, context, METHOD)  # type: ignore[no-any-return]
    except Exception as error:
        await context.abort(grpc.StatusCode.UNAUTHENTICATED, str(error))
        raise


@asynccontextmanager
async def serving() -> AsyncIterator[int]:
    own = AUTHORITY.issue_cert("localhost")
    pair = own.private_key_pem.bytes(), own.cert_chain_pems[0].bytes()
    server = grpc.aio.server()
    methods = {"Method": grpc.unary_unary_rpc_method_handler(failing)}
    server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler("test.Service", methods),))
    credentials = grpc.ssl_server_credentials([pair], AUTHORITY.cert_pem.bytes(), require_client_auth=True)
    port = server.add_secure_port("localhost:0", credentials)
    await server.start()
    try:
        yield port
    finally:
        await server.stop(0)


async def ask(port: int, chain: bytes) -> str:
    key = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    credentials = grpc.ssl_channel_credentials(AUTHORITY.cert_pem.bytes(), key, chain)
    async with grpc.aio.secure_channel(f"localhost:{port}", credentials) as channel:
        reply: bytes = await channel.unary_unary("/test.Service/Method")(b"")
        return reply.decode()


async def test_names_of_certificates() -> None:
    """A URI of the other names, else the common name; none, or several URIs, are nobody."""
    async with serving() as port:
        assert await ask(port, certificate("mac-1", [])) == "mac-1"
        assert await ask(port, certificate("mac-1", ["spiffe://home/anna"])) == "spiffe://home/anna"
        assert await ask(port, certificate("", ["urn:mac-2"])) == "urn:mac-2"
        for name, uris in (("", []), ("mac-1", ["urn:a", "urn:b"]), ("anonymous", [])):
            with pytest.raises(grpc.aio.AioRpcError, match="UNAUTHENTICATED"):
                await ask(port, certificate(name, uris))


@pytest.mark.parametrize(
    ("peer", "why"),
    [
        ({}, "missing"),
        ({"transport_security_type": [b"ssl"]}, "missing"),
        ({"x509_common_name": [b"\xff"]}, "malformed"),
        ({"peer_uri": [], "x509_common_name": []}, "missing"),
    ],
)
async def test_no_certificate(peer: dict[str, Any], why: str) -> None:
    """A connection without TLS, or without a certificate of the client, is nobody's."""
    with pytest.raises(BadCredential, match=why):
        await CertificateAuth().identify(SimpleNamespace(auth_context=lambda: peer))
