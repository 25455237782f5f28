"""Removes the marks of models and their templates from an answer: what stands in them is no speech."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import Enum, auto

from pipeline.llm.openai.calls import call_marks
from pipeline.llm.openai.calls.tool_calls import MAX_CHARS, TooManyCalls

_TEMPLATE = r"<[|｜][^<>|｜\s]{1,40}[|｜]>"
_BEGUN = re.compile(r"<[|｜][^<>|｜\s]{0,40}[|｜]?\Z")
_BEGUN_TEMPLATE = re.compile(r"<[|｜][^<>\s]+\Z")
_LONGEST = 64
_QUOTES = re.compile(r'\\.|(")', re.DOTALL)


class Kind(Enum):
    """What a mark does."""

    REASONING = auto()
    CALL = auto()
    NOTHING = auto()


@dataclass(frozen=True, slots=True)
class Written:
    """A call as it is written in the text. ``closed``: its closing mark came."""

    raw: str
    closed: bool


class Marks:
    """The marks of one model.

    *reasoning*: opening and closing marks of reasoning; *template*: marks that are dropped alone, in addition to all of
    the form ``<|name|>``. *starts_in_reasoning*: an answer begins behind an opening mark. *names*: the commands that
    the model was told of.
    """

    def __init__(
        self,
        reasoning: Sequence[Sequence[str]],
        template: Sequence[str],
        *,
        starts_in_reasoning: bool,
        names: Collection[str] = (),
    ) -> None:
        closing = [pair[1] for pair in reasoning]
        ends = [end for _, end in call_marks.PAIRS if end.startswith(("<", "["))]
        self.kinds = dict.fromkeys(map(str.lower, (*template, *closing, *ends)), Kind.NOTHING)
        self.kinds |= {pair[0].lower(): Kind.REASONING for pair in reasoning}
        self.kinds |= {opening: Kind.CALL for opening, _ in call_marks.PAIRS}
        known = sorted(self.kinds, key=len, reverse=True)
        self.any = re.compile("|".join((*map(re.escape, known), call_marks.bare(names), _TEMPLATE)), re.IGNORECASE)
        self.first = re.compile(
            "[" + "".join(re.escape(char) for char in sorted({mark[0] for mark in known} | {"<", "["})) + "]"
        )
        self.reasoning_end = _one_of(closing)
        self._template = re.compile(_TEMPLATE)
        self._lists = tuple(f"[{name}(" for name in names)
        self.starts_in_reasoning = starts_in_reasoning

    def kind(self, mark: str) -> Kind:
        """Tell what *mark* does."""
        known = self.kinds.get(mark.lower())
        return known or (Kind.NOTHING if self._template.fullmatch(mark) else Kind.CALL)

    def is_bare(self, mark: str) -> bool:
        """Tell whether *mark* is a part of the call that it opens."""
        return mark.lower() not in self.kinds

    def may_begin(self, text: str) -> bool:
        """Tell whether *text* may be the beginning of a longer mark."""
        lower = text.lower()
        if any(mark != lower and mark.startswith(lower) for mark in (*self.kinds, *self._lists)):
            return True
        return _BEGUN.match(text) is not None or call_marks.may_begin(text)


class MarkFilter:
    """Gives the answer in a text that comes in pieces, cut anywhere: its words, and the calls written in it.

    Reasoning and the white space around it at the beginning are dropped. Behind an opening mark without a closing one
    nothing is answer. A mark in backticks is a word, and one in the arguments of a command belongs to them.
    """

    def __init__(self, marks: Marks) -> None:
        self._marks = marks
        self._held = ""
        self._end = marks.reasoning_end if marks.starts_in_reasoning else None  # the pattern that ends the open block
        self._body: list[str] | None = None  # of the open call
        self._size = 0
        self._objects = _Objects()
        self._last = ""  # the last character of the answer
        self._lead = ""  # white space that the answer begins with
        self._blank = True
        self._dropped = marks.starts_in_reasoning

    @property
    def in_call(self) -> bool:
        """Tell whether a call that is not whole is held back."""
        return self._body is not None

    def feed(self, text: str) -> list[str | Written]:
        """Return the part of the answer that is new and certain."""
        if not (self._held or self._end or self._blank or self._marks.first.search(text)):
            self._last = text[-1:] or self._last
            self._objects.read(text)
            return [text] if text else []
        return self._read(text, final=False)

    def flush(self) -> list[str | Written]:
        """Return the rest when nothing more comes."""
        out = self._read("", final=True)
        if self._body is not None:
            out.append(Written("".join((*self._body, self._held)), closed=False))
        elif self._end is None:
            self._say(_BEGUN_TEMPLATE.sub("", self._held), out)
            out += [self._lead] if self._lead and not self._dropped else []
        return out

    def not_reasoning(self) -> None:
        """Note that the server tells reasoning apart, so that the text begins with the answer."""
        if self._body is None and self._blank:
            self._end = None

    def _read(self, text: str, *, final: bool) -> list[str | Written]:
        self._held += text
        out: list[str | Written] = []
        while self._inside(out) if self._end else self._outside(out, final):
            pass
        return out

    def _inside(self, out: list[str | Written]) -> bool:
        """Read to the end of the open block. Return False if it has not come."""
        assert self._end is not None
        for match in self._end.finditer(self._held):
            body = [*(self._body or ()), self._held[: match.start()]]
            if self._body is not None and _in_string("".join(body)):
                continue
            if self._body is not None:
                out.append(Written("".join(body), closed=True))
            self._held = self._held[match.end() :]
            self._end = self._body = None
            return True
        keep = max(0, len(self._held) - _LONGEST)
        if self._body is not None and keep:
            self._size += keep
            if self._size > MAX_CHARS:
                raise TooManyCalls
            self._body.append(self._held[:keep])
        self._held = self._held[keep:]
        return False

    def _outside(self, out: list[str | Written], final: bool) -> bool:
        """Read to the next mark. Return False if all that is certain was read."""
        match = self._marks.any.search(self._held)
        if match and not final and self._marks.may_begin(self._held[match.start() : match.start() + _LONGEST]):
            match = None
        if match is None:
            self._say_certain(out, final)
            return False
        self._say(self._held[: match.start()], out)
        self._held = self._held[match.end() :]
        if self._last == "`" or self._objects.depth > 1:
            self._say(match.group(), out)
        else:
            self._open(match.group())
        return True

    def _open(self, mark: str) -> None:
        self._dropped = True
        kind = self._marks.kind(mark)
        if kind is Kind.REASONING:
            self._end = self._marks.reasoning_end
        elif kind is Kind.CALL:
            self._end = call_marks.end(mark)
            self._body = [mark] if self._marks.is_bare(mark) else []

    def _say_certain(self, out: list[str | Written], final: bool) -> None:
        if final:
            return
        start = max(0, len(self._held) - _LONGEST)
        places = (match.start() for match in self._marks.first.finditer(self._held, start))
        certain = next((at for at in places if self._marks.may_begin(self._held[at:])), len(self._held))
        self._say(self._held[:certain], out)
        self._held = self._held[certain:]

    def _say(self, text: str, out: list[str | Written]) -> None:
        if not text:
            return
        if self._blank:
            words = text.lstrip()
            self._lead += text[: len(text) - len(words)]
            if not words:
                return
            text = words if self._dropped else self._lead + words
            self._lead, self._blank = "", False
        self._last = text[-1]
        self._objects.read(text)
        out.append(text)


class _Objects:
    """Counts in how many JSON objects a text stands."""

    def __init__(self) -> None:
        self.depth = 0
        self._string = self._escaped = self._opening = False

    def read(self, text: str) -> None:
        if not self.depth and "{" not in text:
            return
        for char in text:
            if self._string:
                self._string = self._escaped or char != '"'
                self._escaped = char == "\\" and not self._escaped
            elif char == "{":
                self.depth = 1 if self._opening else self.depth + 1
                self._opening = self.depth == 1
            elif char == "}":
                self.depth = max(0, self.depth - 1)
            elif char == '"' and self.depth:
                self._string, self._opening = True, False
            elif self._opening and not char.isspace():
                self.depth = 0  # a brace of prose


def _one_of(marks: Sequence[str]) -> re.Pattern[str] | None:
    """Return the pattern that ends reasoning. A call of gpt-oss ends it too."""
    if not marks:
        return None
    known = map(re.escape, sorted(marks, key=len, reverse=True))
    return re.compile("|".join((*known, r"(?=<\|channel\|>commentary)")), re.IGNORECASE)


def _in_string(body: str) -> bool:
    """Tell whether *body* is JSON whose last string is still open: a mark is then a part of the string."""
    return body.lstrip()[:1] in ("{", "[") and sum(bool(match[1]) for match in _QUOTES.finditer(body)) % 2 == 1
