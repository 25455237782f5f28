"""Russian, as ``speak`` knows it."""

from pipeline.speakable.language import Language, signs, table
from pipeline.speakable.ru.forms import cardinal
from pipeline.speakable.ru.grammar import kind
from pipeline.speakable.ru.rules import LAST_WORDS, available, link_word, may_change, number, spoken

RUSSIAN = Language(
    code="ru",
    spoken=spoken,
    load=available,
    last_words=LAST_WORDS,
    may_change=may_change,
    readers=frozenset({"ru"}),
    link_word=link_word,
    number=number,
    signs=signs("ru"),
    at="собака",
    dot="точка",
    done="сделано:",
    not_done="не сделано:",
    yes="да",
    no="нет",
    alerts=table("ru")["alerts"],
    code_word=lambda name: f"код на {name}" if name else "код",
    lines=lambda number: f"{cardinal(number, gender='f')} {table('ru')['lines'][kind(number)]}",
)
