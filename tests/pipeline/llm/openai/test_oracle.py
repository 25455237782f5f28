"""The openai SDK as an oracle: what both understand, both read alike."""

from typing import Any

import pytest

from tests.pipeline.llm.openai.asking import ask, asking
from tests.pipeline.llm.openai.hostile_server import DONE, STOP, WELL, Reply, chunk, text, tool, usage

openai = pytest.importorskip("openai")

ANSWERS: dict[str, Reply] = {
    "plain": WELL,
    "Russian": Reply([text("Привет"), text(", 😀!"), STOP, usage(), DONE]),
    "byte by byte": Reply([bytes([byte]) for byte in text("Привет\u2028!") + STOP + usage() + DONE]),
    "CR LF": Reply([(text("Hi") + STOP + usage() + DONE).replace(b"\n", b"\r\n")]),
    "length": Reply([text("Hi"), chunk(finish="length"), usage(), DONE]),
    "two calls": Reply(
        [
            tool("", "f"),
            tool('{"a"', ""),
            tool(": 1}", ""),
            tool("{}", "g", 1),
            chunk(finish="tool_calls"),
            usage(),
            DONE,
        ]
    ),
}


async def by_sdk(url: str) -> tuple[str, dict[int, str], int]:
    said, calls, tokens = "", dict[int, str](), 0
    async with openai.AsyncOpenAI(base_url=url, api_key="none", max_retries=0) as client:
        messages: Any = [{"role": "user", "content": "Hello"}]
        async with await client.chat.completions.create(model="m", messages=messages, stream=True) as stream:
            async for part in stream:
                tokens = part.usage.completion_tokens if part.usage else tokens
                for choice in part.choices:
                    said += choice.delta.content or ""
                    for call in choice.delta.tool_calls or ():
                        calls[call.index] = calls.get(call.index, "") + (call.function.arguments or "")
    return said, calls, tokens


@pytest.mark.parametrize("reply", ANSWERS.values(), ids=ANSWERS)
async def test_the_same_as_the_sdk(reply: Reply) -> None:
    """Text, calls and usage of an answer are what OpenAI's own client reads from the same bytes."""
    async with asking(reply) as (model, server):
        ours = await ask(model)
        said, calls, tokens = await by_sdk(server.url)
    assert ours.text == said
    assert [call.args for call in ours.calls] == [calls[index] for index in sorted(calls)]
    assert ours.end is not None
    assert ours.end.usage.output_tokens == tokens
