"""piper behind the whole server: what it cannot say is told, and what was heard of it is known to the word."""

import random
from pathlib import Path

import pytest

from app.server import warnings_at_start
from app.settings.load import load
from tests.serving import VOICE, serving, write_settings
from tests.test_heard import FEW, MANY, heard, remembered, words_of

pytest.importorskip("piper", reason="the piper extra is not installed")

from tests.pipeline.tts.test_piper import ENGLISH, RUSSIAN, made_up_voice

FALLBACK = f", fallback = {VOICE}"


def piper(folder: Path, more: str = "", language: str = "en") -> str:
    file = made_up_voice(folder / "one.onnx", language)
    return f'{{ kind = "piper", voices = {{ {language} = "{file}" }} {more} }}'


@pytest.mark.parametrize(
    ("language", "text", "more", "fields", "reasons"),
    [
        ("en", ENGLISH, "", {}, []),
        ("en", RUSSIAN, "", {}, ["VOICE_LANGUAGE"]),
        ("ru", ENGLISH, "", {}, ["VOICE_LANGUAGE"]),
        ("en", "Guten Tag. ", "", {"language": "de"}, ["VOICE_LANGUAGE"]),
        ("en", RUSSIAN, FALLBACK, {}, []),
        ("en", ENGLISH, "", {"voice": "typo"}, ["VOICE_UNKNOWN"]),
        ("en", ENGLISH, "", {"voice": "one"}, []),
        ("en", RUSSIAN, "", {"voice": "typo"}, ["VOICE_UNKNOWN", "VOICE_LANGUAGE"]),
    ],
)
async def test_what_the_voice_is_not(
    language: str, text: str, more: str, fields: dict[str, str], reasons: list[str], tmp_path: Path
) -> None:
    """A sentence of another language is spoken by the fallback, or with a warning; a voice that is not there is one."""
    async with serving(tmp_path, tts=piper(tmp_path, more, language)) as service:
        answer = await service.ask(text, f" {text}", **fields)
        said = service.diary.who("said")
    assert [m.warning.reason for m in answer.messages if m.HasField("warning")] == reasons
    assert answer.sound
    assert bool(said) == (more != "")
    assert len({m.audio_chunk.sample_rate for m in answer.messages if m.audio_chunk.audio_data}) == 1


@pytest.mark.parametrize(("more", "others"), [("", "is read with their sounds"), (FALLBACK, "goes to the fallback")])
def test_the_languages_are_told_at_start(more: str, others: str, tmp_path: Path) -> None:
    """An operator reads what the voices can say before anybody hears what they can't."""
    table = load(str(write_settings(tmp_path, tts=piper(tmp_path, more))), {})
    (told,) = warnings_at_start(table)
    assert told == f"the piper voice speaks en only: text of other languages {others}"


@pytest.mark.parametrize("turns", [FEW, MANY])
async def test_heard_to_the_word(turns: int, tmp_path: Path) -> None:
    """The conversation has what was heard, right within a word, whether or not the client asked for the words."""
    script = ("At the end of the day it is $5.20, and in a week it may be more. ", "Nobody knows the rest of it.")
    choice = random.Random(5)
    async with serving(tmp_path, tts=piper(tmp_path)) as service:
        asked = await service.ask(*script, session_id="s", hardware_id="mac", word_timings=True)
        words, texts = words_of(asked), ["", *asked.texts]
        assert len(words) == len(" ".join(script).split())
        for turn in range(turns):
            me = {"session_id": f"{turn}", "hardware_id": "mac"}
            assert words_of(await service.ask(*script, **me)) == []
            sentence, offset, begin = words[choice.randrange(len(words))]
            (kept,) = await remembered(service, **me, heard=heard(sentence, begin + 1))
            exact = "".join(texts[1:sentence]) + texts[sentence][:offset]
            assert abs(len(kept.text.split()) - len(exact.split())) <= 1, (sentence, begin, kept.text)
            assert exact.startswith(kept.text) or kept.text.startswith(exact.strip())
            assert kept.cut


@pytest.mark.parametrize("rate", [0.5, 2.0, 3.0])
async def test_speaking_rate(rate: float, tmp_path: Path) -> None:
    """The sound is so many times as fast, within 5 %, though piper rounds each sound up to whole frames; so are its
    words.
    """
    pytest.importorskip("libsonic", reason="the speed extra is not installed")
    async with serving(tmp_path, tts=piper(tmp_path)) as service:
        as_set = await service.ask(ENGLISH, word_timings=True)
        asked = await service.ask(ENGLISH, word_timings=True, speaking_rate=rate)
    assert len(asked.sound) * rate == pytest.approx(len(as_set.sound), rel=0.05)
    (*_, (_, _, before)), (*_, (_, _, after)) = words_of(as_set), words_of(asked)
    assert after * rate == pytest.approx(before, rel=0.01)
