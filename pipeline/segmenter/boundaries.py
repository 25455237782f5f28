"""The sentences of a stream of prose. Knows languages and marks, nothing of JSON.

A mark is judged as soon as the first letter behind it is there, a line break at once; what can't be judged yet waits.
Each character is searched once, and nothing but the sentence that is open is kept.
"""

import re

from pipeline.segmenter.clauses import best_cut
from pipeline.segmenter.judging import LOOK, NO_CUT, UNDECIDED, Judge
from pipeline.segmenter.languages import LanguageTeller
from pipeline.segmenter.marks import FACE, FULL_STOPS, MARK, MARK_OR_FACE, NEWLINES

_MARKS = re.compile(r"[.…!?]+")
_SPACE = re.compile(r"\s")
_SPACES = re.compile(r"\s+")
_OVERLONG = 4096
_AT_ONCE = NEWLINES + FULL_STOPS
"""Marks that are judged with nothing behind them."""


class Boundaries:
    """Cuts prose into sentences, each with the white space that stood before it.

    All that ``feed`` and ``flush`` give, joined, is what was fed; without ``release`` the cuts do not depend on how
    the prose was cut for ``feed``. A sentence is at most *max_chars* long, unless a single word is longer (up to
    4,096 characters or ten times as much).
    """

    __slots__ = (
        *("_begun", "_buf", "_continued", "_judge", "_lead", "_mark", "_max_chars", "_overlong", "_pos", "_solid"),
        *("_start", "_teller", "_told", "_waiting"),
    )

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
        self._begun = False  # a sentence has gone out
        self._mark = MARK
        self._teller = LanguageTeller()
        self._judge = Judge(self._teller)

    def feed(self, text: str, quiet: str = "") -> list[str]:
        """The sentences that *text* completes. *quiet*: what came before it and has no mark."""
        if self._mark is MARK and not text.isascii() and FACE.search(text):
            self._mark = MARK_OR_FACE
        if quiet:
            text = quiet + text
        if not self._buf:
            body = text.lstrip()
            if len(body) < len(text):
                self._lead.append(text[: len(text) - len(body)])
            text = body
        self._buf += text
        return self._cut_all()

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

    @property
    def room(self) -> int:
        """How much text without a mark completes nothing for certain."""
        return 0 if self._waiting else max(0, self._max_chars - len(self._buf))

    @property
    def blank(self) -> bool:
        """Nothing but white space came so far."""
        return not (self._buf or self._begun)

    # Cutting

    def _cut_all(self) -> list[str]:
        out: list[str] = []
        buf, self._waiting = self._buf, False
        while True:
            found = self._mark.search(buf, self._pos)
            at = found.start() if found else len(buf)
            limit = self._start + self._max_chars
            if at > limit:
                if self._cut_long(limit, out):
                    continue
                break
            if found is None:
                self._pos = at
                break
            cut = self._judge_mark(buf, at)
            if cut == UNDECIDED:
                self._pos = at
                self._waiting = True
                break
            if cut == NO_CUT:
                self._pos = self._after_mark(at)
            else:
                out.append(self._take(cut))
                self._continued = False
        if self._start:
            self._compact()
        return out

    def _judge_mark(self, buf: str, at: int) -> int:
        if self._told < at:
            self._teller.read(buf[self._told : at])
            self._told = at
        behind = buf[at + 1 : at + 3]
        if (not behind or behind == " ") and buf[at] not in _AT_ONCE:
            return UNDECIDED
        return self._judge.judge(buf, self._start, at, continued=self._continued)

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
            self._teller.read(text[self._told : cut])
        sentence = "".join(self._lead) + text[start:cut]
        found = _SPACES.match(text, cut)
        gap = found.end() if found else cut
        self._lead = [text[cut:gap]] if gap > cut else []
        self._begun = True
        self._start = self._pos = self._told = gap
        self._waiting = self._solid = False
        return sentence

    def _compact(self) -> None:
        start, self._start = self._start, 0
        self._buf = self._buf[start:]
        self._pos -= start
        self._told -= start

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
