"""README.md and docs/: their commands run, their programs and settings are valid, their tables and links are complete.

A document is a story, told in fenced blocks that run from top to bottom in a copy of what a fresh clone holds:

- ``sh``: each line is run, and must succeed. ``stentor serve`` runs on, for the lines that follow. What needs the
  network, Node or many minutes is not run, but must name what exists.
- ``text``: lines that the ``sh`` block before printed, in this order. Digits may differ; ``…`` stands for anything.
- ``python``, ``toml``, ``js``: valid by itself; a first line such as ``# client.py`` saves it under that name.
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
import socket
import sys
import tomllib
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel

from app.service.statuses import TABLE
from app.settings.load import load
from app.settings.stages import CustomSettings, VoicedSettings
from app.settings.tables import STAGES, Limits, Logging, Pipeline, Server
from protos import streaming_pb2 as pb
from tests.fakes import PATIENCE
from tests.processes import ROOT

DOCUMENTS = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]
ADDRESS = "127.0.0.1:50051"
"""Where the documents have their server."""

NOT_RAISED = {"UNAUTHENTICATED", "STORE_UNAVAILABLE", "LEASE_LOST"}
"""Rows of the status table that no part of the server uses."""

UNSETTLED = {"http2", "proxy"}
"""Keys of the settings that may be there or not."""

SOON_RUN = {"demo", "ask"}
"""Targets of the Makefile that take a second."""

NAMED = re.compile(r"(?:#|//) (\S+\.\w+)\n")


def blocks(document: Path) -> Iterator[tuple[str, str]]:
    """The fenced blocks: language and text."""
    return ((found[1], found[2]) for found in re.finditer(r"^```(\w*)\n(.*?)^```$", document.read_text(), re.M | re.S))


class Reader:
    """Types what a document shows, in *folder*."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.printed = ""
        self._address = ADDRESS
        self._server: Process | None = None

    async def meet(self, language: str, text: str) -> None:
        text = text.replace(ADDRESS, self._address)
        if name := NAMED.match(text):
            (self.folder / name[1]).write_text(text)
        match language:
            case "sh":
                self.printed = ""
                for line in text.replace("\\\n", " ").splitlines():
                    await self._type(line.replace(ADDRESS, self._address))
            case "text":
                shows(self.printed, text)
            case "python":
                compile(text, "a block", "exec")
            case "toml":
                file = self.folder / (name[1] if name else "unnamed.toml")
                file.write_text(text)
                load(str(file), {})
            case "js":
                names = set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", text))
                assert names <= set(fields())
            case "json":
                assert all(isinstance(json.loads(line), dict) for line in text.splitlines())
            case _:
                raise AssertionError(f"nobody checks a block of {language or 'no language'}")

    async def stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await end(server)

    async def _type(self, line: str) -> None:
        if not is_runnable(line):
            return
        if " serve" in line:
            await self._serve(line)
            return
        async with started(line, self.folder) as process:
            output, _ = await process.communicate()
        self.printed += output.decode()
        assert process.returncode == 0, f"{line}\n{self.printed}"

    async def _serve(self, line: str) -> None:
        await self.stop()
        self._server = await start(f"exec {line} --port 0", self.folder)
        assert self._server.stdout is not None
        while not (printed := (await self._server.stdout.readline()).decode()).startswith("listening"):
            assert printed, f"{line}: ended"
            self.printed += printed
        self.printed += printed
        self._address = printed.split()[-1]


async def start(line: str, folder: Path) -> Process:
    """A shell that runs *line*, as the leader of a group of processes."""
    environment = {name: value for name, value in os.environ.items() if not re.search("^STENTOR|_API_KEY$", name)}
    environment["STENTOR__SERVER__PORT"] = str(free_port())  # that of the documents may be taken here
    return await asyncio.create_subprocess_shell(
        line, cwd=folder, env=environment, stdout=PIPE, stderr=STDOUT, start_new_session=True
    )


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


async def end(process: Process) -> None:
    """Kill all that *process* started, if it still runs."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    await process.wait()


@asynccontextmanager
async def started(line: str, folder: Path) -> AsyncIterator[Process]:
    process = await start(line, folder)
    try:
        yield process
    finally:
        await end(process)


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
        case ["npm" | "node", *_] | ["python3", "-m", "venv", _]:
            pass
        case _:
            return True
    return False


def shows(printed: str, shown: str) -> None:
    """Every line of *shown* is a line of *printed*, in this order."""
    lines = iter(re.sub(r"\d+", "0", printed).splitlines())
    for line in shown.splitlines():
        pattern = re.escape(re.sub(r"\d+", "0", line)).replace("…", ".*")
        assert any(re.fullmatch(pattern, candidate) for candidate in lines), f"not printed: {line}\n{printed}"


def fields() -> Iterator[str]:
    return (field.name for message in pb.DESCRIPTOR.message_types_by_name.values() for field in message.fields)


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
    return tmp_path


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda document: document.name)
async def test_blocks(document: Path, clone: Path) -> None:
    """Who types what a document shows sees what it shows."""
    reader = Reader(clone)
    try:
        async with asyncio.timeout(PATIENCE):
            for language, text in blocks(document):
                await reader.meet(language, text)
    finally:
        await reader.stop()


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


def rows(document: Path, first: str) -> Iterator[tuple[str, list[str]]]:
    """The rows of all tables whose first column is *first*, each with the heading that it stands under."""
    heading, within = "", False
    for line in document.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split(" | ")] if line.startswith("|") else []
        heading = line if line.startswith("#") else heading
        if within and cells and not cells[0].startswith("---"):
            yield heading, cells
        within = cells[0] == first or within if cells else False


def test_reasons() -> None:
    """docs/clients.md tells every reason with its status."""
    told = {
        (reason, cells[1])
        for _, cells in rows(ROOT / "docs" / "clients.md", "Reason")
        for reason in cells[0].split(", ")
    }
    raised = {(reason, row.code.name) for reason, row in TABLE.items() if reason not in NOT_RAISED}
    assert told == raised | {("COMMAND_REFUSED", "ABORTED")}


def test_fields() -> None:
    """docs/clients.md tells every field of the messages."""
    assert set(fields()) <= set(re.findall(r"`([\w.]+)`", (ROOT / "docs" / "clients.md").read_text()))


def test_keys() -> None:
    """The documents tell every key of the settings with its default."""
    told = {}
    for document in DOCUMENTS:
        for heading, (key, default, *_) in rows(document, "Key"):
            section = re.search(r"`\[([\w.]+)\]`(?:.* `kind = \"(\w+)\"`)?", heading)
            assert section, heading
            if key.strip("`") not in UNSETTLED:
                told[f"{section[1]} {section[2] or ''} {key.strip('`')}"] = value(default)
    assert told == dict(keys())


def value(default: str) -> Any:
    """The default in a table: "required", "none", or TOML."""
    if default in ("required", "none"):
        return default
    return tomllib.loads(f"value = {default.strip('`')}")["value"]


def keys() -> Iterator[tuple[str, Any]]:
    for section, model in {"server": Server, "limits": Limits, "logging": Logging, "pipeline": Pipeline}.items():
        yield from keys_of(model, f"{section} ", set(STAGES) if model is Pipeline else set())
    yield from keys_of(VoicedSettings, "pipeline.tts ", set())
    for stage in STAGES:
        for model in get_args(Pipeline.model_fields[stage].annotation):
            kind = model.model_fields["kind"].default
            if not issubclass(model, CustomSettings):
                common = set(VoicedSettings.model_fields) if issubclass(model, VoicedSettings) else set()
                yield from keys_of(model, f"pipeline.{stage} {kind}", common)


def keys_of(model: type[BaseModel], section: str, without: set[str]) -> Iterator[tuple[str, Any]]:
    for name, field in model.model_fields.items():
        if name not in {"kind", *without, *UNSETTLED}:
            default = field.default.model_dump() if isinstance(field.default, BaseModel) else field.default
            yield f"{section} {name}", "required" if field.is_required() else "none" if default is None else default
