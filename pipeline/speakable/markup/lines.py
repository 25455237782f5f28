"""Remove the marks of Markdown and HTML, and keep the text that they mark."""

import re
from html import unescape

from pipeline.speakable.language import Language
from pipeline.speakable.markup.directions import without_directions
from pipeline.speakable.markup.emphasis import NONE_OPEN, Opened, without_emphasis
from pipeline.speakable.markup.links import without_links
from pipeline.speakable.markup.sources import without_sources
from pipeline.speakable.markup.tags import without_tags

FENCE = re.compile(r"(?:`{3,}|~{3,})(?:[A-Za-z][\w+#.-]*)?", re.ASCII)
RULE = re.compile(r"([-*_=])(?:\s*+\1){2,}+")
LIST = r"[-*+•▪◦‣●○■□▸►➤](?=\s)"
PREFIX = re.compile(rf"(?:(?:>(?=[\s>\[]|[^\W\d_])|#{{1,6}}(?=\s)|#{{2,6}}(?=[^\W\d_])|{LIST}|:(?=\s))\s*+)++")
HEADING = re.compile(r"[^#]*#{1,6}\s")
CLOSING = re.compile(r"(?<=\s)#++$")
BOX = re.compile(r"(?P<number>\d{1,3}[.)]\s+)?\[(?P<mark>[ xX])\]\s+(?=\S)")
BACKTICKS = re.compile("`+")
ENTITY = re.compile(r"&(?:#\d{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z]{2,10}\d{0,2});")
ALERT = re.compile(r"\[!([A-Za-z]{2,20})\]")
HARD_BREAK = re.compile(r"(?<=[^\s\\])\\$")
SPOILER = re.compile(r"(?<![|\w])\|\|(?=\S)([^|]+)(?<=\S)\|\|(?![|\w])")
ESCAPE = re.compile(r"\\([*_`#\[\]~|>])")
CELL = re.compile(r"(?<!\\)\|")
SEPARATOR = frozenset("|-: ")
YES = frozenset("✅✔✓☑")
NO = frozenset("❌✖✗✘☒")
VARIATION = "\ufe0f"


def without_markup(text: str, language: Language, opened: Opened = NONE_OPEN) -> str:
    """Return *text* on one line, without the marks of Markdown and HTML.

    *opened*: marks of bold and italic text that earlier segments have left open.
    """
    lines = (_line(line, language, opened) for line in text.split("\n"))
    return " ".join(line for line in lines if line)


def _line(line: str, language: Language, opened: Opened) -> str:
    if FENCE.fullmatch(line) or RULE.fullmatch(line) or _is_separator(line):
        return ""
    cells = _row(line, language)
    line = _block(HARD_BREAK.sub("", line), language) if cells is None else cells
    if "||" in line:
        line = SPOILER.sub(r"\1", line)
    if "`" in line:
        line = _without_backticks(line)
    line = without_links(without_sources(line), language)
    if "<" in line:
        line = without_tags(line)
    line = without_emphasis(without_directions(line), opened)
    if "&" in line:
        line = ENTITY.sub(lambda m: unescape(m[0]), line)
    return ESCAPE.sub(r"\1", line) if "\\" in line else line


def _is_separator(line: str) -> bool:
    """Whether *line* is the row of dashes below the head of a table."""
    return "|" in line and "-" in line and SEPARATOR.issuperset(line)


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
    marks = prefix[0].rstrip() if prefix and prefix.end() < len(line) else ""
    if prefix and marks:
        line = line[prefix.end() :]
    if HEADING.match(marks + " "):
        line = CLOSING.sub("", line).rstrip() or line
    if marks.endswith(">") and (alert := ALERT.match(line)):
        return _alert(alert, language)
    return line if marks.endswith(("#", ">")) else _task(line, language)


def _alert(alert: re.Match[str], language: Language) -> str:
    """Return a quotation with its kind in words; it is left out in a language whose words are not known."""
    kind = alert[1].lower()
    word = language.alerts.get(kind, kind if language.alerts else "")
    return " ".join(filter(None, (word and f"{word}:", alert.string[alert.end() :].strip())))


def _task(line: str, language: Language) -> str:
    """Return *line* with a box at its beginning in words."""
    box = BOX.match(line) if "[" in line else None
    if box is None:
        return line
    word = language.not_done if box["mark"] == " " else language.done
    return f"{box['number'] or ''}{word} {line[box.end() :]}".lstrip()


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
