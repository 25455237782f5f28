"""Finds quotes and brackets that are still open, and the ends of Chinese and Japanese sentences in quotes."""

import re

_PAIRS = (("「", "」"), ("『", "』"), ("“", "”"), ("（", "）"), ("《", "》"), ("【", "】"))
_BRACKETS = (("(", ")"), ("[", "]"), ("«", "»"))
_JOINING = frozenset("とっなのをはがもにでかやへ的地得、，,。；;：")
_SAYS = re.compile(r"[^，。！？：；、“”「」\n\s]{0,12}[说說道问問喊答]")
_NEVER_SAYS = re.compile(r"[^，。！？：；、“”「」\n\s]{0,12}(?:[，。！？：；、“”「」\n\s]|.{13})")
"""A quote that opens the sentence goes with who says it."""
_SPEAKERS = frozenset("他她它我你您小老爸妈爷奶哥姐弟妹叔姑舅爹娘说問问道喊叫答想")


def open_quote(text: str, end: int) -> int:
    """Return where the quote or bracket began that is open at *end*; -1 if none is."""
    for opening, closing in _PAIRS:
        at = text.rfind(opening, 0, end)
        if at >= 0 and text.count(opening, 0, end) > text.count(closing, 0, end):
            return at
    if text.count('"', 0, end) % 2:
        return text.rfind('"', 0, end)
    return -1


def goes_on_after_quote(text: str, quote: int, at: int, following: int) -> bool | None:
    """Tell whether the sentence goes on behind a quote (opened at *quote*) that ended with the mark at *at*.

    *following* is the place of the first character behind the quote. None = too early to tell.
    """
    char = text[following]
    if char in _JOINING:
        return True
    if not text[:quote].strip():
        if char in _SPEAKERS or (text[at] in "？！" and char.isalpha()) or _SAYS.match(text, following):
            return True
        return False if _NEVER_SAYS.match(text, following) or text[quote] == "「" else None
    return text[:quote].rstrip()[-1:] not in ("：", ":", "。", "，")


def half_open(text: str) -> bool:
    """Tell whether a quote, a bracket or markup in *text* still waits for its end."""
    return (
        any(text.count(mark) % 2 for mark in ('"', "`", "**"))
        or any(text.count(opening) > text.count(closing) for opening, closing in _BRACKETS)
        or open_quote(text, len(text)) >= 0
    )
