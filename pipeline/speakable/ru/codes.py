"""Russian: numbers that name something, said digit by digit or in groups: telephones, codes, cards, post codes."""

import re

from pipeline.speakable.rewriting import Rule, after, before, in_front, rule
from pipeline.speakable.ru.amounts import MAGNITUDES, UNITS
from pipeline.speakable.ru.forms import cardinal
from pipeline.speakable.ru.grammar import ANY_CASE, agreement, around, counted, is_noun, kind

COUNTRIES = re.compile("1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|\\d{3}")

CODE = re.compile(
    r".*(?<!\w)(?P<word>(?:пин-?)?код(?:а|у|ом|е)?|парол(?:ь|я|ю|ем|е)|pin|пин|инн|кпп|огрн(?:ип)?|бик|снилс|уин|окпо|"
    r"паспорт[а-я]{0,3}|индекс[а-я]{0,2}|карт[аыуеой]{1,2}|полис[а-я]{0,2}|сери[яию]|артикул[а-я]{0,2}|"
    r"рейс[а-я]{0,2}|трек(?:-номер[а-я]{0,2})?|лиценз[а-я]{1,3}|смс|sms|идентификатор[а-я]{0,2}|id|cvc|cvv|"
    r"штрихкод[а-я]{0,2}|агент[а-я]{0,2}|номер[а-я]{0,2}(?: [а-яё]{3,12})?|"
    r"(?:за|о)канчива[а-я]{2,6}(?: на)?|последни[а-я]{1,2} (?:четыре |три )?цифр[а-я]{0,3})"
    r"(?!\w)(?P<between>[^.!?\d]{0,32})\Z",
    re.IGNORECASE | re.DOTALL,
)
ACCOUNT, POST_CODE = 20, 6
BANK = re.compile(r"сч[её]т|р/с|к/с", re.IGNORECASE)
CLEARLY = re.compile(r"(?:код|парол|пин|pin|инн|снилс|индекс|огрн|кпп|бик|cv|огр|канчива|цифр)", re.IGNORECASE)
AT_ONCE = re.compile(r"[\s:—–-]*(?:(?:номер[а-я]{0,2}|№)[\s:—–-]*)?", re.IGNORECASE)
NUMBERED = re.compile(r"(?:№|номер(?:ом|у|а|е)?) ?\Z")
CALLED = re.compile(r"(?:звон|тел(?:ефон|\.)|номер|набер|набира|факс|моб|whatsapp|вотсап)[^.!?]{0,32}\Z", re.IGNORECASE)
BEFORE_A_TOWN = re.compile(r", (?:г\. ?|гор\. ?|город |Росси|Республика |[А-ЯЁ][а-яё])")


def digits(number: str) -> str:
    """Return *number* digit by digit: "ноль ноль семь"."""
    return " ".join(cardinal(int(digit)) for digit in number)


def _phone(m: re.Match[str]) -> str | None:
    """Say a telephone number in the groups that people say: +7, 916, 123, 45, 67."""
    groups = re.findall(r"\d+", m[0])
    whole = "".join(groups)
    if not m[0].startswith("+"):
        if len(whole) != 11:
            return None
        groups = [whole] if len(groups) == 1 else groups
    elif len(groups) == 1 or len(groups[0]) > 3:
        country = COUNTRIES.match(whole)
        cut = country.end() if country else 1
        groups = [whole[:cut], whole[cut:]]
    plus = "плюс " if m[0].startswith("+") else ""
    return plus + ", ".join(_group(part) for group in groups for part in _parts(group))


def _parts(group: str) -> list[str]:
    """Cut digits into the groups that people say: three, then pairs."""
    if len(group) == 11:
        return [group[0], *_parts(group[1:])]
    if len(group) <= 3:
        return [group]
    pairs = 2 if len(group) in (4, 6, 7, 9, 10) else 1
    head = group[: len(group) - 2 * pairs]
    tail = group[len(head) :]
    heads = re.findall(r"\d{1,3}(?=(?:\d{3})*\Z)", head)
    return [*heads, *(tail[at : at + 2] for at in range(0, len(tail), 2))]


def _group(number: str) -> str:
    zeros = len(number) - len(number.lstrip("0"))
    rest = number[zeros:]
    return " ".join(["ноль"] * zeros + ([cardinal(int(rest))] if rest else []))


def _short_phone(m: re.Match[str]) -> str | None:
    """Say 123-45-67, and 12-34-56 and 123-456 where somebody is called."""
    groups = re.findall(r"\d+", m[0])
    if len(m[0]) < len("123-45-67") and not CALLED.search(in_front(m)):
        return None
    return ", ".join(map(_group, groups))


def _with_area(m: re.Match[str]) -> str | None:
    """Say (8352) 303-922."""
    if m.string[m.start() - 1 : m.start()] != "(":
        return None
    groups = [*_parts(m["area"]), *re.findall(r"\d+", m["rest"])]
    return ", ".join(map(_group, groups)) + ")"


def _code(m: re.Match[str]) -> str | None:
    """Say the digits of a code, a card, a tax number behind a word for such a thing."""
    groups = re.findall(r"\d+", m[0])
    word = CODE.match(in_front(m))
    number = "".join(groups)
    if word is None and len(number) == ACCOUNT and BANK.search(around(m)):
        return digits(number)
    if word is None or (len(number) < 4 and number[0] != "0") or _counts(m, int(number)):
        return None
    if word["word"].lower().startswith("индекс") and len(number) != POST_CODE:
        return None
    if not CLEARLY.search(word["word"]) and not AT_ONCE.fullmatch(word["between"]):
        return None
    return ", ".join(map(digits, groups))


def _counts(m: re.Match[str], number: int) -> bool:
    """Whether *number* counts what stands behind it: a noun, a unit, money, a year."""
    word = after(m).rstrip(".,;:!?)»")
    if word in UNITS or word in MAGNITUDES or word.startswith(("год", "г.")) or word == "г":
        return True
    return (
        is_noun(word) and kind(number) != "one" and agreement(number, ANY_CASE, counted(m.string, m.end())) is not None
    )


def _long_number(m: re.Match[str]) -> str | None:
    """Say the digits of № 48213577."""
    return digits(m["n"]) if NUMBERED.search(in_front(m)) else None


def _post_code(m: re.Match[str]) -> str | None:
    """Say the digits of a post code before the name of a town, where an address begins."""
    front = before(m)
    begins = not in_front(m).strip() or front[-1:] in ":(—–," or front.lower() in {"адрес", "адресу"}
    return digits(m["n"]) if begins and BEFORE_A_TOWN.match(m.string, m.end()) else None


def _with_zeros(m: re.Match[str]) -> str | None:
    """Say the digits of a number that begins with zeros: it counts nothing."""
    return digits(m[0]) if len(m[0]) > 2 or before(m) else None


FIRST_RULES: tuple[Rule, ...] = (
    rule(r"(?:\+\d{10,14}|8\d{10}|(?:\+\d{1,3}|8)[ .-]?(?:\(\d{3,5}\)|\d{2,4})(?:[ .-]?\d{2,4}){2,4})", _phone),
    rule(r"(?P<area>\d{3,5})\) ?(?P<rest>\d{1,3}(?:-\d{2,3}){1,2})", _with_area),
    rule(r"(?:\d{2,3}(?:-\d\d){2}|\d{3}-\d{3})", _short_phone),
    rule(r"(?P<n>\d{6})", _post_code),
    rule(r"(?:\d(?: \d){3,7}|\d{1,20}(?:[ -]\d{2,12}){0,7})", _code),
    rule(r"(?P<n>\d{5,20})", _long_number),
)


def _hyphened(m: re.Match[str]) -> str:
    """Say 0-0-24, 20-20-20."""
    return ", ".join(_group(number) for number in re.findall(r"\d+", m[0]))


HYPHENED_RULES: tuple[Rule, ...] = (rule(r"\d{1,3}(?:-\d{1,3}){2,4}", _hyphened),)
LAST_RULES: tuple[Rule, ...] = (rule(r"0\d{1,11}", _with_zeros),)
