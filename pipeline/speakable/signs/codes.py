"""Codes to dial, time zones, and money whose sign stands in front of an amount that no rule of a language knows."""

import re

from pipeline.speakable.language import Language, Signs

DIALLED = re.compile(
    r"(?<![\w*#])(?P<code>[*#]{1,2}\d[\d*#]{0,20}#|\*#\d{1,8}#|#\d{1,4}[*#][\d*#]{0,20}|\*\d{2,3}(?![\w*.]))"
)
HASH = re.compile(r"(?<![\w*#])#\d{1,4}(?![\w*#])")
TIMES_PER = re.compile(r"(?<![\d.,])(\d{1,2}) ?[×xх]/(?=(?:day|week|month|день|сутки|неделю|месяц)\b)")
ZONE = re.compile(r"\b(UTC|GMT|МСК|MSK) ?([-−–+±]) ?(?=\d)")
NUMERO = re.compile(r"\bN[º°] ?(?=\d)")
ANGLE = re.compile(
    r"(?P<degrees>\d{1,3}° ?)?(?<![\d.])(?P<minutes>\d{1,3}(?:\.\d{1,6})?)′"
    r"(?: ?(?P<seconds>\d{1,2}(?:\.\d{1,4})?)″)?(?P<more>\w?)"
)
MONEY = re.compile(r"([₹₴₸₩₺₪₿₫]) ?(\d[\d.,]{0,15}\d|\d)")


def spoken(text: str, language: Language) -> str:
    """Return *text* with codes to dial in words, key by key, and the signs of time zones in words."""
    signs = language.signs
    if "*" in text or "#" in text:
        text = DIALLED.sub(lambda m: _keys(m["code"], language), text)
        if signs is not None and any(word in text.lower().split() for word in signs.menus["dials"].split()):
            text = HASH.sub(lambda m: _keys(m[0], language), text)
    if signs is not None and ZONE.search(text):
        text = ZONE.sub(lambda m: f"{m[1]} {signs.names.get(m[2], signs.phrases['minus'])} ", text)
    if signs is not None:
        text = NUMERO.sub(f"{signs.names['№']} ", text)
        text = ANGLE.sub(lambda m: _angle(m, signs), text) if "′" in text else text
    if "/" in text and signs is not None:
        text = TIMES_PER.sub(rf"\1 {signs.phrases['times_per']} ", text)
    return MONEY.sub(r"\2 \1", text)


def _angle(m: re.Match[str], signs: Signs) -> str:
    """Say 40°26′46″ in minutes and seconds of a degree, and 5′ 10″ in feet and inches."""
    if not m["degrees"]:
        return signs.phrases["feet"].format(m["minutes"], m["seconds"]) if m["seconds"] else m[0]
    seconds = f" {m['seconds']} {signs.phrases['arc_seconds']}" if m["seconds"] else ""
    return f"{m['degrees']} {m['minutes']} {signs.phrases['arc_minutes']}{seconds}{' ' if m['more'] else ''}{m['more']}"


def _keys(code: str, language: Language) -> str:
    names = language.signs.names if language.signs is not None else {}
    return " ".join(names.get(key) or language.number(key, "n") for key in code)
