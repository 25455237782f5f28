"""Say a link by its text, a bare address by its host."""

import re

from pipeline.speakable.language import Language

URL = re.compile(r"(?<![\w/@])(?:(?:https?|ftp)://|www\.(?=[^\s.]+\.))[^\s<>\"'«»“”`|]+", re.IGNORECASE)
EMAIL = re.compile(
    r"(?<![\w.+-])(?:mailto:)?([\w+-]{1,64}(?:\.[\w+-]{1,64}){0,8})@((?:[\w-]{1,63}\.){1,8}[^\W\d_]{2,24})(?![\w@/]|:\S|-\w|\.\w)"
)
LINK = re.compile(
    r"!?\[([^\[\]]*)\]"
    r"\(\s*+<?([^\s()<>]*+(?:\([^\s()<>]*+\)[^\s()<>]*+)*+)>?(?:\s+(?:\"[^\"\n]*\"|'[^'\n]*'))?\s*+\)"
)
REFERENCE = re.compile(r"(?<![\w\])])!?\[((?=[^\[\]]*[^\W\d_])[^\[\]]*+)\]\[[^\[\]]*\]")
DEFINITION = re.compile(
    r"\[[^\[\]^][^\[\]]*\]:\s+<?(?:https?://|www\.|mailto:|/|#)[^\s<>]*>?(?:\s+(?:\"[^\"]*\"|'[^']*'|\([^()]*\)))?"
)
"""Where a reference leads to: [docs]: https://example.com "The manual"."""
TARGET = re.compile(r"\]\(\s?(?:[a-z]{2,10}:|www\.|/|#|\./)[^\s()]{0,2000}(?:\s+\"[^\"]*\")?\)")
"""The end of a link that began in another segment."""
NAME = re.compile(r"(?<![\w\])])!?\[(?=[^\W\d_]{2})(?=[^\[\]]*\Z)(?![^\[\]]*\))")
"""The beginning of a link that ends in another segment; [a, b) is an interval."""
FOOTNOTE = re.compile(r"\[\^[^\[\]\s]{1,40}\]:?")
AUTOLINK = re.compile(r"<((?:https?://|ftp://|www\.|mailto:)[^\s<>]+|[\w.+-]{1,64}@[\w.-]{1,255})>")
ADDRESS = re.compile(r"[:/#.]|^\w+$")
HOST = re.compile(r"(?:\w+://)?(?:[^\s/?#@]*@)?(?:www\.)?([^/?#]*)", re.IGNORECASE)


def without_links(text: str, language: Language) -> str:
    """Return *text* with links as their texts, bare addresses as "link to" their hosts, e-mail addresses read out.

    Footnote marks are dropped.
    """
    if DEFINITION.fullmatch(text):
        return ""
    if "[" in text:
        text = FOOTNOTE.sub("", text)
        text = LINK.sub(_link, text)
        text = REFERENCE.sub(r"\1", text)
    if "](" in text:
        text = TARGET.sub("", text)
    if "[" in text:
        text = NAME.sub("", text, 1)
    if "<" in text:
        text = AUTOLINK.sub(r"\1", text)
    if "://" in text or "www." in text.lower():
        text = URL.sub(lambda m: _address(m, language), text)
    if "@" in text and language.at:
        text = EMAIL.sub(lambda m: _email(m, language), text)
    return text


def _link(m: re.Match[str]) -> str:
    inside_a_word = m.start() and (m.string[m.start() - 1].isalnum() or m.string[m.start() - 1] in "_])")
    if inside_a_word and not re.search(r"[:/.]", m[2]):
        return m[0]  # list[i](x) calls a function
    return m[1] if m[1].strip() else m[2]


def _address(m: re.Match[str], language: Language) -> str:
    url = m[0].rstrip(".,;:!?…*_~'")
    while url.endswith((")", "]", "}")) and url.count(url[-1]) > url.count({")": "(", "]": "[", "}": "{"}[url[-1]]):
        url = url[:-1].rstrip(".,;:!?…*_~'")
    match = HOST.match(url)
    host = match[1] if match else ""
    if not any(map(str.isalnum, host)):
        return m[0]
    rest = m[0][len(url) :]
    word = language.link_word(m.string[max(0, m.start() - 24) : m.start()])
    return f"{word} {host}{rest}".lstrip()


def _email(m: re.Match[str], language: Language) -> str:
    dot = f" {language.dot} "
    return f"{m[1].replace('.', dot)} {language.at} {m[2].replace('.', dot)}"
