"""The file of an operator's own words."""

from pathlib import Path

import pytest

from app.settings.load import SettingsError
from app.stages.lexicon import entries, lexicons


def test_reads_each_language(tmp_path: Path) -> None:
    """A table for each language; some editors begin a file with a mark."""
    file = tmp_path / "words.toml"
    file.write_text('\ufeff[en]\nNexy = "neck see"\n"New York" = "the big apple"\n[ru]\n"жкх" = "жэ ка ха"\n', "utf-8")
    assert entries(file, "k") == {"en": {"Nexy": "neck see", "New York": "the big apple"}, "ru": {"жкх": "жэ ка ха"}}
    assert lexicons(file, "k")["ru"].replaced("За ЖКХ.") == "За жэ ка ха."


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "no readable file"),
        (b"\xff", "is not UTF-8"),
        (b"[en]\nNexy = neck", "line 2"),
        (b'[en]\nNexy = "a"\nNexy = "b"\n', "line 3"),
        (b'Nexy = "neck see"', 'Nexy: must be a language, such as "en"'),
        (b'en = "x"', "en: must be a table: [en]"),
        (b"[en]\nNexy = 5", "en.'Nexy': must be what is said"),
        (b'[en]\nNexy = " "', "en.'Nexy': must be what is said"),
        (b'[en]\n" " = "x"', "en.' ': the word must not be empty"),
        (b'[en-GB]\nNexy = "x"', "en-GB: must be a language"),
    ],
)
def test_a_wrong_file(tmp_path: Path, content: bytes | None, told: str) -> None:
    """What is wrong is told in one line, with the key, the file, and the line or the word."""
    file = tmp_path / "words.toml"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(SettingsError) as caught:
        lexicons(file, "pipeline.tts.lexicon_file")
    (line,) = str(caught.value).splitlines()
    assert line.startswith("pipeline.tts.lexicon_file: ")
    assert "words.toml" in line
    assert told in line
