import pytest

from pipeline.interfaces import Voice
from pipeline.tts.engines import VoiceInfo
from pipeline.tts.espeak.voices import Voices

CATALOGUE = """\
gmw/en-GB-scotland\tmale\tEnglish (Scotland)\t5:en-gb-scotland\t4:en
gmw/en\tmale\tEnglish (Great Britain)\t2:en-gb\t2:en
gmw/en-US\tmale\tEnglish (America)\t2:en-us\t3:en
roa/pt-BR\tmale\tPortuguese (Brazil)\t5:pt-br\t6:pt
zle/ru\tmale\tRussian\t5:ru
zle/uk\tmale\tUkrainian\t5:uk
!v/f2\tfemale\tfemale2\t5:variant
!v/f3\tfemale\tfemale3\t5:variant"""


def voices(default="en", gender="", **names):
    return Voices(CATALOGUE, names or {"en": "en-us", "ru": "ru"}, default, gender)


@pytest.mark.parametrize(
    ("text", "name", "language", "expected"),
    [
        ("Hello", "", "", "gmw/en-US"),
        ("Привет", "", "", "zle/ru"),
        ("Открываю Safari", "", "en", "zle/ru"),
        ("Привіт", "", "uk", "zle/uk"),
        ("Привет", "", "ru-RU", "zle/ru"),
        ("Safari", "", "ru", "zle/ru"),
        ("Hello", "", "en-GB", "gmw/en"),
        ("Hello", "", "EN-gb-oxendict", "gmw/en"),
        ("Hello", "", "en-AU", "gmw/en-US"),
        ("Olá", "", "pt", "roa/pt-BR"),
        ("Hello", "", "tlh", "gmw/en-US"),
        ("Hello", "en-gb-scotland", "ru", "gmw/en-GB-scotland"),
        ("Hello", "English (Scotland)", "", "gmw/en-GB-scotland"),
        ("Hello", "en-us+f3", "", "gmw/en-US+f3"),
        ("Hello", "ru", "en", "zle/ru"),
        ("Привет", "en-gb-scotland", "", "zle/ru"),
        ("Привет", "uk", "", "zle/uk"),
        ("Сегодня мы открыли файлы", "", "uk", "zle/ru"),
        ("СЕГОДНЯ МЫ", "uk", "", "zle/ru"),
        ("Привіт, «Мои файлы»", "", "uk", "zle/uk"),
        ("Ґанок", "", "", "zle/ru"),
        ("The word привет is Russian", "", "en", "zle/ru"),
        ("Hello", "no-such-voice", "", "gmw/en-US"),
        ("Hello", "en-us+nobody", "en-GB", "gmw/en"),
        ("", "", "", "gmw/en-US"),
    ],
)
def test_the_request_chooses_within_what_can_read_the_script(text, name, language, expected):
    """Named voice, then language, then default, each only if espeak has it and it can read the text's letters."""
    assert voices().choose(text, Voice(name, language)) == expected


def test_the_language_of_the_voice_that_reads():
    """The language comes without its region, from the default voice, the voice that the request names, or one for the
    letters.
    """
    assert voices().reads_in("42", Voice()) == "en"
    assert voices(default="pt").reads_in("42", Voice()) == "pt"
    assert voices().reads_in("42", Voice("en-us+f3", "ru")) == "en"
    assert voices().reads_in("Привет, 42", Voice("", "pt")) == "ru"


def test_a_name_that_is_known():
    """A voice has a name, tags and variants; anything else is unknown."""
    known = [voices().knows(name) for name in ("en-us", "EN-US", "ru", "en-us+f3", "en-us+typo", "typo")]
    assert known == [True, True, True, True, False, False]


def test_the_settings_choose_among_cyrillic_languages():
    """Cyrillic text of unknown language is read in a Cyrillic language of the settings that has its letters."""
    assert voices(default="uk", ru="ru", uk="uk").choose("Привіт", Voice()) == "zle/uk"
    assert voices(uk="uk").choose("Привіт", Voice()) == "zle/uk"
    assert voices(ru="ru", uk="uk").choose("Привіт", Voice()) == "zle/uk"
    assert voices(uk="uk", ru="ru").choose("Привет, мы", Voice()) == "zle/ru"
    assert voices(en="en-us").choose("Привет", Voice()) == "zle/ru"


def test_a_gender_is_a_variant_of_every_voice_but_of_one_that_names_its_own():
    """``female`` changes each voice that names no variant."""
    female = voices(gender="female", en="en-us+f3", ru="ru")
    assert female.choose("Hello", Voice()) == "gmw/en-US+f3"
    assert female.choose("Hello", Voice("en-gb")) == "gmw/en+f2"
    assert female.choose("Привет", Voice("ru")) == "zle/ru+f2"
    assert voices(gender="male").choose("Hello", Voice()) == "gmw/en-US"


def test_wrong_settings_name_their_key():
    """A voice or language of the settings that espeak does not have is a ValueError with key and value."""
    with pytest.raises(ValueError, match=r"voices\.ru.*'nobody'"):
        voices(ru="nobody")
    with pytest.raises(ValueError, match=r"default_language.*'tlh'"):
        voices(default="tlh")


def test_the_list_tells_what_may_be_asked_for():
    """Each voice is listed once, by a name that chooses it; variants are not voices."""
    infos = voices().infos
    assert infos[2] == VoiceInfo("en-us", "en-us", "male", "espeak")
    assert len(infos) == 6
    assert [voices().choose("", Voice(info.name)) for info in infos] == [
        line.split("\t")[0] for line in CATALOGUE.splitlines()[:6]
    ]
