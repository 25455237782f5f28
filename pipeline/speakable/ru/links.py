"""Russian: "link to" in the case that the word in front of it asks for."""

from pipeline.speakable.ru import grammar

_CASES = {
    "ссылку на": ("на", "в", "во", "через", "про", "за"),
    "ссылки на": ("с", "со", "из", "от", "до", "без", "для"),
    "ссылке на": ("по", "к", "ко"),
}
_FORMS = {word: form for form, words in _CASES.items() for word in words}


def link_word(before: str) -> str:
    """Return "ссылка на" in the case that the last word of *before* asks for."""
    words = before.lower().split()
    if not words or not before[-1].isspace():
        return "ссылка на"
    if grammar.available() and grammar.takes_object(words[-1]):
        return "ссылку на"
    return _FORMS.get(words[-1], "ссылка на")
