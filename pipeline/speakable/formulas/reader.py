"""Reads a formula in LaTeX: a recursive descent over its tokens. ``structures`` says fractions, roots and the like."""

import re
from collections.abc import Callable, Mapping

from pipeline.speakable.formulas.words import commands, latex, sign, words
from pipeline.speakable.language import Language

TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|\d+\{,\}\d+|\d{1,3}(?:,\d{3})+(?!\d)|\d+(?:\.\d+)?|\s+|.", re.DOTALL)
DEEPEST = 24
OPERATORS = frozenset("+-−=<>/*")
CALLED = frozenset("fghFGHP")
"""Letters that are functions where a bracket follows. n(n + 1) is a product."""
DIGITS, TEXT = "\0", "\1"
"""Mark a piece as a number, or as ordinary text: 5 before the text "kg" must stay a number that has a unit."""
SPACE_IN_FRONT = re.compile(r"\s+([,;:.)\]²³])|(?<=[(\[])\s+")
COMMAS = re.compile(r",[, ]*,")
NEAR = 60
"""Tokens that are searched for the other end of an absolute value."""


class TooDeepError(Exception):
    """A formula has more braces in braces than any real one."""


class Reader:
    """The tokens of one formula, and how far they have been read. What is said is a list of pieces."""

    def __init__(self, formula: str, language: Language, structures: "Structures") -> None:
        self.tokens = TOKEN.findall(formula)
        self.at = self._depth = 0
        self.language = language
        self.signs = words(language)
        self.in_limit = False
        self.unknown = False
        """Whether a command came that is not known."""
        self._given = False
        self._maps = ":" in formula
        self._structures = structures

    def read(self) -> str:
        """Return the whole formula in words."""
        pieces: list[str] = []
        while self.at < len(self.tokens):
            pieces += self.sequence()
            self.at += 1
        return self.joined(pieces)

    def peek(self) -> str:
        """Return the next token that is no white space; "" at the end."""
        while self.at < len(self.tokens) and self.tokens[self.at].isspace():
            self.at += 1
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def next(self) -> str:
        """Return the next token that is no white space, and pass it."""
        token = self.peek()
        self.at += 1
        return token

    def sequence(self, *ends: str) -> list[str]:
        """Return all that stands before one of *ends* or a closing brace."""
        self._depth += 1
        if self._depth > DEEPEST:
            raise TooDeepError
        pieces: list[str] = []
        while (token := self.peek()) and token not in ends and token != "}":
            pieces += self._item()
        self._depth -= 1
        return pieces

    def argument(self) -> list[str]:
        """Return what the next braces hold, or the next single thing."""
        if self.peek() != "{":
            return self._atom()
        self.at += 1
        pieces = self.sequence()
        self.at += 1
        return pieces

    def phrase(self, name: str) -> str:
        """Return a phrase of the language."""
        return self.signs.phrases[name]

    def joined(self, pieces: list[str], *, digits: bool = False) -> str:
        """Return *pieces* as one text, with numbers in words unless *digits*."""
        said = [piece if digits else self._agreeing(pieces, place) for place, piece in enumerate(pieces)]
        said = [piece.lstrip(DIGITS + TEXT) for piece in said]
        return COMMAS.sub(",", SPACE_IN_FRONT.sub(r"\1", " ".join(filter(None, said)))).rstrip(", ")

    def _agreeing(self, pieces: list[str], place: int) -> str:
        """Return a piece in the case that the piece in front of it asks for."""
        piece, front = pieces[place], pieces[place - 1] if place else ""
        case = self.signs.cases.get(front) or self.signs.cases.get(front.rpartition(" ")[2], "n")
        if piece[:1] != DIGITS:
            return self.phrase("infinity") if case != "n" and piece == self.signs.names["∞"] else piece
        behind = pieces[place + 1] if place + 1 < len(pieces) else ""
        if behind[:1] == TEXT and behind[1:2] not in {"", ","}:
            return piece
        return self.language.number(piece[1:], case)

    def _item(self) -> list[str]:
        name = self.peek().lstrip("\\")
        if self.peek().startswith("\\") and name in commands("sums"):
            return self._structures["sum"](self)
        base = self._atom()
        said = [*base, *self._scripts(function=name in self.signs.functions)]
        if (name in CALLED or name in self.signs.functions) and self.peek() == "(":
            return [*said, self.phrase("of"), *self._call(conditional=name in {"P", "Pr"})]
        return said

    def _scripts(self, *, function: bool) -> list[str]:
        """Return the indices, then the exponents that follow."""
        index: list[str] = []
        power: list[str] = []
        while (token := self.peek()) and token in "^_'":
            self.at += 1
            if token == "'":
                power.append(self.phrase("prime"))
            elif token == "_":
                index = [self.phrase("base" if function else "sub"), *self.argument()]
            else:
                power += self._power()
        return index + power

    def _power(self) -> list[str]:
        start = self.at
        exponent = self.argument()
        written = "".join(self.tokens[start : self.at]).strip("{} ")
        if written in {"\\circ", "∘", "°"}:
            return self._degrees()
        if written in {"2", "3"}:
            return [self.phrase("squared" if written == "2" else "cubed")]
        if written in {"\\prime", "'"}:
            return [self.phrase("prime")]
        if written in {"+", "-", "*"}:
            return exponent
        end = [self.phrase("end_power")] if len(exponent) > 2 else []
        return [self.phrase("power"), *exponent, *end]

    def _degrees(self) -> list[str]:
        """Say 25^\\circ C as a temperature, where the unit follows."""
        rest = "".join(self.tokens[self.at : self.at + 8])
        unit = re.match(r"\s*(?:\\(?:text|mathrm)\{\s*)?([CF])(?![A-Za-z])\}?", rest)
        if unit is None:
            return [self.phrase("degrees")]
        self.at += len(TOKEN.findall(unit[0]))
        return [f"{TEXT}°{unit[1]}"]

    def _atom(self) -> list[str]:
        token = self.next()
        if token == "{":
            self.at -= 1
            return self.argument()
        if len(token) > 1 and token[0] == "\\":
            return self._command(token[1:].rstrip("*"))
        if token == "(":
            return [self.phrase("open"), *self._closed(")"), self.phrase("close")]
        if token == "|" and not self._given and self._ahead("|"):
            return [self.phrase("absolute"), *self._closed("|")]
        return self._plain(token)

    def _plain(self, token: str) -> list[str]:
        if token[:1].isdigit():
            return [DIGITS + token.replace("{,}", ".").replace(",", "")]
        if token == "|" and self._given:
            return [self.phrase("given")]
        if token in {"[", "]"}:
            return [self.phrase("open_square" if token == "[" else "close_square")]
        return [] if token in {"", "~", "&", "$"} else [sign(token, self.signs)]

    def _command(self, name: str) -> list[str]:
        for kind in ("fractions", "texts", "styles", "silent"):
            if name in commands(kind):
                return self._structures[kind](self)
        if name in self._structures:
            return self._structures[name](self)
        if name in self.signs.functions:
            return [self.signs.functions[name]]
        if name in latex()["signs"]:
            return self._symbol(latex()["signs"][name])
        if not name[:1].isalpha():
            return [] if name in {" ", "\\"} else [TEXT + name if name == "%" else sign(name, self.signs)]
        self.unknown = True
        return [name]

    def _symbol(self, written: str) -> list[str]:
        if written == "→":
            return [self._arrow()]
        if written == "|" and self._ahead("\\rvert"):
            return [self.phrase("absolute"), *self._closed("\\rvert")]
        return [self.phrase("given") if written == "|" and self._given else sign(written, self.signs)]

    def _ahead(self, end: str) -> bool:
        """Whether *end* comes before the bracket or brace closes in which the reader is."""
        depth = 0
        for token in self.tokens[self.at : self.at + NEAR]:
            depth += (token in "({") - (token in ")}")
            if depth < 0 or (token == end and not depth):
                return depth == 0
        return False

    def _arrow(self) -> str:
        if self._maps:
            return self.phrase("to")
        if self.in_limit:
            return self.phrase("tending")
        if self.peek() == "\\infty":
            self.at += 1
            return self.phrase("tends_to_infinity")
        return self.phrase("tends")

    def _closed(self, end: str) -> list[str]:
        """Return all that stands before *end*, and pass it."""
        inner = self.sequence(end, "\\right")
        self.at += 2 if self.peek() == "\\right" else 1
        return inner

    def _call(self, *, conditional: bool) -> list[str]:
        """Return the arguments of a function; with brackets, if they are a sum."""
        self.at += 1
        start = self.at
        self._given, outer = conditional, self._given
        inner = self._closed(")")
        self._given = outer
        if OPERATORS.intersection(self.tokens[start : self.at]):
            return [self.phrase("open"), *inner, self.phrase("close")]
        return inner


Structure = Callable[[Reader], list[str]]
Structures = Mapping[str, Structure]
"""What says each command that takes arguments. A kind of commands has one entry."""
