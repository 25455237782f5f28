"""The sentences of a stream of prose. Knows languages and marks, nothing of JSON.

A mark is judged as soon as the first letter behind it is there (behind some abbreviations the first word), a line break
at once; what can't be judged yet waits. Each character is searched once, and nothing but the sentence that is open is
kept.
"""

import re

from pipeline.languages import LanguageTeller
from pipeline.segmenter.sentences.clauses import best_cut
from pipeline.segmenter.sentences.lookahead import LOOK, NO_CUT, UNDECIDED, is_end, judge
from pipeline.segmenter.sentences.marks import FACE, MARK, MARK_OR_FACE, NEWLINES

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
        self._lead: list[str] = []  # white space before the open sentence
        self._buf = ""  # the open sentence; begins with no white space
        self._pos = 0  # where to search on
        self._waiting = False  # at _pos is a mark that can't be judged yet
        self._continued = False  # the open sentence is the rest of one that was too long
        self._solid = False  # the open sentence is one word so far, as long as a sentence may be
        self._mark = MARK
        self._teller = LanguageTeller()

    def feed(self, text: str) -> list[str]:
        """The sentences that *text* completes."""
        if self._mark is MARK and not text.isascii() and FACE.search(text):
            self._mark = MARK_OR_FACE
        if not self._buf:
            body = text.lstrip()
            if len(body) < len(text):
                self._lead.append(text[: len(text) - len(body)])
            text = body
        self._buf += text
        self._waiting = False
        out: list[str] = []
        while (cut := self._next_cut()) > NO_CUT:
            out.append(self._take(cut))
        return out

    def interrupt(self) -> list[str]:
        """The open sentence, because what follows is no prose. White space behind it goes before the next one."""
        body = self._buf.rstrip()
        out = [self._take(len(body))] if body else []
        self._continued = False
        return out

    def flush(self) -> list[str]:
        """All that is left, as it is, white space behind it too."""
        rest = "".join(self._lead) + self._buf
        self._lead, self._buf = [], ""
        self._pos = 0
        self._waiting = False
        return [rest] if rest else []

    def release(self) -> list[str]:
        """The open sentence, if it is at its end as far as can be told."""
        if not self._waiting:
            return []
        end = is_end(self._buf, self._pos, self._teller)
        return [] if end == NO_CUT else [self._take(end)]

    # Cutting

    def _next_cut(self) -> int:
        """The end of the open sentence; ``NO_CUT`` or ``UNDECIDED`` if it has not come."""
        buf, pos = self._buf, self._pos
        while found := self._mark.search(buf, pos):
            at = found.start()
            if at > self._max_chars:
                break
            cut = judge(buf, at, self._teller, continued=self._continued)
            if cut > NO_CUT:
                self._continued = False
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

    def _after_mark(self, at: int) -> int:
        """Where to search on behind a mark that ended nothing: marks that stand together are one."""
        if self._buf[at] in NEWLINES:
            return at + 1
        found = _MARKS.match(self._buf, at, at + LOOK)
        return found.end() if found else at + 1

    def _take(self, cut: int) -> str:
        """The open sentence up to *cut*; what stands behind it is the open one now."""
        sentence = "".join(self._lead) + self._buf[:cut]
        self._teller.end(self._buf, cut)
        rest = self._buf[cut:]
        self._buf = rest.lstrip()
        self._lead = [rest[: len(rest) - len(self._buf)]]
        self._pos = 0
        self._waiting = self._solid = False
        return sentence

    def _long_cut(self, pos: int) -> int:
        """Where to cut a sentence that is longer than allowed; ``NO_CUT`` = its last word has not ended yet."""
        cut = 0 if self._solid else best_cut(self._buf, self._max_chars)
        if cut == 0:
            found = _SPACE.search(self._buf, max(self._max_chars, pos))
            hard = max(10 * self._max_chars, _OVERLONG)
            if found is None and len(self._buf) <= hard:
                self._solid = True
                self._pos = len(self._buf)
                return NO_CUT
            cut = min(found.start(), hard) if found else hard
        self._continued = True
        return cut
