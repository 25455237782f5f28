"""The command line with a model server: what ``check --online`` finds, and ``ask --model``."""

from pathlib import Path

from tests.llm.hostile_server import DONE, STOP, WELL, HostileServer, Reply, hostile, said, text
from tests.processes import python


async def stentor(folder: Path, upstream: HostileServer, *words: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command with the settings of that server."""
    file = folder / "settings.toml"
    file.write_text(
        f'[server]\nport = 0\n[pipeline]\ntts = {{ kind = "off" }}\n'
        f'llm = {{ kind = "openai", base_url = "{upstream.url}", model = "m", api_key_env = "NO_SUCH_KEY" }}\n'
    )
    async with python("-m", "app.cli", *words, "--settings", str(file)) as process:
        out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


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


async def test_another_model_for_one_question(tmp_path: Path) -> None:
    """``--model`` asks another model of the same server; a key that is not set is told."""
    async with hostile({"other": Reply([text("I am the other one."), STOP, DONE])}) as upstream:
        code, out, err = await stentor(tmp_path, upstream, "ask", "Who are you?", "--model", "other")
    assert (code, "I am the other one." in out) == (0, True)
    assert "$NO_SUCH_KEY is not set" in err
