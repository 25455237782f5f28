"""The sentences of a stream of prose. Knows languages and marks, nothing of JSON.

A mark is judged as soon as the first letter behind it is there, a line break at once; what can't be judged yet waits.
Each character is searched once, and nothing but the sentence that is open is kept.
"""

import re

from pipeline.segmenter.clauses import best_cut
from pipeline.segmenter.judging import LOOK, NO_CUT, UNDECIDED, Judge
from pipeline.segmenter.marks import FACE, MARK, MARK_OR_FACE, NEWLINES

_MARKS = re.compile(r"[.…!?]+")
_SPACE = re.compile(r"\s")
_OVERLONG = 4096


class Boundaries:
    """Cuts prose into sentences, each with the white space that stood before it.

    All that ``feed`` and ``flush`` give, joined, is what was fed; without ``release`` the cuts do not depend on how
    the prose was cut for ``feed``. A sentence is at most *max_chars* long, unless a single word is longer (up to
    4,096 characters or ten times as much).
    """

    def __init__(self, *, max_chars: int) -> None:
        self._max_chars = max_chars
        self._overlong = max(10 * max_chars, _OVERLONG)
        self._lead: list[str] = []  # white space before the open sentence
        self._buf = ""  # from _start on: the open sentence; begins with no white space
        self._start = 0
        self._pos = 0  # where to search on
        self._told = 0  # up to where the language has been read
        self._waiting = False  # at _pos is a mark that can't be judged yet
        self._continued = False  # the open sentence is the rest of one that was too long
        self._solid = False  # the open sentence is one word so far, as long as a sentence may be
        self._mark = MARK
        self._judge = Judge()

    def feed(self, text: str) -> list[str]:
        """The sentences that *text* completes."""
        if not self._buf:
            body = text.lstrip()
            if len(body) < len(text):
                self._lead.append(text[: len(text) - len(body)])
            text = body
        buf = self._buf = self._buf + text
        if not text.isascii() and self._mark is MARK and FACE.search(text):
            self._mark = MARK_OR_FACE
        if self._waiting or len(buf) > self._max_chars or self._mark.search(text):
            return self._cut_all()
        return []

    def interrupt(self) -> list[str]:
        """The open sentence, because what follows is no prose. White space behind it goes before the next one."""
        body = self._buf.rstrip()
        out = [self._take(len(body))] if body else []
        self._compact()
        self._continued = False
        return out

    def flush(self) -> list[str]:
        """All that is left, as it is, white space behind it too."""
        rest = "".join(self._lead) + self._buf
        self._lead, self._buf = [], ""
        self._pos = self._told = 0
        self._waiting = False
        return [rest] if rest else []

    def release(self) -> list[str]:
        """The open sentence, if it is at its end as far as can be told."""
        if not self._waiting:
            return []
        end = self._judge.is_end(self._buf, self._pos)
        if end == NO_CUT:
            return []
        out = [self._take(end)]
        self._compact()
        return out

    # Cutting

    def _cut_all(self) -> list[str]:
        out: list[str] = []
        self._waiting = False
        while True:
            found = self._mark.search(self._buf, self._pos)
            limit = self._start + self._max_chars
            if (found.start() if found else len(self._buf)) > limit:
                if not self._cut_long(limit, out):
                    break
                continue
            if found is None:
                self._pos = len(self._buf)
                break
            at = found.start()
            if self._told < at:
                self._judge.read(self._buf[self._told : at])
                self._told = at
            cut = self._judge.judge(self._buf, self._start, at, continued=self._continued)
            if cut == UNDECIDED:
                self._pos = at
                self._waiting = True
                break
            if cut == NO_CUT:
                self._pos = self._after_mark(at)
            else:
                out.append(self._take(cut))
                self._continued = False
        self._compact()
        return out

    def _after_mark(self, at: int) -> int:
        """Where to search on behind a mark that ended nothing: marks that stand together are one."""
        if self._buf[at] in NEWLINES:
            return at + 1
        found = _MARKS.match(self._buf, at, at + LOOK)
        return found.end() if found else at + 1

    def _take(self, cut: int) -> str:
        """The open sentence up to *cut*; what stands behind it is the open one now."""
        text, start = self._buf, self._start
        if self._told < cut:
            self._judge.read(text[self._told : cut])
        sentence = "".join(self._lead) + text[start:cut]
        gap = len(text) - len(text[cut:].lstrip()) if cut == len(text) or text[cut].isspace() else cut
        self._lead = [text[cut:gap]] if gap > cut else []
        self._start = self._pos = self._told = gap
        self._waiting = self._solid = False
        return sentence

    def _compact(self) -> None:
        if self._start:
            start = self._start
            self._buf = self._buf[start:]
            self._pos -= start
            self._told -= start
            self._start = 0

    def _cut_long(self, limit: int, out: list[str]) -> bool:
        """Cut a sentence that is longer than allowed; False = its last word has not ended yet."""
        cut = self._start if self._solid else best_cut(self._buf, self._start, limit)
        if cut == self._start:
            found = _SPACE.search(self._buf, max(limit, self._pos))
            hard = self._start + self._overlong
            if found is None and len(self._buf) <= hard:
                self._solid = True
                self._pos = len(self._buf)
                return False
            cut = min(found.start(), hard) if found else hard
        out.append(self._take(cut))
        self._continued = True
        return True
