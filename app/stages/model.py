"""Builds the language model, and the one that stands in for it. A wrong one is a SettingsError."""

from pathlib import Path
from typing import Any, assert_never

from app.settings.load import SettingsError
from app.settings.stages import CustomSettings, DemoModelSettings, JsonCommandsSettings, OpenAIModelSettings
from app.stages import custom
from pipeline.interfaces import Model
from pipeline.llm import demo


def model(
    table: DemoModelSettings | OpenAIModelSettings | CustomSettings,
    folder: Path,
    commands: Any,
    key: str = "pipeline.llm",
) -> Model:
    """The model of the table at *key*. *commands*: the table of the commands, which the model is told of."""
    match table:
        case DemoModelSettings():
            return demo.DemoModel(reply=table.reply, delta_ms=table.delta_ms)
        case OpenAIModelSettings():
            return _openai_model(table, folder, commands, key)
        case CustomSettings():
            return custom.build(table, folder, key, ("stream",))  # type: ignore[no-any-return]
        case _:
            assert_never(table)


def _openai_model(table: OpenAIModelSettings, folder: Path, commands: Any, key: str) -> Model:
    from pipeline.llm.openai import model as openai

    values = table.model_dump(exclude={"kind", "system_prompt_file", "fallback"})
    if table.system_prompt_file is not None:
        values["system_prompt"] = _text(folder / table.system_prompt_file, f"{key}.system_prompt_file")
    if table.fallback is not None:
        values["fallback"] = model(table.fallback, folder, commands, f"{key}.fallback")
    try:
        return openai.OpenAIModel(**values, commands=_told(commands))
    except ValueError as error:
        raise SettingsError(f"{key}.{error}") from None


def _told(commands: Any) -> dict[str, Any]:
    """The allowed commands with their schemas; a commands stage of one's own tells nothing."""
    if not isinstance(commands, JsonCommandsSettings):
        return {}
    return {name: commands.schemas.get(name) for name in commands.allow or commands.schemas}


def _text(file: Path, key: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except OSError:
        raise SettingsError(f"{key}: there is no readable file {file}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{key}: {file} is not UTF-8") from None
