"""Russian: ways to write numbers that the rules would take for others, rewritten into ordinary ones."""

import re

from pipeline.speakable.language import vocabulary
from pipeline.speakable.rewriting import any_of
from pipeline.speakable.ru.amounts import UNITS, unit_forms
from pipeline.speakable.ru.codes import digits
from pipeline.speakable.ru.grammar import LABELS, around, is_adjective, is_noun, lemma, nouns

_WORDS = vocabulary("ru")

ROMAN_SIGNS = re.compile("[\u2160-\u217f]+")
_ROMAN_LETTERS = dict(
    zip(
        "ⅠⅡⅢⅣⅤⅥⅦⅧⅨⅩⅪⅫⅬⅭⅮⅯ",
        ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "L", "C", "D", "M"],
        strict=True,
    )
)

MINUTES = re.compile(
    r"(?<![\w.,])(?P<h>\d{1,3}) ?(?P<unit>час[ао]?в?|ч)\.?,? ?(?P<m>\d{1,2}) ?м(?![\w²³/])(?P<dot>\.?)"
)
BEFORE_SECONDS = re.compile(r"(?<![\w.,])(?P<m>\d{1,2}) ?м\.? ?(?=\d{1,2} ?с(?:ек)?(?!\w))")
AN_HOUR_GLUED = re.compile(r"(?<![\w.,])(?P<h>\d{1,3})ч(?=\d{1,2} ?м)")
DAYS_OF_HOURS = re.compile(r"(?<![\w.,])(?P<d>\d{1,3}) ?д\.? ?(?=\d{1,2} ?ч(?!\w))")

_INTAKE = (
    r"(?:утром|вечером|на ночь|днём|днем|в обед|натощак|(?:до|после) (?:еды|завтрака|обеда|ужина|сна)|за \d+ ?мин|"
    r"перед|во время|каждые|через|ежедневно|в день)"
)
_TIMES = r"\d(?:[-–]\d)? ?(?:р(?:\./|/|\. ?в )|раза? )"
_SWALLOW = r"(?:(?:[Пп]рин|[Пп]ей|[Вв]ыпей|[Пп]и(?:ть|л)|[Дд]ава)[а-яё]{0,10}(?: по)? )"
LOADED = re.compile("(?:при|вы|за|пере|от)в[её]з|везут|груз|песк|угл|урож|вес[аио]|тонн|щебн|тягн|металл|зерн")
DOSED = re.compile(
    r"(?<!\w)(?:доз|курс|пропис|выпис|аптек|лечен|при[её]м|прин[ия]|врач|назнач|таблет|капс|лекарств|препарат|реб[её]н|"
    r"рецепт|детям|взросл|при боли|от боли|при температуре)|\d ?мг(?!\w)|\d ?р\.?/(?:д|сут|день)(?!\w)",
    re.IGNORECASE,
)
A_DAY = re.compile(r"(?<![\w.,/])(?P<n>\d(?:[.,]\d|[-–]\d)?) ?т\.?(?=/(?:сут|день|дн|д)(?!\w))")
_TABLETS = r"(?P<n>\d(?:[.,/]\d|[-–]\d)?) ?т(?:\.|(?!\w))"
TABLETS = re.compile(rf"(?<![\w.,/])(?P<verb>{_SWALLOW})?{_TABLETS}(?P<intake> ?(?=(?:х |x )?(?:{_TIMES}|{_INTAKE})))?")

BULLET = re.compile(r"^-(?=\d{1,5}(?:[.,/]\d{1,3})?(?:[-–]\d{1,4})? ?(?P<word>[а-яё]{1,20}))", re.MULTILINE)
BELOW_ZERO = frozenset(
    {"градус", "процент", "рубль", "доллар", "евро", "балл", "очко", "пункт", "миллион", "тысяча", "р"}
)
BELOW_ZERO_UNITS = frozenset(unit for unit, row in UNITS.items() if row["noun"] in BELOW_ZERO) | {"тыс", "млн", "млрд"}

SPACED = re.compile(
    r"(?<!\S)(?P<low>\d{1,6}(?:,\d{1,3})?) [-–−] (?P<high>\d{1,6}(?:,\d{1,3})?)(?= ?(?P<what>[%₽°]|[а-яё]{1,20}))"
)
IN_FRONT = re.compile(r"(?:\A|[\s(«])(?P<word>[^\s(«]{1,30}) \Z")

_MONEY = r" ?(?:тыс|млн|млрд|руб|р\.|₽|долл|евро|€|\$|USD|EUR|тенге|грив|юан|иен)"
DOTTED = re.compile(
    rf"(?<![\w.,])\d{{1,3}}(?P<dot>[.,])\d{{3}}(?:(?P=dot)\d{{3}}){{0,4}}(?=(?P<money>{_MONEY})|(?![\w.,/-]\w|[.,]\d))"
)

INCHES = re.compile(
    r"(?:диагонал|экран|монитор|телевизор|диск|дисплей|ноутбук|планшет|смартфон)"
    r"[^.!?\"]{0,30}\d ?\"(?=[\s,.;)]|\Z)"
    r"|(?<![\"\d,])\d{1,2},\d ?\"(?=[\s,.;)]|\Z)|\d ?″",
    re.IGNORECASE,
)
NAMED_DOLLARS = re.compile(
    r"(?<!\w)(?P<whose>US|CA|C|AU|A|NZ|HK|SG|S)\$ ?(?P<n>\d{1,3}(?: \d{3})+(?!\d)|\d[\d.,]{0,15}\d|\d)"
)
"""US$6; the unit of the table stands behind its number."""
MONEY_PER = re.compile(r"(?<=руб\.) ?/ (?=[а-яё])|(?<=₽) ?/ (?=[а-яё])")
HOTEL = re.compile("отел|гостиниц|хостел", re.IGNORECASE)
STARS = re.compile(r"(?<!\S)(?P<n>[1-5]) ?\*(?=[\s,.;)]|\Z)")
PLUS_MINUS = re.compile(r"(?<=\d) ?± ?(?=\d{1,6}(?:,\d{1,3})?(?![\d±]| ?±))")
BOTH_ENDED = re.compile(
    r"(?<![\w-])(?P<low>\d{1,3})[-–—](?P<high>\d{1,3})-(?P<ending>го|му|й|я|е|м|х|ю|ти|ый|ой|ая|ое|ых|ые)(?!\w)"
)
PAGES = re.compile(r"(?<=\d) ?с\.(?=[,;]| [а-яё])")
ALONE = sorted(
    (unit for unit in UNITS if unit in {"кг", "км", "ГБ", "МБ", "кв. м"} or set(unit) & set("²³23·")), key=len
)
FOR_A_UNIT = re.compile(rf"(?<!\w)(?P<front>[Зз]а|[Нн]а) (?P<unit>{any_of(ALONE)})(?!\w)")
A_DAY_UNCLEAR = re.compile(
    r"(?<![\w.,])(?P<n>\d(?:[-–]\d)?) ?т\.?(?= в (?:день|сутки)(?!\w))|(?<=[Пп]о )(?P<each>[1-4]) ?т\.(?! [а-яё]|\s?$)"
)
LOW_DASH = re.compile(r"(?<=[а-яё] )–(?=\d)")
TWO_DOTS = re.compile(r"(?<=\d)\.\.(?=[-−+]?\d)")
ROOMS = re.compile(r"(?<![\w.])(?P<n>[1-9])(?:-?х)?-?комн\. ?(?:кв\.(?! ?м)|(?P<flat>квартир[аыуе]))")
_ENDINGS = {"а": "ая", "у": "ую"}
MASK = re.compile(
    r"(?P<front>(?:карт|сч[её]т)[^.!?\d]{0,24} |\A)(?:[*•·xхXХ]{1,4}[ -]?){1,4}(?P<n>\d{4})(?!\w)", re.IGNORECASE
)


def plain_notation(text: str) -> str:
    """Return *text*, which has digits, with minutes, tablets, ranges and large numbers in their ordinary form."""
    text = BULLET.sub(_bullet, text)
    if "ч" in text or "м" in text:
        text = DAYS_OF_HOURS.sub(r"\g<d> дн ", text)
        text = AN_HOUR_GLUED.sub(r"\g<h> ч ", text)
        text = MINUTES.sub(r"\g<h> \g<unit> \g<m> мин\g<dot>", BEFORE_SECONDS.sub(r"\g<m> мин ", text))
    text = TABLETS.sub(_tablets, text)
    if A_DAY.search(text) and DOSED.search(text) and not LOADED.search(text):
        text = A_DAY.sub(r"\g<n> таб.", text)
    if "±" in text or '"' in text or "″" in text:
        text = INCHES.sub(lambda m: m[0].rstrip('"″ ') + " дюйм", PLUS_MINUS.sub(" ±", text))
    if "*" in text and HOTEL.search(text):
        text = STARS.sub(
            lambda m: f"{m['n']} {'звезда' if m['n'] == '1' else 'звёзд' if m['n'] == '5' else 'звезды'}", text
        )
    text = BOTH_ENDED.sub(r"\g<low>-\g<ending> – \g<high>-\g<ending>", text)
    text = FOR_A_UNIT.sub(_for_a_unit, text)
    text = TWO_DOTS.sub("…", LOW_DASH.sub("−", text))
    text = A_DAY_UNCLEAR.sub(_a_day, ROOMS.sub(_rooms, text))
    text = PAGES.sub(" стр.", text)
    text = MONEY_PER.sub("/", text)
    if "$" in text:
        text = NAMED_DOLLARS.sub(r"\g<n> \g<whose>$", text)
    text = MASK.sub(lambda m: f"{m['front']}{digits(m['n'])}", text)
    return DOTTED.sub(_thousands, SPACED.sub(_range, text))


def roman_letters(text: str) -> str:
    """Return *text* with Roman numerals in Latin letters, where they are signs of their own: Ⅳ."""
    return ROMAN_SIGNS.sub(lambda m: "".join(_ROMAN_LETTERS.get(sign, sign) for sign in m[0].upper()), text)


def _for_a_unit(m: re.Match[str]) -> str:
    """Say за кВт·ч, на м²."""
    row = UNITS[m["unit"]]
    return " ".join([m["front"], *unit_forms("1", str(row["noun"]), "a", row)])


def _a_day(m: re.Match[str]) -> str:
    """Say 8 т. в сутки as tablets or tonnes where a word tells; else the letter is said."""
    what = "таб." if DOSED.search(around(m)) else "т." if LOADED.search(around(m)) else "тэ"
    return f"{m['n'] or m['each']} {what}"


def _rooms(m: re.Match[str]) -> str:
    flat = m["flat"] or "квартира"
    return f"{m['n']}-комнатн{_ENDINGS.get(flat[-1], 'ой')} {flat}"


def _bullet(m: re.Match[str]) -> str:
    """Keep a minus before degrees, per cent, money; a hyphen before other things at the start of a line is a bullet."""
    word = m["word"]
    counted = word in UNITS or is_noun(word) or is_adjective(word)
    return m[0] if word in BELOW_ZERO_UNITS or lemma(word) in BELOW_ZERO or not counted else ""


def _tablets(m: re.Match[str]) -> str:
    """Say т. as tablets where they are swallowed or taken at times of the day; else they are tonnes."""
    taken = m["intake"] is not None or (DOSED.search(around(m)) and not _of_something(m))
    if m["verb"] is None and (not taken or LOADED.search(around(m))):
        return m[0]
    return f"{m['verb'] or ''}{m['n']} таб.{' ' if m['intake'] is not None else ''}"


def _of_something(m: re.Match[str]) -> bool:
    """Whether a noun in the genitive stands behind: 2 т. макулатуры."""
    word = re.match(r" ?([а-яё]{2,20})", m.string[m.end() : m.end() + 24])
    return word is not None and any(noun.case == "g" for noun in nouns(word[1]))


def _range(m: re.Match[str]) -> str:
    """Join the ends of 8 - 10 минут: they are no formula, for something is counted."""
    low, high = (float(m[end].replace(",", ".")) for end in ("low", "high"))
    front = IN_FRONT.search(m.string[max(0, m.start() - 32) : m.start()])
    numbered = front is not None and (
        lemma(front["word"]) in LABELS or front["word"][-1].isdigit() or front["word"] in "+=*/×÷-−·:"
    )
    what = m["what"]
    if low >= high or numbered or not (what in UNITS or any(noun.case == "g" for noun in nouns(what))):
        return m[0]
    return f"{m['low']}–{m['high']}"


def _thousands(m: re.Match[str]) -> str:
    """Write 2.000.000 and, of money, 1.500 with spaces. Three numbers and a dot may be a decimal."""
    groups = m[0].split(m["dot"])
    if len(groups) == 2 and not m["money"]:
        return m[0]
    if len(groups) > 2 and not m["money"] and (m["dot"] == "," or groups[-1] != "000"):
        return m[0]
    return " ".join(groups)
