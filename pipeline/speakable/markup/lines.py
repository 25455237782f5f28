"""Remove the marks of Markdown and HTML, and keep the text that they mark."""

import re
from html import unescape

from pipeline.speakable.language import Language
from pipeline.speakable.markup.emphasis import without_emphasis
from pipeline.speakable.markup.links import without_links

FENCE = re.compile(r"(?:`{3,}|~{3,})(?:[A-Za-z][\w+#.-]*)?", re.ASCII)
RULE = re.compile(r"([-*_=])(?:\s*+\1){2,}+")
LIST = r"[-*+•▪◦‣](?=\s)"
PREFIX = re.compile(rf"(?:(?:>(?=[\s>]|[^\W\d_])|#{{1,6}}(?=\s)|{LIST})\s*+)++")
HEADING = re.compile(r"#{1,6}\s")
CLOSING = re.compile(r"(?<=\s)#++$")
BOX = re.compile(r"\[([ xX])\]\s+(?=\S)")
BACKTICKS = re.compile("`+")
SUPERSCRIPT = re.compile(r"<sup>(-?\d+)</sup>", re.IGNORECASE)
BREAK = re.compile(r"</?(?:br|p|div|li|tr|td|th|h[1-6]|hr)(?:\s[^<>]*)?/?>", re.IGNORECASE)
TAG = re.compile(
    r"</?(?:em|strong|del|ins|mark|su[bp]|span|ul|ol|code|pre|kbd|img|details|summary|table|t(?:head|body)|small|font)"
    r"(?:\s[^<>]*)?/?>|</[abisu]>|(?<!\w)<(?:[bisu]|a\s[^<>]*)>(?=\S)",
    re.IGNORECASE,
)
"""Names of HTML only, so that ``Vec<String>`` and ``a < b`` stay. One-letter names do not count behind a word."""
COMMENT = re.compile(r"<!--[^<>]*-->")
ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,10}\d{0,2});")
ESCAPE = re.compile(r"\\([*_`#\[\]~|>])")
CELL = re.compile(r"(?<!\\)\|")
SEPARATOR = frozenset("|-: ")
YES = frozenset("✅✔✓☑")
NO = frozenset("❌✖✗✘☒")
VARIATION = "\ufe0f"


def without_markup(text: str, language: Language) -> str:
    """Return *text* on one line, without the marks of Markdown and HTML."""
    lines = (_line(line, language) for line in text.split("\n"))
    return " ".join(line for line in lines if line)


def _line(line: str, language: Language) -> str:
    if FENCE.fullmatch(line) or RULE.fullmatch(line) or _is_separator(line):
        return ""
    cells = _row(line, language)
    line = _block(line, language) if cells is None else cells
    if "`" in line:
        line = _without_backticks(line)
    line = without_links(line, language)
    if "<" in line:
        line = _without_tags(line)
    line = without_emphasis(line)
    if "&" in line:
        line = ENTITY.sub(lambda m: unescape(m[0]), line)
    return ESCAPE.sub(r"\1", line) if "\\" in line else line


def _is_separator(line: str) -> bool:
    """Whether *line* is the row of dashes below the head of a table."""
    return "|" in line and "--" in line and SEPARATOR.issuperset(line)


def _row(line: str, language: Language) -> str | None:
    """Return the cells of a table row, joined by commas; None if *line* is not a row.

    A check mark or a cross alone in a cell becomes yes or no, since it is all that the cell tells.
    """
    if len(line) < 3 or not (line.startswith("|") and line.endswith("|")):
        return None
    cells = CELL.split(line[1:-1])
    spaced = line.startswith("| ") and line.endswith(" |")
    if not spaced and (len(cells) < 2 or " |" in line or "| " in line):
        return None  # |x| is an absolute value
    return ", ".join(_cell(cell.strip(), language) for cell in cells if cell.strip())


def _cell(cell: str, language: Language) -> str:
    mark = cell.strip(VARIATION)
    if mark in YES:
        return language.yes or cell
    if mark in NO:
        return language.no or cell
    return cell


def _block(line: str, language: Language) -> str:
    """Return *line* without the marks of a heading, a quotation or a list item."""
    prefix = PREFIX.match(line)
    if prefix is None or prefix.end() == len(line):
        return line
    line = line[prefix.end() :]
    if HEADING.search(prefix[0]):
        line = CLOSING.sub("", line).rstrip() or line
    if prefix[0].rstrip()[-1] not in "#>" and (box := BOX.match(line)):
        word = language.not_done if box[1] == " " else language.done
        line = f"{word} {line[box.end() :]}".lstrip()
    return line


def _without_backticks(text: str) -> str:
    """Remove the backticks of code spans. A span ends at the next run of the same length (CommonMark 0.31, 6.1)."""
    runs = list(BACKTICKS.finditer(text))
    later: dict[int, int] = {}
    partner = [-1] * len(runs)
    for i in reversed(range(len(runs))):
        size = len(runs[i][0])
        partner[i] = later.get(size, -1)
        later[size] = i
    pieces, done, i = [], 0, 0
    while i < len(runs):
        if partner[i] < 0:
            i += 1
            continue
        first, last = runs[i], runs[partner[i]]
        pieces += [text[done : first.start()], text[first.end() : last.start()].strip()]
        done = last.end()
        i = partner[i] + 1
    return "".join(pieces) + text[done:]


def _without_tags(text: str) -> str:
    text = COMMENT.sub("", text)
    text = SUPERSCRIPT.sub(r"^\1", text)
    return TAG.sub("", BREAK.sub(" ", text))
