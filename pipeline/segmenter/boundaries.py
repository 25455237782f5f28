"""The sentences of a stream of prose. Knows languages and marks, nothing of JSON.

A mark is judged as soon as the first letter behind it is there, a line break at once; what can't be judged yet waits. Each character is
searched once, and nothing but the sentence that is open is kept.
"""

from pipeline.segmenter.clauses import best_cut
from pipeline.segmenter.endings import Endings, Next, Spot, classify
from pipeline.segmenter.marks import (
    BARE_MARKER,
    FULL_STOPS,
    GAP,
    MARK,
    NEWLINES,
    OPENERS,
    SPEAKABLE,
    TAIL,
    TAIL_CUT,
    WIDE,
)
from pipeline.segmenter.quotes import goes_on_after_quote, open_quote

_LOOK = 256
"""Characters behind a mark that may be looked at; further on nothing changes the decision."""
_UNDECIDED = -1
_NO_CUT = 0
_LONGEST_QUOTE = 100
_OVERLONG = 4096


class Boundaries:
    """Cuts prose into sentences, each with the white space that stood before it.

    All that ``feed`` and ``flush`` give, joined, is what was fed; without ``release`` the cuts do not depend on how the prose was cut
    for ``feed``. A sentence is at most *max_chars* long, unless a single word is longer (up to 4,096 characters or ten times as much).
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
        self._endings = Endings()

    def feed(self, text: str) -> list[str]:
        """The sentences that *text* completes."""
        if not self._buf:
            body = text.lstrip()
            if len(body) < len(text):
                self._lead.append(text[: len(text) - len(body)])
            text = body
        self._buf += text
        if not self._waiting and len(self._buf) <= self._max_chars and not MARK.search(text):
            return []
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
        tail = TAIL.match(self._buf, self._pos)
        end = tail.end() if tail else self._pos
        if self._buf[end:].strip() or not SPEAKABLE.search(self._buf, 0, self._pos):
            return []
        spot = Spot(self._buf, 0, self._pos, end, "", "", Next.OTHER, True, False)
        if self._half_open(end) or not self._endings.certain(spot):
            return []
        out = [self._take(end)]
        self._compact()
        return out

    def _half_open(self, end: int) -> bool:
        """Whether a quote, bracket or markup in the open sentence still waits for its end."""
        said = self._buf[:end]
        return (
            any(said.count(mark) % 2 for mark in ('"', "`", "**"))
            or any(said.count(pair[0]) > said.count(pair[1]) for pair in ("()", "[]", "«»"))
            or open_quote(said, 0, end) >= 0
        )

    # Cutting

    def _cut_all(self) -> list[str]:
        out: list[str] = []
        self._waiting = False
        while True:
            found = MARK.search(self._buf, self._pos)
            limit = self._start + self._max_chars
            if (found.start() if found else len(self._buf)) > limit:
                if not self._cut_long(limit, out):
                    break
                continue
            if found is None:
                self._pos = len(self._buf)
                break
            cut = self._judge(found.start())
            if cut == _UNDECIDED:
                self._pos = found.start()
                self._waiting = True
                break
            if cut == _NO_CUT:
                self._pos = self._after_mark(found.start())
            else:
                out.append(self._take(cut))
                self._continued = False
        self._compact()
        return out

    def _after_mark(self, at: int) -> int:
        """Where to search on behind a mark that ended nothing: marks that stand together are one."""
        if self._buf[at] in NEWLINES:
            return at + 1
        while at < len(self._buf) and self._buf[at] in ".…!?":
            at += 1
        return max(at, self._pos + 1)

    def _take(self, cut: int) -> str:
        """The open sentence up to *cut*; what stands behind it is the open one now."""
        text, start = self._buf, self._start
        if self._told < cut:
            self._endings.teller.read(text[self._told : cut])
        sentence = "".join(self._lead) + text[start:cut]
        gap = len(text) - len(text[cut:].lstrip()) if cut == len(text) or text[cut].isspace() else cut
        self._lead = [text[cut:gap]] if gap > cut else []
        self._start = self._pos = self._told = gap
        self._waiting = False
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
        cut = best_cut(self._buf, self._start, limit)
        if cut == self._start:
            space = next((i for i in range(max(limit, self._pos), len(self._buf)) if self._buf[i].isspace()), -1)
            hard = self._start + self._overlong
            if space < 0 and len(self._buf) <= hard:
                self._pos = len(self._buf)
                return False
            cut = min(space, hard) if space >= 0 else hard
        out.append(self._take(cut))
        self._continued = True
        return True

    # Judging

    def _judge(self, at: int) -> int:
        """Where the sentence with a mark at *at* ends: a position, _NO_CUT or _UNDECIDED."""
        text, start = self._buf, self._start
        if text[at] in NEWLINES:
            return self._judge_line(at)
        if not SPEAKABLE.search(text, start, at):
            return _NO_CUT
        if text[at] in FULL_STOPS and open_quote(text, start, at) < 0:
            return at + 1
        window = min(len(text), at + _LOOK)
        tail = TAIL.match(text, at, window)
        end = tail.end() if tail else at + 1
        gap = GAP.match(text, end, window).end()  # type: ignore[union-attr]
        if gap == window or self._tail_grows(end, window):
            return _UNDECIDED if window == len(text) and window < at + _LOOK else end
        if text[gap] in NEWLINES:
            return _NO_CUT  # the line break cuts
        if text[at] in WIDE:
            return self._judge_wide(at, end, gap)
        return self._judge_spot(at, end, gap, window)

    def _judge_line(self, at: int) -> int:
        line = self._buf[self._start : at].rstrip()
        return _NO_CUT if len(line) < 8 and BARE_MARKER.fullmatch(line) else self._start + len(line)

    def _tail_grows(self, end: int, window: int) -> bool:
        """Whether a footnote or the address of a link has begun behind the mark and not ended."""
        text = self._buf
        if text[end] == "(" and text[end - 1] != "]":
            return False
        cut = TAIL_CUT.match(text, end, window)
        return cut is not None and cut.end() == window

    def _judge_wide(self, at: int, end: int, gap: int) -> int:
        """A mark of Chinese or Japanese; inside a quote it ends nothing, unless the quote is long."""
        quote = open_quote(self._buf, self._start, at)
        if quote < 0:
            return end
        if open_quote(self._buf, self._start, end) >= 0:
            return end if at - quote > _LONGEST_QUOTE else _NO_CUT
        return _NO_CUT if goes_on_after_quote(self._buf, self._start, quote, gap) else end

    def _judge_spot(self, at: int, end: int, gap: int, window: int) -> int:
        text = self._buf
        opened = gap
        if gap > end:
            opened = OPENERS.match(text, gap, window).end()  # type: ignore[union-attr]
        if opened == window:
            if window == len(text) and window < at + _LOOK:
                return _UNDECIDED
            opened = gap
        letter = text[opened]
        what = classify(letter)
        if what is Next.LOWER and opened + 1 < len(text) and text[opened + 1].isupper():
            what = Next.UPPER  # iPhone, eBay
        elif what is Next.LOWER and opened + 1 == len(text):
            return _UNDECIDED
        if what is not Next.LOWER and self._in_code(at):
            return _NO_CUT
        self._endings.teller.read(text[self._told : at])
        self._told = at
        spot = Spot(text, self._start, at, end, text[gap], letter, what, gap > end, self._is_lower())
        return end if self._endings.ends(spot) else _NO_CUT

    def _in_code(self, at: int) -> bool:
        """Whether *at* is inside inline code; a backtick between letters is an apostrophe."""
        ticks = self._buf.count("`", self._start, at)
        if ticks % 2 == 0:
            return False
        last = self._buf.rfind("`", self._start, at)
        return not (last > self._start and self._buf[last - 1].isalpha() and self._buf[last + 1].isalpha())

    def _is_lower(self) -> bool:
        """Whether the open sentence began with a small letter, so that the next one may, too."""
        first = SPEAKABLE.search(self._buf, self._start)
        return first is not None and first.group().islower() and not self._continued
