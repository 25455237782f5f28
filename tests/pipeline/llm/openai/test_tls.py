"""A model server behind TLS."""

import asyncio
import ssl
from contextlib import aclosing
from pathlib import Path

import pytest
import trustme

from pipeline.events import TextDelta
from pipeline.llm.openai import exchange
from pipeline.llm.openai.model import OpenAIModel
from tests.fakes import PATIENCE, until
from tests.pipeline.llm.openai.asking import TURN, ask, made
from tests.pipeline.llm.openai.hostile_server import DONE, HANG, STOP, Reply, hostile, text


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def trusted(authority: trustme.CA, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))


def serving(authority: trustme.CA, name: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(name).configure_cert(context)
    return context


def model_at(port: int) -> OpenAIModel:
    return made(base_url=f"https://127.0.0.1:{port}/v1", retries=0)


@pytest.mark.usefixtures("trusted")
async def test_an_answer(authority: trustme.CA, monkeypatch: pytest.MonkeyPatch) -> None:
    """Long answers arrive whole, and the next turn uses the same connection."""
    monkeypatch.setattr(exchange, "CLOSE_SECONDS", PATIENCE)
    count, size = 20, 65536
    reply = Reply([*[text("x" * size)] * count, STOP, DONE])
    async with hostile({"m": reply}, serving(authority)) as server, aclosing(model_at(server.port)) as model:
        for _ in range(2):
            assert len((await ask(model)).text) == count * size
        assert server.connections == 1


@pytest.mark.usefixtures("trusted")
async def test_cancelled(authority: trustme.CA) -> None:
    """A reader that leaves closes the connection."""
    reply = Reply([text("Hello"), HANG])
    async with hostile({"m": reply}, serving(authority)) as server, aclosing(model_at(server.port)) as model:
        async with aclosing(model.stream(TURN)) as events:
            assert await anext(events) == TextDelta("Hello")
        await until(lambda: not server.tasks)


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize(("trust", "name"), [(False, "127.0.0.1"), (True, "example.org")])
async def test_a_wrong_certificate(
    trust: bool, name: str, authority: trustme.CA, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server of an unknown authority, or with the certificate of another host, is not asked."""
    if not trust:
        monkeypatch.delenv("SSL_CERT_FILE")
    async with hostile({"m": Reply([text("Hi"), STOP])}, serving(authority, name)) as server:
        async with aclosing(model_at(server.port)) as model:
            assert (await ask(model)).ending == ("UNAVAILABLE", "MODEL_UNAVAILABLE")
        assert not server.asked


async def test_no_tls_there() -> None:
    """A server that speaks plain HTTP where TLS was asked for."""

    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        writer.close()

    server = await asyncio.start_server(plain, "127.0.0.1", 0)
    async with server, aclosing(model_at(server.sockets[0].getsockname()[1])) as model:
        assert (await ask(model)).ending == ("UNAVAILABLE", "MODEL_UNAVAILABLE")


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_certificates_that_cannot_be_read(content: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is wrong is told before the first turn, and by its name."""
    file = tmp_path / "ca.pem"
    if content is not None:
        file.write_text(content)
    monkeypatch.setenv("SSL_CERT_FILE", str(file))
    with pytest.raises(ValueError, match="SSL_CERT_FILE"):
        model_at(1)
