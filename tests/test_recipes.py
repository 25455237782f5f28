"""The recipes of CONTRIBUTING, followed word for word in a copy of the tree."""

import re
import shutil
from pathlib import Path

import pytest

from tests.processes import ROOT, run

STEP = re.compile(
    r"^```\w+\n(?:#|//) (\S+), (new|behind|in place of)(?:: ([^\n]+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
FOLDERS = ("app", "interceptors", "pipeline", "protos")

LINK = """
from app.container import Container
from app.settings.tables import Settings
names = " ".join(type(link).__name__ for link in Container(settings=Settings()).chain())
assert "AdmissionInterceptor SlowCallInterceptor PaceInterceptor" in names, names
"""
LANGUAGE = """
from pipeline.languages import table
from pipeline.segmenter.sentences.boundaries import Boundaries
from pipeline.speakable import speakable
said = speakable("- [x] **Legu** https://example.com, t.e. la libro, ktp.", "eo")
assert said == "farita: Legu ligilo al example.com, tio estas la libro, kaj tiel plu.", said
cutter = Boundaries(max_chars=400)
sentences = [*cutter.feed("Det är inte för hr. Jansson, men för mig. Så är det."), *cutter.flush()]
assert sentences == ["Det är inte för hr. Jansson, men för mig.", " Så är det."], sentences
assert "bl.a" in table("sv").kinds
"""
VOICE = """
import wave
from app.cli.main import cli
from typer.testing import CliRunner
open("beep.toml", "w").write("[pipeline.tts]\\nkind = 'beep'\\nhertz = 500\\n")
result = CliRunner().invoke(cli, ["speak", "one two", "--settings", "beep.toml", "--wav", "beep.wav"])
assert result.exit_code == 0, result.output
assert wave.open("beep.wav").getnframes() == 2 * 2 * 1600
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The product in a folder of its own."""
    for folder in FOLDERS:
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def follow(recipe: str, folder: Path) -> tuple[set[str], set[str]]:
    """Do the steps of the recipe under the heading *recipe*; the files that are new, and those that were edited."""
    text = re.split(r"^##+ ", (ROOT / "CONTRIBUTING.md").read_text(), flags=re.MULTILINE)
    (section,) = [part for part in text if part.startswith(f"{recipe}\n")]
    new, edited = set(), set()
    for name, verb, place, lines in STEP.findall(section):
        file = folder / name
        if verb == "new":
            assert not file.exists()
            file.write_text(lines)
            new.add(name)
            continue
        before = file.read_text().splitlines(keepends=True)
        (at,) = [number for number, line in enumerate(before) if line.strip() == place]
        file.write_text("".join([*before[: at + (verb == "behind")], lines, *before[at + 1 :]]))
        edited.add(name)
    return new, edited


@pytest.mark.parametrize(
    ("recipe", "most_new", "program"),
    [("A link", 1, LINK), ("A voice", 1, VOICE), ("A language", 2, LANGUAGE)],  # 2: for the voice, for the segmenter
)
async def test_a_recipe(recipe: str, most_new: int, program: str, copy: Path) -> None:
    """It touches one new file and two others at most, works, and passes the linter."""
    new, edited = follow(recipe, copy)
    assert len(new) <= most_new
    assert 0 <= len(edited) <= 2
    code, _, errors = await run("-c", f"import os; os.chdir({str(copy)!r})\n{program}")
    assert code == 0, errors
    code, output, _ = await run("-m", "ruff", "check", "--no-cache", str(copy))
    assert code == 0, output
