"""What the server itself says to a user, by language and reason: the built-in sentences, and the operator's."""

import difflib
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Annotated

from pydantic import AfterValidator

MOST_CHARS = 200
"""An error message is no longer, whoever wrote it."""

Texts = Mapping[str, Mapping[str, str]]
"""A sentence for each reason, by language."""

BUILT_IN: Texts = tomllib.loads((files("app.settings") / "own_words.toml").read_text(encoding="utf-8"))
"""The sentences of ``own_words.toml``. Each language has all reasons, and WORKING."""


def known(texts: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
    """Refuse a language or a reason that there is not, and a text that cannot be said."""
    for language, sentences in texts.items():
        if language not in BUILT_IN:
            raise ValueError(f"{language}: must be one of the languages {', '.join(BUILT_IN)}")
        for reason, text in sentences.items():
            _check(f"{language}.{reason}", reason, text, sorted(BUILT_IN[language]))
    return texts


def _check(key: str, reason: str, text: str, reasons: list[str]) -> None:
    if reason not in reasons:
        near = difflib.get_close_matches(reason, reasons, n=1)
        raise ValueError(f"{key}: unknown reason{f', did you mean {near[0]}?' if near else ''} ({', '.join(reasons)})")
    if not text.strip() or not text.isprintable() or len(text) > MOST_CHARS:
        raise ValueError(f"{key}: must be one line of 1 to {MOST_CHARS} characters")


ErrorTexts = Annotated[dict[str, dict[str, str]], AfterValidator(known)]
"""Other words than the built-in ones: ``{"ru": {"DRAINING": "…"}}``."""


def with_own(texts: Texts) -> Texts:
    """Return all sentences, those of *texts* in place of the built-in ones."""
    return {language: {**sentences, **texts.get(language, {})} for language, sentences in BUILT_IN.items()}
