"""Says fractions, roots, sums, matrices and text within formulas."""

from pipeline.speakable.formulas.reader import DIGITS, OPERATORS, TEXT, Reader, Structure, Structures
from pipeline.speakable.formulas.words import sign

SUMS = {"sum": "sum", "prod": "product", "lim": "limit"}
UNIONS = {"bigcup": "∪", "bigcap": "∩"}
ROOTS = {"": "root", "2": "root", "3": "cube_root", "4": "fourth_root"}


def _fraction(reader: Reader) -> list[str]:
    start = reader.at
    above, below = reader.argument(), reader.argument()
    known = "/".join(pieces[0].lstrip(DIGITS) for pieces in (above, below) if len(pieces) == 1)
    if known in reader.signs.fractions:
        return [reader.signs.fractions[known]]
    pieces = [*above, reader.phrase("over"), *below]
    if max(len(above), len(below)) <= 2 and not OPERATORS.intersection(reader.tokens[start : reader.at]):
        return pieces
    if reader.language.signs is None:
        return ["(", *above, ")", reader.phrase("over"), "(", *below, ")"]
    return [reader.phrase("fraction"), *pieces, ",", reader.phrase("end_fraction")]


def _root(reader: Reader) -> list[str]:
    degree = _degree(reader)
    name = ROOTS.get(degree)
    head = reader.phrase(name) if name else reader.phrase("nth_root").format(degree)
    start = reader.at
    inner = reader.argument()
    if len(inner) == 1 and inner[0][:1] == DIGITS:
        return [head, reader.language.number(inner[0][1:], "g")]
    if not OPERATORS.intersection(reader.tokens[start : reader.at]):
        return [head, *inner]
    return [head, *inner, ",", reader.phrase("end_root"), ","] if reader.language.signs else [head, "(", *inner, ")"]


def _degree(reader: Reader) -> str:
    if reader.peek() != "[":
        return ""
    reader.at += 1
    degree = reader.joined(reader.sequence("]"), digits=True)
    reader.at += 1
    return degree


def _text(reader: Reader) -> list[str]:
    """Return ordinary text as it is written, and a function that is written as text by its word."""
    start = reader.at
    written = _braces(reader).replace("~", " ").strip()
    if "_" in written or "^" in written:
        reader.at = start
        return reader.argument()
    known = reader.signs.functions.get(written.replace(" ", ""))
    return [known or TEXT + written] if written else []


def _braces(reader: Reader) -> str:
    """Return what the next braces hold, unread."""
    if reader.peek() != "{":
        return ""
    raw, depth = "", 0
    while reader.at < len(reader.tokens):
        token = reader.tokens[reader.at]
        reader.at += 1
        depth += (token == "{") - (token == "}")
        if not depth:
            break
        raw += "" if token in {"{", "}", "$", "\\,"} else token
    return raw


def _sum(reader: Reader) -> list[str]:
    """Say a sum, a product, an integral or a limit, with what is below and above it."""
    name = reader.next()[1:]
    head = sign(UNIONS[name], reader.signs) if name in UNIONS else reader.phrase(SUMS.get(name, "integral"))
    while reader.peek() in {"\\limits", "\\nolimits"}:
        reader.at += 1
    reader.in_limit = name == "lim"
    below, above = _bounds(reader)
    reader.in_limit = False
    lower = below if name == "lim" else _lower(reader, below, bounded=bool(above))
    upper = [reader.phrase("up_to"), *above] if above else []
    of = reader.phrase("of_sum" if name in {"sum", "prod"} else "of")
    return [piece for piece in (head, *lower, *upper, of) if piece]


def _bounds(reader: Reader) -> tuple[list[str], list[str]]:
    bounds: dict[str, list[str]] = {"_": [], "^": []}
    while (token := reader.peek()) and token in "^_":
        reader.at += 1
        bounds[token] = reader.argument()
    return bounds["_"], bounds["^"]


def _lower(reader: Reader, index: list[str], *, bounded: bool) -> list[str]:
    """Return what is below a sum or an integral: "from i equals one", "over A"."""
    if len(index) > 2 and index[1] == sign("=", reader.signs):
        return [reader.phrase("from_index").format(index[0]), *index[2:]]
    return [reader.phrase("from" if bounded else "over_set"), *index] if index else []


def _binomial(reader: Reader) -> list[str]:
    return [*reader.argument(), reader.phrase("choose"), *reader.argument()]


def _accented(name: str) -> Structure:
    return lambda reader: [reader.phrase(name).format(reader.joined(reader.argument()))]


def _environment(reader: Reader) -> list[str]:
    """Announce a matrix and cases, with a semicolon between rows. Other environments only part their rows."""
    name = _braces(reader).rstrip("*")
    if name in {"array", "tabular"}:
        _braces(reader)
    rows = _rows(reader)
    _braces(reader)
    kind = "matrix" if "matrix" in name or name == "array" else "cases" if "cases" in name else ""
    lines = "; ".join((", " if kind else " ").join(reader.joined(cell) for cell in row) for row in rows)
    if not kind or reader.language.signs is None:
        return [TEXT + lines]
    return [f"{TEXT}{reader.phrase(kind)}: {lines};", reader.phrase(f"end_{kind}")]


def _rows(reader: Reader) -> list[list[list[str]]]:
    rows: list[list[list[str]]] = [[]]
    while reader.at < len(reader.tokens):
        cell = reader.sequence("&", "\\\\", "\\cr", "\\end")
        if cell:
            rows[-1].append(cell)
        token = reader.next()
        if token == "\\end":
            break
        if token != "&":
            rows.append([])
    return [row for row in rows if row]


def _silent(reader: Reader) -> list[str]:
    if reader.peek() == ".":
        reader.at += 1
    return []


STRUCTURES: Structures = {
    "fractions": _fraction,
    "texts": _text,
    "styles": Reader.argument,
    "silent": _silent,
    "sum": _sum,
    "sqrt": _root,
    "binom": _binomial,
    "begin": _environment,
    "vec": _accented("vector"),
    "overline": _accented("bar"),
    "bar": _accented("bar"),
    "hat": _accented("hat"),
    "widehat": _accented("hat"),
    "tilde": _accented("tilde"),
}
