"""What ``stentor check --online`` finds out."""

from dataclasses import replace

import pytest

from pipeline.errors import StageError
from pipeline.llm.openai.probe import IMAGE, Found, probe
from tests.pipeline.llm.openai.asking import asking
from tests.pipeline.llm.openai.hostile_server import DONE, STOP, WELL, HostileServer, Reply, said, text, tool

FOUND = Found(models=(), first_ms=1.0, total_ms=1.0, usage=True, tools=True, images=True)


def lists(server: HostileServer, reply: Reply) -> None:
    """GET /models is answered so."""
    server.replies["models"] = [reply]


async def test_a_server_that_can_do_all() -> None:
    """Models, usage, tools and images are found, and the first token is timed."""
    async with asking(WELL, Reply([tool("{}"), STOP, DONE]), WELL) as (model, server):
        lists(server, said(200, {"data": [{"id": "m"}, {"id": "n"}]}))
        found = await probe(model)
        assert (found.models, found.usage, found.tools, found.images) == (("m", "n"), True, True, True)
        assert 0 < found.first_ms <= found.total_ms
        asked = [one.body for one in server.asked if one.body]
        assert asked[1]["tools"][0]["function"]["name"] == "open_app"
        assert asked[2]["messages"][-1]["content"][-1]["image_url"]["url"].startswith("data:image/png;base64,")


@pytest.mark.parametrize("models", [said(404), said(200, b"<html>"), said(200, {"data": 5}), said(200, ["a"])])
async def test_a_server_that_can_do_little(models: Reply) -> None:
    """What a server does not do is no failure."""
    plain = Reply([text("ready"), STOP, DONE])
    async with asking(plain, said(400), said(400)) as (model, server):
        lists(server, models)
        found = await probe(model)
        assert (found.models, found.usage, found.tools, found.images) == ((), False, False, False)


async def test_a_server_that_does_not_answer() -> None:
    """A plain answer that fails is the probe's failure."""
    async with asking(said(401)) as (model, _):
        with pytest.raises(StageError, match="MODEL_REJECTED"):
            await probe(model)


@pytest.mark.parametrize(
    ("listed", "name", "found"),
    [
        ("models/gemini-2.5-flash", "gemini-2.5-flash", True),
        ("gemini-2.5-flash", "models/gemini-2.5-flash", True),
        ("llama3:latest", "llama3", True),
        ("llama3:8b", "llama3", False),
        ("my-models/m", "m", False),
    ],
)
def test_names_of_a_list(listed: str, name: str, found: bool) -> None:
    """A model is found under what its server writes around its name."""
    assert replace(FOUND, models=("other", listed)).lists(name) is found


def test_the_image_is_one() -> None:
    """What is sent is a PNG."""
    assert IMAGE.startswith(b"\x89PNG\r\n\x1a\n")
    assert IMAGE.endswith(b"IEND\xaeB`\x82")
