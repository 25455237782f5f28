"""English: years and decades. The words around them tell them from amounts."""

import re

from pipeline.speakable.en.numbers import cardinal, year
from pipeline.speakable.en.units import counted_by_its_s, counts, is_unit
from pipeline.speakable.language import vocabulary
from pipeline.speakable.rewriting import DASH, Rule, after, any_of, before, in_front, rule

_WORDS = vocabulary("en")

SHORT_DECADE = re.compile(r"(?<![\w'’])['’](?P<y>[2-9]0)s\b")
SHORT_YEAR = re.compile(r"(?P<before>\b(?:in|of|since|from|by|until|summer|class|the) )['’](?P<y>\d\d)\b(?!['’])", re.I)
OF_YEAR = re.compile(r"(?<![\w.,$€£/-])(?P<y>(?:1[1-9]|20)\d\d|[2-9]0)['’]s\b")
GLUED = re.compile(r"(?<!\w)(?P<part>(?i:mid|early|late|pre|post))-(?P<y>(?:1[1-9]|20)\d\d|\d0(?=s))(?P<s>s?)(?![\w-])")
ABOUT = re.compile(r"(?<![\w.])(?:c|ca)\. ?(?=\d{3,4}(?:[\s,;)–-]|\.?$))")
CIRCA = re.compile(r"(?<![\w.])ca\. ?(?=\d)")
LIVED = re.compile(r"(?<=\()(?P<what>[bd])\. (?=\d{4}\b|\d{1,2} [A-Z])")
QUARTER = re.compile(r"(?P<quarter>(?<!\w)(?:(?:Q[1-4]|H[12])(?:,? | of )|FY ?))(?P<y>20\d\d)(?![\w–/-]|[.,]\d)")
LIVES = {"b": "born ", "d": "died "}

OF = re.compile(rf"\b(?i:{any_of(_WORDS['of_year'])}) of \Z|\b[Tt]he [A-Z][a-z]+(?: [A-Z][a-z]+)? of \Z")
IS_YEAR = re.compile(r"\b[Yy]ear (?:is|was|of) \Z")
AND_MORE = re.compile(r" (?:and|or|to) \d{1,3}(?:,?\d{3})? (?P<counted>[a-z]+)")
NAME = re.compile(
    r"\w\S* [A-Z][A-Za-z-]+ \Z|\b(?:Q[1-4]|H[12]|FY|Spring|Summer|Fall|Autumn|Winter|Easter|Christmas) \Z"
    rf"|\A(?:{any_of(_WORDS['events'])}) \Z"
)

SEASON = re.compile(r" (?:season|school|academic|fiscal|financial|tax|term|winter|campaign)\b")


def written_out(text: str) -> str:
    """Return *text* with years and decades that begin with another sign so that the rules for numbers see them."""
    if "." in text:
        text = LIVED.sub(lambda m: LIVES[m["what"]], CIRCA.sub("about ", ABOUT.sub("circa ", text)))
    if "'" in text or "’" in text:
        text = OF_YEAR.sub(_of_year, text)
        text = SHORT_YEAR.sub(_short_year, SHORT_DECADE.sub(lambda m: decade(int(m["y"])), text))
    text = QUARTER.sub(lambda m: m["quarter"].replace("FY", "FY ").replace("  ", " ") + year(int(m["y"])), text)
    return GLUED.sub(_glued, text) if "-" in text else text


def _of_year(m: re.Match[str]) -> str:
    """Say 1960's, which sounds as 1960s does, and 1967's."""
    number = int(m["y"])
    return decade(number) if number % 10 == 0 else f"{year(number)}'s"


def _short_year(m: re.Match[str]) -> str:
    low = f"oh {cardinal(int(m['y']))}" if m["y"][0] == "0" else cardinal(int(m["y"]))
    return m["before"] + low


def _glued(m: re.Match[str]) -> str:
    return f"{m['part']}-{decade(int(m['y'])) if m['s'] else year(int(m['y']))}"


def decade(number: int) -> str:
    """Return "nineteen nineties" for 1990."""
    words = year(number)
    return words[:-1] + "ies" if words.endswith("y") else f"{words}s"


def _years(m: re.Match[str]) -> str | None:
    first, last = int(m["y"]), int(m["y2"])
    return f"{year(first)} to {year(last)}" if 1100 <= first < last <= 2099 else None


def _from_to(m: re.Match[str]) -> str | None:
    """Say "between 1990 and 2010" as years, unless something is counted."""
    first, last, counted = int(m["y"]), int(m["y2"]), after(m).strip(".,;:!?)")
    if before(m).lower().lstrip("(") not in ("between", "from") or not 1001 <= first < last <= 2099:
        return None
    if counts(m) and (first < 1900 or counted in _WORDS["counted"] or counted.removesuffix("s") in _WORDS["sized"]):
        return None
    if first % 100 == 0 and (last % 100 == 0 or first < 1900) and first != 2000:
        return None
    return f"{year(first)} {m['word']} {year(last)}"


def _short_range(m: re.Match[str]) -> str | None:
    """Say 1914–18; 2009-10 may be October, and 2019-20 is none."""
    first, last = int(m["y"]), int(m["y2"])
    may_be_a_month = m["dash"] == "-" and last <= 12 and not SEASON.match(m.string, m.end())
    if first % 100 >= last or may_be_a_month:
        return None
    return f"{year(first)} to {year(first // 100 * 100 + last)}"


def _until_now(m: re.Match[str]) -> str:
    return f"{year(int(m['y']))} to {m['now']}"


def _decade(m: re.Match[str]) -> str | None:
    """Say the 90s; 30s behind "wait" are seconds, and alone they may be."""
    if len(m["y"]) == 2:
        word = before(m).lower()
        if word in _WORDS["waits"]:
            return f"{cardinal(int(m['y']))} seconds"
        if word not in _WORDS["before_decades"] and not word.endswith(("'s", "’s", "-late", "-early", "-mid")):
            return None
    return decade(int(m["y"]))


def _era(m: re.Match[str]) -> str:
    return f"{_in_era(int(m['y']))} {m['era']}"


def _in_era(number: int) -> str:
    """Say 44 BC. The thousands of 3000 BC are no two pairs of digits."""
    return year(number) if number > 1000 and number % 1000 else cardinal(number)


def _ad(m: re.Match[str]) -> str | None:
    return _in_era(int(m["y"])) if before(m) in ("AD", "CE") else None


def _decades(m: re.Match[str]) -> str | None:
    """Say 1920s–30s."""
    first, last = int(m["y"]), int(m["y2"])
    return f"{decade(first)} to {decade(last)}" if first < last or last < 100 else None


def _bracketed(m: re.Match[str]) -> str | None:
    alone = m.string[m.start() - 1 : m.start()] == "(" and m.string[m.end() : m.end() + 1] == ")"
    return year(int(m["y"])) if alone and 1500 <= int(m["y"]) <= 2099 else None


def _year(m: re.Match[str]) -> str | None:
    """Say a year behind a word such as "in", if it counts nothing behind it."""
    number, word = int(m["y"]), before(m).lower().lstrip("(")
    if not 1000 <= number <= 2099 or is_unit(after(m).strip(".,;:!?)")):
        return None
    if IS_YEAR.search(in_front(m)) or OF.search(in_front(m)) or (word in ("is", "was") and after(m) == "when"):
        return year(number)
    if word == "an" or (word.strip("(") in _WORDS["dating"] and not counts(m)):
        return year(number)
    if number == 1000:
        return cardinal(number) if word == "year" else None
    if word in _WORDS["surely_year"]:
        return year(number) if number % 100 or number == 2000 or not after(m) else m[0]
    return _likely_year(m, number, word)


def _likely_year(m: re.Match[str], number: int, word: str) -> str | None:
    if _of_two_amounts(m):
        return None
    if word in _WORDS["parts_of_years"]:
        return None if counts(m) else year(number)
    return _old_year(m, number, word) if number < 1900 else _new_year(m, number, word)


def _of_two_amounts(m: re.Match[str]) -> bool:
    """Whether it is the first of "between 1500 and 2000 liters"."""
    more = AND_MORE.match(m.string, m.end())
    return more is not None and (counted_by_its_s(more["counted"]) or more["counted"] in _WORDS["counted"])


def _old_year(m: re.Match[str], number: int, word: str) -> str | None:
    """Say 1066 behind "from", "an 1873 edition"; round numbers are amounts."""
    counted = after(m)
    if not number % 100 or counts(m):
        return None
    if word in _WORDS["before_old_years"] and re.match(r"[a-z]{3}", counted):
        return None if counted.strip(".,;:!?") in _WORDS["sized"] else year(number)
    end = not counted or counted in _WORDS["function"]
    return year(number) if word in _WORDS["maybe_year"] and word not in ("of", "and") and end else None


def _new_year(m: re.Match[str], number: int, word: str) -> str | None:
    counted = after(m)
    if number % 100 and word not in _WORDS["codes"] and NAME.search(in_front(m)):
        return year(number)
    known = word in _WORDS["maybe_year"] or (word in _WORDS["articles"] and counted) or word.endswith(("'s", "’s"))
    if counted_by_its_s(re.sub(r"\W+\Z", "", counted)):
        return m[0] if known and number % 100 else None  # your 2024 taxes, the 1950 pages
    return year(number) if known and (number % 100 or number == 2000) else m[0]


RULES: tuple[Rule, ...] = (
    rule(rf"(?P<y>\d{{4}}){DASH}(?P<y2>\d{{4}})", _years),
    rule(r"(?P<y>\d{4}) (?P<word>and|to|until|till) (?P<y2>\d{4})", _from_to),
    rule(r"(?P<y>(?:1[1-9]|20)\d\d)(?P<dash>[-–])(?P<y2>\d\d)", _short_range),
    rule(r"(?P<y>(?:1[1-9]|20)\d\d) ?[-–—] ?(?P<now>present|now|today)", _until_now),
    rule(r"(?P<y>(?:1[1-9]|20)\d0)s ?[-–] ?(?P<y2>(?:1[1-9]|20)\d0|[2-9]0)s", _decades),
    rule(r"(?P<y>(?:1[1-9]|20)\d0|[2-9]0)s", _decade),
    (re.compile(r"(?P<y>(?:1[1-9]|20)\d0)s(?=-[a-z])"), _decade),
    (re.compile(rf"(?P<y>(?:1[1-9]|20)\d\d)(?=-(?:{any_of(_WORDS['behind_years'])})\b)"), lambda m: year(int(m["y"]))),
    rule(r"(?P<y>\d{1,4}) ?(?P<era>BCE?|AD|CE)", _era),
    rule(r"(?P<y>\d{1,4})", _ad),
    rule(r"(?P<y>\d{4})", _bracketed),
    rule(r"(?P<y>\d{4})", _year),
)
