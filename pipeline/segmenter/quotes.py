"""Quotes and brackets that are still open, and Chinese and Japanese sentences in them."""

_PAIRS = (("「", "」"), ("『", "』"), ("“", "”"), ("（", "）"), ("《", "》"), ("【", "】"))
_BRACKETS = (("(", ")"), ("[", "]"), ("«", "»"))
_JOINING = frozenset("とっなのをはがもにでかやへ的地得、，,。；;：")
_SPEAKERS = frozenset("他她它我你您小老说問问道喊叫答想")


def open_quote(text: str, start: int, end: int) -> int:
    """Where the quote or bracket that is open at *end* began; -1 if none is."""
    for opening, closing in _PAIRS:
        at = text.rfind(opening, start, end)
        if at >= 0 and text.count(opening, start, end) > text.count(closing, start, end):
            return at
    if text.count('"', start, end) % 2:
        return text.rfind('"', start, end)
    return -1


def goes_on_after_quote(text: str, start: int, quote: int, following: int) -> bool:
    """Whether the sentence goes on behind a quote (opened at *quote*) that ended with a mark."""
    char = text[following]
    if char in _JOINING:
        return True
    if not text[start:quote].strip():
        return char in _SPEAKERS
    return text[:quote].rstrip()[-1:] not in ("：", ":", "。", "，")


def half_open(said: str) -> bool:
    """Whether a quote, a bracket or markup in *said* still waits for its end."""
    return (
        any(said.count(mark) % 2 for mark in ('"', "`", "**"))
        or any(said.count(opening) > said.count(closing) for opening, closing in _BRACKETS)
        or open_quote(said, 0, len(said)) >= 0
    )
