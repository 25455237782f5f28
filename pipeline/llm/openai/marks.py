"""Removes the marks of models and their templates from an answer: what stands in them is no speech."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto

from pipeline.llm.openai.calls.tool_calls import MAX_CHARS, TooManyCalls

CALLS = (
    ("<tool_call>", "</tool_call>"),
    ("<tool_calls>", "</tool_calls>"),
    ("<function_call>", "</function_call>"),
    ("<function_calls>", "</function_calls>"),
    ("<tools>", "</tools>"),
    ("<minimax:tool_call>", "</minimax:tool_call>"),
    ("<|tool_call>", "<tool_call|>"),
    ("<|tool_call|>", "<|/tool_call|>"),
    ("<|tool_call_start|>", "<|tool_call_end|>"),
    ("<|tool_calls_section_begin|>", "<|tool_calls_section_end|>"),
    ("<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"),
    ("[TOOL_CALLS]", ""),
    ("<|python_tag|>", ""),
)
"""The marks around calls of Qwen and Hermes, Granite, Anthropic, MiniMax, Gemma, Phi, LFM, Kimi, DeepSeek, Mistral and
Llama. Those without an end reach to the end of the model's turn.
"""

_FUNCTION = r"<function=[\w.-]{1,64}>"
_TEMPLATE = r"<[|｜][^<>|｜\s]{1,40}[|｜]>"
_TURN_ENDS = r"<\|im_end\|>|<\|eot_id\|>|<\|eom_id\|>|<\|end\|>|</s>"
_BEGUN = re.compile(r"<[|｜][^<>|｜\s]{0,40}[|｜]?\Z|<function=?[\w.-]{0,64}\Z")
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
    the form ``<|name|>``. *starts_in_reasoning*: an answer begins behind an opening mark.
    """

    def __init__(
        self, reasoning: Sequence[Sequence[str]], template: Sequence[str], *, starts_in_reasoning: bool
    ) -> None:
        closing = [pair[1] for pair in reasoning]
        self.ends = {opening: end for opening, end in CALLS}
        self.kinds = dict.fromkeys(
            map(str.lower, (*template, *closing, *filter(None, self.ends.values()))), Kind.NOTHING
        )
        self.kinds |= {pair[0].lower(): Kind.REASONING for pair in reasoning}
        self.kinds |= {opening.lower(): Kind.CALL for opening in self.ends}
        known = sorted(self.kinds, key=len, reverse=True)
        self.any = re.compile("|".join((*map(re.escape, known), _FUNCTION, _TEMPLATE)), re.IGNORECASE)
        self.first = re.compile(
            "[" + "".join(re.escape(char) for char in sorted({mark[0] for mark in known} | {"<"})) + "]"
        )
        self.reasoning_end = _one_of(closing)
        self.starts_in_reasoning = starts_in_reasoning

    def kind(self, mark: str) -> Kind:
        """Tell what *mark* does."""
        known = self.kinds.get(mark.lower())
        return known or (Kind.CALL if mark.lower().startswith("<function=") else Kind.NOTHING)

    def end(self, mark: str) -> re.Pattern[str]:
        """Return the pattern that ends the call which *mark* opens."""
        own = next((end for opening, end in self.ends.items() if opening.lower() == mark.lower()), "</function>")
        return re.compile("|".join((*filter(None, (re.escape(own),)), _TURN_ENDS)), re.IGNORECASE)

    def may_begin(self, text: str) -> bool:
        """Tell whether *text* may be the beginning of a longer mark."""
        lower = text.lower()
        return any(mark != lower and mark.startswith(lower) for mark in self.kinds) or _BEGUN.match(text) is not None


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
            self._end = self._marks.end(mark)
            self._body = [mark] if mark.lower().startswith("<function=") else []

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
    return re.compile("|".join(map(re.escape, sorted(marks, key=len, reverse=True))), re.IGNORECASE) if marks else None


def _in_string(body: str) -> bool:
    """Tell whether *body* is JSON whose last string is still open: a mark is then a part of the string."""
    return body.lstrip()[:1] in ("{", "[") and sum(bool(match[1]) for match in _QUOTES.finditer(body)) % 2 == 1
