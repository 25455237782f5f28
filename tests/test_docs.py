"""README.md and docs/: their commands run, their programs and settings are valid, their links lead somewhere.

A document is a story, told in fenced blocks that run from top to bottom in a copy of what a fresh clone holds:

- ``sh``: each line is run, and must succeed. ``stentor serve`` runs on, for the lines that follow. What needs the
  network or many minutes is not run, but must name what exists; ``node`` runs where ``make test-slow`` found it.
- ``text``: lines that the ``sh`` block before printed, in this order. Digits may differ; ``…`` stands for anything.
- ``python``, ``toml``, ``js``: a first line such as ``# client.py`` saves it under that name. Settings must be valid.
- ``json``: one object a line.
"""

import asyncio
import importlib.util
import json
import os
import re
import shlex
import shutil
import signal
import sys
import tomllib
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path

import pytest

from app.settings.load import load
from app.stages.lexicon import entries
from tests.documents import DOCUMENTS, NAMED, blocks
from tests.fakes import PATIENCE
from tests.processes import NODE_MODULES, ROOT, free_port

ADDRESS = "127.0.0.1:50051"
"""Where the documents have their server."""

SOON_RUN = {"demo", "ask"}
"""Targets of the Makefile that take a second."""

LOOKS = 200
"""How often a server's log is looked at until a line is there."""


class Reader:
    """Types what a document shows, in *folder*; its servers run until *servers* is closed."""

    def __init__(self, folder: Path, servers: AsyncExitStack) -> None:
        self.folder = folder
        self.printed = ""
        self._line = ""
        self._servers = servers
        self._address = ADDRESS

    async def meet(self, language: str, text: str) -> None:
        """Do with a block what its language asks for."""
        text = text.replace(ADDRESS, self._address)
        if name := NAMED.match(text):
            (self.folder / name[1]).write_text(text)
        match language:
            case "sh":
                self.printed = ""
                for line in text.replace("\\\n", " ").splitlines():
                    await self._type(line.replace(ADDRESS, self._address))
            case "text":
                await self._see(text)
            case "python":
                compile(text, "a block", "exec")
            case "toml":
                file = self.folder / (name[1] if name else "unnamed.toml")
                file.write_text(text)
                if file.name == "lexicon.toml":
                    assert entries(file, "lexicon_file")
                else:
                    load(str(file), {})
            case "js":
                pass  # see test_docs_tables.py
            case "json":
                assert all(isinstance(json.loads(line), dict) for line in text.splitlines())
            case _:
                raise AssertionError(f"nobody checks a block of {language or 'no language'}")

    async def _see(self, text: str) -> None:
        """What was printed shows *text*. A log comes a moment late: ``cat`` is typed until the line is there."""
        for _ in range(LOOKS if self._line.startswith("cat ") else 0):
            with suppress(AssertionError):
                shows(self.printed, text)
                return
            await asyncio.sleep(0.1)
            self.printed = ""
            await self._type(self._line)
        shows(self.printed, text)

    async def _type(self, line: str) -> None:
        self._line = line
        if " serve" in line:
            await self._serve(line)
        elif is_runnable(line):
            async with shell(line, self.folder) as process:
                output, _ = await process.communicate()
            self.printed += output.decode()
            assert process.returncode == 0, f"{line}\n{self.printed}"

    async def _serve(self, line: str) -> None:
        process = await self._servers.enter_async_context(shell(f"exec {line} --port 0", self.folder))
        assert process.stdout is not None
        printed = b""
        while not printed.startswith(b"listening"):
            printed = await process.stdout.readline()
            assert printed, f"{line}: ended"
        self._address = printed.decode().split()[-1]


@asynccontextmanager
async def shell(line: str, folder: Path) -> AsyncIterator[Process]:
    """A shell that runs *line*; killed with all that it started when the block is left, if it still runs."""
    environment = {name: value for name, value in os.environ.items() if not re.search("^STENTOR|_API_KEY$", name)}
    environment["STENTOR__SERVER__PORT"] = str(free_port())  # that of the documents may be taken here
    process = await asyncio.create_subprocess_shell(
        line, cwd=folder, env=environment, stdout=PIPE, stderr=STDOUT, start_new_session=True
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


def is_runnable(line: str) -> bool:
    """Whether *line* can be run here and now. What a line that cannot be run names must exist."""
    match shlex.split(line, comments=True):
        case ["make", target, *_] if target not in SOON_RUN:
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M), line
        case [".venv/bin/pip", "install", *_, package]:
            extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
            assert set(package.removeprefix(".[").removesuffix("]").split(",")) <= set(extras), line
        case [".venv/bin/python", "-m", module, *_] if module.startswith(("benchmarks.", "piper.")):
            assert importlib.util.find_spec(module), line
        case ["npm", *_] | ["python3", "-m", "venv", _]:
            pass
        case ["node", *_]:
            return NODE_MODULES.exists()
        case _:
            return True
    return False


def shows(printed: str, shown: str) -> None:
    """Every line of *shown* is a line of *printed*, in this order."""
    lines = iter(re.sub(r"\d+", "0", printed).splitlines())
    for line in shown.splitlines():
        pattern = re.escape(re.sub(r"\d+", "0", line)).replace("…", ".*")
        assert any(re.fullmatch(pattern, candidate) for candidate in lines), f"not printed: {line}\n{printed}"


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What the documents use of a fresh clone after ``make`` has set up."""
    for name in ("Makefile", "constraints.txt", "pyproject.toml", "settings.toml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "protos", tmp_path / "protos")
    (tmp_path / ".venv").mkdir()
    for part in ("bin", "lib", "pyvenv.cfg"):
        (tmp_path / ".venv" / part).symlink_to(Path(sys.prefix, part))
    (tmp_path / ".venv" / ".runs").touch()
    (tmp_path / "node_modules").symlink_to(NODE_MODULES)
    return tmp_path


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
async def test_blocks(document: Path, clone: Path) -> None:
    """Who types what a document shows sees what it shows."""
    async with asyncio.timeout(PATIENCE), AsyncExitStack() as servers:
        reader = Reader(clone, servers)
        for language, text in blocks(document):
            await reader.meet(language, text)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
def test_links(document: Path) -> None:
    """Every link within the project leads to a file, and to a heading of that file."""
    prose = re.sub(r"^```.*?^```$", "", document.read_text(), flags=re.M | re.S)
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if ":" in target:
            continue
        name, _, anchor = target.partition("#")
        file = document.parent / name if name else document
        assert file.exists(), target
        assert not anchor or anchor in anchors(file), target


def anchors(file: Path) -> set[str]:
    """The names that GitHub gives to the headings of *file*."""
    headings = re.findall(r"^#+ (.*)$", file.read_text(), re.M)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}
