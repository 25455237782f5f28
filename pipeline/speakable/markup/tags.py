"""Remove the tags of HTML, but not those that the sentence is about."""

import re

SUPERSCRIPT = re.compile(r"<sup>(-?\d+)</sup>", re.IGNORECASE)
BREAK = re.compile(r"</?(?:br|p|div|li|tr|td|th|h[1-6]|hr)(?:\s[^<>]*)?/?>", re.IGNORECASE)
TAG = re.compile(
    r"</?(?:em|strong|del|ins|mark|su[bp]|span|ul|ol|code|pre|kbd|img|details|summary|table|t(?:head|body)|small|font"
    r"|cite|center|big|strike|blockquote|section|article|header|footer|fig(?:ure|caption)|abbr|q)"
    r"(?:\s[^<>]*)?/?>|</[abisu]>|(?<!\w)<(?:[bisu]|a\s[^<>]*)>(?=\S)",
    re.IGNORECASE,
)
"""Names of HTML only, so that ``Vec<String>`` and ``a < b`` stay. One-letter names do not count behind a word."""
IMAGE = re.compile(r"<img\s[^<>]*?\balt=(?:\"([^\"<>]*)\"|'([^'<>]*)')[^<>]*>", re.IGNORECASE)
COMMENT = re.compile(r"<!--(?:[^-]|-(?!->))*-->", re.DOTALL)
MENTION = re.compile(
    r"(?:(?<=\btag )|(?<=\btags )|(?<=\belement )|(?<=\bтег )|(?<=\bтега )|(?<=\bтеги )|(?<=\bтегом )|(?<=\bтеге ))"
    r"<(?P<behind>[A-Za-z]\w{0,15}) ?/?>|<(?P<before>[A-Za-z]\w{0,15}) ?/?>(?=\s(?:tags?|elements?|тег)\b)",
    re.IGNORECASE,
)
BEGUN_COMMENT = re.compile(r"^[^\S\n]*<!--(?!.*-->)", re.MULTILINE | re.DOTALL)
BLANK_LINE = re.compile(r"\s*?\n[^\S\n]*\n")
INLINE = re.compile(
    r"(?P<left>(?<!\S)[(\"'«“]?)<(?P<name>/?(?:em|strong|del|ins|mark|su[bp]|span|code|kbd|small|font|[abisu]))>"
    r"(?=[)\"'»”]?[,;:!?]?\s|[)\"'»”]?[.,;:!?]?$)",
    re.IGNORECASE,
)
"""A tag that stands alone like a word. It is one: "use <strong> for bold text"."""


def without_comments(text: str, is_inside: bool) -> tuple[str, bool]:
    """Return *text* without the comment that begins or ends in it, and whether one is open behind it.

    *is_inside*: one is open before it. One begins a line and ends with its paragraph, so that a sentence about comments
    does not silence what follows.
    """
    if is_inside and not BLANK_LINE.match(text):
        _, end, text = text.partition("-->")
        if not end:
            return "", True
    begins = BEGUN_COMMENT.search(text)
    return (text[: begins.start()], True) if begins else (text, False)


def without_tags(text: str) -> str:
    """Return *text* without its tags; one that stands alone behind or before a word is said by its name."""
    closed = text.rfind("-->") + 1  # behind it the search for the end of a comment would begin anew at each
    text = COMMENT.sub("", text[: closed + 2]) + text[closed + 2 :] if closed else text
    text = IMAGE.sub(lambda m: m[1] or m[2] or "", text)
    text = SUPERSCRIPT.sub(r"^\1", text)
    text = MENTION.sub(lambda m: m["behind"] or m["before"], text)
    text = INLINE.sub(_named, text)
    return TAG.sub("", BREAK.sub(" ", text))


def _named(m: re.Match[str]) -> str:
    return m["left"] + m["name"] if m.start() else m[0]
