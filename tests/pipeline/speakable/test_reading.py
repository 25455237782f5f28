"""What is said of a sentence in its answer."""

import pytest

from pipeline.events import Sentence
from pipeline.speakable import Reading, ReadingOptions

pytest.importorskip("num2words")
pytest.importorskip("pymorphy3")

OPTIONS = ReadingOptions(normalize=True, emoji="drop", code="announce", lexicons={})


def said(*texts: str, prompt: str = "", voice: str = "en", asked: str = "", **options: object) -> list[str]:
    """What a voice of the language *voice*, which reads Russian too, says for the sentences and at the end."""
    changed = {name: options.get(name, getattr(OPTIONS, name)) for name in OPTIONS.__slots__}
    reading = Reading(ReadingOptions(**changed), prompt)  # type: ignore[arg-type]
    out = []
    for number, text in enumerate(texts, start=1):
        language, words = reading.next(Sentence(number, text), False)
        out.append(words(asked or language, asked or language or voice))
    if reading.unfinished:
        language, words = reading.end()
        out.append(words(asked or language, asked or language or voice))
    return out


@pytest.mark.parametrize(
    ("texts", "prompt", "last"),
    [
        (["Вот сумма:", "\n700 ₽"], "", "семьсот рублей"),
        (["The sum:", "\n700 ₽"], "", "seven hundred rubles"),
        (["16:20."], "Который час?", "шестнадцать двадцать."),
        (["42."], "What is six times seven?", "forty-two."),
        (["42."], "", "forty-two."),
        (["The first.", " Вот второй.", " 42."], "", "сорок два."),
        (["Вот телефон:", "\nSamsung Galaxy", "\n42."], "", "сорок два."),
        (["42."], "Samsung?", "forty-two."),
        (["До станции:", "\n5 km"], "", "пять километров"),
    ],
)
def test_language_without_letters(texts: list[str], prompt: str, last: str) -> None:
    """It is that of the sentence before, else that of the prompt, else that of the voice."""
    assert said(*texts, prompt=prompt)[-1] == last


def test_the_language_of_the_request_wins() -> None:
    """A request that names its language gets numbers in it, whatever stands before them."""
    assert said("Вот сумма:", "\n42.", asked="en")[-1] == "forty-two."


ANSWER = ("Here:", "\n```python", "\na = 5", "\n```", "\nDone.")


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("announce", ["Here:", "", "", "Python code, one line", "Done."]),
        ("skip", ["Here:", "", "", "", "Done."]),
        ("read", ["Here:", "", "a equals five", "", "Done."]),
    ],
)
@pytest.mark.parametrize("normalize", [True, False])
def test_code(code: str, words: list[str], normalize: bool) -> None:
    """A block is announced, passed over or read, with and without ``normalize``."""
    if normalize or code != "read":
        assert said(*ANSWER, code=code, normalize=normalize) == words
    else:
        assert said(*ANSWER, code=code, normalize=False) == [text.strip() for text in ANSWER]


@pytest.mark.parametrize(
    ("prompt", "lines", "words"),
    [
        ("Напиши код", 1, "код, одна строка"),
        ("Напиши код", 3, "код, три строки"),
        ("Напиши код", 11, "код, одиннадцать строк"),
        ("Напиши код", 21, "код, двадцать одна строка"),
        ("write it", 12, "code, twelve lines"),
    ],
)
def test_an_open_block_is_announced_at_the_end(prompt: str, lines: int, words: str) -> None:
    """An answer that breaks off within a block tells so, in the language of what was said, or of the prompt."""
    assert said("```", *["\nx"] * lines, prompt=prompt)[-1] == words


def test_what_is_no_part_of_the_answer_is_always_said() -> None:
    """A sentence that stands apart ends the block before it."""
    reading = Reading(OPTIONS, "")
    for text in ("```", "\nx"):
        reading.next(Sentence(1, text), False)
    _, words = reading.next(Sentence(2, "I must stop here.", apart=True), False)
    assert words("", "en") == "code, one line. I must stop here."
    assert not reading.unfinished


def test_marks_end_with_their_paragraph() -> None:
    """A marker that was never closed does not take one from a later paragraph."""
    assert said("**Note this.", "\n\n2 ** 3 and char** p.")[-1] == "two to the power of three and char star star p."
    assert said("**Note this.", " It is red** here.")[-1] == "It is red here."


def test_marks_of_sources_behind_a_sentence() -> None:
    """A mark that the segmenter put before the next sentence belongs to the one before it."""
    assert said("It is so.", " [1][2]", " [3] More follows.", "\n[4] Reuters") == [
        "It is so.",
        "",
        "More follows.",
        "[4] Reuters",
    ]
