"""The options of a model of an OpenAI-compatible server."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAIModelOptions:
    """The keys of the settings, and ``commands``.

    ``system_prompt``: None = the default one. ``{commands}`` in it is replaced by a description of the commands.
    ``commands``: the allowed ones, with the JSON Schema of their args, None = any object. Empty = any command.
    ``system_role``: "user" = the system text stands at the beginning of the first user message.
    ``reasoning_marks``: pairs of an opening and a closing mark; ``template_marks``: marks that are dropped alone.
    ``starts_in_reasoning``: an answer begins behind an opening mark.
    ``tools``: offer the commands as native tools.
    ``extra_body``: its keys replace those of the request. An empty table removes a key from the request, for servers
    that do not accept it (``stream_options = {}``).
    """

    base_url: str
    model: str
    api_key_env: str
    api_key_command: Sequence[str]
    api_key_seconds: float
    system_prompt: str | None
    system_role: str
    temperature: float | None
    max_tokens: int | None
    extra_headers: Mapping[str, str]
    extra_body: Mapping[str, Any]
    tools: bool
    reasoning_marks: Sequence[Sequence[str]]
    template_marks: Sequence[str]
    starts_in_reasoning: bool
    commands: Mapping[str, Schema | None]
    connect_timeout_seconds: float
    first_content_timeout_seconds: float
    stall_timeout_seconds: float
    total_timeout_seconds: float
    retries: int
    proxy: str
