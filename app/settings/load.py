"""Loads the settings from a TOML file and the environment, and says in one line why they can't be used.

Environment values (``STENTOR__LIMITS__MAX_CONCURRENT_STREAMS=2``) are read as TOML values (``true``, ``2``, ``["a"]``);
any other value is text.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from app.settings.tables import STAGES, Settings

PREFIX = "STENTOR__"
FILE_VARIABLE = "STENTOR_SETTINGS"
DEFAULT_FILE = "settings.toml"

UNIONS = (*STAGES, "auth", "fallback")
"""The keys whose table's ``kind`` picks its class."""

WORDS = {
    "model_type": "must be a table",
    "model_attributes_type": "must be a table",
    "dict_type": "must be a table",
    "union_tag_not_found": "kind: must be set",
    "missing": "must be set",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "string_type": "must be text, in quotes",
}
"""What we say for an error of pydantic's, by its type."""

Table = dict[str, Any]
Path_ = tuple[str, ...]


class SettingsError(Exception):
    """The settings cannot be used. Each argument is one line that names a key and what is allowed."""

    def __str__(self) -> str:
        return "\n".join(map(str, self.args))


def load(path: str | None, environment: Mapping[str, str], options: Mapping[Path_, Any] | None = None) -> Settings:
    """Load the file *path*, else ``$STENTOR_SETTINGS``, else ``./settings.toml`` if there is one, else the defaults.

    *options* are the values of the command line by key, such as ``("server", "port")`` for ``--port``; None = not
    given. They have the last word. Raise SettingsError for anything that is not exactly right.
    """
    file = _find(path, environment)
    table = _read(file) if file else {}
    overrides = dict(_overrides(environment))
    names = {keys: PREFIX + "__".join(keys).upper() for keys in overrides}
    for keys, value in (options or {}).items():
        if value is not None:
            overrides[keys], names[keys] = value, f"--{keys[-1]}"
    for keys, value in overrides.items():
        _put(table, keys, value)
    try:
        settings = Settings.model_validate(table)
    except ValidationError as error:
        lines = {_keys(each): _say(each, file, names) for each in reversed(error.errors())}
        raise SettingsError(*reversed(lines.values())) from None
    settings._file = file
    return settings


def _find(path: str | None, environment: Mapping[str, str]) -> Path | None:
    for name, source in ((path, "--settings"), (environment.get(FILE_VARIABLE), FILE_VARIABLE)):
        if name:
            if not os.path.exists(name):
                raise SettingsError(f"{source}: there is no file {name}")
            return Path(name)
    # A broken link counts too, and so does a folder, which a container makes of a file that is missing.
    return Path(DEFAULT_FILE) if os.path.lexists(DEFAULT_FILE) else None


def _read(file: Path) -> Table:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))  # some editors begin a file with a mark
    except (ValueError, RecursionError, OSError) as error:
        raise SettingsError(f"{file}: not readable as TOML: {error}") from None


def _overrides(environment: Mapping[str, str]) -> Iterator[tuple[Path_, Any]]:
    """Read the variables, ``kind`` first: it starts its table anew (see _put), and must not wipe out the other keys."""
    names = [name for name in environment if name.startswith(PREFIX)]
    for name in sorted(names, key=lambda name: (not name.endswith("__KIND"), name)):
        yield tuple(name.removeprefix(PREFIX).lower().split("__")), _value(environment[name])


def _value(raw: str) -> Any:
    try:
        return tomllib.loads(f"value = {raw}")["value"]
    except (ValueError, RecursionError):
        return {"true": True, "false": False}.get(raw.strip().lower(), raw)  # as most programs take them


def _put(table: Table, keys: Path_, value: Any) -> None:
    """Set one value. Another ``kind`` starts its table anew, since the other keys belong to the old kind. A value where
    a table should be stays, and is told.
    """
    *folders, last = keys
    for folder in folders:
        table = table.setdefault(folder, {})
        if not isinstance(table, dict):
            return
    if last == "kind" and table.get("kind", _default(keys)) != value:
        table.clear()
    table[last] = value


def _default(keys: Path_) -> Any:
    part: Any = Settings()
    for key in keys:
        part = getattr(part, key, None)
    return part


def _say(error: ErrorDetails, file: Path | None, names: Mapping[Path_, str]) -> str:
    """Tell an error in one line. *names* has the source of keys that the file did not set."""
    location, keys = _location(error), _keys(error)
    message = _message(error, keys, location)
    joint = "." if keys and re.match(r"[\w.]+: ", message) else ": " if keys else ""
    return f"{_source(keys, file, names)}: {'.'.join(keys)}{joint}{message}"


def _location(error: ErrorDetails) -> Path_:
    return tuple(str(part) for part in error["loc"])


def _keys(error: ErrorDetails) -> Path_:
    return _without_tags(_location(error))


def _message(error: ErrorDetails, keys: Path_, location: Path_) -> str:
    match error["type"]:
        case "extra_forbidden":
            return _unknown(keys[-1], location)
        case "union_tag_invalid":
            return f"kind: must be one of {error['ctx']['expected_tags']}"
        case "string_pattern_mismatch" if keys[-1] == "factory":
            return 'must be "package.module:Name"'
        case kind if kind in WORDS:
            return WORDS[kind]
        case _:
            return error["msg"].removeprefix("Value error, ").replace("Input should be", "must be")


def _source(keys: Path_, file: Path | None, names: Mapping[Path_, str]) -> str:
    for path, name in names.items():
        if keys and path[: len(keys)] == keys[: len(path)]:
            return name
    return str(file) if file else "settings"


def _without_tags(location: Path_) -> Path_:
    """Remove the kinds: pydantic puts one behind the key of its table, where nobody wrote it."""
    pairs = zip(("", *location), location, strict=False)
    return tuple(part for before, part in pairs if before not in UNIONS)


def _unknown(key: str, location: Path_) -> str:
    model: Any = Settings
    for part in location[:-1]:
        model = _inside(model, part)
    allowed = sorted(model.model_fields)
    near = difflib.get_close_matches(key, allowed, n=1)
    hint = f", did you mean {near[0]}?" if near else ""
    return f"unknown key{hint} (allowed: {', '.join(allowed)})"


def _inside(model: Any, part: str) -> Any:
    """Find the model behind a key, behind a number in a list, or behind a kind of a union."""
    if isinstance(model, type) and issubclass(model, BaseModel):
        return model.model_fields[part].annotation
    models = models_in(model)
    return models[0] if part.isdigit() else next(each for each in models if each.model_fields["kind"].default == part)


def models_in(annotation: Any) -> list[type[BaseModel]]:
    """List the models of an annotation, however deep: those of a union, a list or a table."""
    if inner := get_args(annotation):
        return [model for part in inner for model in models_in(part)]
    return [annotation] if isinstance(annotation, type) and issubclass(annotation, BaseModel) else []
