"""Initials that end a sentence: behind their surname, or before a letter that is none."""

import re

from pipeline.segmenter.sentences.mark import LONGEST_WORD, Spot

_FIRST_NAMES = (
    "Яков|Константин|Валентин|Мартин|Августин|Вениамин|Бенджамин|Эдвин|Остин|Кевин|Джастин|Робин|Дарвин|Марина|Ирина"
    "|Екатерина|Катерина|Валентина|Галина|Арина|Полина|Нина|Алина|Кристина|Карина|Ангелина|Регина|Фаина"
)
_SURNAME = re.compile(
    rf"(?!(?:{_FIRST_NAMES})\Z)"
    r"[А-ЯЁІЇЄ][а-яёіїє]+(?:[оеєё]ва?|ина?|[сцз]ь?к(?:ий|а|ая|ой|ому|ого)|енко|[чщ]ук|ян)"
)
"""Сидоров, but not Яков or Ирина."""
_BEHIND_SURNAME = re.compile(r"(?<!\S)([А-ЯЁІЇЄ][а-яёіїє]+) (?:[А-ЯЁІЇЄ]\.\s?)?[А-ЯЁІЇЄ]\Z")


def bare_letter_follows(spot: Spot) -> bool:
    """Tell whether a letter without a dot follows, which is no part of a name: I would say A. B looks odd."""
    return len(spot.following()) == 1 and not spot.letter.isdigit()


def is_behind_surname(spot: Spot) -> bool:
    """Tell whether the initials stand behind their surname and no name follows: Сидоров И. Трубу заменил."""
    name = _BEHIND_SURNAME.search(spot.text, max(0, spot.at - LONGEST_WORD), spot.at)
    if name is None or not _SURNAME.fullmatch(name[1]):
        return False
    word = spot.following()
    return not word.endswith(".") and not _SURNAME.fullmatch(word)
