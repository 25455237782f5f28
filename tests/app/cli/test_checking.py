"""The command line with a model or speech server: what ``check --online`` finds, and ``ask --model``."""

from pathlib import Path

import pytest

from tests.pipeline.llm.openai.hostile_server import DONE, STOP, WELL, HostileServer, Reply, hostile, said, text
from tests.pipeline.tts.openai.hostile_speech import sound, tone
from tests.processes import run, settings

SERVER = '{{ kind = "openai", base_url = "{url}", model = "m", api_key_env = "NO_SUCH_KEY"{more} }}'


async def stentor(folder: Path, upstream: HostileServer, *words: str) -> tuple[int | None, str, str]:
    """Exit code, stdout and stderr of a command with the settings of that model server."""
    llm = SERVER.format(url=upstream.url, more="")
    return await with_stages(folder, f'tts = {{ kind = "off" }}\nllm = {llm}\n', *words)


async def with_stages(folder: Path, pipeline: str, *words: str) -> tuple[int | None, str, str]:
    """Exit code, stdout and stderr of a command with these stages."""
    file = settings(folder, f"[server]\nport = 0\n[pipeline]\n{pipeline}")
    return await run("-m", "app.cli", *words, "--settings", file)


async def test_check_online(tmp_path: Path) -> None:
    """It tells what the model and its server were seen to do."""
    async with hostile({"m": WELL, "models": said(200, {"data": [{"id": "models/m"}]})}) as upstream:
        code, out, _ = await stentor(tmp_path, upstream, "check", "--online")
    assert code == 0
    assert "the model m answers: first word after" in out
    assert "its server lists it" in out
    assert "it counts tokens" in out
    assert "it did not call a tool" in out


async def test_check_online_fails(tmp_path: Path) -> None:
    """A model that refuses is a failed check, by its reason."""
    async with hostile({"m": said(401), "models": said(401)}) as upstream:
        code, out, _ = await stentor(tmp_path, upstream, "check", "--online")
    assert code == 1
    assert "failed: the model m: MODEL_REJECTED" in out


async def test_check_online_names_the_path(tmp_path: Path) -> None:
    """The status and the path of a refusal are told, and whether /v1 may be missing."""
    async with hostile({"m": said(404, b"404 page not found"), "models": said(404)}) as upstream:
        llm = SERVER.format(url=upstream.url.removesuffix("/v1"), more="")
        code, out, _ = await with_stages(tmp_path, f'tts = {{ kind = "off" }}\nllm = {llm}\n', "check", "--online")
    assert code == 1
    assert "(HTTP 404 from /chat/completions; is /v1 missing in base_url?)" in out


GOOD, DEAD = sound([tone(2400)]), sound([], status=503)
SPEAKS = ["ok: the openai voice speaks", "ok: the custom voice of the fallback speaks"]
OPENAI_FAILS = ["failed: the openai voice does not speak", SPEAKS[1]]
FALLBACK_FAILS = [SPEAKS[0], "failed: the custom voice of the fallback does not speak"]
NOT_ASKED = ["ok: the openai voice is asked with --online only", SPEAKS[1]]


@pytest.mark.parametrize(
    ("reply", "per_char", "options", "expected", "asked"),
    [
        (GOOD, "0.01", ["--online"], SPEAKS, True),
        (DEAD, "0.01", ["--online"], OPENAI_FAILS, True),
        (GOOD, "[]", ["--online"], FALLBACK_FAILS, True),
        (DEAD, "0.01", [], NOT_ASKED, False),
    ],
)
async def test_check_speech(
    reply: Reply, per_char: str, options: list[str], expected: list[str], asked: bool, tmp_path: Path
) -> None:
    """Each voice is heard by itself, so that a fallback hides no dead server; a server is asked with --online only."""
    custom = '{ kind = "custom", factory = "tests.scripted:ScriptedSpeech", options = { seconds_per_char = %s } }'
    async with hostile({"m": [reply]}) as upstream:
        more = f', voice = "ann", fallback = {custom % per_char}'
        tts = SERVER.format(url=upstream.url, more=more)
        code, out, _ = await with_stages(tmp_path, f"tts = {tts}\n", "check", *options)
    lines = [line.split(":") for line in out.splitlines() if " voice " in line]
    assert [f"{verdict}:{text}" for verdict, text, *_ in lines] == expected
    assert code == int("failed" in out)
    assert bool(upstream.asked) == asked


async def test_check_asks_the_speech_server_and_not_the_cache(tmp_path: Path) -> None:
    """What the server said once, and the disk remembers, does not speak for it when it is dead."""
    async with hostile({"m": [GOOD, DEAD]}) as upstream:
        tts = SERVER.format(url=upstream.url, more=', voice = "ann", retries = 0, cache = { folder = "sounds" }')
        codes = [(await with_stages(tmp_path, f"tts = {tts}\n", "check", "--online"))[0] for _ in range(2)]
    assert codes == [0, 1]


async def test_another_model_for_one_question(tmp_path: Path) -> None:
    """``--model`` asks another model of the same server; a key that is not set is told."""
    async with hostile({"other": Reply([text("I am the other one."), STOP, DONE])}) as upstream:
        code, out, err = await stentor(tmp_path, upstream, "ask", "Who are you?", "--model", "other")
    assert (code, "I am the other one." in out) == (0, True)
    assert "$NO_SUCH_KEY is not set" in err


async def test_check_counts_the_lexicon(tmp_path: Path) -> None:
    """It tells how many words the lexicon has; one that is wrong is wrong usage, told with its line."""
    words = tmp_path / "words.toml"
    stages = 'tts = { kind = "espeak", lexicon_file = "words.toml" }\n'
    words.write_text('[en]\na = "b"\nc = "d"\n[ru]\n"а" = "б"\n', "utf-8")
    code, out, _ = await with_stages(tmp_path, stages, "check")
    assert code == 0
    assert "ok: the lexicon has 3 entries: 2 en, 1 ru" in out
    words.write_text("[en]\na = b\n", "utf-8")
    code, _, err = await with_stages(tmp_path, stages, "check")
    assert code == 2
    assert err.count("\n") == 1
    assert "pipeline.tts.lexicon_file" in err
    assert "words.toml" in err
    assert "line 2" in err
