"""Russian: nouns, and their forms behind numbers, by pymorphy3. The package is imported with the first noun.

Cases have the letters of num2words: n, g, d, a, i, p.
"""

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

from pipeline.languages import RUSSIAN_LETTERS
from pipeline.speakable.language import table, vocabulary
from pipeline.speakable.rewriting import after, before, in_front

_WORDS = vocabulary("ru")
CASES = {"nomn": "n", "gent": "g", "datv": "d", "accs": "a", "ablt": "i", "loct": "p", "loc2": "p"}
GENDERS = {"masc": "m", "femn": "f", "neut": "n"}
ANY_CASE = "nagdip"
VERBAL = frozenset({"VERB", "INFN", "GRND"})
NO_OBJECT = frozenset({"пройти", "миновать", "есть"})
"""Transitive verbs that hardly ever have an amount for their object: прошла 1 мин, есть 1000 ₽."""
RARE = 0.02
"""The least likelihood of a reading that counts: "и" is hardly ever a noun."""
DOUBTFUL = 0.05
"""The least likelihood of a noun's reading that counts beside a likely one: "варианта" is hardly ever a noun's base."""
LIKELY = 0.4
PROPER = frozenset({"Name", "Surn", "Patr"})

PREPOSITIONS = {word: cases for cases, listed in table("ru")["prepositions"].items() for word in listed.split()}
"""The cases that a word allows the number behind it, the likeliest first."""
VERBS = {verb: cases for cases, listed in table("ru")["verbs"].items() for verb in listed.split()}
GENDER_OF = {word: gender for gender, listed in table("ru")["genders"].items() for word in listed.split()}
"""The genders of words, and of words that end in a word, that pymorphy3 takes for others."""
LABELS = _WORDS["numbered"]
"""Nouns with a number for their name: страница пять."""
BETWEEN = re.compile(r"(?<!\w)между \d\S*(?: \S+)? и \Z", re.IGNORECASE)
OVER_AN_AMOUNT = re.compile(
    r"(?<!\w)([а-яё]{1,20}) \d{1,6} ?(?:ч|час(?:а|ов)?|мин|минут[ыу]?|руб|рубл(?:ь|я|ей)|г|года?|лет)\.? (?:и )?\Z",
    re.IGNORECASE,
)
FAR = 120
SENTENCE = re.compile(r"[.!?] (?=[А-ЯЁ])")
IN_A_PLACE = re.compile(r"(?<!\w)(?:в|во|на|у|из|с|со|к|для|от|до|при|под|за|над|перед) [а-яё]{2,20} \Z", re.IGNORECASE)
BESIDE = frozenset(
    {"к", "отсюда", "справа", "слева", "впереди", "позади", "севернее", "южнее", "западнее", "восточнее"}
)
TIMES = frozenset({"ч", "час", "мин", "с", "сек", "сут"})
HOURS = frozenset({"утра", "вечера", "ночи", "дня"})

_WORD = f"[{RUSSIAN_LETTERS}]++(?:-[{RUSSIAN_LETTERS}]++)*+"
_SHORTENED = r"\.(?:/| ?[а-яё])"
SHORTENED = re.compile(rf"\s+{_WORD}{_SHORTENED}")
NEXT = re.compile(rf"\s+({_WORD})(?!{_SHORTENED})")
"""The word behind a number, but no abbreviation, whose letters may stand for another word."""


@dataclass(frozen=True, slots=True)
class Noun:
    """One reading of the form of a noun."""

    case: str
    plural: bool
    gender: str
    animate: bool
    only_plural: bool


@cache
def _analyzer() -> Any:
    try:
        return import_module("pymorphy3").MorphAnalyzer(lang="ru")
    except (ImportError, ValueError):  # ValueError: the dictionary is not installed
        return None


def available() -> bool:
    """Return whether pymorphy3 and its dictionary are installed; they come with the extra ``normalize``."""
    return _analyzer() is not None


@lru_cache(maxsize=4096)
def parses(word: str) -> tuple[Any, ...]:
    """Return the likely readings of *word*, in small letters, as pymorphy3 has them."""
    return tuple(parse for parse in _analyzer().parse(word) if parse.score >= RARE)


@lru_cache(maxsize=4096)
def nouns(word: str) -> tuple[Noun, ...]:
    """Return the readings of *word* as a noun, the likeliest first."""
    forms = [p for p in _analyzer().parse(word.lower()) if p.tag.POS == "NOUN" and p.tag.case in CASES]
    if word.islower():
        forms = [p for p in forms if not PROPER & p.tag.grammemes] or forms
    least = DOUBTFUL if any(p.score >= LIKELY for p in forms) else RARE
    bases = {p.normal_form for p in forms if p.score >= least} | _WORDS["surely_nouns"]
    forms = [p for p in forms if p.normal_form in bases]
    things = [p for p in forms if p.tag.animacy != "anim" or p.normal_form not in _WORDS["inanimate"]]
    readings = tuple(map(_noun, things or forms))
    if word in GENDER_OF and not any(noun.case == "n" and not noun.plural for noun in readings):
        readings = (Noun("n", False, GENDER_OF[word], False, False), *readings)  # no form of another word
    return tuple(noun for noun in readings if not noun.only_plural) or readings


def _noun(parse: Any) -> Noun:
    tag = parse.tag
    gender = GENDER_OF.get(parse.normal_form) or GENDERS.get(tag.gender, "m")
    animate = tag.animacy == "anim" and parse.normal_form not in _WORDS["inanimate"]
    return Noun(CASES[tag.case], tag.number == "plur", gender, animate, "Pltm" in tag)


def lemma(word: str) -> str:
    """Return the dictionary form of *word*."""
    known = parses(word.lower())
    if not known or word.lower() in _WORDS["surely_nouns"]:
        return word.lower()
    return str(known[0].normal_form)


def is_known(word: str) -> bool:
    """Return whether the dictionary has *word*."""
    return bool(_analyzer().word_is_known(word.lower()))


def is_name(word: str) -> bool:
    """Return whether *word* is a first name. So is a word that the dictionary does not have, before a numeral."""
    return not is_known(word) or any("Name" in parse.tag for parse in parses(word.lower()))


def names(word: str) -> tuple[Noun, ...]:
    """Return the readings of *word* as a first name, else as any noun."""
    forms = [p for p in _analyzer().parse(word.lower()) if "Name" in p.tag and p.tag.case in CASES]
    return tuple(map(_noun, forms)) or nouns(word)


def is_noun(word: str) -> bool:
    """Return whether *word* is most likely a noun."""
    known = parses(word.lower())
    return bool(known) and known[0].tag.POS == "NOUN"


def is_adjective(word: str) -> bool:
    """Return whether *word* may be an adjective or a participle."""
    return any(parse.tag.POS in {"ADJF", "PRTF"} for parse in parses(word.lower()))


def agreeing(adjective: str, readings: tuple[Noun, ...]) -> tuple[Noun, ...]:
    """Return the *readings* of a noun that stand behind *adjective*; all of them if it is none."""
    tags = [parse.tag for parse in parses(adjective.lower()) if parse.tag.POS in {"ADJF", "PRTF"}]
    forms = {(CASES.get(tag.case), tag.number == "plur") for tag in tags}
    return tuple(noun for noun in readings if (noun.case, noun.plural) in forms) if forms else readings


def counted(text: str, end: int) -> tuple[Noun, ...]:
    """Return the readings of the noun that the number before *end* counts, which may have two adjectives in front."""
    here: tuple[Noun, ...] = ()
    for _ in range(3):
        word = NEXT.match(text, end)
        if word is None:
            return here
        here, end = nouns(word[1]) or here, word.end()
        if not is_adjective(word[1]):
            return here
    return here


def kind(number: int) -> str:
    """Return how *number* counts: ``one``, ``few`` (2-4) or ``many``; the last two digits decide."""
    if number % 100 in range(11, 15):
        return "many"
    return "one" if number % 10 == 1 else "few" if number % 10 in (2, 3, 4) else "many"


def _fits(number: int, case: str, noun: Noun) -> bool:
    """Whether *noun* can stand behind *number* in *case* (Rozental, Reference, § 164-165)."""
    if number == 0:
        return noun.plural and noun.case == "g"
    if kind(number) == "one":
        return noun.plural == noun.only_plural and noun.case == case
    if case in "na":
        genitive_plural = kind(number) == "many" or noun.only_plural or (noun.animate and case == "a")
        people = noun.animate and case == "a" and kind(number) == "few"  # на 4 персоны, на четырёх человек
        return noun.case == "g" and (noun.plural == genitive_plural or people)
    return noun.case == case and noun.plural


def agreement(number: int, cases: str, readings: tuple[Noun, ...]) -> tuple[str, Noun] | None:
    """Return the first of *cases* in which one of *readings* fits *number*, and that reading."""
    for case in cases:
        for noun in readings:
            if _fits(number, case, noun):
                return case, noun
    return None


def governor(m: re.Match[str]) -> str:
    """Return the word in front of the match, or of an amount before it: "через" for the 21 мин of через 2 ч 21 мин."""
    front = before(m)
    if m.groupdict().get("unit"):
        over = OVER_AN_AMOUNT.search(in_front(m))
        front = over[1] if over else command(m) if front == "и" or front.endswith(",") else front
    return front.lower().lstrip("(«")


def command(m: re.Match[str]) -> str:
    """Return the imperative of Возьмите 1 ст. л. сахара и 1 ч. л. соли; the word in front if there is none."""
    words = SENTENCE.split(in_front(m))[-1].split()
    orders = (word for word in words if takes_object(word) and {"impr", "INFN"} & parses(word.lower())[0].tag.grammemes)
    return next(orders, before(m))


def governed(m: re.Match[str]) -> str:
    """Return the cases that the word in front of the match allows; "" if it governs none."""
    word = governor(m)
    if word in {"с", "со"}:
        if before(m).lower() != word:
            return "g"  # с 1 г. 6 мес.
        rest = m.string[m.end() : m.end() + 40].split()
        return "g" if any(mark in rest[:4] for mark in ("до", "по")) else "gi"
    if word == "и" and BETWEEN.search(in_front(m)):
        return "i"
    return str(PREPOSITIONS.get(word) or VERBS.get(lemma(word), "")) or oblique(word)


@lru_cache(maxsize=4096)
def oblique(word: str) -> str:
    """Return the cases that an adjective in the plural asks for: последних 7 лет. "" for any other word."""
    if word[-1:] not in ("х", "м", "и") or not word.isalpha() or any(p.tag.POS == "NOUN" for p in parses(word)):
        return ""
    cases = {
        CASES[p.tag.case]
        for p in parses(word)
        if p.tag.POS in {"ADJF", "PRTF"} and p.tag.number == "plur" and p.tag.case in CASES and "Fixd" not in p.tag
    }
    return "" if "n" in cases else "".join(case for case in "gpdi" if case in cases)


def takes_object(word: str, *, animate: bool = False) -> bool:
    """Return whether an amount behind *word* is its object: *word* is an imperative or a transitive verb.

    Behind a third person may also stand the subject: an *animate* noun, or behind a neuter any (приняло 1000 школ).
    """
    known = parses(word.lower().lstrip("(«"))
    if known and ("impr" in known[0].tag or (word[:1].isupper() and any("impr" in parse.tag for parse in known))):
        return True
    verbs = [parse.tag for parse in known if parse.tag.POS in VERBAL]
    if not verbs or known[0].tag.POS not in VERBAL or any("tran" not in tag for tag in verbs):
        return False
    if known[0].normal_form in NO_OBJECT:
        return False
    third = verbs[0].POS == "VERB" and verbs[0].person not in {"1per", "2per"}
    return not third or not (animate or "neut" in verbs[0])


def around(m: re.Match[str]) -> str:
    """Return the match with some hundred characters on both sides; bounds the cost of a look at the sentence."""
    return m.string[max(0, m.start() - FAR) : m.end() + FAR]


def names_its_number(m: re.Match[str], number: int) -> bool:
    """Return whether the noun in front has the number for its name: страница 5; but в комнате 2 двери counts."""
    if lemma(before(m)) not in LABELS:
        return False
    if not IN_A_PLACE.search(in_front(m)):
        return True
    word = NEXT.match(m.string, m.end())
    counts = agreement(number, "na", counted(m.string, m.end()))
    return counts is None or kind(number) == "many" or (word is not None and lemma(word[1]) in _WORDS["containing"])


def _far(m: re.Match[str]) -> bool:
    """Whether an amount tells where something is: Аптека в 450 м, Он живёт в 3 км. But not высотой в 450 м."""
    measured = _WORDS["measured_by"]
    words = in_front(m).split()
    if m.groupdict().get("unit") not in {"м", "км"} or (after(m) and after(m) not in BESIDE):
        return False
    return len(words) > 1 and lemma(words[-2]) not in measured


def _holds(m: re.Match[str]) -> bool:
    """Whether an amount at the beginning of a sentence holds something: В 1 км — 1000 м, В 1 л воды растворите."""
    unit = m.groupdict().get("unit")
    return before(m) == "В" and unit is not None and unit not in TIMES and not m.groupdict().get("to")


def case_alone(m: re.Match[str]) -> str:
    """Return the case by the word in front alone; "" if that leaves it open."""
    cases = governed(m)
    if cases == "gi":
        return ""
    if cases == "ap" and after(m).strip(".,") in {"от", "из"}:
        return "p"  # в 5 км от дома, в 3 из 5 случаев
    if cases == "ap" and before(m).lower() == "в" and (_holds(m) or _far(m)):
        return "p"
    if not cases and takes_object(governor(m)):
        return "a"
    return cases[:1] or "n"
