"""Plays the cases of ``data/reports.jsonl``: a server of the case's settings between a scripted upstream and a client.

``replies``: what the upstream sends (see tests/upstreams.py). ``settings``: tables that are put over those of
``settings_of``. ``files``: are written beside the settings file. ``calls``: what clients do, in order (see
``_Clients``); without it, one question.
"""

import asyncio
import json
import re
import signal
from array import array
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import grpc

from app.service.wire import STREAM_AUDIO
from protos import streaming_pb2 as pb
from tests import scripted
from tests.pipeline.llm.openai.hostile_server import HostileServer
from tests.processes import ROOT, python
from tests.serving import Answer, Service, read, serving
from tests.upstreams import tone, upstream

ALLOWED = ["open_app", "close_app", "type_text", "set_volume"]
OUTSIDE = ("server", "limits", "logging")
"""The tables that are not in ``[pipeline]``."""

VARYING = re.compile(r"\d{4}-\d\d-\d\dT[\d:.]+Z|\d+\.\d+|\b[0-9a-f]{8}\b|(?<=127\.0\.0\.1:)\d+|\bline \d+")
"""What differs from run to run in a log, and might hold the digits of a status by chance."""

Outcome = dict[str, Any]


def settings_of(told: Mapping[str, Any], url: str) -> str:
    """The text of a settings file, with the upstream as model and, if it has a voice, as speech server."""
    upstream = {"kind": "openai", "base_url": "{url}", "api_key_env": ""}
    voice = {**upstream, "model": "voice", "voice": "v", "retries": 0}
    tables: dict[str, Any] = {
        "llm": {**upstream, "model": "m", "retries": 0},
        "commands": {"allow": ALLOWED},
        "tts": voice if "voice" in told.get("replies", {}) else {"kind": "off"},
        "server": {"port": 0, "grace_seconds": 0.2},
    }
    for name, table in told.get("settings", {}).items():
        tables[name] = table if "kind" in table else tables.get(name, {}) | table
    outside = {name: tables.pop(name) for name in OUTSIDE if name in tables}
    lines = (f"{name} = {_toml(table)}\n" for name, table in {**outside, "pipeline": tables}.items())
    return "".join(lines).replace("{url}", url).replace("{root}", url.removesuffix("/v1"))


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(inner)}" for key, inner in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def _write(files: Mapping[str, str], folder: Path) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


class _Clients:
    """Does the calls of a case; each has a name, under which its outcome is kept.

    ``ask``: a whole answer. ``start``: an answer, up to its first message or to the one that has the text ``until``.
    ``finish``: the rest of it. ``cancel``: it is cancelled. ``interrupt``, ``welcome``: the other methods. ``send``:
    raw bytes. ``cue``: scripted stages that wait go on (tests/scripted.py). ``repeat`` makes fields long.
    """

    def __init__(self, service: Service) -> None:
        self._service = service
        self._open: dict[str, tuple[Any, list[Any]]] = {}
        self.answers: dict[str, Answer] = {}
        self.interrupted: dict[str, Outcome] = {}

    async def do(self, call: Mapping[str, Any]) -> None:
        [(verb, name), *rest] = call.items()
        await getattr(self, f"_{verb}")(name, dict(rest))

    async def _ask(self, name: str, fields: Outcome) -> None:
        self.answers[name] = await read(self._call(fields))

    async def _start(self, name: str, fields: Outcome) -> None:
        until = fields.pop("until", "")
        call, messages = self._open[name] = self._call(fields), []
        async for message in call:
            messages.append(message)
            if until in message.text_chunk:
                break

    async def _finish(self, name: str, _: Outcome) -> None:
        call, messages = self._open[name]
        answer = self.answers[name] = await read(call)
        answer.messages[:0] = messages

    async def _cancel(self, name: str, _: Outcome) -> None:
        self._open[name][0].cancel()

    async def _cue(self, _name: str, _: Outcome) -> None:
        scripted.diary.cue.set()

    async def _interrupt(self, name: str, fields: Outcome) -> None:
        try:
            response = await self._service.stub.InterruptSession(pb.InterruptRequest(**fields))
        except grpc.aio.AioRpcError as error:
            self.interrupted[name] = {"status": error.code().name}
        else:
            sessions = list(response.interrupted_sessions)
            self.interrupted[name] = {"status": "OK", "success": response.success, "sessions": sessions}

    async def _welcome(self, name: str, fields: Outcome) -> None:
        self.answers[name] = await read(self._service.stub.GenerateWelcomeAudio(pb.WelcomeRequest(**fields)))

    async def _send(self, name: str, fields: Outcome) -> None:
        send = self._service.channel.unary_stream(STREAM_AUDIO, None, pb.StreamResponse.FromString)
        self.answers[name] = await read(send(bytes.fromhex(fields["hex"])))

    def _call(self, fields: Outcome) -> Any:
        metadata, timeout = list(map(tuple, fields.pop("metadata", ()))), fields.pop("timeout", None)
        repeat = fields.pop("repeat", {})
        fields = {"prompt": "Hello?", **fields} | {key: fields.get(key, "x") * n for key, n in repeat.items()}
        return self._service.stub.StreamAudio(pb.StreamRequest(**fields), metadata=metadata, timeout=timeout)


async def conversation(told: Mapping[str, Any], folder: Path) -> tuple[dict[str, Outcome], Outcome]:
    """The outcome of each call, and what the upstream was told."""
    _write(told.get("files", {}), folder)
    scripted.new_diary()
    async with upstream(told) as playing:
        async with serving(folder, text=settings_of(told, playing.url)) as service:
            clients = _Clients(service)
            for call in told.get("calls", [{"ask": "answer"}]):
                await clients.do(call)
        recipe = told.get("replies", {}).get("voice", [{}])[0].get("sound", {})
        answers = {name: _outcome(answer, recipe) for name, answer in clients.answers.items()}
        return answers | clients.interrupted, _told(playing)


def _told(playing: HostileServer) -> Outcome:
    bodies = [asked.body for asked in playing.asked]
    chats = [body for body in bodies if "messages" in body]
    said = _said(bodies)
    last = json.dumps(chats[-1:], ensure_ascii=False)
    return {"asked": len(chats), "last": last, "said": said, "longest": max(said, key=len, default="")}


def _said(bodies: Sequence[Any]) -> list[str]:
    return [body["input"] for body in bodies if "input" in body]


def _outcome(answer: Answer, recipe: Mapping[str, Any]) -> Outcome:
    streamed = [message for message in answer.messages if isinstance(message, pb.StreamResponse)]
    warnings = [message.warning for message in streamed if message.HasField("warning")]
    chunks = [message.audio_chunk for message in answer.messages if message.audio_chunk.audio_data]
    actions = map(json.loads, answer.commands)
    end = streamed[-1].end if streamed and streamed[-1].HasField("end") else None
    return {
        "text": "".join(answer.texts),
        "texts": [text.strip() for text in answer.texts],
        "commands": [[action["command"], action["args"]] for action in actions],
        "warnings": [f"{warning.reason}: {warning.message}".replace("\n", " ") for warning in warnings],
        "reasons": [warning.reason for warning in warnings],
        "heeded": bool(answer.commands or warnings),
        "kinds": [kind for before, kind in pairwise(["", *answer.kinds]) if kind != before],
        "status": answer.code.name if answer.code else "",
        "reason": answer.reason,
        "error": answer.error,
        "details": answer.details,
        "field": answer.info.get("field", answer.info.get("limit", "")),
        "pushback": answer.pushback if "grpc-retry-pushback-ms" in answer.trailers else None,
        "end": pb.EndReason.Name(end.reason).removeprefix("END_REASON_") if end else "",
        "tokens": [end.input_tokens, end.output_tokens] if end else [],
        "session": answer.initial.get("x-session-id", ""),
        "rates": sorted({chunk.sample_rate for chunk in chunks}),
        "sound": _compared(answer.sound, recipe) if chunks else "none",
    }


def _compared(pcm: bytes, recipe: Mapping[str, Any]) -> str:
    """How *pcm* compares with the samples of the recipe."""
    wanted = tone(recipe)
    if pcm == wanted:
        return "exact"
    most = 2 if recipe.get("bits", 16) >= 16 else 256
    pairs = zip(array("h", pcm[: len(pcm) // 2 * 2]), array("h", wanted), strict=False)
    if len(pcm) == len(wanted) and all(abs(one - other) <= most for one, other in pairs):
        return "close"
    return f"{len(pcm)} bytes that are not the {len(wanted)} of the recipe"


async def command_line(told: Mapping[str, Any], folder: Path) -> Outcome:
    """Run ``stentor`` with ``args`` in a folder of its own; ``signals`` are sent when it listens. As for the installed
    command, modules of that folder do not come first (``-P``).
    """
    _write(told.get("files", {}), folder)
    async with upstream(told) as playing:
        given = {name: value.replace("{port}", str(playing.port)) for name, value in told.get("env", {}).items()}
        environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "COLUMNS": "200", **given}
        if "settings" in told:
            (folder / "settings.toml").write_text(settings_of(told, playing.url), encoding="utf-8")
        arguments = [argument.replace("{url}", playing.url) for argument in told["args"]]
        arguments = [argument.replace("{port}", str(playing.port)) for argument in arguments]
        with open(told.get("stdout", "/dev/null"), "w") as file:  # noqa: ASYNC230  (it is opened only)
            pipes = {"stdin": PIPE if "stdin" in told else DEVNULL, "stdout": file if "stdout" in told else PIPE}
            async with python("-P", "-m", "app.cli", *arguments, cwd=folder, env=environment, **pipes) as process:
                head = await _signalled(process, told.get("signals", ()))
                out, err = await process.communicate(told["stdin"].encode() if "stdin" in told else None)
        return {
            "exit": process.returncode,
            "stdout": (head + (out or b"")).decode("latin-1" if out and out.startswith(b"RIFF") else "utf-8"),
            "stderr": VARYING.sub("", err.decode()),
            "lines": err.decode().count("\n"),
            "json": _is_json(out or b""),
            "files": _sounds(folder),
            "said": _said([asked.body for asked in playing.asked if asked.body]),
            "asked": sum("messages" in asked.body for asked in playing.asked if asked.body),
        }


def _sounds(folder: Path) -> list[str]:
    return sorted(file.name for file in folder.glob("*.wav"))


def _is_json(out: bytes) -> bool:
    """Whether each line is a JSON object."""
    try:
        return all(isinstance(json.loads(line), dict) for line in out.splitlines())
    except ValueError:
        return False


async def _signalled(process: asyncio.subprocess.Process, names: Sequence[str]) -> bytes:
    if not names:
        return b""
    assert process.stdout is not None
    line = await process.stdout.readline()
    for name in names:
        process.send_signal(signal.Signals[name])
        await asyncio.sleep(0)
    return line


def check(seen: Outcome, right: Mapping[str, Any]) -> None:
    """Compare what the case tells. ``NAME_has`` and ``NAME_not``: texts that it must and must not hold; ``NAME_most``:
    its greatest length.
    """
    for key, value in right.items():
        name, _, how = key.partition("_")
        found = seen[name] if not how or isinstance(seen[name], str) else json.dumps(seen[name], ensure_ascii=False)
        match how:
            case "has":
                assert [part for part in value if part not in found] == [], f"{name}: {found}"
            case "not":
                assert [part for part in value if part in found] == [], f"{name}: {found}"
            case "most":
                assert len(found) <= value, f"{name}: {found}"
            case _:
                assert found == value, f"{name}: {found}, not {value}"
