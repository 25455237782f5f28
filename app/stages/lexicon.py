"""Reads the lexicon of the voice: words and phrases, and what is said for them."""

import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from app.settings.load import SettingsError
from pipeline.speakable.lexicon import Lexicon

_LANGUAGE = re.compile("[a-z]{2,3}")


def lexicons(file: Path, key: str) -> dict[str, Lexicon]:
    """Return the words of each language in *file*. *key*: the setting that names the file. Raise SettingsError."""
    return {language: Lexicon(words) for language, words in entries(file, key).items()}


def entries(file: Path, key: str) -> dict[str, dict[str, str]]:
    """Return language -> word or phrase -> what is said. Raise SettingsError, with the line or word that is wrong."""
    tables = _read(file, key)
    for language, words in tables.items():
        if not _LANGUAGE.fullmatch(language):
            raise SettingsError(f'{key}: {file}: {language}: must be a language, such as "en"')
        if not isinstance(words, Mapping):
            raise SettingsError(f"{key}: {file}: {language}: must be a table: [{language}]")
        for word, said in words.items():
            _check(word, said, f"{key}: {file}: {language}.{word!r}")
    return tables


def _read(file: Path, key: str) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8-sig"))  # some editors begin a file with a mark
    except OSError:
        raise SettingsError(f"{key}: there is no readable file {file}") from None
    except UnicodeDecodeError:
        raise SettingsError(f"{key}: {file} is not UTF-8") from None
    except (ValueError, RecursionError) as error:
        raise SettingsError(f"{key}: {file}: not readable as TOML: {error}") from None


def _check(word: str, said: Any, place: str) -> None:
    if not re.search(r"[^\s_]", word):
        raise SettingsError(f"{place}: the word must not be empty")
    if not isinstance(said, str) or not said.strip():
        raise SettingsError(f"{place}: must be what is said, a text that is not empty")
