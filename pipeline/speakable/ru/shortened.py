"""Russian: shortened nouns whose case the words around them decide: streets, titles, labels, quarters of a year."""

import re

from pipeline.speakable.language import table
from pipeline.speakable.numerals import roman_value
from pipeline.speakable.rewriting import DASH, any_of, before, in_front
from pipeline.speakable.ru.forms import inflected, matching, ordinal
from pipeline.speakable.ru.grammar import governed, is_noun, nouns, takes_object

_TABLE = table("ru")
PLACES: dict[str, str] = _TABLE["places"]
TITLES: dict[str, str] = _TABLE["titles"]
LABELS: dict[str, str] = _TABLE["labels"]
LABELS |= {label[0].upper() + label[1:]: noun for label, noun in LABELS.items()}

ROMAN = "(?:X{0,3}(?:IX|IV|V?I{1,3}|V)|X{1,3})"
IN_ADDRESS = re.compile(r"(?<!\w)(?:(?:ул|д|корп|просп)\.|пр-т|дом|улиц[аеуы])(?!\w)")
BEHIND_A_NAME = any_of(short for short in PLACES if short[0].islower() and short not in ("г.", "ст. м."))

_NAMED_SO = r"(?:реки|канала|имени|академика|генерала|маршала)(?!\w)|\d{1,3}(?:-летия| лет| М[а-я]{2,4})"
PLACE = re.compile(rf"(?<![\w.])(?<!\d )({any_of(PLACES)})\s?(?=[А-ЯЁ]|{_NAMED_SO})")
NAME = re.compile(r"[А-ЯЁ][а-яё]{1,18}(?:ая|яя|ую|юю|ой|ей|ий|ый|[ое]го|[ое]му|ом|ем|ым|им|ое|ее)(?!\w)")
PLACE_BEHIND = re.compile(rf"(?<!\w)(?P<name>[А-ЯЁ][а-яё]{{2,20}}[йяеоуюм]) (?P<place>{BEHIND_A_NAME})(?!\w)")
TITLE = re.compile(rf"(?<![\w.])(?P<title>{any_of(TITLES)})\s?(?=(?P<name>[А-ЯЁ][а-яё]*))", re.IGNORECASE)
CHAINED = re.compile(
    rf"(?<![\w.])((?:{any_of(LABELS)}|[тчТЧ]\.)\s?\d{{1,4}}(?:\.\d{{1,3}})?) ({any_of(LABELS)})\s?(?=\d)"
)
OF_A_BOOK = re.compile(r"(?<![\w.])(?<!\d )(?P<label>[тч])\.\s?(?=\d{1,2}(?:[,.;)]|\s[а-яё]|\Z)|[IVX]{1,5}(?!\w))")
LABEL = re.compile(rf"(?<![\w.])(?<!\d )({any_of(LABELS)})\s?(?=\d|[IVX]{{1,6}}(?!\w))")
EXTENSION = re.compile(r"(?<=\d ),? ?(?P<label>доб\.|№) ?(?=\d)")
TELEPHONE = re.compile(r"(?<![\w.])(?P<t>[Тт])ел\.:?\s?(?=[\d+(])")
MOTION = re.compile(
    r"(?<!\w)(?:по|с|за|во|про|пере|на|от|при|подо?)?(?:верн|й[дт]|ход[ия]|езжай|едьте|правь|правля|идит|идём|едем|нес|вез)"
    r"[а-яё]{0,8}(?: [а-яё]{1,12})? (?:в|на) \Z",
    re.IGNORECASE,
)
BOOK = {"т": "том", "ч": "часть"}
_YEAR = "(?:(?:19|20)\\d\\d|(?:эт|прошл|текущ|следующ|год)[а-я])"
QUARTER = re.compile(
    rf"(?<![\w.])(?P<n>{ROMAN}|[1-4](?=(?:{DASH}[1-4])?(?:-?й)? ?кв\. ?{_YEAR}))"
    rf"(?:(?P<join>{DASH}| и )(?P<to>{ROMAN}|[1-4]))?(?:-?й)? ?кв\.(?! ?[ксм]?м[²³23]?(?!\w))"
)


def shortened(text: str) -> str:
    """Return *text* with shortened nouns written out where a name or a number tells what they are."""
    if "." in text or "№" in text or "-" in text or "§" in text:
        text = QUARTER.sub(_quarter, text)
        text = CHAINED.sub(lambda m: f"{m[1]} {inflected(LABELS[m[2]], 'g')} ", text)
        text = OF_A_BOOK.sub(lambda m: f"{inflected(BOOK[m['label']], _case(m))} ", text)
        text = LABEL.sub(_label, text)
        text = EXTENSION.sub(lambda m: f"{LABELS[m['label']]} ", text)
        text = TELEPHONE.sub(_telephone, text)
        text = PLACE.sub(_place, text)
        text = PLACE_BEHIND.sub(_place_behind, text)
        text = TITLE.sub(_title, text)
    return text


def _quarter(m: re.Match[str]) -> str:
    """Say III кв. 2025 г. as a quarter of a year; a flat has its number behind it."""
    case = "p" if before(m).lower() in {"в", "во"} else (governed(m) or ("g" if is_noun(before(m)) else "n"))[0]
    numbers = [roman_value(n) if n.isalpha() else int(n) for n in (m["n"], m["to"]) if n]
    join = " и " if (m["join"] or "").strip() == "и" else " – "
    noun = inflected("квартал", case, plural=bool(m["to"]))
    return join.join(ordinal(number, case) for number in numbers) + f" {noun}{_stop(m)}"


def _stop(m: re.Match[str]) -> str:
    """Return the dot of a shortened word if it ends the sentence, too."""
    return "." if m[0].endswith(".") and m.end() == len(m.string) else ""


def _case(m: re.Match[str]) -> str:
    """Return the case that the word in front asks for: "странице" in на стр. 5."""
    cases = governed(m)
    word = before(m).lower()
    if word in {"см.", "смотри", "смотрите"} or takes_object(word):
        return "a"
    there = "a" if MOTION.search(in_front(m)) else "p"
    return {"по": "d", "под": "i", "за": "i"}.get(word, there if cases == "ap" else cases[:1] or "n")


def _label(m: re.Match[str]) -> str:
    building = m[1] == "стр." and IN_ADDRESS.search(m.string, 0, m.start())
    return f"{inflected('строение' if building else LABELS[m[1]], _case(m), plural=m[1] in {'№№', '§§'})} "


def _telephone(m: re.Match[str]) -> str:
    word = inflected("телефон", _case(m))
    return f"{word.capitalize() if m['t'].isupper() else word} "


def _place(m: re.Match[str]) -> str:
    place = PLACES[m[1]]
    if m[1] == "пр." and before(m) == "и" and not any(noun.case == "g" for noun in nouns(_word_behind(m))):
        return m[0]  # и прочее
    first, _, rest = place.partition(" ")
    name = NAME.match(m.string, m.end())
    if name and (case := matching(name[0], place, _case(m))):
        return inflected(place, case) + " "
    return " ".join(part for part in (inflected(first, _case(m)), rest) if part) + " "


def _word_behind(m: re.Match[str]) -> str:
    return m.string[m.end() : m.end() + 24].split()[0].strip(".,;:!?»)")


def _place_behind(m: re.Match[str]) -> str:
    """Say Невский пр., на Тверской ул.: the noun agrees with the adjective in front."""
    place = PLACES[m["place"]]
    case = matching(m["name"], place, _case(m))
    return f"{m['name']} {inflected(place, case)}{_stop(m)}" if case else m[0]


def _title(m: re.Match[str]) -> str:
    """Say проф. in the case of the name behind it, if the word in front leaves it open."""
    word = TITLES[m["title"].lower()]
    case = governed(m)[:1] or _case_of_name(m)
    written = inflected(word, case)
    return f"{written.capitalize() if m['title'][0].isupper() else written} "


def _case_of_name(m: re.Match[str]) -> str:
    cases = [noun.case for noun in nouns(m["name"]) if not noun.plural]
    if not cases or len(m["name"]) < 3:
        return "n"
    if "g" in cases and in_front(m).strip() and is_noun(before(m)):
        return "g"
    return "n" if "n" in cases else cases[0]
