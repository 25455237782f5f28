"""The heads of fences."""

import re

from pipeline.segmenter.zones.cursor import Cursor

HEAD = re.compile(r"`+(?P<space>[^\S\n]{0,8})(?P<label>[\w+#-]{0,32})[\s\[]{0,256}")
"""The head of a fence: its backticks, its label, and the white space before its first line."""
_LONGEST_HEAD = 300

LABELS = frozenset({"", "json", "jsonc", "json5", "jsonl", "ndjson"})
"""The labels of fences that may hold commands."""


def opens_with_object(head: re.Match[str], cursor: Cursor) -> bool | None:
    """Tell whether the fence may hold commands and begins with an object. None = too early to tell."""
    length = head.end() - head.start()
    ends_with_label = head.end("label") == head.end()
    if head.end() == len(cursor.text) and length < _LONGEST_HEAD and (_may_hold_commands(head) or ends_with_label):
        return None
    if not _may_hold_commands(head):
        return False
    first = cursor.opens_object(length)
    return None if first is None else first != ""


def is_code(head: re.Match[str]) -> bool:
    """Tell whether the fence is labelled as code of some language."""
    behind = head.string[head.end("label") : head.end("label") + 1]
    return not _may_hold_commands(head) and not head["space"] and behind.isspace()


def _may_hold_commands(head: re.Match[str]) -> bool:
    return head["label"].lower() in LABELS
