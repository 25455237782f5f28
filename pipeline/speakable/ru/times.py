"""Russian: times of day."""

import re

from pipeline.speakable.rewriting import DASH, RIGHT, Rule, after, before, in_front
from pipeline.speakable.ru.amounts import UNITS
from pipeline.speakable.ru.forms import cardinal, form_behind, gender_of
from pipeline.speakable.ru.grammar import HOURS, around, case_alone, counted, governed, nouns

CLOCK_WORDS = frozenset({"в", "на", "с", "со", "до", "к", "ко", "около", "после"})
TIMELY = re.compile(
    "поезд|при[её]м|встреч|нач[аи]л|начн|отправ|прибы|прибуд|прид|прийт|приход|приез|приед|уезж|уед|вы[её]з|выед|выход|выйд|лета|лети|лет[её]|"
    "посадк|рейс|автобус|электрич|маршрутк|паром|откры|закры|обед|ужин|завтрак|подъ[её]м|отбой|урок|лекци|заняти|сеанс|концерт|"
    "спектакл|матч|будильник|разбуд|просып|просн|вста[юнё]|ложусь|жд[уёи]|звон|сегодня|завтра|вчера|утр|вечер|ноч|дн[её]м|"
    "понедельник|вторник|сред[уы]|четверг|пятниц|суббот|воскресень|расписани|работа|перерыв|смен[аыу]|достав|буд[уе]|запис|"
    "собрани|совещани|планёрк|заезд|регистраци|эфир|восход|закат|рассвет|солнц|собира|заканчива|конч|час|готов|сдела|успе|дома|верн|будь",
    re.IGNORECASE,
)
"""Words before a time with a dot. Without one of them 8.15 may be a version, a paragraph, a decimal."""
NO_TIME = re.compile(
    "верси|релиз|сборк|обнов|прошивк|пункт|раздел|стать|параграф|глав|рейтинг|оценк|балл|курс", re.IGNORECASE
)
LAST_MINUTE = 59
A_DAY_BEFORE = re.compile(r" по [0-3]\d\.(?:0[1-9]|1[0-2])(?!\d)|,? в \d{1,2}[:.][0-5]\d(?!\d)")
FULL_HOUR = re.compile(r"\d-00(?!\d)")
TO_ANOTHER = re.compile(r" до \d{1,2}-[0-5][05](?!\d)")
A_DATE = re.compile(r"\d\.\d\d(?:\d\d)?(?: г\.)? в \Z")
TO_FULL_HOUR = re.compile(r" (?:до|по) \d{1,2}\.00(?!\d)")
IN_A_ROW = re.compile(r"(?<!\w)(?:в|до|к) \d{1,2}\.[0-5]\d(?:, \d{1,2}\.[0-5]\d){0,4}(?:,| и| или) \Z", re.IGNORECASE)
FROM_FULL_HOUR = re.compile(r"(?<!\w)с \d{1,2}\.00 (?:до|по) \Z", re.IGNORECASE)


def _dotted_time(m: re.Match[str]) -> str | None:
    """Say 18.00 and 9.30 as times where a preposition and a full hour, or a part of the day, say so."""
    front, behind = before(m).lower().lstrip("(«"), after(m).strip(".,;:!?»)")
    if behind in HOURS:
        return _time(m) if front in CLOCK_WORDS or behind != "дня" else None
    if IN_A_ROW.search(in_front(m)):
        return _time(m) if m["m"] == "00" or _is_timely(m) else None
    if front not in CLOCK_WORDS or behind in UNITS or any(noun.case == "g" for noun in nouns(behind)):
        return None
    if A_DAY_BEFORE.match(m.string, m.end()) and "00" not in (m["m"], m["m2"]):
        return None  # с 01.03 по 15.03, на 03.02 в 9:20
    full = "00" in (m["m"], m["m2"])
    paired = TO_FULL_HOUR.match(m.string, m.end()) or FROM_FULL_HOUR.search(in_front(m))
    return _time(m) if full or paired or _is_timely(m) else None


def _is_timely(m: re.Match[str]) -> bool:
    front = in_front(m)
    return bool(TIMELY.search(front) or A_DATE.search(front)) and not NO_TIME.search(front)


def _time(m: re.Match[str]) -> str | None:
    """Say 14:05 as четырнадцать ноль пять, 14:00 as четырнадцать часов."""
    groups = m.groupdict()
    if int(m["h"]) > 24 or int(groups.get("h2") or 0) > 24:
        return None
    case = "g" if governed(m).startswith("g") else case_alone(m) or "n"
    case = case if case in "gdi" else "n"
    times = [(m["h"], m["m"])] + ([(m["h2"], m["m2"])] if groups.get("h2") else [])
    said = " – ".join(_clock(int(hour), int(minute), case) for hour, minute in times)
    return said + ("." if m[0].endswith(".") and m.end() == len(m.string) else "")


def _hyphened_time(m: re.Match[str]) -> str | None:
    """Say с 13-00 до 13-15: one of both is a full hour, and nothing is counted."""
    if TO_ANOTHER.match(m.string, m.end()):
        return _time(m)
    if before(m).lower() not in CLOCK_WORDS or counted(m.string, m.end()) or after(m).rstrip(".,;") in UNITS:
        return None
    return _time(m) if m["m"] == "00" or FULL_HOUR.search(around(m)) else None


def _seconds(m: re.Match[str]) -> str | None:
    """Say 1:30:05 as hours, minutes, seconds."""
    if int(m["m"]) > LAST_MINUTE or int(m["s"]) > LAST_MINUTE:
        return None
    case = (governed(m) or "n")[0]
    parts = (("час", m["h"]), ("минута", m["m"]), ("секунда", m["s"]))
    said = ((noun, int(number)) for noun, number in parts if int(number))
    return " ".join(f"{cardinal(n, case, gender_of(noun))} {form_behind(noun, n, case)}" for noun, n in said)


def _pace(m: re.Match[str]) -> str:
    """Say a runner's 5:40/км."""
    said = ((noun, int(m[name])) for noun, name in (("минута", "m"), ("секунда", "s")) if int(m[name]))
    return " ".join(f"{cardinal(n, 'n', 'f')} {form_behind(noun, n, 'n')}" for noun, n in said) + " на километр"


def _clock(hour: int, minute: int, case: str) -> str:
    if not minute:
        return f"{cardinal(hour, case)} {form_behind('час', hour, case)}"
    zero = "ноль " if minute < 10 else ""
    return f"{cardinal(hour, case)} {zero}{cardinal(minute, case, 'f')}"


HYPHENED: Rule = (re.compile(rf"(?P<h>\d{{1,2}})-(?P<m>[0-5][05]){RIGHT}"), _hyphened_time)
WITH_SECONDS: Rule = (re.compile(rf"(?P<h>\d{{1,2}}):(?P<m>\d\d):(?P<s>\d\d){RIGHT}"), _seconds)
DOTTED: Rule = (
    re.compile(rf"(?P<h>\d{{1,2}})\.(?P<m>[0-5]\d)(?:{DASH}(?P<h2>\d{{1,2}})\.(?P<m2>[0-5]\d))?{RIGHT}"),
    _dotted_time,
)
PACE: Rule = (re.compile(rf"(?P<m>\d{{1,2}}):(?P<s>[0-5]\d) ?(?:мин)?/км{RIGHT}"), _pace)
_O_CLOCK = r"(?: ?(?:час(?:ов|а)?|ч)(?!\w)\.?)?"
WITH_COLON: Rule = (
    re.compile(rf"(?P<h>\d{{1,2}}):(?P<m>[0-5]\d)(?:{DASH}(?P<h2>\d{{1,2}}):(?P<m2>[0-5]\d))?{_O_CLOCK}{RIGHT}"),
    _time,
)
