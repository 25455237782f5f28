"""Reads a formula in LaTeX aloud: a recursive descent over its tokens."""

import re
from collections.abc import Callable

from pipeline.speakable.formulas.words import commands, latex, sign, words
from pipeline.speakable.language import Language

TOKEN = re.compile(r"\\[A-Za-z]+\*?|\\.|\d+\{,\}\d+|\d{1,3}(?:,\d{3})+(?!\d)|\d+(?:\.\d+)?|\s+|.", re.DOTALL)
LONGEST = 2_000
"""Characters of a formula that is read by its structure."""
DEEPEST = 24
OPERATORS = frozenset("+-−=<>/*")
CALLED = frozenset("fghFGHP")
"""Letters that are functions where a bracket follows. n(n + 1) is a product."""
SEPARATORS = frozenset({"&", "\\\\", "\\cr"})
DIGITS, TEXT = "\0", "\1"
"""Mark a piece as a number, or as ordinary text: 5 before the text "kg" must stay a number that has a unit."""
MARKS = re.compile(r"[\\${}&]+")
SPACE_AROUND = re.compile(r"\s+([,;:)])")


class TooDeepError(Exception):
    """A formula has more braces in braces than any real one."""


class Reader:
    """Says one formula. ``unknown`` tells whether it has a command that is not known."""

    def __init__(self, formula: str, language: Language) -> None:
        self._tokens = [token for token in TOKEN.findall(formula) if token not in {"{,}"}]
        self._at = self._depth = 0
        self._language = language
        self._signs = words(language)
        self._mapping = ":" in formula
        self._in_limit = False
        self.unknown = False

    def read(self) -> str:
        """Return the whole formula in words."""
        pieces: list[str] = []
        while self._at < len(self._tokens):
            pieces += self._sequence(frozenset())
            self._at += 1
        return self._joined(pieces)

    def _peek(self) -> str:
        while self._at < len(self._tokens) and self._tokens[self._at].isspace():
            self._at += 1
        return self._tokens[self._at] if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        self._at += 1
        return token

    def _sequence(self, ends: frozenset[str]) -> list[str]:
        self._depth += 1
        if self._depth > DEEPEST:
            raise TooDeepError
        pieces: list[str] = []
        while (token := self._peek()) and token not in ends and token != "}":
            pieces += self._item()
        self._depth -= 1
        return pieces

    def _item(self) -> list[str]:
        """Return one thing with its indices and exponents."""
        name = self._peek().lstrip("\\")
        if self._peek().startswith("\\") and name in commands("sums"):
            return self._sum()
        called = name in CALLED
        base = self._atom()
        scripts, power = self._scripts(function=bool(base) and name in self._signs.functions)
        if called and self._peek() == "(":
            return [*base, *scripts, *power, self._phrase("of"), *self._call()]
        return [*base, *scripts, *power]

    def _scripts(self, *, function: bool = False) -> tuple[list[str], list[str]]:
        index: list[str] = []
        power: list[str] = []
        while (token := self._peek()) and token in "^_'":
            self._at += 1
            if token == "'":
                power.append(self._phrase("prime"))
            elif token == "_":
                index = [self._phrase("base" if function else "sub"), *self._argument()]
            else:
                power += self._power()
        if function and self._peek() == "(":
            power += [self._phrase("of"), *self._call()]
        return index, power

    def _power(self) -> list[str]:
        start = self._at
        exponent = self._argument()
        written = "".join(self._tokens[start : self._at]).strip("{} ")
        if written in {"\\circ", "∘", "°"}:
            return self._degrees()
        if written in {"2", "3"}:
            return [self._phrase("squared" if written == "2" else "cubed")]
        if written in {"+", "-", "*", "\\prime", "'"}:
            return [self._phrase("prime")] if written[-1] in "e'" else exponent
        end = [f"{self._phrase('end_power')}"] if len(exponent) > 2 else []
        return [self._phrase("power"), *exponent, *end]

    def _degrees(self) -> list[str]:
        """Say 25^\\circ C as a temperature, where the unit follows."""
        rest = "".join(self._tokens[self._at : self._at + 8])
        unit = re.match(r"\s*(?:\\(?:text|mathrm)\{\s*)?([CF])(?![A-Za-z])\}?", rest)
        if unit is None:
            return [self._phrase("degrees")]
        self._at += len(TOKEN.findall(unit[0]))
        return [f"{TEXT}°{unit[1]}"]

    def _argument(self) -> list[str]:
        """Return what the next braces hold, or the next single thing."""
        if self._peek() != "{":
            return self._atom()
        self._at += 1
        pieces = self._sequence(frozenset())
        self._at += 1
        return pieces

    def _atom(self) -> list[str]:
        token = self._next()
        if token == "{":
            self._at -= 1
            return self._argument()
        if len(token) > 1 and token[0] == "\\":
            return self._command(token[1:].rstrip("*"))
        if token == "(":
            return self._bracketed()
        if token == "|" and "|" in self._tokens[self._at : self._at + 60]:
            return self._absolute("|")
        return self._plain(token)

    def _plain(self, token: str) -> list[str]:
        if token[:1].isdigit():
            return [DIGITS + token.replace("{,}", ".").replace(",", "")]
        if token in {"", "~", "&", "$"}:
            return []
        return [sign(token, self._signs)]

    def _command(self, name: str) -> list[str]:
        for kind, read in _COMMANDS:
            if name in commands(kind):
                return read(self)
        if name in _READERS:
            return _READERS[name](self)
        if name in self._signs.functions:
            return [self._signs.functions[name]]
        if name in latex()["signs"]:
            return self._symbol(latex()["signs"][name])
        if not name[:1].isalpha():
            return [] if name in {" ", "\\"} else self._plain(name)
        self.unknown = self.unknown or self._language.signs is not None
        return [name]

    def _symbol(self, written: str) -> list[str]:
        if written == "→":
            return self._arrow()
        if written == "|" and "\\rvert" in self._tokens[self._at : self._at + 60]:
            return self._absolute("\\rvert")
        return [sign(written, self._signs)]

    def _arrow(self) -> list[str]:
        if self._mapping:
            return [self._phrase("to")]
        if self._in_limit:
            return [self._phrase("tending")]
        if self._peek() == "\\infty":
            self._at += 1
            return [self._phrase("tends_to_infinity")]
        return [self._phrase("tends")]

    def _absolute(self, end: str) -> list[str]:
        inner = self._sequence(frozenset({end, "\\right"}))
        if self._peek() == "\\right":
            self._at += 1
        self._at += 1
        return [self._phrase("absolute"), *inner]

    def _bracketed(self) -> list[str]:
        inner = self._sequence(frozenset({")", "\\right"}))
        self._skip_right()
        return [self._phrase("open"), *inner, self._phrase("close")]

    def _skip_right(self) -> None:
        if self._peek() == "\\right":
            self._at += 1
        self._at += 1

    def _call(self) -> list[str]:
        """Return the arguments of a function; with brackets, if they are a sum."""
        start = self._at = self._at + 1
        inner = self._sequence(frozenset({")", "\\right"}))
        simple = not OPERATORS.intersection(self._tokens[start : self._at])
        self._skip_right()
        return inner if simple else [self._phrase("open"), *inner, self._phrase("close")]

    def _fraction(self) -> list[str]:
        start = self._at
        above = self._argument()
        middle = self._at
        below = self._argument()
        over = self._phrase("over")
        known = "/".join(pieces[0].lstrip(DIGITS) for pieces in (above, below) if len(pieces) == 1)
        if known in self._signs.fractions:
            return [self._signs.fractions[known]]
        if self._is_simple(start, middle) and self._is_simple(middle, self._at):
            return [*above, over, *below]
        return self._framed("fraction", [*above, over, *below])

    def _framed(self, name: str, pieces: list[str]) -> list[str]:
        if self._language.signs is None:
            return ["(", *pieces, ")"]
        return [self._phrase(name), *pieces, ",", self._phrase(f"end_{name}")]

    def _is_simple(self, start: int, end: int) -> bool:
        tokens = [token for token in self._tokens[start:end] if not token.isspace() and token not in {"{", "}"}]
        return len(tokens) <= 2 and not OPERATORS.intersection(tokens)

    def _root(self) -> list[str]:
        degree = self._degree()
        name = {"": "root", "2": "root", "3": "cube_root", "4": "fourth_root"}.get(degree)
        head = self._phrase(name) if name else self._phrase("nth_root").format(degree)
        start = self._at
        inner = self._argument()
        if len(inner) == 1 and inner[0][:1] == DIGITS:
            return [head, self._language.number(inner[0][1:], "g")]
        if not OPERATORS.intersection(self._tokens[start : self._at]):
            return [head, *inner]
        return [head, *inner, ",", self._phrase("end_root"), ","] if self._language.signs else [head, "(", *inner, ")"]

    def _degree(self) -> str:
        if self._peek() != "[":
            return ""
        self._at += 1
        degree = self._joined(self._sequence(frozenset({"]"})), plain=True)
        self._at += 1
        return degree

    def _text(self) -> list[str]:
        """Return the braces that hold ordinary text, as they are."""
        if self._peek() != "{":
            return []
        raw, depth = "", 0
        while self._at < len(self._tokens):
            token = self._tokens[self._at]
            self._at += 1
            depth += (token == "{") - (token == "}")
            if not depth:
                break
            raw += token if token not in {"{", "}"} else ""
        raw = raw.strip("~ ")
        known = self._signs.functions.get(raw.replace(" ", ""))
        return [known or TEXT + raw.replace("~", " ")] if raw else []

    def _sum(self) -> list[str]:
        """Say a sum, a product, an integral, a limit, with what is below and above it."""
        name = self._next()[1:]
        names = {"sum": "sum", "prod": "product", "lim": "limit", "bigcup": "", "bigcap": ""}
        key = names.get(name, "integral")
        head = self._phrase(key) if key else sign("∪" if name == "bigcup" else "∩", self._signs)
        while self._peek() in {"\\limits", "\\nolimits"}:
            self._at += 1
        self._in_limit = name == "lim"
        index, power = self._bounds()
        self._in_limit = False
        lower = index if name == "lim" else self._lower(index, bool(power))
        upper = [self._phrase("up_to"), *power] if power else []
        of = self._phrase("of_sum" if key in {"sum", "product"} else "of")
        return [piece for piece in (head, *lower, *upper, of) if piece]

    def _lower(self, index: list[str], bounded: bool) -> list[str]:
        """Return what is below a sum or an integral: "from i equals one", "over A"."""
        if len(index) > 2 and index[1] == sign("=", self._signs):
            variable, start = index[0], index[2:]
            return [self._phrase("from_index").format(variable), *start]
        return [self._phrase("from" if bounded else "over_set"), *index] if index else []

    def _bounds(self) -> tuple[list[str], list[str]]:
        bounds: dict[str, list[str]] = {"_": [], "^": []}
        while (token := self._peek()) and token in "^_":
            self._at += 1
            bounds[token] = self._argument()
        return bounds["_"], bounds["^"]

    def _binomial(self) -> list[str]:
        return [*self._argument(), self._phrase("choose"), *self._argument()]

    def _accented(self, name: str) -> list[str]:
        return [self._phrase(name).format(self._joined(self._argument()))]

    def _environment(self) -> list[str]:
        name = self._text_name()
        if name in {"array", "tabular"} and self._peek() == "{":
            self._text()
        rows = self._rows()
        self._text_name()
        kind = "matrix" if "matrix" in name or name == "array" else "cases" if "cases" in name else ""
        if not kind or self._language.signs is None:
            return [piece for row in rows for cell in row for piece in (*cell, "" if kind == "" else ",")]
        lines = "; ".join(", ".join(self._joined(cell) for cell in row) for row in rows)
        return [f"{TEXT}{self._phrase(kind)}: {lines};", self._phrase(f"end_{kind}")]

    def _text_name(self) -> str:
        return "".join(self._text()).strip(TEXT).rstrip("*")

    def _rows(self) -> list[list[list[str]]]:
        rows: list[list[list[str]]] = [[]]
        while self._at < len(self._tokens):
            cell = self._sequence(SEPARATORS | {"\\end"})
            if cell:
                rows[-1].append(cell)
            token = self._next()
            if token == "\\end":
                break
            if token != "&":
                rows.append([])
        return [row for row in rows if row]

    def _phrase(self, name: str) -> str:
        return self._signs.phrases[name]

    def _joined(self, pieces: list[str], *, plain: bool = False) -> str:
        said = []
        for place, piece in enumerate(pieces):
            case = self._signs.cases.get(pieces[place - 1].rpartition(" ")[2] if place else "", "n")
            case = self._signs.cases.get(pieces[place - 1], case) if place else case
            behind = pieces[place + 1] if place + 1 < len(pieces) else ""
            if piece[:1] == DIGITS:
                keep = plain or (behind[:1] == TEXT and behind[1:2] not in {"", ","})
                piece = piece[1:] if keep else self._language.number(piece[1:], case)  # noqa: PLW2901
            said.append(piece.lstrip(TEXT))
        text = SPACE_AROUND.sub(r"\1", " ".join(filter(None, said)))
        return re.sub(r",[, ]*,", ",", text)


def _silent(reader: Reader) -> list[str]:
    if reader._peek() == ".":  # noqa: SLF001
        reader._next()  # noqa: SLF001
    return []


_COMMANDS: tuple[tuple[str, Callable[[Reader], list[str]]], ...] = (
    ("fractions", Reader._fraction),  # noqa: SLF001
    ("texts", Reader._text),  # noqa: SLF001
    ("styles", Reader._argument),  # noqa: SLF001
    ("silent", _silent),
)
_READERS: dict[str, Callable[[Reader], list[str]]] = {
    "sqrt": Reader._root,  # noqa: SLF001
    "binom": Reader._binomial,  # noqa: SLF001
    "begin": Reader._environment,  # noqa: SLF001
    "vec": lambda reader: reader._accented("vector"),  # noqa: SLF001
    "overline": lambda reader: reader._accented("bar"),  # noqa: SLF001
    "bar": lambda reader: reader._accented("bar"),  # noqa: SLF001
    "hat": lambda reader: reader._accented("hat"),  # noqa: SLF001
    "widehat": lambda reader: reader._accented("hat"),  # noqa: SLF001
    "tilde": lambda reader: reader._accented("tilde"),  # noqa: SLF001
}


def read(formula: str, language: Language) -> str:
    """Return *formula* in words; announced as a formula, and read sign by sign, if it is beyond what is known."""
    try:
        reader = Reader(formula, language) if len(formula) <= LONGEST else None
        said = reader.read() if reader else ""
    except TooDeepError:
        reader = None
    announced = words(language).phrases["formula"]
    if reader is None:
        return f"{announced} {MARKS.sub(' ', formula)}"
    return f"{announced} {said}" if reader.unknown else said
