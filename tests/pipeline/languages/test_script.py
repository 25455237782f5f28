"""Scripts, alphabets and language tags."""

import pytest

from pipeline.languages import ALPHABETS, CYRILLIC_LETTER, base_tag, is_cyrillic, script, tag_forms


@pytest.mark.parametrize(
    ("char", "name"),
    [
        *(("a", "latin"), ("ß", "latin"), ("ế", "latin"), ("я", "cyrillic"), ("ي", "arabic")),
        *(("ह", "devanagari"), ("한", "hangul"), ("好", "cjk"), ("の", "cjk"), ("α", "other")),
    ],
)
def test_script(char: str, name: str) -> None:
    """Each letter has the script that its rules go by."""
    assert script(char) == name


def test_cyrillic() -> None:
    """One Cyrillic letter of any language makes a text Cyrillic; other letters, signs and combining marks do not."""
    assert all(map(is_cyrillic, ["я", "a Ё b", "ґ", "қ", "Ѐ", "\ua641"]))
    assert not any(map(is_cyrillic, ["", "abc 5 €", "ελ", "\u0482\u0483", "é\u0301"]))


def test_alphabets_are_cyrillic() -> None:
    """Every alphabet consists of small Cyrillic letters."""
    for letters in ALPHABETS.values():
        assert all(CYRILLIC_LETTER.fullmatch(letter) and letter.islower() for letter in letters)


@pytest.mark.parametrize(
    ("tag", "forms"),
    [
        ("en_GB-oxendict", ["en-gb-oxendict", "en-gb", "en"]),
        ("zh-Hant-TW", ["zh-hant-tw", "zh-hant", "zh"]),
        *(("ru-RU", ["ru-ru", "ru"]), ("EN_us", ["en-us", "en"]), ("ru", ["ru"]), ("", [])),
    ],
)
def test_tags(tag: str, forms: list[str]) -> None:
    """A tag is shortened part by part to its language, whatever its case, script and region."""
    assert list(tag_forms(tag)) == forms
    assert base_tag(tag) == "".join(forms[-1:])
