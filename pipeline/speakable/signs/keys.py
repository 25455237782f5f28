"""Keys that are punctuation, and the signs of a Mac's keyboard. Ordinary keys (Ctrl+C) stay: a voice says them well."""

import re
from types import MappingProxyType

from pipeline.speakable.language import Signs

MODIFIERS = "⌘⇧⌥⌃"
OTHER_KEYS = "⎋⏎⌤⌫⌦⇥⇤⇪␣⏏⊞❖"
NAMES = (
    "Ctrl|Control|Cmd|Command|AltGr|Alt|Option|Opt|Shift|Win|Windows|Super|Meta|Fn|Tab|Esc|Escape|Space|Enter|Return"
    "|Backspace|Delete|Del|Insert|Home|End|CapsLock"
)
WORDS_BEHIND_A_KEY = "to|opens?|shows?|hides?|for|or|key|чтобы|для|или|откро\\w+|откры\\w+"

COMBINATION = re.compile(
    rf"(?<![\w+])(?:(?:{NAMES}) ?\+ ?|[{MODIFIERS}] ?\+? ?)+"
    rf"(?:(?P<key>{NAMES}|F\d\d?|[{OTHER_KEYS}{MODIFIERS}↑↓←→↩↵]|(?<=[+{MODIFIERS}])[^\W_](?!\w)|[A-Z0-9](?!\w)|[A-Z][a-z]+)"
    r"|(?P<sign>(?<=\+ )[^\w\s]|(?<=\+)[^\w\s]|[^\w\s.,;:!?)](?!\w)|[.,;:!?](?= (?:"
    rf"{WORDS_BEHIND_A_KEY})\b))(?!\w))?"
)
ALONE = re.compile(f" ?[{OTHER_KEYS}]")
PART = re.compile(rf"{NAMES}|F\d\d?|[{MODIFIERS}{OTHER_KEYS}]|[^\W_]+")
HEAD = re.compile(rf"\A(?:(?:{NAMES}) ?\+ ?|[{MODIFIERS}] ?\+? ?)+")

LATIN = MappingProxyType(
    {
        **{"⌘": "Cmd", "⇧": "Shift", "⌥": "Option", "⌃": "Ctrl", "⎋": "Esc", "⏎": "Return", "⌤": "Enter"},
        **{"⌫": "Delete", "⌦": "Delete", "⇥": "Tab", "⇪": "Caps Lock", "⊞": "Windows", "❖": "Windows"},
    }
)
"""What stands on the keys in most countries: for languages whose words are not known."""
ANY_KEY = re.compile(f"([{''.join(LATIN)}])( ?\\+ ?|(?=[\\w{''.join(LATIN)}])| (?=[A-Z]\\b))?")


QUOTED = re.compile(r"(?<![^\s(])(?P<open>[\"'“«„])(?P<sign>[!-/:-@\[-`{-~−–])(?P<close>[\"'”»“])(?=[\s.,;:!?)]|$)")
BEHIND_ITS_KIND = re.compile(r"(?<!\w)(?P<word>[^\W\d_]{3,9}) (?P<sign>[!-/:-@\[-`{-~−–])(?=\s|[.,;:]?(?:\s|$))")
BEFORE_ITS_KIND = re.compile(r"(?<=\s)(?P<sign>[!-/:-@\[-`{-~−–])(?= (?P<word>[^\W\d_]{3,9})\b)")


def spoken(text: str, signs: Signs) -> str:
    """Return *text* with Mac signs, and with combinations that end in a sign, in words."""
    text = COMBINATION.sub(lambda m: _combination(m, signs), text)
    text = QUOTED.sub(lambda m: f"{m['open']}{signs.keys.get(m['sign'], m['sign'])}{m['close']}", text)
    text = BEHIND_ITS_KIND.sub(lambda m: _with_its_kind(m, "naming", signs), text)
    text = BEFORE_ITS_KIND.sub(lambda m: _with_its_kind(m, "sign_words", signs), text)
    return ALONE.sub(lambda m: f" {signs.keys[m[0][-1]]}", text).lstrip() if ALONE.search(text) else text


def named(text: str) -> str:
    """Return *text* with Mac signs as they are written on the keys."""
    return ANY_KEY.sub(lambda m: LATIN[m[1]] + ("+" if m[2] is not None else ""), text)


def _with_its_kind(m: re.Match[str], kind: str, signs: Signs) -> str:
    """Say a sign behind "press", or before "key": there it stands for itself."""
    if m["word"].lower() not in signs.menus[kind].split() or m["sign"] not in signs.keys:
        return m[0]
    return m[0].replace(m["sign"], signs.keys[m["sign"]])


def _combination(m: re.Match[str], signs: Signs) -> str:
    key, sign = m["key"], m["sign"]
    head = m[0][: len(m[0]) - len(key or sign or "")]
    parts = PART.findall(head)
    plain = not sign and not any(part in MODIFIERS or part == "Cmd" for part in parts)
    if plain and not (key and key in signs.keys):
        return m[0]
    last = [signs.keys.get(sign, sign)] if sign else [signs.keys.get(key, key)] if key else []
    dangling = f" {signs.phrases['plus']}" if not last and "+" in head[-2:] else ""
    spaced = " " if not last and head[-1:] == " " else ""
    joint = f" {signs.phrases['plus']} "
    return joint.join([signs.keys.get(part, part) for part in parts] + last) + dangling + spaced
