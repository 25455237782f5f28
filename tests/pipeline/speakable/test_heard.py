"""No sign is silent: what is said for each is heard from espeak's own phonemes."""

import json
import subprocess
import sys
import unicodedata

import pytest

from pipeline.speakable import speakable
from pipeline.speakable.signs.keys import MODIFIERS, OTHER_KEYS
from pipeline.speakable.speak import LANGUAGES

pytest.importorskip("espeakng_loader")
pytest.importorskip("num2words")
pytest.importorskip("pymorphy3")

PHONEMES = """
import ctypes, json, os, sys
import espeakng_loader
library = ctypes.CDLL(espeakng_loader.get_library_path())
home, data = os.path.split(espeakng_loader.get_data_path())
os.chdir(home)
assert library.espeak_Initialize(2, 200, os.fsencode(data), 0x8000) > 0
library.espeak_TextToPhonemes.restype = ctypes.c_char_p
library.espeak_TextToPhonemes.argtypes = (ctypes.POINTER(ctypes.c_void_p), ctypes.c_int, ctypes.c_int)
voice, texts = json.load(sys.stdin)
assert library.espeak_SetVoiceByName(voice.encode()) == 0
heard = []
for text in texts:
    buffer = ctypes.create_string_buffer(text.encode())
    rest, clauses = ctypes.c_void_p(ctypes.addressof(buffer)), []
    while rest.value:
        clauses.append((library.espeak_TextToPhonemes(ctypes.byref(rest), 1, 2) or b"").decode())
    heard.append(" ".join(clauses).split())
json.dump(heard, sys.stdout)
"""
"""Run in a process of its own, since the library has one state for a whole process."""

VOICES = {"en": "en-us", "ru": "ru"}
WORDS = {"en": ("word", "name"), "ru": ("слово", "имя")}

ASCII = "+=<>^/|\\~_#*@&%$"
BLOCKS = ((0xA0, 0xFF), (0x2070, 0x209F), (0x20A0, 0x20C0), (0x2190, 0x22FF), (0x2460, 0x2473), (0x27F5, 0x27FF))
"""Latin-1, powers, money, arrows, mathematics, the signs of keyboards, numbers in circles."""
TECHNICAL = [*MODIFIERS, *OTHER_KEYS, *"↑↓←→", *"⌊⌋⌈⌉⌀", *"†‡‰№™℃℉Ω√∛′″§¶✓✗★☆☐☑♭♯"]
PAUSES = frozenset("«»·¡¿¨¯´¸ªº₍₎\u00ad")
"""Ordinary punctuation, a dot that parts words, letters, and accents without a letter."""
EMOJI = frozenset("↔↕↖↗↘↙↩↪⏏❖")
UNNAMED = frozenset("\u2071\u207f\u208f\u209d\u209e\u209f\u2072\u2073")


def _signs() -> list[str]:
    ranges = (map(chr, range(first, last + 1)) for first, last in BLOCKS)
    named = [sign for block in ranges for sign in block if unicodedata.category(sign)[0] in "SPN"]
    return [sign for sign in dict.fromkeys([*ASCII, *named, *TECHNICAL]) if sign not in PAUSES | UNNAMED | EMOJI]


def _heard(language: str, texts: list[str]) -> list[list[str]]:
    ran = subprocess.run(
        [sys.executable, "-c", PHONEMES], input=json.dumps([VOICES[language], texts]), capture_output=True, text=True,
        check=True, timeout=120,
    )  # fmt: skip
    heard: list[list[str]] = json.loads(ran.stdout)
    return heard


@pytest.mark.parametrize("language", VOICES)
def test_no_sign_is_silent(language: str) -> None:
    """Between words, each sign adds something that the voice says."""
    first, last = WORDS[language]
    signs = _signs()
    heard = _heard(language, [speakable(f"{first} {sign} {last}", language) for sign in signs] + [f"{first} {last}"])
    assert len(signs) > 400
    assert [sign for sign, phonemes in zip(signs, heard, strict=False) if phonemes == heard[-1]] == []


@pytest.mark.parametrize("language", VOICES)
def test_no_operator_between_numbers_is_silent(language: str) -> None:
    """Between numbers, no operator is lost either."""
    signs = [*ASCII, *"−±×÷≤≥≠≈·→∈√²", ">=", "<=", "==", "!=", "&&", "||", "=>", "->"]
    heard = _heard(language, [speakable(f"5 {sign} 3", language) for sign in signs] + [speakable("5 3", language)])
    assert [sign for sign, phonemes in zip(signs, heard, strict=False) if phonemes == heard[-1]] == []


@pytest.mark.parametrize("language", VOICES)
def test_every_word_for_a_sign_is_heard(language: str) -> None:
    """The tables hold no word that the voice does not say."""
    signs = LANGUAGES[language].signs
    assert signs is not None
    words = sorted({*signs.names.values(), *signs.between.values(), *signs.before.values(), *signs.keys.values()})
    assert [word for word, phonemes in zip(words, _heard(language, words), strict=True) if not phonemes] == []


@pytest.mark.parametrize("language", VOICES)
def test_both_languages_know_the_same_signs(language: str) -> None:
    """A sign that one language says, the other says as well."""
    own, others = LANGUAGES[language].signs, LANGUAGES["en"].signs
    assert own is not None
    assert others is not None
    for table in ("names", "between", "before", "keys", "phrases"):
        assert set(getattr(others, table)) - set(getattr(own, table)) == set()
