"""An operator's own words."""

import time

import pytest

from pipeline.events import Sentence
from pipeline.speakable import Reading, ReadingOptions, speakable
from pipeline.speakable.lexicon import Lexicon

WORDS = {
    "Nexy": "neck see",
    "nexy cloud": "neck see cloud",
    "sql": "sequel",
    "Dr.": "drive",
    "C++": "see plus plus",
    "café": "kaffay",
    "New York": "the big apple",
    "→": "then",
    "e-mail": "electronic mail",
    "5G": "five gee",
    "42": "the answer",
    "percent": "of a hundred",
    "жкх": "жэ ка ха",
    "हिंदी": "hindee",
}
LEXICON = Lexicon(WORDS)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("Ask Nexy, please.", "Ask neck see, please."),
        ("Ask nexy or NEXY.", "Ask nexy or NEXY."),
        ("Nexy's voice, Nexy-like, (Nexy).", "neck see's voice, neck see-like, (neck see)."),
        ("Nexys, aNexy, my_Nexy, Nexy2.", "Nexys, aNexy, my_Nexy, Nexy2."),
        ("Use SQL, Sql and sql.", "Use sequel, sequel and sequel."),
        ("Try the NEXY  Cloud.", "Try the neck see cloud."),
        ("On Oak Dr. now.", "On Oak drive now."),
        ("Write C++ or C.", "Write see plus plus or C."),
        ("A café, a cafe\u0301, a cafe, cafe\u0301s.", "A kaffay, a kaffay, a cafe, cafe\u0301s."),
        ("In New\nYork.", "In the big apple."),
        ("In new york.", "In new york."),
        ("A → B", "A then B"),
        ("An E-Mail.", "An electronic mail."),
        ("5G, 15G, 42, 142, 4.42, 42.5, 42.", "five gee, 15G, the answer, 142, 4.42, 42.5, the answer."),
        ("Оплата ЖКХ.", "Оплата жэ ка ха."),
        ("हिंदी हिंदीका", "hindee हिंदीका"),
    ],
)
def test_whole_words(text: str, said: str) -> None:
    """Words and phrases are whole ones; case counts where the key has a capital; letters may be composed or not."""
    assert LEXICON.replaced(text) == said


def test_the_longest_counts() -> None:
    """Of two that fit, the longer one."""
    assert Lexicon({"a": "1", "a b c": "3", "a b": "2"}).replaced("a b a b c a") == "2 3 1"


ENGLISH = {"en": LEXICON, "ru": Lexicon({"Nexy": "некси", "др.": "доктор", "рубль": "целковый"})}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("**Nexy** costs $5.", "neck see costs five dollars."),
        ("Ask Dr. Smith.", "Ask drive Smith."),
        ("It is 5%.", "It is five of a hundred."),
        ("I have 42 of 43.", "I have the answer of forty-three."),
        ("See https://nexy.com/Nexy or [Nexy](https://a.b).", "See link to nexy.com or neck see."),
        ("Спросите Nexy.", "Спросите некси."),
        ("Это 1 рубль.", "Это один целковый."),
        ("Plain words only.", "Plain words only."),
        ("Ask Nexy for help.", "Ask neck see for help."),
    ],
)
def test_before_and_behind_the_rules(text: str, said: str) -> None:
    """The lexicon goes before the rules, is asked again behind them, and nothing changes what it says."""
    pytest.importorskip("num2words")
    assert speakable(text, "", lexicons=ENGLISH) == said


def test_without_normalize() -> None:
    """The words hold for the text as it is written, too."""
    reading = Reading(ReadingOptions(normalize=False, emoji="drop", code="announce", lexicons=ENGLISH))
    _, words = reading.next(Sentence(1, " Ask Nexy for $5."), False)
    assert words("", "") == "Ask neck see for $5."


def test_many_words_cost_no_more() -> None:
    """Ten thousand words are looked up as fast as ten: far below a second for a long text."""
    large = Lexicon({f"word{number}": "x" for number in range(10_000)} | WORDS)
    text = "nexy Nexy word17 the quick brown fox " * 300
    took = []
    for lexicon in (LEXICON, large):
        began = time.perf_counter()
        lexicon.replaced(text)
        took.append(time.perf_counter() - began)
    assert took[1] < 20 * took[0] + 1
