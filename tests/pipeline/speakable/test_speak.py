"""Which language a text is spoken in, and what any language gets."""

import pytest

from pipeline.speakable import speak, speakable
from pipeline.speakable.en import ENGLISH
from pipeline.speakable.language import OTHER, Language
from pipeline.speakable.rewriting import abbreviations
from pipeline.speakable.ru import RUSSIAN
from pipeline.speakable.speak import language_of


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
        ("The word привет has 6 letters.", "The word привет has six letters."),
    ],
)
def test_the_letters_tell_the_language(text: str, said: str) -> None:
    """Without a language, mainly Cyrillic is read as Russian, anything else as English if no words say otherwise."""
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
    """Quoted words, names and addresses do not change the language of a sentence; what a number counts tells it."""
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


def test_emoji_can_be_named() -> None:
    """With emoji="name" the picture is said, once for a row of the same."""
    assert speakable("Great 🎉🎉!", "en", emoji="name") == "Great party popper!"


def test_lines_are_one_text() -> None:
    """Should a text have several lines, each loses its own marks."""
    assert speakable("# Milk\n\n- **a**\n- b\n```sh\nls\n```", "en") == "Milk a b ls"


def test_ordinary_prose_passes_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Letters and full stops, with white space around, are left alone: the rules cost some twenty times as much."""
    monkeypatch.delattr("pipeline.speakable.speak._once")
    for text in ("Milk is good.", " Milk is good.", "\n\nМолоко полезно!\n"):
        assert speakable(text, "") == text.strip()


@pytest.mark.parametrize(
    ("language", "voice", "said"),
    [
        ("eo", "", "Vidu ekzemple ligilo al a.bc kaj tiel plu."),
        ("eo-XX", "eo", "Vidu ekzemple ligilo al a.bc kaj tiel plu."),
        ("", "eo", "Vidu ekzemple ligilo al a.bc kaj tiel plu."),
        ("eo", "de", "Vidu ekz. a.bc ktp."),
    ],
)
def test_a_third_language_is_one_more_object(
    language: str, voice: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A language needs only its abbreviations and its words for markup; no voice gets words that it cannot read."""
    written_out = abbreviations({"ktp.": "kaj tiel plu", "ekz.": "ekzemple"})
    esperanto = Language(code="eo", spoken=written_out, readers=frozenset({"eo"}), link_word=lambda _: "ligilo al")
    monkeypatch.setitem(speak.LANGUAGES, "eo", esperanto)
    assert speakable("Vidu **ekz.** https://a.bc ktp.", language, voice) == said
