"""Patterns for the characters that end, close, open and join sentences."""

import re

from pipeline.languages import RUSSIAN_LETTERS

STRONG = "!?‼⁇⁈⁉！？؟।॥۔"
"""Marks that only end sentences. The dot and the ellipsis are ambiguous."""
FULL_STOPS = "。｡"
WIDE = "。｡！？"
"""Marks of Chinese and Japanese, where no space follows an end."""
NEWLINES = "\n\u2028\u2029"

MARK_CHARS = frozenset(f".…{STRONG}{FULL_STOPS}{WIDE}")

_FACES = (
    "\u2728\u2764\U0001f600-\U0001f64f\U0001f900-\U0001f92f\U0001f970-\U0001f97a\U0001f389\U0001f38a\U0001f44b-\U0001f44f\U0001f4aa"
    "\U0001f680\U0001f493-\U0001f49f"
)
_EMOJI = (
    "\U0001f1e6-\U0001faff\u2600-\u27bf\u2b50\u2b55\u231a\u231b\u23e9-\u23f3\u203c\u2049\u2194-\u21aa\u25aa-\u25fe"
    "\u2b05-\u2b07\u2b1b\u2b1c"
)
_JOINERS = "\ufe0e\ufe0f\u200d\u20e3"
_POINTERS = (
    "\U0001f446-\U0001f449\U0001f4cc\U0001f4a1\u26a0\u27a1\u25b6\U0001f539\U0001f538\U0001f4cd\U0001f517\U0001f50d\u2705"
    "\u274c\u2753\u2757\U0001f4dd\U0001f4c5\u261d\U0001f514"
)
"""Pictures that belong to the text behind them when white space stands before them."""

_CLOSERS = r")\]}»”’“‘\"'›」』）】》〉〗*_~`"
_INVISIBLE = "\u200b\u200e\u200f\u2060\u2066-\u2069\ufeff"
_TAG = r"</[a-zA-Z]{1,10}\d?>|<(?:br|BR) ?/?>"
_SPACE = r"[^\S\n\u2028\u2029]"
_BEHIND = f"(?:(?![{_POINTERS}])[{_EMOJI}][{_EMOJI}{_JOINERS}]*)"

MARK = re.compile(f"[.…{STRONG}{FULL_STOPS}{NEWLINES}]")
NEWLINE = re.compile(f"[{NEWLINES}]")
FACE = re.compile(f"[{_FACES}]")
TYPED_FACE = re.compile(r"[()/](?:(?<=\s[:;=].)|(?<=\s[:;=]-.))")
"""The last character of :) and :-/ behind white space."""
MARK_OR_FACE = re.compile(f"[.…{STRONG}{FULL_STOPS}{NEWLINES}{_FACES}]|{TYPED_FACE.pattern}")
"""Separate from MARK: a set with characters beyond U+FFFF is searched ten times slower."""
TAIL = re.compile(
    rf"[.…{STRONG}{FULL_STOPS}]*"
    rf"(?:\]\([^\s)]*\)|\[\^?\d{{1,3}}\]|[{_CLOSERS}]|[{_EMOJI}{_JOINERS}{_INVISIBLE}]|{_TAG})*"
    rf"(?:{_SPACE}*{_BEHIND}|{_SPACE}+[»›](?!\w))*"
)
"""A mark and all behind it that belongs to the sentence which the mark ends."""
TAIL_CUT = re.compile(r"\[\^?\d{0,3}|\([^\s)]*|</?[a-zA-Z]{0,10}\d? ?/?")
"""The beginning of a footnote's number, the address of a link or a tag."""
IN_WORD = re.compile(r"\.(?:\d|[a-zа-яё][a-zа-яё\d.\s])")
"""A dot that ends nothing, whatever word it is in: 3.5, example.com."""
GAP = re.compile(f"{_SPACE}*")
OPENERS = re.compile(rf"(?:[\"'“”„«»‹›‘‚(\[{{¿¡*_~`#>—–‒•\-「『（【《〈{_EMOJI}{_JOINERS}{_INVISIBLE}]|{_SPACE})*")
SURE_OPENERS = frozenset('"“„«‹¿¡*`「『《【#')
"""Behind a full stop and a space these begin a sentence, whatever letter follows."""
AMOUNTS = frozenset("$€£¥₽₴₹₺₩№+±−@&§%")
"""Signs that begin a sentence as a number does."""
SPEAKABLE = re.compile(r"[^\W_]")
MARKER = re.compile(
    r"(?:[^\w\s$€£¥₽₴₹₺₩%‰°−+]|_|\s)*(?:(?:step|chapter|part|section|lesson|day|phase|tip|шаг|глава|часть|раздел|урок|день|этап|совет|kapitel|chapitre|capítulo|capitolo|rozdział|розділ|bölüm|крок|schritt|paso|étape|passo|passaggio|etapa|krok|adım|चरण|الخطوة)\s+)?"
    r"(?:(\d{1,3})|[a-zа-яё]|[ivx]{1,4})?(?:[^\w\s$€£¥₽₴₹₺₩%‰°]|_)*",
    re.IGNORECASE,
)
"""A whole segment that is only the marker of a list item."""
BARE_MARKER = re.compile(rf"(?:[-*+•–—‣◦▪●○·>]|#{{1,6}}|[*_]*(?:\d{{1,3}}|[A-Za-z{RUSSIAN_LETTERS}])[.)][*_]*)")
"""A whole line that is only the marker of a list item. The item is on the next line."""
