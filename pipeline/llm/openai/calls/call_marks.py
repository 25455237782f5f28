"""The marks between which models write calls into their text, and what ends them."""

import re
from collections.abc import Collection

_TAGS = ("tool_call", "tool_calls", "toolcall", "function_call", "function_calls", "tool_use", "tools", "function")
_PREFIXES = ("", "antml:", "minimax:", "seed:", "｜dsml｜", "｜｜dsml｜｜", "‖dsml‖", "|dsml|")

PAIRS = (
    *((f"<{prefix}{tag}>", f"</{prefix}{tag}>") for prefix in _PREFIXES for tag in _TAGS),
    ("<|tool_call>", "<tool_call|>"),
    ("<|tool_call|>", "<|/tool_call|>"),
    ("<|tool_call_start|>", "<|tool_call_end|>"),
    ("<|tool_calls_section_begin|>", "<|tool_calls_section_end|>"),
    ("<|tool_call_begin|>", "<|tool_call_end|>"),
    ("<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"),
    ("<｜tool▁call▁begin｜>", "<｜tool▁call▁end｜>"),
    ("<｜tool_calls_begin｜>", "<｜tool_calls_end｜>"),
    ("<start_function_call>", "<end_function_call>"),
    ("<|tools_prefix|>", "<|tools_suffix|>"),
    ("<|start_action|>", "<|end_action|>"),
    ("<|python_start|>", "<|python_end|>"),
    ("<|channel|>commentary", "<|call|>"),
    ("[tool_request]", "[end_tool_request]"),
    ("```tool_code", "```"),
    ("```tool_call", "```"),
    ("[tool_calls]", ""),
    ("<|python_tag|>", ""),
)
"""The marks around calls of Qwen and Hermes, Granite, Anthropic, MiniMax, Seed, Gemma, Phi, LFM, Kimi, DeepSeek, Step,
Apertus, Cohere, Llama, gpt-oss, LM Studio and Mistral, in lower case. Those without an end reach to the end
of the model's turn.
"""

_ENDS = dict(PAIRS)
_NAMED = r"<function=[\w.-]{1,64}>|<invoke name=\"[\w.-]{1,64}\">"
_HEADS = ("<function=", '<invoke name="')
_BEGUN = re.compile(r'(?:<function=|<invoke name=")[\w.-]{0,64}"?\Z', re.IGNORECASE)
_TURN_ENDS = r"<\|im_end\|>|<\|eot_id\|>|<\|eom_id\|>|<\|end\|>|<\|return\|>|</s>"


def bare(names: Collection[str]) -> str:
    """Return the pattern of marks that are a part of the call: one with a name in it, and a list of calls of *names* as
    Python writes it.
    """
    listed = "|".join(map(re.escape, names))
    return rf"{_NAMED}|\[(?:{listed})\(" if listed else _NAMED


def may_begin(text: str) -> bool:
    """Tell whether *text* may be the beginning of a mark with a name in it."""
    return any(head.startswith(text.lower()) for head in _HEADS) or _BEGUN.match(text) is not None


def end(mark: str) -> re.Pattern[str]:
    """Return the pattern that ends the call which *mark* opens."""
    mark = mark.lower()
    own = _ENDS.get(mark)
    if own is None and mark.startswith("["):
        return re.compile(r"(?<=\)\])")  # belongs to the call
    if own is None:
        own = "</function>" if mark.startswith("<function=") else "</invoke>"
    return re.compile("|".join((*filter(None, (re.escape(own),)), _TURN_ENDS)), re.IGNORECASE)
