"""Find the blocks of code in an answer whose sentences come one after the other.

The sentences, joined, are the text of the answer, so a line may begin in one of them and end in the next.
"""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

_FENCE = re.compile(r"(?P<marks>`{3,}|~{3,})(?:(?P<label>[^\s`]+)[^`\n]*|\s*)")
_BEHIND_PROSE = re.compile(r"(?P<before>[^`]*(?:[^`\s]|:))\s*(?P<marks>`{3,})(?P<label>[A-Za-z][\w+#.-]*)?\s*")
"""A fence that opens behind prose: a slip, but a frequent one. Without a label only a colon shows that it is one."""
_BEHIND_CODE = re.compile(r"[^`]*[^`\s]\s*(`{3,})\s*")
_QUOTED = re.compile(r"\s*(?:>\s?)*")
_LIST_ITEM = re.compile(r"\s*(?:[-*+•]|\d{1,3}[.)])\s")
_INDENTED = re.compile(r" {4,}|\t")
_LIKE_CODE = re.compile(r"[(){}\[\];=<>$#|\\]|\w\.\w|:\s*$|^\s*(?:import|from|return|def|class|npm|pip|git|cd|sudo) ")
_NESTING = frozenset({"markdown", "md", "mdx"})
_DEEPER = 3
"""So many columns may a closing fence be further in than its opening one."""


@dataclass(frozen=True, slots=True)
class Head:
    """Here a block is announced. *name*: of its language, as it is said; "" = not told."""

    name: str


@dataclass(frozen=True, slots=True)
class Tail:
    """Here a block ends that has so many lines."""

    lines: int


Part = str | Head | Tail
"""``str`` is prose."""


@dataclass(slots=True)
class _Block:
    """A block that is open. *marks*: those of its fence, "" where it is only indented.

    *blank*: blank lines at its end, which do not count if it is only indented. *code*: its pieces that are not blank,
    which count where a custom segmenter leaves line breaks out.
    """

    marks: str = ""
    label: str = ""
    column: int = 0
    depth: int = 1
    lines: int = 0
    blank: int = 0
    code: int = 0
    announced: bool = False


class CodeBlocks:
    """The blocks of one answer. A blank block is none."""

    def __init__(self) -> None:
        self._block: _Block | None = None
        self._is_blank = True  # the line so far
        self._after_blank = True
        self._in_list = False

    @property
    def open(self) -> bool:
        """Whether the answer stands within a block."""
        return self._block is not None

    def parts(self, text: str, waits: bool) -> list[Part]:
        """Return what is to be said of *text*, the next sentence: prose and marks of blocks, no code.

        A block is announced at its end, when its lines are known. Where the listener *waits* in silence before that,
        its head is said.
        """
        out: list[Part] = []
        for number, piece in enumerate(text.rstrip().split("\n")):
            self._is_blank = self._is_blank or number > 0 or _FENCE.fullmatch(piece) is not None
            out += self._piece(piece, begins=self._is_blank, is_new=number > 0)
            self._is_blank = self._is_blank and not piece.strip()
        block = self._block
        if block is not None and waits and not block.announced:
            block.announced = True
            out.append(Head(_name(block.label)))
        return out

    def end(self) -> list[Part]:
        """Return what is to be said when the answer is over, or when no more of the model's text comes."""
        return list(self._close())

    def _piece(self, piece: str, begins: bool, is_new: bool) -> Iterator[Part]:
        """Take in a line (*begins*), or the rest of one whose beginning was in an earlier sentence."""
        block = self._block
        if block is None:
            yield from self._prose(piece, begins)
        elif block.marks:
            yield from self._code(block, piece, begins, is_new)
        else:
            yield from self._indented(block, piece, begins, is_new)

    def _prose(self, piece: str, begins: bool) -> Iterator[Part]:
        column = _column(piece)
        fence = _FENCE.fullmatch(piece, column) if begins else None
        if fence:
            self._block = _Block(fence["marks"], fence["label"] or "", column)
        elif slip := _slip(piece):
            self._block = _Block(slip["marks"], slip["label"] or "")
            yield slip["before"]
        elif begins and self._after_blank and not self._in_list and _is_indented_code(piece):
            self._block = _Block(lines=1, code=1)
        else:
            self._note(piece, begins)
            yield piece

    def _note(self, piece: str, begins: bool) -> None:
        """Note what the next line needs to know of this one."""
        is_blank = not piece.strip()
        self._after_blank = is_blank and begins
        if begins and not is_blank and not piece[0].isspace():
            self._in_list = _LIST_ITEM.match(piece) is not None

    def _indented(self, block: _Block, piece: str, begins: bool, is_new: bool) -> Iterator[Part]:
        if not piece.strip():
            block.blank += is_new
        elif begins and not _INDENTED.match(piece):
            yield from self._close()
            yield from self._prose(piece, begins)
        else:
            block.lines += block.blank + is_new
            block.blank = 0

    def _code(self, block: _Block, piece: str, begins: bool, is_new: bool) -> Iterator[Part]:
        column = _column(piece)
        fence = _FENCE.fullmatch(piece, column) if begins else None
        last = None if fence or block.marks[0] != "`" else _BEHIND_CODE.fullmatch(piece)
        if fence and not fence["label"] and _closes(fence["marks"], block.marks) and column <= block.column + _DEEPER:
            block.depth -= 1
            is_new = block.depth > 0
        elif fence and block.label.lower() in _NESTING and _closes(fence["marks"], block.marks):
            block.depth += 1
        elif last and len(last[1]) >= len(block.marks):
            block.depth = 0
        block.lines += is_new
        block.code += not fence and piece.strip() != ""
        if block.depth == 0:
            yield from self._close()

    def _close(self) -> Iterator[Part]:
        block, self._block = self._block, None
        self._after_blank = False
        if block is None or not block.code:
            return
        if not block.announced:
            yield Head(_name(block.label))
        yield Tail(block.lines or block.code)


def _column(piece: str) -> int:
    """Return where the text of a line begins, behind white space and the marks of a quotation."""
    quoted = _QUOTED.match(piece)
    return quoted.end() if quoted else 0


def _slip(piece: str) -> re.Match[str] | None:
    slip = _BEHIND_PROSE.fullmatch(piece) if "```" in piece else None
    return slip if slip and (slip["label"] or slip["before"].endswith(":")) else None


def _is_indented_code(piece: str) -> bool:
    return bool(_INDENTED.match(piece) and _LIKE_CODE.search(piece) and not _LIST_ITEM.match(piece))


def _closes(marks: str, opening: str) -> bool:
    return marks[0] == opening[0] and len(marks) >= len(opening)


@cache
def _names() -> dict[str, str]:
    names: dict[str, str] = tomllib.loads((files(__package__) / "code.toml").read_text("utf-8"))["names"]
    return names


def _name(label: str) -> str:
    """Return the name of the language that a label means, as it is said; "" for a label that means none."""
    word = label.strip("{}.").lower()
    return _names().get(word, word if word.isalpha() else "")
