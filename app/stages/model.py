"""Builds the language model and its fallback. Raises SettingsError for settings that cannot be used."""

from pathlib import Path
from typing import TYPE_CHECKING, Any, assert_never

from app.settings.load import SettingsError
from app.settings.stages import (
    CustomSettings,
    DemoModelSettings,
    JsonCommandsSettings,
    ModelSettings,
    OpenAIModelSettings,
)
from app.stages import custom, shapes
from app.stages.options import options
from pipeline.llm.custom import CustomModel
from pipeline.llm.demo import DemoModel, DemoModelOptions
from pipeline.llm.engines import Engine
from pipeline.llm.fallback import WithFallback

if TYPE_CHECKING:
    from pipeline.llm.openai.model import OpenAIModel


def model(table: ModelSettings, folder: Path, commands: Any, key: str = "pipeline.llm") -> Engine:
    """Build the model of the table at *key*. *commands*: the table of the commands, which the model is told of."""
    match table:
        case DemoModelSettings():
            return DemoModel(options(DemoModelOptions, table))
        case OpenAIModelSettings():
            first = openai_model(table, folder, commands, key)
            if table.fallback is None:
                return first
            return WithFallback(first, model(table.fallback, folder, commands, f"{key}.fallback"), table.model)
        case CustomSettings():
            return CustomModel(custom.build(table, folder, key, shapes.MODEL))
        case _:
            assert_never(table)


def openai_model(table: OpenAIModelSettings, folder: Path, commands: Any, key: str = "pipeline.llm") -> "OpenAIModel":
    """Build the model of a server, without its fallback."""
    from pipeline.llm.openai.model import OpenAIModel  # imports aiohttp, which takes a while
    from pipeline.llm.openai.options import OpenAIModelOptions

    prompt = table.system_prompt
    if table.system_prompt_file is not None:
        prompt = _text(folder / table.system_prompt_file, f"{key}.system_prompt_file")
    try:
        return OpenAIModel(options(OpenAIModelOptions, table, system_prompt=prompt, commands=_known(commands)))
    except ValueError as error:
        raise SettingsError(f"{key}.{error}") from None


def _known(commands: Any) -> dict[str, Any]:
    """Return the allowed commands with their schemas. A custom commands stage tells none."""
    if not isinstance(commands, JsonCommandsSettings):
        return {}
    return {name: commands.schemas.get(name) for name in commands.allow or commands.schemas}


def _text(file: Path, key: str) -> str:
    try:
        return file.read_text(encoding="utf-8-sig")  # some editors begin a file with a mark
    except OSError:
        raise SettingsError(f"{key}: there is no readable file {file}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{key}: {file} is not UTF-8") from None
