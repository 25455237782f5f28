"""What holds for any text."""

import re
import sys
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.speakable import speakable
from pipeline.speakable.speak import _is_plain, _once, language_of
from pipeline.speakable.tidy import tidied

LANGUAGES = st.sampled_from(["", "en", "en-GB", "ru", "ru-RU", "de", "ja"])
PIECES = st.sampled_from(
    [
        *"*_~`#>|[]()<>!\\-+.,:;/@&=%$€№°’'\" \n",
        "**", "__", "~~", "***", "```", "[a](b)", "](", "<br>", "<b>", "&amp;", "&#42;", "- ", "1. ", "# ", "- [x] ",
        "http://a.bc/d", "a@b.cd", "0", "1", "2", "5", "11", "21", "1999", "1,234", "3.14", "3,14", "14:05", "1/2",
        "5-", "–", "10–15", "22.11.2026", "A", "a", "the", "in", "May", "km", "GB", "Dr.", "St.", "etc.", "e.g.", "No.",
        "в", "к", "с", "до", "книги", "день", "часам", "году", "г.", "ул.", "стр.", "и т.д.", "см.", "км", "руб.",
        "млн", "ноября", "XX", "век", "в.", "Пётр", "I", "-го", "-й", "-минутный", "утра", "новых", "🎉", "1️⃣", "✅",
        "+", "−", "×", "²", "₽", "1 000", "3:1", "3–1", "won", "s", "in.", "ft.", "Mon.", "Dec.", "Henry", "Part", "IV",
        "мм рт. ст.", "$5M", "US$6", "20 EUR", "5'11\"", "27\"", "3 x 250 mg", "135/85", "mmHg", "24/7",
        "1h", "45min", "10k", "350F", "Mon–Thu", "Tue", "'90s", "1914–18", "in 1812", "PIN",
        "code", "call", "112", "911", "901774", "room", "flight",
        "UA1175", "+79161234567", "555-0142", "415 555 0132", "v3.2", "UTC-3", "q6h", "b.i.d.", "Scene", "iii", "Ⅳ",
        "1:10", "2-1,", "won", "6.45", "pm", "3.11.25", "on", "2/5", "by", "5/", "7/8", "per", "of", "10×15", "cm",
        "сегодня", "пятница,", "9.30", "18.00", "25.12", "25.12.25", "дек.", "р.", "в день", "мг/кг",
        "120/80", "ст. ложки", "перевёл", "между", "и", "из", "годах", "г. р.", "числа", "…", "+5…+7", "1–1,5", "№№",
        "[1]", "[^2]", "[1](https://a.bc)", "[source](http://a.bc)", "(source: ", "【4:0†source】", "==", "__",
        "\ue200cite\ue201", "*laughs*", "_sighs_", "*a", "> [!TIP] ", "[ ] ", "[a]: http://a.bc", "<strong>", "||", "ʬ",
        ">=", "→", "->", "√", "x^", "H₂", "⁻³", "⌘", "Ctrl+", "$x$", "$", "\\frac{1}{2}", "\\(", "\\)", "\\[", "{",
        "}", "\\alpha", " > ", " - ", "(a - b)", "#a", "*1#", "C:\\", "§", "kg/m²", "км/ч", "5′", "_", "|x|",
        "a[i]", "★★☆", "≈",
        "\u200d", "\u00a0", "\x00", "\ud83d",
    ]
)  # fmt: skip
VOICES = st.sampled_from(["", "en", "ru", "de", "uk"])
NASTY = st.lists(PIECES, max_size=14).map("".join) | st.lists(PIECES, max_size=14).map(" ".join)


@settings(max_examples=400, deadline=None)
@given(text=NASTY | st.text(max_size=60), language=LANGUAGES, voice=VOICES, named=st.booleans())
@example(text="[[a](b)](c)", language="en", voice="", named=False)
@example(text="`*a` b*", language="en", voice="", named=False)
@example(text="&amp;amp;amp;amp;lt;b&amp;gt;", language="en", voice="", named=False)
@example(text="**`[**a**](b)`**", language="en", voice="", named=False)
def test_is_stable_and_plain(text: str, language: str, voice: str, named: bool) -> None:
    """Any text gives one stripped line without control characters, which stays as it is when it comes again."""
    emoji = "name" if named else "drop"
    said = speakable(text, language, voice, emoji=emoji)
    assert said == " ".join(said.split())
    assert not any(unicodedata.category(sign) in {"Cc", "Cs"} for sign in said)
    told = language or language_of("", tidied(text), voice).code or "xx"
    assert speakable(said, told, voice, emoji=emoji) == said


@settings(max_examples=200, deadline=None)
@given(
    words=st.lists(st.text("abcxyzABCабвгжяАБЁё", min_size=1, max_size=8), min_size=1, max_size=12), language=LANGUAGES
)
def test_letters_never_vanish(words: list[str], language: str) -> None:
    """Words of letters are said as they are, in any language."""
    text = " ".join(words)
    assert speakable(text, language) == text


PLAIN_PIECES = st.sampled_from(
    [
        "Это", "день", "etc.", "и", "др.", "In", "I", "«a»", "(b)", "—", "a, b", "c?", "-d", "X", "Henry", "Part", "IV",
    ]
)  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(text=st.lists(PLAIN_PIECES).map(" ".join).map(str.strip), language=st.sampled_from(["en", "ru"]))
def test_the_short_cut_changes_nothing(text: str, language: str) -> None:
    """A text that is taken for plain would have come out of all rules as it is."""
    if _is_plain(text):
        assert _once(text, language_of(language, text), "drop") == text


@settings(max_examples=200, deadline=None)
@given(number=st.integers(0, 10**9), language=st.sampled_from(["en", "ru"]))
def test_a_number_never_vanishes(number: int, language: str) -> None:
    """A number is said in words or stays in digits, and is never dropped."""
    pytest.importorskip("num2words")
    said = speakable(f"a {number} b", language)
    assert str(number) in said or re.fullmatch(r"a [^\W\d].* b", said)


NESTS = [
    "*", "**", "_", "~~", "`", "[", "[a](", "(", "<", "<b>", "&", "|", "| ", "> ", "- ", "#", "# ", "-", "\\", "!",
    "@", "a@", "a.", "1.", "1 ", "1,", "1:", "1/", "1-", "1–", "$", "№", "http://", "[^", "![", "<!--", "🎉", "5 км ",
    "XX–", "1 + ", "2 > 1 ", "x² ", "won 3:1 ", "3–1 ", "#1 ", "1 000 € ", "5 s ", "5 in. ", "Mon. ", "Henry I ",
    "9 AM–", "5 km–", "5 mg/kg", "911 or ", "12 W. Main St. ", "on A Dr. ", "42nd St. ", "Part II–", "*a ", " *a",
    "**a** ", "в 5 ", "1 000 ", "+1 ", "a*", "`a", "``a`", "| a ", "^", "т.", "1️⃣", "с 9.00 до ", "между 5 и ",
    "[1]", "[1] ", "a[1]", " [1](#a)", "([1]", "(see ", "【1", "【1†", "\ue200", "[a", "[a. ", "](", "](#a", "*laughs",
    " *a b", "==", "==a ", "a== ", "*laughs* ", "tag <b> ", "<b> ", "[!A", "> [!A] ", "[x] ", "a.\u00b9",
    "||a", "[source](www.", "__a ",
    "2024, ", "2024 и ", "1 числа ", "5 мг/", "5…", "через 2 ч ", "5 из ", "25.12 по ",
    "[a ", "$a", "\\(", "\\[", "\\frac", "\\frac{", "\\alpha ", "\\sqrt{", "\\begin{a}", "$x$ ", "a^{", "√(", "(a + ",
    "a - ", "1 - ", "A > ", "→ ", "Ctrl+", "⌘ ", "*1", "<a", "|a", "a[", "x = ", "5 × ", "kg/m²", "10⁻", "1°1′",
    "1/2/", "1/2 ", "3/4-", "$1-", "US$1 ", "1 x ", "1x1", "5'5\"", "5\" x ", "2h", "1 h 2 m ", "'90s", "mid-1990s ",
    "Mon–", "Tue, ", "Jan–", "XIX and ", "page xi-", "Ⅳ", "code 1 ", "call 112, ", "911; ", "+1 555 ", "0 12 ",
    "555-1234 ", "UA 12 ", "v1.", "12-", "1:2:", "q6h ", "10k ", "1+ ", "1 – 2 ", "1/2 mg/5 ", "1,00,", "1 000 km ",
    ".5", "UTC-", "2024, ", "2024 и ", "1 числа ", "5 мг/", "5…", "через 2 ч ", "5 из ", "25.12 по ",
]  # fmt: skip


def _steps(text: str, language: str) -> int:
    """How many lines of Python ran: a measure of the work that no busy machine can spoil."""
    count = 0

    def trace(frame: object, event: str, arg: object) -> Callable[..., object]:
        nonlocal count
        count += event == "line"
        return trace

    sys.settrace(trace)
    try:
        speakable(text, language)
    finally:
        sys.settrace(None)
    return count


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("piece", NESTS)
def test_work_grows_with_the_length_only(piece: str, language: str) -> None:
    """Four times as much of a nasty pattern costs at most five times the steps, plus what the start costs."""
    speakable(piece * 60, language)
    assert _steps(piece * 240, language) <= 5 * _steps(piece * 60, language) + 500


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("piece", NESTS)
def test_no_pattern_explodes(piece: str, language: str) -> None:
    """Four thousand characters of a nasty pattern are done (an expression that backtracks would take minutes)."""
    for tail in ("", "x"):
        speakable(piece * (4_000 // len(piece)) + tail, language)
