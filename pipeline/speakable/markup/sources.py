"""Leave out the marks that point to sources, "[1]" and the like, but no number that a sentence needs."""

import re

from pipeline.speakable.language import vocabulary

_PRIVATE = re.compile(r"\s?\ue200[^\ue200\ue201]{0,400}\ue201|[\ue200-\ue206]")
_LENTICULAR = re.compile(r"\s?【\^?\d{1,4}(?::\d{1,4})?\^?(?:†[^【】]{0,120})?】")
_PRODUCT = re.compile(
    r"\s?:?contentReference\[oaicite:\d{1,4}\](?:\{index=\d{1,4}\})?|\s?\[oaicite:\d{1,4}\]|\[cite_start\]"
    r"|\s?\[oai_citation:\d{1,4}[^\[\]]{0,200}\](?:\([^\s()]{0,400}\))?"
)
_NAMED = re.compile(
    r"\s?\[(?:cite|citation|source|sources|ref|refs|doc|web|источники?|ист\.)s?[\s:_#]{0,3}\d{1,4}(?:[:,;\s]{1,2}\d{1,4}){0,20}\]",
    re.IGNORECASE,
)
_NUMBERS = r"\[\^?\d{1,3}(?:\s?[,;–-]\s?\d{1,3}){0,9}\^?\]"
_ADDRESS = r"(?:\(\s?(?:https?://|www\.|#)[^\s()]{0,400}\))"
_MARK = rf"(?:\[{_NUMBERS}\]{_ADDRESS}?|{_NUMBERS}{_ADDRESS}?)"
_BARE = re.compile(r"(?<=[.!?…])\s?\[(?:sources?|refs?|citation|источник)\]", re.IGNORECASE)
_MARKS = re.compile(rf"(?P<space>\s?)\^?{_MARK}\^?(?P<more>(?:\s?[,–-]?\s?{_MARK})*)")
_IN_BRACKETS = re.compile(
    rf"\s?\((?:(?:sources?|refs?|references?|see|via|источники?|ист|см)[.:]{{0,2}}\s?)?{_MARK}(?:[,;]?\s?(?:and\s|и\s)?{_MARK})*\)",
    re.IGNORECASE,
)
_LINKED = re.compile(
    r"\s?\(?\[{1,2}(?:sources?|ref|link|citation|источник|ссылка)\]{1,2}\((?:https?://|www\.)[^\s()]{0,400}\)\)?(?=[.,;:!?]|\s*$)",
    re.IGNORECASE,
)
_RAISED = re.compile(
    r"(?<=[.!?…»”])[\u00b9\u00b2\u00b3\u2070-\u2079]+(?=\s|$)|(?<=[^\W\d_]{4})[\u00b9\u2074-\u2079](?=[\s.,;:!?)]|$)"
    r"|\s?\u207d[\u00b9\u00b2\u00b3\u2070-\u2079]+\u207e"
)
_RAISED_TAG = re.compile(r"<sup>\s?\[[^<>]{0,40}\]\s?</sup>|(?<=[.!?…])<sup>\d{1,3}</sup>", re.IGNORECASE)

_WORDS = vocabulary("markup")
_ASKS = re.compile(
    rf"\W*(?:(?:{'|'.join(sorted(_WORDS['asks']))})\b|{'|'.join(sorted(_WORDS['stems_that_ask']))})", re.IGNORECASE
)
"""A sentence that asks to do something: "play track [3]" names the third track."""
_CLAUSE = re.compile(r"[.!?;:]\s")
_FEW = 3
"""A clause of fewer words may end with a number that it needs."""
_RANGE = re.compile(r"\d\s?[–-]\s?\d")
_CALL = re.compile(r"\w\([^()]*\)\Z")
_WORD = re.compile(r"[^\W\d_]+\Z")
_STEM = re.compile("|".join(sorted(_WORDS["stems_that_want_more"])))


def without_sources(text: str) -> str:
    """Return *text* without the marks of sources."""
    if max(text, default="") >= "\ue200" and "\ue200" in text:
        text = _PRIVATE.sub("", text)
    if "【" in text:
        text = _LENTICULAR.sub("", text)
    if "sup>" in text:
        text = _RAISED_TAG.sub("", text)
    if not text.isascii():
        text = _RAISED.sub("", text)
    if "[" not in text or "]" not in text:
        return text
    for pattern in (_PRODUCT, _NAMED, _IN_BRACKETS, _LINKED, _BARE):
        text = pattern.sub("", text)
    return _MARKS.sub(_shown, text)


def without_leading_sources(text: str) -> str:
    """Return *text*, which goes on behind a sentence on the same line, without the marks that belong to that one."""
    lead = _MARKS.match(text)
    if lead is None or "\n" in lead[0]:
        return text
    rest = text[lead.end() :]
    return rest if not rest or rest[0].isspace() else text


def _shown(m: re.Match[str]) -> str:
    """Return "" for the marks of sources, and other brackets as they are."""
    text = m.string
    before, after = text[m.start() - 1 : m.start()], text[m.end() : m.end() + 1]
    if not before or not _may_end(after) or "[0" in m[0] or (" = " in text and not m["space"]):
        return m[0]
    if m[0].lstrip().startswith("^"):
        return ""
    is_mark = _ends_word(m, after) if before.isalpha() else _ends_something(m, before)
    return "" if is_mark else m[0]


def _ends_word(m: re.Match[str], after: str) -> bool:
    """Whether a mark behind a word points to a source, be it glued to the word or not."""
    text = m.string
    word = _WORD.search(text, max(0, m.start() - 32), m.start())
    name = word[0] if word else ""
    if not m["space"]:
        return len(name) > 2 and name.lower() not in _WORDS["arrays"] and (name[1:].islower() or name.isupper())
    if _is_asked_for(text, name):
        return False
    is_sure = m["more"] or "](" in m[0]  # one of several, or a link
    return bool(is_sure) or not (after.isspace() or _RANGE.search(m[0]) or _is_needed(text[: m.start()]))


def _ends_something(m: re.Match[str], before: str) -> bool:
    """Whether the sign in front of a mark ends what the mark is about. "stay, [2] go" and "f(x)[1]" are none."""
    text = m.string
    if m["space"]:
        is_last = not text[m.end() : m.end() + 1].isspace()
        return before in ".!?…" or bool(m["more"]) or (is_last and (before.isdigit() or before in '"»”’)%*'))
    return before in '.!?…,;"»”’%*' or (before == ")" and not _CALL.search(text, max(0, m.start() - 64), m.start()))


def _is_asked_for(text: str, name: str) -> bool:
    """Whether the word *name* wants a number behind it, or *text* asks to do something with it: "step [1]"."""
    name = name.lower()
    wants = name in _WORDS["wants_more"] or name.removesuffix("s") in _WORDS["wants_more"]
    return wants or bool(_STEM.match(name) or _ASKS.match(text))


def _is_needed(before: str) -> bool:
    """Whether the clause *before* a number may need it: "I take [1]". One that has a number needs no other."""
    clause = _CLAUSE.split(before[-120:])[-1]
    return len(clause.split()) < _FEW and not any(map(str.isdigit, clause))


def _may_end(after: str) -> bool:
    return not after or after.isspace() or after in ".,;:!?…)»”\"'—–*_"
