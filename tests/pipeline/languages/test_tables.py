"""The tables of the sentence rules, and how the language of a reply is told."""

from importlib.resources import files

import pytest

from pipeline.languages import BY_SCRIPT, TABLES, Abbreviations, Kind, LanguageTeller, table
from pipeline.languages.tables import parse

FILES = sorted(file.name for file in files("pipeline.languages").iterdir() if file.name.endswith(".txt"))


@pytest.mark.parametrize("name", FILES)
def test_tables_can_be_read(name: str) -> None:
    """Every table names its script, has only known sections, and no abbreviation in two of them."""
    text = files("pipeline.languages").joinpath(name).read_text(encoding="utf-8")
    assert parse(text).script
    entries: dict[str, str] = {}
    section = ""
    for line in text.splitlines():
        if line.startswith("["):
            section = line
        elif "ends" in section and "letter" not in section:
            for entry in filter(None, (part.strip() for part in line.partition("//")[0].split(","))):
                assert entries.setdefault(entry, section) == section, entry


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("[unknown]\na.", r"unknown section \[unknown\]"),
        ("a.\n[words]", "before any section"),
        ("[script]\ngreek", "unknown script 'greek'"),
        ("[script]\nlatin, cyrillic", "unknown script"),
    ],
)
def test_slips_in_a_table_are_errors(text: str, error: str) -> None:
    """An unknown section or script, several scripts, and an entry before any section are named."""
    with pytest.raises(ValueError, match=error):
        parse(text)


def test_entries() -> None:
    """Abbreviations in two classes, in pairs, in chains, behind numbers, at the end of words, with a capital only."""
    table = parse(
        """
        [never ends]   // a comment
        Mr., z. B., -str.
        г.
        [ends before a capital]
        etc., и др., 9 г., Rep., т. д., Aa v.
        """
    )
    known = Abbreviations({"xx": table})

    def kind(word: str, before: str, following: str) -> Kind | None:
        return known.kinds(word, before, following).get("xx")

    assert kind("Mr", "", "X") is Kind.NEVER
    assert kind("mr", "", "X") is None
    assert kind("etc", "apples,", "X") is Kind.CAPITAL
    assert kind("ETC", "", "X") is Kind.CAPITAL
    assert kind("z", "", "B") is Kind.NEVER
    assert kind("z", "", "X") is None
    assert kind("B", "z.", "m") is Kind.NEVER
    assert kind("z.B", "", "m") is Kind.NEVER
    assert kind("Hauptstr", "", "5") is Kind.NEVER
    assert kind("г", "в", "М") is Kind.NEVER
    assert kind("Г", "", "М") is None
    assert kind("г", "1837", "М") is Kind.CAPITAL
    assert kind("г", "XI–XII", "М") is Kind.CAPITAL
    assert kind("v", "Brown", "B") is Kind.CAPITAL
    assert kind("v", "for", "B") is None
    assert kind("др", "и", "М") is Kind.CAPITAL
    assert kind("др", "", "М") is None
    assert kind("д", "т.", "М") is Kind.CAPITAL
    assert kind("Rep", "", "J") is Kind.CAPITAL
    assert kind("rep", "", "J") is None


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("The cat is on the table and that is good", "en"),
        ("Der Hund ist nicht hier und das ist gut", "de"),
        ("El perro no está en la casa pero es bueno", "es"),
        ("Le chien est dans la maison et il est bon", "fr"),
        ("Il cane è nella casa ma non è buono", "it"),
        ("O cachorro não está na casa mas é bom", "pt"),
        ("Pies jest w domu i nie śpi", "pl"),
        ("Köpek evde ve çok iyi bir hayvan", "tr"),
        ("İstanbul", "tr"),
        ("Это собака, и она не спит", "ru"),
        ("Це собака, і вона не спить", "uk"),
    ],
)
def test_language_is_told(text: str, language: str) -> None:
    """A few words tell the language from the others in its script."""
    teller = LanguageTeller()
    teller.read(text, len(text))
    assert list(teller.languages(TABLES[language].script)) == [language]


def test_unknown_language() -> None:
    """Before anything is known, all languages of the script are as likely; other scripts have one each."""
    teller = LanguageTeller()
    assert teller.languages("latin") == list(BY_SCRIPT["latin"])
    assert teller.languages("cyrillic") == ["ru", "uk"]
    assert list(teller.languages("devanagari")) == ["hi"]
    assert list(teller.languages("other")) == ["en"]


def test_a_table_is_read_once() -> None:
    """Tables are shared by all replies."""
    assert table("en") is table("en")
    assert table("xx").kinds == {}


def test_the_table_of_a_script_holds_for_its_languages() -> None:
    """latin.txt holds for Polish, not for Russian."""
    assert table("pl").kinds["bros"] is Kind.CAPITAL
    assert "bros" not in table("ru").kinds
