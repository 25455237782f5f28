"""The tables of docs/ are complete and true: reasons, fields, log lines and settings."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel

from app.service.statuses import TABLE
from app.settings.stages import CustomSettings, VoicedSettings
from app.settings.tables import STAGES, Limits, LinkSettings, Logging, Pipeline, Server, Settings
from protos import streaming_pb2 as pb
from tests.documents import DOCUMENTS, blocks, rows
from tests.processes import ROOT

CLIENTS, OPERATIONS = ROOT / "docs" / "clients.md", ROOT / "docs" / "operations.md"

FIELDS = {field.name for message in pb.DESCRIPTOR.message_types_by_name.values() for field in message.fields}

NOT_RAISED = {"UNSUPPORTED_PHASE", "STORE_UNAVAILABLE", "LEASE_LOST"}
"""Rows of the status table that no part of the server uses."""

LOGGED = re.compile(r'log\.(?:info|warning|error|exception)\("(.+?)"')


def test_reasons() -> None:
    """docs/clients.md has every reason with its status."""
    told = {(reason, cells[1]) for _, cells in rows(CLIENTS, "Reason") for reason in cells[0].split(", ")}
    raised = {(reason, row.code.name) for reason, row in TABLE.items() if reason not in NOT_RAISED}
    assert told == raised


def test_fields() -> None:
    """docs/clients.md has every field of the messages."""
    assert set(re.findall(r"`([\w.]+)`", CLIENTS.read_text())) >= FIELDS


def test_node() -> None:
    """The programs for Node use fields that exist."""
    programs = [text for language, text in blocks(CLIENTS) if language == "js"]
    assert programs
    assert set(re.findall(r"\b[a-z]+(?:_[a-z]+)+\b", "".join(programs))) <= FIELDS


def test_events() -> None:
    """docs/operations.md has every line that the server logs above DEBUG."""
    tables = "".join(line for line in OPERATIONS.read_text().splitlines() if line.startswith("|"))
    sources = (path for folder in ("app", "interceptors", "pipeline") for path in (ROOT / folder).rglob("*.py"))
    logged = {event for path in sources for event in LOGGED.findall(path.read_text())}
    assert logged
    assert logged <= set(re.findall(r"`(.+?)`", tables))


def test_keys() -> None:
    """The documents have every key of the settings with its default."""
    told = {}
    for heading, (key, default, *_) in (row for document in DOCUMENTS for row in rows(document, "Key")):
        section = re.search(r"`\[+([\w.]+)\]+`(?:.* `kind = \"(\w+)\"`)?", heading)
        assert section, heading
        told[f"{section[1]} {section[2] or ''} {key.strip('`')}"] = value(default)
    assert told == dict(keys())


def value(default: str) -> Any:
    """The default in a table: "required", "none", or TOML."""
    if default in ("required", "none"):
        return default
    return tomllib.loads("value = " + default.strip("`").replace("\\|", "|"))["value"]


def keys() -> Iterator[tuple[str, Any]]:
    sections = {"server": Server, "limits": Limits, "logging": Logging, "interceptors": LinkSettings}
    for section, model in sections.items():
        yield from keys_of(model, f"{section} ", set())
    yield from keys_of(Pipeline, "pipeline ", set(STAGES))
    yield from keys_of(VoicedSettings, "pipeline.tts ", set())
    for model in get_args(Settings.model_fields["auth"].annotation):
        yield from keys_of(model, f"auth {model.model_fields['kind'].default}", set())
    for stage in STAGES:
        for model in get_args(Pipeline.model_fields[stage].annotation):
            kind = model.model_fields["kind"].default
            if not issubclass(model, CustomSettings):
                common = set(VoicedSettings.model_fields) if issubclass(model, VoicedSettings) else set()
                yield from keys_of(model, f"pipeline.{stage} {kind}", common)


def keys_of(model: type[BaseModel], section: str, without: set[str]) -> Iterator[tuple[str, Any]]:
    for name, field in model.model_fields.items():
        if name not in {"kind", *without}:
            default = field.default.model_dump() if isinstance(field.default, BaseModel) else field.default
            yield f"{section} {name}", "required" if field.is_required() else "none" if default is None else default
