"""The examples of docs/stages.md, as they stand there: together they are a server, and their tests pass."""

import json
from pathlib import Path

import pytest

from tests.documents import NAMED, blocks
from tests.processes import ROOT, run


@pytest.fixture
def examples(tmp_path: Path) -> Path:
    """A folder with every block that begins with the name of a file."""
    for _, text in blocks(ROOT / "docs" / "stages.md"):
        if name := NAMED.match(text):
            (tmp_path / name[1]).write_text(text.replace('file = "audit.log"', f'file = "{tmp_path}/audit.log"'))
    return tmp_path


async def ask(folder: Path, *words: str) -> tuple[int | None, str, str]:
    return await run("-m", "app.cli", "ask", *words, "--settings", str(folder / "settings.toml"))


async def test_the_examples_answer(examples: Path) -> None:
    """``stentor ask`` with the page's settings: text, sound and a command of the custom stages, a line of the link."""
    code, output, errors = await ask(examples, "Tea, please.\nOpen Safari.", "--json")
    assert code == 0, errors
    messages = [json.loads(line) for line in output.splitlines()]
    assert [each["text"] for each in messages if each["type"] == "text_chunk"] == [
        *("Hello.\n", "Tea, please.\n", "Open Safari. ")
    ]
    (command,) = [each for each in messages if each["type"] == "action_message"]
    assert (command["command"], command["args"]) == ("open_app", {"app_name": "Safari"})
    assert messages[-1]["audio_samples"] == 5 * 2 * 1600
    (line,) = (examples / "audit.log").read_text().splitlines()
    assert json.loads(line)["method"] == "/streaming.StreamingService/StreamAudio"


async def test_the_page_s_own_error(examples: Path) -> None:
    """A StageError of a custom stage arrives with its status and its reason."""
    code, _, errors = await ask(examples, "nonsense")
    assert code == 1
    assert "INVALID_ARGUMENT NO_NONSENSE: A parrot does not repeat nonsense." in errors
    assert json.loads((examples / "audit.log").read_text())["outcome"] == "NO_NONSENSE"


async def test_the_page_s_tests(examples: Path) -> None:
    """The tests of the page pass beside its stages."""
    options = ("-q", "-o", "asyncio_mode=auto", "-p", "no:cacheprovider", "--rootdir", str(examples))
    code, output, _ = await run("-m", "pytest", *options, str(examples))
    assert code == 0, output
    assert "8 passed" in output


def test_what_stage_authors_import() -> None:
    """The names that custom stages rely on, from the modules where they have always been."""
    from pipeline.errors import CommandRefused, StageError
    from pipeline.events import Command, JsonBlock, ModelEnd, Sentence, TextDelta, ToolCall
    from pipeline.stage import Turn, Voice

    assert (TextDelta("a").text, ToolCall("a", {}).args, ModelEnd().reason) == ("a", {}, "COMPLETE")
    assert (Sentence(1, "a").index, JsonBlock("{}").raw, Command("a", {}).name) == (1, "{}", "a")
    assert (Turn(session_id="s", prompt="p").history, Voice("a", "en").language) == ((), "en")
    assert StageError("NOT_FOUND", "A", "b").reason == "A"
    assert CommandRefused("a").reason == "a"
