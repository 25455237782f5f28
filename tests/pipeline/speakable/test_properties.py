"""What holds for any text."""

import re
import sys
import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pipeline.speakable import speakable
from pipeline.speakable.en import ENGLISH
from pipeline.speakable.language import OTHER, Language
from pipeline.speakable.ru import RUSSIAN
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
        "мм рт. ст.", "сегодня", "пятница,", "9.30", "18.00", "25.12", "25.12.25", "дек.", "р.", "в день", "мг/кг",
        "120/80", "ст. ложки", "перевёл", "между", "и", "из", "годах", "г. р.", "числа", "…", "+5…+7", "1–1,5", "№№",
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
@given(
    text=st.lists(PLAIN_PIECES).map(" ".join).map(str.strip),
    language=st.sampled_from(["en", "ru"]),
)
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
    "*",
    "**",
    "_",
    "~~",
    "`",
    "[",
    "[a](",
    "(",
    "<",
    "<b>",
    "&",
    "|",
    "| ",
    "> ",
    "- ",
    "#",
    "# ",
    "-",
    "\\",
    "!",
    "@",
]
NESTS += [
    "a@",
    "a.",
    "1.",
    "1 ",
    "1,",
    "1:",
    "1/",
    "1-",
    "1–",
    "$",
    "№",
    "http://",
    "[^",
    "![",
    "<!--",
    "🎉",
    "5 км ",
    "XX–",
]
NESTS += ["1 + ", "2 > 1 ", "x² ", "won 3:1 ", "3–1 ", "#1 ", "1 000 € ", "5 s ", "5 in. ", "Mon. ", "Henry I "]
NESTS += ["9 AM–", "5 km–", "5 mg/kg", "911 or "]
NESTS += ["12 W. Main St. ", "on A Dr. ", "42nd St. "]
NESTS += ["Part II–", "*a ", " *a", "**a** ", "в 5 ", "1 000 ", "+1 ", "a*", "`a", "``a`", "| a ", "^", "т.", "1️⃣"]
NESTS += [
    "с 9.00 до ",
    "между 5 и ",
    "2024, ",
    "2024 и ",
    "1 числа ",
    "5 мг/",
    "5…",
    "через 2 ч ",
    "5 из ",
    "25.12 по ",
]


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
    speakable(piece * 30, language)
    assert _steps(piece * 120, language) <= 5 * _steps(piece * 30, language) + 500


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("piece", NESTS)
def test_no_pattern_explodes(piece: str, language: str) -> None:
    """Four thousand characters of a nasty pattern are done (an expression that backtracks would take minutes)."""
    for tail in ("", "x"):
        speakable(piece * (4_000 // len(piece)) + tail, language)


@pytest.mark.parametrize(
    ("text", "language", "said"),
    [
        ("5 Dateien und 3 Bücher **hier**", "de", "5 Dateien und 3 Bücher hier"),
        ("5 Dateien und 3 Bücher **hier**", "", "5 Dateien und 3 Bücher hier"),
        ("У мене є 5 книг", "", "У мене є 5 книг"),
        ("Oggi ci sono 18 °C", "", "Oggi ci sono 18 °C"),
        ("Der Termin ist am 3. Mai um 10", "", "Der Termin ist am 3. Mai um 10"),
        ("[ここ](https://example.com)を見て", "ja", "ここを見て"),
        ("Siehe https://example.com/a.", "de", "Siehe example.com."),
        ("- [x] Milch", "de", "Milch"),
        ("نامه\u200cها", "fa", "نامه\u200cها"),
    ],
)
def test_other_languages_get_only_markup(text: str, language: str, said: str) -> None:
    """A language whose words are not known keeps its numbers as digits."""
    assert speakable(text, language) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("У вас 2 книги", "У вас две книги"),
        ("You have 2 books", "You have two books"),
        ("No, come to El Paso at 5", "No, come to El Paso at five"),
    ],
)
def test_the_letters_tell_the_language(text: str, said: str) -> None:
    """Without a language, Cyrillic is read as Russian, anything else as English if no words say otherwise."""
    pytest.importorskip("num2words")
    pytest.importorskip("pymorphy3")
    assert speakable(text, "") == said


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The word привет has 6 letters.", ENGLISH),
        ("«Спасибо» is said 3 times a day.", ENGLISH),
        ("Moscow (Москва) has 12 districts", ENGLISH),
        ("In Russian it is спасибо, and there are 2", ENGLISH),
        ("В Windows 11 Pro нажмите Start", RUSSIAN),
        ("Открой Google Chrome и Microsoft Word за 5 минут", RUSSIAN),
        ("Книга The Lord of the Rings, 3 тома", RUSSIAN),
        ("Набери git push origin main 2 раза", RUSSIAN),
        ("Do all that is asked in глава 5.", RUSSIAN),
        ("Я открыл страницу https://ru.wikipedia.org/wiki/some_long_name.", RUSSIAN),
        ("Ответ на ivan.petrov@example.com", RUSSIAN),
        ("See https://ru.wikipedia.org/wiki/Байкал.", ENGLISH),
    ],
)
@pytest.mark.parametrize("tag", ["", "en"])
def test_a_sentence_of_two_languages(text: str, language: Language, tag: str) -> None:
    """An English sentence that quotes a Russian word stays English; a Russian one with English names stays Russian, and
    so does what a number counts. The words of an address tell nothing.
    """
    assert language_of(tag, text) is language


@pytest.mark.parametrize(
    ("text", "tag", "voice", "language"),
    [
        ("42.", "", "ru", RUSSIAN),
        ("5 °C.", "", "ru-RU", RUSSIAN),
        ("120 km/h", "", "ru", RUSSIAN),
        ("See https://example.com/some", "", "ru", ENGLISH),
        ("https://example.com/some", "", "ru", RUSSIAN),
        ("It costs 5 dollars.", "", "ru", ENGLISH),
        ("It costs 5 dollars.", "", "en-us", ENGLISH),
        ("Das sind 3 kg.", "", "de", OTHER),
        ("Das Café hat 3 Tische.", "", "en", OTHER),
        ("42.", "de", "en", OTHER),
        ("42.", "en", "de", OTHER),
        ("42.", "en", "ru", ENGLISH),
        ("42.", "ru", "en", RUSSIAN),
        ("Там 5 книг.", "", "ru", RUSSIAN),
        ("Там 5 книг.", "", "uk", OTHER),
        ("У мене є 5 книг.", "", "ru", OTHER),
        ("The word привет has 6 letters.", "", "ru", ENGLISH),
        ("The word привет has 6 letters.", "", "uk", OTHER),
    ],
)
def test_where_the_letters_do_not_tell_the_voice_does(text: str, tag: str, voice: str, language: Language) -> None:
    """The request's language first, then the letters, then the language of the voice. No voice gets words that it
    can't read: English ones are for an English voice, or for the Russian one, which reads English.
    """
    assert language_of(tag, text, voice) is language


def test_the_numbers_of_an_english_sentence_are_english() -> None:
    """One Cyrillic word does not make them Russian."""
    pytest.importorskip("num2words")
    assert speakable("The word привет has 6 letters.", "") == "The word привет has six letters."


def test_emoji_can_be_named() -> None:
    """With emoji="name" the picture is said, once for a row of the same."""
    assert speakable("Great 🎉🎉!", "en", emoji="name") == "Great party popper!"


def test_lines_are_one_text() -> None:
    """Should a text have several lines, each loses its own marks."""
    assert speakable("# Milk\n\n- **a**\n- b\n```sh\nls\n```", "en") == "Milk a b ls"


def test_ordinary_prose_passes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence of letters and full stops, with the white space that stands before it in a reply, is left alone: that
    is nearly all sentences, and the rules cost some twenty times as much.
    """
    monkeypatch.delattr("pipeline.speakable.speak._once")
    for text in ("Milk is good.", " Milk is good.", "\n\nМолоко полезно!\n"):
        assert speakable(text, "") == text.strip()
