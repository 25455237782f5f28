"""The sentences of a stream of prose. This module knows marks, nothing of JSON.

A line break is judged at once, a mark when the first letter behind it is there; behind some abbreviations the first
word decides. Each character is searched once, and only the open sentence is kept.
"""

import re

from pipeline.languages import LanguageTeller
from pipeline.segmenter.sentences.breaths import breath
from pipeline.segmenter.sentences.clauses import best_cut
from pipeline.segmenter.sentences.items import number_of
from pipeline.segmenter.sentences.lookahead import LOOK, NO_CUT, UNDECIDED, is_end, judge
from pipeline.segmenter.sentences.mark import Past
from pipeline.segmenter.sentences.marks import FACE, MARK, MARK_OR_FACE, NEWLINE, NEWLINES, TYPED_FACE

_MARKS = re.compile(r"[.…!?]+")
_SPACE = re.compile(r"\s")
_LONGEST_WORD = 4096
_OPENING = re.compile(r"(?:\A[\s>]*(?:`{3,}|~{3,})[^`~]*|:\s*`{3,}[\w+#-]*|\s`{3,}[\w+#-]+)\Z")
_CLOSING = re.compile(r"(?:`{3,}|~{3,})\s*\Z")
"""The end of a line that opens a block of code, and of one that closes it."""


class Boundaries:
    """Cuts prose into sentences, each with the white space before it.

    The sentences, joined, are the prose. Without ``release`` the cuts do not depend on how the prose was cut for
    ``feed``. A sentence has at most *max_chars* characters, unless a single word is longer; a word is cut at 4,096
    characters or ten times *max_chars*.
    """

    def __init__(self, *, max_chars: int) -> None:
        self._max_chars = max_chars
        self._lead: list[str] = []  # white space before the open sentence
        self._buf = ""  # the open sentence, without white space before it
        self._pos = 0  # the search goes on here
        self._waiting = False  # the mark at _pos can't be judged yet
        self._past = Past()
        self._leaves_rest = False  # the next cut stands within a sentence
        self._solid = False  # the open sentence is a single word and too long
        self._mark = MARK
        self._teller = LanguageTeller()

    def feed(self, text: str) -> list[str]:
        """Return the sentences that *text* completes."""
        if self._mark is MARK and not text.isascii() and FACE.search(text):
            self._mark = MARK_OR_FACE
        if not self._buf:
            body = text.lstrip()
            if len(body) < len(text):
                self._lead.append(text[: len(text) - len(body)])
            text = body
        self._buf += text
        if self._mark is MARK and TYPED_FACE.search(self._buf, len(self._buf) - len(text)):
            self._mark = MARK_OR_FACE
        self._waiting = False
        out: list[str] = []
        while (cut := self._next_cut()) > NO_CUT:
            out.append(self._take(cut))
        return out

    def interrupt(self) -> list[str]:
        """Return the open sentence: the next text is no prose. White space behind it goes before the next sentence."""
        out = self._settle()
        if body := self._buf.rstrip():
            out.append(self._take(len(body)))
        self._past = Past(item=self._past.item, in_code=self._past.in_code)
        return out

    def flush(self) -> list[str]:
        """Return all that is left, white space behind it too."""
        out = self._settle()
        rest = "".join(self._lead) + self._buf
        return [*out, rest] if rest else out

    def release(self, *, doubtful: bool = False) -> list[str]:
        """Return the open sentence if it has ended as far as can be told now.

        *doubtful*: it may also end in a number, a single letter or an abbreviation. If it goes on after all, the rest
        is a sentence of its own.
        """
        if not self._waiting:
            return []
        end = is_end(self._buf, self._pos, self._teller, self._past, doubtful=doubtful)
        if end == NO_CUT:
            return []
        self._leaves_rest = doubtful
        return [self._take(end)]

    def clause(self) -> list[str]:
        """Return the open sentence up to its last clause, or to its last word but one, whatever may follow."""
        cut = best_cut(self._buf, len(self._buf.rstrip()) - 1) if self._buf.strip() else 0
        if cut == 0:
            return []
        self._leaves_rest = True
        return [self._take(cut)]

    def breath(self) -> list[str]:
        """Return the open sentence up to the last place where a speaker would breathe, if there is any."""
        cut = 0 if self._waiting else breath(self._buf)  # what may have ended is no clause
        if cut == 0:
            return []
        self._leaves_rest = True
        return [self._take(cut)]

    def _next_cut(self) -> int:
        """Return the end of the open sentence; ``NO_CUT`` or ``UNDECIDED`` if it has not come."""
        buf, pos = self._buf, self._pos
        pattern = NEWLINE if self._past.in_code else self._mark
        while mark := pattern.search(buf, pos):
            at = mark.start()
            if at > self._max_chars:
                break
            cut = judge(buf, at, self._teller, self._past)
            if cut > NO_CUT:
                return cut
            if cut == UNDECIDED:
                self._pos = at
                self._waiting = True
                return cut
            pos = self._after_mark(at)
        if len(buf) > self._max_chars:
            return self._long_cut(pos)
        self._pos = len(buf)
        return NO_CUT

    def _settle(self) -> list[str]:
        """Return the sentences that end because no more letters come."""
        out: list[str] = []
        while self._waiting and (cut := judge(f"{self._buf}\n", self._pos, self._teller, self._past)) > NO_CUT:
            if not self._buf[cut:].strip():
                break
            out.append(self._take(cut))
            self._next_cut()
        return out

    def _after_mark(self, at: int) -> int:
        """Return where the search goes on behind a mark that ended nothing. Marks that stand together are one."""
        if self._buf[at] in NEWLINES:
            return at + 1
        marks = _MARKS.match(self._buf, at, at + LOOK)
        return marks.end() if marks else at + 1

    def _take(self, cut: int) -> str:
        """Return the open sentence up to *cut*, and open the one behind it."""
        sentence = "".join(self._lead) + self._buf[:cut]
        self._teller.end(self._buf, cut)
        rest = self._buf[cut:]
        self._buf = rest.lstrip()
        self._lead = [rest[: len(rest) - len(self._buf)]]
        self._pos = 0
        item = number_of(sentence) or self._past.item
        self._past = Past(is_open=self._leaves_rest, item=item, in_code=self._stays_in_code(sentence))
        self._waiting = self._solid = self._leaves_rest = False
        return sentence

    def _stays_in_code(self, sentence: str) -> bool:
        """Tell whether a block of code is open behind *sentence*."""
        if self._past.in_code:
            return _CLOSING.search(sentence) is None
        return ("```" in sentence or "~~~" in sentence) and _OPENING.search(sentence) is not None

    def _long_cut(self, pos: int) -> int:
        """Return where to cut a sentence that is too long; ``NO_CUT`` while its last word has not ended."""
        cut = 0 if self._solid else best_cut(self._buf, self._max_chars)
        if cut == 0:
            space = _SPACE.search(self._buf, max(self._max_chars, pos))
            most = max(10 * self._max_chars, _LONGEST_WORD)
            if space is None and len(self._buf) <= most:
                self._solid = True
                self._pos = len(self._buf)
                return NO_CUT
            cut = min(space.start(), most) if space else most
        self._leaves_rest = True
        return cut
